//! Codes of a phone: enrolled, asked for, used once.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chrono::TimeDelta;
use domain::access::Role;
use domain::identity::totp_binding;
use domain::seal::MasterKeys;
use runner::second_factors::reseal;
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};
use uuid::Uuid;

use super::{CHOSEN, WHOAMI, login, member, with_token};
use crate::harness::App;
use crate::harness::client::{Answer, Client};
use crate::harness::database::MASTER_KEY;

/// What an app with this secret shows now.
fn code(app: &App, secret: &Value) -> String {
    let secret = Secret::try_from_base32(secret.as_str().unwrap()).unwrap();
    let totp = Builder::new().with_secret(secret).with_account_name("x").build().unwrap();
    totp.generate(app.now().timestamp().try_into().unwrap()).to_string()
}

/// A code that is not one of now.
fn wrong(app: &App, secret: &Value) -> String {
    let right: u32 = code(app, secret).parse().unwrap();
    format!("{:06}", (right + 1) % 1_000_000)
}

async fn login_with(app: &App, email: &str, code: &str) -> Answer {
    let body = json!({ "email": email, "password": CHOSEN, "mfa_code": code });
    app.anyone().post("/v1/auth/login", &body).await
}

/// Somebody with a second factor: the session they had before, their secret and their recovery codes.
async fn enrolled(app: &App, email: &str, role: &str) -> (Client, Value, Vec<Value>) {
    let (_, client, _) = member(app, email, role).await;
    let told = client.post("/v1/auth/2fa/enroll", &json!({})).await;
    let secret = told.ok().body["secret"].clone();
    let uri = told.body["otpauth_uri"].as_str().unwrap();
    assert!(uri.starts_with("otpauth://totp/") && uri.contains(secret.as_str().unwrap()), "{uri}");
    let shown = json!({ "code": code(app, &secret) });
    let enabled = client.post("/v1/auth/2fa/verify", &shown).await;
    assert_eq!(enabled.ok().body["status"], "enabled");
    let recovery = enabled.body["recovery_codes"].as_array().unwrap().clone();
    assert_eq!(recovery.len(), 10);
    // The next code of the same secret.
    app.advance(TimeDelta::seconds(30));
    (client, secret, recovery)
}

#[tokio::test]
async fn enabling_ends_every_session_and_from_then_on_a_login_needs_a_code() {
    let app = App::start().await;
    let (before, secret, _) = enrolled(&app, "dana@example.org", "admin").await;
    assert_eq!(
        before.get(WHOAMI).await.is(401, "unauthenticated").body["detail"],
        "Session expired"
    );

    let without = login(&app, "dana@example.org", CHOSEN).await;
    assert_eq!(without.is(401, "mfa_required").body["detail"], "MFA code required");
    assert_eq!(without.body["type"], "/problems/mfa_required");
    let guessed = login_with(&app, "dana@example.org", &wrong(&app, &secret)).await;
    assert_eq!(guessed.is(401, "mfa_required").body["detail"], "Invalid MFA code");
    // Without the password nobody learns that there is a second factor.
    let body = json!({ "email": "dana@example.org", "password": "Wrong-Guess-1", "mfa_code": "1" });
    app.anyone().post("/v1/auth/login", &body).await.is(401, "unauthenticated");

    let right = login_with(&app, "dana@example.org", &code(&app, &secret)).await;
    assert_eq!(right.ok().body["mfa_verified"], true);
    let dana = with_token(&app, &right);
    dana.get(WHOAMI).await.ok();
    let refreshed = json!({ "refresh_token": right.body["refresh_token"] });
    let refreshed = app.anyone().post("/v1/auth/refresh", &refreshed).await;
    assert_eq!(refreshed.ok().body["mfa_verified"], true);
}

#[tokio::test]
async fn a_code_is_used_once_by_whoever_comes_first() {
    let app = App::start().await;
    let (_, secret, _) = enrolled(&app, "dana@example.org", "owner").await;
    let now = code(&app, &secret);
    // Few enough that nobody is told to wait.
    let all = (0..3).map(|_| login_with(&app, "dana@example.org", &now));
    let all = futures::future::join_all(all).await;
    assert_eq!(all.iter().filter(|answer| answer.status == 200).count(), 1);
    login_with(&app, "dana@example.org", &now).await.is(401, "mfa_required");
    // Within the window it still is a code, but a used one.
    app.advance(TimeDelta::seconds(30));
    login_with(&app, "dana@example.org", &now).await.is(401, "mfa_required");
    login_with(&app, "dana@example.org", &code(&app, &secret)).await.ok();
}

#[tokio::test]
async fn a_phone_may_be_wrong_by_one_step() {
    let app = App::start().await;
    let (_, secret, _) = enrolled(&app, "dana@example.org", "owner").await;
    app.advance(TimeDelta::seconds(30));
    let early = code(&app, &secret);
    app.advance(TimeDelta::seconds(30));
    login_with(&app, "dana@example.org", &early).await.ok();
    let late = code(&app, &secret);
    app.advance(TimeDelta::seconds(60));
    login_with(&app, "dana@example.org", &late).await.is(401, "mfa_required");
}

#[tokio::test]
async fn a_recovery_code_stands_in_for_a_lost_phone_once() {
    let app = App::start().await;
    let (_, _, recovery) = enrolled(&app, "dana@example.org", "owner").await;
    let one = recovery[3].as_str().unwrap();
    let typed = one.to_lowercase().replace('-', " ");
    login_with(&app, "dana@example.org", &typed).await.ok();
    login_with(&app, "dana@example.org", one).await.is(401, "mfa_required");
    login_with(&app, "dana@example.org", recovery[4].as_str().unwrap()).await.ok();
}

#[tokio::test]
async fn five_wrong_codes_are_all_there_are_in_a_quarter_of_an_hour() {
    let app = App::start().await;
    let (_, secret, recovery) = enrolled(&app, "dana@example.org", "owner").await;
    for _ in 0..5 {
        login_with(&app, "dana@example.org", &wrong(&app, &secret)).await.is(401, "mfa_required");
    }
    let waits = login_with(&app, "dana@example.org", &code(&app, &secret)).await;
    assert_eq!(waits.is(429, "too_many_attempts").header("retry-after"), Some("901"));
    let recovery = recovery[0].as_str().unwrap();
    login_with(&app, "dana@example.org", recovery).await.is(429, "too_many_attempts");
    app.advance(TimeDelta::minutes(15));
    login_with(&app, "dana@example.org", recovery).await.ok();
}

#[tokio::test]
async fn disabling_takes_a_code_and_ends_every_session() {
    let app = App::start().await;
    let (_, secret, _) = enrolled(&app, "dana@example.org", "owner").await;
    let first = login_with(&app, "dana@example.org", &code(&app, &secret)).await;
    let dana = with_token(&app, first.ok());
    dana.post("/v1/auth/2fa/enroll", &json!({})).await.is(409, "mfa_enabled");
    let disable = |code: String| {
        let (dana, body) = (dana.clone(), json!({ "code": code, "reason": "new phone" }));
        async move { dana.post("/v1/auth/2fa/disable", &body).await }
    };
    disable(code(&app, &secret)).await.is(401, "mfa_required");
    app.advance(TimeDelta::seconds(30));
    let done = disable(code(&app, &secret)).await;
    assert_eq!(done.ok().body, json!({ "status": "disabled", "reason": "new phone" }));
    dana.get(WHOAMI).await.is(401, "unauthenticated");
    login(&app, "dana@example.org", CHOSEN).await.ok();
}

#[tokio::test]
async fn everybody_may_enroll_only_owners_give_up_and_who_lost_theirs_is_helped() {
    let app = App::start().await;
    let (_, viewer, _) = member(&app, "viewer@example.org", "viewer").await;
    let early = json!({ "code": "123456" });
    viewer.post("/v1/auth/2fa/verify", &early).await.is(400, "mfa_not_enrolled");
    viewer.post("/v1/auth/2fa/enroll", &json!({})).await.ok();
    viewer.post("/v1/auth/2fa/disable", &early).await.is(403, "forbidden");

    let (_, secret, _) = enrolled(&app, "dana@example.org", "admin").await;
    let found = app.staff("owner").get("/v1/iam/users").await;
    let users = found.ok().body["users"].as_array().unwrap();
    let dana = users.iter().find(|user| user["totp_enabled"] == true).unwrap();
    let path = format!("/v1/iam/users/{}/reset-2fa", dana["user_id"].as_str().unwrap());
    let session = login_with(&app, "dana@example.org", &code(&app, &secret)).await;
    let session = with_token(&app, session.ok());
    app.staff("dispatcher").post(&path, &json!({})).await.is(403, "forbidden");
    let reset = app.staff("admin").post(&path, &json!({})).await;
    assert_eq!(reset.ok().body["totp_enabled"], false);
    session.get(WHOAMI).await.is(401, "unauthenticated");
    login(&app, "dana@example.org", CHOSEN).await.ok();
    let (owner, _, _) = member(&app, "boss@example.org", "owner").await;
    let path = format!("/v1/iam/users/{owner}/reset-2fa");
    app.staff("admin").post(&path, &json!({})).await.is(403, "staff.owner_only");
}

#[tokio::test]
async fn roles_that_must_show_a_second_factor_get_nowhere_without_and_can_enroll() {
    let app = App::start_holding(|staff| staff.mfa_roles = vec![Role::Owner, Role::Admin]).await;
    let (_, dana, session) = member(&app, "dana@example.org", "admin").await;
    assert_eq!(session.body["mfa_verified"], false);
    for path in [WHOAMI, "/v1/iam/users"] {
        let gate = dana.get(path).await;
        assert_eq!(gate.is(401, "mfa_required").body["detail"], "MFA verification required");
    }
    dana.get("/v1/auth/me").await.ok();
    let (_, viewer, _) = member(&app, "viewer@example.org", "viewer").await;
    viewer.get(WHOAMI).await.ok();

    let secret = dana.post("/v1/auth/2fa/enroll", &json!({})).await.ok().body["secret"].clone();
    let shown = json!({ "code": code(&app, &secret) });
    dana.post("/v1/auth/2fa/verify", &shown).await.ok();
    app.advance(TimeDelta::seconds(30));
    let right = login_with(&app, "dana@example.org", &code(&app, &secret)).await;
    with_token(&app, right.ok()).get("/v1/iam/users").await.ok();
}

#[tokio::test]
async fn neither_secret_nor_codes_stand_anywhere_to_be_read() {
    let app = App::start().await;
    let (_, secret, recovery) = enrolled(&app, "dana@example.org", "owner").await;
    app.settle().await;
    let mut db = app.db.admin().await;
    let secret = secret.as_str().unwrap();
    for planted in [secret, recovery[0].as_str().unwrap()] {
        assert_eq!(super::search(&mut db, &[planted]).await, [""; 0]);
    }
    let raw = Secret::try_from_base32(secret).unwrap();
    let plain: bool = sqlx::query_scalar(
        "select exists (select from users where position($1 in totp_secret) > 0)",
    )
    .bind(raw.as_ref())
    .fetch_one(&mut db)
    .await
    .unwrap();
    assert!(!plain, "the secret is not sealed");
}

#[tokio::test]
async fn a_code_goes_on_working_when_the_master_key_that_sealed_it_is_gone() {
    let app = App::start().await;
    let (_, secret, _) = enrolled(&app, "dana@example.org", "admin").await;
    let second = format!("2:{}", STANDARD_NO_PAD.encode([2; 32]));
    let both = MasterKeys::parse(&format!("{MASTER_KEY},{second}")).unwrap();
    assert_eq!(reseal(&app.db.worker, &both).await.unwrap(), 1);
    assert_eq!(reseal(&app.db.worker, &both).await.unwrap(), 0);

    let stored = "select user_id, totp_secret from users where totp_secret is not null";
    let (user, sealed): (Uuid, Vec<u8>) =
        sqlx::query_as(stored).fetch_one(&mut app.db.admin().await).await.unwrap();
    let second = MasterKeys::parse(&second).unwrap();
    let opened = second.open_secret(&totp_binding(user.into()), &sealed).unwrap();
    assert_eq!(opened, Secret::try_from_base32(secret.as_str().unwrap()).unwrap().as_bytes());
}
