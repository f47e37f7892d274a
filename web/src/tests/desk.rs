//! The desk, the start page and the search box.

use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{Asked, FakeApi, LEAD, QUOTE};

const DESK: &str = "/v1/admin/dispatcher";

pub(super) fn knows(path: &str) -> bool {
    let others = ["/v1/admin/search", "/v1/admin/dashboard/ops", "/v1/admin/activity"];
    path.starts_with(DESK) || others.contains(&path)
}

pub(super) fn answer(path: &str) -> Value {
    match path.trim_start_matches(DESK) {
        "/board" => json!({
            "date": "2030-03-04", "timezone": "America/Edmonton", "data_version": 7, "zones": ["Downtown"],
            "workers": [
                { "worker_id": QUOTE, "name": "Wes <i>", "team_id": "t1" },
                { "worker_id": LEAD, "name": "Of another team", "team_id": "t2" },
            ],
            "bookings": [{
                "booking_id": LEAD, "status": "PENDING", "starts_at": "2030-03-04T16:00:00Z",
                "ends_at": "2030-03-04T18:00:00Z", "local_starts_at": "2030-03-04T09:00",
                "local_ends_at": "2030-03-04T11:00", "client": { "name": "<b>Sam</b>", "phone": "780" },
                "address": { "formatted": "7 Elm", "zone": "Downtown" }, "assigned_worker": null, "team_id": "t1",
                "team_name": "North",
            }],
        }),
        "/alerts" => json!({ "alerts": [{
            "alert_id": "00ff", "type": "LATE_WORKER", "severity": "warn", "message": "Nobody has begun",
            "since": "2030-03-04T16:15:00Z", "booking_ids": [LEAD],
        }, {
            "alert_id": "00fe", "type": "VISIT_SKIPPED", "severity": "warn", "message": "No visit was made",
            "since": "2030-03-04T16:15:00Z", "booking_ids": [], "subscription_id": QUOTE,
        }] }),
        "/stats" => json!({
            "planned_count": 1, "in_progress_count": 0, "done_count": 0, "cancelled_count": 0,
            "booked_revenue_cents": 12_000,
        }),
        "/v1/admin/search" => json!({ "items": [
            { "kind": "lead", "id": LEAD, "label": "<b>Sam</b>", "status": "NEW", "score": 100, "href": "" },
            { "kind": "worker", "id": QUOTE, "label": "Wes", "status": "active", "score": 10, "href": "" },
        ] }),
        "/v1/admin/activity" => json!({ "items": [{
            "created_at": "2030-03-04T16:15:00Z", "action": "booking.confirm", "role": "owner",
            "entity_ref": { "kind": "booking", "id": LEAD },
        }] }),
        _ => ops(),
    }
}

fn ops() -> Value {
    let counts = json!({ "total": 2, "pending": 1, "confirmed": 0, "done": 1, "cancelled": 0 });
    let mut band = counts.clone();
    band["label"] = "08–10".into();
    let best = json!([{ "name": "Wes", "bookings": 1, "booked_revenue_cents": 12_000 }]);
    json!({
        "org_timezone": "America/Edmonton", "critical_alerts": [], "upcoming_events": [],
        "worker_availability": [{ "name": "Wes", "available": true, "next_available_at": null }],
        "booking_status_today": { "totals": counts, "bands": [band] },
        "hero_metrics": {
            "bookings_today": 2, "booked_revenue_today_cents": 12_000, "workers_available": 1, "workers_total": 1,
        },
        "revenue_week": {
            "days": [{ "date": "2030-03-04", "booked_revenue_cents": 12_000 }],
            "total_booked_revenue_cents": 12_000, "goal": { "goal_cents": 50_000, "remaining_cents": 38_000 },
        },
        "top_performers": { "workers": best, "clients": [], "teams": [], "services": [] },
    })
}

pub(super) fn stream(asked: &Asked) -> Response {
    let text = format!(
        "id: 8\nevent: board\ndata: {{\"after\":\"{}\"}}\n\n",
        asked.header("last-event-id")
    );
    ([(header::CONTENT_TYPE, "text/event-stream")], text).into_response()
}

#[tokio::test]
async fn the_desk_shows_a_day_and_offers_the_workers_of_the_team() {
    let mut api = FakeApi::signed_in("owner").await;
    let page = api.browser.get("/dispatch?date=2030-03-04").await;
    assert!(page.shows("&#60;b&#62;Sam") && page.shows("Wes &#60;i&#62;"), "{}", page.html);
    assert!(!page.shows("Of another team"));
    assert!(page.shows(">09:00</time>") && page.shows(">11:00</time>"));
    // A visit that a subscription did not get is made by hand.
    assert!(page.shows(&format!("/subscriptions/{QUOTE}")), "{}", page.html);
    assert!(page.shows(r#"href="/bookings/new""#), "{}", page.html);
    assert!(page.shows("data-version=\"7\"") && page.shows("late worker") && page.shows("$120.00"));
    let form = [
        ("csrf", page.field("csrf")),
        ("key", "k-1"),
        ("date", "2030-03-04"),
        ("zone", ""),
        ("worker_id", QUOTE),
    ];
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, *value)).collect();
    let sent = page.field("csrf").to_owned();
    let path = format!("/dispatch/visits/{LEAD}/assign");
    let answer = api.browser.post(&path, &form).await;
    assert_eq!(answer.header("location"), "/dispatch?date=2030-03-04");
    let asked = api.asked(&Method::POST, &format!("{DESK}/bookings/{LEAD}/reassign"));
    assert_eq!(
        (asked[0].header("idempotency-key"), &asked[0].body),
        ("k-1", &json!({ "worker_id": QUOTE }))
    );
    // Nobody is chosen: nobody comes yet.
    let nobody = [("csrf", &*sent), ("key", "k-2"), ("worker_id", "")];
    api.browser.post(&path, &nobody).await;
    let asked = api.asked(&Method::POST, &format!("{DESK}/bookings/{LEAD}/reassign"));
    assert_eq!(asked[1].body, json!({ "worker_id": null }));
    let forged = api.browser.post(&path, &[("csrf", "x")]).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn what_the_api_tells_whoever_watches_is_handed_on() {
    let mut api = FakeApi::signed_in("owner").await;
    let heard = api.browser.get("/dispatch/stream").await;
    assert_eq!(heard.header("content-type"), "text/event-stream");
    assert!(heard.html.contains("event: board"), "{}", heard.html);
    let stranger = FakeApi::start().await.browser.get("/dispatch/stream").await;
    assert_eq!(stranger.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_start_page_and_the_search_lead_to_what_they_name() {
    let mut api = FakeApi::signed_in("owner").await;
    let page = api.browser.get("/dashboard").await;
    assert!(
        page.shows("$380.00 short of $500.00") && page.shows("booking confirm"),
        "{}",
        page.html
    );
    assert!(page.shows(&format!("/bookings/{LEAD}")) && page.shows("08–10"));
    let found = api.browser.get("/search?q=sam").await;
    assert!(
        found.shows(&format!("/leads/{LEAD}")) && found.shows("&#60;b&#62;Sam"),
        "{}",
        found.html
    );
    assert!(found.shows("2 found"));
}
