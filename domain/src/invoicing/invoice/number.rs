//! The number of an invoice: one after the other in each year of an organisation, without a gap.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The scope under which numbers are claimed: only what is written takes one, so there is never a gap, and no two
/// invoices that are drafted at once can have the same.
pub const NUMBERS: &str = "invoice.number";

/// The scope under which visits are claimed: unless somebody allows another, a visit has one invoice that counts or may once.
pub const VISITS: &str = "invoice.visit";

/// `INV-2026-000001`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct InvoiceNumber {
    /// Of the date of issue.
    pub year: i32,
    /// From 1.
    pub count: u32,
}

impl InvoiceNumber {
    /// As it is claimed: longer numbers of a year sort behind shorter ones.
    pub fn claimed(self) -> String {
        format!("{:04}-{:09}", self.year, self.count)
    }

    /// Between which values the claims of a year stand.
    pub fn claims_of(year: i32) -> (String, String) {
        (format!("{year:04}-"), format!("{year:04}."))
    }

    /// From a value as it is claimed.
    pub fn of_claim(value: &str) -> Option<Self> {
        let (year, count) = value.split_once('-')?;
        Some(Self { year: year.parse().ok()?, count: count.parse().ok()? })
    }

    /// The one after `last` in `year`.
    pub fn after(last: Option<Self>, year: i32) -> Self {
        Self { year, count: last.map_or(1, |last| last.count.saturating_add(1)) }
    }
}

impl fmt::Display for InvoiceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "INV-{:04}-{:06}", self.year, self.count)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_of_a_year_follow_each_other() {
        let first = InvoiceNumber::after(None, 2026);
        assert_eq!(first.to_string(), "INV-2026-000001");
        let second = InvoiceNumber::after(Some(first), 2026);
        assert_eq!(second.to_string(), "INV-2026-000002");
        let (from, until) = InvoiceNumber::claims_of(2026);
        assert!(from < second.claimed() && second.claimed() < until);
        assert!(InvoiceNumber::after(None, 2027).claimed() > until);
    }

    proptest! {
        #[test]
        fn claims_sort_like_numbers_and_are_read_back(year in 1970..9999_i32, a in 1..999_999_999_u32, b in 1..999_999_999_u32) {
            let [a, b] = [a, b].map(|count| InvoiceNumber { year, count });
            prop_assert_eq!(a.cmp(&b), a.claimed().cmp(&b.claimed()));
            prop_assert_eq!(InvoiceNumber::of_claim(&a.claimed()), Some(a));
        }
    }
}
