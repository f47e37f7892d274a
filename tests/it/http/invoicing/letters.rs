//! Letters about invoices, and the addresses in them.

use chrono::{NaiveDate, TimeDelta};
use serde_json::{Value, json};

use super::super::scheduling::client;
use super::{id, route, shown, today, written};
use crate::harness::app::PORTAL;
use crate::harness::smtp::Smtp;
use crate::harness::{App, Client};

/// What leads to an invoice in a mail, whose long lines are folded on their way.
fn token(mail: &str) -> String {
    let mail = mail.replace("=\n", "").replace("=\r\n", "").replace("=3D", "=");
    let begin = format!("{PORTAL}/i/");
    mail.split(&begin).nth(1).unwrap().split_whitespace().next().unwrap().to_owned()
}

async fn at(app: &App, token: &str) -> crate::harness::client::Answer {
    app.anyone().get(&format!("/i/{token}")).await
}

#[tokio::test]
async fn an_invoice_is_sent_seen_and_hidden_again() {
    let smtp = Smtp::start().await;
    let app = App::start_mailing(smtp.port).await;
    let owner = app.staff("owner");
    let sam = client(&owner, "Sam").await;
    let invoice = id(&written(&owner, &sam, &json!({})).await);
    let sent = owner.post(&route(&invoice, "send"), &json!({})).await;
    assert_eq!((sent.ok().status, &sent.body["email_sent"]), (202, &json!(true)));
    assert_eq!(sent.body["invoice"]["status"], "SENT");
    app.settle().await;
    let mails = smtp.mails();
    assert_eq!(mails.len(), 1);
    assert!(
        mails[0].contains("sam@example.net") && mails[0].contains("189.00 CAD"),
        "{}",
        mails[0]
    );
    let first = token(&mails[0]);
    assert_eq!(sent.body["public_link"], format!("{PORTAL}/i/{first}"));
    let seen = at(&app, &first).await;
    assert_eq!(seen.ok().body["total_cents"], 18_900);
    assert_eq!(
        seen.header("x-org-timezone"),
        Some("America/Edmonton"),
        "times are read on its clock"
    );
    assert_eq!(seen.body["card"], false, "nobody takes cards here");
    assert_eq!(
        (&seen.body["customer"]["name"], &seen.body["links"]),
        (&json!("Sam"), &Value::Null)
    );

    // Another address beside it; each leads there until it is revoked.
    let made = owner.post(&route(&invoice, "links"), &json!({})).await;
    let second =
        made.ok().body["public_link"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    assert_ne!(first, second);
    app.settle().await;
    at(&app, &first).await.ok();
    at(&app, &second).await.ok();
    let path = format!("{}/1", route(&invoice, "links"));
    owner.send(reqwest::Method::DELETE, &path, None).await.ok();
    app.settle().await;
    at(&app, &first).await.is(404, "not_found");
    at(&app, &second).await.ok();

    // What is kept opens nothing, and nobody is told it.
    let detail = shown(&owner, &invoice).await;
    assert!(!detail.to_string().contains("hash"), "{detail}");
    let hash: String = sqlx::query_scalar(
        "select payload ->> 'hash' from events where event_type = 'link_minted' order by position limit 1",
    )
    .fetch_one(&mut app.db.admin().await)
    .await
    .unwrap();
    at(&app, &hash).await.is(404, "not_found");
    owner.post(&route(&invoice, "void"), &json!({ "reason": "twice" })).await.ok();
    app.settle().await;
    at(&app, &second).await.is(404, "not_found");
}

async fn overdue(app: &App, owner: &Client, sam: &str, days: i64) -> String {
    let due: NaiveDate = today(app) - TimeDelta::days(days);
    let issue = due - TimeDelta::days(14);
    let invoice = written(owner, sam, &json!({ "issue_date": issue, "due_date": due })).await;
    let invoice = id(&invoice);
    owner.post(&route(&invoice, "send"), &json!({})).await.ok();
    invoice
}

#[tokio::test]
async fn what_is_not_paid_by_local_midnight_is_overdue() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let sam = client(&owner, "Sam").await;
    let due = today(&app) + TimeDelta::days(2);
    let invoice = id(&written(&owner, &sam, &json!({ "due_date": due })).await);
    owner.post(&route(&invoice, "send"), &json!({})).await.ok();
    app.settle().await;
    let zone = domain::settings::zone::DEFAULT;
    let midnight = domain::settings::zone::start_of(due.succ_opt().unwrap(), zone);
    app.advance(midnight - app.now() - TimeDelta::seconds(1));
    app.settle().await;
    assert_eq!(shown(&owner, &invoice).await["status"], "SENT");
    app.advance(TimeDelta::seconds(1));
    app.settle().await;
    assert_eq!(shown(&owner, &invoice).await["status"], "OVERDUE");
    let listed = owner.get("/v1/admin/invoices?status=OVERDUE&q=sam").await;
    assert_eq!(listed.ok().body["total"], 1);
}

#[tokio::test]
async fn overdue_invoices_are_summed_up_and_reminded_of_by_how_long() {
    let smtp = Smtp::start().await;
    let app = App::start_mailing(smtp.port).await;
    let owner = app.staff("owner");
    let sam = client(&owner, "Sam").await;
    let off = json!({ "invoice_reminders": false });
    owner.patch("/v1/admin/settings/org", &off).await.ok();
    let recent = overdue(&app, &owner, &sam, 3).await;
    let critical = overdue(&app, &owner, &sam, 20).await;
    app.settle().await;
    let summary = owner.get("/v1/admin/invoices/overdue_summary").await;
    let buckets = &summary.ok().body["buckets"];
    let told: Vec<_> =
        (0..3).map(|n| (&buckets[n]["bucket"], &buckets[n]["total_count"])).collect();
    let expected = [("recent", 1), ("attention", 0), ("critical", 1)];
    for (told, (bucket, count)) in told.iter().zip(expected) {
        assert_eq!(*told, (&json!(bucket), &json!(count)));
    }
    assert_eq!(buckets[2]["invoices"][0]["days_overdue"], 20);
    let listed = owner.get("/v1/admin/invoices?overdue_bucket=critical").await;
    assert_eq!(listed.ok().body["invoices"][0]["invoice_id"], json!(critical));
    let remind = json!({ "bucket": "recent", "invoice_ids": [recent, critical] });
    let lately = owner.post("/v1/admin/invoices/overdue_remind", &remind).await;
    assert_eq!(lately.ok().body["succeeded"], json!([]), "{}", lately.text);
    app.advance(TimeDelta::hours(25));
    app.settle().await;
    let done = owner.post("/v1/admin/invoices/overdue_remind", &remind).await;
    assert_eq!(done.ok().body["succeeded"], json!([recent]));
    assert_eq!(done.body["failed"][0]["invoice_id"], json!(critical));
    app.settle().await;
    let mails = smtp.mails();
    assert!(mails.last().unwrap().contains("past due"), "{mails:?}");
    let many = json!({ "invoice_ids": [recent, critical] });
    let done = owner.post("/v1/admin/invoices/bulk/remind", &many).await;
    assert_eq!(done.ok().body["succeeded"], json!([]));
    let codes = ["invoice.mailed_lately", "invoice.recipient_mailed_lately"];
    assert_eq!([0, 1].map(|n| done.body["failed"][n]["code"].as_str().unwrap()), codes);
    assert_eq!(done.body["failed"][1]["invoice_id"], json!(critical));
    // A day later one of them is reminded of, and the other the day after, though the list knows of no letter yet.
    for (first, other) in [(&recent, &critical), (&critical, &recent)] {
        app.advance(TimeDelta::hours(25));
        let keyed = owner.with("idempotency-key", first);
        let many = json!({ "invoice_ids": [first, other] });
        let done = keyed.post("/v1/admin/invoices/bulk/remind", &many).await;
        assert_eq!(done.ok().body["succeeded"], json!([first]), "{}", done.text);
        assert_eq!(done.body["failed"][0]["code"], "invoice.recipient_mailed_lately");
        let again = keyed.post("/v1/admin/invoices/bulk/remind", &many).await;
        assert_eq!(again.ok().body, done.body);
        let alone = owner.post(&route(other, "remind"), &json!({})).await;
        alone.is(409, "invoice.recipient_mailed_lately");
        app.settle().await;
        let alone = owner.post(&route(other, "remind"), &json!({})).await;
        let alone = alone.is(409, "invoice.recipient_mailed_lately");
        assert!(alone.body["last_mail_at"].is_string(), "{}", alone.text);
    }
    // Somebody else is nobody's concern.
    let zoe = client(&owner, "Zoe").await;
    let theirs = overdue(&app, &owner, &zoe, 3).await;
    app.settle().await;
    app.advance(TimeDelta::hours(25));
    let many = json!({ "bucket": "recent", "invoice_ids": [theirs] });
    let done = owner.post("/v1/admin/invoices/overdue_remind", &many).await;
    assert_eq!(done.ok().body["succeeded"], json!([theirs]), "{}", done.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_reminders_to_somebody_at_once_one_goes_out() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let sam = client(&owner, "Sam").await;
    let off = json!({ "invoice_reminders": false });
    owner.patch("/v1/admin/settings/org", &off).await.ok();
    let (one, other) = (overdue(&app, &owner, &sam, 3).await, overdue(&app, &owner, &sam, 4).await);
    app.settle().await;
    for _ in 0..6 {
        app.advance(TimeDelta::hours(25));
        let nothing = json!({});
        let (first, second) = (route(&one, "remind"), route(&other, "remind"));
        let both = tokio::join!(owner.post(&first, &nothing), owner.post(&second, &nothing));
        let statuses = [both.0.status, both.1.status];
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        app.settle().await;
    }
}
