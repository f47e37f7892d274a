//! Who gets in at which door: a session opens its own portal, in its own organisation, for as long as it stands.

use api::Declared;
use serde_json::json;

use super::{client_in, worker_in};
use crate::harness::{App, Client};

/// Every route of whom `access` names, with ids that nothing has.
fn routes(access: &[&str]) -> Vec<(Declared, String)> {
    let nobody = |part: &str| {
        let id = "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d";
        if part.starts_with('{') { id.to_owned() } else { part.to_owned() }
    };
    let all = api::declared().into_iter().filter(|one| access.contains(&one.access));
    all.map(|one| {
        let path: Vec<_> = one.path.split('/').map(nobody).collect();
        let path = path.join("/");
        (one, path)
    })
    .collect()
}

/// The status with which each of `routes` answers `client`, and whether it is the refusal of somebody unknown.
async fn is_unknown(client: &Client, (route, path): &(Declared, String)) -> bool {
    let client = client.with("idempotency-key", &uuid::Uuid::new_v4().to_string());
    let answer = client
        .with("content-type", "application/json")
        .send(route.method.parse().unwrap(), path, Some(b"[1]".to_vec()))
        .await;
    assert!(answer.status < 500, "{} {path}: {}", route.method, answer.text);
    answer.status == 401
}

/// A member of the first organisation in a session.
async fn member(app: &App) -> Client {
    let body = json!({ "email": "mia@example.org", "role": "owner" });
    let made = app.staff("owner").post("/v1/iam/users", &body).await;
    let body = json!({ "email": "mia@example.org", "password": made.ok().body["temp_password"] });
    super::with_token(app, &app.anyone().post("/v1/auth/login", &body).await)
}

#[tokio::test]
async fn only_a_session_of_the_portal_itself_opens_its_routes() {
    let app = App::start().await;
    let (_, worker) = worker_in(&app, 0, "780-555-0111").await;
    let (_, client) = client_in(&app, 0, "sam@example.org").await;
    let ended = {
        let (_, ended) = worker_in(&app, 0, "780-555-0122").await;
        ended.post("/worker/logout", &json!({})).await.ok();
        let (_, over) = client_in(&app, 0, "uma@example.org").await;
        over.post("/client/logout", &json!({})).await.ok();
        [ended, over]
    };
    let elsewhere = [&worker, &client].map(|one| one.with("x-org", &app.orgs[1].slug));
    let strangers = [
        ("nobody", app.anyone()),
        ("staff by name", app.staff("owner")),
        ("staff in a session", member(&app).await),
        ("an ended session of a worker", ended[0].clone()),
        ("an ended session of a client", ended[1].clone()),
        ("a worker before another organisation", elsewhere[0].clone()),
        ("a client before another organisation", elsewhere[1].clone()),
        ("a token of nobody", app.anyone().with("authorization", "Bearer x")),
    ];
    for (access, own, other) in [("worker", &worker, &client), ("client", &client, &worker)] {
        let all = routes(&[access]);
        assert!(all.len() >= 5, "{access}");
        for route in &all {
            let title = format!("{} {}", route.0.method, route.1);
            for (who, stranger) in &strangers {
                assert!(is_unknown(stranger, route).await, "{title}: {who}");
            }
            assert!(is_unknown(other, route).await, "{title}: the other portal");
            let leaves = route.0.path.ends_with("/logout");
            assert!(leaves || !is_unknown(own, route).await, "{title}: its own");
        }
    }
}

#[tokio::test]
async fn no_session_of_a_portal_opens_a_route_of_staff() {
    let app = App::start().await;
    let (_, worker) = worker_in(&app, 0, "780-555-0111").await;
    let (_, client) = client_in(&app, 0, "sam@example.org").await;
    let all = routes(&["staff", "owner", "signed_in"]);
    assert!(all.len() > 50);
    for route in &all {
        for (who, guest) in [("worker", &worker), ("client", &client)] {
            assert!(is_unknown(guest, route).await, "{} {}: {who}", route.0.method, route.1);
        }
    }
}

#[tokio::test]
async fn the_description_says_which_session_a_route_asks_for() {
    let document = api::document();
    for access in ["worker", "client"] {
        for (route, _) in routes(&[access]) {
            let operation = &document["paths"][&route.path][route.method.to_lowercase()];
            let cookie = format!("{access}_cookie");
            assert_eq!(
                operation["security"],
                json!([{ access: [] }, { cookie: [] }]),
                "{}",
                route.path
            );
        }
        assert_eq!(document["components"]["securitySchemes"][access]["scheme"], "bearer");
    }
}
