//! Deposits that staff took and gave back.

use axum::extract::State;
use chrono::TimeDelta;
use commands::Beside;
use domain::access::Permission;
use domain::finance::month::Month;
use domain::id::{BookingId, OrgId};
use domain::scheduling::booking::{BookingCommand, BookingError, DepositStep, Returned};
use domain::settings::feature::Feature;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{Details, known_at, run};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::extract::Path;
use crate::finance::while_open;
use crate::invoicing::left_of;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::scheduling::instants;
use crate::state::{App, AppState};

const PAYMENTS: &[Permission] = &[Permission::PaymentsRecord];

/// Clocks differ; money that is only to go back did not.
const AHEAD: TimeDelta = TimeDelta::days(1);

pub(super) fn routes() -> Routes {
    let payments = staff(PAYMENTS).feature(Feature::Schedule);
    Routes::default().add(routes!(return_deposit), payments.action("booking.deposit_return"))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "payment_id": "manual:0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d:ET-77", "amount_cents": 2000
})))]
struct DepositReturnBody {
    /// That of one of the `hand_deposits` of the booking; may be left out if there is only one.
    payment_id: Option<String>,
    /// All that is left of it, if left out.
    amount_cents: Option<i64>,
    /// Now, if left out; with an offset, or on the clock of the organisation. At most a day ahead.
    returned_at: Option<String>,
}

/// A deposit that staff took was given back by hand, or part of it
#[utoipa::path(
    post,
    path = "/v1/admin/bookings/{booking_id}/deposit/return",
    tag = "scheduling",
    params(("booking_id" = Uuid, Path)),
    request_body = DepositReturnBody,
    responses(
        (status = 200, description = "The booking", content_type = "application/json"),
        (status = 404, description = "`booking.deposit_not_found`"),
        (status = 409, description = "`booking.deposit_by_card`; `booking.deposit_counted`: an invoice counts it; `period_closed`"),
        (status = 422, description = "More than is left, or before it came")
    )
)]
async fn return_deposit(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<BookingId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let DepositReturnBody { payment_id, amount_cents, returned_at } = request.body()?;
    let mut context = request.context(&caller);
    let (booking, version) = known_at(&app, context.org, id).await?;
    // Of two at once, the second looks again at what is left.
    context.decided_on(version);
    // Whoever repeats a request is told again what became of it, whatever came or is left since.
    let repeated = context.request.keyed
        && app.bus.lookup(context.org, context.request.command_id).await?.is_some();
    let first = || booking.by_hand.first().map(|one| one.payment_id.clone());
    let payment_id = match payment_id.or_else(|| first().filter(|_| repeated)) {
        Some(payment_id) => payment_id,
        None => only(&booking)?,
    };
    let amount_cents = if repeated {
        amount_cents
    } else {
        let (amount_cents, hold) =
            asked_or_left(&app, context.org, &booking, (&payment_id, amount_cents)).await?;
        context.beside.extend(hold);
        amount_cents
    };
    let (zone, now) = (app.settings.of(&app, context.org).await?.zone, app.now());
    let returned_at = match returned_at.as_deref() {
        None => now,
        Some(text) => instants::read("returned_at", text, zone)?,
    };
    if returned_at > now + AHEAD {
        return Err(Problem::field("returned_at", "Input should not be in the future"));
    }
    let day = returned_at.with_timezone(&zone).date_naive();
    while_open(&app, &mut context, [Month::of(day)]).await?;
    // An invoice that is written at the same moment counts it, or does not: never both.
    context.beside.push(Beside(json!({ "do": "books.deposit_free", "payment_id": payment_id })));
    let refund_id = context.request.derived_id("deposit_return").into();
    let step = DepositStep::Return(Returned { payment_id, refund_id, amount_cents, returned_at });
    let command = BookingCommand::Deposit { step, now };
    Ok(Answer::done(&run(&app, &context, id, command).await?))
}

/// How much is given back, and what holds on to that. What went back of a deposit by an invoice that counts no more, the visit may
/// not have heard of yet.
async fn asked_or_left(
    app: &App,
    org: OrgId,
    booking: &Details,
    (payment_id, asked): (&str, Option<i64>),
) -> Result<(Option<i64>, Option<Beside>), Problem> {
    let Some(own) = booking.by_hand.iter().find(|one| one.payment_id == payment_id) else {
        return Ok((asked, None));
    };
    let (left, hold) = left_of(app, org, booking, (payment_id, own.amount_cents)).await?;
    if left == own.left_cents() {
        return Ok((asked, Some(hold)));
    }
    match asked.unwrap_or(left) {
        cents if cents > left => {
            let message = format!("Only {left} of it are left: the rest went back by an invoice");
            Err(Problem::field("amount_cents", message))
        }
        cents => Ok((Some(cents), Some(hold))),
    }
}

/// The one deposit that staff took, if there is one and no other.
fn only(booking: &Details) -> Result<String, Problem> {
    match booking.by_hand.as_slice() {
        [] => Err(Problem::refused(&BookingError::DepositNotFound)),
        [one] => Ok(one.payment_id.clone()),
        _ => Err(Problem::field("payment_id", "Input should say which of the deposits")),
    }
}
