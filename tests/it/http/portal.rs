//! Workers and clients: staff take them down, and they sign in at portals of their own.

mod people;

use serde_json::{Value, json};

use crate::harness::Client;

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
