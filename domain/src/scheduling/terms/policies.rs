//! What an organisation has decided about its bookings, with the defaults of one that has decided nothing.

use serde::{Deserialize, Serialize};

use crate::input::Problems;

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
    /// What cancelling late costs beside.
    pub late_fee_cents: i64,
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
            late_fee_cents: 0,
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
}

impl Default for ReschedulePolicy {
    fn default() -> Self {
        Self { allowed: true, notice_hours: 24, fee_cents: 0, max_reschedules: 1 }
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
}

/// What times are offered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SchedulingPolicy {
    /// Minutes between two times that are offered.
    pub slot_duration_minutes: u16,
    /// Minutes kept free after each visit.
    pub buffer_minutes: u16,
    /// Hours from now to the first time that is offered.
    pub lead_time_hours: u16,
    /// Most visits of one team on a day; none is no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_bookings_per_day: Option<u16>,
}

impl Default for SchedulingPolicy {
    fn default() -> Self {
        Self {
            slot_duration_minutes: 30,
            buffer_minutes: 30,
            lead_time_hours: 0,
            max_bookings_per_day: None,
        }
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

impl BookingPolicies {
    /// Names everything that cannot be meant.
    pub fn check(&self) -> Result<(), Problems> {
        let mut wrong = Problems::default();
        let mut must = |holds: bool, field: &str, message: &str| {
            if !holds {
                wrong.push(field, message);
            }
        };
        let deposit = &self.deposit;
        let shares = [
            ("deposit.percent_permille", deposit.percent_permille),
            ("deposit.heavy_permille", deposit.heavy_permille),
            ("deposit.short_notice_permille", deposit.short_notice_permille),
            ("deposit.late_permille", deposit.late_permille),
            ("deposit.high_value_permille", deposit.high_value_permille),
        ];
        for (field, share) in shares {
            must(share <= 1000, field, "Input should be from 0 to 1000");
        }
        must(deposit.minimum_cents >= 0, "deposit.minimum_cents", "Input should be 0 or more");
        must(
            deposit.maximum_cents >= deposit.minimum_cents,
            "deposit.maximum_cents",
            "Input should not be less than minimum_cents",
        );
        let back = &self.cancellation;
        for (field, percent) in [
            ("cancellation.partial_percent", back.partial_percent),
            ("cancellation.first_time_percent", back.first_time_percent),
            ("cancellation.high_value_percent", back.high_value_percent),
            ("cancellation.short_notice_percent", back.short_notice_percent),
        ] {
            must(percent <= 100, field, "Input should be from 0 to 100");
        }
        let later = "Input should not be less than the hours of the part";
        must(back.free_hours >= back.partial_hours, "cancellation.free_hours", later);
        must(
            back.heavy_free_hours >= back.heavy_partial_hours,
            "cancellation.heavy_free_hours",
            later,
        );
        must(back.late_fee_cents >= 0, "cancellation.late_fee_cents", "Input should be 0 or more");
        must(self.reschedule.fee_cents >= 0, "reschedule.fee_cents", "Input should be 0 or more");
        let times = &self.scheduling;
        must(
            (5..=240).contains(&times.slot_duration_minutes),
            "scheduling.slot_duration_minutes",
            "Input should be from 5 to 240",
        );
        must(times.buffer_minutes <= 240, "scheduling.buffer_minutes", "Input should be 0 to 240");
        must(
            self.risk.medium_from <= self.risk.high_from,
            "risk.high_from",
            "Input should not be less than medium_from",
        );
        wrong.or(())
    }
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
        let problems = policies.check().unwrap_err();
        let fields: Vec<_> = problems.as_slice().iter().map(|one| one.field.as_str()).collect();
        assert_eq!(
            fields,
            ["deposit.percent_permille", "cancellation.free_hours", "risk.high_from"]
        );
    }
}
