//! `GET /v1/admin/queue/assignments`: visits that nobody is to make yet, each with what can be done about it at once.
//!
//! A queue of another kind is a file beside this one; what its items offer has the same shape.

use axum::extract::State;
use chrono::TimeDelta;
use domain::scheduling::window::Window;
use domain::settings::feature::Feature;
use projections::scheduling::booking_list::{self, BookingList, Item, PAGE};
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa_axum::routes;

use super::{DISPATCH, continued};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::cursor;
use crate::extract::{Parameters, limit};
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::AppState;

/// Nobody plans further.
const FURTHEST: i64 = 365;

/// So long ahead a visit without anybody is urgent.
const URGENT: TimeDelta = TimeDelta::hours(24);

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(assignments), staff(DISPATCH).feature(Feature::Schedule))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct QueueQuery {
    /// 1 to 365, else 7.
    #[param(minimum = 1, maximum = 365)]
    days_ahead: Option<i64>,
    /// `X-Next-Cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 500, else 50.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
}

/// Visits that nobody is to make yet, the earliest first
#[utoipa::path(
    get,
    path = "/v1/admin/queue/assignments",
    tag = "dispatch",
    params(QueueQuery),
    responses((status = 200, description = "One page; `urgent_count` of them begin within a day", content_type = "application/json", example = json!({
        "items": [], "total": 0, "urgent_count": 0, "next_cursor": null
    })))
)]
async fn assignments(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<QueueQuery>,
) -> Result<Answer, Problem> {
    let (org, limit) = (caller.org(), limit(asked.limit, PAGE)?);
    let after = cursor::asked(asked.cursor.as_deref())?;
    let ahead = asked.days_ahead.unwrap_or(7);
    if !(1..=FURTHEST).contains(&ahead) {
        return Err(Problem::field("days_ahead", "Input should be from 1 to 365"));
    }
    let now = app.now();
    let span = Window { starts_at: now, ends_at: now + TimeDelta::days(ahead) };
    let reached = fresh.reach(&app, org, &[BookingList::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let visits = booking_list::unassigned(&mut tx, org, span, after, limit).await?;
    let (total, urgent) = booking_list::count_unassigned(&mut tx, org, span, now + URGENT).await?;
    tx.rollback().await?;
    let next = cursor::last_of_full(&visits, limit)
        .map(|visit| cursor::shown(visit.starts_at, visit.booking_id));
    let line = |visit: &Item| item(visit, visit.starts_at < now + URGENT);
    let body = json!({
        "items": visits.iter().map(line).collect::<Vec<_>>(),
        "total": total,
        "urgent_count": urgent,
        "next_cursor": next,
    });
    Ok(reached.mark(continued(Answer::json(&body)?, next.as_deref())))
}

fn item(visit: &Item, urgent: bool) -> Value {
    let id = visit.booking_id;
    let desk = format!("/v1/admin/dispatcher/bookings/{id}");
    let mut actions = vec![
        action("Suggest", &format!("/v1/admin/dispatcher/assign/suggest?booking_id={id}"), "GET"),
        action("Assign", &format!("{desk}/reassign"), "POST"),
        action("Reschedule", &format!("{desk}/reschedule"), "POST"),
        action("Cancel", &format!("{desk}/status"), "POST"),
    ];
    if visit.status == "PENDING" {
        actions.push(action("Confirm", &format!("/v1/admin/bookings/{id}/confirm"), "POST"));
    }
    json!({
        "booking_id": id,
        "starts_at": visit.starts_at,
        "ends_at": visit.ends_at,
        "duration_minutes": visit.duration_minutes,
        "status": visit.status,
        "team_id": visit.team_id,
        "client_name": visit.lead_name,
        "service_type": visit.service_type,
        "urgent": urgent,
        "quick_actions": actions,
    })
}

/// Something that can be done about an item of a queue at once.
fn action(label: &str, target: &str, method: &str) -> Value {
    json!({ "label": label, "target": target, "method": method })
}
