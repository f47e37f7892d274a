//! One line of the list of invoices.

use domain::invoicing::invoice::{Details, Invoice, view};
use domain::personal::PLACEHOLDER;
use uuid::Uuid;

/// Who is asked to pay, readable. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Customer {
    /// Full name, or the placeholder.
    pub name: String,
    /// Where letters go.
    pub email: Option<String>,
    /// As typed.
    pub phone: Option<String>,
    /// Where they live, as far as it is known.
    pub address: Option<String>,
}

/// Somebody who can be asked to pay, and who they turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    /// Readable.
    pub(super) shown: Customer,
    /// Whose invoices theirs are by now.
    pub(super) merged_into: Option<Uuid>,
}

impl Customer {
    /// Somebody erased, or not known.
    pub(super) fn nobody() -> Self {
        Self { name: PLACEHOLDER.to_owned(), email: None, phone: None, address: None }
    }
}

impl std::fmt::Debug for Customer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Customer(..)")
    }
}

/// A row of `invoice_list`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) state: Invoice,
    pub(super) shown: Customer,
    pub(super) version: i32,
    pub(super) position: i64,
}

impl Row {
    /// Who is to pay.
    pub(super) fn customer(&self) -> Option<Uuid> {
        self.state.details().and_then(view::customer)
    }

    /// What a search looks through: number, name, e-mail and id, in lower case.
    pub(super) fn search(&self, details: &Details) -> String {
        let Customer { name, email, .. } = &self.shown;
        let email = email.as_deref().unwrap_or_default();
        format!("{}\n{name}\n{email}\n{}", details.number, details.invoice_id).to_lowercase()
    }
}
