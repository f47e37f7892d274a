//! Asking for a visit: everything that is fixed about it from the beginning.

use super::command::Request;
use super::error::BookingError;
use super::event::BookingEvent;
use super::party::Origin;
use super::requested::Requested;
use super::{Decision, addons, place};
use crate::input::{Problems, free_text};
use crate::personal::Personal;
use crate::scheduling::terms::cancellation::{self, CancellationTerms};
use crate::scheduling::terms::deposit::{self, DepositTerms};
use crate::scheduling::terms::risk::{self, Risk};

pub(super) fn request(asked: Request) -> Decision {
    let at = asked.now;
    if asked.window.starts_at <= at {
        return Err(BookingError::StartInPast);
    }
    if !asked.missing_contact.is_empty() {
        let mut missing = Problems::default();
        for field in &asked.missing_contact {
            missing.push(*field, "Field required");
        }
        return Err(BookingError::ContactMissing(missing));
    }
    let block_overridden = unblocked(&asked)?;
    let whose = super::subject(asked.client, asked.lead, asked.booking_id);
    let place = asked.place.as_deref().map(|words| free_text("address_text", words, 1..=500));
    let place = place.transpose()?.map(|words| Personal::of(whose, words));
    let forced = place::reason(asked.forced.as_deref())?;
    let buffer_minutes =
        if forced.is_some() { 0 } else { asked.policies.scheduling.buffer_minutes };
    let placement = place::placement(asked.team, &asked.crew, asked.window, buffer_minutes)?;
    place::unhindered(&placement, &asked.obstacles, forced.is_some())?;

    let (risk, deposit, cancellation) = terms(&asked);
    let lines = addons::chosen(asked.addons)?;
    let planned_minutes = asked.window.minutes() + addons::minutes(&lines);
    let mut events = vec![
        BookingEvent::Requested(Box::new(Requested {
            booking_id: asked.booking_id,
            origin: asked.origin,
            client: asked.client,
            lead: asked.lead,
            address: asked.address,
            subscription: asked.subscription,
            placement,
            service: asked.service,
            total_cents: asked.total_cents,
            addons_cents: addons::cents(&lines),
            price_book: asked.price_book,
            decided_by: asked.decided_by,
            place,
            first_time: !asked.history.was_visited,
            forced: forced.map(|why| Personal::of(whose, why)),
            block_overridden,
            at,
        })),
        BookingEvent::RiskAssessed { risk, at },
        BookingEvent::DepositDecided { deposit, at },
        BookingEvent::CancellationPolicyFixed { cancellation, at },
    ];
    if !lines.is_empty() {
        let total_cents = asked.total_cents;
        events.push(BookingEvent::AddonsSet { lines, planned_minutes, total_cents, at });
    }
    Ok(events)
}

/// Why somebody who is blocked may book after all; nothing if they are not.
fn unblocked(asked: &Request) -> Result<Option<Personal<String>>, BookingError> {
    match (asked.is_blocked, &asked.block_override) {
        (false, _) => Ok(None),
        (true, None) => Err(BookingError::ClientBlocked),
        (true, Some(why)) => {
            let why = free_text("override_reason", why, 1..=500);
            let why = why.map_err(|_| BookingError::ReasonRequired)?;
            Ok(Some(Personal::of(super::subject(asked.client, asked.lead, asked.booking_id), why)))
        }
    }
}

fn terms(asked: &Request) -> (Risk, DepositTerms, CancellationTerms) {
    let policies = &asked.policies;
    let ahead = asked.window.starts_at - asked.now;
    let (service, total_cents) = (asked.service, asked.total_cents);
    let first_time = !asked.history.was_visited;
    let high_value_cents = policies.deposit.high_value_cents;
    let high_value = total_cents.is_some_and(|total| total >= high_value_cents);

    let risk = risk::assess(&policies.risk, &asked.history, total_cents, high_value_cents, ahead);
    let facts = deposit::Facts {
        service,
        total_cents,
        ahead,
        first_time: first_time && asked.lead.is_some(),
        risk: &risk,
    };
    let deposit = match asked.named_deposit_cents {
        Some(cents) => DepositTerms::named(cents),
        None => deposit::decide(&policies.deposit, facts),
    };
    let deposit = match asked.unpayable {
        Some(why) if deposit.required => deposit.downgraded(why),
        _ => deposit,
    };
    let promise = cancellation::Facts { service, first_time, high_value, ahead };
    let deposit = match asked.origin {
        Origin::Staff => deposit.due_before(asked.window.starts_at, &policies.deposit, asked.now),
        Origin::Public | Origin::Client | Origin::Subscription => {
            deposit.due(&policies.deposit, asked.now)
        }
    };
    let cancellation = cancellation::fix(&policies.cancellation, promise);
    (risk, deposit, cancellation)
}
