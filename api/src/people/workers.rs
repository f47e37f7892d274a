//! Workers: hired, found, changed, archived, given a password for the portal.

use axum::extract::State;
use chrono::TimeDelta;
use commands::{Beside, CommandError, Context, Done};
use domain::access::Permission;
use domain::billing::plan::Counted;
use domain::id::{OrgId, WorkerId};
use domain::people::worker::{
    Changes, Details, Opening, Profile, TeamNumber, Worker, WorkerCommand, WorkerError,
};
use domain::personal::PLACEHOLDER;
use projections::people::worker_list::{self, PAGE, Row};
use projections::tenant;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::files::average;
use super::filter::{ListQuery, READS};
use super::team_ref::TeamRef;
use crate::answer::Answer;
use crate::billing::{hold_workers, over_limit};
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::cursor;
use crate::extract::{Parameters, Path, limit};
use crate::freshness::Freshness;
use crate::identity::temporary_password;
use crate::problem::Problem;
use crate::route::{Key, Routes, staff};
use crate::state::{App, AppState};

/// Whoever sends workers out takes care of them.
const DISPATCH: &[Permission] = &[Permission::BookingsAssign];

/// How long a password for one use works.
const TEMPORARY: TimeDelta = TimeDelta::hours(72);

pub(super) fn routes() -> Routes {
    let dispatch = staff(DISPATCH);
    Routes::default()
        .add(routes!(list_workers), dispatch)
        .add(routes!(hire_worker), dispatch.action("worker.create"))
        .add(routes!(worker), dispatch)
        .add(routes!(change_worker), dispatch.action("worker.update"))
        .add(routes!(archive_worker), dispatch.action("worker.archive"))
        .add(routes!(unarchive_worker), dispatch.action("worker.unarchive"))
        .add(
            routes!(reset_worker_password),
            dispatch.action("worker.password_reset").key(Key::Required),
        )
}

/// Workers, newest first
#[utoipa::path(
    get,
    path = "/v1/admin/workers",
    tag = "people",
    params(ListQuery),
    responses((status = 200, description = "One page", content_type = "application/json", example = json!({
        "items": [{ "worker_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "name": "Dana Sample", "team_id": 1, "is_active": true }],
        "next_cursor": null
    })))
)]
async fn list_workers(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<ListQuery>,
) -> Result<Answer, Problem> {
    let (limit, after) = (limit(asked.limit, PAGE)?, cursor::asked(asked.cursor.as_deref())?);
    let reached = fresh.reach(&app, caller.org(), &READS).await?;
    let filter = asked.filter(&app, caller.org()).await?;
    let mut tx = tenant::begin(&app.reads, caller.org()).await?;
    let rows = worker_list::page(&mut tx, caller.org(), &filter, after, limit).await?;
    let last = cursor::last_of_full(&rows, limit);
    let next = last.map(|row| cursor::shown(row.hired_at, row.worker_id));
    let usual = usual_rate(&app, caller.org()).await?;
    let items: Vec<Value> = rows.iter().map(|row| line(row, usual)).collect();
    Ok(reached.mark(Answer::json(&json!({ "items": items, "next_cursor": next }))?))
}

/// What an hour costs of somebody of whom nobody said otherwise, in cents.
pub(super) async fn usual_rate(app: &App, org: OrgId) -> Result<i64, Problem> {
    Ok(app.prices.of(app, org).await?.book.policies.workers.hourly_rate_cents)
}

/// A worker as lists show them.
pub(super) fn line(row: &Row, usual_rate_cents: i64) -> Value {
    let mut line = json!(row);
    line["hourly_rate_cents"] = row.own_rate_cents.unwrap_or(usual_rate_cents).into();
    line["is_active"] = row.archived_at.is_none().into();
    line["rating_avg"] = average(row.rating_sum, row.rating_count.into()).into();
    line
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "name": "Dana Sample", "phone": "780-555-0199", "team_id": 1 })))]
struct NewWorker {
    /// 1 to 120 characters.
    name: String,
    /// What they sign in with; nobody else's in the organisation.
    phone: String,
    email: Option<String>,
    /// Number or id of their team; number 1 if left out.
    team_id: Option<TeamRef>,
    /// Up to 60 characters.
    role: Option<String>,
    /// Up to 30 words like `window_cleaning`.
    skills: Option<Vec<String>>,
    /// What an hour costs from today on, 0 to 100000; what the policies say if left out.
    hourly_rate_cents: Option<i64>,
}

/// Hire somebody
#[utoipa::path(
    post,
    path = "/v1/admin/workers",
    tag = "people",
    request_body = NewWorker,
    responses(
        (status = 201, description = "The worker, who has no password yet", content_type = "application/json"),
        (status = 402, description = "`plan.worker_limit`"),
        (status = 409, description = "`worker.phone_taken`")
    )
)]
async fn hire_worker(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let NewWorker { name, phone, email, team_id, role, skills, hourly_rate_cents } =
        request.body()?;
    let profile = Profile::parse(&name, &phone, email.as_deref())?;
    let team = match team_id {
        Some(team) => team.to_join(&app, caller.org()).await?,
        None => TeamNumber::FIRST,
    };
    let mut context = request.context(&caller);
    context.beside.push(hold_workers(&app, caller.org()).await?);
    // The same for a repetition, which must be told of the same worker.
    let worker_id = WorkerId::from(context.request.derived_id("worker"));
    let rate = match hourly_rate_cents {
        Some(cents) => Some((cents, app.today(caller.org()).await?)),
        None => None,
    };
    let opening = Opening { role, skills, rate };
    let command = WorkerCommand::Hire { worker_id, profile, team, opening, now: app.now() };
    let done = change(&app, &context, worker_id, command).await?;
    Ok(Answer::done(&done).created())
}

/// One worker
#[utoipa::path(
    get,
    path = "/v1/admin/workers/{worker_id}",
    tag = "people",
    params(("worker_id" = Uuid, Path)),
    responses((status = 200, description = "The worker; `ETag` is its version", content_type = "application/json"))
)]
async fn worker(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<WorkerId>,
) -> Result<Answer, Problem> {
    let found = app.bus.load::<Worker>(caller.org(), &id.to_string()).await?;
    let details = found.state.details();
    let details = details.ok_or_else(|| Problem::refused(&WorkerError::NotFound))?;
    let answer = Answer::json(&shown(details))?;
    // Erasing a person changes what is shown but not the version.
    let readable = details.profile.open().is_some();
    Ok(if readable { answer.version(found.version) } else { answer })
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "team_id": 2 })))]
struct ChangedWorker {
    name: Option<String>,
    phone: Option<String>,
    /// Empty removes it.
    email: Option<String>,
    /// Number or id; another team ends every session of the worker.
    team_id: Option<TeamRef>,
}

/// Change a worker; what is left out stays
#[utoipa::path(
    patch,
    path = "/v1/admin/workers/{worker_id}",
    tag = "people",
    params(("worker_id" = Uuid, Path)),
    request_body = ChangedWorker,
    responses(
        (status = 200, description = "The worker", content_type = "application/json"),
        (status = 400, description = "`worker.nothing_supplied`"),
        (status = 409, description = "`worker.phone_taken`")
    )
)]
async fn change_worker(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<WorkerId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let ChangedWorker { name, phone, email, team_id } = request.body()?;
    let changes = Changes::parse(name.as_deref(), phone.as_deref(), email.as_deref())?;
    let team = match team_id {
        Some(team) => Some(team.to_join(&app, caller.org()).await?),
        None => None,
    };
    let command = WorkerCommand::Change { changes, team, now: app.now() };
    Ok(Answer::done(&change(&app, &request.context(&caller), id, command).await?))
}

/// Send a worker out no more, and end every session of theirs
#[utoipa::path(
    post,
    path = "/v1/admin/workers/{worker_id}/archive",
    tag = "people",
    params(("worker_id" = Uuid, Path)),
    responses((status = 200, description = "The worker", content_type = "application/json"))
)]
async fn archive_worker(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<WorkerId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let command = WorkerCommand::Archive { now: app.now() };
    Ok(Answer::done(&change(&app, &request.context(&caller), id, command).await?))
}

/// Send a worker out again; they need a new password
#[utoipa::path(
    post,
    path = "/v1/admin/workers/{worker_id}/unarchive",
    tag = "people",
    params(("worker_id" = Uuid, Path)),
    responses(
        (status = 200, description = "The worker", content_type = "application/json"),
        (status = 402, description = "`plan.worker_limit`")
    )
)]
async fn unarchive_worker(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<WorkerId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let command = WorkerCommand::Reinstate { now: app.now() };
    let mut context = request.context(&caller);
    context.beside.push(hold_workers(&app, caller.org()).await?);
    Ok(Answer::done(&change(&app, &context, id, command).await?))
}

/// Make a password for one use, and end every session of the worker
#[utoipa::path(
    post,
    path = "/v1/admin/workers/{worker_id}/reset-password",
    tag = "people",
    params(("worker_id" = Uuid, Path)),
    responses(
        (status = 200, description = "The worker, and `temp_password`, shown once", content_type = "application/json"),
        (status = 409, description = "`worker.archived`")
    )
)]
async fn reset_worker_password(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<WorkerId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let password = temporary_password();
    let hash = app.hashing.hash(password.clone().into()).await?;
    let expires_at = app.now() + TEMPORARY;
    let mut context = request.context(&caller);
    context.beside.push(Beside(json!({
        "do": "portal.put_password", "worker_id": id, "password_hash": hash, "temporary_until": expires_at,
    })));
    let command = WorkerCommand::IssuePassword { expires_at };
    let mut done = change(&app, &context, id, command).await?;
    // Told whoever asked first, and nobody after.
    if !done.replayed {
        done.answer["temp_password"] = password.into();
    }
    Ok(Answer::done(&done))
}

/// Carries out a command on a worker; the answer is the worker.
pub(super) async fn change(
    app: &App,
    context: &Context,
    id: WorkerId,
    command: WorkerCommand,
) -> Result<Done, Problem> {
    let answer = |worker: &Worker| worker.details().map_or(Value::Null, shown);
    let done = match command {
        hire @ WorkerCommand::Hire { .. } => {
            app.bus.create(context, &id.to_string(), hire, answer).await
        }
        other => app.bus.execute(context, &id.to_string(), other, answer).await,
    };
    done.map_err(|error| match error {
        // Of what stands beside the events of a worker, only the phone is unique.
        CommandError::RolledBack { code } if code == "23505" => {
            Problem::refused(&WorkerError::PhoneTaken)
        }
        other => over_limit(other, Counted::Workers),
    })
}

fn shown(worker: &Details) -> Value {
    let profile = worker.profile.open();
    json!({
        "worker_id": worker.worker_id,
        "name": profile.map_or(PLACEHOLDER, |profile| &profile.name),
        "phone": profile.map_or(PLACEHOLDER, |profile| &profile.phone),
        "email": profile.and_then(|profile| profile.email.as_deref()),
        "team_id": worker.team,
        "role": worker.file.role,
        "skills": worker.file.skills,
        "is_active": worker.archived_at.is_none(),
        "hired_at": worker.hired_at,
        "archived_at": worker.archived_at,
    })
}
