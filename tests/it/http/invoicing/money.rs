//! Money that somebody writes down, and what corrects an invoice.

use chrono::TimeDelta;
use futures::future::join_all;
use serde_json::{Value, json};

use super::super::scheduling::client;
use super::{id, route, shown, written};
use crate::harness::client::Answer;
use crate::harness::{App, Client};

async fn sent(owner: &Client, sam: &str) -> String {
    let invoice = id(&written(owner, sam, &json!({})).await);
    owner.post(&route(&invoice, "send"), &json!({})).await.ok();
    invoice
}

#[tokio::test]
async fn payments_add_up_and_count_once() {
    let app = App::start().await;
    let owner = app.staff("accountant");
    let sam = client(&app.staff("owner"), "Sam").await;
    let invoice = sent(&owner, &sam).await;
    let some = json!({ "amount_cents": 5_000, "method": "etransfer", "reference": "ET-77", "received_at": "2025-03-05T18:00:00Z" });
    let keyed = owner.with("idempotency-key", "payment-1");
    let first = keyed.post(&route(&invoice, "record-payment"), &some).await;
    assert_eq!((first.ok().status, &first.body["invoice"]["status"]), (201, &json!("PARTIAL")));
    assert_eq!(first.body["payment"]["reference"], "ET-77");
    let again = keyed.post(&route(&invoice, "record-payment"), &some).await;
    assert_eq!(again.ok().body["payment"]["payment_id"], first.body["payment"]["payment_id"]);
    let rest = json!({ "amount_cents": 20_000, "method": "cash" });
    let done = owner.post(&route(&invoice, "mark-paid"), &rest).await;
    let told = &done.ok().body["invoice"];
    assert_eq!((&told["status"], &told["overpaid_cents"]), (&json!("PAID"), &json!(6_100)));
    let payment = done.body["payment"]["payment_id"].as_str().unwrap();
    let back = format!("{}/{payment}/refund", route(&invoice, "payments"));
    let refunded = owner.post(&back, &json!({ "amount_cents": 6_100 })).await;
    assert_eq!(refunded.ok().body["overpaid_cents"], 0);
    owner.post(&back, &json!({ "amount_cents": 20_000 })).await.is(422, "invoice.amount_invalid");
    owner
        .post(&route(&invoice, "record-payment"), &json!({ "amount_cents": 0, "method": "cash" }))
        .await
        .is(422, "invoice.amount_invalid");
    app.settle().await;
    let detail = shown(&owner, &invoice).await;
    assert_eq!((&detail["paid_cents"], &detail["balance_due_cents"]), (&json!(18_900), &json!(0)));
    app.staff("viewer").post(&route(&invoice, "record-payment"), &some).await.is(403, "forbidden");
}

#[tokio::test]
async fn what_counts_is_corrected_and_never_rewritten() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let sam = client(&owner, "Sam").await;
    let invoice = sent(&owner, &sam).await;
    let credit = json!({ "amount_cents": 6_300, "reason": "a stain" });
    let credited = owner.post(&route(&invoice, "credit-notes"), &credit).await;
    let told = &credited.ok().body;
    assert_eq!(
        (&told["balance_due_cents"], &told["credits"][0]["tax_cents"]),
        (&json!(12_600), &json!(300))
    );
    let paid = json!({ "amount_cents": 12_600, "method": "card" });
    owner.post(&route(&invoice, "record-payment"), &paid).await.ok();
    owner
        .post(&route(&invoice, "void"), &json!({ "reason": "x" }))
        .await
        .is(409, "invoice.has_payments");
    owner.post(&route(&invoice, "void"), &json!({})).await.is(422, "invoice.reason_required");
    let other = sent(&owner, &sam).await;
    let void = owner.post(&route(&other, "void"), &json!({ "reason": "twice" })).await;
    assert_eq!(
        (&void.ok().body["status"], &void.body["balance_due_cents"]),
        (&json!("VOID"), &json!(0))
    );
    owner.post(&route(&other, "send"), &json!({})).await.is(400, "invoice.void");
    owner.post(&route(&other, "record-payment"), &paid).await.is(400, "invoice.void");
    let missing = "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d";
    let many =
        json!({ "invoice_ids": [invoice, other, missing], "method": "cash", "note": "Till" });
    let done = owner.post("/v1/admin/invoices/bulk/mark_paid", &many).await;
    assert_eq!(done.ok().body["succeeded"], json!([]));
    let codes: Vec<&Value> =
        done.body["failed"].as_array().unwrap().iter().map(|one| &one["code"]).collect();
    assert_eq!(codes, ["invoice.nothing_due", "invoice.void", "invoice.not_found"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_write_down_that_all_is_paid_one_does() {
    let app = App::start().await;
    let beside = app.beside().await;
    let owner = app.staff("owner");
    let sam = client(&owner, "Sam").await;
    for _ in 0..3 {
        let invoice = sent(&owner, &sam).await;
        let some = json!({ "amount_cents": 5_000, "method": "cash" });
        owner.post(&route(&invoice, "record-payment"), &some).await.ok();
        let all = json!({ "invoice_ids": [invoice], "method": "cash" });
        let writers: Vec<_> =
            (0..8).map(|n| if n % 2 == 0 { &app } else { &beside }.staff("owner")).collect();
        let many = "/v1/admin/invoices/bulk/mark_paid";
        let answers = join_all(writers.iter().map(|writer| writer.post(many, &all))).await;
        let won = |one: &&Answer| one.ok().body["succeeded"] == json!([invoice]);
        let won: Vec<&Answer> = answers.iter().filter(won).collect();
        assert_eq!(won.len(), 1, "{answers:?}");
        assert!(won[0].position() > 0);
        for lost in answers.iter().filter(|one| one.body["succeeded"] == json!([])) {
            assert_eq!(lost.body["failed"][0]["code"], "invoice.nothing_due", "{}", lost.text);
        }
        app.settle().await;
        let detail = shown(&owner, &invoice).await;
        assert_eq!((&detail["paid_cents"], &detail["overpaid_cents"]), (&json!(18_900), &json!(0)));
    }
}

#[tokio::test]
async fn money_that_is_only_expected_did_not_come_in() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let sam = client(&owner, "Sam").await;
    let invoice = sent(&owner, &sam).await;
    let on = |at: String| json!({ "amount_cents": 5_000, "method": "cash", "received_at": at });
    for verb in ["record-payment", "mark-paid"] {
        let late = on((app.now() + TimeDelta::hours(25)).to_rfc3339());
        let refused = owner.post(&route(&invoice, verb), &late).await;
        assert_eq!((refused.status, refused.fields()), (422, vec!["received_at"]));
    }
    let soon = on((app.now() + TimeDelta::hours(23)).to_rfc3339());
    owner.post(&route(&invoice, "record-payment"), &soon).await.ok();
}

#[tokio::test]
async fn payments_are_taken_out_by_the_day_on_which_they_came_in() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let sam = client(&owner, "Sam").await;
    let invoice =
        id(&written(&owner, &sam, &json!({ "issue_date": "2025-01-10", "due_date": null })).await);
    owner.post(&route(&invoice, "send"), &json!({})).await.ok();
    for (cents, at) in
        [(1, "2025-02-28T23:30:00"), (2, "2025-03-01T00:00:00"), (3, "2025-03-31T23:59:59")]
    {
        let body = json!({ "amount_cents": cents, "method": "cash", "received_at": at });
        owner.post(&route(&invoice, "record-payment"), &body).await.ok();
    }
    app.settle().await;
    let accountant = app.staff("accountant");
    let came = |range: &'static str| {
        let accountant = accountant.clone();
        async move {
            let table = accountant.get(&format!("/v1/admin/exports/payments.csv?{range}")).await;
            let lines = table.ok().text.lines().skip(1);
            lines.map(|line| line.split(',').nth(6).unwrap().to_owned()).collect::<Vec<_>>()
        }
    };
    assert_eq!(came("from=2025-01-01&to=2025-01-31").await, [""; 0]);
    assert_eq!(came("from=2025-03-01&to=2025-03-31").await, ["2", "3"]);
    assert_eq!(came("to=2025-02-28").await, ["1"]);
    assert_eq!(came("from=2025-03-31").await, ["3"]);
    assert_eq!(came("").await.len(), 3);
    let backwards = "/v1/admin/exports/payments.csv?from=2025-02-01&to=2025-01-01";
    assert_eq!(accountant.get(backwards).await.fields(), ["to"]);
}

#[tokio::test]
async fn whoever_is_erased_still_owes_and_their_words_are_gone() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let sam = client(&owner, "Samuela").await;
    let home = json!({ "address_text": "12 Elm Street" });
    owner.post(&format!("/v1/admin/clients/{sam}/addresses"), &home).await.ok();
    let invoice = sent(&owner, &sam).await;
    app.settle().await;
    assert_eq!(shown(&owner, &invoice).await["customer"]["address"], "12 Elm Street");
    let erase = json!({ "reason": "asked" });
    let subject = format!("/v1/admin/subjects/{sam}/erase");
    app.following(owner.post(&subject, &erase)).await.ok();
    app.settle().await;
    let detail = shown(&owner, &invoice).await;
    assert_eq!((&detail["total_cents"], &detail["status"]), (&json!(18_900), &json!("SENT")));
    assert_eq!(detail["items"][0]["description"], "[erased]");
    assert_eq!(detail["customer"]["name"], "[erased]");
    assert_eq!(detail["customer"]["address"], Value::Null);
    assert!(!detail.to_string().to_lowercase().contains("samuela"), "{detail}");
    let listed = owner.get("/v1/admin/invoices?q=samuela").await;
    assert_eq!(listed.ok().body["total"], 0);
    let paid = json!({ "amount_cents": 18_900, "method": "cash", "reference": "x" });
    let done = owner.post(&route(&invoice, "record-payment"), &paid).await;
    assert_eq!(done.ok().body["invoice"]["status"], "PAID");
    owner.post(&route(&invoice, "send"), &json!({})).await.is(400, "invoice.email_missing");
}

#[tokio::test]
async fn pages_follow_each_other_and_the_table_has_every_line() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let sam = client(&owner, "Sam").await;
    for _ in 0..5 {
        written(&owner, &sam, &json!({})).await.ok();
        app.advance(TimeDelta::seconds(1));
    }
    app.settle().await;
    let first = owner.get("/v1/admin/invoices?page_size=2").await;
    assert_eq!((&first.ok().body["total"], &first.body["page"]), (&json!(5), &json!(1)));
    assert_eq!(
        first.body["invoices"][0]["invoice_number"].as_str().unwrap().rsplit('-').next(),
        Some("000005")
    );
    let cursor = first.header("x-next-cursor").unwrap();
    let second = owner.get(&format!("/v1/admin/invoices?page_size=2&cursor={cursor}")).await;
    let paged = owner.get("/v1/admin/invoices?page_size=2&page=2").await;
    assert_eq!(second.ok().body["invoices"], paged.ok().body["invoices"]);
    assert_eq!(owner.get("/v1/admin/invoices?status=SOLD").await.fields(), ["status"]);
    let range =
        owner.get("/v1/admin/invoices?amount_min=18900&amount_max=18900&status=DRAFT").await;
    assert_eq!(range.ok().body["total"], 5);
    let table = owner.get("/v1/admin/invoices/export.csv").await;
    assert_eq!(table.ok().text.lines().count(), 6);
}

#[tokio::test]
async fn accountants_take_out_what_counts_and_see_what_does_not_agree() {
    let app = App::start().await;
    let (owner, accountant) = (app.staff("owner"), app.staff("accountant"));
    let sam = client(&owner, "Sam").await;
    let twice = sent(&owner, &sam).await;
    let over = sent(&owner, &sam).await;
    written(&owner, &sam, &json!({})).await.ok();
    for _ in 0..2 {
        let some = json!({ "amount_cents": 1_000, "method": "etransfer", "reference": "ET-1" });
        owner.post(&route(&twice, "record-payment"), &some).await.ok();
    }
    let much = json!({ "amount_cents": 20_000, "method": "cash" });
    owner.post(&route(&over, "record-payment"), &much).await.ok();
    let credit = json!({ "amount_cents": 1_050, "reason": "x" });
    owner.post(&route(&twice, "credit-notes"), &credit).await.ok();
    app.settle().await;
    let lines = |answer: &Answer| answer.ok().text.lines().count();
    assert_eq!(lines(&accountant.get("/v1/admin/exports/accounting.csv").await), 3);
    assert_eq!(lines(&accountant.get("/v1/admin/exports/sales-ledger.csv?status=DRAFT").await), 2);
    let payments = accountant.get("/v1/admin/exports/payments.csv").await;
    assert_eq!(lines(&payments), 4);
    assert!(payments.text.starts_with(
        "payment_id,invoice_number,booking_id,provider,method,status,amount_cents,currency,\
             received_at,created_at,refunded_cents\r\n"
    ));
    let year = super::today(&app);
    let gst = accountant.get(&format!("/v1/admin/reports/gst?from={year}&to={year}")).await;
    assert_eq!(
        (&gst.ok().body["invoice_count"], &gst.body["tax_cents"], &gst.body["credited_tax_cents"]),
        (&json!(2), &json!(1_800), &json!(50))
    );
    let backwards = accountant.get("/v1/admin/reports/gst?from=2030-01-02&to=2030-01-01").await;
    assert_eq!(backwards.fields(), ["to"]);
    let found = accountant.get("/v1/admin/finance/reconcile/invoices").await;
    let items = found.ok().body["items"].as_array().unwrap();
    assert_eq!(items.len(), 1);
    assert_eq!(
        (&items[0]["invoice_id"], &items[0]["mismatch"]),
        (&json!(over), &json!("overpaid"))
    );
    let path = format!("/v1/admin/finance/invoices/{over}/reconcile?dry_run=true");
    let compared = accountant.post(&path, &json!({})).await;
    assert_eq!(compared.ok().body["before"], compared.body["after"]);
    assert_eq!(compared.body["planned_operations"], json!([]));
    app.staff("viewer").get("/v1/admin/exports/accounting.csv").await.is(403, "forbidden");
}
