//! The deposit of a visit: paid at a checkout, right after it was booked or later, or let go.

use axum::extract::State;
use commands::{Context, Done, RequestKey};
use domain::id::BookingId;
use domain::scheduling::booking::{Booking, BookingCommand, DepositStep};
use domain::scheduling::terms::deposit::Downgrade;
use utoipa_axum::routes;

use super::own::must_own;
use super::public::receipt;
use crate::answer::Answer;
use crate::command::CommandRequest;
use crate::extract::Path;
use crate::identity::PortalCaller;
use crate::payments::{deposit_checkout, pay_deposit};
use crate::problem::Problem;
use crate::route::{Key, Routes, client};
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    let pay = client().action("payment.checkout").key(Key::Ignored);
    Routes::default().add(routes!(pay_own_deposit), pay)
}

/// Pay the deposit of one of one's own visits by card
#[utoipa::path(
    post,
    path = "/v1/client/portal/bookings/{booking_id}/pay",
    tag = "portal",
    params(("booking_id" = Uuid, Path)),
    responses(
        (status = 201, description = "Where it is paid", content_type = "application/json"),
        (status = 409, description = "`nothing_due`: none is asked for, or it is paid"),
        (status = 502, description = "`payment_provider_failed`"),
        (status = 503, description = "`payments_off`")
    )
)]
async fn pay_own_deposit(
    State(app): State<AppState>,
    caller: PortalCaller,
    Path(id): Path<BookingId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let visit = must_own(&app, &caller, id).await?;
    pay_deposit(&app, &caller.context(&request), &visit).await
}

/// Why whoever books by themselves could not pay a deposit.
pub(super) fn unpayable(app: &App) -> Option<Downgrade> {
    app.stripe.is_none().then_some(Downgrade::StripeUnavailable)
}

/// Opens the checkout, whose address stands in the answer then; where none can be opened, no deposit is asked for.
pub(super) async fn open_checkout_or_waive(
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
