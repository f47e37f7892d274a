//! What the routes about members share.

use chrono::TimeDelta;
use domain::access::Permission;
use domain::id::{RoleId, UserId};
use domain::identity::staff::{Grant, Member, Staff};
use domain::personal::PLACEHOLDER;
use rand::Rng;
use rand::seq::SliceRandom;
use serde_json::{Value, json};

use crate::caller::Caller;
use crate::problem::Problem;
use crate::state::App;

pub(super) const MANAGE: &[Permission] = &[Permission::UsersManage];

/// How long a password for one use works.
pub(super) const TEMPORARY: TimeDelta = TimeDelta::hours(72);

const LENGTH: usize = 16;

/// Everybody who works for the caller's organisation, as the log knows them now.
pub(super) async fn staff_of(app: &App, caller: &Caller) -> Result<Staff, Problem> {
    Ok(app.bus.load::<Staff>(caller.org(), &caller.org().to_string()).await?.state)
}

/// A member as staff see them.
pub(super) fn shown(staff: &Staff, id: UserId, member: &Member) -> Value {
    let Grant { role, custom_role_id } = member.grant;
    let custom = custom_role_id.and_then(|id: RoleId| staff.role(id));
    json!({
        "user_id": id,
        "email": member.email.open().map_or(PLACEHOLDER, String::as_str),
        "role": role.key(),
        "role_key": custom.map_or(role.key(), |custom| custom.key.as_str()),
        "custom_role_id": custom_role_id,
        "is_active": member.is_active,
        "totp_enabled": member.has_totp,
    })
}

/// Letters and digits, at least one of each sort, none that look alike.
pub(crate) fn temporary_password() -> String {
    const SORTS: [&[u8]; 3] =
        [b"ABCDEFGHJKLMNPQRSTUVWXYZ", b"abcdefghijkmnopqrstuvwxyz", b"23456789"];
    let mut rng = rand::rng();
    let mut pick = |sort: &[u8]| sort[rng.random_range(0..sort.len())];
    let all = SORTS.concat();
    let mut bytes: Vec<u8> = SORTS.iter().map(|sort| pick(sort)).collect();
    bytes.extend((SORTS.len()..LENGTH).map(|_| pick(&all)));
    bytes.shuffle(&mut rng);
    bytes.into_iter().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use domain::identity::password;

    use super::*;

    #[test]
    fn a_temporary_password_is_one_that_could_be_chosen() {
        for _ in 0..1_000 {
            let made = temporary_password();
            assert_eq!(made.len(), LENGTH);
            assert_eq!(password::check(&made), Ok(()), "{made}");
        }
    }
}
