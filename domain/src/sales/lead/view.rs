//! A lead as JSON answers show it; an erased person shows as a placeholder.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{Contact, Details, Quote};
use crate::personal::{PLACEHOLDER, Personal};
use crate::sales::estimate_wire::{EstimateAnswer, input_json};

/// One line of the list. `referral_credits` counts what they earned by passing their code on.
pub fn item(lead: &Details, referral_credits: i64) -> Value {
    let erased = erased();
    let contact = lead.submitted.contact.open().unwrap_or(&erased);
    let attribution = &lead.submitted.attribution;
    json!({
        "lead_id": lead.submitted.lead_id,
        "name": contact.name,
        "email": contact.email,
        "phone": contact.phone,
        "postal_code": contact.postal_code,
        "preferred_dates": contact.preferred_dates,
        "notes": notes(lead, contact),
        "loss_reason": lead.loss_reason.as_ref().map(shown),
        "source": attribution.source,
        "campaign": attribution.campaign,
        "keyword": attribution.keyword,
        "landing_page": attribution.landing_page,
        "created_at": lead.submitted.at,
        "updated_at": lead.updated_at,
        "referrer": attribution.referrer,
        "status": lead.status,
        "referral_code": lead.submitted.referral_code,
        "referred_by_code": lead.submitted.referred_by_code,
        "referral_credits": referral_credits,
    })
}

/// Everything about it except the timeline, which is its history.
pub fn detail(lead: &Details, referral_credits: i64) -> Value {
    let erased = erased();
    let contact = lead.submitted.contact.open().unwrap_or(&erased);
    let mut inputs = input_json(&lead.submitted.structured_inputs);
    if let Some(field) = &lead.submitted.awaiting_field {
        inputs["awaiting_field"] = field.as_str().into();
    }
    let mut json = item(lead, referral_credits);
    json["address"] = contact.address.as_str().into();
    json["access_notes"] = contact.access_notes.as_deref().into();
    json["parking"] = contact.parking.as_deref().into();
    json["pets"] = contact.pets.as_deref().into();
    json["allergies"] = contact.allergies.as_deref().into();
    json["structured_inputs"] = inputs;
    json["estimate_snapshot"] = json!(EstimateAnswer::from(&lead.submitted.estimate));
    json["pricing_config_version"] = lead.submitted.estimate.pricing_config_version.as_str().into();
    json
}

/// One offer as it stands at `now`.
pub fn quote(lead: &Details, quote: &Quote, now: DateTime<Utc>) -> Value {
    let metadata = quote.terms.metadata.as_ref().map_or_else(
        || json!({}),
        |kept| kept.open().map_or_else(|| PLACEHOLDER.into(), |open| Value::Object(open.clone())),
    );
    let follow_ups = quote.follow_ups.iter().map(|follow_up| {
        json!({
            "followup_id": follow_up.followup_id,
            "note": shown(&follow_up.note),
            "created_at": follow_up.created_at,
            "created_by": follow_up.created_by,
        })
    });
    json!({
        "quote_id": quote.quote_id,
        "lead_id": lead.submitted.lead_id,
        "amount": quote.terms.amount_cents,
        "currency": quote.terms.currency,
        "service_type": quote.terms.service_type,
        "status": quote.status_at(now),
        "expires_at": quote.terms.expires_at,
        "sent_at": quote.sent_at,
        "metadata": metadata,
        "created_at": quote.created_at,
        "updated_at": quote.updated_at,
        "followups": follow_ups.collect::<Vec<_>>(),
    })
}

/// All offers of a lead as they stand at `now`, oldest first.
pub fn quotes(lead: &Details, now: DateTime<Utc>) -> Vec<Value> {
    lead.quotes.iter().map(|one| quote(lead, one, now)).collect()
}

/// Placeholders where something must have stood; whether the rest was ever filled in is forgotten too.
fn erased() -> Contact {
    Contact {
        name: PLACEHOLDER.to_owned(),
        phone: PLACEHOLDER.to_owned(),
        address: PLACEHOLDER.to_owned(),
        preferred_dates: vec![PLACEHOLDER.to_owned()],
        ..Contact::default()
    }
}

fn notes<'a>(lead: &'a Details, contact: &'a Contact) -> Option<&'a str> {
    let notes =
        lead.notes.as_ref().map_or(contact.notes.as_deref(), |changed| Some(shown(changed)));
    notes.filter(|text| !text.is_empty())
}

fn shown(text: &Personal<String>) -> &str {
    text.open().map_or(PLACEHOLDER, String::as_str)
}
