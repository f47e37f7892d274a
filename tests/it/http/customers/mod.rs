//! Clients beyond how they are reached: where they live, what is said about them, how they stand, who they turn out to be.

mod merge;
mod portal;
mod rules;
mod standing;
mod words;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::Client;
use crate::harness::client::Answer;

/// A client, and their route.
async fn client(owner: &Client, name: &str) -> (String, String) {
    let email = format!("{}@example.net", name.to_lowercase());
    let made = owner.post("/v1/admin/clients", &json!({ "name": name, "email": email })).await;
    let id = made.ok().body["client_id"].as_str().unwrap().to_owned();
    let route = format!("/v1/admin/clients/{id}");
    (id, route)
}

async fn put(client: &Client, path: &str, body: &Value) -> Answer {
    let typed = client.with("content-type", "application/json");
    typed.send(Method::PUT, path, Some(body.to_string().into_bytes())).await
}

/// One field of every item of a list that is an array.
fn each<'a>(answer: &'a Answer, field: &str) -> Vec<&'a Value> {
    answer.ok().body.as_array().unwrap().iter().map(|one| &one[field]).collect()
}
