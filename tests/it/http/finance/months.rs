//! Months that are written down for an accountant when they are over.

use chrono::{Datelike, TimeDelta};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::super::invoicing::today;
use super::{at, invoiced, sent, with_client};
use crate::harness::App;

fn items(cents: i64) -> Value {
    json!([{ "description": "=Clean", "qty": 1, "unit_price_cents": cents, "tax_rate": 0.05 }])
}

/// Lets a month and a little of the next pass.
fn turn(app: &App) -> String {
    let month = today(app).format("%Y-%m").to_string();
    let days = 34 - i64::from(today(app).day());
    app.advance(TimeDelta::days(days));
    month
}

async fn noted(app: &App) -> Vec<Value> {
    sqlx::query_scalar(
        "select payload::jsonb from events where org_id = $1 and aggregate_type = 'accounting_export' order by position",
    )
    .bind(app.orgs[0].id.as_uuid())
    .fetch_all(&mut app.db.admin().await)
    .await
    .unwrap()
}

#[tokio::test]
async fn a_month_that_is_over_is_written_once_and_stays_as_it_was_written() {
    let (app, owner, sam) = with_client().await;
    let first = invoiced(&owner, &sam, today(&app), &items(10_000)).await;
    let draft = invoiced(&owner, &sam, today(&app), &items(1)).await;
    sent(&owner, &first).await;
    app.settle().await;
    assert_eq!(app.write_months().await, 0, "it still goes on");
    let month = turn(&app);
    let late = invoiced(&owner, &sam, today(&app), &items(7)).await;
    sent(&owner, &late).await;
    // The list is behind: it is written when that has caught up.
    app.settle().await;
    let table = owner.get("/v1/admin/exports/accounting.csv").await.ok().text.clone();
    assert_eq!(app.write_months().await, 2, "of both organisations");
    assert_eq!(app.write_months().await, 0);
    let own = at(&format!("accounting-exports/{month}"));
    let written = owner.get(&own).await.ok().body.clone();
    assert_eq!(
        (&written["kind"], &written["row_count"], &written["org_id"]),
        (&json!("accounting_export_v1"), &json!(1), &json!(app.orgs[0].id))
    );
    let csv = written["csv"].as_str().unwrap();
    assert_eq!(csv.lines().next(), table.lines().next(), "the columns of the export by hand");
    let (here, draft) =
        (csv.lines().nth(1).unwrap(), owner.get(&format!("/v1/admin/invoices/{draft}")).await);
    assert!(table.contains(here) && !csv.contains(draft.body["invoice_number"].as_str().unwrap()));

    // What happens later changes nothing of it, however often it is asked for.
    owner
        .post(&format!("/v1/admin/invoices/{first}/void"), &json!({ "reason": "twice" }))
        .await
        .ok();
    app.settle().await;
    assert_eq!(app.write_months().await, 0);
    assert_eq!(owner.get(&own).await.ok().body, written);
    let alone = owner.get(&format!("{own}?format=csv")).await;
    assert_eq!(alone.ok().text, csv);
    assert_eq!(owner.get(&format!("{own}?format=xml")).await.fields(), ["format"]);
    let events = noted(&app).await;
    let sha256 = hex::encode(digest(&SHA256, csv.as_bytes()));
    assert_eq!((events.len(), &events[0]["sha256"]), (1, &json!(sha256)));
    assert_eq!((&events[0]["month"], &events[0]["row_count"]), (&json!(month), &json!(1)));

    let next = turn(&app);
    app.settle().await;
    assert_eq!(app.write_months().await, 2);
    let listed = owner.get(&at("accounting-exports?limit=1")).await;
    assert_eq!(listed.ok().body["items"][0]["month"], next);
    let behind = listed.header("x-next-cursor").unwrap().to_owned();
    let listed = owner.get(&at(&format!("accounting-exports?limit=1&cursor={behind}"))).await;
    assert_eq!(listed.ok().body["items"][0]["sha256"], sha256);

    app.staff("viewer").get(&own).await.is(403, "forbidden");
    let stranger = app.staff_of(1, "owner").get(&own).await;
    assert_eq!(stranger.ok().body["row_count"], 0, "its own, which is empty");
    let nobody = owner.get(&at("accounting-exports/2001-01")).await;
    nobody.is(404, "accounting_export.not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_write_a_month_at_once_one_does() {
    let (app, owner, sam) = with_client().await;
    let first = invoiced(&owner, &sam, today(&app), &items(10_000)).await;
    sent(&owner, &first).await;
    let other = app.beside().await;
    turn(&app);
    app.settle().await;
    let ways = [&app, &other, &app, &other];
    let written = futures::future::join_all(ways.map(App::write_months)).await;
    assert_eq!(written.iter().sum::<usize>(), 2, "{written:?}");
    assert_eq!(noted(&app).await.len(), 1);
}

#[tokio::test]
async fn where_there_are_no_books_nothing_is_written_until_there_are() {
    let (app, owner, _) = with_client().await;
    let features = "/v1/admin/settings/features";
    let off = json!({ "overrides": { "module.finance": false } });
    owner.patch(features, &off).await.ok();
    turn(&app);
    app.settle().await;
    assert_eq!(app.write_months().await, 1, "that of the other organisation");
    let on = json!({ "overrides": { "module.finance": true } });
    owner.patch(features, &on).await.ok();
    app.settle().await;
    assert_eq!(app.write_months().await, 1);
}
