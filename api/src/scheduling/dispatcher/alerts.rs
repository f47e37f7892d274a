//! What needs the eye of the dispatcher, and what somebody has seen of it.

use std::collections::HashSet;

use axum::extract::State;
use chrono::{DateTime, Utc};
use domain::id::OrgId;
use domain::scheduling::booking::{Party, Status};
use domain::scheduling::dispatch::alert::{AlertCommand, AlertError, DispatcherAlert};
use domain::scheduling::dispatch::alerts::{self, Alert, Skipped};
use domain::scheduling::search::Obstacle;
use domain::scheduling::time_off::Scope;
use projections::customers::client_list;
use projections::scheduling::dispatch_board::{self, SOURCES, Visit};
use projections::scheduling::subscription_list::{self, SubscriptionList};
use projections::scheduling::time_off_list::{self, Block};
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::PgConnection;
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use super::day::{self, Day, MOST, People};
use super::desk;
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::extract::Parameters;
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(list_alerts), desk())
        .add(routes!(acknowledge), desk().action("alert.acknowledge"))
}

/// The board, and what is known of subscriptions.
fn sources() -> Vec<&'static str> {
    [&SOURCES[..], &[SubscriptionList::NAME]].concat()
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AlertsQuery {
    /// The day; today if left out.
    date: Option<String>,
    /// Clock of the day, as an IANA zone; that of the organisation if left out.
    tz: Option<String>,
    /// Also those that somebody has seen in the last half hour.
    include_acknowledged: Option<bool>,
}

/// What needs an eye on a day, the most urgent first
#[utoipa::path(
    get,
    path = "/v1/admin/dispatcher/alerts",
    tag = "dispatch",
    params(AlertsQuery),
    responses((status = 200, description = "Alerts; the id of one stays the same as long as it is about the same", content_type = "application/json", example = json!({
        "date": "2030-03-04", "data_version": 812, "alerts": [{
            "alert_id": "2c26b46b68ffc68f", "type": "LATE_WORKER", "severity": "warn", "action": "call_worker",
            "message": "Nobody has begun a visit that should have begun", "booking_ids": [], "worker_ids": [],
            "since": "2030-03-04T17:15:00Z", "acknowledged": false
        }]
    })))
)]
async fn list_alerts(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<AlertsQuery>,
) -> Result<Answer, Problem> {
    let org = caller.org();
    let day = Day::asked(&app, org, asked.date.as_deref(), asked.tz.as_deref()).await?;
    let reached = fresh.reach(&app, org, &sources()).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let version = day::version(&mut tx, org).await?;
    let all = found(&app, &mut tx, org, day).await?;
    let hidden = dispatch_board::hidden_alerts(&mut tx, org, app.now()).await?;
    tx.rollback().await?;
    let is_hidden = |alert: &Alert| hidden.contains(&alert.alert_id);
    let shown = all
        .iter()
        .filter(|alert| asked.include_acknowledged == Some(true) || !is_hidden(alert))
        .map(|alert| {
            let mut line = json!(alert);
            line["acknowledged"] = is_hidden(alert).into();
            line
        });
    let shown: Vec<Value> = shown.collect();
    let body = json!({ "date": day.date, "data_version": version, "alerts": shown });
    Ok(reached.mark(Answer::json(&body)?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "alert_id": "2c26b46b68ffc68f" })))]
struct AckBody {
    /// Of an alert that is there.
    alert_id: String,
    /// The day on which it is; today if left out.
    date: Option<String>,
}

/// Say that an alert was seen: it is hidden for half an hour
#[utoipa::path(
    post,
    path = "/v1/admin/dispatcher/alerts/ack",
    tag = "dispatch",
    request_body = AckBody,
    responses((status = 200, description = "Until when it is hidden", content_type = "application/json", example = json!({
        "alert_id": "2c26b46b68ffc68f", "until": "2030-03-04T17:45:00Z"
    })))
)]
async fn acknowledge(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let AckBody { alert_id, date } = request.body()?;
    let (context, org) = (request.context(&caller), caller.org());
    let day = Day::asked(&app, org, date.as_deref(), None).await?;
    fresh.reach(&app, org, &sources()).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let all = found(&app, &mut tx, org, day).await?;
    tx.rollback().await?;
    if all.iter().all(|alert| alert.alert_id != alert_id) {
        return Err(Problem::refused(&AlertError::NotFound));
    }
    let shown = |alert: &DispatcherAlert| json!({ "alert_id": alert_id, "until": alert.until() });
    let command = AlertCommand::Acknowledge { now: app.now() };
    let done = app.bus.execute(&context, &alert_id, command, shown).await;
    Ok(Answer::done(&done?))
}

/// Everything that needs an eye on a day.
pub(crate) async fn found(
    app: &App,
    db: &mut PgConnection,
    org: OrgId,
    day: Day,
) -> Result<Vec<Alert>, Problem> {
    let mut visits = dispatch_board::day(&mut *db, &app.keys, org, (day.span, None), MOST).await?;
    let off = dispatch_board::called_off(&mut *db, org, day.span, MOST).await?;
    let is_new = |one: &Visit| visits.iter().all(|visit| visit.booking_id != one.booking_id);
    let of_other_days: Vec<Visit> = off.into_iter().filter(is_new).collect();
    visits.extend(of_other_days);
    let people = People::load(&mut *db, org).await?;
    let teams: Vec<Uuid> = people.teams.iter().map(|row| row.team.team_id.as_uuid()).collect();
    let workers: Vec<Uuid> = people.workers.iter().map(|row| row.worker_id).collect();
    let blocks = time_off_list::touching(db, org, (&teams, &workers), day.span).await?;
    let off: Vec<(Obstacle, Option<Uuid>)> = blocks.iter().map(whose).collect();
    let standing = visits.iter().filter(|visit| visit.archived_at.is_none());
    let clients: Vec<Uuid> = visits.iter().filter_map(|visit| visit.client_id).collect();
    let blocked = client_list::blocked(&mut *db, org, &clients).await?;
    let visits: Vec<alerts::Visit> = standing.filter_map(|visit| seen(visit, &blocked)).collect();
    let workers = people.workers.len();
    let turned_out = (day.date, day.span.starts_at, day.span.ends_at);
    let zone = app.settings.of(app, org).await?.zone;
    let skipped = subscription_list::skipped(db, org, turned_out, zone.name(), MOST).await?;
    let skipped: Vec<Skipped> = skipped.into_iter().map(unmade).collect();
    Ok(alerts::alerts(&alerts::Day {
        span: day.span,
        visits: &visits,
        off: &off,
        skipped: &skipped,
        workers,
        now: app.now(),
    }))
}

fn unmade(visit: subscription_list::Visit) -> Skipped {
    Skipped {
        subscription: visit.subscription_id,
        date: visit.date,
        reason: visit.reason.unwrap_or_else(|| "nobody said why".to_owned()),
        at: visit.at,
    }
}

fn whose(block: &Block) -> (Obstacle, Option<Uuid>) {
    let whose = match block.terms.scope {
        Scope::Org => None,
        Scope::Team(team) => Some(team.as_uuid()),
        Scope::Worker(worker) => Some(worker.as_uuid()),
    };
    (block.obstacle(), whose)
}

fn seen(visit: &Visit, blocked: &HashSet<Uuid>) -> Option<alerts::Visit> {
    let by = visit.cancelled_by.as_deref().and_then(|by| by.parse::<Party>().ok());
    let cancelled: Option<(DateTime<Utc>, Party)> = visit.cancelled_at.zip(by);
    Some(alerts::Visit {
        booking: visit.booking_id,
        status: visit.status.parse::<Status>().ok()?,
        window: visit.window(),
        team: visit.team_id,
        crew: visit.crew.clone(),
        cancelled,
        is_blocked: visit.client_id.is_some_and(|client| blocked.contains(&client)),
    })
}
