//! `GET /v1/admin/bookings/{id}`: one booking, now or as it was.

use axum::extract::State;
use domain::id::BookingId;
use domain::personal;
use domain::scheduling::booking::{Booking, BookingError, Details, view};
use domain::settings::feature::Feature;
use projections::history::entity;
use projections::history::moment::{self, Moment};
use projections::scheduling::booking_detail::{self, BookingDetail};
use projections::scheduling::booking_list::{self, BookingList};
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::PgConnection;
use utoipa_axum::routes;

use super::VIEW;
use crate::answer::Answer;
use crate::caller::Caller;
use crate::extract::{Parameters, Path};
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::{App, AppState};

/// Entries shown with a booking; the whole history has a route of its own.
const TIMELINE: i32 = 100;

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(booking), staff(VIEW).feature(Feature::Schedule))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct DetailQuery {
    /// A position of the log, or an instant: shows the booking as it was then.
    as_of: Option<String>,
}

/// One booking with its timeline, newest entry first
#[utoipa::path(
    get,
    path = "/v1/admin/bookings/{booking_id}",
    tag = "scheduling",
    params(("booking_id" = Uuid, Path), DetailQuery),
    responses((status = 200, description = "The booking; `ETag` is its version", content_type = "application/json"))
)]
async fn booking(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Path(id): Path<BookingId>,
    Parameters(asked): Parameters<DetailQuery>,
) -> Result<Answer, Problem> {
    match asked.as_of {
        Some(as_of) => then(&app, &caller, id, as_of.parse()?).await,
        None => now(&app, &caller, fresh, id).await,
    }
}

async fn now(
    app: &App,
    caller: &Caller,
    fresh: Freshness,
    id: BookingId,
) -> Result<Answer, Problem> {
    let org = caller.org();
    let reached = fresh.reach(app, org, &[BookingDetail::NAME, BookingList::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let found = booking_detail::find(&mut tx, &app.keys, org, id).await?;
    let known = found.as_ref().and_then(|found| Some((found.version, found.booking.details()?)));
    let (version, booking) = known.ok_or_else(|| Problem::refused(&BookingError::NotFound))?;
    let body = whole(app, &mut tx, caller, (booking, version)).await?;
    Ok(reached.mark(tagged(Answer::json(&body)?, &body, version)))
}

/// The booking after everything that was recorded until then. Who was erased since shows as erased.
async fn then(app: &App, caller: &Caller, id: BookingId, at: Moment) -> Result<Answer, Problem> {
    let org = caller.org();
    let mut tx = tenant::begin(&app.reads, org).await?;
    let position = moment::resolve(&mut tx, org, at).await?;
    let stream = id.to_string();
    let found = entity::as_of::<Booking>(&mut tx, &app.keys, org, &stream, position).await?;
    let known = found.as_ref().and_then(|found| Some((found.version, found.state.details()?)));
    let (version, booking) = known.ok_or_else(|| Problem::refused(&BookingError::NotFound))?;
    let mut body = whole(app, &mut tx, caller, (booking, version)).await?;
    body["as_of"] = json!({ "position": position, "version": version });
    Ok(Answer::json(&body)?.reaching(position, false))
}

async fn whole(
    app: &App,
    db: &mut PgConnection,
    caller: &Caller,
    (booking, version): (&Details, i32),
) -> Result<Value, Problem> {
    let org = caller.org();
    let mut body = view::booking(booking);
    personal::reveal(&mut body);
    let id = booking.requested.booking_id;
    // Whoever they are today: of the past of a visit its time and its terms matter, not who moved since.
    let customer = booking_list::addressee(&mut *db, org, id).await?;
    body["customer"] = json!(customer.map(|one| json!({ "name": one.name, "email": one.email })));
    let Some(kind) = entity::entity("booking") else { return Ok(body) };
    let (after, stream) = ((version - TIMELINE).max(0), id.to_string());
    let limit = i64::from(version - after);
    let entries = entity::history(db, &app.keys, org, (kind, &stream), after, limit).await?;
    body["timeline"] = entries.iter().rev().map(|entry| json!(entry)).collect();
    Ok(body)
}

/// Erasing a person changes what is shown but not the version.
fn tagged(answer: Answer, body: &Value, version: i32) -> Answer {
    let is_erased = body["customer"]["name"] == personal::PLACEHOLDER;
    if is_erased { answer } else { answer.version(version) }
}
