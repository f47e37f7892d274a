//! Sessions as people see them, and that what is revoked anywhere is refused everywhere with the next request.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{CHOSEN, WHOAMI, login, member, with_token};
use crate::harness::App;
use crate::harness::client::{Answer, Client};

fn listed(answer: &Answer) -> &Vec<Value> {
    answer.ok().body["sessions"].as_array().unwrap()
}

#[tokio::test]
async fn one_sees_where_one_is_signed_in_and_ends_one_of_them() {
    let app = App::start().await;
    let (_, phone, _) = member(&app, "dana@example.org", "viewer").await;
    app.advance(TimeDelta::minutes(1));
    let second = login(&app, "dana@example.org", CHOSEN).await;
    let laptop = with_token(&app, second.ok());
    let renewed = json!({ "refresh_token": second.body["refresh_token"] });
    let laptop_now = with_token(&app, app.anyone().post("/v1/auth/refresh", &renewed).await.ok());
    laptop.get(WHOAMI).await.is(401, "unauthenticated");

    let all = laptop_now.get("/v1/auth/sessions").await;
    let sessions = listed(&all);
    // The first password's, the phone's and the laptop's: renewing makes no line of its own.
    assert_eq!(sessions.len(), 3, "{sessions:?}");
    let facts = |n: usize| (&sessions[n]["is_current"], &sessions[n]["is_active"]);
    assert_eq!(facts(0), (&json!(true), &json!(true)));
    assert_eq!(facts(1), (&json!(false), &json!(true)));
    assert_eq!(facts(2), (&json!(false), &json!(false)));
    assert_eq!(sessions[2]["revoked_reason"], "password_changed");
    let page = laptop_now.get("/v1/auth/sessions?limit=1").await;
    assert_eq!(listed(&page)[0], sessions[0]);
    let next = page.body["next_cursor"].as_str().unwrap();
    let page = laptop_now.get(&format!("/v1/auth/sessions?limit=2&cursor={next}")).await;
    assert_eq!(listed(&page)[..], sessions[1..]);
    assert_eq!(page.body["next_cursor"], Value::Null);

    let of_phone = sessions[1]["session_id"].as_str().unwrap();
    let path = format!("/v1/auth/sessions/{of_phone}/revoke");
    laptop_now.post(&path, &json!({})).await.ok();
    phone.get(WHOAMI).await.is(401, "unauthenticated");
    laptop_now.get(WHOAMI).await.ok();
}

#[tokio::test]
async fn a_token_is_good_in_its_own_organisation_only() {
    let app = App::start().await;
    let (_, dana, _) = member(&app, "dana@example.org", "viewer").await;
    let ours = &app.orgs[0];
    for own in [ours.slug.clone(), ours.id.to_string()] {
        dana.with("x-org", &own).get(WHOAMI).await.ok();
    }
    for other in [app.orgs[1].slug.as_str(), "nobody"] {
        let answer = dana.with("x-org", other).get(WHOAMI).await;
        answer.is(401, "unauthenticated");
    }
}

#[tokio::test]
async fn an_administrator_sees_and_ends_sessions_of_members_and_of_nobody_else() {
    let app = App::start().await;
    let (id, dana, _) = member(&app, "dana@example.org", "viewer").await;
    let (owner_id, _, _) = member(&app, "boss@example.org", "owner").await;
    let admin = app.staff("admin");
    let all = admin.get(&format!("/v1/iam/users/{id}/sessions")).await;
    let session = listed(&all)[0]["session_id"].as_str().unwrap().to_owned();
    let of = |client: &Client, user: &str, session: &str| {
        let path = format!("/v1/iam/users/{user}/sessions/{session}/revoke");
        let client = client.clone();
        async move { client.post(&path, &json!({})).await }
    };
    // Under the name of somebody else it does not exist, and neither does it elsewhere.
    of(&app.staff("owner"), &owner_id, &session).await.is(404, "not_found");
    let other = app.staff_of(1, "owner");
    other.get(&format!("/v1/iam/users/{id}/sessions")).await.is(404, "not_found");
    of(&other, &id, &session).await.is(404, "not_found");
    let bosses = admin.get(&format!("/v1/iam/users/{owner_id}/sessions")).await;
    let boss = listed(&bosses)[0]["session_id"].as_str().unwrap().to_owned();
    of(&admin, &owner_id, &boss).await.is(403, "staff.owner_only");
    dana.get(WHOAMI).await.ok();

    of(&admin, &id, &session).await.ok();
    dana.get(WHOAMI).await.is(401, "unauthenticated");
    of(&admin, &id, &session).await.ok();
    let all = admin.get(&format!("/v1/iam/users/{id}/sessions")).await;
    assert_eq!(listed(&all)[0]["revoked_reason"], "revoked_by_admin");
}

/// Each way in which a login ends, carried out at another process than the one that has seen its token.
#[tokio::test]
async fn what_another_process_revokes_is_refused_with_the_next_request() {
    let app = App::start().await;
    let other = app.beside().await;
    let owner = other.staff("owner");
    for (n, end) in
        ["deactivate", "role", "logout", "reset-temp-password", "own"].iter().enumerate()
    {
        let email = format!("dana{n}@example.org");
        let (id, dana, tokens) = member(&app, &email, "viewer").await;
        // Known by now.
        for _ in 0..3 {
            dana.get(WHOAMI).await.ok();
        }
        let ended = match *end {
            "own" => with_token(&other, &tokens).post("/v1/auth/logout", &json!({})).await,
            "role" => {
                let body = json!({ "role": "dispatcher" });
                owner.post(&format!("/v1/iam/users/{id}/role"), &body).await
            }
            path => {
                let keyed = owner.with("idempotency-key", &id);
                keyed.post(&format!("/v1/iam/users/{id}/{path}"), &json!({})).await
            }
        };
        ended.ok();
        dana.get(WHOAMI).await.is(401, "unauthenticated");
        dana.get(WHOAMI).await.is(401, "unauthenticated");
    }
}

#[tokio::test]
async fn what_a_role_of_ones_own_comes_to_changes_at_other_processes_too() {
    let app = App::start().await;
    let other = app.beside().await;
    let owner = other.staff("owner");
    let wanted = json!({ "name": "Key holder", "permissions": ["leads.view"] });
    let role = owner.post("/v1/admin/iam/roles", &wanted).await.ok().body["role_id"].clone();
    let (id, _, _) = member(&app, "dana@example.org", "viewer").await;
    let path = format!("/v1/admin/iam/users/{id}/role");
    owner.patch(&path, &json!({ "custom_role_id": role })).await.ok();
    let dana = with_token(&app, login(&app, "dana@example.org", CHOSEN).await.ok());
    dana.get("/v1/admin/leads").await.ok();
    let path = format!("/v1/admin/iam/roles/{}", role.as_str().unwrap());
    owner.patch(&path, &json!({ "permissions": ["core.view"] })).await.ok();
    dana.get("/v1/admin/leads").await.is(403, "forbidden");
}

#[tokio::test]
async fn many_who_ask_at_once_are_each_told_about_themselves() {
    let app = App::start().await;
    let mut all = Vec::new();
    for n in 0..4 {
        let (id, client, _) = member(&app, &format!("m{n}@example.org"), "viewer").await;
        client.get("/v1/auth/me").await.ok();
        all.push((id, client));
    }
    let asked = all.iter().cycle().take(60).map(|(id, client)| async move {
        assert_eq!(client.get("/v1/auth/me").await.ok().body["user_id"], *id);
    });
    futures::future::join_all(asked).await;
}

#[tokio::test]
async fn a_password_is_hashed_anew_once_hashing_costs_something_else() {
    let app = App::start().await;
    member(&app, "dana@example.org", "viewer").await;
    let hash = || async {
        sqlx::query_scalar::<_, String>(
            "select password_hash from users where email = 'dana@example.org'",
        )
        .fetch_one(&mut app.db.admin().await)
        .await
        .unwrap()
    };
    let before = hash().await;
    login(&app, "dana@example.org", CHOSEN).await.ok();
    assert_eq!(hash().await, before);
    let dearer = app.beside_holding(|staff| staff.password_cost.time = 2).await;
    login(&dearer, "dana@example.org", CHOSEN).await.ok();
    let after = hash().await;
    assert!(before.contains("t=1,") && after.contains("t=2,"), "{before} {after}");
    login(&dearer, "dana@example.org", CHOSEN).await.ok();
    assert_eq!(hash().await, after);
}

/// An answer with a token in it cannot be told a second time: the key that a client sends with it means nothing.
#[tokio::test]
async fn a_login_under_a_key_used_before_is_a_login_of_its_own() {
    let app = App::start().await;
    member(&app, "dana@example.org", "viewer").await;
    let keyed = app.anyone().with("idempotency-key", "k-1").with("if-match", "\"7\"");
    let body = json!({ "email": "dana@example.org", "password": CHOSEN });
    let (one, two) =
        (keyed.post("/v1/auth/login", &body).await, keyed.post("/v1/auth/login", &body).await);
    assert_ne!(one.ok().body["access_token"], two.ok().body["access_token"]);
    assert_eq!(two.header("idempotency-replayed"), None);
    for answer in [&one, &two] {
        with_token(&app, answer).get(WHOAMI).await.ok();
    }
    // Nor is it taken by somebody else's login.
    member(&app, "eli@example.org", "viewer").await;
    let body = json!({ "email": "eli@example.org", "password": CHOSEN });
    keyed.post("/v1/auth/login", &body).await.ok();
    let refresh = json!({ "refresh_token": one.body["refresh_token"] });
    let renewed = keyed.post("/v1/auth/refresh", &refresh).await;
    with_token(&app, &renewed).get(WHOAMI).await.ok();
}
