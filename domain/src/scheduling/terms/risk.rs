//! How risky a booking is.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use super::policies::RiskPolicy;

/// What is known about who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Whether a visit to them was confirmed or done before.
    pub was_visited: bool,
    /// How many of their bookings were cancelled.
    pub cancelled: u32,
    /// Where they live, as far as the postal code says.
    pub postal_code: Option<String>,
}

/// In three words.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    IntoStaticStr,
    EnumString,
)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE")]
pub enum Band {
    /// Like most.
    Low,
    /// A deposit is asked for.
    Medium,
    /// A person has to confirm.
    High,
}

/// How risky, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Risk {
    /// 0 to 100.
    pub score: u16,
    /// The score in words.
    pub band: Band,
    /// `new_client`, `high_total`, `short_notice`, `area_flagged`, `cancel_history`, `manual_override`.
    pub reasons: Vec<String>,
}

/// Less ahead than this is short notice.
pub(super) const SHORT_NOTICE: TimeDelta = TimeDelta::hours(24);

/// Judges a booking that starts `ahead` from now.
pub fn assess(
    policy: &RiskPolicy,
    history: &History,
    total_cents: Option<i64>,
    high_value_cents: i64,
    ahead: TimeDelta,
) -> Risk {
    let flagged = history.postal_code.as_deref().is_some_and(|code| {
        let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        let code = code.to_uppercase();
        policy.flagged_prefixes.iter().any(|prefix| code.starts_with(&prefix.to_uppercase()))
    });
    let cancelled = policy.cancelled_points
        + if history.cancelled > 1 { policy.cancelled_again_points } else { 0 };
    let factors = [
        (!history.was_visited, policy.new_client_points, "new_client"),
        (
            total_cents.is_some_and(|total| total >= high_value_cents),
            policy.high_total_points,
            "high_total",
        ),
        (ahead < SHORT_NOTICE, policy.short_notice_points, "short_notice"),
        (flagged, policy.area_points, "area_flagged"),
        (history.cancelled > 0, cancelled, "cancel_history"),
    ];
    let found = factors.into_iter().filter(|(holds, ..)| *holds);
    let (mut score, mut reasons) = (0_u16, Vec::new());
    for (_, points, reason) in found {
        score = score.saturating_add(points);
        reasons.push(reason.to_owned());
    }
    let score = score.min(100);
    Risk { score, band: band(policy, score), reasons }
}

fn band(policy: &RiskPolicy, score: u16) -> Band {
    if score >= policy.high_from {
        Band::High
    } else if score >= policy.medium_from {
        Band::Medium
    } else {
        Band::Low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assessed(history: &History, total: i64, hours: i64) -> (u16, Band, Vec<String>) {
        let policy = RiskPolicy::default();
        let risk = assess(&policy, history, Some(total), 30_000, TimeDelta::hours(hours));
        (risk.score, risk.band, risk.reasons)
    }

    #[test]
    fn somebody_new_is_no_risk_by_that_alone() {
        let new = assessed(&History::default(), 10_000, 100);
        assert_eq!(new, (20, Band::Low, vec!["new_client".to_owned()]));
        let known = History { was_visited: true, ..History::default() };
        assert_eq!(assessed(&known, 10_000, 100).0, 0);
    }

    #[test]
    fn the_points_add_up_to_a_hundred_at_most() {
        let postal_code = Some(" t9x 1a1".to_owned());
        let worst = History { was_visited: false, cancelled: 2, postal_code };
        let (score, band, reasons) = assessed(&worst, 30_000, 23);
        assert_eq!((score, band), (100, Band::High));
        assert_eq!(
            reasons,
            ["new_client", "high_total", "short_notice", "area_flagged", "cancel_history"]
        );
    }

    #[test]
    fn one_cancelled_booking_asks_for_a_deposit_and_a_second_weighs_more() {
        let once = History { was_visited: true, cancelled: 1, postal_code: None };
        assert_eq!(assessed(&once, 0, 24).0, 45);
        assert_eq!(assessed(&once, 0, 24).1, Band::Medium);
        assert_eq!(assessed(&History { cancelled: 2, ..once }, 0, 24).0, 55);
    }
}
