//! The list of invoices that staff search, each as its aggregate folds it, with the names of customers; these are wiped when
//! a person is erased.

mod books;
pub mod csv;
mod fold;
mod query;
mod row;
mod table;
#[cfg(test)]
mod tests;

use cqrs_es::Aggregate;
use domain::customers::client::Client;
use domain::invoicing::invoice::Invoice;
use domain::recorded::Recorded;
use domain::sales::lead::Lead;
use sqlx::PgConnection;
use uuid::Uuid;

pub use self::books::Sheet;
use self::fold::List;
pub use self::query::{
    Detail, Filter, Item, PAGE, PastDue, Span, count, find, last_mail, of_order, page, past_due,
};
pub use self::row::Customer;
use crate::{Batch, Poison, Projection};

/// Keeps the `invoice_list` table, and the names in it.
#[derive(Debug)]
pub struct InvoiceList;

impl Projection for InvoiceList {
    const NAME: &'static str = "invoice_list";
    const VERSION: i32 = 2;
    const TABLES: &'static [&'static str] = &["invoice_list", "invoice_customers"];

    async fn apply(db: &mut PgConnection, batch: &Batch<'_>) -> Result<Vec<Poison>, sqlx::Error> {
        let invoices = batch.ids_of(Invoice::TYPE);
        // Only its first event says who a lead is.
        let named = |event: &&Recorded| {
            event.aggregate_type == Client::TYPE
                || (event.aggregate_type == Lead::TYPE && event.event_type == "submitted")
        };
        let named: Vec<&Recorded> = batch.events.iter().copied().filter(named).collect();
        let named = batch.with(&named);
        let mut people: Vec<Uuid> =
            [Client::TYPE, Lead::TYPE].iter().flat_map(|kind| named.ids_of(kind)).collect();
        people.extend(batch.erased().iter().map(|subject| subject.as_uuid()));
        if invoices.is_empty() && people.is_empty() {
            return Ok(Vec::new());
        }
        let mut keys = named.keys(db, Client::TYPE).await?;
        keys.extend(named.keys(db, Lead::TYPE).await?);
        let rows = table::load(db, batch.org, &invoices, &people).await?;
        people.extend(fold::customers_of(batch.events));
        people.extend(rows.values().filter_map(row::Row::customer));
        let customers = table::load_customers(db, batch.org, &people).await?;
        let mut list = List { rows, customers };
        let poison = list.fold(batch.events, &keys);
        table::write(db, batch.org, list.rows.values()).await?;
        table::write_customers(db, batch.org, &list.customers).await?;
        Ok(poison)
    }
}
