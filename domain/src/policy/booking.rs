//! What follows from what happens to a visit: mail to its customer, and the clocks that run for it.

use chrono::{DateTime, TimeDelta, Utc};
use cqrs_es::Aggregate;
use serde_json::json;

use super::{Intent, TimerCommand};
use crate::id::BookingId;
use crate::scheduling::booking::{Booking, BookingEvent};
use crate::scheduling::terms::deposit::DepositTerms;

/// The kind of the mail that tells customers that somebody will come.
pub const BOOKING_CONFIRMED: &str = "email.booking_confirmed";

/// The kind of the mail that reminds customers of it.
pub const BOOKING_REMINDER: &str = "email.booking_reminder";

/// Promised to customers: so long ahead they are reminded.
const AHEAD: TimeDelta = TimeDelta::hours(24);

/// Everything that follows from what happened to a booking.
pub fn booking_intents(booking: BookingId, event: &BookingEvent) -> Vec<Intent> {
    use BookingEvent as E;

    let no_reminder = || Intent::CancelTimer { key: reminder(booking) };
    let no_deadline = || Intent::CancelTimer { key: deadline(booking) };
    match event {
        E::Requested(requested) => {
            vec![reminded(booking, requested.placement.window.starts_at, requested.at)]
        }
        E::Rescheduled { placement, at, .. } => {
            vec![reminded(booking, placement.window.starts_at, *at)]
        }
        E::Confirmed { at, .. } => {
            let once = format!("{BOOKING_CONFIRMED}:{booking}");
            let won = timer(format!("lead_won:{booking}"), *at, booking, TimerCommand::WinLead);
            vec![mail(BOOKING_CONFIRMED, once, booking), no_deadline(), won]
        }
        E::ReminderDue { starts_at, .. } => {
            let once = format!("{BOOKING_REMINDER}:{booking}@{}", starts_at.timestamp());
            vec![mail(BOOKING_REMINDER, once, booking)]
        }
        E::DepositDecided { deposit, .. } | E::DepositOverridden { deposit, .. } => {
            vec![awaited(booking, deposit)]
        }
        E::DepositPaid { .. } | E::DepositWaived { .. } => vec![no_deadline()],
        E::Started { .. } => vec![no_reminder()],
        E::Cancelled { settlement, at, .. } if settlement.refund_cents > 0 => {
            let key = format!("deposit_refund:{booking}");
            let back = timer(key, *at, booking, TimerCommand::RefundDeposit);
            vec![no_reminder(), no_deadline(), back]
        }
        E::Completed { .. } | E::Cancelled { .. } | E::Expired { .. } => {
            vec![no_reminder(), no_deadline()]
        }
        E::RiskAssessed { .. }
        | E::CancellationPolicyFixed { .. }
        | E::TeamAssigned { .. }
        | E::CrewAssigned { .. }
        | E::CrewCleared { .. }
        | E::DepositRequested { .. }
        | E::DepositReturned(_)
        | E::DepositFailed { .. }
        | E::DepositExpired { .. }
        | E::RiskOverridden { .. }
        | E::CancellationPolicyOverridden { .. }
        | E::CancellationExceptionSet { .. }
        | E::AddonsSet { .. }
        | E::PhotoConsentSet { .. }
        | E::ReasonLogged { .. }
        | E::BaseChargeFixed { .. }
        | E::ClientChanged { .. }
        | E::AddressChanged { .. }
        | E::Archived { .. }
        | E::Unarchived { .. } => Vec::new(),
    }
}

/// Name, address and time are looked up when it is sent, so none of them is old.
fn mail(kind: &'static str, dedupe_key: String, booking: BookingId) -> Intent {
    Intent::Effect { kind, dedupe_key, payload: json!({ "booking_id": booking }) }
}

fn reminder(booking: BookingId) -> String {
    format!("booking_reminder:{booking}")
}

fn deadline(booking: BookingId) -> String {
    format!("deposit_expiry:{booking}")
}

/// The reminder goes with the visit: moving it moves the reminder.
fn reminded(booking: BookingId, starts_at: DateTime<Utc>, now: DateTime<Utc>) -> Intent {
    let (key, fires_at) = (reminder(booking), starts_at - AHEAD);
    // Whoever asks for tomorrow morning knows.
    if fires_at <= now {
        return Intent::CancelTimer { key };
    }
    timer(key, fires_at, booking, TimerCommand::RemindOfVisit { starts_at })
}

/// A deposit that was asked for is awaited until it is due.
fn awaited(booking: BookingId, deposit: &DepositTerms) -> Intent {
    let key = deadline(booking);
    match deposit.due_at.filter(|_| deposit.required) {
        Some(due_at) => timer(key, due_at, booking, TimerCommand::ExpireDeposit),
        None => Intent::CancelTimer { key },
    }
}

fn timer(
    key: String,
    fires_at: DateTime<Utc>,
    booking: BookingId,
    command: TimerCommand,
) -> Intent {
    let (aggregate_type, aggregate_id) = (Booking::TYPE, booking.to_string());
    Intent::SetTimer { key, fires_at, aggregate_type, aggregate_id, command }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::scheduling::booking::{Confirmation, Party, Placement};
    use crate::scheduling::terms::cancellation::{Notice, Settlement};
    use crate::scheduling::window::Window;

    fn at(hours: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(hours)
    }

    fn follows(event: &BookingEvent) -> Vec<Intent> {
        booking_intents(Uuid::from_u128(1).into(), event)
    }

    fn moved(to: i64, now: i64) -> BookingEvent {
        let placement = |hours| Placement {
            team: Uuid::from_u128(2).into(),
            window: Window::of_minutes(at(hours), 120),
            buffer_minutes: 30,
            lead_worker: None,
            crew: Vec::new(),
        };
        let (placement, before) = (placement(to), placement(100));
        let (by, fee_cents, forced) = (Party::Staff, 0, None);
        let decided_by = "economy/v1".to_owned();
        BookingEvent::Rescheduled {
            placement,
            before,
            by,
            fee_cents,
            decided_by,
            forced,
            at: at(now),
        }
    }

    fn cancelled() -> BookingEvent {
        let (refund_percent, refund_cents, fee_cents) = (100, 0, 0);
        let notice = Notice::Free;
        let settlement = Settlement { notice, refund_percent, refund_cents, fee_cents };
        BookingEvent::Cancelled { by: Party::Staff, reason: None, settlement, at: at(1) }
    }

    #[test]
    fn moving_a_visit_moves_its_reminder_and_cancelling_removes_it() {
        let intents = follows(&moved(200, 10));
        assert!(
            matches!(&intents[..], [Intent::SetTimer { fires_at, .. }] if *fires_at == at(176)),
            "{intents:?}"
        );
        assert!(matches!(&follows(&moved(30, 10))[..], [Intent::CancelTimer { .. }]));
        assert_eq!(follows(&cancelled()).len(), 2);
    }

    #[test]
    fn a_confirmation_is_told_once_and_wins_its_lead() {
        let confirmed = BookingEvent::Confirmed { cause: Confirmation::Staff, at: at(1) };
        let intents = follows(&confirmed);
        assert!(matches!(&intents[0], Intent::Effect { kind: BOOKING_CONFIRMED, .. }));
        assert!(matches!(&intents[2], Intent::SetTimer { command: TimerCommand::WinLead, .. }));
    }

    #[test]
    fn a_deposit_is_awaited_until_it_is_due() {
        let terms = DepositTerms { due_at: Some(at(2)), ..DepositTerms::named(5_000) };
        let decided = BookingEvent::DepositDecided { deposit: terms, at: at(1) };
        assert!(
            matches!(&follows(&decided)[..], [Intent::SetTimer { fires_at, .. }] if *fires_at == at(2))
        );
        let none = BookingEvent::DepositDecided { deposit: DepositTerms::named(0), at: at(1) };
        assert!(matches!(&follows(&none)[..], [Intent::CancelTimer { .. }]));
    }
}
