//! The API from outside: what it accepts, what it refuses, who sees what.

mod audit;
mod auth;
mod billing;
mod captcha;
mod customers;
mod description;
mod edge;
mod email;
mod erasure;
mod finance;
mod freshness;
mod history;
mod identity;
mod intake;
mod invoicing;
mod isolation;
mod leads;
mod matrix;
mod portal;
mod pricing;
mod quotes;
mod refusals;
mod reports;
mod scheduling;
mod screens;
mod settings;

use serde_json::{Value, json};

use crate::harness::{App, Client};

/// A form with everything on it; nothing in it appears anywhere else.
fn form() -> Value {
    json!({
        "name": "Quilla Zembrowski", "phone": "780-555-7731", "email": "quilla.z@example.net",
        "address": "77 Xylophone Crescent", "postal_code": "T5J 9Q9",
        "preferred_dates": ["Friday dawn"], "access_notes": "gnome hides key", "parking": "behind barn",
        "pets": "iguana Bertil", "allergies": "lavender", "notes": "whisper at door",
        "utm_source": "zanzibar", "landing_page": "https://clean.example/?who=wendeline",
        "referrer": "https://mail.example/olympia", "keyword": "moonshine",
        "structured_inputs": { "beds": 2, "baths": 1, "awaiting_field": "ask_quokka" },
        "estimate_snapshot": { "total_before_tax": 105.0 },
    })
}

/// Another person, so that a referral is not one's own.
fn form_of(name: &str, phone: &str) -> Value {
    let mut form = form();
    form["name"] = name.into();
    form["phone"] = phone.into();
    form["email"] = Value::Null;
    form
}

/// The route of a lead that has just asked, in the organisation of `client` or the default one.
async fn submitted(client: &Client) -> String {
    let answer = client.post("/v1/leads", &form()).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    format!("/v1/admin/leads/{}", answer.body["lead_id"].as_str().unwrap())
}

/// The last part of a route.
fn id_in(route: &str) -> &str {
    route.rsplit('/').next().unwrap()
}

/// An app, a lead in its first organisation that the read models have, and an owner.
async fn with_lead() -> (App, String, Client) {
    let app = App::start().await;
    let lead = submitted(&app.anyone()).await;
    app.settle().await;
    let owner = app.staff("owner");
    (app, lead, owner)
}
