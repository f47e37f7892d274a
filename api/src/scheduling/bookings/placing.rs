//! When a visit is and who comes: moved, given to others, checked for what stands in the way.

use axum::extract::State;
use chrono::TimeDelta;
use commands::Context;
use domain::access::Permission;
use domain::id::{BookingId, TeamId, WorkerId};
use domain::scheduling::booking::{Booking, BookingCommand, Change, Crew, Details, Party};
use domain::scheduling::team::Details as Team;
use domain::scheduling::window::Window;
use domain::settings::feature::Feature;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::super::sent::Sent;
use super::super::{DISPATCH, facts, instants};
use super::{deposit, known, shown};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::extract::{Parameters, Path};
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::{App, AppState};

const CHANGE: &[Permission] = &[Permission::BookingsEdit, Permission::BookingsAssign];

pub(super) fn routes() -> Routes {
    let dispatch = staff(DISPATCH).feature(Feature::Schedule);
    let change = staff(CHANGE).feature(Feature::Schedule);
    Routes::default()
        .add(routes!(change_booking), change.action("booking.update"))
        .add(routes!(reschedule_booking), dispatch.action("booking.reschedule"))
        .add(routes!(move_booking), dispatch.action("booking.move"))
        .add(routes!(conflicts), dispatch)
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "starts_at": "2030-03-04T13:00:00" })))]
pub(in super::super) struct Placing {
    /// With an offset, or on the clock of the organisation.
    starts_at: Option<String>,
    /// Instead of `duration_minutes`; without both the visit stays as long as it is.
    ends_at: Option<String>,
    /// 1 to 10080.
    duration_minutes: Option<u32>,
    /// Another team comes without those who were to come.
    #[schema(value_type = Option<String>)]
    team_id: Option<TeamId>,
    /// Comes alone, unless `crew` names others; `null` for nobody yet.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    worker_id: Sent<WorkerId>,
    /// Who comes beside the one who leads.
    #[schema(value_type = Option<Vec<String>>)]
    crew: Option<Vec<WorkerId>>,
    /// Why opening hours and the distance to other visits are put aside.
    force_reason: Option<String>,
}

/// Change when a visit is and who comes; what is left out stays
#[utoipa::path(
    patch,
    path = "/v1/admin/bookings/{booking_id}",
    tag = "scheduling",
    params(("booking_id" = Uuid, Path)),
    request_body = Placing,
    responses(
        (status = 200, description = "The booking", content_type = "application/json"),
        (status = 400, description = "`booking.worker_inactive` or `booking.worker_other_team`"),
        (status = 409, description = "`booking.conflict`; `conflicts` says what stands in the way")
    )
)]
async fn change_booking(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<BookingId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    place(&app, &request.context(&caller), id, request.body()?, STAFF).await
}

/// Come at another time
#[utoipa::path(
    post,
    path = "/v1/admin/bookings/{booking_id}/reschedule",
    tag = "scheduling",
    params(("booking_id" = Uuid, Path)),
    request_body = Placing,
    responses(
        (status = 200, description = "The booking", content_type = "application/json"),
        (status = 409, description = "`booking.conflict`; `conflicts` says what stands in the way")
    )
)]
async fn reschedule_booking(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<BookingId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    place(&app, &request.context(&caller), id, request.body()?, STAFF).await
}

/// Move a visit on the schedule
#[utoipa::path(
    post,
    path = "/v1/admin/schedule/{booking_id}/move",
    tag = "scheduling",
    params(("booking_id" = Uuid, Path)),
    request_body = Placing,
    responses(
        (status = 200, description = "The booking", content_type = "application/json"),
        (status = 409, description = "`booking.conflict`; `conflicts` says what stands in the way")
    )
)]
async fn move_booking(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<BookingId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    place(&app, &request.context(&caller), id, request.body()?, STAFF).await
}

/// Who wants it, and how they are told what became of it.
pub(in super::super) type By = (Party, fn(&Booking) -> Value);

pub(in super::super) const STAFF: By = (Party::Staff, shown);

pub(in super::super) async fn place(
    app: &App,
    context: &Context,
    id: BookingId,
    wanted: Placing,
    (by, told): By,
) -> Result<Answer, Problem> {
    let booking = known(app, context.org, id).await?;
    let zone = app.settings.of(app, context.org).await?.zone;
    let window = wanted.window(&booking, zone)?;
    let before = &booking.placement;
    let changes_team = wanted.team_id.is_some_and(|team| team != before.team);
    let moves = window.is_some_and(|window| window != before.window);
    let team = facts::team(app, context.org, wanted.team_id.unwrap_or(before.team)).await?;
    let crew = wanted.crew(app, context, &booking, &team).await?;
    // Who is to come anew must be free; if the visit moves, so must those who come anyway.
    let workers: Vec<WorkerId> = match &crew {
        Some(crew) => crew.members.iter().map(|member| member.worker).collect(),
        None if changes_team => Vec::new(),
        None => before.crew.clone(),
    };
    let planned = window.unwrap_or(before.window);
    let wish = facts::Wish {
        team: (moves || changes_team).then_some(&team),
        workers: if moves || crew.is_some() { &workers } else { &[] },
        window: planned,
        zone,
    };
    let obstacles = facts::obstacles(&app.reads, context.org, wish).await?;
    let holds = app.prices.of(app, context.org).await?;
    let mut context = context.clone();
    if (moves || changes_team) && wanted.force_reason.is_none() {
        let (policy, starts_at) = (&holds.book.policies.scheduling, planned.starts_at);
        context.beside.extend(facts::hold_day(policy, team.team_id, starts_at, zone));
    }
    let policy = &holds.book.policies.scheduling;
    let buffer = facts::distance(policy, wanted.force_reason.as_deref());
    let command = BookingCommand::Place(Box::new(Change {
        window,
        team: wanted.team_id,
        crew,
        obstacles,
        by,
        forced: wanted.force_reason,
        policies: holds.book.policies.clone(),
        decided_by: holds.prices.name(),
        unpayable: deposit::unpayable(app),
        now: app.now(),
    }));
    let fate = app.bus.execute(&context, &id.to_string(), command, told).await;
    let (team, window) = (team.team_id, planned);
    let wish = facts::Wanted { team, workers: &workers, window, buffer };
    Ok(Answer::done(&facts::decided(app, context.org, fate, (wish, Some(id)), by).await?))
}

impl Placing {
    /// At another time, whoever comes.
    pub(super) fn at(starts_at: String, duration_minutes: Option<u32>) -> Self {
        Self { starts_at: Some(starts_at), duration_minutes, ..Self::default() }
    }

    /// By somebody else, or by nobody yet.
    pub(in super::super) fn by(worker: Option<WorkerId>) -> Self {
        Self { worker_id: worker.map_or(Sent::Null, Sent::Value), ..Self::default() }
    }

    /// By another team.
    pub(in super::super) fn of_team(team: TeamId) -> Self {
        Self { team_id: Some(team), ..Self::default() }
    }

    /// From one instant to another.
    pub(in super::super) fn between(
        starts_at: String,
        ends_at: Option<String>,
        force_reason: Option<String>,
    ) -> Self {
        Self { starts_at: Some(starts_at), ends_at, force_reason, ..Self::default() }
    }

    /// When it shall be, if that is to change.
    fn window(&self, booking: &Details, zone: chrono_tz::Tz) -> Result<Option<Window>, Problem> {
        let before = booking.placement.window;
        let starts_at = match &self.starts_at {
            Some(text) => instants::read("starts_at", text, zone)?,
            None if self.ends_at.is_none() && self.duration_minutes.is_none() => return Ok(None),
            None => before.starts_at,
        };
        match (&self.ends_at, self.duration_minutes) {
            (Some(_), Some(_)) => {
                Err(Problem::field("duration_minutes", "Not together with ends_at"))
            }
            (Some(text), None) => {
                let ends_at = instants::read("ends_at", text, zone)?;
                instants::span(starts_at, ends_at).map(Some)
            }
            (None, minutes) => {
                let minutes = minutes.unwrap_or_else(|| before.minutes());
                instants::visit(starts_at, minutes).map(Some)
            }
        }
    }

    /// Who shall come, if that is to change.
    async fn crew(
        &self,
        app: &App,
        context: &Context,
        booking: &Details,
        team: &Team,
    ) -> Result<Option<Crew>, Problem> {
        if self.worker_id.is_left_out() && self.crew.is_none() {
            return Ok(None);
        }
        let lead = self.worker_id.over(booking.placement.lead_worker);
        let others = self.crew.clone().unwrap_or_default();
        facts::crew(app, context.org, team, (lead, &others)).await.map(Some)
    }
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ConflictsQuery {
    /// With an offset, or on the clock of the organisation; now if left out.
    starts_at: Option<String>,
    /// First instant after it; two hours later if left out.
    ends_at: Option<String>,
    /// Who would come.
    #[param(value_type = Option<String>)]
    team_id: Option<TeamId>,
    /// Who of them.
    #[param(value_type = Option<String>)]
    worker_id: Option<WorkerId>,
    /// A visit that is there already and would be moved; its team would come if none is named.
    #[param(value_type = Option<String>)]
    booking_id: Option<BookingId>,
}

/// What stands in the way of a visit
#[utoipa::path(
    get,
    path = "/v1/admin/schedule/conflicts",
    tag = "scheduling",
    params(ConflictsQuery),
    responses((status = 200, description = "Everything that does", content_type = "application/json", example = json!({
        "has_conflict": false, "conflicts": []
    })))
)]
async fn conflicts(
    State(app): State<AppState>,
    caller: Caller,
    Parameters(asked): Parameters<ConflictsQuery>,
) -> Result<Answer, Problem> {
    let org = caller.org();
    let zone = app.settings.of(&app, org).await?.zone;
    let at = |field: &str, text: Option<&str>, otherwise| {
        text.map_or(Ok(otherwise), |text| instants::read(field, text, zone))
    };
    let starts_at = at("starts_at", asked.starts_at.as_deref(), app.now())?;
    let two_hours = starts_at + TimeDelta::hours(2);
    let window = instants::span(starts_at, at("ends_at", asked.ends_at.as_deref(), two_hours)?)?;
    let own = match asked.booking_id {
        Some(booking) => Some(known(&app, org, booking).await?.placement.team),
        None => None,
    };
    let team = match asked.team_id.or(own) {
        Some(team) => Some(facts::team(&app, org, team).await?),
        None => None,
    };
    let workers: Vec<WorkerId> = asked.worker_id.into_iter().collect();
    facts::must_exist(&app, org, &workers).await?;
    let buffer = app.prices.of(&app, org).await?.book.policies.scheduling.buffer_minutes;
    let buffer = TimeDelta::minutes(buffer.into());
    let wish = facts::Wish { team: team.as_ref(), workers: &workers, window, zone };
    let mut found = facts::obstacles(&app.reads, org, wish).await?;
    found.retain(|one| one.hinders(window, buffer));
    let whose = (team.map(|team| team.team_id), &workers[..]);
    found.extend(facts::visits(&app, org, whose, (window, buffer), asked.booking_id).await?);
    Answer::json(&json!({ "has_conflict": !found.is_empty(), "conflicts": found }))
}
