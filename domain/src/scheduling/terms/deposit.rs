//! Whether money is asked for in advance, and how much.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use super::policies::DepositPolicy;
use super::risk::{Band, Risk, SHORT_NOTICE};
use crate::sales::estimate::CleaningType;

/// Less ahead than this is late.
const LATE: TimeDelta = TimeDelta::hours(48);

/// For whoever is to pay at once: long enough for a checkout, short enough for the next who wants that time.
const AT_ONCE: TimeDelta = TimeDelta::minutes(30);

/// For whoever was told to pay, and does so later.
const WAITED_FOR: TimeDelta = TimeDelta::days(2);

/// How an amount was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Basis {
    /// A share of the total, held between the least and the greatest deposit.
    PercentClamped,
    /// The total was not known: the least.
    FixedMinimum,
    /// Somebody named the amount.
    ManualOverride,
    /// None is asked for.
    None,
    /// Deposits are off, or could not be paid.
    Disabled,
}

/// Why no deposit can be paid although one would be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Downgrade {
    /// No total to take a share of.
    DepositEstimateUnavailable,
    /// No payment provider is configured.
    StripeUnavailable,
    /// The provider did not open a checkout.
    CheckoutUnavailable,
    /// Whoever is to pay is not there: the office wrote the visit down, or a subscription did.
    NobodyAtCheckout,
}

/// What was decided about the deposit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DepositTerms {
    /// Whether one is asked for.
    pub required: bool,
    /// How much, if so.
    pub amount_cents: Option<i64>,
    /// The share it is of the total, in thousandths.
    pub permille: Option<u16>,
    /// Why.
    pub reasons: Vec<String>,
    /// How the amount was found.
    pub basis: Basis,
    /// Why it was let go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub downgraded: Option<Downgrade>,
    /// Until when it must be paid; after that nobody comes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<DateTime<Utc>>,
}

/// What a deposit depends on.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// What is cleaned.
    pub service: Option<CleaningType>,
    /// What it will cost.
    pub total_cents: Option<i64>,
    /// From now to the visit.
    pub ahead: TimeDelta,
    /// Nobody has been there yet.
    pub first_time: bool,
    /// How risky it is.
    pub risk: &'a Risk,
}

/// A deep or moving clean.
pub const fn is_heavy(service: CleaningType) -> bool {
    matches!(service, CleaningType::Deep | CleaningType::MoveOutEmpty | CleaningType::MoveInEmpty)
}

/// Decides by policy.
pub fn decide(policy: &DepositPolicy, facts: Facts<'_>) -> DepositTerms {
    let forced = facts.risk.band >= Band::Medium;
    if !policy.enabled && !forced {
        return none(Basis::Disabled);
    }
    let heavy = facts.service.filter(|service| is_heavy(*service));
    let high_value = facts.total_cents.is_some_and(|total| total >= policy.high_value_cents);
    let short = facts.ahead < SHORT_NOTICE;
    let late = !short && facts.ahead < LATE;

    let mut reasons = Vec::new();
    let mut because = |holds: bool, reason: &str| {
        if holds {
            reasons.push(reason.to_owned());
        }
    };
    because(facts.first_time, "first_time_client");
    if let Some(service) = heavy {
        because(true, &format!("service_type_{}", <&'static str>::from(service)));
    }
    because(short, "short_notice");
    because(late, "late_booking");
    because(high_value, "high_value_booking");
    because(facts.risk.band == Band::Medium, "risk_medium");
    because(facts.risk.band == Band::High, "risk_high");
    if reasons.is_empty() {
        return none(Basis::None);
    }

    let shares = [
        (true, policy.percent_permille),
        (heavy.is_some(), policy.heavy_permille),
        (short, policy.short_notice_permille),
        (late, policy.late_permille),
        (high_value, policy.high_value_permille),
    ];
    let permille =
        shares.into_iter().filter(|(holds, _)| *holds).map(|(_, share)| share).max().unwrap_or(0);
    let within = |cents: i64| cents.clamp(policy.minimum_cents, policy.maximum_cents);
    let (amount, basis) = match facts.total_cents {
        Some(total) => (within(share(total, permille)), Basis::PercentClamped),
        None => (policy.minimum_cents, Basis::FixedMinimum),
    };
    DepositTerms {
        required: true,
        amount_cents: Some(amount),
        permille: Some(permille),
        reasons,
        basis,
        downgraded: None,
        due_at: None,
    }
}

/// Thousandths of `total`, a begun cent counts.
fn share(total: i64, permille: u16) -> i64 {
    let exact = i128::from(total.max(0)) * i128::from(permille);
    i64::try_from((exact + 999) / 1000).unwrap_or(i64::MAX)
}

fn none(basis: Basis) -> DepositTerms {
    let (amount_cents, permille, reasons) = (None, None, Vec::new());
    let (downgraded, due_at) = (None, None);
    DepositTerms { required: false, amount_cents, permille, reasons, basis, downgraded, due_at }
}

impl DepositTerms {
    /// The amount somebody named; none is asked for if it is nothing.
    pub fn named(amount_cents: i64) -> Self {
        Self {
            required: amount_cents > 0,
            amount_cents: (amount_cents > 0).then_some(amount_cents),
            permille: None,
            reasons: vec!["manual_override".to_owned()],
            basis: Basis::ManualOverride,
            downgraded: None,
            due_at: None,
        }
    }

    /// Due as the policy has it, counted from `now`; what is not asked for is never due.
    #[must_use]
    pub fn due(mut self, policy: &DepositPolicy, now: DateTime<Utc>) -> Self {
        let time = match policy.due_days {
            0 => AT_ONCE,
            days => TimeDelta::days(days.into()),
        };
        self.due_at = self.required.then(|| now + time);
        self
    }

    /// Due as the policy has it, or where it says at once, within two days: whoever is told by somebody else is not at a
    /// checkout. Not later than the visit.
    #[must_use]
    pub fn due_before(
        self,
        starts_at: DateTime<Utc>,
        policy: &DepositPolicy,
        now: DateTime<Utc>,
    ) -> Self {
        let mut due = self.due(policy, now);
        if policy.due_days == 0 {
            due.due_at = due.required.then(|| now + WAITED_FOR);
        }
        due.due_at = due.due_at.map(|at| at.min(starts_at));
        due
    }

    /// Let go, because it cannot be paid; the reasons it was asked for stay.
    #[must_use]
    pub fn downgraded(mut self, why: Downgrade) -> Self {
        self.required = false;
        self.amount_cents = None;
        self.due_at = None;
        self.basis = Basis::Disabled;
        self.downgraded = Some(why);
        self.reasons.push(format!("downgraded:{}", <&'static str>::from(why)));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn risk(band: Band) -> Risk {
        Risk { score: 0, band, reasons: Vec::new() }
    }

    fn decided(
        service: Option<CleaningType>,
        total_cents: Option<i64>,
        hours: i64,
        first_time: bool,
        band: Band,
    ) -> DepositTerms {
        let (risk, ahead) = (risk(band), TimeDelta::hours(hours));
        let facts = Facts { service, total_cents, ahead, first_time, risk: &risk };
        decide(&DepositPolicy::default(), facts)
    }

    #[test]
    fn who_is_known_and_asks_in_time_pays_nothing_ahead() {
        let terms = decided(Some(CleaningType::Standard), Some(10_000), 48, false, Band::Low);
        assert!(!terms.required);
        assert_eq!(terms.basis, Basis::None);
    }

    #[test]
    fn the_greatest_share_that_holds_is_taken() {
        let deep = decided(Some(CleaningType::Deep), Some(20_000), 120, true, Band::Low);
        assert_eq!((deep.amount_cents, deep.permille), (Some(7_000), Some(350)));
        assert_eq!(deep.reasons, ["first_time_client", "service_type_deep"]);
        let short = decided(None, Some(20_000), 23, false, Band::Low);
        assert_eq!((short.amount_cents, short.permille), (Some(10_000), Some(500)));
        let late = decided(None, Some(20_001), 47, false, Band::Low);
        assert_eq!((late.amount_cents, late.permille), (Some(8_001), Some(400)));
    }

    #[test]
    fn a_deposit_lies_between_the_least_and_the_greatest() {
        let small = decided(None, Some(1_000), 100, true, Band::Low);
        assert_eq!(small.amount_cents, Some(5_000));
        let great = decided(None, Some(900_000), 100, true, Band::Low);
        assert_eq!(great.amount_cents, Some(20_000));
        let unknown = decided(None, None, 100, true, Band::Low);
        assert_eq!((unknown.amount_cents, unknown.basis), (Some(5_000), Basis::FixedMinimum));
    }

    #[test]
    fn risk_forces_one_even_where_deposits_are_off() {
        let off = DepositPolicy { enabled: false, ..DepositPolicy::default() };
        for (band, required) in [(Band::Low, false), (Band::Medium, true), (Band::High, true)] {
            let (risk, ahead) = (risk(band), TimeDelta::hours(100));
            let total_cents = Some(10_000);
            let facts = Facts { service: None, total_cents, ahead, first_time: true, risk: &risk };
            assert_eq!(decide(&off, facts).required, required, "{band:?}");
        }
    }

    #[test]
    fn what_cannot_be_paid_is_let_go_and_says_why() {
        let terms = decided(None, Some(10_000), 100, true, Band::Low);
        let terms = terms.downgraded(Downgrade::StripeUnavailable);
        assert!(!terms.required);
        assert_eq!(terms.reasons, ["first_time_client", "downgraded:stripe_unavailable"]);
    }
}
