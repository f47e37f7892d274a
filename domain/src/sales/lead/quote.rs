//! The offers of a lead: drafted, sent, then accepted, declined or run out.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::{
    Decision, Details, FollowUp, LeadError, LeadEvent, Offer, QuoteStatus, QuoteTerms, Status,
};
use crate::id::QuoteId;
use crate::input::{Problems, free_text, has_nul, text};

/// Most JSON that staff may keep with an offer, in bytes.
const METADATA_BYTES: usize = 4096;

/// A billion dollars: more is a slip, and sums of offers stay far from the end of the numbers.
const MOST_CENTS: i64 = 100_000_000_000;

/// One offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// Told apart by this.
    pub quote_id: QuoteId,
    /// What it says.
    pub terms: QuoteTerms,
    /// As decided; see [`Quote::status_at`] for what to show.
    pub status: QuoteStatus,
    /// When it was last sent, unless it was revised since.
    pub sent_at: Option<DateTime<Utc>>,
    /// When it was drafted.
    pub created_at: DateTime<Utc>,
    /// When anything last happened to it.
    pub updated_at: DateTime<Utc>,
    /// Oldest first.
    pub follow_ups: Vec<FollowUp>,
}

impl Quote {
    pub(super) const fn drafted(quote_id: QuoteId, terms: QuoteTerms, at: DateTime<Utc>) -> Self {
        Self {
            quote_id,
            terms,
            status: QuoteStatus::Draft,
            sent_at: None,
            created_at: at,
            updated_at: at,
            follow_ups: Vec::new(),
        }
    }

    pub(super) fn revise(&mut self, terms: QuoteTerms) {
        self.terms = terms;
        self.status = QuoteStatus::Draft;
        self.sent_at = None;
    }

    pub(super) fn send(&mut self, terms: QuoteTerms, at: DateTime<Utc>) {
        self.terms = terms;
        self.status = QuoteStatus::Sent;
        self.sent_at = Some(at);
    }

    /// The status at `now`: an open offer has run out at its instant, whether its timer fired or not.
    pub fn status_at(&self, now: DateTime<Utc>) -> QuoteStatus {
        let ran_out = self.terms.expires_at.is_some_and(|expires_at| expires_at <= now);
        if ran_out && !self.status.is_closed() { QuoteStatus::Expired } else { self.status }
    }

    fn open_at(&self, now: DateTime<Utc>) -> Result<(), LeadError> {
        let status = self.status_at(now);
        if status.is_closed() { Err(LeadError::QuoteClosed(status)) } else { Ok(()) }
    }
}

impl Details {
    /// One of its offers.
    pub fn quote(&self, id: QuoteId) -> Option<&Quote> {
        self.quotes.iter().find(|quote| quote.quote_id == id)
    }

    fn known_quote(&self, id: QuoteId) -> Result<&Quote, LeadError> {
        self.quote(id).ok_or(LeadError::QuoteNotFound)
    }

    pub(super) fn draft_quote(
        &self,
        quote_id: QuoteId,
        offer: Offer,
        at: DateTime<Utc>,
    ) -> Decision {
        if self.quote(quote_id).is_some() {
            return Err(LeadError::QuoteExists);
        }
        let terms = self.terms(offer)?;
        Ok(vec![LeadEvent::QuoteDrafted { quote_id, terms, at }])
    }

    pub(super) fn revise_quote(
        &self,
        quote_id: QuoteId,
        offer: Offer,
        at: DateTime<Utc>,
    ) -> Decision {
        let quote = self.known_quote(quote_id)?;
        quote.open_at(at)?;
        let terms = self.terms(offer)?;
        // Another price book alone changes nothing that was offered.
        let price_book = quote.terms.price_book.clone();
        if (QuoteTerms { price_book, ..terms.clone() }) == quote.terms {
            return Ok(vec![]);
        }
        Ok(vec![LeadEvent::QuoteRevised { quote_id, terms, at }])
    }

    pub(super) fn send_quote(&self, quote_id: QuoteId, at: DateTime<Utc>) -> Decision {
        let quote = self.known_quote(quote_id)?;
        quote.open_at(at)?;
        if quote.status == QuoteStatus::Sent {
            return Ok(vec![]);
        }
        let mut events = vec![LeadEvent::QuoteSent { quote_id, terms: quote.terms.clone(), at }];
        match self.status {
            Status::New | Status::Contacted => {
                events.push(LeadEvent::Quoted { quote_id: Some(quote_id), at });
            }
            Status::Quoted | Status::Won | Status::Lost => {}
        }
        Ok(events)
    }

    pub(super) fn accept_quote(&self, quote_id: QuoteId, at: DateTime<Utc>) -> Decision {
        let quote = self.known_quote(quote_id)?;
        if quote.status == QuoteStatus::Accepted {
            return Ok(vec![]);
        }
        if self.quotes.iter().any(|other| other.status == QuoteStatus::Accepted) {
            return Err(LeadError::AnotherQuoteAccepted);
        }
        quote.answerable_at(at)?;
        Ok(vec![LeadEvent::QuoteAccepted { quote_id, terms: quote.terms.clone(), at }])
    }

    pub(super) fn decline_quote(&self, quote_id: QuoteId, at: DateTime<Utc>) -> Decision {
        let quote = self.known_quote(quote_id)?;
        if quote.status == QuoteStatus::Declined {
            return Ok(vec![]);
        }
        quote.answerable_at(at)?;
        Ok(vec![LeadEvent::QuoteDeclined { quote_id, at }])
    }

    pub(super) fn expire_quote(&self, quote_id: QuoteId, at: DateTime<Utc>) -> Decision {
        let quote = self.known_quote(quote_id)?;
        match (quote.status, quote.status_at(at)) {
            (QuoteStatus::Expired, _) => Ok(vec![]),
            (_, QuoteStatus::Expired) => Ok(vec![LeadEvent::QuoteExpired { quote_id, at }]),
            (QuoteStatus::Draft | QuoteStatus::Sent, _) => Err(LeadError::QuoteNotDue),
            (closed, _) => Err(LeadError::QuoteClosed(closed)),
        }
    }

    pub(super) fn follow_up_quote(
        &self,
        quote_id: QuoteId,
        followup_id: Uuid,
        note: &str,
        created_by: Option<String>,
        at: DateTime<Utc>,
    ) -> Decision {
        let quote = self.known_quote(quote_id)?;
        if quote.follow_ups.iter().any(|known| known.followup_id == followup_id) {
            return Ok(vec![]);
        }
        quote.open_at(at)?;
        let note = self.personal(free_text("note", note, 1..=500)?);
        let follow_up = FollowUp { followup_id, note, created_by, created_at: at };
        Ok(vec![LeadEvent::QuoteFollowedUp { quote_id, follow_up, at }])
    }

    pub(super) fn quote_changed(
        &mut self,
        id: QuoteId,
        at: DateTime<Utc>,
        change: impl FnOnce(&mut Quote),
    ) -> DateTime<Utc> {
        if let Some(quote) = self.quotes.iter_mut().find(|quote| quote.quote_id == id) {
            change(quote);
            quote.updated_at = at;
        }
        at
    }

    fn terms(&self, offer: Offer) -> Result<QuoteTerms, Problems> {
        let mut problems = Problems::default();
        if !(0..=MOST_CENTS).contains(&offer.amount_cents) {
            problems.push("amount", format!("Input should be from 0 to {MOST_CENTS}"));
        }
        let currency = offer.currency.map_or_else(
            || Some("CAD".to_owned()),
            |raw| problems.take(text("currency", &raw, 1..=8)),
        );
        let currency = currency.unwrap_or_default().to_ascii_uppercase();
        if !currency.bytes().all(|letter| letter.is_ascii_uppercase()) {
            problems.push("currency", "Input should be letters only");
        }
        let service_type =
            offer.service_type.and_then(|raw| problems.take(text("service_type", &raw, 0..=100)));
        let metadata = offer.metadata.filter(|kept| !kept.is_empty());
        if let Some(kept) = &metadata {
            let json = Value::Object(kept.clone());
            if has_nul(&json) {
                problems.push("metadata", "NUL characters are not permitted");
            } else if json.to_string().len() > METADATA_BYTES {
                let message = format!("At most {METADATA_BYTES} bytes of JSON are permitted");
                problems.push("metadata", message);
            }
        }
        problems.or(QuoteTerms {
            amount_cents: offer.amount_cents,
            currency,
            service_type: service_type
                .filter(|name| !name.is_empty())
                .map(|name| self.personal(name)),
            expires_at: offer.expires_at,
            metadata: metadata.map(|kept| self.personal(kept)),
            price_book: offer.price_book,
        })
    }
}

impl Quote {
    fn answerable_at(&self, now: DateTime<Utc>) -> Result<(), LeadError> {
        self.open_at(now)?;
        if self.status == QuoteStatus::Sent { Ok(()) } else { Err(LeadError::QuoteNotSent) }
    }
}
