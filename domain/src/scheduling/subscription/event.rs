//! What happens to a subscription. Wire names and fields are frozen by the files in `tests/golden/`.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray, VariantNames};

use super::plan::Plan;
use crate::event::domain_event;
use crate::id::{BookingId, ClientId, SubscriptionId};
use crate::personal::Personal;

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SubscriptionEvent {
    /// It began.
    Started {
        /// The aggregate's own id.
        subscription_id: SubscriptionId,
        /// Whose.
        client: ClientId,
        /// When its visits are.
        plan: Plan,
        /// What each of them costs.
        price_cents: i64,
        /// The version of the price book it was priced by.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        price_book: Option<String>,
        /// The local date of its first visit.
        next_run: NaiveDate,
        /// When.
        at: DateTime<Utc>,
    },
    /// Nobody comes for now.
    Paused {
        /// Why, in words.
        reason: Option<Personal<String>>,
        /// When.
        at: DateTime<Utc>,
    },
    /// Somebody comes again.
    Resumed {
        /// The local date of the next visit.
        next_run: NaiveDate,
        /// When.
        at: DateTime<Utc>,
    },
    /// Nobody comes any more.
    Cancelled {
        /// Why, in words.
        reason: Option<Personal<String>>,
        /// When.
        at: DateTime<Utc>,
    },
    /// Its visits are at other times, or clean something else.
    PlanChanged {
        /// As it is now.
        plan: Plan,
        /// The local date of the next visit.
        next_run: NaiveDate,
        /// When.
        at: DateTime<Utc>,
    },
    /// The next visit is on another day.
    NextRunMoved {
        /// The local date of the next visit.
        next_run: NaiveDate,
        /// When.
        at: DateTime<Utc>,
    },
    /// A visit became a booking.
    OccurrenceScheduled {
        /// Its local date.
        date: NaiveDate,
        /// Which.
        booking: BookingId,
        /// The local date of the next visit.
        next_run: NaiveDate,
        /// When.
        at: DateTime<Utc>,
    },
    /// Nobody will come on that day.
    OccurrenceSkipped {
        /// Its local date.
        date: NaiveDate,
        /// Why.
        reason: SkipReason,
        /// The local date of the next visit.
        next_run: NaiveDate,
        /// When.
        at: DateTime<Utc>,
    },
}
domain_event!(SubscriptionEvent, version = "1");

impl SubscriptionEvent {
    /// When it happened.
    pub const fn at(&self) -> DateTime<Utc> {
        match self {
            Self::Started { at, .. }
            | Self::Paused { at, .. }
            | Self::Resumed { at, .. }
            | Self::Cancelled { at, .. }
            | Self::PlanChanged { at, .. }
            | Self::NextRunMoved { at, .. }
            | Self::OccurrenceScheduled { at, .. }
            | Self::OccurrenceSkipped { at, .. } => *at,
        }
    }
}

/// Why nobody comes on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SkipReason {
    /// Every team is taken.
    SlotTaken,
    /// The customer may not book.
    ClientBlocked,
    /// Nobody works on that day.
    Closed,
    /// The plan of the organisation has no room for more bookings.
    PlanLimit,
    /// The day had passed before anybody looked.
    Missed,
    /// Something else stood in the way.
    Refused,
}

/// Where a subscription stands.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    Display,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE")]
pub enum Status {
    /// Somebody comes.
    Active,
    /// Nobody comes for now.
    Paused,
    /// Nobody comes any more.
    Canceled,
    /// Somebody comes, to try it.
    Trial,
    /// Something is missing before anybody comes.
    Incomplete,
}

impl Status {
    /// Where it may go from here: the whole table.
    pub const fn next(self) -> &'static [Self] {
        match self {
            Self::Active => &[Self::Paused, Self::Canceled],
            Self::Paused | Self::Trial | Self::Incomplete => &[Self::Active, Self::Canceled],
            Self::Canceled => &[],
        }
    }
}
