//! A proposal for visits that nobody is to make yet, and carrying out one line of it.

use axum::extract::State;
use chrono::{Days, NaiveDate};
use domain::access::Permission;
use domain::id::{BookingId, TeamId, WorkerId};
use domain::scheduling::booking::{Booking, BookingError};
use domain::scheduling::dispatch::plan::{PlanError, ProposalId};
use domain::scheduling::dispatch::suggest;
use domain::scheduling::window::Window;
use domain::settings::feature::Feature;
use projections::scheduling::booking_list;
use projections::scheduling::dispatch_board::SOURCES;
use projections::tenant;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use super::bookings::{self, Placing};
use super::dispatcher::{Free, free_workers, ranked};
use super::{DISPATCH, instants};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::extract::{Parameters, limit};
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::AppState;

const VIEW: &[Permission] = &[Permission::BookingsView];

/// Each takes a few questions to the database.
const MOST: i64 = 20;

/// Named with each.
const CANDIDATES: usize = 5;

/// Longest plan, in days.
const LONGEST: i64 = 31;

pub(super) fn routes() -> Routes {
    let apply = staff(DISPATCH).feature(Feature::ScheduleOptimization);
    Routes::default()
        .add(routes!(optimization), staff(VIEW).feature(Feature::ScheduleOptimizationAi))
        .add(routes!(apply_optimization), apply.action("optimization.apply"))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PlanQuery {
    /// First day, on the clock of the organisation; today if left out.
    from: Option<NaiveDate>,
    /// Last day, at most 31 days on; a week on if left out.
    to: Option<NaiveDate>,
    /// 1 to 20, else 20.
    #[param(minimum = 1, maximum = 20)]
    limit: Option<i64>,
}

/// Who should make the visits that nobody is to make yet
///
/// The earliest visit chooses first, and nobody is proposed for two at once. The same facts make the same proposal.
#[utoipa::path(
    get,
    path = "/v1/admin/schedule/optimization",
    tag = "scheduling",
    params(PlanQuery),
    responses((status = 200, description = "A line for each visit; `recommended_worker_id` is null where nobody is free", content_type = "application/json", example = json!({
        "from_date": "2030-03-04", "to_date": "2030-03-11", "suggestions": []
    })))
)]
async fn optimization(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<PlanQuery>,
) -> Result<Answer, Problem> {
    let (org, most) = (caller.org(), limit(Some(asked.limit.unwrap_or(MOST)), MOST)?);
    let zone = app.settings.of(&app, org).await?.zone;
    let today = app.now().with_timezone(&zone).date_naive();
    let from = asked.from.unwrap_or(today);
    let to = asked.to.or_else(|| from.checked_add_days(Days::new(7))).unwrap_or(from);
    let mut span = instants::days(from, to, zone)?;
    if (to - from).num_days() >= LONGEST {
        return Err(Problem::field("to", "Input should be at most 31 days after from"));
    }
    span.starts_at = span.starts_at.max(app.now());
    let reached = fresh.reach(&app, org, &SOURCES).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let visits = booking_list::unassigned(&mut tx, org, span, None, most).await?;
    tx.rollback().await?;
    let mut lines = Vec::with_capacity(visits.len());
    let mut given: Vec<(Uuid, Window)> = Vec::new();
    for visit in &visits {
        let id = BookingId::from(visit.booking_id);
        let loaded = app.bus.load::<Booking>(org, &id.to_string()).await?;
        let window = Window { starts_at: visit.starts_at, ends_at: visit.ends_at };
        let wish = Free { window, team: Some(visit.team_id), own: Some(id), place: None, zone };
        let mut found = free_workers(&app, org, &wish).await?;
        found.candidates.retain(|one| {
            given.iter().all(|(worker, taken)| *worker != one.worker || !taken.overlaps(window))
        });
        let best = suggest::rank(found.candidates.clone()).into_iter().next();
        given.extend(best.iter().map(|best| (best.candidate.worker, window)));
        let proposal = ProposalId { booking: id, version: loaded.version };
        lines.push(json!({
            "suggestion_id": proposal.to_string(),
            "type": "assign_worker",
            "booking_id": id,
            "team_id": visit.team_id,
            "starts_at": visit.starts_at,
            "ends_at": visit.ends_at,
            "recommended_worker_id": best.as_ref().map(|best| best.candidate.worker),
            "candidates": ranked(&app, org, &found, CANDIDATES).await?,
            "reasons": best.as_ref().map_or_else(|| json!(["no_candidate_workers"]), |best| json!(best.reasons)),
        }));
    }
    let body = json!({ "from_date": from, "to_date": to, "suggestions": lines });
    Ok(reached.mark(Answer::json(&body)?))
}

#[derive(Deserialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the names of the interface")]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "suggestion_id": "assign-0198b0a46f0e7cc08f570d4f9a6b1c2d-4", "booking_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d" })))]
struct ApplyBody {
    /// As it was proposed.
    suggestion_id: String,
    /// The visit it is about.
    #[schema(value_type = String)]
    booking_id: BookingId,
    /// The team it was proposed for.
    #[schema(value_type = Option<String>)]
    team_id: Option<TeamId>,
    /// One of those who are free; whoever is best if left out.
    #[schema(value_type = Option<String>)]
    worker_id: Option<WorkerId>,
}

/// Carry out a line of the proposal
#[utoipa::path(
    post,
    path = "/v1/admin/schedule/optimization/apply",
    tag = "scheduling",
    request_body = ApplyBody,
    responses(
        (status = 200, description = "The booking", content_type = "application/json"),
        (status = 409, description = "`optimization.suggestion_mismatch`, `.booking_already_assigned`, `.suggestion_stale`, `.team_mismatch`, `.worker_not_in_candidates`, `.no_candidate_workers`, or `booking.conflict`")
    )
)]
async fn apply_optimization(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let body: ApplyBody = request.body()?;
    let (context, id) = (request.context(&caller), body.booking_id);
    let org = context.org;
    let loaded = app.bus.load::<Booking>(org, &id.to_string()).await?;
    let booking =
        loaded.state.details().ok_or_else(|| Problem::refused(&BookingError::NotFound))?;
    let refuse = |error: PlanError| Err(Problem::refused(&error));
    let proposal = body.suggestion_id.parse::<ProposalId>();
    let Some(proposal) = proposal.ok().filter(|proposal| proposal.booking == id) else {
        return refuse(PlanError::Mismatch);
    };
    let request = &context.request;
    if request.keyed && app.bus.lookup(org, request.command_id).await?.is_some() {
        // It was carried out before: the log knows, and tells again what came of it.
        let wanted = Placing::by(booking.placement.lead_worker);
        return bookings::place(&app, &context, id, wanted, bookings::STAFF).await;
    }
    if !booking.placement.crew.is_empty() {
        return refuse(PlanError::AlreadyAssigned);
    }
    if proposal.version != loaded.version {
        return refuse(PlanError::Stale);
    }
    if body.team_id.is_some_and(|team| team != booking.placement.team) {
        return refuse(PlanError::TeamMismatch);
    }
    fresh.reach(&app, org, &SOURCES).await?;
    let zone = app.settings.of(&app, org).await?.zone;
    let wish = Free {
        window: booking.placement.window,
        team: Some(booking.placement.team.as_uuid()),
        own: Some(id),
        place: None,
        zone,
    };
    let ranked = suggest::rank(free_workers(&app, org, &wish).await?.candidates);
    let Some(best) = ranked.first() else { return refuse(PlanError::NoCandidates) };
    let chosen = body.worker_id.unwrap_or_else(|| best.candidate.worker.into());
    if ranked.iter().all(|one| one.candidate.worker != chosen.as_uuid()) {
        return refuse(PlanError::NotACandidate);
    }
    bookings::place(&app, &context, id, Placing::by(Some(chosen)), bookings::STAFF).await
}
