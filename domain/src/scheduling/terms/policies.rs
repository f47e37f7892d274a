//! What an organisation has decided about its bookings, with the defaults of one that has decided nothing.

use chrono::{NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};

use crate::customers::standing::ClientPolicy;
use crate::input::Problems;
pub use crate::scheduling::terms::times::SchedulingPolicy;
pub use crate::scheduling::terms::ways::WayPolicy;
pub use crate::scheduling::terms::work::WorkPolicy;
pub use crate::scheduling::terms::workers::WorkerPolicy;

/// Everything an organisation decides about bookings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BookingPolicies {
    /// Money in advance.
    pub deposit: DepositPolicy,
    /// Money back.
    pub cancellation: CancellationPolicy,
    /// Another time.
    pub reschedule: ReschedulePolicy,
    /// When invoices are due.
    pub payment_terms: PaymentTerms,
    /// What times are offered.
    pub scheduling: SchedulingPolicy,
    /// Who is trusted.
    pub risk: RiskPolicy,
    /// How visits are worked on.
    pub work: WorkPolicy,
    /// From when on clients give cause for concern.
    #[serde(skip_serializing_if = "ClientPolicy::is_usual")]
    pub clients: ClientPolicy,
    /// How workers are paid and looked after.
    #[serde(skip_serializing_if = "WorkerPolicy::is_usual")]
    pub workers: WorkerPolicy,
    /// How long ways take.
    #[serde(skip_serializing_if = "WayPolicy::is_usual")]
    pub ways: WayPolicy,
}

/// When a deposit is asked for, and how much.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DepositPolicy {
    /// Whether at all; risk may still force one.
    pub enabled: bool,
    /// Of the total, in thousandths.
    pub percent_permille: u16,
    /// Of the total of a deep or moving clean.
    pub heavy_permille: u16,
    /// Of the total of a visit in less than a day.
    pub short_notice_permille: u16,
    /// Of the total of a visit in less than two days.
    pub late_permille: u16,
    /// Of the total of an expensive visit.
    pub high_value_permille: u16,
    /// From here on a visit is expensive.
    pub high_value_cents: i64,
    /// Least deposit.
    pub minimum_cents: i64,
    /// Greatest deposit.
    pub maximum_cents: i64,
    /// Days until it must be paid; 0 is half an hour.
    pub due_days: u16,
    /// In words, for whoever reads the terms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
}

impl Default for DepositPolicy {
    fn default() -> Self {
        Self {
            enabled: true,
            percent_permille: 250,
            heavy_permille: 350,
            short_notice_permille: 500,
            late_permille: 400,
            high_value_permille: 300,
            high_value_cents: 30_000,
            minimum_cents: 5_000,
            maximum_cents: 20_000,
            due_days: 0,
            notes: None,
        }
    }
}

/// What is paid back when a visit is cancelled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CancellationPolicy {
    /// Before this many hours cancelling is free.
    pub free_hours: u16,
    /// Before this many hours, and after those, a part is paid back.
    pub partial_hours: u16,
    /// As `free_hours`, for a deep or moving clean.
    pub heavy_free_hours: u16,
    /// As `partial_hours`, for a deep or moving clean.
    pub heavy_partial_hours: u16,
    /// The part, in percent.
    pub partial_percent: u8,
    /// The part for somebody who comes for the first time.
    pub first_time_percent: u8,
    /// The part for an expensive visit.
    pub high_value_percent: u8,
    /// The part for a visit asked for less than a day ahead.
    pub short_notice_percent: u8,
    /// The part for whoever cancels later than that.
    pub late_percent: u8,
    /// What cancelling late costs beside.
    pub late_fee_cents: i64,
    /// In words, for whoever reads the terms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
}

impl Default for CancellationPolicy {
    fn default() -> Self {
        Self {
            free_hours: 48,
            partial_hours: 24,
            heavy_free_hours: 72,
            heavy_partial_hours: 48,
            partial_percent: 50,
            first_time_percent: 40,
            high_value_percent: 25,
            short_notice_percent: 25,
            late_percent: 0,
            late_fee_cents: 0,
            notes: None,
        }
    }
}

/// Whether customers may move a visit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReschedulePolicy {
    /// Whether at all.
    pub allowed: bool,
    /// How many hours ahead at least.
    pub notice_hours: u16,
    /// What it costs.
    pub fee_cents: i64,
    /// How often; staff are not counted.
    pub max_reschedules: u16,
    /// Whether a deposit that nobody paid yet is decided anew for the new time.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub reevaluate_deposit: bool,
}

impl Default for ReschedulePolicy {
    fn default() -> Self {
        Self {
            allowed: true,
            notice_hours: 24,
            fee_cents: 0,
            max_reschedules: 1,
            reevaluate_deposit: false,
        }
    }
}

/// When invoices are due, and how they may be paid.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PaymentTerms {
    /// Days after the invoice.
    pub due_days: u16,
    /// In the words of the organisation.
    pub accepted_methods: Vec<String>,
    /// In words, for whoever reads the terms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
}

impl PaymentTerms {
    /// When an invoice of that date is due, if it is due on a day at all.
    pub fn due(&self, issue_date: NaiveDate) -> Option<NaiveDate> {
        (self.due_days > 0).then(|| issue_date + TimeDelta::days(self.due_days.into()))
    }
}

/// What makes a booking risky, in points of 100.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RiskPolicy {
    /// Nobody has been there yet.
    pub new_client_points: u16,
    /// The visit is expensive.
    pub high_total_points: u16,
    /// It is asked for less than a day ahead.
    pub short_notice_points: u16,
    /// It is in a part of town with bad experiences.
    pub area_points: u16,
    /// Something was cancelled before.
    pub cancelled_points: u16,
    /// More than one thing was.
    pub cancelled_again_points: u16,
    /// Beginnings of postal codes of those parts of town.
    pub flagged_prefixes: Vec<String>,
    /// From here on a person has to confirm.
    pub high_from: u16,
    /// From here on a deposit is asked for.
    pub medium_from: u16,
}

impl Default for RiskPolicy {
    fn default() -> Self {
        Self {
            new_client_points: 20,
            high_total_points: 25,
            short_notice_points: 20,
            area_points: 15,
            cancelled_points: 45,
            cancelled_again_points: 10,
            flagged_prefixes: ["X0A", "Z9Z", "T9X"].map(str::to_owned).to_vec(),
            high_from: 75,
            medium_from: 45,
        }
    }
}

/// More money than any policy is about.
const MOST_CENTS: i64 = 100_000_000;

/// A year of hours.
const MOST_HOURS: u16 = 8_760;

/// What is wrong so far.
#[derive(Default)]
pub(super) struct Wrong(Problems);

impl Wrong {
    pub(super) fn unless(&mut self, holds: bool, field: &str, message: &str) {
        if !holds {
            self.0.push(field, message);
        }
    }

    fn money(&mut self, cents: i64, field: &str) {
        let holds = (0..=MOST_CENTS).contains(&cents);
        self.unless(holds, field, "Input should be from 0 to 100000000");
    }

    fn words(&mut self, words: Option<&str>, field: &str) {
        let fits = words.is_none_or(|words| words.chars().count() <= 500);
        self.unless(fits, field, "At most 500 characters");
    }

    pub(super) fn hours(&mut self, hours: u16, field: &str) {
        self.unless(hours <= MOST_HOURS, field, "Input should be from 0 to 8760");
    }
}

impl BookingPolicies {
    /// Names everything that cannot be meant, as it is sent.
    pub fn check(&self) -> Result<(), Problems> {
        let mut wrong = Wrong::default();
        self.deposit.check(&mut wrong);
        self.cancellation.check(&mut wrong);
        wrong.hours(self.reschedule.notice_hours, "reschedule.notice_hours");
        wrong.money(self.reschedule.fee_cents, "reschedule.fee_cents");
        self.payment_terms.check(&mut wrong);
        self.scheduling.check(&mut wrong);
        self.risk.check(&mut wrong);
        wrong.0.take(self.work.check());
        wrong.0.take(self.clients.check());
        self.workers.check(&mut wrong);
        self.ways.check(&mut wrong);
        wrong.0.or(())
    }
}

impl DepositPolicy {
    fn check(&self, wrong: &mut Wrong) {
        for (field, share) in [
            ("deposit.percent", self.percent_permille),
            ("deposit.heavy_percent", self.heavy_permille),
            ("deposit.short_notice_percent", self.short_notice_permille),
            ("deposit.late_percent", self.late_permille),
            ("deposit.high_value_percent", self.high_value_permille),
        ] {
            wrong.unless(share <= 1000, field, "Input should be from 0 to 1");
        }
        wrong.money(self.high_value_cents, "deposit.high_value_cents");
        wrong.money(self.minimum_cents, "deposit.minimum_cents");
        wrong.money(self.maximum_cents, "deposit.maximum_cents");
        wrong.unless(
            self.maximum_cents >= self.minimum_cents,
            "deposit.maximum_cents",
            "Input should not be less than minimum_cents",
        );
        wrong.unless(self.due_days <= 365, "deposit.due_days", "Input should be from 0 to 365");
        wrong.words(self.notes.as_deref(), "deposit.notes");
    }
}

impl CancellationPolicy {
    fn check(&self, wrong: &mut Wrong) {
        for (field, percent) in [
            ("cancellation.partial_percent", self.partial_percent),
            ("cancellation.first_time_percent", self.first_time_percent),
            ("cancellation.high_value_percent", self.high_value_percent),
            ("cancellation.short_notice_percent", self.short_notice_percent),
            ("cancellation.refund_percent", self.late_percent),
        ] {
            wrong.unless(percent <= 100, field, "Input should be from 0 to 100");
        }
        let later = "Input should not be less than the hours of the part";
        wrong.unless(self.free_hours >= self.partial_hours, "cancellation.free_hours", later);
        wrong.unless(
            self.heavy_free_hours >= self.heavy_partial_hours,
            "cancellation.heavy_free_hours",
            later,
        );
        wrong.hours(self.free_hours, "cancellation.free_hours");
        wrong.hours(self.heavy_free_hours, "cancellation.heavy_free_hours");
        wrong.money(self.late_fee_cents, "cancellation.fee_cents");
        wrong.words(self.notes.as_deref(), "cancellation.notes");
    }
}

impl PaymentTerms {
    fn check(&self, wrong: &mut Wrong) {
        wrong.unless(self.due_days <= 365, "payment_terms.due_days", "Input should be 0 to 365");
        wrong.unless(
            self.accepted_methods.len() <= 20
                && self.accepted_methods.iter().all(|one| is_word(one, 50)),
            "payment_terms.accepted_methods",
            "At most 20, of 1 to 50 characters each",
        );
        wrong.words(self.notes.as_deref(), "payment_terms.notes");
    }
}

impl RiskPolicy {
    fn check(&self, wrong: &mut Wrong) {
        for (field, points) in [
            ("risk.new_client_points", self.new_client_points),
            ("risk.high_total_points", self.high_total_points),
            ("risk.short_notice_points", self.short_notice_points),
            ("risk.area_points", self.area_points),
            ("risk.cancelled_points", self.cancelled_points),
            ("risk.cancelled_again_points", self.cancelled_again_points),
        ] {
            wrong.unless(points <= 100, field, "Input should be from 0 to 100");
        }
        wrong.unless(
            self.medium_from <= self.high_from,
            "risk.high_from",
            "Input should not be less than medium_from",
        );
        wrong.unless(
            self.flagged_prefixes.len() <= 200
                && self.flagged_prefixes.iter().all(|one| is_word(one, 10)),
            "risk.flagged_prefixes",
            "At most 200, of 1 to 10 characters each",
        );
    }
}

pub(super) fn is_word(text: &str, longest: usize) -> bool {
    text.trim() == text && (1..=longest).contains(&text.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_decided_can_be_meant() {
        assert_eq!(BookingPolicies::default().check(), Ok(()));
        let read: BookingPolicies = serde_json::from_str("{}").unwrap();
        assert_eq!(read, BookingPolicies::default());
    }

    #[test]
    fn everything_that_cannot_be_meant_is_named_at_once() {
        let mut policies = BookingPolicies::default();
        policies.deposit.percent_permille = 1001;
        policies.cancellation.free_hours = 1;
        policies.risk.high_from = 1;
        policies.workers.long_idle_days = 29;
        policies.workers.required_certificates =
            [("Deep Clean".to_owned(), vec!["Chemical Handling".to_owned()])].into();
        policies.ways.winter_months.insert(13);
        policies.ways.winter_permille = 999;
        let problems = policies.check().unwrap_err();
        let fields: Vec<_> = problems.as_slice().iter().map(|one| one.field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "deposit.percent",
                "cancellation.free_hours",
                "risk.high_from",
                "workers.long_idle_days",
                "workers.required_certificates",
                "ways.winter_months",
                "ways.winter_multiplier",
            ]
        );
    }

    #[test]
    fn what_nobody_decided_otherwise_is_not_written_down() {
        let kept = |policies: &BookingPolicies| serde_json::to_value(policies).unwrap();
        let usual = kept(&BookingPolicies::default());
        assert!(usual.get("workers").is_none() && usual.get("ways").is_none(), "{usual}");
        let mut policies = BookingPolicies::default();
        policies.workers.hourly_rate_cents = 2_600;
        policies.ways.downtown_minutes = 5;
        let other = kept(&policies);
        assert_eq!(other["workers"]["hourly_rate_cents"], 2_600);
        assert_eq!(serde_json::from_value::<BookingPolicies>(other).unwrap(), policies);
    }
}
