//! `POST /v1/admin/subjects/{id}/erase`: forgets a person for ever.

use std::time::Duration;

use axum::extract::State;
use domain::access::Permission;
use domain::id::{OrgId, SubjectId};
use domain::subject::{ErasureReason, Subject, SubjectCommand};
use projections::READERS;
use projections::engine::{self, Waited};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::extract::Path;
use crate::problem::{Code, Problem};
use crate::route::{Routes, staff};
use crate::state::{App, AppState};

/// Long enough for every read model that is not stuck.
const PATIENCE: Duration = Duration::from_secs(10);

const ADMIN: &[Permission] = &[Permission::AdminManage];

pub(crate) fn routes() -> Routes {
    Routes::default().add(routes!(erase), staff(ADMIN).action("subject.erase"))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "reason": "asked" })))]
struct EraseBody {
    /// `asked` (by them), `retention` (no purpose is left), `ordered` (by an authority) or `mistake`: it stays for ever, so it is
    /// no text.
    #[schema(value_type = String)]
    reason: ErasureReason,
}

/// Destroy the key of a person: their data is gone from log, read models and history
#[utoipa::path(
    post,
    path = "/v1/admin/subjects/{subject_id}/erase",
    tag = "history",
    params(("subject_id" = Uuid, Path, description = "The person; for a lead, its id")),
    request_body = EraseBody,
    responses((status = 200, description = "Erased; `complete` says whether every read model shows it already", content_type = "application/json", example = json!({
        "subject_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "status": "erased", "complete": true
    })))
)]
async fn erase(
    State(app): State<AppState>,
    caller: Caller,
    Path(subject): Path<SubjectId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let EraseBody { reason } = request.body()?;
    must_exist(&app, caller.org(), subject).await?;
    let mut context = request.context(&caller);
    context.reason = Some(reason.to_string());
    let command = SubjectCommand::Erase { subject, reason };
    let id = subject.to_string();
    let mut done = app.bus.execute::<Subject>(&context, &id, command, |_| Value::Null).await?;
    let complete = every_reader_has(&app, caller.org(), done.position).await?;
    done.answer = json!({ "subject_id": subject, "status": "erased", "complete": complete });
    Ok(Answer::done(&done))
}

/// Somebody who was erased before existed; asking again changes nothing.
async fn must_exist(app: &App, org: OrgId, subject: SubjectId) -> Result<(), Problem> {
    if app.bus.knows(org, subject).await? {
        return Ok(());
    }
    let before = app.bus.load::<Subject>(org, &subject.to_string()).await?;
    if before.version > 0 { Ok(()) } else { Err(Problem::new(Code::NotFound)) }
}

async fn every_reader_has(app: &App, org: OrgId, position: i64) -> Result<bool, Problem> {
    let readers: Vec<&str> = READERS.iter().map(|reader| reader.name).collect();
    let deadline = Instant::now() + PATIENCE;
    let waited = engine::wait_for(&app.reads, org, &readers, position, deadline).await?;
    Ok(waited == Waited::Reached)
}
