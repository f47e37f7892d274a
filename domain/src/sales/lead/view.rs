//! A lead as JSON answers show it; an erased person shows as a placeholder.

use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use super::{Attribution, Contact, Details, Quote, Status};
use crate::id::LeadId;
use crate::personal::{PLACEHOLDER, Personal};
use crate::sales::estimate_wire::{EstimateAnswer, InputAnswer};

/// Of whoever was erased: placeholders where something must have stood; whether the rest was ever filled in is forgotten
/// too.
static ERASED: LazyLock<Contact> = LazyLock::new(|| Contact {
    name: PLACEHOLDER.to_owned(),
    phone: PLACEHOLDER.to_owned(),
    address: PLACEHOLDER.to_owned(),
    preferred_dates: vec![PLACEHOLDER.to_owned()],
    ..Contact::default()
});

/// Where somebody who was erased came from.
static FORGOTTEN: LazyLock<Attribution> = LazyLock::new(Attribution::default);

/// One line of the list, borrowed from the lead.
#[derive(Serialize)]
struct Item<'a> {
    lead_id: LeadId,
    name: &'a str,
    email: Option<&'a str>,
    phone: &'a str,
    postal_code: Option<&'a str>,
    preferred_dates: &'a [String],
    notes: Option<&'a str>,
    loss_reason: Option<&'a str>,
    source: Option<&'a str>,
    campaign: Option<&'a str>,
    keyword: Option<&'a str>,
    landing_page: Option<&'a str>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    referrer: Option<&'a str>,
    status: Status,
    referral_code: &'a str,
    referred_by_code: Option<&'a str>,
    referral_credits: i64,
}

/// Everything about a lead except its timeline, which is its history; written without a copy of anything in it.
#[derive(Serialize)]
pub struct Detail<'a> {
    #[serde(flatten)]
    item: Item<'a>,
    address: &'a str,
    access_notes: Option<&'a str>,
    parking: Option<&'a str>,
    pets: Option<&'a str>,
    allergies: Option<&'a str>,
    structured_inputs: InputAnswer<'a>,
    estimate_snapshot: EstimateAnswer,
    pricing_config_version: &'a str,
}

impl<'a> Item<'a> {
    fn of(lead: &'a Details, referral_credits: i64) -> Self {
        let contact = lead.submitted.contact.open().unwrap_or(&ERASED);
        let attribution = lead.submitted.attribution.open().unwrap_or(&FORGOTTEN);
        Self {
            lead_id: lead.submitted.lead_id,
            name: &contact.name,
            email: contact.email.as_deref(),
            phone: &contact.phone,
            postal_code: contact.postal_code.as_deref(),
            preferred_dates: &contact.preferred_dates,
            notes: notes(lead, contact),
            loss_reason: lead.loss_reason.as_ref().map(shown),
            source: attribution.source.as_deref(),
            campaign: attribution.campaign.as_deref(),
            keyword: attribution.keyword.as_deref(),
            landing_page: attribution.landing_page.as_deref(),
            created_at: lead.submitted.at,
            updated_at: lead.updated_at,
            referrer: attribution.referrer.as_deref(),
            status: lead.status,
            referral_code: &lead.submitted.referral_code,
            referred_by_code: lead.submitted.referred_by_code.as_deref(),
            referral_credits,
        }
    }
}

impl<'a> Detail<'a> {
    /// `referral_credits` counts what they earned by passing their code on.
    pub fn of(lead: &'a Details, referral_credits: i64) -> Self {
        let contact = lead.submitted.contact.open().unwrap_or(&ERASED);
        let awaiting_field = lead.submitted.awaiting_field.as_ref().map(shown);
        Self {
            item: Item::of(lead, referral_credits),
            address: &contact.address,
            access_notes: contact.access_notes.as_deref(),
            parking: contact.parking.as_deref(),
            pets: contact.pets.as_deref(),
            allergies: contact.allergies.as_deref(),
            structured_inputs: InputAnswer::of(&lead.submitted.structured_inputs, awaiting_field),
            estimate_snapshot: EstimateAnswer::from(&lead.submitted.estimate),
            pricing_config_version: &lead.submitted.estimate.pricing_config_version,
        }
    }
}

/// One line of the list. `referral_credits` counts what they earned by passing their code on.
pub fn item(lead: &Details, referral_credits: i64) -> Value {
    json!(Item::of(lead, referral_credits))
}

/// [`Detail`], to add to.
pub fn detail(lead: &Details, referral_credits: i64) -> Value {
    json!(Detail::of(lead, referral_credits))
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
        "service_type": quote.terms.service_type.as_ref().map(shown),
        "status": quote.status_at(now),
        "expires_at": quote.terms.expires_at,
        "price_book": quote.terms.price_book,
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

fn notes<'a>(lead: &'a Details, contact: &'a Contact) -> Option<&'a str> {
    let notes =
        lead.notes.as_ref().map_or(contact.notes.as_deref(), |changed| Some(shown(changed)));
    notes.filter(|text| !text.is_empty())
}

fn shown(text: &Personal<String>) -> &str {
    text.open().map_or(PLACEHOLDER, String::as_str)
}
