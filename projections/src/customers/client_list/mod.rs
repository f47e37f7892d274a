//! The list of clients that staff search; readable, and therefore wiped when a person is erased.

mod row;
mod table;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use cqrs_es::Aggregate;
use domain::customers::client::{Client, ClientEvent};
use domain::recorded::Recorded;
use domain::seal::SubjectKeys;
use sqlx::PgConnection;
use uuid::Uuid;

use self::row::Row;
pub use self::table::{blocked, family, names, with_family};
use crate::{Batch, Parking, Poison, Projection};

/// Keeps the `client_list` table.
#[derive(Debug)]
pub struct ClientList;

impl Projection for ClientList {
    const NAME: &'static str = "client_list";
    const VERSION: i32 = 1;
    const TABLES: &'static [&'static str] = &["client_list"];

    async fn apply(db: &mut PgConnection, batch: &Batch<'_>) -> Result<Vec<Poison>, sqlx::Error> {
        let mut ids = batch.ids_of(Client::TYPE);
        // A client is their own subject.
        ids.extend(batch.erased().iter().map(|subject| subject.as_uuid()));
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let keys = batch.keys(db, Client::TYPE).await?;
        let mut rows = table::load(db, batch.org, &ids).await?;
        let poison = fold(&mut rows, batch.events, &keys);
        table::write(db, batch.org, rows.into_values().collect()).await?;
        Ok(poison)
    }
}

type RowsById = HashMap<Uuid, Row>;

fn fold(rows: &mut RowsById, events: &[&Recorded], keys: &SubjectKeys) -> Vec<Poison> {
    let mut parking = Parking::default();
    for &event in events {
        if parking.holds(event) {
            continue;
        }
        if (event.aggregate_type.as_str(), event.event_type.as_str()) == ("subject", "erased") {
            let erased = event.aggregate_id.parse().ok();
            erased.and_then(|id: Uuid| rows.get_mut(&id)).into_iter().for_each(Row::wipe);
            continue;
        }
        let decoded = event.open::<Client>(keys);
        let Some(happened) = parking.unless_broken(event, decoded) else { continue };
        let Ok(id) = event.aggregate_id.parse() else {
            parking.park(event, "the id of a client is a UUID");
            continue;
        };
        if let ClientEvent::Registered { at, .. } = &happened {
            rows.insert(id, Row::registered(id, *at));
        }
        if let ClientEvent::Merged { client_id, into, .. } = &happened {
            for row in rows.values_mut() {
                row.follows(*client_id, *into);
            }
        }
        match rows.get_mut(&id) {
            Some(row) => row.apply(happened, event),
            None => parking.park(event, "the client was never registered"),
        }
    }
    parking.into_poison()
}
