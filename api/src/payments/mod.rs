//! Payments by card: checkouts at Stripe, and what it tells about them.

mod checkout;
mod deposits;
mod disputed;
mod disputes;
mod inbox;
mod messages;
mod process;
mod signature;
mod stripe;
mod webhook;

use crate::route::Routes;

pub(crate) use self::checkout::{deposit as deposit_checkout, own as own_checkout, pay_deposit};
pub(crate) use self::deposits::hold_refunds;
pub(crate) use self::disputed::refund_of;
pub(crate) use self::disputes::open as open_dispute;
pub use self::inbox::PaymentInbox;
pub use self::process::{PaymentProcess, ProcessError};
pub(crate) use self::signature::Secrets;
pub use self::stripe::{PaymentOptions, Stripe, StripeError, StripeOptions};

pub(crate) fn routes() -> Routes {
    Routes::default()
        .merge(webhook::routes())
        .merge(checkout::routes())
        .merge(messages::routes())
        .merge(disputes::routes())
}
