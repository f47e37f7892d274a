//! The mail that tells people their request has arrived, and why it sometimes does not go out.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{form_of, id_in, submitted};
use crate::harness::relay::Relay;
use crate::harness::smtp::Smtp;
use crate::harness::{App, Client};

async fn mailing() -> (Smtp, App, Client) {
    let smtp = Smtp::start().await;
    let app = App::start_mailing(smtp.port).await;
    let owner = app.staff("owner");
    (smtp, app, owner)
}

async fn newest(owner: &Client) -> Value {
    owner.get("/v1/admin/effects?limit=1").await.ok().body["items"][0].clone()
}

#[tokio::test]
async fn whoever_asks_gets_one_mail() {
    let (smtp, app, owner) = mailing().await;
    submitted(&app.anyone()).await;
    app.settle().await;
    app.advance(TimeDelta::days(1));
    app.settle().await;
    let mails = smtp.mails();
    assert_eq!(mails.len(), 1);
    let effect = newest(&owner).await;
    assert_eq!((&effect["state"], &effect["attempts"]), (&json!("delivered"), &json!(1)));
    for wanted in [
        "From: \"The Office\" <office@example.net>",
        "quilla.z@example.net",
        "We have received your request",
        "Hello Quilla Zembrowski",
    ] {
        assert!(mails[0].contains(wanted), "{}", mails[0]);
    }
    // The id of the effect goes with it: receivers know a repeat by it.
    assert!(mails[0].contains(effect["effect_id"].as_str().unwrap()));
}

#[tokio::test]
async fn a_mail_that_is_refused_for_now_is_sent_again_later() {
    let (smtp, app, owner) = mailing().await;
    smtp.refuse(&[451, 421]);
    submitted(&app.anyone()).await;
    app.settle().await;
    let effect = newest(&owner).await;
    assert_eq!((&effect["state"], &effect["attempts"]), (&json!("waiting"), &json!(1)));
    let reason = effect["reason"].as_str().unwrap();
    assert!(reason.contains("451") && !reason.contains('@'), "{reason}");
    app.advance(TimeDelta::seconds(29));
    app.settle().await;
    assert_eq!(newest(&owner).await["attempts"], 1);
    app.advance(TimeDelta::seconds(10));
    app.settle().await;
    assert_eq!(newest(&owner).await["attempts"], 2);
    app.advance(TimeDelta::minutes(2));
    app.settle().await;
    assert_eq!(newest(&owner).await["state"], "delivered");
    assert_eq!(smtp.mails().len(), 1);
}

#[tokio::test]
async fn a_mail_that_is_refused_for_good_is_a_dead_letter() {
    let (smtp, app, owner) = mailing().await;
    smtp.refuse(&[550]);
    submitted(&app.anyone()).await;
    app.settle().await;
    app.advance(TimeDelta::days(2));
    app.settle().await;
    assert_eq!(smtp.mails().len(), 0);
    let effect = newest(&owner).await;
    assert_eq!((&effect["state"], &effect["attempts"]), (&json!("dead"), &json!(1)));
    let letters = owner.get("/v1/admin/queue/dlq").await;
    assert_eq!(letters.body["outbox_dead_count"], 1);
    let letter = &letters.body["items"][0];
    assert_eq!((&letter["event_id"], &letter["kind"]), (&effect["effect_id"], &json!("outbox")));
    assert_eq!(letter["last_error"], "the server answered 550");
    assert!(!letters.text.contains("quilla"));
    let other = app.staff_of(1, "owner").get("/v1/admin/queue/dlq").await;
    assert_eq!(other.body["total"], 0);
}

#[tokio::test]
async fn a_server_that_stays_away_is_given_up_after_eight_attempts() {
    let (smtp, app, owner) = mailing().await;
    drop(smtp);
    submitted(&app.anyone()).await;
    for attempt in 1..=8 {
        app.settle().await;
        assert_eq!(newest(&owner).await["attempts"], attempt);
        app.advance(TimeDelta::hours(2));
    }
    app.settle().await;
    let effect = newest(&owner).await;
    assert_eq!((&effect["state"], &effect["attempts"]), (&json!("dead"), &json!(8)));
    assert_eq!(effect["reason"], "the server could not be reached");
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_left_alone_and_then_tried_out_once() {
    let smtp = Smtp::start().await;
    let mut relay = Relay::to(smtp.port).await;
    let app = App::start_mailing(relay.port).await;
    let owner = app.staff("owner");
    relay.cut().await;
    let attempts = async || -> i64 {
        let effects = owner.get("/v1/admin/effects").await.ok().body["items"].clone();
        effects.as_array().unwrap().iter().map(|one| one["attempts"].as_i64().unwrap()).sum()
    };
    for _ in 0..7 {
        submitted(&app.anyone()).await;
    }
    app.settle().await;
    assert_eq!(attempts().await, 5, "the last two were not even tried, and lose nothing by it");
    let reason = newest(&owner).await["reason"].clone();
    assert_eq!(reason, "whoever takes it could not be reached lately");
    app.advance(TimeDelta::seconds(40));
    app.settle().await;
    assert_eq!(attempts().await, 6, "one finds out that it is still away");
    relay.mend().await;
    app.advance(TimeDelta::seconds(40));
    app.settle().await;
    app.advance(TimeDelta::seconds(60));
    app.settle().await;
    assert_eq!(smtp.mails().len(), 7);
}

#[tokio::test]
async fn nobody_is_written_to_who_gave_no_address_or_was_erased() {
    let (smtp, app, owner) = mailing().await;
    app.anyone().post("/v1/leads", &form_of("Otto", "780 555")).await.ok();
    app.settle().await;
    let effect = newest(&owner).await;
    assert_eq!(
        (&effect["state"], &effect["reason"]),
        (&json!("suppressed"), &json!("no_email_address"))
    );

    let lead = submitted(&app.anyone()).await;
    let erase = format!("/v1/admin/subjects/{}/erase", id_in(&lead));
    let reason = json!({ "reason": "asked" });
    app.following(owner.post(&erase, &reason)).await.ok();
    app.settle().await;
    // What else an erasure does outside comes after it.
    let effects = owner.get("/v1/admin/effects").await.ok().body["items"].clone();
    let is_letter = |effect: &&Value| effect["kind"] == "email.request_received";
    let effect = effects.as_array().unwrap().iter().find(is_letter).unwrap();
    assert_eq!(
        (&effect["state"], &effect["reason"]),
        (&json!("suppressed"), &json!("subject_erased"))
    );
    assert_eq!(smtp.mails().len(), 0);
}

#[tokio::test]
async fn a_mail_is_not_begun_when_its_lease_may_run_out_before_it_ends() {
    let (smtp, app, owner) = mailing().await;
    for _ in 0..3 {
        submitted(&app.anyone()).await;
    }
    // A server that takes most of a lease for each mail.
    let advance = app.advancer();
    smtp.meanwhile(move || advance(TimeDelta::seconds(70)));
    app.settle().await;
    assert_eq!(smtp.mails().len(), 1, "the others would overlap with whoever claims them next");
    let states = owner.get("/v1/admin/effects").await.ok().body["items"].clone();
    let leased = states.as_array().unwrap().iter().filter(|one| one["state"] == "leased");
    assert_eq!(leased.count(), 2);
    for _ in 0..2 {
        app.advance(TimeDelta::seconds(30));
        app.settle().await;
    }
    assert_eq!(smtp.mails().len(), 3);
}

#[tokio::test]
async fn whoever_watches_is_told_of_every_break_glass_session() {
    let (smtp, app, owner) = mailing().await;
    let body = json!({ "reason": "invoices went out twice", "ttl_minutes": 10 });
    owner.post("/v1/admin/break-glass/start", &body).await.ok();
    app.settle().await;
    let mails = smtp.mails();
    assert_eq!(mails.len(), 1);
    for wanted in ["To: watch@example.net", "invoices went out twice", &app.orgs[0].id.to_string()]
    {
        assert!(mails[0].contains(wanted), "{wanted} in {}", mails[0]);
    }
}
