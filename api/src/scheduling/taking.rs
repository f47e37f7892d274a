//! Taking time off, and not taking it after all, whatever it is called.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono_tz::Tz;
use commands::{Context, Done};
use domain::id::{OrgId, WorkerId};
use domain::people::worker::{Worker, WorkerError};
use domain::scheduling::team::{Team, TeamError};
use domain::scheduling::time_off::{Scope, Terms, TimeOff, TimeOffCommand};
use domain::scheduling::window::Window;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{clashes, instants};
use crate::answer::Answer;
use crate::problem::Problem;
use crate::state::App;

/// A block as it is listed.
pub(super) fn shown(id: Uuid, terms: &Terms) -> Value {
    let (scope, scope_id, team) = match terms.scope {
        Scope::Org => ("org", None, None),
        Scope::Team(team) => ("team", Some(team.as_uuid()), Some(team.as_uuid())),
        Scope::Worker(worker) => ("worker", Some(worker.as_uuid()), None),
    };
    json!({
        "id": id,
        "block_id": id,
        "scope_type": scope,
        "scope_id": scope_id,
        "team_id": team,
        "block_type": terms.purpose,
        "starts_at": terms.window.starts_at,
        "ends_at": terms.window.ends_at,
        "reason": terms.reason,
    })
}

pub(super) async fn declare(
    app: &App,
    context: &Context,
    terms: Terms,
    shown: fn(Uuid, &Terms) -> Value,
) -> Result<Answer, Problem> {
    // The same for a repetition, which must be told of the same block.
    let id = context.request.derived_id("time_off");
    let command = TimeOffCommand::Declare { terms, now: app.now() };
    Ok(run(app, context, (id, shown), command).await?.created())
}

pub(super) async fn cancel(app: &App, context: &Context, id: Uuid) -> Result<Response, Problem> {
    run(app, context, (id, shown), TimeOffCommand::Cancel { now: app.now() }).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Carries out a command on time off; the answer is the block with the visits that clash with it.
pub(super) async fn run(
    app: &App,
    context: &Context,
    (id, shown): (Uuid, fn(Uuid, &Terms) -> Value),
    command: TimeOffCommand,
) -> Result<Answer, Problem> {
    let taken = |block: &TimeOff| match block {
        TimeOff::Taken(terms) => Some(terms.clone()),
        TimeOff::Absent | TimeOff::Cancelled => None,
    };
    let done = app.bus.execute_telling(context, &id.to_string(), command, taken).await?;
    let Done { position, version, aggregate_id, answer: terms, replayed } = done;
    let mut line = Value::Null;
    if let Some(terms) = &terms {
        line = shown(id, terms);
        clashes::after(app, context.org, terms, &mut line).await;
    }
    Ok(Answer::done(&Done { position, version, aggregate_id, answer: line, replayed }))
}

/// An end that is no later than the beginning is refused by the block itself, in the words that callers know.
pub(super) fn window(starts_at: &str, ends_at: &str, zone: Tz) -> Result<Window, Problem> {
    let starts_at = instants::read("starts_at", starts_at, zone)?;
    let ends_at = instants::read("ends_at", ends_at, zone)?;
    Ok(Window { starts_at, ends_at })
}

/// Whose time, if there is such a team or worker.
pub(super) async fn scope(
    app: &App,
    org: OrgId,
    sort: &str,
    id: Option<Uuid>,
) -> Result<Scope, Problem> {
    match (sort, id) {
        ("org", None) => Ok(Scope::Org),
        ("org", Some(_)) => Err(Problem::field("scope_id", "org_scope_disallows_scope_id")),
        ("team" | "worker", None) => Err(Problem::field("scope_id", "scope_id_required")),
        ("team", Some(id)) => {
            let found = app.bus.load::<Team>(org, &id.to_string()).await?;
            match found.state.details() {
                Some(_) => Ok(Scope::Team(id.into())),
                None => Err(Problem::refused(&TeamError::NotFound)),
            }
        }
        ("worker", Some(id)) => {
            let found = app.bus.load::<Worker>(org, &WorkerId::from(id).to_string()).await?;
            match found.state.details() {
                Some(_) => Ok(Scope::Worker(id.into())),
                None => Err(Problem::refused(&WorkerError::NotFound)),
            }
        }
        _ => Err(Problem::field("scope_type", "Input should be org, team or worker")),
    }
}
