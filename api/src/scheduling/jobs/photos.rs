//! Photos of a visit, as whoever is there takes them.

use axum::extract::State;
use axum::http::StatusCode;
use domain::id::{BookingId, PhotoId};
use domain::scheduling::photos::{DeletionCause, PhotoCommand, PhotoError, PhotoSet};
use serde_json::Value;
use utoipa_axum::routes;

use super::super::photos::{links, listed, taking};
use super::{at_work, job, me};
use crate::answer::Answer;
use crate::command::{CommandRequest, FileRequest};
use crate::extract::Path;
use crate::identity::PortalCaller;
use crate::problem::Problem;
use crate::request::This;
use crate::route::Routes;
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(upload_job_photo), at_work().action("photo.upload").takes_file())
        .add(routes!(job_photos), at_work())
        .add(routes!(job_photo_link), at_work())
        .add(routes!(delete_job_photo), at_work().action("photo.delete"))
}

/// Take in a photo of a visit that one goes to; only while the customer agrees
#[utoipa::path(
    post,
    path = "/worker/jobs/{job_id}/photos",
    tag = "portal",
    params(("job_id" = Uuid, Path)),
    request_body(content = taking::PhotoForm, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "The photo", content_type = "application/json"),
        (status = 400, description = "`photo.type`: the file is no JPEG, PNG or WebP image"),
        (status = 402, description = "`plan.storage_limit`"),
        (status = 403, description = "`photo.consent_required`"),
        (status = 503, description = "`storage_unavailable`")
    )
)]
async fn upload_job_photo(
    State(app): State<AppState>,
    caller: PortalCaller,
    Path(id): Path<BookingId>,
    request: FileRequest,
) -> Result<Answer, Problem> {
    job(&app, &caller, id).await?;
    let taker = taking::Taker {
        org: caller.org,
        actor: caller.actor(),
        worker: me(&caller),
        may_override: false,
    };
    taking::take_in(&app, taker, id, request).await
}

/// Photos of a visit that one goes to, in the order in which they came; 200 at most
#[utoipa::path(
    get,
    path = "/worker/jobs/{job_id}/photos",
    tag = "portal",
    params(("job_id" = Uuid, Path)),
    responses((status = 200, description = "All that can be seen", content_type = "application/json"))
)]
async fn job_photos(
    State(app): State<AppState>,
    caller: PortalCaller,
    Path(id): Path<BookingId>,
) -> Result<Answer, Problem> {
    job(&app, &caller, id).await?;
    Answer::json(&listed(&app, caller.org, id).await?)
}

/// A link to a photo, for the browser that asks
#[utoipa::path(
    get,
    path = "/worker/jobs/{job_id}/photos/{photo_id}/signed_url",
    tag = "portal",
    params(("job_id" = Uuid, Path), ("photo_id" = Uuid, Path)),
    responses((status = 200, description = "The link, and how long it works", content_type = "application/json"))
)]
async fn job_photo_link(
    State(app): State<AppState>,
    This(info): This,
    caller: PortalCaller,
    Path((id, photo)): Path<(BookingId, PhotoId)>,
) -> Result<Answer, Problem> {
    job(&app, &caller, id).await?;
    links::link(&app, &info, (caller.org, id, photo), false).await
}

/// Delete a photo that one took
#[utoipa::path(
    delete,
    path = "/worker/jobs/{job_id}/photos/{photo_id}",
    tag = "portal",
    params(("job_id" = Uuid, Path), ("photo_id" = Uuid, Path)),
    responses(
        (status = 204, description = "Deleted"),
        (status = 403, description = "`photo.not_yours`")
    )
)]
async fn delete_job_photo(
    State(app): State<AppState>,
    caller: PortalCaller,
    Path((id, photo_id)): Path<(BookingId, PhotoId)>,
    request: CommandRequest,
) -> Result<StatusCode, Problem> {
    job(&app, &caller, id).await?;
    // Nobody in particular took nothing in particular.
    let worker = me(&caller).ok_or_else(|| Problem::refused(&PhotoError::NotYours))?;
    let (by, cause, now) = (worker.to_string(), DeletionCause::Asked, app.now());
    let command = PhotoCommand::Delete { photo_id, cause, worker: Some(worker), by, now };
    let (context, nothing) = (caller.context(&request), |_: &PhotoSet| Value::Null);
    app.bus.execute(&context, &id.to_string(), command, nothing).await?;
    Ok(StatusCode::NO_CONTENT)
}
