//! For tests: the life of a lead as it stands in the log, sealed, with the key that opens it.

use chrono::{DateTime, TimeDelta, Utc};
use cqrs_es::{Aggregate, DomainEvent};
use domain::id::{LeadId, OrgId, QuoteId};
use domain::personal::Personal;
use domain::pricing::prices;
use domain::recorded::Recorded;
use domain::sales::estimate::EstimateInput;
use domain::sales::lead::{
    Attribution, Contact, Lead, LeadEvent, QuoteTerms, Submitted, TimelineEntry, WinCause,
};
use domain::scheduling::booking::{
    Booking, BookingEvent, Confirmation, Origin, Party, Placement, Requested,
};
use domain::scheduling::terms::cancellation::{Notice, Settlement};
use domain::scheduling::window::Window;
use domain::seal::{self, SubjectKey, SubjectKeys};
use domain::subject::{Subject, SubjectEvent};
use serde::Serialize;
use uuid::Uuid;

pub(crate) const LEAD: Uuid = Uuid::from_u128(7);
pub(crate) const QUOTE: Uuid = Uuid::from_u128(8);

pub(crate) fn org() -> OrgId {
    Uuid::from_u128(1).into()
}

/// The key of the lead's person.
pub(crate) fn keys() -> SubjectKeys {
    SubjectKeys::from([(LEAD.into(), SubjectKey::new(org(), LEAD.into(), [3; 32]))])
}

pub(crate) fn at(minute: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
}

pub(crate) fn submitted() -> LeadEvent {
    let inputs = EstimateInput::default();
    LeadEvent::Submitted(Box::new(Submitted {
        lead_id: LeadId::from(LEAD),
        contact: Personal::of(
            LEAD.into(),
            Contact {
                name: "Zoë Ångström".to_owned(),
                phone: "780 555 0199".to_owned(),
                email: Some("Zoe@example.org".to_owned()),
                address: "1 Elm Street".to_owned(),
                postal_code: Some("T5A 0A1".to_owned()),
                preferred_dates: vec!["Monday".to_owned()],
                notes: Some("ring twice".to_owned()),
                ..Contact::default()
            },
        ),
        estimate: prices::economy_v1().estimate(&inputs),
        structured_inputs: inputs,
        awaiting_field: None,
        quoted_by_client_cents: None,
        attribution: Personal::of(
            LEAD.into(),
            Attribution { source: Some("flyer".to_owned()), ..Attribution::default() },
        ),
        referral_code: "ABCD1234".to_owned(),
        referred_by_code: None,
        referred_by: None,
        high_value: false,
        at: at(1),
    }))
}

pub(crate) fn terms(expires_at: Option<DateTime<Utc>>) -> QuoteTerms {
    QuoteTerms {
        amount_cents: 12_500,
        currency: "CAD".to_owned(),
        service_type: None,
        expires_at,
        metadata: None,
        price_book: None,
    }
}

pub(crate) fn quote_id() -> QuoteId {
    QUOTE.into()
}

/// One of everything that touches personal data, and more; legal or not does not matter to readers.
pub(crate) fn life() -> Vec<LeadEvent> {
    let said = |text: &str| Personal::of(LEAD.into(), text.to_owned());
    let entry = TimelineEntry { action: "called Zoë".to_owned(), note: None };
    vec![
        submitted(),
        LeadEvent::Contacted { at: at(2) },
        LeadEvent::NotesChanged { notes: said("dog bites"), at: at(3) },
        LeadEvent::TimelineEntryAdded { entry: Personal::of(LEAD.into(), entry), at: at(4) },
        LeadEvent::QuoteDrafted { quote_id: quote_id(), terms: terms(None), at: at(5) },
        LeadEvent::QuoteSent { quote_id: quote_id(), terms: terms(None), at: at(6) },
        LeadEvent::Quoted { quote_id: Some(quote_id()), at: at(6) },
        LeadEvent::NotesChanged { notes: said(""), at: at(7) },
        LeadEvent::Won { cause: WinCause::Staff, at: at(8) },
        LeadEvent::Lost { reason: said("moved to Zürich"), at: at(9) },
        LeadEvent::LossReasonChanged { reason: said("too dear for Zoë"), at: at(10) },
    ]
}

/// The events as the log holds them, from position and sequence 1.
pub(crate) fn logged(events: &[LeadEvent]) -> Vec<Recorded> {
    let numbered = (1..).zip(events);
    numbered.map(|(n, event)| recorded::<Lead>(i64::from(n), n, LEAD, event)).collect()
}

/// The erasure of the lead's person.
pub(crate) fn erased(position: i64) -> Recorded {
    let event = SubjectEvent::Erased { subject: LEAD.into(), reason: "asked".to_owned() };
    recorded::<Subject>(position, 1, LEAD, &event)
}

/// One event as the log holds it.
pub(crate) fn recorded<A: Aggregate>(
    position: i64,
    sequence: i32,
    id: Uuid,
    event: &A::Event,
) -> Recorded
where
    A::Event: Serialize,
{
    let mut payload = serde_json::to_value(event).unwrap();
    seal::seal_all(&mut payload, &keys(), &mut || [9; 12]).unwrap();
    Recorded {
        org: org(),
        position,
        recorded_at: at(position),
        aggregate_type: A::TYPE.to_owned(),
        aggregate_id: id.to_string(),
        sequence,
        event_type: event.event_type(),
        event_version: event.event_version(),
        payload: payload.to_string(),
        metadata: r#"{"actor":{"type":"public","id":"anonymous","role":"public"},"request_id":"r",
            "correlation_id":"c","command_id":"00000000-0000-0000-0000-000000000000"}"#
            .to_owned(),
        hash: [0; 32],
    }
}

/// A visit for that person, from the request to the cancellation.
pub(crate) fn booked() -> Vec<Recorded> {
    let said = |text: &str| Personal::of(LEAD.into(), text.to_owned());
    let placement = Placement {
        team: Uuid::from_u128(9).into(),
        window: Window::of_minutes(at(10_000), 120),
        buffer_minutes: 30,
        lead_worker: None,
        crew: vec![Uuid::from_u128(10).into()],
    };
    let requested = BookingEvent::Requested(Box::new(Requested {
        booking_id: LEAD.into(),
        origin: Origin::Staff,
        client: Some(LEAD.into()),
        lead: None,
        address: None,
        subscription: None,
        placement,
        service: None,
        total_cents: Some(12_000),
        addons_cents: 0,
        price_book: None,
        decided_by: "economy/v1".to_owned(),
        place: Some(said("1 Elm Street")),
        first_time: true,
        forced: None,
        block_overridden: None,
        at: at(2),
    }));
    let (notice, refund_percent, refund_cents, fee_cents) = (Notice::Free, 100, 0, 0);
    let settlement = Settlement { notice, refund_percent, refund_cents, fee_cents };
    let reason = Some(said("moved to Elmira"));
    let events = [
        requested,
        BookingEvent::Confirmed { cause: Confirmation::Staff, at: at(3) },
        BookingEvent::Cancelled {
            by: Party::Staff,
            reason,
            settlement,
            crew: Vec::new(),
            at: at(4),
        },
    ];
    let numbered = (1..).zip(&events);
    numbered.map(|(n, event)| recorded::<Booking>(i64::from(n) + 1, n, LEAD, event)).collect()
}
