//! Whose invoices are whose once two clients turn out to be one person.

use std::collections::BTreeSet;

use serde_json::json;

use super::super::erasure;
use super::super::id_in;
use super::super::portal::client_in;
use super::super::scheduling::text;
use super::payments::{sent, tell};
use super::{payments, route, shown};
use crate::harness::App;
use crate::harness::stripe::{FakeStripe, SECRET};

#[tokio::test]
async fn whoever_stays_has_the_invoices_of_whoever_went_and_pays_them() {
    let stripe = FakeStripe::start().await;
    let app = App::start_paid(&stripe.base, SECRET).await;
    let owner = app.staff("owner");
    let (double, _) = client_in(&app, 0, "old@example.org").await;
    let (stays, at_portal) = client_in(&app, 0, "new@example.org").await;
    let (_, stranger) = client_in(&app, 0, "stranger@example.org").await;
    let (old, new) = (id_in(&double), id_in(&stays));
    let (theirs, _) = sent(&owner, old).await;
    let (own, _) = sent(&owner, new).await;
    let merge = json!({ "into_client_id": new });
    owner.post(&format!("{double}/merge"), &merge).await.ok();
    app.settle().await;

    let listed = owner.get(&format!("/v1/admin/invoices?customer_id={new}")).await;
    let ids: BTreeSet<String> = listed.ok().body["invoices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["invoice_id"].as_str().unwrap().to_owned())
        .collect();
    // Written at one moment, they stand in either order.
    assert_eq!(ids, BTreeSet::from([own.clone(), theirs.clone()]));
    let portal = at_portal.get("/v1/client/portal/invoices").await;
    assert_eq!(portal.ok().body.as_array().unwrap().len(), 2);
    let detail = at_portal.get(&format!("/client/invoices/{theirs}")).await;
    assert_eq!(detail.ok().body["customer"]["email"], "new@example.org");
    stranger.get(&format!("/client/invoices/{theirs}")).await.is(404, "invoice.not_found");
    assert_eq!(stranger.get("/client/invoices").await.ok().body, json!([]));
    let told = shown(&owner, &theirs).await;
    assert_eq!(
        (&told["customer_id"], &told["customer"]["customer_id"]),
        (&json!(new), &json!(new))
    );

    // They pay it with their own session, are written to at their own address, and see what they paid.
    let pay = format!("/v1/payments/invoice/checkout?invoice_id={theirs}");
    stranger.post(&pay, &json!({})).await.is(404, "invoice.not_found");
    at_portal.post(&pay, &json!({})).await.ok();
    let here = format!("/v1/client/portal/invoices/{theirs}");
    stranger.post(&format!("{here}/pay"), &json!({})).await.is(404, "invoice.not_found");
    at_portal.post(&format!("{here}/pay"), &json!({})).await.ok();
    assert_eq!(stripe.sessions().len(), 1, "the same checkout");
    stranger.get(&format!("{here}/pdf")).await.is(404, "invoice.not_found");
    let sheet = at_portal.get(&format!("{here}/pdf")).await;
    assert_eq!(sheet.ok().header("content-type"), Some("application/pdf"));
    app.advance(chrono::TimeDelta::hours(25));
    let reminded = owner.post(&route(&theirs, "remind"), &json!({})).await;
    assert_eq!(text(reminded.ok(), "recipient"), "new@example.org");
    let paid = payments::intent("pi_1", &theirs, 18_900);
    tell(&app, &payments::event("evt_1", "payment_intent.succeeded", &paid)).await.ok();
    app.settle().await;
    let detail = at_portal.get(&format!("/client/invoices/{theirs}")).await;
    let payment = detail.ok().body["payments"][0]["payment_id"].as_str().unwrap();
    let receipt = format!("{here}/receipts/{payment}");
    at_portal.get(&receipt).await.ok();
    stranger.get(&receipt).await.is(404, "invoice.not_found");
    at_portal.get(&format!("{here}/receipts/x")).await.is(404, "invoice.payment_not_found");
    assert_eq!(
        (&detail.ok().body["status"], &detail.body["payments"][0]["amount_cents"]),
        (&json!("PAID"), &json!(18_900))
    );
}

#[tokio::test]
async fn who_is_forgotten_is_forgotten_on_the_invoices_of_whoever_was_merged_into_them() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (double, _) = client_in(&app, 0, "numbatina@example.org").await;
    let (stays, _) = client_in(&app, 0, "bilbyana@example.org").await;
    let (old, new) = (id_in(&double), id_in(&stays));
    let (invoice, _) = sent(&owner, old).await;
    let note = json!({ "amount_cents": 100, "method": "cash", "reference": "from Numbatina" });
    owner.post(&route(&invoice, "record-payment"), &note).await.ok();
    owner.post(&format!("{double}/merge"), &json!({ "into_client_id": new })).await.ok();
    app.settle().await;
    let erase = format!("/v1/admin/subjects/{new}/erase");
    app.following(owner.post(&erase, &json!({ "reason": "asked" }))).await.ok();
    app.settle().await;
    let told = shown(&owner, &invoice).await;
    assert_eq!(
        (&told["customer"]["name"], &told["customer"]["email"]),
        (&json!("[erased]"), &json!(null))
    );
    assert_eq!(told["paid_cents"], 100);
    let mut admin = app.db.admin().await;
    assert_eq!(erasure::search(&mut admin, &["numbatina", "bilbyana"]).await, [""; 0]);
}
