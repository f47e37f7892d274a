//! People who asked, and what became of it.

use chrono::{DateTime, TimeDelta, Utc};
use domain::id::{LeadId, QuoteId};
use domain::pricing::prices;
use domain::sales::lead::{LeadCommand, LeadRequest, Offer, Status, Submission, referral_code};
use domain::scheduling::terms::policies::DepositPolicy;
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use serde_json::json;
use uuid::Uuid;

use super::DAYS;
use super::names::{FAMILY, GIVEN, STREETS};
use super::step::{Act, Step};

const DATES: [&str; 3] = ["Mon morning", "Tue afternoon", "any Friday"];
const CLEANINGS: [&str; 4] = ["standard", "standard", "deep", "move_out_empty"];
const FREQUENCIES: [&str; 3] = ["one_time", "biweekly", "weekly"];
const SOURCES: [&str; 5] = ["google", "facebook", "referral", "flyer", "website"];
const LOSSES: [&str; 4] = ["Too expensive", "Chose another company", "No answer", "Moved away"];

/// Somebody who has accepted an offer.
#[derive(Clone, Copy)]
pub(super) struct Won {
    pub(super) lead: LeadId,
    pub(super) at: DateTime<Utc>,
}

/// Writes the leads of one organisation.
pub(super) struct Leads<'a> {
    pub(super) rng: &'a mut StdRng,
    pub(super) start: DateTime<Utc>,
    pub(super) steps: &'a mut Vec<Step>,
}

impl Leads<'_> {
    /// So many leads; those that were won are returned.
    pub(super) fn write(mut self, leads: usize) -> Vec<Won> {
        (0..leads).filter_map(|_| self.one()).collect()
    }

    fn one(&mut self) -> Option<Won> {
        let minute = self.rng.random_range(60..DAYS * 24 * 60);
        let mut at = self.start + TimeDelta::minutes(minute);
        let lead = LeadId::from(Uuid::from_u128(self.rng.random()));
        let submit = self.submit(lead, at)?;
        let total = submit.estimate.total_cents;
        let rng = &mut *self.rng;
        let command = Act::Lead(LeadCommand::Submit(Box::new(submit)));
        self.steps.push(Step::public(at, lead.to_string(), command));
        let mut push = |at, command| {
            self.steps.push(Step::staff(at, lead.to_string(), Act::Lead(command)));
        };

        let fate = rng.random_range(0..100);
        if fate < 12 {
            return None;
        }
        at += TimeDelta::minutes(rng.random_range(5..600));
        push(at, to(Status::Contacted, None, at));
        if fate < 30 {
            return None;
        }
        if fate < 45 {
            at += TimeDelta::hours(rng.random_range(1..72));
            push(at, to(Status::Lost, LOSSES.choose(rng).copied(), at));
            return None;
        }
        at += TimeDelta::minutes(rng.random_range(10..300));
        let quote_id = QuoteId::from(Uuid::from_u128(rng.random()));
        let expires_at = Some(at + TimeDelta::days(14));
        let offer = Offer { amount_cents: total, expires_at, ..Offer::default() };
        push(at, LeadCommand::DraftQuote { quote_id, offer, now: at });
        at += TimeDelta::minutes(3);
        push(at, LeadCommand::SendQuote { quote_id, now: at });
        if fate < 60 {
            return None;
        }
        at += TimeDelta::hours(rng.random_range(2..96));
        if fate < 90 {
            push(at, LeadCommand::AcceptQuote { quote_id, now: at });
            push(at, to(Status::Won, None, at));
            return Some(Won { lead, at });
        }
        push(at, LeadCommand::DeclineQuote { quote_id, now: at });
        push(at, to(Status::Lost, LOSSES.choose(rng).copied(), at));
        None
    }

    fn submit(&mut self, lead_id: LeadId, now: DateTime<Utc>) -> Option<Submission> {
        let rng = &mut *self.rng;
        let (given, family) = (GIVEN.choose(rng)?, FAMILY.choose(rng)?);
        let number = rng.random_range(1000..9999);
        let date = DATES.choose(rng)?;
        let (cleaning, frequency) = (CLEANINGS.choose(rng)?, FREQUENCIES.choose(rng)?);
        let body = json!({
            "name": format!("{given} {family}"),
            "phone": format!("780-555-{number}"),
            "email": format!("{}.{}{number}@example.org", given.to_lowercase(), family.to_lowercase()),
            "address": format!("{} {}", rng.random_range(1..400), STREETS.choose(rng)?),
            "postal_code": "T5K 1A1",
            "preferred_dates": [date],
            "structured_inputs": {
                "beds": rng.random_range(1..5),
                "baths": rng.random_range(1..4),
                "cleaning_type": cleaning,
                "frequency": frequency,
                "add_ons": { "oven": rng.random_bool(0.3), "fridge": rng.random_bool(0.2) },
            },
            "estimate_snapshot": {},
            "source": SOURCES.choose(rng)?,
        });
        let request = LeadRequest::parse(&body).ok()?;
        let estimate = prices::economy_v1().estimate(&request.inputs);
        let referral_code = referral_code(rng.random());
        let (referrer, high_value_cents) = (None, DepositPolicy::default().high_value_cents);
        Some(Submission {
            lead_id,
            request,
            estimate,
            referral_code,
            referrer,
            high_value_cents,
            now,
        })
    }
}

fn to(status: Status, loss_reason: Option<&str>, now: DateTime<Utc>) -> LeadCommand {
    LeadCommand::ChangeStatus { status, loss_reason: loss_reason.map(str::to_owned), now }
}
