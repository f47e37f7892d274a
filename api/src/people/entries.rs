//! What is written into the file of a worker: certificates, notes, incidents, reviews.

use axum::extract::State;
use chrono::NaiveDate;
use domain::id::{BookingId, CertificateId, WorkerId, WorkerNoteId};
use domain::people::worker::file::{CertificateStatus, Entry, Severity};
use domain::scheduling::booking::{Booking, BookingError, Status};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::files::{DISPATCH, known, write};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::extract::Path;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    let dispatch = staff(DISPATCH);
    Routes::default()
        .add(routes!(add_certificate), dispatch.action("worker.certificate"))
        .add(routes!(archive_certificate), dispatch.action("worker.certificate_archive"))
        .add(routes!(add_worker_note), dispatch.action("worker.note"))
        .add(routes!(report_incident), dispatch.action("worker.incident"))
        .add(routes!(review_worker), dispatch.action("worker.review"))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "name": "Ladder Safety", "issued_at": "2026-01-05", "expires_at": "2027-01-04" })))]
struct CertificateBody {
    /// 1 to 120 characters.
    name: String,
    /// `active` (the default), `pending` or `revoked`; it expires by itself.
    #[schema(value_type = Option<String>)]
    status: Option<CertificateStatus>,
    issued_at: Option<NaiveDate>,
    /// Its last day.
    expires_at: Option<NaiveDate>,
}

/// Write down a certificate of a worker
#[utoipa::path(
    post,
    path = "/v1/admin/workers/{worker_id}/certificates",
    tag = "people",
    params(("worker_id" = Uuid, Path)),
    request_body = CertificateBody,
    responses((status = 201, description = "The file", content_type = "application/json"))
)]
async fn add_certificate(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<WorkerId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let CertificateBody { name, status, issued_at, expires_at } = request.body()?;
    let cert_id = request.context(&caller).request.derived_id("certificate").into();
    let status = status.unwrap_or(CertificateStatus::Active);
    let entry = Entry::Certificate { cert_id, name, status, issued_at, expires_at };
    Ok(write(&app, (&caller, &request), id, entry).await?.created())
}

/// Put a certificate away
#[utoipa::path(
    post,
    path = "/v1/admin/workers/{worker_id}/certificates/{cert_id}/archive",
    tag = "people",
    params(("worker_id" = Uuid, Path), ("cert_id" = Uuid, Path)),
    responses((status = 200, description = "The file", content_type = "application/json"))
)]
async fn archive_certificate(
    State(app): State<AppState>,
    caller: Caller,
    Path((id, cert_id)): Path<(WorkerId, CertificateId)>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    write(&app, (&caller, &request), id, Entry::ArchiveCertificate { cert_id }).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "text": "Prefers mornings" })))]
struct WorkerNoteBody {
    /// 1 to 2000 characters.
    text: String,
    /// At which visit, if at one.
    #[schema(value_type = Option<String>)]
    booking_id: Option<BookingId>,
}

/// Write something down about a worker
#[utoipa::path(
    post,
    path = "/v1/admin/workers/{worker_id}/notes",
    tag = "people",
    params(("worker_id" = Uuid, Path)),
    request_body = WorkerNoteBody,
    responses((status = 201, description = "The file", content_type = "application/json"))
)]
async fn add_worker_note(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<WorkerId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let WorkerNoteBody { text: words, booking_id: booking } = request.body()?;
    exists(&app, &caller, booking).await?;
    let note_id = WorkerNoteId::from(request.context(&caller).request.derived_id("note"));
    let entry = Entry::Note { note_id, booking, words };
    Ok(write(&app, (&caller, &request), id, entry).await?.created())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "text": "A vase broke", "severity": "low" })))]
struct IncidentBody {
    /// 1 to 2000 characters.
    text: String,
    /// `low`, `medium` or `high`.
    #[schema(value_type = String)]
    severity: Severity,
    /// At which visit, if at one.
    #[schema(value_type = Option<String>)]
    booking_id: Option<BookingId>,
}

/// Report that something went wrong
#[utoipa::path(
    post,
    path = "/v1/admin/workers/{worker_id}/incidents",
    tag = "people",
    params(("worker_id" = Uuid, Path)),
    request_body = IncidentBody,
    responses((status = 201, description = "The file", content_type = "application/json"))
)]
async fn report_incident(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<WorkerId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let IncidentBody { text: words, severity, booking_id: booking } = request.body()?;
    exists(&app, &caller, booking).await?;
    let note_id = WorkerNoteId::from(request.context(&caller).request.derived_id("incident"));
    let entry = Entry::Incident { note_id, booking, severity, words };
    Ok(write(&app, (&caller, &request), id, entry).await?.created())
}

/// What is named must be there.
async fn exists(app: &App, caller: &Caller, booking: Option<BookingId>) -> Result<(), Problem> {
    let Some(id) = booking else { return Ok(()) };
    crate::scheduling::known(app, caller.org(), id).await.map(|_| ())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WorkerReviewBody {
    /// A visit that is done and that they went to.
    #[schema(value_type = String)]
    booking_id: BookingId,
    /// 1 to 5.
    rating: u8,
    /// Up to 1000 characters.
    comment: Option<String>,
}

/// Say how well a worker did at a visit; once for each
#[utoipa::path(
    post,
    path = "/v1/admin/workers/{worker_id}/reviews",
    tag = "people",
    params(("worker_id" = Uuid, Path)),
    request_body = WorkerReviewBody,
    responses(
        (status = 201, description = "The file", content_type = "application/json"),
        (status = 409, description = "`worker.already_reviewed`, or `booking.illegal_state` before it is done")
    )
)]
async fn review_worker(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<WorkerId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let WorkerReviewBody { booking_id: booking, rating, comment } = request.body()?;
    known(&app, &caller, id).await?;
    let found = app.bus.load::<Booking>(caller.org(), &booking.to_string()).await?;
    let visit = found.state.details();
    let visit = visit.filter(|visit| visit.placement.crew.contains(&id));
    let visit = visit.ok_or_else(|| Problem::refused(&BookingError::NotFound))?;
    if visit.status != Status::Done {
        return Err(Problem::refused(&BookingError::IllegalState(visit.status)));
    }
    let entry = Entry::Review { booking, rating, comment };
    Ok(write(&app, (&caller, &request), id, entry).await?.created())
}
