//! Money that somebody writes down: it came in, or went back.

use axum::extract::State;
use chrono::{DateTime, TimeDelta, Utc};
use commands::{CommandError, Context, Done};
use domain::finance::month::Month;
use domain::id::InvoiceId;
use domain::invoicing::invoice::payment::{Applied, Method, Provider};
use domain::invoicing::invoice::{Invoice, InvoiceCommand, InvoiceError, Money, view};
use domain::payments::payment::{Details, Payment, PaymentError};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{RECORD, counting, invoices, known, overdue_at, run, shown};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::extract::Path;
use crate::finance::while_open;
use crate::problem::Problem;
use crate::route::Routes;
use crate::scheduling::instants;
use crate::state::{App, AppState};

/// Clocks differ, and days begin earlier elsewhere; money that is only expected is not money that came in.
const AHEAD: TimeDelta = TimeDelta::days(1);

pub(super) fn routes() -> Routes {
    let record = invoices(RECORD);
    Routes::default()
        .add(routes!(record_payment), record.action("invoice.payment"))
        .add(routes!(mark_paid), record.action("invoice.payment"))
        .add(routes!(refund_payment), record.action("invoice.refund"))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "amount_cents": 5000, "method": "etransfer", "reference": "ET-77" })))]
struct PaymentBody {
    /// More than is left to pay is told as `overpaid_cents`.
    amount_cents: i64,
    /// `cash`, `etransfer`, `card` or `other`.
    method: String,
    /// Up to 255 characters.
    reference: Option<String>,
    /// Now, if left out; with an offset, or on the clock of the organisation. At most a day ahead.
    received_at: Option<String>,
}

/// Write down that money came in
#[utoipa::path(
    post,
    path = "/v1/admin/invoices/{invoice_id}/record-payment",
    tag = "invoicing",
    params(("invoice_id" = Uuid, Path)),
    request_body = PaymentBody,
    responses(
        (status = 201, description = "The invoice and the payment", content_type = "application/json"),
        (status = 400, description = "`invoice.void`"),
        (status = 409, description = "`period_closed`: it came in, or the invoice counts from, a month whose books are closed"),
        (status = 422, description = "`invoice.amount_invalid`")
    )
)]
async fn record_payment(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<InvoiceId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let body: PaymentBody = request.body()?;
    let context = request.context(&caller);
    let received_at = match body.received_at.as_deref() {
        None => app.now(),
        Some(text) => {
            let zone = app.settings.of(&app, context.org).await?.zone;
            let received_at = instants::read("received_at", text, zone)?;
            if received_at > app.now() + AHEAD {
                return Err(Problem::field("received_at", "Input should not be in the future"));
            }
            received_at
        }
    };
    let paid = Paid {
        amount_cents: Some(body.amount_cents),
        method: method(&body.method)?,
        reference: body.reference,
        received_at,
    };
    Ok(Answer::done(&pay(&app, &context, id, paid).await?).created())
}

/// Write down that money came in, under the name by which others know it
#[utoipa::path(
    post,
    path = "/v1/admin/invoices/{invoice_id}/mark-paid",
    tag = "invoicing",
    params(("invoice_id" = Uuid, Path)),
    request_body = PaymentBody,
    responses(
        (status = 201, description = "The invoice and the payment", content_type = "application/json"),
        (status = 400, description = "`invoice.void`"),
        (status = 409, description = "`period_closed`: it came in, or the invoice counts from, a month whose books are closed"),
        (status = 422, description = "`invoice.amount_invalid`")
    )
)]
async fn mark_paid(
    state: State<AppState>,
    caller: Caller,
    path: Path<InvoiceId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    record_payment(state, caller, path, request).await
}

pub(super) fn method(named: &str) -> Result<Method, Problem> {
    let unknown = || Problem::field("method", "Input should be cash, etransfer, card or other");
    named.parse().map_err(|_| unknown())
}

/// Money that came in by hand.
pub(super) struct Paid {
    /// `None`: all that is left to pay by the time it is written down.
    pub(super) amount_cents: Option<i64>,
    pub(super) method: Method,
    pub(super) reference: Option<String>,
    pub(super) received_at: DateTime<Utc>,
}

/// Writes it down; told again, it is the same money.
pub(super) async fn pay(
    app: &App,
    context: &Context,
    id: InvoiceId,
    paid: Paid,
) -> Result<Done, Problem> {
    let (invoice, _) = known(app, context.org, id).await?;
    let overdue_at = overdue_at(app, context.org, &invoice).await?;
    let mut context = counting(app, context, &invoice).await?;
    let zone = app.settings.of(app, context.org).await?.zone;
    let day = paid.received_at.with_timezone(&zone).date_naive();
    while_open(app, &mut context, [Month::of(day)]).await?;
    let payment_id = context.request.derived_id("payment").to_string();
    let money = Money {
        payment_id: payment_id.clone(),
        provider: Provider::Manual,
        method: paid.method,
        amount_cents: paid.amount_cents,
        received_at: paid.received_at,
    };
    let (id, now) = (id.to_string(), app.now());
    let command = |reference| {
        let money = money.clone();
        InvoiceCommand::Pay { money, reference, overdue_at, now }
    };
    let answer = |invoice: &Invoice| {
        let own = invoice.details().and_then(|it| {
            let own = it.payments.iter().find(|one| one.payment_id == payment_id)?;
            Some(view::payment(it, own))
        });
        let mut own = json!(own);
        domain::personal::reveal(&mut own);
        json!({ "invoice": shown(invoice), "payment": own })
    };
    let done = app.bus.execute(&context, &id, command(paid.reference), answer).await;
    match done {
        // Nothing is written down any more about who was erased, but that somebody paid is.
        Err(CommandError::SubjectErased) => {
            Ok(app.bus.execute(&context, &id, command(None), answer).await?)
        }
        done => Ok(done?),
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "amount_cents": 1000 })))]
struct RefundBody {
    /// All that is left of the payment, if left out.
    amount_cents: Option<i64>,
}

/// Write down that money went back by hand
#[utoipa::path(
    post,
    path = "/v1/admin/invoices/{invoice_id}/payments/{payment}/refund",
    tag = "invoicing",
    params(("invoice_id" = Uuid, Path), ("payment" = String, Path, description = "Its `payment_id`")),
    request_body = RefundBody,
    responses(
        (status = 201, description = "The invoice", content_type = "application/json"),
        (status = 404, description = "`invoice.payment_not_found`"),
        (status = 409, description = "`payment.disputed`: the bank has it, or took it"),
        (status = 422, description = "`invoice.amount_invalid`")
    )
)]
async fn refund_payment(
    State(app): State<AppState>,
    caller: Caller,
    Path((id, payment_id)): Path<(InvoiceId, String)>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let RefundBody { amount_cents } = request.body()?;
    let context = request.context(&caller);
    let (invoice, _) = known(&app, context.org, id).await?;
    // Whoever repeats a request is told again what became of it, whatever the bank took or the invoice counts since.
    let repeated = context.request.keyed
        && app.bus.lookup(context.org, context.request.command_id).await?.is_some();
    let payment = invoice.payments.iter().find(|one| one.payment_id == payment_id);
    if payment.is_none() && !repeated {
        return Err(Problem::refused(&InvoiceError::NoSuchPayment));
    }
    let by_card = app.bus.load::<Payment>(context.org, &payment_id).await?;
    if !repeated && by_card.state.details().is_some_and(Details::is_at_bank) {
        return Err(Problem::refused(&PaymentError::Disputed));
    }
    let left = payment.map_or(0, Applied::net_cents);
    let amount_cents = amount_cents.unwrap_or(left);
    let refund_id = context.request.derived_id("refund").into();
    let command = InvoiceCommand::Refund { payment_id, refund_id, amount_cents, now: app.now() };
    let done: Done<Value> = run(&app, &context, id, command).await?;
    Ok(Answer::done(&done).created())
}
