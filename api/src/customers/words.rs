//! What is said about a client, and what they say: notes, tags, feedback.

use axum::extract::State;
use domain::customers::client::{Client, ClientCommand, ClientError, Feedback, NoteKind, Visit};
use domain::id::{BookingId, ClientId, OrgId};
use domain::scheduling::booking::{Booking, Party};
use projections::customers::client_records::{self, ClientRecords, FeedbackRow, NoteRow, PAGE};
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{change, changed, survivor};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::cursor::{self, continued};
use crate::extract::{Parameters, Path, limit};
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    let change = staff(super::CHANGE);
    Routes::default()
        .add(routes!(client_notes), staff(super::READ))
        .add(routes!(add_note), change.action("client.note_add"))
        .add(routes!(set_tags), change.action("client.tags_set"))
        .add(routes!(client_feedback), staff(super::READ))
        .add(routes!(add_feedback), change.action("client.feedback_add"))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct NotesQuery {
    /// `NOTE`, `COMPLAINT` or `PRAISE`.
    #[param(value_type = Option<String>)]
    kind: Option<NoteKind>,
    /// `X-Next-Cursor` of the page before.
    cursor: Option<i64>,
    /// 1 to 200, else 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// What was written down about a client and whoever was merged into them, the latest first
#[utoipa::path(
    get,
    path = "/v1/admin/clients/{client_id}/notes",
    tag = "people",
    params(("client_id" = Uuid, Path), NotesQuery),
    responses((status = 200, description = "One page; `X-Next-Cursor` says where the next begins", content_type = "application/json", example = json!([
        { "note_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "kind": "COMPLAINT", "text": "The oven was left out",
          "created_by": "owner-first", "created_at": "2030-03-04T17:00:00Z" }
    ])))
)]
async fn client_notes(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Path(id): Path<ClientId>,
    Parameters(asked): Parameters<NotesQuery>,
) -> Result<Answer, Problem> {
    let (org, limit) = (caller.org(), limit(asked.limit, PAGE)?);
    must_exist(&app, org, id).await?;
    let reached = fresh.reach(&app, org, &[ClientRecords::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let (kind, page) = (asked.kind.map(Into::into), (asked.cursor, limit));
    let rows = client_records::notes(&mut tx, &app.keys, (org, id), kind, page).await?;
    let next = cursor::last_of_full(&rows, limit).map(|row| row.position.to_string());
    let lines: Vec<Value> = rows.iter().map(note).collect();
    Ok(reached.mark(continued(Answer::json(&lines)?, next.as_deref())))
}

fn note(row: &NoteRow) -> Value {
    json!({
        "note_id": row.note_id, "kind": row.kind, "text": row.text, "created_by": row.made_by,
        "created_at": row.at,
    })
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "kind": "COMPLAINT", "text": "The oven was left out" })))]
struct NoteBody {
    /// `NOTE`, `COMPLAINT` or `PRAISE`.
    #[schema(value_type = String)]
    kind: NoteKind,
    /// 1 to 2000 characters.
    text: String,
}

/// Write something down about a client
#[utoipa::path(
    post,
    path = "/v1/admin/clients/{client_id}/notes",
    tag = "people",
    params(("client_id" = Uuid, Path)),
    request_body = NoteBody,
    responses((status = 201, description = "The note", content_type = "application/json"))
)]
async fn add_note(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ClientId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let NoteBody { kind, text } = request.body()?;
    let context = request.context(&caller);
    let note_id = context.request.derived_id("note");
    let by = Some(context.actor.id.clone());
    let command = ClientCommand::AddNote { note_id, kind, text, by, now: app.now() };
    let answer = |_: &Client| json!({ "note_id": note_id, "kind": kind });
    Ok(Answer::done(&changed(&app, &context, id, command, answer).await?).created())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "tags": ["VIP", "dog"] })))]
struct TagsBody {
    /// All of them, 30 at most of up to 50 characters; the same word in another case counts once.
    tags: Vec<String>,
}

/// Choose all tags of a client anew
#[utoipa::path(
    put,
    path = "/v1/admin/clients/{client_id}/tags",
    tag = "people",
    params(("client_id" = Uuid, Path)),
    request_body = TagsBody,
    responses((status = 200, description = "The client", content_type = "application/json"))
)]
async fn set_tags(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ClientId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let TagsBody { tags } = request.body()?;
    let command = ClientCommand::SetTags { tags, now: app.now() };
    Ok(Answer::done(&change(&app, &request.context(&caller), id, command).await?))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct FeedbackQuery {
    /// `X-Next-Cursor` of the page before.
    cursor: Option<i64>,
    /// 1 to 200, else 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// How a client and whoever was merged into them said it was, the latest first
#[utoipa::path(
    get,
    path = "/v1/admin/clients/{client_id}/feedback",
    tag = "people",
    params(("client_id" = Uuid, Path), FeedbackQuery),
    responses((status = 200, description = "One page; `X-Next-Cursor` says where the next begins", content_type = "application/json", example = json!([
        { "feedback_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "booking_id": null, "rating": 5, "comment": "Spotless",
          "source": "client", "created_at": "2030-03-04T17:00:00Z" }
    ])))
)]
async fn client_feedback(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Path(id): Path<ClientId>,
    Parameters(asked): Parameters<FeedbackQuery>,
) -> Result<Answer, Problem> {
    let (org, limit) = (caller.org(), limit(asked.limit, PAGE)?);
    must_exist(&app, org, id).await?;
    let reached = fresh.reach(&app, org, &[ClientRecords::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let page = (asked.cursor, limit);
    let rows = client_records::feedback(&mut tx, &app.keys, (org, id), page).await?;
    let next = cursor::last_of_full(&rows, limit).map(|row| row.position.to_string());
    let lines: Vec<Value> = rows.iter().map(said).collect();
    Ok(reached.mark(continued(Answer::json(&lines)?, next.as_deref())))
}

fn said(row: &FeedbackRow) -> Value {
    json!({
        "feedback_id": row.feedback_id, "booking_id": row.booking_id, "rating": row.rating,
        "comment": row.comment, "source": row.made_by, "created_at": row.at,
    })
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "rating": 5, "comment": "Spotless" })))]
struct FeedbackBody {
    /// 1 to 5.
    rating: i64,
    /// Up to 2000 characters.
    comment: Option<String>,
    /// One of their visits, if it is about one; there is one feedback about each.
    #[schema(value_type = Option<String>)]
    booking_id: Option<BookingId>,
}

/// Write down how a client said it was
#[utoipa::path(
    post,
    path = "/v1/admin/clients/{client_id}/feedback",
    tag = "people",
    params(("client_id" = Uuid, Path)),
    request_body = FeedbackBody,
    responses(
        (status = 201, description = "The feedback", content_type = "application/json"),
        (status = 404, description = "`client.visit_not_found`"),
        (status = 409, description = "`client.feedback_exists`")
    )
)]
async fn add_feedback(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ClientId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let FeedbackBody { rating, comment, booking_id } = request.body()?;
    let context = request.context(&caller);
    let said = Said { client: id, booking: booking_id, rating, comment, by: Party::Staff };
    record_feedback(&app, &context, said).await.map(Answer::created)
}

/// How somebody said it was.
pub(crate) struct Said {
    pub(crate) client: ClientId,
    pub(crate) booking: Option<BookingId>,
    pub(crate) rating: i64,
    pub(crate) comment: Option<String>,
    pub(crate) by: Party,
}

/// Writes down how a client said it was.
pub(crate) async fn record_feedback(
    app: &App,
    context: &commands::Context,
    said: Said,
) -> Result<Answer, Problem> {
    let Said { client, booking, rating, comment, by } = said;
    let visit = match booking {
        Some(booking) => {
            Some(Visit { booking, is_theirs: is_theirs(app, context.org, booking, client).await? })
        }
        None => None,
    };
    let feedback_id = context.request.derived_id("feedback");
    let now = app.now();
    let command =
        ClientCommand::RecordFeedback(Feedback { feedback_id, visit, rating, comment, by, now });
    let answer =
        |_: &Client| json!({ "feedback_id": feedback_id, "booking_id": booking, "rating": rating });
    Ok(Answer::done(&changed(app, context, client, command, answer).await?))
}

async fn is_theirs(
    app: &App,
    org: OrgId,
    booking: BookingId,
    client: ClientId,
) -> Result<bool, Problem> {
    let found = app.bus.load::<Booking>(org, &booking.to_string()).await?;
    let whose = found.state.details().and_then(|booking| booking.client);
    Ok(survivor::is_of(app, org, whose, client).await?)
}

async fn must_exist(app: &App, org: OrgId, id: ClientId) -> Result<(), Problem> {
    let found = app.bus.load::<Client>(org, &id.to_string()).await?;
    found.state.details().map(|_| ()).ok_or_else(|| Problem::refused(&ClientError::NotFound))
}
