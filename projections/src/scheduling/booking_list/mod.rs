//! The list of bookings that staff search, with the names of customers; these are wiped when a person is erased.

mod clashes;
pub mod crew;
pub mod csv;
pub mod figures;
mod fold;
mod query;
mod row;
mod table;
#[cfg(test)]
mod tests;
mod unassigned;

use std::collections::HashSet;

use cqrs_es::Aggregate;
use domain::customers::client::Client;
use domain::recorded::Recorded;
use domain::sales::lead::Lead;
use domain::scheduling::booking::Booking;
use sqlx::PgConnection;
use uuid::Uuid;

pub use self::clashes::{Clash, Clashes, clashes};
use self::fold::List;
pub use self::query::{
    ALWAYS, Addressee, After, Filter, Item, Order, PAGE, addressee, count, history, page,
    still_to_make,
};
pub use self::unassigned::{count_unassigned, unassigned};
use crate::{Batch, Poison, Projection};

/// The kinds of aggregate that the list follows.
pub const KINDS: &[&str] = &["booking", "client", "lead", "subject"];

/// Keeps the `booking_list` table, and the names in it.
#[derive(Debug)]
pub struct BookingList;

impl Projection for BookingList {
    const NAME: &'static str = "booking_list";
    const VERSION: i32 = 2;
    const TABLES: &'static [&'static str] = &["booking_list", "booking_customers"];

    async fn apply(db: &mut PgConnection, batch: &Batch<'_>) -> Result<Vec<Poison>, sqlx::Error> {
        let bookings = ids(batch, &[Booking::TYPE]);
        // Only its first event says who a lead is.
        let named: Vec<&Recorded> = batch
            .events
            .iter()
            .copied()
            .filter(|event| event.aggregate_type == Client::TYPE || event.event_type == "submitted")
            .collect();
        let named = batch.with(&named);
        let mut people = ids(&named, &[Client::TYPE, Lead::TYPE]);
        people.extend(batch.erased().iter().map(|subject| subject.as_uuid()));
        if bookings.is_empty() && people.is_empty() {
            return Ok(Vec::new());
        }
        let mut keys = named.keys(db, Client::TYPE).await?;
        keys.extend(named.keys(db, Lead::TYPE).await?);
        let rows = table::load(db, batch.org, &bookings, &people).await?;
        people.extend(fold::customers_of(batch.events));
        people.extend(rows.values().filter_map(row::Row::customer));
        let customers = table::load_customers(db, batch.org, &people).await?;
        let mut list = List::new(rows, customers);
        let poison = list.fold(batch.events, &keys);
        table::write(db, batch.org, list.rows.values()).await?;
        table::write_customers(db, batch.org, &list.customers).await?;
        Ok(poison)
    }
}

fn ids(batch: &Batch<'_>, kinds: &[&str]) -> Vec<Uuid> {
    let is_one = |event: &&&Recorded| kinds.contains(&event.aggregate_type.as_str());
    let ids =
        batch.events.iter().filter(is_one).filter_map(|event| event.aggregate_id.parse().ok());
    ids.collect::<HashSet<_>>().into_iter().collect()
}
