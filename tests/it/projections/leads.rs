//! The life of a lead, full of things that must be forgettable.

use chrono::{DateTime, TimeDelta, Utc};
use domain::personal::Personal;
use domain::pricing::prices;
use domain::sales::estimate::EstimateInput;
use domain::sales::lead::{Attribution, Contact, LeadEvent, QuoteTerms, Submitted};
use uuid::Uuid;

/// Words of [`life`] that stand in every read model that shows personal data.
pub(super) const SECRETS: &[&str] = &["Zoë", "0199", "dog bites", "too dear"];

pub(super) fn at(minute: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
}

pub(super) fn submitted(lead: Uuid) -> LeadEvent {
    let inputs = EstimateInput::default();
    LeadEvent::Submitted(Box::new(Submitted {
        lead_id: lead.into(),
        contact: Personal::of(
            lead.into(),
            Contact {
                name: "Zoë Ångström".to_owned(),
                phone: "780 555 0199".to_owned(),
                address: "1 Elm Street".to_owned(),
                preferred_dates: vec!["Monday".to_owned()],
                ..Contact::default()
            },
        ),
        estimate: prices::economy_v1().estimate(&inputs),
        structured_inputs: inputs,
        awaiting_field: None,
        quoted_by_client_cents: None,
        attribution: Personal::of(lead.into(), Attribution::default()),
        referral_code: lead.simple().to_string()[..8].to_uppercase(),
        referred_by_code: None,
        referred_by: None,
        high_value: false,
        at: at(1),
    }))
}

pub(super) fn noted(lead: Uuid, notes: &str) -> LeadEvent {
    LeadEvent::NotesChanged { notes: Personal::of(lead.into(), notes.to_owned()), at: at(2) }
}

pub(super) fn sent(quote: Uuid, expires_at: Option<DateTime<Utc>>) -> LeadEvent {
    let currency = "CAD".to_owned();
    let terms = QuoteTerms {
        amount_cents: 100,
        currency,
        service_type: None,
        expires_at,
        metadata: None,
        price_book: None,
    };
    LeadEvent::QuoteSent { quote_id: quote.into(), terms, at: at(3) }
}

pub(super) fn life(lead: Uuid) -> Vec<LeadEvent> {
    let reason = Personal::of(lead.into(), "too dear for Zoë".to_owned());
    vec![
        submitted(lead),
        LeadEvent::Contacted { at: at(2) },
        noted(lead, "dog bites"),
        sent(Uuid::new_v4(), Some(at(1_000_000))),
        LeadEvent::Lost { reason, at: at(4) },
    ]
}
