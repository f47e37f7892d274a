//! Photos as the office has them: listed, looked at, deleted.

use axum::extract::State;
use axum::http::StatusCode;
use domain::id::{BookingId, PhotoId};
use domain::scheduling::photos::{DeletionCause, PhotoCommand, PhotoSet, ReviewStatus};
use projections::scheduling::photo_list::{self, PAGE, PhotoList, Waiting};
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{QUALITY, WORK, known, listed, scheduling, set, shown, told};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::cursor::{self, continued};
use crate::extract::{Parameters, Path, limit};
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(order_photos), scheduling(WORK))
        .add(routes!(gallery), staff(QUALITY))
        .add(routes!(review_photo), staff(QUALITY).action("photo.review"))
        .add(routes!(delete_photo), staff(QUALITY).action("photo.delete"))
        .add(routes!(photo_queue), staff(WORK))
}

/// Photos of a visit, in the order in which they came; 200 at most
#[utoipa::path(
    get,
    path = "/v1/orders/{order_id}/photos",
    tag = "work",
    params(("order_id" = Uuid, Path)),
    responses((status = 200, description = "All that can be seen", content_type = "application/json"))
)]
async fn order_photos(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<BookingId>,
) -> Result<Answer, Problem> {
    known(&app, caller.org(), id).await?;
    Answer::json(&listed(&app, caller.org(), id).await?)
}

/// Photos of a visit with what is left of those that were deleted; 200 at most
#[utoipa::path(
    get,
    path = "/v1/admin/orders/{order_id}/photos",
    tag = "work",
    params(("order_id" = Uuid, Path)),
    responses((status = 200, description = "All of them; one with `deleted_at` cannot be seen any more, and `file_purged_at` says since when its file is gone", content_type = "application/json"))
)]
async fn gallery(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<BookingId>,
) -> Result<Answer, Problem> {
    known(&app, caller.org(), id).await?;
    let set = set(&app, caller.org(), id).await?;
    Answer::json(&set.photos.iter().map(shown).collect::<Vec<Value>>())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "review_status": "REJECTED", "comment": "Too dark", "needs_retake": true })))]
struct PhotoReviewBody {
    /// `PENDING`, `APPROVED` or `REJECTED`.
    #[schema(value_type = String)]
    review_status: ReviewStatus,
    /// Up to 500 characters.
    comment: Option<String>,
    /// Whether another one is wanted.
    #[serde(default)]
    needs_retake: bool,
}

/// Say what one thinks of a photo
#[utoipa::path(
    post,
    path = "/v1/orders/{order_id}/photos/{photo_id}/review",
    tag = "work",
    params(("order_id" = Uuid, Path), ("photo_id" = Uuid, Path)),
    request_body = PhotoReviewBody,
    responses((status = 200, description = "The photo", content_type = "application/json"))
)]
async fn review_photo(
    State(app): State<AppState>,
    caller: Caller,
    Path((order, photo_id)): Path<(BookingId, PhotoId)>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let PhotoReviewBody { review_status: status, comment, needs_retake } = request.body()?;
    let booking = known(&app, caller.org(), order).await?;
    let (by, subject, now) = (caller.id().to_string(), booking.subject(), app.now());
    let command =
        PhotoCommand::Review { photo_id, status, comment, needs_retake, subject, by, now };
    let answer = |set: &PhotoSet| told(set, photo_id);
    let context = request.context(&caller);
    Ok(Answer::done(&app.bus.execute(&context, &order.to_string(), command, answer).await?))
}

/// Delete a photo; its file is removed after that
#[utoipa::path(
    delete,
    path = "/v1/orders/{order_id}/photos/{photo_id}",
    tag = "work",
    params(("order_id" = Uuid, Path), ("photo_id" = Uuid, Path)),
    responses((status = 204, description = "Deleted"))
)]
async fn delete_photo(
    State(app): State<AppState>,
    caller: Caller,
    Path((order, photo_id)): Path<(BookingId, PhotoId)>,
    request: CommandRequest,
) -> Result<StatusCode, Problem> {
    known(&app, caller.org(), order).await?;
    let (by, cause, now) = (caller.id().to_string(), DeletionCause::Asked, app.now());
    let command = PhotoCommand::Delete { photo_id, cause, worker: None, by, now };
    let (context, nothing) = (request.context(&caller), |_: &PhotoSet| Value::Null);
    app.bus.execute(&context, &order.to_string(), command, nothing).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum QueueStatus {
    #[default]
    Pending,
    NeedsRetake,
    All,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct QueueQuery {
    /// `pending` (the default), `needs_retake` or `all`.
    #[param(value_type = Option<String>)]
    status: Option<QueueStatus>,
    /// `X-Next-Cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 200, else 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// Photos that wait for somebody, the latest first
#[utoipa::path(
    get,
    path = "/v1/admin/queue/photos",
    tag = "work",
    params(QueueQuery),
    responses((status = 200, description = "One page; `X-Next-Cursor` says where the next begins", content_type = "application/json", example = json!({
        "items": [], "counts": { "pending": 0, "needs_retake": 0, "total": 0 }
    })))
)]
async fn photo_queue(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<QueueQuery>,
) -> Result<Answer, Problem> {
    let (org, limit) = (caller.org(), limit(asked.limit, PAGE)?);
    let after = cursor::asked(asked.cursor.as_deref())?;
    let waiting = match asked.status.unwrap_or_default() {
        QueueStatus::Pending => Waiting::Pending,
        QueueStatus::NeedsRetake => Waiting::NeedsRetake,
        QueueStatus::All => Waiting::All,
    };
    let reached = fresh.reach(&app, org, &[PhotoList::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let counts = photo_list::counts(&mut tx, org).await?;
    let photos = photo_list::page(&mut tx, &app.keys, org, waiting, (after, limit)).await?;
    let next = cursor::last_of_full(&photos, limit)
        .map(|last| cursor::shown(last.uploaded_at, last.photo_id.as_uuid()));
    let items: Vec<Value> = photos.iter().map(shown).collect();
    let body = json!({
        "items": items,
        "counts": {
            "pending": counts.pending, "needs_retake": counts.needs_retake, "total": counts.total,
        },
    });
    Ok(reached.mark(continued(Answer::json(&body)?, next.as_deref())))
}
