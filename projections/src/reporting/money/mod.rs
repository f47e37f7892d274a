//! Money as reports count it: what was invoiced, taken back and credited; what came in and went back, each once, whoever tells
//! of it first; and what counts for which invoice.
//!
//! 1. An amount is added once and never changed. What takes it back is an amount of its own, of the day it belongs to.
//! 2. A payment came in once: the payment itself, the invoice and the visit may all tell of it.
//! 3. What went back is the greater of what the provider tells and what the invoice says: both tell of the same money.

mod fold;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use cqrs_es::Aggregate;
use domain::id::OrgId;
use domain::invoicing::invoice::{Invoice, InvoiceEvent};
use domain::payments::payment::Payment;
use domain::recorded::Recorded;
use domain::scheduling::booking::{Booking, BookingEvent, GivenBack};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use self::fold::Told;
use super::versions::{self, Version, Versions};
use crate::{Batch, Poison, Projection};

/// Keeps the tables of money.
#[derive(Debug)]
pub struct ReportMoney;

impl Projection for ReportMoney {
    const NAME: &'static str = "report_money";
    const VERSION: i32 = 1;
    const TABLES: &'static [&'static str] = &["invoice_versions", "money_facts", "payment_facts"];

    async fn apply(db: &mut PgConnection, batch: &Batch<'_>) -> Result<Vec<Poison>, sqlx::Error> {
        let wanted: Vec<&Recorded> =
            batch.events.iter().copied().filter(|event| is_wanted(event)).collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let invoices = batch.with(&wanted).ids_of(Invoice::TYPE);
        let mut told = Told {
            invoices: Versions::load(&mut *db, batch.org, &invoices).await?,
            payments: load(&mut *db, batch.org, &payments(&wanted)).await?,
            ..Told::default()
        };
        let poison = told.fold(&wanted);
        told.invoices.write(&mut *db, batch.org).await?;
        versions::insert(&mut *db, "money_facts", &told.facts).await?;
        write(db, batch.org, told.payments).await?;
        Ok(poison)
    }
}

fn is_wanted(event: &Recorded) -> bool {
    match event.aggregate_type.as_str() {
        Invoice::TYPE | Payment::TYPE => true,
        Booking::TYPE => matches!(event.event_type.as_str(), "deposit_paid" | "deposit_returned"),
        _ => false,
    }
}

/// The payments that events speak of; what does not decode is parked when it is applied.
fn payments(events: &[&Recorded]) -> Vec<String> {
    let named = events.iter().filter_map(|event| match event.aggregate_type.as_str() {
        Payment::TYPE => Some(event.aggregate_id.clone()),
        Booking::TYPE => match event.of::<Booking>().ok().flatten()? {
            BookingEvent::DepositPaid { payment_id, .. }
            | BookingEvent::DepositReturned(GivenBack { payment_id, .. }) => Some(payment_id),
            _ => None,
        },
        _ => match event.of::<Invoice>().ok().flatten()? {
            InvoiceEvent::PaymentApplied { payment_id, .. }
            | InvoiceEvent::DepositCredited { payment_id, .. }
            | InvoiceEvent::PaymentRefunded { payment_id, .. } => Some(payment_id),
            _ => None,
        },
    });
    named.collect()
}

/// A row of `invoice_versions`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct InvoiceRow {
    org_id: Uuid,
    invoice_id: Uuid,
    position: i64,
    until: Option<i64>,
    number: String,
    order_id: Option<Uuid>,
    customer_id: Option<Uuid>,
    issue_date: NaiveDate,
    due_date: Option<NaiveDate>,
    currency: String,
    total_cents: i64,
    tax_cents: i64,
    issued_at: Option<DateTime<Utc>>,
    voided_at: Option<DateTime<Utc>>,
    credit_at: Vec<DateTime<Utc>>,
    credit_cents: Vec<i64>,
    credit_tax: Vec<i64>,
}

impl Version for InvoiceRow {
    const TABLE: &'static str = "invoice_versions";
    const ID: &'static str = "invoice_id";

    fn id(&self) -> Uuid {
        self.invoice_id
    }

    fn span(&mut self) -> (&mut i64, &mut Option<i64>) {
        (&mut self.position, &mut self.until)
    }
}

/// What an amount is.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Kind {
    /// Somebody owes it from the date of issue on.
    Invoiced,
    /// They do not any more: it belongs to the date of issue.
    Voided,
    /// Part of it need not be paid.
    Credited,
    /// That does not count any more, because the invoice does not: it belongs to the day of the credit.
    Uncredited,
    /// Money came in.
    Received,
    /// Money went back.
    Refunded,
    /// Money counts for an invoice.
    Applied,
    /// It does not any more.
    Unapplied,
}

/// A row of `money_facts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Fact {
    org_id: Uuid,
    position: i64,
    line: i32,
    kind: Kind,
    at: DateTime<Utc>,
    day: Option<NaiveDate>,
    invoice_id: Option<Uuid>,
    booking_id: Option<Uuid>,
    payment_id: Option<String>,
    currency: Option<String>,
    amount_cents: i64,
    tax_cents: i64,
}

/// A row of `payment_facts`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct PaymentRow {
    org_id: Uuid,
    payment_id: String,
    position: i64,
    invoice_id: Option<Uuid>,
    booking_id: Option<Uuid>,
    currency: Option<String>,
    amount_cents: i64,
    received_at: Option<DateTime<Utc>>,
    told_cents: i64,
    written_cents: i64,
    refunded_cents: i64,
    search: String,
}

type PaymentRows = BTreeMap<String, PaymentRow>;

async fn load(
    db: &mut PgConnection,
    org: OrgId,
    ids: &[String],
) -> Result<PaymentRows, sqlx::Error> {
    let rows = sqlx::query_scalar!(
        r#"select to_json(p)::text as "row!" from payment_facts p where org_id = $1 and payment_id = any($2)"#,
        org.as_uuid(),
        ids,
    )
    .fetch_all(db)
    .await?;
    let read = |row: &String| serde_json::from_str::<PaymentRow>(row);
    let rows = rows.iter().map(|row| read(row).map(|row| (row.payment_id.clone(), row)));
    rows.collect::<Result<_, _>>().map_err(|error| sqlx::Error::Decode(error.into()))
}

async fn write(db: &mut PgConnection, org: OrgId, rows: PaymentRows) -> Result<(), sqlx::Error> {
    let (ids, rows): (Vec<String>, Vec<PaymentRow>) = rows.into_iter().unzip();
    sqlx::query!(
        "delete from payment_facts where org_id = $1 and payment_id = any($2)",
        org.as_uuid(),
        &ids,
    )
    .execute(&mut *db)
    .await?;
    versions::insert(db, "payment_facts", &rows).await
}
