//! People who were imported with the hashes of another program sign in as before, and have one of ours from then on.

use serde_json::json;
use sqlx::Row;

use super::{login, taken_in};
use crate::harness::App;
use crate::http::portal;

/// A test vector of OpenBSD.
const BCRYPT: &str = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
const OF_BCRYPT: &str = "U*U";

/// SHA-256 of `5a17Correct-Horse-1`.
const SHA256: &str = "sha256$5a17$ff390a8757a67c58500b6decda686c880fd3b2278a8934a2ae09b2e5b58bd246";
const OF_SHA256: &str = "Correct-Horse-1";

const PHONE: &str = "780-555-0111";

async fn stored(app: &App, statement: &str) -> String {
    let mut admin = app.db.admin().await;
    sqlx::query(statement).fetch_one(&mut admin).await.unwrap().get(0)
}

async fn store(app: &App, statement: &str, hash: &str) {
    let mut admin = app.db.admin().await;
    let changed = sqlx::query(statement).bind(hash).execute(&mut admin).await.unwrap();
    assert_eq!(changed.rows_affected(), 1);
}

#[tokio::test]
async fn a_member_with_a_hash_of_before_signs_in_and_gets_a_new_one() {
    let app = App::start().await;
    let email = "dana@example.org";
    taken_in(&app.staff("owner"), email, "viewer").await;
    for (hash, password) in [(BCRYPT, OF_BCRYPT), (SHA256, OF_SHA256)] {
        let chosen = "update users set password_hash = $1, temporary_until = null";
        store(&app, chosen, hash).await;
        login(&app, email, "another").await.is(401, "unauthenticated");
        let kept = "select password_hash from users";
        assert_eq!(stored(&app, kept).await, hash, "only the right password replaces it");
        login(&app, email, password).await.ok();
        let new = stored(&app, kept).await;
        assert!(new.starts_with("$argon2id$"), "{new}");
        login(&app, email, "another").await.is(401, "unauthenticated");
        login(&app, email, password).await.ok();
    }
    // Nobody is told from somebody.
    login(&app, "nobody@example.org", OF_BCRYPT).await.is(401, "unauthenticated");
}

#[tokio::test]
async fn a_worker_with_a_hash_of_before_signs_in_and_gets_a_new_one() {
    let app = App::start().await;
    portal::worker_in(&app, 0, PHONE).await;
    let sign_in = async |password: &str| {
        let body = json!({ "phone": PHONE, "password": password });
        app.anyone().with("x-org", &app.orgs[0].slug).post("/worker/login", &body).await
    };
    store(&app, "update worker_logins set password_hash = $1", BCRYPT).await;
    sign_in("another").await.is(401, "unauthenticated");
    sign_in(OF_BCRYPT).await.ok();
    let new = stored(&app, "select password_hash from worker_logins").await;
    assert!(new.starts_with("$argon2id$"), "{new}");
    sign_in(OF_BCRYPT).await.ok();
}
