//! The price book of an organisation: what it offers, for how much, and under which terms.
//!
//! 1. What holds is the version published last; before the first one it is the built-in book, economy/v1.
//! 2. A published version never changes. Whoever decided by it names it.
//! 3. Changes are collected in a draft, if one is open; if not, each is published at once as a version of its own.
//! 4. Asking for what already holds changes nothing and is not an error.

mod command;
mod edit;
mod event;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
pub use command::{Edit, PriceBookCommand, PriceBookError};
use cqrs_es::Aggregate;
pub use event::PriceBookEvent;
use serde::{Deserialize, Serialize};

use super::book::Book;
use super::prices::{Prices, economy_v1};
use crate::event::{EventSourced, decides};

/// How versions of an organisation's own are called, with their number behind it.
const NAME: &str = "price-book";

/// What holds, and what may hold next.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceBook {
    /// Of the version that holds; 0 is the built-in one.
    pub version: u32,
    /// What it says.
    pub published: Book,
    /// Since when, unless it is the built-in one.
    pub published_at: Option<DateTime<Utc>>,
    /// What may hold next.
    pub draft: Option<Book>,
}

type Decision = Result<Vec<PriceBookEvent>, PriceBookError>;

impl PriceBook {
    /// The prices that hold.
    pub fn prices(&self) -> Prices {
        match self.version {
            0 => economy_v1().clone(),
            version => prices(version, &self.published),
        }
    }

    /// What a change would be made to.
    pub fn edited(&self) -> &Book {
        self.draft.as_ref().unwrap_or(&self.published)
    }

    fn decide(&self, command: PriceBookCommand) -> Decision {
        use PriceBookCommand as C;

        match command {
            C::OpenDraft { now } => Ok(match self.draft {
                Some(_) => Vec::new(),
                None => vec![PriceBookEvent::DraftOpened { from: self.version, at: now }],
            }),
            C::DiscardDraft { now } => Ok(match self.draft {
                Some(_) => vec![PriceBookEvent::DraftDiscarded { at: now }],
                None => Vec::new(),
            }),
            C::Publish { now } => Ok(match &self.draft {
                None => Vec::new(),
                Some(draft) if *draft == self.published => {
                    vec![PriceBookEvent::DraftDiscarded { at: now }]
                }
                Some(draft) => vec![self.publish(draft.clone(), now)],
            }),
            C::Edit { edit, now } => {
                let mut events = self.edited().edit(edit, now)?;
                if self.draft.is_none() && !events.is_empty() {
                    let mut after = self.clone();
                    events.iter().cloned().for_each(|event| after.fold(event));
                    events.push(self.publish(after.edited().clone(), now));
                }
                Ok(events)
            }
        }
    }

    fn publish(&self, book: Book, at: DateTime<Utc>) -> PriceBookEvent {
        let (version, hash) = (self.version + 1, book.hash());
        PriceBookEvent::Published { version, hash, book: Box::new(book), at }
    }

    fn fold(&mut self, event: PriceBookEvent) {
        use PriceBookEvent as E;

        let book = self.draft.take();
        let mut book = book.unwrap_or_else(|| self.published.clone());
        match event {
            E::DraftOpened { .. } => {}
            E::DraftDiscarded { .. } => return,
            E::ServiceDefined { service, .. } => book.put_service(service),
            E::ServiceRetired { service_type_id, .. } => {
                book.services.retain(|one| one.service_type_id != service_type_id);
            }
            E::AddonDefined { addon, .. } => book.put_addon(addon),
            E::RatesChanged { rates, .. } => book.rates = *rates,
            E::TaxChanged { tax_ppm, .. } => book.tax_ppm = tax_ppm,
            E::PoliciesChanged { policies, .. } => book.policies = *policies,
            E::Published { version, book, at, .. } => {
                (self.version, self.published, self.published_at) = (version, *book, Some(at));
                return;
            }
        }
        self.draft = Some(book);
    }
}

/// The prices of a version of an organisation's own.
pub fn prices(version: u32, book: &Book) -> Prices {
    Prices::of(NAME.to_owned(), format!("v{version}"), book.rates.clone())
}

impl Aggregate for PriceBook {
    const TYPE: &'static str = "price_book";
    type Command = PriceBookCommand;
    type Event = PriceBookEvent;
    type Error = PriceBookError;
    type Services = ();

    decides!();

    fn apply(&mut self, event: Self::Event) {
        self.fold(event);
    }
}

impl EventSourced for PriceBook {}
