//! Logins of the environment, from where they may come, and where guessing ends.

use std::net::IpAddr;

use api::{BasicPair, StaffPolicy};
use chrono::TimeDelta;
use domain::access::Role;
use serde_json::json;

use super::{WHOAMI, member};
use crate::harness::App;
use crate::harness::logins::PASSWORD;

const SECRET: &str = "kX9vLq2mRt7w";

fn pair(role: Role, username: &str) -> BasicPair {
    BasicPair { role, username: username.to_owned(), password: SECRET.into() }
}

fn with_pairs(staff: &mut StaffPolicy) {
    staff.pairs = vec![pair(Role::Admin, "viewer"), pair(Role::Viewer, "auditor")];
}

#[tokio::test]
async fn a_pair_of_the_environment_comes_in_for_the_default_organisation_in_its_role() {
    let app = App::start_holding(with_pairs).await;
    let admin = app.anyone().signed_in("viewer", SECRET);
    let told = admin.get(WHOAMI).await;
    // What a login is called says nothing about what it may do.
    let wanted = json!({ "username": "viewer", "role": "admin", "org_id": app.orgs[0].id });
    assert_eq!(told.ok().body, wanted);
    admin.get("/v1/admin/audit-logs").await.ok();
    let auditor = app.anyone().signed_in("auditor", SECRET);
    auditor.get("/v1/admin/audit-logs").await.is(403, "forbidden");
    for (username, password) in [("viewer", PASSWORD), ("auditor", ""), ("nobody", SECRET)] {
        let answer = app.anyone().signed_in(username, password).get(WHOAMI).await;
        assert_eq!(answer.is(401, "unauthenticated").body["detail"], "Invalid authentication");
        assert!(answer.header("www-authenticate").unwrap().starts_with("Basic "));
    }
    let elsewhere = admin.with("x-org", &app.orgs[1].slug);
    elsewhere.get(WHOAMI).await.is(401, "unauthenticated");
    // Logins that operators made work beside them.
    app.staff("owner").get(WHOAMI).await.ok();
}

#[tokio::test]
async fn a_pair_writes_under_a_name_that_stays_the_same() {
    let app = App::start_holding(with_pairs).await;
    let admin = app.anyone().signed_in("viewer", SECRET);
    for email in ["one@example.org", "two@example.org"] {
        admin.post("/v1/iam/users", &json!({ "email": email, "role": "viewer" })).await.ok();
    }
    app.settle().await;
    let log = admin.get("/v1/admin/audit-logs?action=user.create").await;
    let actors: Vec<_> =
        log.ok().body["items"].as_array().unwrap().iter().map(|entry| &entry["actor"]).collect();
    assert!(actors.len() >= 2 && actors.iter().all(|actor| *actor == actors[0]), "{actors:?}");
}

#[tokio::test]
async fn basic_logins_can_be_switched_off_altogether() {
    let app = App::start_holding(|staff| {
        with_pairs(staff);
        staff.basic = false;
    })
    .await;
    for client in [app.anyone().signed_in("viewer", SECRET), app.staff("owner")] {
        client.get(WHOAMI).await.is(401, "unauthenticated");
    }
}

#[tokio::test]
async fn a_token_that_is_no_good_is_not_made_up_for_by_a_password() {
    let app = App::start_holding(with_pairs).await;
    let both = app.staff("owner").with("cookie", "saas_session=abc");
    // The header is meant; the cookie beside it is not looked at.
    both.get(WHOAMI).await.ok();
    let token = app.anyone().with("authorization", "Bearer abc");
    let answer = token.get(WHOAMI).await;
    assert_eq!(answer.is(401, "unauthenticated").body["detail"], "Invalid SaaS token");
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
}

#[tokio::test]
async fn guesses_at_a_pair_end_too_and_the_right_one_waits_as_well() {
    let app = App::start_holding(|staff| {
        with_pairs(staff);
        staff.lockout = api::Lockout { attempts: 3, minutes: 2 };
    })
    .await;
    for guess in 0..3 {
        let wrong = app.anyone().signed_in("viewer", &format!("guess {guess}"));
        wrong.get(WHOAMI).await.is(401, "unauthenticated");
    }
    let right = app.anyone().signed_in("viewer", SECRET);
    let wait = right.get(WHOAMI).await;
    assert_eq!(wait.is(429, "too_many_attempts").header("retry-after"), Some("121"));
    app.anyone().signed_in("auditor", SECRET).get(WHOAMI).await.ok();
    app.advance(TimeDelta::seconds(121));
    right.get(WHOAMI).await.ok();
}

#[tokio::test]
async fn guesses_at_two_processes_count_together_and_all_at_once_too() {
    let app = App::start().await;
    let second = app.beside().await;
    member(&app, "dana@example.org", "viewer").await;
    let body = json!({ "email": "dana@example.org", "password": "Wrong-Guess-1" });
    let guesses = (0..12).map(|n| {
        let anyone = if n % 2 == 0 { app.anyone() } else { second.anyone() };
        let body = body.clone();
        async move { anyone.post("/v1/auth/login", &body).await.status }
    });
    let answers = futures::future::join_all(guesses).await;
    assert_eq!(answers.iter().filter(|status| **status == 401).count(), 10, "{answers:?}");
    assert_eq!(answers.iter().filter(|status| **status == 429).count(), 2, "{answers:?}");
}

#[tokio::test]
async fn staff_come_from_where_they_may_and_are_not_even_asked_who_they_are_elsewhere() {
    let here: IpAddr = "127.0.0.1".parse().unwrap();
    let inside = App::start_holding(|staff| staff.allowed = Some(vec![here.into()])).await;
    inside.staff("owner").get(WHOAMI).await.ok();

    let outside =
        App::start_holding(|staff| staff.allowed = Some(vec!["10.0.0.0/8".parse().unwrap()])).await;
    for client in [outside.staff("owner"), outside.anyone()] {
        for path in [WHOAMI, "/v1/iam/users"] {
            let answer = client.get(path).await;
            let detail = &answer.is(403, "address_not_allowed").body["detail"];
            assert_eq!(detail, "Admin access restricted to allowlisted IPs");
        }
    }
    // What is not for staff is open.
    outside.anyone().get("/livez").await.ok();
    outside.anyone().get("/v1/auth/me").await.is(401, "unauthenticated");
}
