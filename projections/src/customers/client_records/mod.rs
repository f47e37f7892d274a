//! What is said about clients, and what their visits come to: notes, feedback, and the facts by which staff judge how a
//! client stands. Words stay sealed in the tables and are opened when read.
//!
//! Everything of somebody who was merged is whoever stayed's.

mod fold;
mod query;
mod table;
#[cfg(test)]
mod tests;

use sqlx::PgConnection;

use self::fold::Facts;
pub use self::query::{FeedbackRow, NoteRow, PAGE, feedback, notes, usage};
use crate::{Batch, Poison, Projection};

/// Keeps what is known about clients beside who they are.
#[derive(Debug)]
pub struct ClientRecords;

impl Projection for ClientRecords {
    const NAME: &'static str = "client_records";
    const VERSION: i32 = 1;
    const TABLES: &'static [&'static str] =
        &["client_merges", "client_notes", "client_feedback", "client_visits", "client_standing"];

    async fn apply(db: &mut PgConnection, batch: &Batch<'_>) -> Result<Vec<Poison>, sqlx::Error> {
        let (facts, poison) = Facts::of(batch.events);
        if !facts.is_empty() {
            write(db, batch, &facts).await?;
        }
        Ok(poison)
    }
}

/// What was said goes in first and follows the merges then: of whoever was merged nothing is said afterwards, and visits
/// find their way by the merges that are known.
async fn write(db: &mut PgConnection, batch: &Batch<'_>, facts: &Facts) -> Result<(), sqlx::Error> {
    let org = batch.org;
    let mut touched = table::whose_visits(&mut *db, org, &facts.visits).await?;
    table::write_notes(&mut *db, org, &facts.notes).await?;
    table::write_feedback(&mut *db, org, &facts.feedback).await?;
    table::write_visits(&mut *db, org, &facts.visits).await?;
    for merge in &facts.merges {
        table::merge(&mut *db, org, *merge).await?;
    }
    touched.extend(facts.clients());
    table::judge(db, org, &touched).await
}
