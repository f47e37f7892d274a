//! Opening disputes, finding out about them, deciding and closing them.

use axum::extract::State;
use commands::CommandError;
use domain::id::{BookingId, DisputeId, InvoiceId};
use domain::invoicing::invoice::Words;
use domain::payments::dispute::{
    Decision, DisputeCommand, DisputeError, Facts, New, Ruling, Source,
};
use serde::Deserialize;
use serde_json::Value;
use strum::VariantNames;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{DECIDE, EDIT, disputes, known, open, shown, standing};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::extract::Path;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    let edit = disputes(EDIT);
    Routes::default()
        .add(routes!(open_dispute), edit.action("dispute.open"))
        .add(routes!(collect_facts), edit.action("dispute.facts"))
        .add(routes!(decide_dispute), disputes(DECIDE).action("dispute.decide"))
        .add(routes!(close_dispute), edit.action("dispute.close"))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "invoice_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "reason": "A stain was left" })))]
struct DisputeBody {
    /// About this visit; or about an invoice.
    #[schema(value_type = Option<String>)]
    booking_id: Option<BookingId>,
    /// About this invoice; or about a visit.
    #[schema(value_type = Option<String>)]
    invoice_id: Option<InvoiceId>,
    /// 1 to 2000 characters.
    reason: Option<String>,
}

/// Say that something is wrong with a visit or an invoice
#[utoipa::path(
    post,
    path = "/v1/admin/disputes",
    tag = "invoicing",
    request_body = DisputeBody,
    responses(
        (status = 201, description = "The dispute", content_type = "application/json"),
        (status = 409, description = "`dispute.already_open`"),
        (status = 422, description = "`dispute.target_required` or `dispute.reason_required`")
    )
)]
async fn open_dispute(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let body: DisputeBody = request.body()?;
    let context = request.context(&caller);
    let org = context.org;
    let mut subject = None;
    if let Some(booking) = body.booking_id {
        subject = Some(crate::scheduling::known(&app, org, booking).await?.subject());
    }
    if let Some(invoice) = body.invoice_id {
        subject = Some(crate::invoicing::known(&app, org, invoice).await?.0.subject);
    }
    let new = New {
        dispute_id: context.request.derived_id("dispute").into(),
        source: Source::Staff,
        opened_by: caller.id().to_string(),
        booking: body.booking_id,
        invoice: body.invoice_id,
        payment_id: None,
        amount_cents: None,
        reason: body.reason.map(Words::Said),
        subject: subject.ok_or_else(|| Problem::refused(&DisputeError::TargetRequired))?,
    };
    Ok(Answer::done(&open(&app, &context, new).await?).created())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "photo_refs": ["0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d"], "time_log": { "minutes": 95 } })))]
struct FactsBody {
    /// Photos that show it, 100 at most.
    #[serde(default)]
    photo_refs: Vec<String>,
    /// What the checklist said.
    #[schema(value_type = Option<Object>)]
    checklist_snapshot: Option<Value>,
    /// How long who was there.
    #[schema(value_type = Option<Object>)]
    time_log: Option<Value>,
}

/// Write down what happened; whatever was written down before is replaced
#[utoipa::path(
    post,
    path = "/v1/admin/disputes/{dispute_id}/facts",
    tag = "invoicing",
    params(("dispute_id" = Uuid, Path)),
    request_body = FactsBody,
    responses(
        (status = 200, description = "The dispute", content_type = "application/json"),
        (status = 409, description = "`dispute.facts_frozen`: it is decided"),
        (status = 422, description = "`dispute.facts_invalid`")
    )
)]
async fn collect_facts(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<DisputeId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let body: FactsBody = request.body()?;
    let FactsBody { photo_refs, checklist_snapshot, time_log } = body;
    let facts = Facts { photo_refs, checklist_snapshot, time_log };
    let (context, id) = (request.context(&caller), id.to_string());
    let command = |facts| {
        let by = caller.id().to_string();
        DisputeCommand::CollectFacts { facts, by, now: app.now() }
    };
    let done = match app.bus.execute(&context, &id, command(Some(facts)), shown).await {
        Err(CommandError::SubjectErased) => {
            app.bus.execute(&context, &id, command(None), shown).await
        }
        done => done,
    };
    Ok(Answer::done(&done?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "decision": "partial_refund", "amount_cents": 5000 })))]
struct DecisionBody {
    /// `no_refund`, `partial_refund`, `full_refund` or `credit_note`.
    decision: String,
    /// How much; only of `partial_refund` and `credit_note`.
    amount_cents: Option<i64>,
    /// Up to 2000 characters.
    note: Option<String>,
}

/// Decide a dispute; money that came by card goes back by itself
///
/// What goes back is credited on the invoice, so that nobody owes it again.
#[utoipa::path(
    post,
    path = "/v1/admin/disputes/{dispute_id}/decide",
    tag = "invoicing",
    params(("dispute_id" = Uuid, Path)),
    request_body = DecisionBody,
    responses(
        (status = 200, description = "The dispute", content_type = "application/json"),
        (status = 409, description = "`dispute.facts_missing`, `dispute.illegal_state`, `dispute.base_unknown`, `dispute.nothing_to_refund` or `dispute.invoice_required`"),
        (status = 422, description = "`dispute.amount_invalid`")
    )
)]
async fn decide_dispute(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<DisputeId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let body: DecisionBody = request.body()?;
    let ruling: Ruling = body.decision.parse().map_err(|_| {
        Problem::field("decision", format!("Input should be {}", Ruling::VARIANTS.join(", ")))
    })?;
    let context = request.context(&caller);
    let dispute = known(&app, context.org, id).await?;
    let standing = standing::of(&app, context.org, &dispute).await?;
    let command = |note| {
        let decision = Decision {
            ruling,
            amount_cents: body.amount_cents,
            note,
            by: caller.id().to_string(),
            standing: standing.clone(),
        };
        DisputeCommand::Decide { decision, now: app.now() }
    };
    let (id, said) = (id.to_string(), body.note.clone().map(Words::Said));
    let done = match app.bus.execute(&context, &id, command(said), shown).await {
        // Nothing is written down any more about who was erased, and yet it is decided.
        Err(CommandError::SubjectErased) => {
            app.bus.execute(&context, &id, command(None), shown).await
        }
        done => done,
    };
    Ok(Answer::done(&done?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Put a dispute away that is decided
#[utoipa::path(
    post,
    path = "/v1/admin/disputes/{dispute_id}/close",
    tag = "invoicing",
    params(("dispute_id" = Uuid, Path)),
    responses(
        (status = 200, description = "The dispute", content_type = "application/json"),
        (status = 409, description = "`dispute.illegal_state`: it is not decided")
    )
)]
async fn close_dispute(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<DisputeId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let Nothing {} = request.body()?;
    let command = DisputeCommand::Close { now: app.now() };
    let done = app.bus.execute(&request.context(&caller), &id.to_string(), command, shown).await?;
    Ok(Answer::done(&done))
}
