//! The rules of the staff: given, when, then.

use chrono::DateTime;
use cqrs_es::test::TestFramework;
use uuid::Uuid;

use super::*;
use crate::access::Permission;

type Test = TestFramework<Staff>;

fn user(n: u128) -> UserId {
    Uuid::from_u128(n).into()
}

fn role_id(n: u128) -> RoleId {
    Uuid::from_u128(n).into()
}

const fn grant(role: Role) -> Grant {
    Grant { role, custom_role_id: None }
}

fn by(user: Option<UserId>, role: Role) -> By {
    By { user, permissions: Permissions::of_role(role), is_owner: role == Role::Owner }
}

fn added(n: u128, role: Role) -> StaffEvent {
    let email = Personal::of(user(n).into(), format!("u{n}@example.org"));
    StaffEvent::MemberAdded { user_id: user(n), email, grant: grant(role) }
}

fn custom(id: u128, name: &str, permissions: &[Permission]) -> CustomRole {
    CustomRole {
        role_id: role_id(id),
        key: name.to_owned(),
        name: name.to_owned(),
        description: None,
        permissions: permissions.iter().map(|one| <&str>::from(one).to_owned()).collect(),
    }
}

fn granting(n: u128, role: Role, by: By) -> StaffCommand {
    StaffCommand::GrantRole { user_id: user(n), grant: grant(role), by }
}

fn given(events: Vec<StaffEvent>) -> cqrs_es::test::AggregateTestExecutor<Staff> {
    Test::with(()).given(events)
}

#[test]
fn an_address_is_kept_in_the_form_it_is_looked_up_by() {
    let command = StaffCommand::AddMember {
        user_id: user(1),
        email: "  U1@Example.ORG ".to_owned(),
        grant: grant(Role::Viewer),
        expires_at: DateTime::UNIX_EPOCH,
        by: by(None, Role::Admin),
    };
    let issued =
        StaffEvent::TemporaryPasswordIssued { user_id: user(1), expires_at: DateTime::UNIX_EPOCH };
    given(vec![]).when(command).then_expect_events(vec![added(1, Role::Viewer), issued]);
}

#[test]
fn nobody_gives_more_than_they_hold() {
    let dispatcher = by(Some(user(1)), Role::Dispatcher);
    let members = || vec![added(1, Role::Dispatcher), added(2, Role::Worker)];
    given(members())
        .when(granting(2, Role::Accountant, dispatcher))
        .then_expect_error(StaffError::BeyondOwn);
    // Nor takes it away from somebody who holds more.
    let members = vec![added(1, Role::Dispatcher), added(2, Role::Admin)];
    given(members)
        .when(granting(2, Role::Worker, dispatcher))
        .then_expect_error(StaffError::BeyondOwn);
}

#[test]
fn only_an_owner_makes_or_unmakes_an_owner() {
    let admin = by(Some(user(2)), Role::Admin);
    let members = || vec![added(1, Role::Owner), added(2, Role::Admin), added(3, Role::Viewer)];
    given(members()).when(granting(3, Role::Owner, admin)).then_expect_error(StaffError::OwnerOnly);
    given(members()).when(granting(1, Role::Admin, admin)).then_expect_error(StaffError::OwnerOnly);
    let deactivate = StaffCommand::Deactivate { user_id: user(1), by: admin };
    given(members()).when(deactivate).then_expect_error(StaffError::OwnerOnly);
    // An owner's role under a custom role comes back when the custom role goes.
    let role = custom(7, "helper", &[Permission::CoreView]);
    let mut with_role = members();
    with_role.push(StaffEvent::RoleDefined(role));
    let hidden = Grant { role: Role::Owner, custom_role_id: Some(role_id(7)) };
    let command = StaffCommand::GrantRole { user_id: user(3), grant: hidden, by: admin };
    given(with_role).when(command).then_expect_error(StaffError::OwnerOnly);
}

#[test]
fn the_last_active_owner_stays() {
    let outside = by(None, Role::Owner);
    let alone = || vec![added(1, Role::Owner), added(2, Role::Viewer)];
    given(alone())
        .when(granting(1, Role::Viewer, outside))
        .then_expect_error(StaffError::LastOwner);
    let deactivate = |n| StaffCommand::Deactivate { user_id: user(n), by: outside };
    given(alone()).when(deactivate(1)).then_expect_error(StaffError::LastOwner);
    let two = vec![added(1, Role::Owner), added(2, Role::Owner)];
    given(two).when(deactivate(1)).then_expect_events(vec![
        StaffEvent::MemberDeactivated { user_id: user(1) },
        revoked(user(1), "deactivated_by_admin"),
    ]);
    let gone = StaffEvent::MemberDeactivated { user_id: user(2) };
    given(vec![added(1, Role::Owner), added(2, Role::Owner), gone])
        .when(deactivate(1))
        .then_expect_error(StaffError::LastOwner);
}

#[test]
fn nobody_changes_their_own_role() {
    let owner = by(Some(user(1)), Role::Owner);
    given(vec![added(1, Role::Owner), added(2, Role::Owner)])
        .when(granting(1, Role::Admin, owner))
        .then_expect_error(StaffError::OwnRole);
}

#[test]
fn another_role_ends_every_session() {
    let owner = by(Some(user(1)), Role::Owner);
    let (from, to) = (grant(Role::Viewer), grant(Role::Admin));
    given(vec![added(1, Role::Owner), added(2, Role::Viewer)])
        .when(granting(2, Role::Admin, owner))
        .then_expect_events(vec![
            StaffEvent::RoleGranted { user_id: user(2), grant: to, before: from },
            revoked(user(2), "role_changed"),
        ]);
}

#[test]
fn a_role_key_is_a_slug_of_its_own() {
    let owner = by(None, Role::Owner);
    let define =
        |id, name: &str| StaffCommand::DefineRole { role: custom(id, name, &[]), by: owner };
    let mut expected = custom(1, "Key Holder!", &[]);
    expected.key = "key-holder".to_owned();
    given(vec![])
        .when(define(1, "Key Holder!"))
        .then_expect_events(vec![StaffEvent::RoleDefined(expected.clone())]);
    given(vec![]).when(define(1, "Owner")).then_expect_error(StaffError::RoleKeyReserved);
    given(vec![]).when(define(1, " - ")).then_expect_error(StaffError::BadRole);
    let taken = vec![StaffEvent::RoleDefined(expected)];
    given(taken).when(define(2, "key holder")).then_expect_error(StaffError::RoleKeyExists);
}

#[test]
fn a_deleted_role_leaves_its_holders_with_what_they_had_beside_it() {
    let role = custom(7, "helper", &[Permission::BookingsEdit]);
    let mut staff = Staff::default();
    staff.apply(StaffEvent::RoleDefined(role));
    staff.apply(added(1, Role::Viewer));
    let held = Grant { role: Role::Viewer, custom_role_id: Some(role_id(7)) };
    staff.apply(StaffEvent::RoleGranted { user_id: user(1), grant: held, before: held });
    assert_eq!(staff.permissions(held).keys().collect::<Vec<_>>(), ["bookings.edit"]);
    let delete = StaffCommand::DeleteRole { role_id: role_id(7), by: by(None, Role::Owner) };
    let events = staff.decide(delete).unwrap();
    assert_eq!(events[1], revoked(user(1), "custom_role_deleted"));
    for event in events {
        staff.apply(event);
    }
    assert_eq!(staff.member(user(1)).unwrap().grant, grant(Role::Viewer));
}
