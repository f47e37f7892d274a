//! The same for many invoices, each with an outcome of its own.

use axum::extract::State;
use axum::http::HeaderMap;
use commands::{Context, RequestKey};
use domain::id::InvoiceId;
use domain::invoicing::invoice::status::{Letter, Status};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::payments::{self, Paid};
use super::{RECORD, SEND, invoices, known, letters};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::AppState;

/// More than anybody picks by hand.
const MOST: usize = 100;

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(remind_many), invoices(SEND).action("invoice.remind"))
        .add(routes!(mark_many_paid), invoices(RECORD).action("invoice.payment"))
}

/// For one of many: repeated with the whole, it is found again.
pub(super) fn part(context: &Context, id: InvoiceId) -> Context {
    let command_id = context.request.derived_id(&id.to_string()).into();
    let request = RequestKey { command_id, ..context.request };
    Context { request, expected_version: None, ..context.clone() }
}

pub(super) fn few(ids: &[InvoiceId]) -> Result<(), Problem> {
    if (1..=MOST).contains(&ids.len()) {
        return Ok(());
    }
    Err(Problem::field("invoice_ids", format!("Input should have 1 to {MOST} items")))
}

pub(super) fn failed(id: InvoiceId, problem: &Problem) -> Value {
    json!({ "invoice_id": id, "error": problem.told(), "code": problem.code() })
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "invoice_ids": ["0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d"] })))]
struct RemindManyBody {
    /// 1 to 100.
    #[schema(value_type = Vec<String>)]
    invoice_ids: Vec<InvoiceId>,
}

/// Remind many customers
#[utoipa::path(
    post,
    path = "/v1/admin/invoices/bulk/remind",
    tag = "invoicing",
    request_body = RemindManyBody,
    responses((status = 200, description = "What came of each", content_type = "application/json", example = json!({
        "succeeded": ["0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d"], "failed": []
    })))
)]
async fn remind_many(
    State(app): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let RemindManyBody { invoice_ids } = request.body()?;
    few(&invoice_ids)?;
    let context = request.context(&caller);
    let portal = letters::address(&app, &headers, context.org).await?;
    let (mut succeeded, mut refused) = (Vec::new(), Vec::new());
    for id in invoice_ids {
        let how = (id, Some(Letter::Reminder));
        match letters::write(&app, &part(&context, id), how, portal.as_deref()).await {
            Ok(_) => succeeded.push(id),
            Err(problem) => refused.push(failed(id, &problem)),
        }
    }
    Answer::json(&json!({ "succeeded": succeeded, "failed": refused }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "invoice_ids": ["0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d"], "method": "cash" })))]
struct MarkManyPaidBody {
    /// 1 to 100.
    #[schema(value_type = Vec<String>)]
    invoice_ids: Vec<InvoiceId>,
    /// `cash`, `etransfer`, `card` or `other`.
    method: String,
    /// Up to 255 characters, on each.
    note: Option<String>,
}

/// Write down that many invoices are paid in full
#[utoipa::path(
    post,
    path = "/v1/admin/invoices/bulk/mark_paid",
    tag = "invoicing",
    request_body = MarkManyPaidBody,
    responses((status = 200, description = "What came of each", content_type = "application/json", example = json!({
        "succeeded": ["0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d"], "failed": []
    })))
)]
async fn mark_many_paid(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let body: MarkManyPaidBody = request.body()?;
    few(&body.invoice_ids)?;
    let (context, method) = (request.context(&caller), payments::method(&body.method)?);
    let (mut succeeded, mut refused) = (Vec::new(), Vec::new());
    for id in body.invoice_ids {
        let paid = Paid {
            amount_cents: None,
            method,
            reference: body.note.clone(),
            received_at: app.now(),
        };
        let own = part(&context, id);
        // What is paid in full has nothing left that could be.
        let outcome = match known(&app, context.org, id).await {
            Ok((it, _)) if it.status == Status::Paid && !is_repeated(&it, &own) => {
                Err(Problem::refused(&domain::invoicing::invoice::InvoiceError::NothingDue))
            }
            Ok(_) => payments::pay(&app, &own, id, paid).await,
            Err(problem) => Err(problem),
        };
        match outcome {
            Ok(_) => succeeded.push(id),
            Err(problem) => refused.push(failed(id, &problem)),
        }
    }
    Answer::json(&json!({ "succeeded": succeeded, "failed": refused }))
}

/// Whether this very request paid it.
fn is_repeated(invoice: &domain::invoicing::invoice::Details, context: &Context) -> bool {
    let own = context.request.derived_id("payment").to_string();
    invoice.payments.iter().any(|one| one.payment_id == own)
}
