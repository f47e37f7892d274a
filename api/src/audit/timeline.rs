//! `GET /v1/admin/timeline/{type}/{id}`: everything around one thing in one order.

use axum::extract::State;
use domain::access::Permission;
use domain::id::{BookingId, InvoiceId};
use projections::audit_log::AuditLog;
use projections::effects::Effects;
use projections::entity_timeline::EntityTimeline;
use projections::history::entity;
use projections::timeline;
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::json;
use utoipa_axum::routes;

use crate::answer::Answer;
use crate::caller::Caller;
use crate::cursor;
use crate::extract::{Parameters, Path, limit};
use crate::freshness::Freshness;
use crate::problem::{Code, Problem};
use crate::route::{Routes, staff};
use crate::state::{App, AppState};

const ADMIN: &[Permission] = &[Permission::AdminManage];

/// Whoever reads a record may read what happened around it.
const BOOKINGS: &[Permission] = &[Permission::BookingsView];
const INVOICES: &[Permission] = &[Permission::InvoicesView];

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(around), staff(ADMIN))
        .add(routes!(around_booking), staff(BOOKINGS))
        .add(routes!(around_invoice), staff(INVOICES))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct TimelineQuery {
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 200, else 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// Its events, what went out because of them, and what staff tried with it, newest first
///
/// Without personal values: the history of the thing shows what each event recorded.
#[utoipa::path(
    get,
    path = "/v1/admin/timeline/{type}/{id}",
    tag = "history",
    params(
        ("type" = String, Path, description = "As for history", example = "lead"),
        ("id" = String, Path),
        TimelineQuery
    ),
    responses((status = 200, description = "One page", content_type = "application/json", example = json!({
        "type": "lead", "id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "next_cursor": null,
        "items": [{
            "kind": "effect", "at": "2026-11-24T09:00:00Z", "position": 2, "id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2e",
            "name": "email.request_received", "state": "delivered", "details": { "attempts": 1 }
        }],
        "links": { "history": "/v1/admin/history/lead/0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d" }
    })))
)]
async fn around(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Path((kind, id)): Path<(String, String)>,
    Parameters(asked): Parameters<TimelineQuery>,
) -> Result<Answer, Problem> {
    told(&app, &caller, fresh, (&kind, &id), asked).await
}

/// What happened around a visit, newest first
#[utoipa::path(
    get,
    path = "/v1/admin/timeline/booking/{booking_id}",
    tag = "history",
    params(("booking_id" = Uuid, Path), TimelineQuery),
    responses((status = 200, description = "One page, without personal values", content_type = "application/json"))
)]
async fn around_booking(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Path(id): Path<BookingId>,
    Parameters(asked): Parameters<TimelineQuery>,
) -> Result<Answer, Problem> {
    told(&app, &caller, fresh, ("booking", &id.to_string()), asked).await
}

/// What happened around an invoice, newest first
#[utoipa::path(
    get,
    path = "/v1/admin/timeline/invoice/{invoice_id}",
    tag = "history",
    params(("invoice_id" = Uuid, Path), TimelineQuery),
    responses((status = 200, description = "One page, without personal values", content_type = "application/json"))
)]
async fn around_invoice(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Path(id): Path<InvoiceId>,
    Parameters(asked): Parameters<TimelineQuery>,
) -> Result<Answer, Problem> {
    told(&app, &caller, fresh, ("invoice", &id.to_string()), asked).await
}

async fn told(
    app: &App,
    caller: &Caller,
    fresh: Freshness,
    (kind, id): (&str, &str),
    asked: TimelineQuery,
) -> Result<Answer, Problem> {
    const READ: [&str; 3] = [AuditLog::NAME, Effects::NAME, EntityTimeline::NAME];
    let limit = limit(asked.limit, timeline::PAGE)?;
    let before = cursor::parsed(asked.cursor.as_deref())?;
    entity::entity(kind).ok_or_else(|| Problem::new(Code::NotFound))?;
    let reached = fresh.reach(app, caller.org(), &READ).await?;
    let mut tx = tenant::begin(&app.reads, caller.org()).await?;
    let items = timeline::page(&mut tx, (caller.org(), kind, id), before, limit).await?;
    if items.is_empty() && before.is_none() {
        return Err(Problem::new(Code::NotFound));
    }
    let next =
        cursor::last_of_full(&items, limit).map(|last| cursor::sealed(&last.cursor().to_string()));
    let links = json!({ "history": format!("/v1/admin/history/{kind}/{id}") });
    let answer =
        json!({ "type": kind, "id": id, "items": items, "next_cursor": next, "links": links });
    Ok(reached.mark(Answer::json(&answer)?))
}
