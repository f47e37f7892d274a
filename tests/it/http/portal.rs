//! Workers and clients: staff take them down, and they sign in at portals of their own.

mod client;
mod doors;
mod people;
mod shared;
mod worker;

use domain::seal::open_all;
use serde_json::{Value, json};
use uuid::Uuid;

use super::id_in;
use crate::harness::client::Answer;
use crate::harness::database::keys;
use crate::harness::{App, Client};

/// What workers of these tests choose.
pub(super) const CHOSEN: &str = "mop-and-pail";

/// A worker of the first team, and their route.
async fn hired(staff: &Client, name: &str, phone: &str) -> (Value, String) {
    let body = json!({ "name": name, "phone": phone });
    let made = staff.post("/v1/admin/workers", &body).await;
    assert_eq!(made.ok().status, 201);
    let route = format!("/v1/admin/workers/{}", made.body["worker_id"].as_str().unwrap());
    (made.body, route)
}

/// A client, and their route.
async fn registered(staff: &Client, name: &str, email: &str) -> (Value, String) {
    let body = json!({ "name": name, "email": email });
    let made = staff.post("/v1/admin/clients", &body).await;
    assert_eq!(made.ok().status, 201);
    let route = format!("/v1/admin/clients/{}", made.body["client_id"].as_str().unwrap());
    (made.body, route)
}

/// A password for one use.
pub(super) async fn temporary(staff: &Client, worker: &str) -> String {
    let staff = staff.with("idempotency-key", &Uuid::new_v4().to_string());
    let reset = staff.post(&format!("{worker}/reset-password"), &json!({})).await;
    reset.ok().body["temp_password"].as_str().unwrap().to_owned()
}

/// Somebody who stands before the portals of an organisation.
fn before(app: &App, org: usize) -> Client {
    app.anyone().with("x-org", &app.orgs[org].slug)
}

pub(super) async fn login(client: &Client, phone: &str, password: &str) -> Answer {
    client.post("/worker/login", &json!({ "phone": phone, "password": password })).await
}

/// Whoever has the token in `answer`.
pub(super) fn with_token(app: &App, answer: &Answer) -> Client {
    let token = answer.ok().body["access_token"].as_str().unwrap();
    app.anyone().with("authorization", &format!("Bearer {token}"))
}

/// A worker who has chosen a password, signed in, and their route.
pub(super) async fn worker_in(app: &App, org: usize, phone: &str) -> (String, Client) {
    let owner = app.staff_of(org, "owner");
    let (_, route) = hired(&owner, "Dana Wexler", phone).await;
    let temporary = temporary(&owner, &route).await;
    let first = login(&before(app, org), phone, &temporary).await;
    let body = json!({ "current_password": temporary, "new_password": CHOSEN });
    let changed = with_token(app, &first).post("/worker/change-password", &body).await;
    (route, with_token(app, &changed))
}

/// What stands in the newest link that is on its way to a client.
async fn token_for(app: &App, org: usize, client: &str) -> String {
    let (org, client) = (app.orgs[org].id, client.parse::<Uuid>().unwrap());
    let mut sealed: Value = sqlx::query_scalar(
        "select sealed from portal_links where client_id = $1 order by issued_at desc limit 1",
    )
    .bind(client)
    .fetch_one(&mut app.db.admin().await)
    .await
    .unwrap();
    let mut tx = projections::tenant::begin(&app.db.worker, org).await.unwrap();
    let keys =
        projections::subject_keys::load(&mut tx, &keys(), org, &[client.into()]).await.unwrap();
    open_all(&mut sealed, &keys).unwrap();
    sealed["$personal"]["value"]["token"].as_str().unwrap().to_owned()
}

async fn redeem(client: &Client, token: &str) -> Answer {
    client.post("/client/login/callback", &json!({ "token": token })).await
}

/// A client who has come by a link that staff had sent, and their route.
pub(super) async fn client_in(app: &App, org: usize, email: &str) -> (String, Client) {
    let owner = app.staff_of(org, "owner");
    let (_, route) = registered(&owner, "Sam Quill", email).await;
    owner.post(&format!("{route}/login-link"), &json!({})).await.ok();
    let token = token_for(app, org, id_in(&route)).await;
    let session = with_token(app, &redeem(&app.anyone(), &token).await);
    (route, session)
}

/// The sessions of somebody as staff see them: state and reason of each.
async fn sessions(staff: &Client, route: &str) -> Vec<(String, Value)> {
    let list = staff.get(&format!("{route}/sessions")).await;
    let all = list.ok().body["sessions"].as_array().unwrap();
    let line =
        |one: &Value| (one["state"].as_str().unwrap().to_owned(), one["revoked_reason"].clone());
    all.iter().map(line).collect()
}
