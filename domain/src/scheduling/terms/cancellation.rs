//! What is paid back when a booking is cancelled.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use super::deposit::is_heavy;
use super::policies::CancellationPolicy;
use crate::sales::estimate::CleaningType;

/// How early somebody cancels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Notice {
    /// Early enough.
    Free,
    /// A part is paid back.
    Partial,
    /// Nothing is.
    Late,
}

/// What was promised about cancelling when the booking was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancellationTerms {
    /// `heavy_service`, `first_time_client`, `high_value`, `short_notice`.
    pub rules: Vec<String>,
    /// Up to this many hours before the visit it is free.
    pub free_hours: u16,
    /// Up to this many hours a part is paid back.
    pub partial_hours: u16,
    /// That part, in percent.
    pub partial_percent: u8,
    /// What is paid back to whoever cancels later, in percent.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub late_percent: u8,
    /// What cancelling later costs beside.
    pub late_fee_cents: i64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_nothing(percent: &u8) -> bool {
    *percent == 0
}

/// What cancelling at a moment comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settlement {
    /// How early it is.
    pub notice: Notice,
    /// Of what was paid ahead, in percent.
    pub refund_percent: u8,
    /// What is paid back.
    pub refund_cents: i64,
    /// What is owed beside.
    pub fee_cents: i64,
}

/// What the promise depends on.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// What is cleaned.
    pub service: Option<CleaningType>,
    /// Nobody has been there yet.
    pub first_time: bool,
    /// The visit is expensive.
    pub high_value: bool,
    /// From now to the visit.
    pub ahead: TimeDelta,
}

/// Fixes the promise.
pub fn fix(policy: &CancellationPolicy, facts: Facts) -> CancellationTerms {
    let heavy = facts.service.is_some_and(is_heavy);
    let short = facts.ahead < super::risk::SHORT_NOTICE;
    let rules = [
        (heavy, "heavy_service"),
        (facts.first_time, "first_time_client"),
        (facts.high_value, "high_value"),
        (short, "short_notice"),
    ];
    let parts = [
        (true, policy.partial_percent),
        (facts.first_time, policy.first_time_percent),
        (facts.high_value, policy.high_value_percent),
        (short, policy.short_notice_percent),
    ];
    let held = |(holds, value): (bool, u8)| holds.then_some(value);
    let (free_hours, partial_hours) = if heavy {
        (policy.heavy_free_hours, policy.heavy_partial_hours)
    } else {
        (policy.free_hours, policy.partial_hours)
    };
    CancellationTerms {
        rules: rules.into_iter().filter(|(holds, _)| *holds).map(|(_, r)| r.to_owned()).collect(),
        free_hours,
        partial_hours,
        partial_percent: parts.into_iter().filter_map(held).min().unwrap_or(0),
        late_percent: policy.late_percent,
        late_fee_cents: policy.late_fee_cents,
    }
}

impl CancellationTerms {
    /// What cancelling now comes to, for a visit at `starts_at` of which `paid_cents` were paid ahead.
    pub fn settle(
        &self,
        starts_at: DateTime<Utc>,
        now: DateTime<Utc>,
        paid_cents: i64,
    ) -> Settlement {
        let ahead = starts_at - now;
        let notice = if ahead >= TimeDelta::hours(self.free_hours.into()) {
            Notice::Free
        } else if ahead >= TimeDelta::hours(self.partial_hours.into()) {
            Notice::Partial
        } else {
            Notice::Late
        };
        let (refund_percent, fee_cents) = match notice {
            Notice::Free => (100, 0),
            Notice::Partial => (self.partial_percent, 0),
            Notice::Late => (self.late_percent, self.late_fee_cents),
        };
        let refund_cents = part(paid_cents, refund_percent);
        Settlement { notice, refund_percent, refund_cents, fee_cents }
    }

    /// As [`Self::settle`], where staff have granted an exception: everything is paid back.
    pub fn excuse(
        &self,
        starts_at: DateTime<Utc>,
        now: DateTime<Utc>,
        paid_cents: i64,
    ) -> Settlement {
        let Settlement { notice, .. } = self.settle(starts_at, now, paid_cents);
        Settlement { notice, refund_percent: 100, refund_cents: paid_cents, fee_cents: 0 }
    }
}

/// Percent of `cents`, half a cent up.
fn part(cents: i64, percent: u8) -> i64 {
    let exact = i128::from(cents.max(0)) * i128::from(percent);
    i64::try_from((exact + 50) / 100).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(service: CleaningType, first_time: bool) -> CancellationTerms {
        let (high_value, ahead) = (false, TimeDelta::hours(120));
        let facts = Facts { service: Some(service), first_time, high_value, ahead };
        fix(&CancellationPolicy::default(), facts)
    }

    fn settled(terms: &CancellationTerms, hours: i64) -> Settlement {
        let now = DateTime::UNIX_EPOCH;
        terms.settle(now + TimeDelta::hours(hours), now, 7_001)
    }

    #[test]
    fn the_earlier_the_more_is_paid_back() {
        let usual = terms(CleaningType::Standard, false);
        for (hours, percent, cents) in
            [(48, 100, 7_001), (47, 50, 3_501), (24, 50, 3_501), (23, 0, 0), (-1, 0, 0)]
        {
            let settlement = settled(&usual, hours);
            assert_eq!((settlement.refund_percent, settlement.refund_cents), (percent, cents));
        }
    }

    #[test]
    fn a_deep_clean_wants_more_notice_and_the_least_part_holds() {
        let deep = terms(CleaningType::Deep, true);
        assert_eq!(deep.rules, ["heavy_service", "first_time_client"]);
        assert_eq!(settled(&deep, 72).notice, Notice::Free);
        assert_eq!(settled(&deep, 71).refund_percent, 40);
        assert_eq!(settled(&deep, 47).notice, Notice::Late);
        let facts =
            Facts { service: None, first_time: true, high_value: true, ahead: TimeDelta::hours(1) };
        assert_eq!(fix(&CancellationPolicy::default(), facts).partial_percent, 25);
    }

    #[test]
    fn an_exception_pays_everything_back_whenever_it_is() {
        let policy = CancellationPolicy { late_fee_cents: 2_500, ..CancellationPolicy::default() };
        let facts = Facts {
            service: None,
            first_time: false,
            high_value: false,
            ahead: TimeDelta::hours(99),
        };
        let terms = fix(&policy, facts);
        assert_eq!(settled(&terms, 1).fee_cents, 2_500);
        let now = DateTime::UNIX_EPOCH;
        let excused = terms.excuse(now + TimeDelta::hours(1), now, 7_001);
        assert_eq!((excused.refund_cents, excused.fee_cents), (7_001, 0));
        assert_eq!(excused.notice, Notice::Late);
    }
}
