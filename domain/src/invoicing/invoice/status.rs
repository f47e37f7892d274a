//! Where an invoice stands, and the letters about it.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// Where it stands. It follows from what was paid, and is never set.
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
    /// It does not count yet.
    Draft,
    /// Nothing is paid.
    Sent,
    /// Part of it is paid.
    Partial,
    /// All of it is.
    Paid,
    /// Nothing is paid although it should be.
    Overdue,
    /// It does not count any more.
    Void,
    /// It never counted.
    Discarded,
}

impl Status {
    /// Whether something may be left to pay.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Sent | Self::Partial | Self::Overdue)
    }
}

/// A letter about an invoice.
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
pub enum Letter {
    /// Here it is.
    Invoice,
    /// It is, or will soon be, to be paid.
    Reminder,
    /// It is overdue since a few days.
    Gentle,
    /// It is overdue since a week.
    Second,
    /// It is overdue since more than two.
    Final,
}

/// How long an invoice has been overdue.
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
pub enum Bucket {
    /// 1 to 6 days.
    Recent,
    /// 7 to 14 days.
    Attention,
    /// More.
    Critical,
}

impl Letter {
    /// The letters that are written by themselves, and how many days after the first day overdue.
    pub const LADDER: [(Self, i64); 3] = [(Self::Gentle, 0), (Self::Second, 6), (Self::Final, 14)];
}

impl Bucket {
    /// Of so many days.
    pub const fn of(days: i64) -> Option<Self> {
        match days {
            ..1 => None,
            1..7 => Some(Self::Recent),
            7..15 => Some(Self::Attention),
            15.. => Some(Self::Critical),
        }
    }

    /// From how many days to how many.
    pub const fn days(self) -> (i32, Option<i32>) {
        match self {
            Self::Recent => (1, Some(6)),
            Self::Attention => (7, Some(14)),
            Self::Critical => (15, None),
        }
    }

    /// What those who owe so long are written.
    pub const fn letter(self) -> Letter {
        match self {
            Self::Recent => Letter::Gentle,
            Self::Attention => Letter::Second,
            Self::Critical => Letter::Final,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_after_the_last_is_in_one_bucket() {
        assert_eq!([0, -3].map(Bucket::of), [None, None]);
        for days in 1..40 {
            let bucket = Bucket::of(days).unwrap();
            let (from, until) = bucket.days();
            assert!(
                days >= from.into() && until.is_none_or(|until| days <= until.into()),
                "{days}"
            );
        }
        assert_eq!(Bucket::of(14).map(Bucket::letter), Some(Letter::Second));
        for (letter, days) in Letter::LADDER {
            assert_eq!(Bucket::of(days + 1).map(Bucket::letter), Some(letter));
            assert_ne!(Bucket::of(days).map(Bucket::letter), Some(letter));
        }
    }
}
