//! The same done to several workers, each with an outcome of its own.

use axum::extract::State;
use domain::id::{WorkerId, WorkerNoteId};
use domain::people::worker::WorkerCommand;
use domain::people::worker::file::Entry;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::files::DISPATCH;
use super::workers::change;
use crate::answer::Answer;
use crate::billing::hold_workers;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::problem::Problem;
use crate::route::{Key, Routes, staff};
use crate::state::AppState;

/// Workers in one request at most.
const MOST: usize = 200;

pub(super) fn routes() -> Routes {
    // Each of them is a command of its own, and all of them are harmless to repeat.
    let dispatch = |action| staff(DISPATCH).action(action).key(Key::Ignored);
    Routes::default()
        .add(routes!(archive_workers), dispatch("worker.archive"))
        .add(routes!(unarchive_workers), dispatch("worker.unarchive"))
        .add(routes!(announce_to_workers), staff(DISPATCH).action("worker.announce"))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Those {
    /// 1 to 200.
    #[schema(value_type = Vec<String>)]
    worker_ids: Vec<WorkerId>,
}

fn checked(ids: Vec<WorkerId>) -> Result<Vec<WorkerId>, Problem> {
    if (1..=MOST).contains(&ids.len()) {
        Ok(ids)
    } else {
        Err(Problem::field("worker_ids", format!("Name 1 to {MOST} workers")))
    }
}

/// What became of each.
fn told(results: &[(WorkerId, Result<(), Problem>)]) -> Result<Answer, Problem> {
    let line = |(id, result): &(WorkerId, Result<(), Problem>)| match result {
        Ok(()) => json!({ "worker_id": id, "ok": true, "code": null }),
        Err(problem) => json!({ "worker_id": id, "ok": false, "code": problem.code() }),
    };
    let lines: Vec<Value> = results.iter().map(line).collect();
    let done = results.iter().filter(|(_, result)| result.is_ok()).count();
    Answer::json(&json!({ "done": done, "results": lines }))
}

/// Send workers out no more; each is taken off the visits that are to come
#[utoipa::path(
    post,
    path = "/v1/admin/workers/bulk/archive",
    tag = "people",
    request_body = Those,
    responses((status = 200, description = "What became of each", content_type = "application/json", example = json!({
        "done": 1, "results": [{ "worker_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "ok": true, "code": null }]
    })))
)]
async fn archive_workers(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let Those { worker_ids } = request.body()?;
    let mut results = Vec::new();
    for id in checked(worker_ids)? {
        let command = WorkerCommand::Archive { now: app.now() };
        let done = change(&app, &request.context(&caller), id, command).await;
        results.push((id, done.map(drop)));
    }
    told(&results)
}

/// Send workers out again, as far as the plan allows
#[utoipa::path(
    post,
    path = "/v1/admin/workers/bulk/unarchive",
    tag = "people",
    request_body = Those,
    responses((status = 200, description = "What became of each", content_type = "application/json"))
)]
async fn unarchive_workers(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let Those { worker_ids } = request.body()?;
    let mut results = Vec::new();
    for id in checked(worker_ids)? {
        let mut context = request.context(&caller);
        context.beside.push(hold_workers(&app, caller.org()).await?);
        let command = WorkerCommand::Reinstate { now: app.now() };
        results.push((id, change(&app, &context, id, command).await.map(drop)));
    }
    told(&results)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AnnounceBody {
    /// 1 to 200.
    #[schema(value_type = Vec<String>)]
    worker_ids: Vec<WorkerId>,
    /// 1 to 1000 characters.
    message: String,
}

/// Tell workers something; each reads it at their portal
#[utoipa::path(
    post,
    path = "/v1/admin/workers/bulk/announce",
    tag = "people",
    request_body = AnnounceBody,
    responses((status = 200, description = "What became of each", content_type = "application/json"))
)]
async fn announce_to_workers(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let AnnounceBody { worker_ids, message } = request.body()?;
    let all = request.context(&caller).request;
    let mut results = Vec::new();
    for id in checked(worker_ids)? {
        let mut context = request.context(&caller);
        // Told once to each, however often the request is repeated.
        let own = all.derived_id(&id.to_string());
        context.request.command_id = own.into();
        let entry = Entry::Announce { note_id: WorkerNoteId::from(own), words: message.clone() };
        let command = WorkerCommand::File { entry, by: caller.id().to_string(), now: app.now() };
        let done = change(&app, &context, id, command).await;
        // Words that cannot be used can be used for nobody.
        if let Err(problem) = &done
            && problem.status() == axum::http::StatusCode::UNPROCESSABLE_ENTITY
        {
            return Err(problem.clone());
        }
        results.push((id, done.map(drop)));
    }
    told(&results)
}
