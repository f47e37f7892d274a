//! The list of leads that staff search; readable, and therefore wiped when a person is erased.

mod query;
mod row;
mod table;

use std::collections::HashMap;

use domain::recorded::Recorded;
use domain::sales::lead::{Lead, LeadEvent};
use domain::seal::SubjectKeys;
pub use query::{Filter, Item, PAGE, Page, Start, page};
use row::Row;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Batch, Parking, Poison, Projection};

/// The kinds of aggregate that the list follows.
pub const KINDS: &[&str] = &["lead", "subject"];

/// Keeps the `lead_list` table.
#[derive(Debug)]
pub struct LeadList;

impl Projection for LeadList {
    const NAME: &'static str = "lead_list";
    const VERSION: i32 = 2;
    const TABLES: &'static [&'static str] = &["lead_list"];

    async fn apply(db: &mut PgConnection, batch: &Batch<'_>) -> Result<Vec<Poison>, sqlx::Error> {
        let erased = batch.erased();
        let leads: Vec<Uuid> =
            of_leads(batch).filter_map(|e| e.aggregate_id.parse().ok()).collect();
        if leads.is_empty() && erased.is_empty() {
            return Ok(Vec::new());
        }
        let erased: Vec<Uuid> = erased.iter().map(|subject| subject.as_uuid()).collect();
        let keys = batch.keys(db, "lead").await?;
        let mut rows = table::load(db, batch.org, &leads, &erased).await?;
        let poison = fold(&mut rows, batch.events, &keys);
        table::write(db, batch.org, rows.values()).await?;
        Ok(poison)
    }
}

fn of_leads<'a>(batch: &Batch<'a>) -> impl Iterator<Item = &'a Recorded> {
    batch.events.iter().copied().filter(|event| event.aggregate_type == "lead")
}

type RowsById = HashMap<Uuid, Row>;

/// Applies the events to the rows they touch.
fn fold(rows: &mut RowsById, events: &[&Recorded], keys: &SubjectKeys) -> Vec<Poison> {
    let mut parking = Parking::default();
    for &event in events {
        if parking.holds(event) {
            continue;
        }
        if (event.aggregate_type.as_str(), event.event_type.as_str()) == ("subject", "erased") {
            let subject = event.aggregate_id.parse().ok();
            rows.values_mut().filter(|row| Some(row.subject) == subject).for_each(Row::wipe);
            continue;
        }
        let decoded = event.open::<Lead>(keys);
        let Some(happened) = parking.unless_broken(event, decoded) else { continue };
        let Ok(id) = event.aggregate_id.parse() else {
            parking.park(event, "the id of a lead is a UUID");
            continue;
        };
        match (rows.get_mut(&id), happened) {
            (Some(row), happened) => row.apply(happened, event),
            (None, LeadEvent::Submitted(submitted)) => {
                rows.insert(id, Row::submitted(*submitted, event));
            }
            (None, _) => parking.park(event, "the lead was never submitted"),
        }
    }
    parking.into_poison()
}

#[cfg(test)]
mod tests;
