//! What is cleaned beside a visit, as the catalogue has it today.

use domain::id::AddonId;
use domain::pricing::book::Book;
use domain::scheduling::booking::BookingError;
use domain::scheduling::booking::addons::{AddonLine, Offered};

use crate::problem::Problem;

/// An extra of the catalogue, `qty` times.
pub(crate) fn offered(book: &Book, id: AddonId, qty: u16) -> Result<Offered, Problem> {
    let addon = book.addon(id).ok_or_else(|| Problem::refused(&BookingError::AddonInvalid))?;
    let line = AddonLine {
        addon_id: id.as_uuid(),
        qty,
        unit_price_cents: addon.price_cents,
        minutes: addon.default_minutes,
    };
    Ok(Offered { line, is_active: addon.is_active })
}
