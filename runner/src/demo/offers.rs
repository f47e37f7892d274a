//! What a demo organisation offers: a catalogue and terms of its own, published on one of the last days.

use chrono::{DateTime, TimeDelta, Utc};
use domain::id::OrgId;
use domain::pricing::catalogue::{AddonChange, ServiceChange};
use domain::pricing::price_book::{Edit, PriceBookCommand};
use domain::scheduling::terms::policies_wire::PoliciesChange;
use rand::Rng;
use rand::rngs::StdRng;
use serde_json::json;
use uuid::Uuid;

use super::DAYS;
use super::step::{Act, Step};

/// Name, price of a visit in cents, and how many minutes it usually takes.
const SERVICES: [(&str, i64, u32); 3] =
    [("Standard clean", 12_000, 120), ("Deep clean", 21_000, 210), ("Move-out clean", 27_500, 270)];

/// A draft with everything, published at once with its last change.
pub(super) fn publish(
    org: OrgId,
    rng: &mut StdRng,
    start: DateTime<Utc>,
    steps: &mut Vec<Step>,
) -> Option<()> {
    let mut at = start + TimeDelta::days(DAYS - 2);
    let mut push = |command: fn(DateTime<Utc>) -> PriceBookCommand, edit: Option<Edit>| {
        at += TimeDelta::minutes(2);
        let command =
            edit.map_or_else(|| command(at), |edit| PriceBookCommand::Edit { edit, now: at });
        steps.push(Step::staff(at, org.to_string(), Act::PriceBook(command)));
    };
    let open = |now| PriceBookCommand::OpenDraft { now };
    push(open, None);
    for (name, cents, minutes) in SERVICES {
        let service = ServiceChange {
            name: Some(name.to_owned()),
            base_price_cents: Some(cents),
            default_duration_minutes: Some(minutes),
            ..ServiceChange::default()
        };
        let id = Uuid::from_u128(rng.random()).into();
        push(open, Some(Edit::AddService(id, service)));
    }
    let garage = AddonChange {
        name: Some("Garage".to_owned()),
        price_cents: Some(5_500),
        default_minutes: Some(45),
        is_active: None,
    };
    let id = Uuid::from_u128(rng.random()).into();
    push(open, Some(Edit::AddAddon(id, "garage".to_owned(), garage)));
    let terms = json!({
        "payment_terms": { "due_days": 14, "accepted_methods": ["card", "etransfer"] },
        "scheduling": { "lead_time_hours": 2, "max_bookings_per_day": 12 },
    });
    push(open, Some(Edit::Policies(PoliciesChange::parse(&terms).ok()?)));
    push(|now| PriceBookCommand::Publish { now }, None);
    Some(())
}
