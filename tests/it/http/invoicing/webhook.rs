//! Messages of Stripe: who is believed, and that neither order nor number matters.

use std::collections::HashMap;

use rand::seq::SliceRandom;
use serde_json::{Value, json};

use super::super::scheduling::client;
use super::payments::{WEBHOOK, charge, event, intent, sent, session, tell};
use super::{shown, today};
use crate::harness::client::plain;
use crate::harness::stripe::{FakeStripe, SECRET, machine_time, signature};
use crate::harness::{App, Client, Served};

#[tokio::test]
async fn whoever_is_not_stripe_is_refused_and_keeps_nobody_from_paying() {
    let stripe = FakeStripe::start().await;
    let app = App::start_paid(&stripe.base, "whsec_new,whsec_test").await;
    let owner = app.staff("owner");
    let sam = client(&owner, "Sam").await;
    let (invoice, link) = sent(&owner, &sam).await;
    app.settle().await;
    let body =
        event("evt_1", "payment_intent.succeeded", &intent("pi_1", &invoice, 18_900)).to_string();
    let now = app.now().timestamp();
    let forged = [
        signature("whsec_other", now, &body),
        signature(SECRET, now - 301, &body),
        signature(SECRET, now + 301, &body),
        signature(SECRET, now, "{}"),
        format!("t={now}"),
        "nonsense".to_owned(),
    ];
    for header in &forged {
        for path in [WEBHOOK, "/stripe/webhook"] {
            let refused =
                app.anyone().with("stripe-signature", header).post_raw(path, body.clone()).await;
            refused.is(400, "webhook_invalid");
        }
    }
    app.anyone().post_raw(WEBHOOK, body.clone()).await.is(400, "webhook_invalid");
    let long = format!("{{\"id\":\"evt_2\",\"x\":\"{}\"}}", "x".repeat(300_000));
    let header = signature(SECRET, now, &long);
    app.anyone()
        .with("stripe-signature", &header)
        .post_raw(WEBHOOK, long)
        .await
        .is(400, "webhook_invalid");
    app.settle().await;
    assert_eq!(shown(&owner, &invoice).await["status"], "SENT");
    app.anyone().post(&format!("/i/{link}/pay"), &json!({})).await.ok();

    // Either secret of two, under either path; another message under a known id is none.
    for (n, secret) in ["whsec_new", SECRET].iter().enumerate() {
        let body =
            event(&format!("evt_{n}"), "customer.created", &json!({ "id": "cus_1" })).to_string();
        let header = signature(secret, now, &body);
        let told =
            app.anyone().with("stripe-signature", &header).post_raw("/stripe/webhook", body).await;
        assert_eq!(told.ok().body, json!({ "received": true, "processed": false }));
    }
    let other = event("evt_0", "customer.deleted", &json!({ "id": "cus_1" }));
    tell(&app, &other).await.is(400, "webhook_invalid");
    let unset = App::start().await;
    unset.anyone().post_raw(WEBHOOK, "{}").await.is(503, "payments_off");
}

#[tokio::test]
async fn a_message_about_what_is_not_here_yet_waits_for_it() {
    let stripe = FakeStripe::start().await;
    let app = App::start_paid(&stripe.base, SECRET).await;
    let owner = app.staff("owner");
    let sam = client(&owner, "Sam").await;
    // The money went back before anybody told that it came.
    let early = tell(&app, &event("evt_1", "charge.refunded", &charge("pi_1", 18_900, 900))).await;
    assert_eq!(early.ok().body["processed"], false);
    let (invoice, _) = sent(&owner, &sam).await;
    tell(&app, &event("evt_2", "payment_intent.succeeded", &intent("pi_1", &invoice, 18_900)))
        .await
        .ok();
    app.advance(chrono::TimeDelta::minutes(2));
    app.settle().await;
    let detail = shown(&owner, &invoice).await;
    assert_eq!((&detail["status"], &detail["balance_due_cents"]), (&json!("PARTIAL"), &json!(900)));
    // A payment in another currency is put aside, not counted.
    let (other, _) = sent(&owner, &sam).await;
    let mut dollars = intent("pi_2", &other, 18_900);
    dollars["currency"] = "usd".into();
    tell(&app, &event("evt_3", "payment_intent.succeeded", &dollars)).await.ok();
    // And one for an invoice of another organisation than it names, too.
    let mut foreign = intent("pi_3", &other, 18_900);
    foreign["metadata"]["org_id"] = json!(app.orgs[1].id);
    tell(&app, &event("evt_4", "payment_intent.succeeded", &foreign)).await.ok();
    app.settle().await;
    assert_eq!(shown(&owner, &other).await["status"], "SENT");
    assert!(today(&app).to_string().len() == 10);
}

#[tokio::test]
async fn amounts_that_nobody_pays_are_put_aside_and_shown() {
    let stripe = FakeStripe::start().await;
    let app = App::start_paid(&stripe.base, SECRET).await;
    let owner = app.staff("owner");
    let sam = client(&owner, "Sam").await;
    let (invoice, _) = sent(&owner, &sam).await;
    let mut number = 0;
    for odd in [
        json!(i64::MAX),
        json!(i64::MIN),
        json!(-1),
        json!(10_000_000_001_i64),
        json!(u64::MAX),
        json!(1e300),
        json!(1.5),
    ] {
        let mut success = intent("pi_1", &invoice, 1);
        (success["amount"], success["amount_received"]) = (json!(1), odd.clone());
        let mut done = session("pi_2", &invoice, 1);
        done["amount_total"] = odd.clone();
        let mut back = charge("pi_3", 18_900, 1);
        (back["amount_refunded"], back["metadata"]) =
            (odd.clone(), json!({ "invoice_id": invoice }));
        let mut disputed = json!({ "id": "dp_1", "payment_intent": "pi_4", "currency": "cad", "metadata": { "invoice_id": invoice } });
        disputed["amount"] = odd.clone();
        for (kind, object) in [
            ("payment_intent.succeeded", success),
            ("checkout.session.completed", done),
            ("charge.refunded", back),
            ("charge.dispute.created", disputed),
        ] {
            number += 1;
            let told = tell(&app, &event(&format!("evt_{number}"), kind, &object)).await;
            assert_eq!(told.ok().body["processed"], false, "{kind} {odd}");
        }
    }
    // Neither is a payment whose target does not take it, however often it is tried.
    app.advance(chrono::TimeDelta::hours(2));
    app.settle().await;
    let detail = shown(&owner, &invoice).await;
    assert_eq!((&detail["status"], &detail["payments"]), (&json!("SENT"), &json!([])));
    let listed =
        owner.get("/v1/admin/finance/reconcile/stripe-events?status=parked&limit=500").await;
    let items = listed.ok().body["items"].as_array().unwrap();
    assert_eq!(items.len(), number);
    assert!(items.iter().all(|one| one["last_error"] == "amount_impossible"), "{}", listed.text);
}

/// Everything that Stripe tells of one invoice that is paid by card, partly paid back, and sometimes failed before.
fn messages(n: usize, invoice: &str) -> Vec<Value> {
    let pi = format!("pi_{}", invoice.replace('-', ""));
    let id = |what: &str| format!("evt_{what}_{}", invoice.replace('-', ""));
    let failed = json!({ "id": pi, "amount": 18_900, "currency": "cad", "metadata": { "invoice_id": invoice },
                         "last_payment_error": { "code": "card_declined" } });
    let mut all = vec![
        event(&id("failed"), "payment_intent.payment_failed", &failed),
        event(&id("session"), "checkout.session.completed", &session(&pi, invoice, 18_900)),
        event(&id("intent"), "payment_intent.succeeded", &intent(&pi, invoice, 18_900)),
    ];
    let refunds: &[i64] = [&[][..], &[900], &[900, 4_900], &[18_900]][n % 4];
    for total in refunds {
        let mut charge = charge(&pi, 18_900, *total);
        charge["metadata"] = json!({ "invoice_id": invoice });
        all.push(event(&id(&format!("refund{total}")), "charge.refunded", &charge));
    }
    all
}

async fn totals(owner: &Client, invoices: &[String]) -> Vec<(Value, Value)> {
    let mut all = Vec::new();
    for invoice in invoices {
        let detail = shown(owner, invoice).await;
        all.push((detail["status"].clone(), detail["paid_cents"].clone()));
    }
    all
}

/// Each message one to four times, in any order, while the process that takes them in is killed again and again.
#[tokio::test(flavor = "multi_thread")]
async fn any_order_and_number_of_messages_over_killed_processes_comes_to_the_same() {
    let stripe = FakeStripe::start().await;
    let app = App::start_paid(&stripe.base, SECRET).await;
    let mut invoices: HashMap<usize, Vec<String>> = HashMap::new();
    for org in 0..2 {
        let owner = app.staff_of(org, "owner");
        let sam = client(&owner, "Sam").await;
        for _ in 0..40 {
            invoices.entry(org).or_default().push(sent(&owner, &sam).await.0);
        }
    }
    app.settle().await;
    for (n, invoice) in invoices[&0].iter().enumerate() {
        for message in messages(n, invoice) {
            tell(&app, &message).await.ok();
        }
    }
    let mut told: Vec<String> = Vec::new();
    for (n, invoice) in invoices[&1].iter().enumerate() {
        for message in messages(n, invoice) {
            told.extend(std::iter::repeat_n(message.to_string(), 1 + (n + told.len()) % 4));
        }
    }
    told.shuffle(&mut rand::rng());
    let secret = [("STRIPE_WEBHOOK_SECRET", SECRET)];
    let mut process = Served::start("api", &app.db, &secret).await;
    let http = plain().build().unwrap();
    let (mut lost, kill_every) = (0, told.len() / 5);
    for (n, body) in told.iter().enumerate() {
        loop {
            let header = signature(SECRET, machine_time(), body);
            let send = http
                .post(format!("{}{WEBHOOK}", process.url))
                .header("stripe-signature", header)
                .body(body.clone())
                .send();
            if n % kill_every == kill_every - 1 && lost <= n / kill_every {
                // Killed in the middle of it; Stripe tells again.
                let (_, ()) = tokio::join!(send, async {
                    tokio::task::yield_now().await;
                    process.program.kill();
                });
                lost += 1;
                process = Served::start("api", &app.db, &secret).await;
                continue;
            }
            let answer = send.await.unwrap();
            assert!(answer.status().is_success(), "{}", answer.status());
            break;
        }
    }
    assert!(lost > 0);
    app.advance(chrono::TimeDelta::hours(2));
    app.settle().await;
    let ordered = totals(&app.staff_of(0, "owner"), &invoices[&0]).await;
    let shuffled = totals(&app.staff_of(1, "owner"), &invoices[&1]).await;
    assert_eq!(ordered, shuffled);
    assert!(
        ordered.contains(&(json!("PAID"), json!(18_900)))
            && ordered.contains(&(json!("SENT"), json!(0)))
    );
}
