//! Offers from draft to their end.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::with_lead;
use crate::harness::{App, Client};

fn offer(app: &App, amount: i64, days: i64) -> Value {
    json!({ "amount": amount, "service_type": "Deep clean", "expires_at": app.now() + TimeDelta::days(days), "metadata": { "by": "phone" } })
}

/// Drafts an offer and returns its route.
async fn drafted(owner: &Client, lead: &str, offer: &Value) -> String {
    let answer = owner.post(&format!("{lead}/quotes"), offer).await;
    format!("{lead}/quotes/{}", answer.ok().body["quote_id"].as_str().unwrap())
}

async fn go(owner: &Client, quote: &str, verb: &str) -> crate::harness::client::Answer {
    owner.post(&format!("{quote}/{verb}"), &json!({})).await
}

async fn status(owner: &Client, lead: &str, index: usize) -> Value {
    owner.get(&format!("{lead}/quotes")).await.ok().body["items"][index]["status"].clone()
}

#[tokio::test]
async fn an_offer_is_drafted_sent_followed_up_and_accepted_once() {
    let (app, lead, owner) = with_lead().await;
    let keyed = owner.with("idempotency-key", "q-1");
    let wanted = offer(&app, 18_500, 7);
    let first = keyed.post(&format!("{lead}/quotes"), &wanted).await;
    let again = keyed.post(&format!("{lead}/quotes"), &wanted).await;
    assert_eq!(first.ok().text, again.ok().text);
    let shown = &first.body;
    assert_eq!(
        (&shown["amount"], &shown["currency"], &shown["status"]),
        (&json!(18_500), &json!("CAD"), &json!("DRAFT"))
    );
    assert_eq!(shown["metadata"], json!({ "by": "phone" }));
    let quote = format!("{lead}/quotes/{}", shown["quote_id"].as_str().unwrap());

    go(&owner, &quote, "accept").await.is(409, "lead.quote_not_sent");
    let sent = go(&owner, &quote, "send").await;
    assert_eq!(
        (&sent.ok().body["status"], sent.body["sent_at"].is_null()),
        (&json!("SENT"), false)
    );
    let note = json!({ "note": "asked whether Friday suits" });
    let followed = owner.post(&format!("{quote}/followups"), &note).await;
    assert_eq!(followed.ok().body["followups"][0]["note"], note["note"]);
    assert!(followed.body["followups"][0]["created_by"].is_string());
    assert_eq!(go(&owner, &quote, "accept").await.ok().body["status"], "ACCEPTED");
    go(&owner, &quote, "decline").await.is(409, "lead.quote_closed");
    owner.post(&format!("{quote}/revise"), &wanted).await.is(409, "lead.quote_closed");

    let second = drafted(&owner, &lead, &offer(&app, 100, 7)).await;
    go(&owner, &second, "send").await.ok();
    go(&owner, &second, "accept").await.is(409, "lead.another_quote_accepted");
    app.settle().await;
    assert_eq!(owner.get(&lead).await.body["status"], "QUOTED");
    assert_eq!(status(&owner, &lead, 0).await, "ACCEPTED");
    assert_eq!(status(&owner, &lead, 1).await, "SENT");
}

#[tokio::test]
async fn an_offer_can_be_revised_and_declined() {
    let (app, lead, owner) = with_lead().await;
    let quote = drafted(&owner, &lead, &offer(&app, 18_500, 7)).await;
    go(&owner, &quote, "send").await.ok();
    let revised = owner.post(&format!("{quote}/revise"), &offer(&app, 17_000, 9)).await;
    assert_eq!(
        (&revised.ok().body["amount"], &revised.body["status"]),
        (&json!(17_000), &json!("DRAFT"))
    );
    go(&owner, &quote, "decline").await.is(409, "lead.quote_not_sent");
    go(&owner, &quote, "send").await.ok();
    assert_eq!(go(&owner, &quote, "decline").await.ok().body["status"], "DECLINED");
    let nobody = format!("{lead}/quotes/0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d");
    go(&owner, &nobody, "send").await.is(404, "lead.quote_not_found");
}

#[tokio::test]
async fn an_offer_runs_out_at_its_instant_by_a_timer() {
    let (app, lead, owner) = with_lead().await;
    let quote = drafted(&owner, &lead, &offer(&app, 18_500, 2)).await;
    go(&owner, &quote, "send").await.ok();
    app.settle().await;
    app.advance(TimeDelta::days(2) - TimeDelta::seconds(1));
    let before = app.position(0).await;
    app.settle().await;
    assert_eq!((status(&owner, &lead, 0).await, app.position(0).await), (json!("SENT"), before));
    app.advance(TimeDelta::seconds(1));
    // Shown as it is even before the timer has fired.
    assert_eq!(status(&owner, &lead, 0).await, "EXPIRED");
    go(&owner, &quote, "accept").await.is(409, "lead.quote_closed");
    app.settle().await;
    assert_eq!(app.position(0).await, before + 1);
    app.settle().await;
    assert_eq!(app.position(0).await, before + 1);
    let timeline = owner.get(&lead).await.body["timeline"].clone();
    assert_eq!(timeline[0]["event_type"], "quote_expired");
    assert_eq!(timeline[0]["actor"], "timers");
    assert_eq!(status(&owner, &lead, 0).await, "EXPIRED");
}

#[tokio::test]
async fn a_revised_offer_runs_out_at_its_new_instant_and_an_accepted_one_never() {
    let (app, lead, owner) = with_lead().await;
    let moved = drafted(&owner, &lead, &offer(&app, 100, 1)).await;
    go(&owner, &moved, "send").await.ok();
    owner.post(&format!("{moved}/revise"), &offer(&app, 200, 5)).await.ok();
    go(&owner, &moved, "send").await.ok();
    let taken = drafted(&owner, &lead, &offer(&app, 300, 1)).await;
    go(&owner, &taken, "send").await.ok();
    go(&owner, &taken, "accept").await.ok();
    app.settle().await;
    let before = app.position(0).await;
    app.advance(TimeDelta::days(2));
    app.settle().await;
    assert_eq!(app.position(0).await, before);
    app.advance(TimeDelta::days(4));
    app.settle().await;
    assert_eq!(app.position(0).await, before + 1);
    assert_eq!(status(&owner, &lead, 0).await, "EXPIRED");
    assert_eq!(status(&owner, &lead, 1).await, "ACCEPTED");
}
