//! The plans, and what each of them allows.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::refusal::{Kind, Refusal};

/// What an organisation can subscribe to.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    IntoStaticStr,
    EnumString,
    VariantArray,
    strum::VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Plan {
    /// For trying it.
    #[default]
    Free,
    /// For a business.
    Pro,
}

/// What is counted against a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Counted {
    /// Workers who are active.
    Workers,
    /// Bookings made in a calendar month, UTC.
    Bookings,
    /// Bytes of photos.
    StorageBytes,
}

/// How much a plan allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// Active workers.
    pub workers: u64,
    /// Bookings in a calendar month, UTC.
    pub bookings: u64,
    /// Bytes of photos.
    pub storage_bytes: u64,
}

const GIB: u64 = 1 << 30;

impl Plan {
    /// What it allows. Source: the table of plans in the platform specification.
    pub const fn limits(self) -> Limits {
        match self {
            Self::Free => Limits { workers: 3, bookings: 20, storage_bytes: GIB },
            Self::Pro => Limits { workers: 50, bookings: 500, storage_bytes: 20 * GIB },
        }
    }

    /// What it costs in a month, in cents of the United States.
    pub const fn price_cents(self) -> i64 {
        match self {
            Self::Free => 0,
            Self::Pro => 9_900,
        }
    }

    /// As it is written everywhere.
    pub fn key(self) -> &'static str {
        self.into()
    }
}

impl Limits {
    /// How much of `counted` there may be.
    pub const fn of(self, counted: Counted) -> u64 {
        match counted {
            Counted::Workers => self.workers,
            Counted::Bookings => self.bookings,
            Counted::StorageBytes => self.storage_bytes,
        }
    }

    /// Whether `more` fits beside what is `used` already. To be asked before everything that adds to what is counted, by
    /// whomever it is asked for.
    pub fn allow(self, counted: Counted, used: u64, more: u64) -> Result<(), OverLimit> {
        if used.saturating_add(more) <= self.of(counted) { Ok(()) } else { Err(counted.into()) }
    }
}

/// The plan does not allow any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, IntoStaticStr)]
pub enum OverLimit {
    /// No more workers.
    #[error("Worker limit reached for current plan")]
    #[strum(serialize = "plan.worker_limit")]
    Workers,
    /// No more bookings this month.
    #[error("Monthly booking limit reached for current plan")]
    #[strum(serialize = "plan.booking_limit")]
    Bookings,
    /// No more photos.
    #[error("Storage limit reached for current plan")]
    #[strum(serialize = "plan.storage_limit")]
    Storage,
}

impl From<Counted> for OverLimit {
    fn from(counted: Counted) -> Self {
        match counted {
            Counted::Workers => Self::Workers,
            Counted::Bookings => Self::Bookings,
            Counted::StorageBytes => Self::Storage,
        }
    }
}

impl Refusal for OverLimit {
    fn kind(&self) -> Kind {
        Kind::OverPlan
    }

    fn code(&self) -> &'static str {
        self.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_allow_what_the_table_says() {
        let table = |plan: Plan| {
            let limits = plan.limits();
            (limits.workers, limits.bookings, limits.storage_bytes, plan.price_cents())
        };
        assert_eq!(table(Plan::Free), (3, 20, 1_073_741_824, 0));
        assert_eq!(table(Plan::Pro), (50, 500, 21_474_836_480, 9_900));
    }

    #[test]
    fn the_last_one_fits_and_the_next_one_does_not() {
        for plan in Plan::VARIANTS {
            for counted in Counted::VARIANTS {
                let (limits, most) = (plan.limits(), plan.limits().of(*counted));
                assert_eq!(limits.allow(*counted, most - 1, 1), Ok(()));
                assert_eq!(limits.allow(*counted, most, 1), Err((*counted).into()));
                // Whoever has too many after a change of plan may still do what adds nothing.
                assert_eq!(limits.allow(*counted, most, 0), Ok(()));
                assert!(limits.allow(*counted, u64::MAX, 1).is_err());
            }
        }
    }

    #[test]
    fn refusals_have_the_words_that_clients_know() {
        let words = Counted::VARIANTS.iter().map(|one| OverLimit::from(*one).to_string());
        assert_eq!(
            words.collect::<Vec<_>>(),
            [
                "Worker limit reached for current plan",
                "Monthly booking limit reached for current plan",
                "Storage limit reached for current plan",
            ]
        );
    }
}
