//! What follows from what happens to a visit: letters, and the clocks that run for it.

use chrono::{DateTime, TimeDelta, Utc};
use cqrs_es::Aggregate;

use super::{Intent, TimerCommand, visit};
use crate::id::BookingId;
use crate::scheduling::booking::{BY_HAND, Booking, BookingEvent};
use crate::scheduling::terms::cancellation::Settlement;
use crate::scheduling::terms::deposit::DepositTerms;

/// Promised to customers: so long ahead they are reminded.
const AHEAD: TimeDelta = TimeDelta::hours(24);

/// Who has not begun so long after the beginning is not late any more: nobody is there.
const NOT_THERE: TimeDelta = TimeDelta::minutes(30);

/// For whoever is to pay a deposit again that was given back.
const PAID_ANEW: TimeDelta = TimeDelta::days(2);

/// Everything that follows from what happened to a booking.
pub fn booking_intents(booking: BookingId, event: &BookingEvent) -> Vec<Intent> {
    let mut all = visit::letters(booking, event);
    all.extend(clocks(booking, event));
    all
}

fn clocks(booking: BookingId, event: &BookingEvent) -> Vec<Intent> {
    use BookingEvent as E;

    let stop = |key: fn(BookingId) -> String| Intent::CancelTimer { key: key(booking) };
    let none_left = || vec![stop(reminder), stop(deadline), stop(watch)];
    match event {
        E::Requested(requested) => {
            let starts_at = requested.placement.window.starts_at;
            vec![reminded(booking, starts_at, requested.at), watched(booking, starts_at)]
        }
        E::Rescheduled { placement, at, .. } => {
            let starts_at = placement.window.starts_at;
            vec![reminded(booking, starts_at, *at), watched(booking, starts_at)]
        }
        E::Confirmed { at, .. } => {
            let won = timer(format!("lead_won:{booking}"), *at, booking, TimerCommand::WinLead);
            vec![stop(deadline), won]
        }
        E::DepositDecided { deposit, .. } | E::DepositOverridden { deposit, .. } => {
            vec![awaited(booking, deposit)]
        }
        E::DepositPaid { payment_id, at, .. } => {
            [stop(deadline)].into_iter().chain(credited(booking, payment_id, *at)).collect()
        }
        E::DepositWaived { .. } => vec![stop(deadline)],
        // Whoever got everything back, or too much to keep the time, has the usual time to pay it anew.
        E::DepositReturned(it) | E::DepositRefunded(it) if it.short_cents > 0 => {
            let until = it.due_at.map_or(it.at + PAID_ANEW, |due_at| due_at.max(it.at + PAID_ANEW));
            vec![timer(deadline(booking), until, booking, TimerCommand::ExpireDeposit)]
        }
        E::Started { .. } => vec![stop(reminder), stop(watch)],
        E::Cancelled { settlement, at, .. } => {
            none_left().into_iter().chain(settled(booking, settlement, *at)).collect()
        }
        E::Completed { .. } | E::Expired { .. } => none_left(),
        E::DepositReturned(_)
        | E::DepositRefunded(_)
        | E::RiskAssessed { .. }
        | E::CancellationPolicyFixed { .. }
        | E::TeamAssigned { .. }
        | E::CrewAssigned { .. }
        | E::CrewCleared { .. }
        | E::ReminderDue { .. }
        | E::NoShow { .. }
        | E::DepositRequested { .. }
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

/// The invoice may have been written before somebody wrote down that they took a deposit; what came by card is carried on by the
/// payment.
fn credited(booking: BookingId, payment_id: &str, at: DateTime<Utc>) -> Option<Intent> {
    let key = format!("credit_deposits:{booking}:{payment_id}");
    let by_hand = payment_id.starts_with(BY_HAND);
    by_hand.then(|| timer(key, at, booking, TimerCommand::CreditDeposits))
}

/// What is paid back and charged when nobody goes; moving the visit may have cost something, whatever cancelling does.
fn settled(booking: BookingId, settlement: &Settlement, at: DateTime<Utc>) -> Vec<Intent> {
    let back = (settlement.refund_cents > 0).then(|| {
        let key = format!("deposit_refund:{booking}");
        timer(key, at, booking, TimerCommand::RefundDeposit)
    });
    let key = format!("cancellation_fee:{booking}");
    back.into_iter().chain([timer(key, at, booking, TimerCommand::ChargeFees)]).collect()
}

fn reminder(booking: BookingId) -> String {
    format!("booking_reminder:{booking}")
}

fn deadline(booking: BookingId) -> String {
    format!("deposit_expiry:{booking}")
}

fn watch(booking: BookingId) -> String {
    format!("no_show:{booking}")
}

/// Whether anybody came is looked at after the visit began, wherever it was moved to.
fn watched(booking: BookingId, starts_at: DateTime<Utc>) -> Intent {
    let fires_at = starts_at + NOT_THERE;
    timer(watch(booking), fires_at, booking, TimerCommand::NoteNoShow { starts_at })
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
    use crate::policy::BOOKING_CONFIRMED;
    use crate::scheduling::booking::{Confirmation, Party, Placement};
    use crate::scheduling::terms::cancellation::Notice;
    use crate::scheduling::window::Window;

    fn at(hours: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(hours)
    }

    fn follows(event: &BookingEvent) -> Vec<Intent> {
        clocks(Uuid::from_u128(1).into(), event)
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

    fn cancelled(fee_cents: i64) -> BookingEvent {
        let (refund_percent, refund_cents) = (100, 0);
        let notice = Notice::Free;
        let settlement = Settlement { notice, refund_percent, refund_cents, fee_cents };
        let crew = Vec::new();
        BookingEvent::Cancelled { by: Party::Staff, reason: None, settlement, crew, at: at(1) }
    }

    #[test]
    fn moving_a_visit_moves_its_clocks_and_cancelling_stops_them() {
        let intents = follows(&moved(200, 10));
        let half_past = at(200) + TimeDelta::minutes(30);
        assert!(
            matches!(&intents[..], [Intent::SetTimer { fires_at, .. }, Intent::SetTimer { fires_at: watched, .. }]
                if *fires_at == at(176) && *watched == half_past),
            "{intents:?}"
        );
        assert!(matches!(&follows(&moved(30, 10))[0], Intent::CancelTimer { .. }));
        let stopped = follows(&cancelled(0));
        let stops = |one: &&Intent| matches!(one, Intent::CancelTimer { .. });
        assert_eq!(stopped.iter().filter(stops).count(), 3, "{stopped:?}");
    }

    #[test]
    fn what_moving_and_cancelling_cost_is_charged() {
        let charged = follows(&cancelled(2_500));
        let command = TimerCommand::ChargeFees;
        assert!(matches!(&charged[3], Intent::SetTimer { command: one, .. } if *one == command));
    }

    #[test]
    fn a_confirmation_is_told_once_and_wins_its_lead() {
        let confirmed = BookingEvent::Confirmed { cause: Confirmation::Staff, at: at(1) };
        let intents = booking_intents(Uuid::from_u128(1).into(), &confirmed);
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
