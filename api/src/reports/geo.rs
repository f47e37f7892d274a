//! `GET /v1/admin/analytics/geo`: where visits are made, and what they bring.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use domain::settings::feature::Feature;
use projections::reporting::read::{self, Visit};
use serde_json::json;
use utoipa_axum::routes;
use uuid::Uuid;

use super::asked::RangeQuery;
use super::explain::{Explain, Fact};
use super::report::{Report, row};
use super::then::Then;
use super::{FINANCE, report};
use crate::caller::Caller;
use crate::extract::Parameters;
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::AppState;

/// Of a visit of which nobody knows where it is.
const UNKNOWN: &str = "Unknown";

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(geo), report(FINANCE, Feature::Analytics))
}

/// Visits by area: what staff call the address, else the first part of town of the team; that it was read is an entry of the
/// audit log
#[utoipa::path(
    get,
    path = "/v1/admin/analytics/geo",
    tag = "reports",
    params(RangeQuery),
    responses((status = 200, description = "A row for each area, the one that brings most first", content_type = "application/json", example = json!({
        "from": "2030-03-01", "to": "2030-03-31", "by_area": [{ "area": "Downtown", "bookings": 2, "booked_revenue_cents": 40000, "average_cents": 20000 }],
        "total": 1, "next_cursor": null, "basis": {}, "timezone": "America/Edmonton", "as_of": { "position": 42 }
    })))
)]
async fn geo(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<RangeQuery>,
) -> Result<Response, Problem> {
    let (how, mut then, range) = Then::over(&app, &caller, fresh, &asked, &[]).await?;
    let at = then.at();
    let mut visits: Vec<Visit> = Vec::new();
    read::visits(&mut then.db, at, range.window, |visit| {
        if visit.stands() && range.holds(visit.starts_at) {
            visits.push(visit);
        }
    })
    .await?;
    let addresses: Vec<Uuid> = visits.iter().filter_map(|visit| visit.address_id).collect();
    let labels = read::labels(&mut then.db, at, &addresses).await?;
    let teams = read::teams(&mut then.db, at).await?;
    let area = |visit: &Visit| {
        let label = visit.address_id.and_then(|id| labels.get(&id));
        let team = teams.get(&visit.team_id).and_then(|team| team.setup.zones.first());
        label.or(team).cloned().unwrap_or_else(|| UNKNOWN.to_owned())
    };
    let (mut areas, mut explain) = (BTreeMap::<String, (i64, i64)>::new(), Explain::asked(&how)?);
    for visit in &visits {
        let (area, cents) = (area(visit), visit.total_cents.unwrap_or(0));
        let id = visit.booking_id.to_string();
        for (figure, value) in [("bookings", 1), ("booked_revenue_cents", cents)] {
            explain.say(&Fact {
                figure,
                value,
                row: json!({ "area": area }),
                kind: "booking",
                id: &id,
                day: then.day(visit.starts_at),
                at: visit.starts_at,
                position: visit.placed_position,
            });
        }
        let own = areas.entry(area).or_default();
        (own.0, own.1) = (own.0 + 1, own.1.saturating_add(cents));
    }
    let mut areas: Vec<(String, (i64, i64))> = areas.into_iter().collect();
    areas.sort_by_key(|(_, (_, cents))| -cents);
    let line = |(area, (bookings, cents)): (String, (i64, i64))| {
        row(json!({
            "area": area, "bookings": bookings, "booked_revenue_cents": cents, "average_cents": cents / bookings.max(1),
        }))
    };
    let report = Report {
        name: "geo",
        basis: json!({
            "bookings": "visits that were not called off, on the day they begin",
            "booked_revenue_cents": "what these visits cost, paid or not",
        }),
        about: json!({ "from": range.from, "to": range.to }),
        columns: &["area", "bookings", "booked_revenue_cents", "average_cents"],
        rows: areas.into_iter().map(line).collect(),
        list: Some("by_area"),
        sheet: None,
    };
    report.answer(&then, &how, explain)
}
