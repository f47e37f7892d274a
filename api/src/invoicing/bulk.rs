//! The same for many invoices, each with an outcome of its own.

use axum::extract::State;
use axum::http::HeaderMap;
use commands::{Context, Done, RequestKey};
use domain::id::InvoiceId;
use domain::invoicing::invoice::status::Letter;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::payments::{self, Paid};
use super::{RECORD, SEND, invoices, letters};
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

/// What came of each.
#[derive(Default)]
pub(super) struct Outcomes {
    succeeded: Vec<InvoiceId>,
    failed: Vec<Value>,
    /// Of the last of them in the log.
    position: Option<i64>,
}

impl Outcomes {
    pub(super) fn add(&mut self, id: InvoiceId, outcome: Result<Done, Problem>) {
        match outcome {
            Ok(done) => {
                self.position = self.position.max(Some(done.position));
                self.succeeded.push(id);
            }
            Err(problem) => self.failed.push(json!({
                "invoice_id": id, "error": problem.told(), "code": problem.code(),
            })),
        }
    }

    /// Beside what else there is to say.
    pub(super) fn told(self, mut body: Value) -> Result<Answer, Problem> {
        body["succeeded"] = json!(self.succeeded);
        body["failed"] = json!(self.failed);
        let answer = Answer::json(&body)?;
        Ok(match self.position {
            Some(position) => answer.reaching(position, false),
            None => answer,
        })
    }
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
        "succeeded": ["0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d"], "failed": [{
            "invoice_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2e", "code": "invoice.recipient_mailed_lately",
            "error": "the customer was written to about another invoice less than 24 hours ago"
        }]
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
    let mut outcomes = Outcomes::default();
    for id in invoice_ids {
        let how = (id, Some(Letter::Reminder));
        let outcome = letters::write(&app, &part(&context, id), how, portal.as_deref()).await;
        outcomes.add(id, outcome);
    }
    outcomes.told(json!({}))
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
    let mut outcomes = Outcomes::default();
    for id in body.invoice_ids {
        let paid = Paid {
            amount_cents: None,
            method,
            reference: body.note.clone(),
            received_at: app.now(),
        };
        // How much is left is found out where it is written down: of several at once one pays it.
        outcomes.add(id, payments::pay(&app, &part(&context, id), id, paid).await);
    }
    outcomes.told(json!({}))
}
