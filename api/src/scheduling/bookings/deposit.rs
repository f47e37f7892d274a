//! The deposit of a visit that was booked just now: paid at a checkout, or let go.

use commands::{Context, Done, RequestKey};
use domain::id::BookingId;
use domain::scheduling::booking::{Booking, BookingCommand, DepositStep};
use domain::scheduling::terms::deposit::Downgrade;

use super::public::receipt;
use crate::payments::deposit_checkout;
use crate::problem::Problem;
use crate::state::App;

/// Why whoever books by themselves could not pay a deposit.
pub(super) fn unpayable(app: &App) -> Option<Downgrade> {
    app.stripe.is_none().then_some(Downgrade::StripeUnavailable)
}

/// Opens the checkout, whose address stands in the answer then; where none can be opened, no deposit is asked for.
pub(super) async fn let_pay(
    app: &App,
    context: &Context,
    id: BookingId,
    mut done: Done,
) -> Result<Done, Problem> {
    if app.stripe.is_none() {
        return Ok(done);
    }
    let found = app.bus.load::<Booking>(context.org, &id.to_string()).await?;
    let Some(visit) = found.state.details().filter(|visit| visit.owes_deposit()) else {
        return Ok(done);
    };
    match deposit_checkout(app, context, visit).await {
        Ok(opened) => done.answer["checkout_url"] = opened.url.into(),
        Err(problem) if problem.status().is_server_error() => {
            let step = DepositStep::Waive(Downgrade::CheckoutUnavailable);
            let command = BookingCommand::Deposit { step, now: app.now() };
            let mut context = context.clone();
            context.request = RequestKey::fresh();
            context.beside.clear();
            let waived = app.bus.execute(&context, &id.to_string(), command, receipt).await?;
            done.answer = waived.answer;
        }
        Err(problem) => return Err(problem),
    }
    Ok(done)
}
