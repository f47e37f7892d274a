//! What can be asked of a subscription, and why it is refused.

use chrono::{DateTime, NaiveDate, Utc};

use super::event::{SkipReason, Status};
use super::plan::Plan;
use crate::id::{BookingId, ClientId, SubscriptionId};
use crate::refusal::{Kind, Refusal};

/// What can be asked. `today` is the local date of the organisation.
#[derive(Clone, Debug)]
pub enum SubscriptionCommand {
    /// Begin.
    Start(Origin),
    /// Do not come for now.
    Pause {
        /// Why.
        reason: Option<String>,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Come again.
    Resume {
        /// See above.
        today: NaiveDate,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Come no more.
    Cancel {
        /// Why.
        reason: Option<String>,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Come at other times.
    ChangePlan {
        /// As it shall be.
        plan: Plan,
        /// See above.
        today: NaiveDate,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Come on another day next time.
    MoveNextRun {
        /// Which.
        date: NaiveDate,
        /// See above.
        today: NaiveDate,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// The visit on this day is a booking.
    Schedule {
        /// Which day.
        date: NaiveDate,
        /// Which booking.
        booking: BookingId,
        /// See above.
        today: NaiveDate,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Nobody comes on this day.
    Skip {
        /// Which day.
        date: NaiveDate,
        /// Why.
        reason: SkipReason,
        /// See above.
        today: NaiveDate,
        /// When it is asked.
        now: DateTime<Utc>,
    },
}

/// A subscription that begins.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The aggregate's own id.
    pub subscription_id: SubscriptionId,
    /// Whose.
    pub client: ClientId,
    /// When its visits are.
    pub plan: Plan,
    /// What each of them costs: from the price book, or an offer that was accepted.
    pub price_cents: i64,
    /// The version of the price book it was priced by.
    pub price_book: Option<String>,
    /// The local date of the organisation.
    pub today: NaiveDate,
    /// When it is asked.
    pub now: DateTime<Utc>,
}

/// Why a command is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
pub enum SubscriptionError {
    /// There is none.
    #[error("there is no such subscription")]
    #[strum(serialize = "subscription.not_found")]
    NotFound,
    /// The id is in use.
    #[error("this subscription was begun before")]
    #[strum(serialize = "subscription.already_started")]
    AlreadyStarted,
    /// Not a plan.
    #[error(
        "weekly visits have a weekday of 0 to 6, monthly ones a day of 1 to 31, and all a service"
    )]
    #[strum(serialize = "subscription.bad_plan")]
    BadPlan,
    /// Not a price.
    #[error("a price is not negative")]
    #[strum(serialize = "subscription.bad_price")]
    BadPrice,
    /// Not a reason.
    #[error("a reason has at most 255 characters")]
    #[strum(serialize = "subscription.bad_reason")]
    BadReason,
    /// The table of states has no such row.
    #[error("a subscription that is {from} cannot become {to}")]
    #[strum(serialize = "subscription.illegal_transition")]
    IllegalTransition {
        /// Where it stands.
        from: Status,
        /// Where it should go.
        to: Status,
    },
    /// Nobody comes.
    #[error("a subscription that is {0} has no visits")]
    #[strum(serialize = "subscription.not_running")]
    NotRunning(Status),
    /// It is not that day's turn.
    #[error("an earlier visit comes first")]
    #[strum(serialize = "subscription.not_due")]
    NotDue,
    /// Nobody plans so far ahead.
    #[error("a visit is at most two years ahead")]
    #[strum(serialize = "subscription.date_too_far")]
    DateTooFar,
    /// That day is over.
    #[error("the next visit cannot be in the past")]
    #[strum(serialize = "subscription.date_in_past")]
    DateInPast,
}

impl Refusal for SubscriptionError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotFound => Kind::NotFound,
            Self::BadPlan
            | Self::BadPrice
            | Self::BadReason
            | Self::DateInPast
            | Self::DateTooFar => Kind::Invalid,
            Self::AlreadyStarted
            | Self::IllegalTransition { .. }
            | Self::NotRunning(_)
            | Self::NotDue => Kind::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        self.into()
    }
}
