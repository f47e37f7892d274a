//! What is cleaned beside the visit itself; prices and minutes as they were when it was added.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::BookingError;

/// Most of one extra.
const MOST: u16 = 1000;

/// One extra.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddonLine {
    /// Which.
    pub addon_id: Uuid,
    /// How many.
    pub qty: u16,
    /// For one.
    pub unit_price_cents: i64,
    /// For one.
    pub minutes: u32,
}

/// An extra as the catalogue has it today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// The line it would make.
    pub line: AddonLine,
    /// Whether it can still be chosen.
    pub is_active: bool,
}

/// The lines, if each can be chosen and none stands there twice.
pub(super) fn chosen(offered: Vec<Offered>) -> Result<Vec<AddonLine>, BookingError> {
    let mut seen = BTreeSet::new();
    for Offered { line, is_active } in &offered {
        let is_sound = (1..=MOST).contains(&line.qty) && line.unit_price_cents >= 0;
        if !is_active || !is_sound || !seen.insert(line.addon_id) {
            return Err(BookingError::AddonInvalid);
        }
    }
    Ok(offered.into_iter().map(|one| one.line).collect())
}

/// What all of them cost.
pub fn cents<'a>(lines: impl IntoIterator<Item = &'a AddonLine>) -> i64 {
    let each = lines.into_iter().map(|line| line.unit_price_cents.saturating_mul(line.qty.into()));
    each.fold(0, i64::saturating_add)
}

/// How long all of them take.
pub(super) fn minutes(lines: &[AddonLine]) -> u32 {
    let each = lines.iter().map(|line| line.minutes.saturating_mul(line.qty.into()));
    each.fold(0, u32::saturating_add)
}
