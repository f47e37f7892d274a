//! What a form for an invoice begins with: what was promised for a visit, or what a draft says.

use serde::Deserialize;

use super::lines::Row;
use crate::Site;
use crate::failure::Failure;
use crate::form::Fields;
use crate::moment::Moment;
use crate::shown;
use crate::visitor::Staff;

/// Why a visit can cost something else than was promised, as the API calls it, and as people do.
pub(super) const REASONS: [(&str, &str); 6] = [
    ("ADDON_ADDED", "Something was added"),
    ("EXTRA_SERVICE", "More was done"),
    ("DISCOUNT_PROMO", "A discount"),
    ("CLIENT_COMPLAINT", "The client complained"),
    ("DAMAGE_RISK", "Damage, or the risk of it"),
    ("OTHER", "Something else"),
];

/// Rows that stay blank behind the lines of a draft.
const SPARE: usize = 2;

/// A visit that is to be paid.
#[derive(Deserialize)]
pub(super) struct Visit {
    #[serde(rename = "booking_id")]
    pub(super) id: String,
    pub(super) starts_at: Moment,
    service_type: Option<String>,
    total_cents: Option<i64>,
    /// Of that, the visit itself: what is cleaned beside is added by the invoice.
    base_price_cents: Option<i64>,
    customer: Option<Customer>,
}

#[derive(Deserialize)]
struct Customer {
    name: String,
}

impl Visit {
    pub(super) async fn find(site: &Site, staff: &Staff, id: &str) -> Result<Self, Failure> {
        site.api.query(staff, &["v1", "admin", "bookings", id], &[]).await?.read()
    }

    pub(super) fn name(&self) -> &str {
        self.customer.as_ref().map_or("a client", |customer| &customer.name)
    }

    pub(super) fn total(&self) -> Option<String> {
        self.total_cents.map(shown::amount)
    }

    /// The first line is what was promised.
    pub(super) fn fill(&self, fields: &mut Fields) {
        let kind = self.service_type.as_deref().unwrap_or("").replace('_', " ");
        let what =
            if kind.is_empty() { "Cleaning".to_owned() } else { format!("Cleaning, {kind}") };
        let row = Row::new(0);
        fields.set(&row.description, format!("{what}, {}", self.starts_at.day()));
        fields.set(&row.qty, "1");
        if let Some(cents) = self.base_price_cents {
            fields.set(&row.price, shown::amount(cents));
        }
    }
}

/// An invoice that can still be written anew.
#[derive(Deserialize)]
pub(super) struct Draft {
    #[serde(rename = "invoice_id")]
    pub(super) id: String,
    #[serde(rename = "invoice_number")]
    pub(super) number: String,
    issue_date: String,
    due_date: Option<String>,
    notes: Option<String>,
    items: Vec<Line>,
    #[serde(skip)]
    version: String,
}

#[derive(Deserialize)]
struct Line {
    description: String,
    qty: u32,
    unit_price_cents: i64,
    tax_rate: Option<f64>,
}

impl Draft {
    pub(super) async fn find(site: &Site, staff: &Staff, id: &str) -> Result<Self, Failure> {
        let reply = site.api.query(staff, &["v1", "admin", "invoices", id], &[]).await?;
        let version = reply.version.clone().unwrap_or_default();
        Ok(Self { version, ..reply.read()? })
    }

    /// As a form has it.
    pub(super) fn fields(&self) -> Fields {
        let mut fields = Fields::new();
        fields.set("version", &self.version);
        fields.set("issue_date", &self.issue_date);
        fields.set("due_date", self.due_date.as_deref().unwrap_or_default());
        fields.set("notes", self.notes.as_deref().unwrap_or_default());
        fields.set("rows", (self.items.len() + SPARE).to_string());
        for (place, line) in self.items.iter().enumerate() {
            let row = Row::new(place);
            fields.set(&row.description, &line.description);
            fields.set(&row.qty, line.qty.to_string());
            fields.set(&row.price, shown::amount(line.unit_price_cents));
            fields.set(&row.tax, line.tax_rate.map_or_else(|| "0".to_owned(), shown::percent));
        }
        fields
    }
}
