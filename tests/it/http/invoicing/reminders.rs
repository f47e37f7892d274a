//! Letters that nobody asks for: reminders, receipts, and what the office is told.

use chrono::{NaiveDate, TimeDelta};
use domain::settings::zone;
use serde_json::json;

use super::super::scheduling::client;
use super::{id, route, shown, today, written};
use crate::harness::smtp::Smtp;
use crate::harness::{App, Client};

/// Lets it be an hour of a day, on the clock of the organisation.
async fn at(app: &App, day: NaiveDate, hour: i64) {
    let then = zone::start_of(day, zone::DEFAULT) + TimeDelta::hours(hour);
    app.advance(then - app.now());
    app.settle().await;
}

async fn sent(owner: &Client, sam: &str, due: NaiveDate) -> String {
    let invoice = id(&written(owner, sam, &json!({ "due_date": due })).await);
    owner.post(&route(&invoice, "send"), &json!({})).await.ok();
    invoice
}

/// The subjects of reminders, in order.
fn reminders(smtp: &Smtp) -> Vec<&'static str> {
    let subjects = [
        "Subject: Your invoice is past due",
        "Subject: Second reminder",
        "Subject: Final reminder",
    ];
    let mails = smtp.mails();
    mails.iter().filter_map(|mail| subjects.into_iter().find(|one| mail.contains(one))).collect()
}

#[tokio::test]
async fn whoever_does_not_pay_in_time_gets_each_letter_once_and_at_its_time() {
    let smtp = Smtp::start().await;
    let app = App::start_mailing(smtp.port).await;
    let owner = app.staff("owner");
    let sam = client(&owner, "Sam").await;
    let due = today(&app) + TimeDelta::days(3);
    let invoice = sent(&owner, &sam, due).await;
    let (zoe, paid) = (client(&owner, "Zoe").await, due);
    let other = sent(&owner, &zoe, paid).await;
    for (days, hour, count) in [
        (0, 23, 0),
        (1, 9, 0),
        (1, 11, 2),
        (3, 12, 2),
        (6, 12, 2),
        (7, 12, 3),
        (14, 12, 3),
        (15, 12, 4),
        (40, 12, 4),
    ] {
        at(&app, due + TimeDelta::days(days), hour).await;
        assert_eq!(reminders(&smtp).len(), count, "{days} days, {hour} o'clock");
        if days == 3 {
            // Who has paid hears no more of it, but that the money came.
            let all = json!({ "amount_cents": 18_900, "method": "cash" });
            owner.post(&route(&other, "record-payment"), &all).await.ok();
        }
    }
    assert!(reminders(&smtp)[3].contains("Final"), "{:?}", reminders(&smtp));
    let mails = smtp.mails();
    let receipts: Vec<_> =
        mails.iter().filter(|mail| mail.contains("Subject: We have received")).collect();
    assert_eq!(receipts.len(), 1);
    assert!(
        receipts[0].contains("zoe@example.net") && receipts[0].contains("189.00 CAD"),
        "{}",
        receipts[0]
    );
    let letters = shown(&owner, &invoice).await["email_events"].as_array().unwrap().len();
    assert_eq!(letters, 4);
}

#[tokio::test]
async fn nobody_gets_two_reminders_within_a_day() {
    let smtp = Smtp::start().await;
    let app = App::start_mailing(smtp.port).await;
    let owner = app.staff("owner");
    let sam = client(&owner, "Sam").await;
    let due = today(&app) + TimeDelta::days(3);
    let mut invoices = Vec::new();
    for _ in 0..3 {
        invoices.push(sent(&owner, &sam, due).await);
    }
    at(&app, due + TimeDelta::days(1), 11).await;
    assert_eq!(reminders(&smtp).len(), 1);
    // Staff may write on their own account; what writes by itself waits for that as well.
    at(&app, due + TimeDelta::days(2), 9).await;
    assert_eq!(reminders(&smtp).len(), 1);
    at(&app, due + TimeDelta::days(2), 12).await;
    assert_eq!(reminders(&smtp).len(), 2);
    at(&app, due + TimeDelta::days(3), 13).await;
    assert_eq!(reminders(&smtp).len(), 3);
    at(&app, due + TimeDelta::days(5), 13).await;
    assert_eq!(reminders(&smtp).len(), 3, "each once");
    for invoice in invoices {
        let told = shown(&owner, &invoice).await;
        assert_eq!(told["email_events"].as_array().unwrap().len(), 2);
    }
}

#[tokio::test]
async fn an_organisation_that_writes_none_writes_none() {
    let smtp = Smtp::start().await;
    let app = App::start_mailing(smtp.port).await;
    let owner = app.staff("owner");
    let off = json!({ "invoice_reminders": false });
    let told = owner.patch("/v1/admin/settings/org", &off).await;
    assert_eq!(told.ok().body["invoice_reminders"], false);
    let sam = client(&owner, "Sam").await;
    let due = today(&app) + TimeDelta::days(3);
    let void = sent(&owner, &sam, due).await;
    at(&app, due + TimeDelta::days(1), 11).await;
    assert_eq!(reminders(&smtp).len(), 0);
    let on = json!({ "invoice_reminders": true });
    owner.patch("/v1/admin/settings/org", &on).await.ok();
    owner.post(&route(&void, "void"), &json!({ "reason": "x" })).await.ok();
    at(&app, due + TimeDelta::days(20), 11).await;
    assert_eq!(reminders(&smtp).len(), 0, "what does not count is not reminded of");
}
