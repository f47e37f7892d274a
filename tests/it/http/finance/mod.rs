//! The books: what is written into them, what they say, and what they say no more.

mod given_back;
mod ledger;
mod months;
mod periods;
mod records;
mod reports;
mod taxes;

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::scheduling::{client, text};
use crate::harness::{App, Client};

const BASE: &str = "/v1/admin/finance";

fn at(path: &str) -> String {
    format!("{BASE}/{path}")
}

async fn category(owner: &Client, name: &str) -> String {
    let made = owner.post(&at("expense-categories"), &json!({ "name": name })).await;
    text(made.ok(), "category_id")
}

/// An expense on a day, paid in cash, and its id.
async fn spent(owner: &Client, category: &str, day: NaiveDate, cents: (i64, i64)) -> String {
    let body = json!({
        "occurred_on": day, "category_id": category, "description": "Soap", "amount_cents": cents.0,
        "tax_cents": cents.1, "payment_method": "cash",
    });
    text(owner.post(&at("expenses"), &body).await.ok(), "expense_id")
}

/// An invoice from a day on, and its id.
async fn invoiced(owner: &Client, client: &str, day: NaiveDate, items: &Value) -> String {
    let body = json!({ "client_id": client, "issue_date": day, "items": items });
    text(owner.post("/v1/admin/invoices", &body).await.ok(), "invoice_id")
}

async fn sent(owner: &Client, invoice: &str) {
    owner.post(&format!("/v1/admin/invoices/{invoice}/send"), &json!({})).await.ok();
}

/// Money that somebody wrote down for an invoice, at noon of a day; its id.
async fn paid(owner: &Client, invoice: &str, day: NaiveDate, cents: i64) -> String {
    let body = json!({
        "amount_cents": cents, "method": "etransfer", "received_at": format!("{day}T12:00:00"),
    });
    let path = format!("/v1/admin/invoices/{invoice}/record-payment");
    let done = owner.post(&path, &body).await;
    done.ok().body["payment"]["payment_id"].as_str().unwrap().to_owned()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Debit less credit of an account.
fn balance(trial: &Value, account: &str) -> i64 {
    let all = trial["accounts"].as_array().unwrap();
    let own = all.iter().filter(|one| one["account"] == account);
    own.map(|one| one["balance_cents"].as_i64().unwrap()).sum()
}

async fn trial(owner: &Client, as_of: &str) -> Value {
    let answer = owner.get(&at(&format!("trial_balance?as_of={as_of}"))).await;
    let body = answer.ok().body.clone();
    assert_eq!(body["debit_cents"], body["credit_cents"], "{body}");
    body
}

async fn with_client() -> (App, Client, String) {
    let app = App::start().await;
    let owner = app.staff("owner");
    let sam = client(&owner, "Sam").await;
    (app, owner, sam)
}
