//! Invoices, and what is paid for them, through the whole house.

mod disputes;
mod letters;
mod merged;
mod money;
mod numbers;
pub(super) mod payments;
mod reminders;
mod storm;
mod webhook;

use serde_json::{Value, json};

use super::scheduling;
use crate::harness::client::Answer;
use crate::harness::{App, Client};

/// For 180 dollars and 5 % tax.
fn items() -> Value {
    json!([{ "description": "Deep clean", "qty": 1, "unit_price_cents": 18_000, "tax_rate": 0.05 }])
}

async fn written(owner: &Client, client: &str, more: &Value) -> Answer {
    let mut body = json!({ "client_id": client, "items": items() });
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    owner.post("/v1/admin/invoices", &body).await
}

fn route(invoice: &str, verb: &str) -> String {
    format!("/v1/admin/invoices/{invoice}/{verb}")
}

async fn shown(owner: &Client, invoice: &str) -> Value {
    owner.get(&format!("/v1/admin/invoices/{invoice}")).await.ok().body.clone()
}

fn id(answer: &Answer) -> String {
    scheduling::text(answer.ok(), "invoice_id")
}

/// Today, on the clock of the organisation.
pub(super) fn today(app: &App) -> chrono::NaiveDate {
    let zone = domain::settings::zone::DEFAULT;
    app.now().with_timezone(&zone).date_naive()
}
