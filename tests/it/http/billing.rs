//! What an organisation pays for, and what it may then do.

use domain::billing::plan::Plan;
use futures::future::join_all;
use serde_json::{Value, json};

use crate::harness::client::Answer;
use crate::harness::{App, Client};

async fn hire(staff: &Client, number: usize) -> Answer {
    let body =
        json!({ "name": format!("Worker {number}"), "phone": format!("780-555-{number:04}") });
    staff.post("/v1/admin/workers", &body).await
}

async fn usage(staff: &Client, counted: &str) -> Value {
    let status = staff.get("/v1/billing/status").await;
    status.ok().body["usage"][counted].clone()
}

#[tokio::test]
async fn of_ten_hired_at_once_only_those_of_the_plan_are_and_the_others_leave_no_trace() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let before = app.position(0).await;
    let answers = join_all((0..10).map(|number| hire(&owner, number))).await;

    let refused: Vec<_> = answers.iter().filter(|answer| answer.status != 201).collect();
    assert_eq!(refused.len(), 7);
    for answer in refused {
        answer.is(402, "plan.worker_limit");
        assert_eq!(answer.body["detail"], "Worker limit reached for current plan");
    }
    assert_eq!(app.position(0).await, before + 3);
    assert_eq!(usage(&owner, "workers").await, 3);
    // What others pay for is their own.
    hire(&app.staff_of(1, "owner"), 1).await.ok();
}

#[tokio::test]
async fn an_archived_worker_frees_a_place_and_needs_one_to_come_back() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let mut hired = Vec::new();
    for number in 0..3 {
        hired.push(hire(&owner, number).await.ok().body["worker_id"].as_str().unwrap().to_owned());
    }
    let first = format!("/v1/admin/workers/{}", hired[0]);
    owner.post(&format!("{first}/archive"), &json!({})).await.ok();
    hire(&owner, 3).await.ok();
    owner.post(&format!("{first}/unarchive"), &json!({})).await.is(402, "plan.worker_limit");
    assert_eq!(owner.get(&first).await.ok().body["is_active"], false);

    app.give_plan(0, Plan::Pro).await;
    owner.post(&format!("{first}/unarchive"), &json!({})).await.ok();
    let report = owner.get("/v1/billing/usage/report").await;
    let workers = &report.ok().body["items"][0];
    assert_eq!(
        *workers,
        json!({ "metric": "workers", "value": 4, "limit": 50, "over_limit": false })
    );
}

#[tokio::test]
async fn a_plan_that_rests_counts_as_the_free_one_until_it_goes_on() {
    let app = App::start().await;
    app.give_plan(0, Plan::Pro).await;
    let (finance, owner) = (app.staff("accountant"), app.staff("owner"));
    let mut one = Value::Null;
    for number in 0..4 {
        one = hire(&owner, number).await.ok().body["worker_id"].clone();
    }
    let body = json!({ "reason_code": "season_over" });
    let paused = finance.post("/v1/billing/pause", &body).await;
    assert_eq!(paused.ok().body["pause_reason_code"], "SEASON_OVER");
    assert_eq!(paused.body["effective_plan_id"], "free");
    assert_eq!(paused.body["plan_id"], "pro");
    hire(&owner, 4).await.is(402, "plan.worker_limit");
    let report = finance.get("/v1/billing/usage/report?month=2026-01").await;
    assert_eq!(report.ok().body["items"][0]["over_limit"], true);
    // Those there are go on working.
    let one = format!("/v1/admin/workers/{}", one.as_str().unwrap());
    owner.patch(&one, &json!({ "name": "Renamed" })).await.ok();

    finance.post("/v1/billing/resume", &json!({ "reason_code": "season_begins" })).await.ok();
    hire(&owner, 4).await.ok();
}

#[tokio::test]
async fn unusable_reasons_and_months_are_refused_and_only_the_books_may_ask() {
    let app = App::start().await;
    let finance = app.staff("accountant");
    for bad in ["", " ", "two words", &"x".repeat(65)] {
        let answer = finance.post("/v1/billing/pause", &json!({ "reason_code": bad })).await;
        answer.is(422, "billing.bad_reason_code");
    }
    for bad in ["2026", "2026-13", "26-01", "2026-1", "2026-01-01", "x"] {
        let answer = finance.get(&format!("/v1/billing/usage/report?month={bad}")).await;
        assert_eq!(answer.status, 422, "{bad}");
        assert_eq!(answer.fields(), ["month"]);
    }
    assert_eq!(finance.get("/v1/billing/status").await.ok().body["paused"], false);
    let viewer = app.staff("viewer");
    viewer.get("/v1/billing/status").await.ok();
    assert_eq!(viewer.get("/v1/billing/usage/report").await.status, 403);
    assert_eq!(viewer.post("/v1/billing/pause", &json!({ "reason_code": "X" })).await.status, 403);
}
