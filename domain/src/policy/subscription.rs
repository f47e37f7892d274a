//! What follows from what happens to a subscription: the clock of its next visit, and mail about a visit that is planned.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use cqrs_es::Aggregate;
use serde_json::json;

use super::{Intent, TimerCommand};
use crate::id::SubscriptionId;
use crate::scheduling::subscription::{Subscription, SubscriptionEvent};

/// The kind of the mail that tells customers when their next visit is planned.
pub const VISIT_PLANNED: &str = "email.visit_planned";

/// A visit is booked so long before its day: early enough to find a team, and to say that nobody can come.
pub const AHEAD: TimeDelta = TimeDelta::days(7);

/// Everything that follows from what happened to a subscription.
pub fn subscription_intents(id: SubscriptionId, event: &SubscriptionEvent) -> Vec<Intent> {
    use SubscriptionEvent as E;

    match event {
        E::Started { next_run, .. }
        | E::Resumed { next_run, .. }
        | E::PlanChanged { next_run, .. }
        | E::NextRunMoved { next_run, .. }
        | E::OccurrenceSkipped { next_run, .. } => vec![booked(id, *next_run)],
        E::OccurrenceScheduled { booking, next_run, .. } => vec![
            booked(id, *next_run),
            Intent::Effect {
                kind: VISIT_PLANNED,
                dedupe_key: format!("{VISIT_PLANNED}:{booking}"),
                payload: json!({ "booking_id": booking }),
            },
        ],
        E::Paused { .. } | E::Cancelled { .. } => vec![Intent::CancelTimer { key: key(id) }],
    }
}

fn key(id: SubscriptionId) -> String {
    format!("subscription_visit:{id}")
}

/// At noon UTC, which is the same day nearly everywhere: a few hours do not matter a week ahead.
fn booked(id: SubscriptionId, date: NaiveDate) -> Intent {
    let noon = NaiveTime::from_hms_opt(12, 0, 0).unwrap_or_default();
    let day: DateTime<Utc> = date.and_time(noon).and_utc();
    Intent::SetTimer {
        key: key(id),
        fires_at: day - AHEAD,
        aggregate_type: Subscription::TYPE,
        aggregate_id: id.to_string(),
        command: TimerCommand::BookVisit { date },
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::scheduling::subscription::SkipReason;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn follows(event: &SubscriptionEvent) -> Vec<Intent> {
        subscription_intents(Uuid::from_u128(1).into(), event)
    }

    #[test]
    fn the_next_visit_is_booked_a_week_ahead_whatever_became_of_the_last() {
        let (next_run, at) = (date("2030-03-11"), DateTime::UNIX_EPOCH);
        let (day, reason) = (date("2030-03-04"), SkipReason::SlotTaken);
        let skipped = SubscriptionEvent::OccurrenceSkipped { date: day, reason, next_run, at };
        let [Intent::SetTimer { fires_at, command, .. }] = &follows(&skipped)[..] else { panic!() };
        assert_eq!(fires_at.to_rfc3339(), "2030-03-04T12:00:00+00:00");
        assert_eq!(*command, TimerCommand::BookVisit { date: next_run });
        let booking = Uuid::from_u128(2).into();
        let planned = SubscriptionEvent::OccurrenceScheduled { date: day, booking, next_run, at };
        assert_eq!(follows(&planned)[0], follows(&skipped)[0]);
        assert!(matches!(&follows(&planned)[1], Intent::Effect { kind: VISIT_PLANNED, .. }));
    }

    #[test]
    fn nothing_is_booked_for_what_rests_or_is_over() {
        let (reason, at) = (None, DateTime::UNIX_EPOCH);
        for event in [
            SubscriptionEvent::Paused { reason: reason.clone(), at },
            SubscriptionEvent::Cancelled { reason, at },
        ] {
            assert!(matches!(&follows(&event)[..], [Intent::CancelTimer { .. }]));
        }
    }
}
