//! Where a booking stands, and where its deposit does.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// Where a booking stands.
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
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// Asked for; its time is taken.
    Pending,
    /// Somebody will come.
    Confirmed,
    /// Somebody is there.
    InProgress,
    /// Cleaned.
    Done,
    /// Nobody will come.
    Cancelled,
}

impl Status {
    /// Whether nothing can follow.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Cancelled)
    }

    /// Whether it takes the time of its team and crew.
    pub const fn takes_time(self) -> bool {
        !self.is_final()
    }
}

/// Where a deposit stands, if one was asked for.
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
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DepositStatus {
    /// Not paid yet.
    Pending,
    /// Paid.
    Paid,
    /// A payment did not go through; another may.
    Failed,
    /// It was not paid in time.
    Expired,
    /// What was paid was given back.
    Returned,
}

impl DepositStatus {
    /// After a payment that leaves so much of it open.
    pub const fn once_paid(short_cents: i64) -> Self {
        if short_cents > 0 { Self::Pending } else { Self::Paid }
    }

    /// After some was given back that leaves so much in hand, and so much of what is asked for open.
    pub const fn once_returned(left_cents: i64, short_cents: i64) -> Self {
        if left_cents > 0 { Self::once_paid(short_cents) } else { Self::Returned }
    }
}
