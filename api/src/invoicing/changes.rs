//! Writing an invoice anew, throwing it away, and correcting what counts.

use axum::extract::State;
use chrono::NaiveDate;
use commands::{CommandError, Context};
use domain::finance::month::Month;
use domain::id::InvoiceId;
use domain::invoicing::invoice::{InvoiceCommand, InvoiceError, Words};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::lines::{self, Item};
use super::{EDIT, invoices, known, run};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::extract::Path;
use crate::finance::while_open;
use crate::problem::Problem;
use crate::route::Routes;
use crate::scheduling::instants;
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    let edit = invoices(EDIT);
    Routes::default()
        .add(routes!(edit_invoice), edit.action("invoice.edit"))
        .add(routes!(discard_invoice), edit.action("invoice.discard"))
        .add(routes!(void_invoice), edit.action("invoice.void"))
        .add(routes!(credit_invoice), edit.action("invoice.credit"))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "due_date": "2030-03-18" })))]
struct EditBody {
    /// What is left out stays.
    issue_date: Option<NaiveDate>,
    due_date: Option<NaiveDate>,
    /// Empty removes them.
    notes: Option<String>,
    /// All of them, 1 to 50.
    items: Option<Vec<Item>>,
}

/// Write a draft anew
#[utoipa::path(
    patch,
    path = "/v1/admin/invoices/{invoice_id}",
    tag = "invoicing",
    params(("invoice_id" = Uuid, Path)),
    request_body = EditBody,
    responses(
        (status = 200, description = "The draft", content_type = "application/json"),
        (status = 409, description = "`invoice.illegal_state`: it is no draft any more; or `period_closed`")
    )
)]
async fn edit_invoice(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<InvoiceId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let body: EditBody = request.body()?;
    let org = caller.org();
    let (invoice, _) = known(&app, org, id).await?;
    let mut terms = lines::said(&invoice);
    if let Some(date) = body.issue_date {
        terms.issue_date = instants::near("issue_date", date)?;
    }
    if let Some(date) = body.due_date {
        terms.due_date = Some(instants::near("due_date", date)?);
    }
    terms.notes = body.notes.or(terms.notes);
    if let Some(items) = body.items {
        terms.lines = lines::read(items, app.prices.of(&app, org).await?.book.tax_ppm)?;
    }
    let mut context = request.context(&caller);
    while_open(&app, &mut context, [Month::of(terms.issue_date)]).await?;
    let command = InvoiceCommand::Edit { terms, now: app.now() };
    Ok(Answer::done(&run(&app, &context, id, command).await?))
}

/// Throw a draft away; its number stays taken
#[utoipa::path(
    delete,
    path = "/v1/admin/invoices/{invoice_id}",
    tag = "invoicing",
    params(("invoice_id" = Uuid, Path)),
    responses(
        (status = 200, description = "The invoice, which is none any more", content_type = "application/json"),
        (status = 409, description = "`invoice.illegal_state`: void it instead")
    )
)]
async fn discard_invoice(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<InvoiceId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let command = InvoiceCommand::Discard { now: app.now() };
    Ok(Answer::done(&run(&app, &request.context(&caller), id, command).await?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "reason": "Written twice" })))]
struct VoidBody {
    /// 1 to 500 characters.
    reason: Option<String>,
}

/// Let an invoice count no more
#[utoipa::path(
    post,
    path = "/v1/admin/invoices/{invoice_id}/void",
    tag = "invoicing",
    params(("invoice_id" = Uuid, Path)),
    request_body = VoidBody,
    responses(
        (status = 200, description = "The invoice", content_type = "application/json"),
        (status = 409, description = "`invoice.has_payments`: refund them first"),
        (status = 422, description = "`invoice.reason_required`")
    )
)]
async fn void_invoice(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<InvoiceId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let VoidBody { reason } = request.body()?;
    let reason = reason.unwrap_or_default();
    let (context, now) = (request.context(&caller), app.now());
    let command = |reason| InvoiceCommand::Void { reason, now };
    with_words(&app, &context, id, reason, command).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "amount_cents": 2500, "reason": "A stain was left" })))]
struct CreditBody {
    /// With tax, up to what is to be paid in all.
    amount_cents: i64,
    /// 1 to 500 characters.
    reason: Option<String>,
}

/// Let part of an invoice be; the tax in it is told with it
#[utoipa::path(
    post,
    path = "/v1/admin/invoices/{invoice_id}/credit-notes",
    tag = "invoicing",
    params(("invoice_id" = Uuid, Path)),
    request_body = CreditBody,
    responses(
        (status = 201, description = "The invoice", content_type = "application/json"),
        (status = 409, description = "`invoice.illegal_state`"),
        (status = 422, description = "`invoice.amount_invalid` or `invoice.reason_required`")
    )
)]
async fn credit_invoice(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<InvoiceId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let CreditBody { amount_cents, reason } = request.body()?;
    let reason = reason.unwrap_or_default();
    let (context, now) = (request.context(&caller), app.now());
    let credit_id = context.request.derived_id("credit").into();
    let command = |reason| InvoiceCommand::Credit { credit_id, amount_cents, reason, now };
    Ok(with_words(&app, &context, id, reason, command).await?.created())
}

/// Nothing is written down any more about who was erased, and yet their invoice is corrected.
async fn with_words(
    app: &App,
    context: &Context,
    id: InvoiceId,
    reason: String,
    command: impl Fn(Words) -> InvoiceCommand,
) -> Result<Answer, Problem> {
    if reason.trim().is_empty() {
        return Err(Problem::refused(&InvoiceError::ReasonRequired));
    }
    let done = match run(app, context, id, command(Words::Said(reason))).await {
        Err(CommandError::SubjectErased) => run(app, context, id, command(Words::Forgotten)).await,
        done => done,
    };
    Ok(Answer::done(&done?))
}
