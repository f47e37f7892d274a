//! The numbers of invoices: one after the other, in each organisation and year.

use std::sync::Arc;

use commands::{CommandBus, LoadError};
use domain::id::OrgId;
use domain::invoicing::invoice::number::{InvoiceNumber, NUMBERS};
use moka::sync::Cache;
use tokio::sync::Mutex;

/// So many processes may take a number at once, each a few times in a row.
pub(super) const ATTEMPTS: usize = 64;

/// More organisations than one process serves at a time.
const CAPACITY: u64 = 10_000;

/// Lets one invoice of an organisation after the other take its number, so that they need not race for it. Other processes
/// race all the same: the log lets one of them win.
pub(crate) struct Numbering(Cache<OrgId, Arc<Mutex<()>>>);

impl Default for Numbering {
    fn default() -> Self {
        Self(Cache::new(CAPACITY))
    }
}

impl Numbering {
    /// What the next one waits for.
    pub(super) fn turn(&self, org: OrgId) -> Arc<Mutex<()>> {
        self.0.get_with(org, Arc::default)
    }
}

/// The first number of that year that nobody has.
pub(super) async fn next(
    bus: &CommandBus,
    org: OrgId,
    year: i32,
) -> Result<InvoiceNumber, LoadError> {
    let (from, until) = InvoiceNumber::claims_of(year);
    let last = bus.last_held(org, NUMBERS, (&from, &until)).await?;
    Ok(InvoiceNumber::after(last.as_deref().and_then(InvoiceNumber::of_claim), year))
}
