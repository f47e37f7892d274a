//! What the board of the dispatcher knows beside the list of visits: where they are, when they were begun and called off,
//! which alerts were seen, what was told, and when any of it last moved.
//!
//! Names, times and states of visits are those of the list: the two can never say different things about one.

mod fold;
mod moved;
mod notices;
mod query;
mod table;
#[cfg(test)]
mod tests;

use sqlx::PgConnection;

use self::fold::Desk;
pub use self::moved::{Moved, SOURCES, moved};
pub use self::notices::{PAGE as NOTICES, notices};
pub use self::query::{Visit, called_off, day, hidden_alerts};
use crate::{Batch, Poison, Projection};

/// Keeps the tables of the desk.
#[derive(Debug)]
pub struct DispatchBoard;

impl Projection for DispatchBoard {
    const NAME: &'static str = "dispatch_board";
    const VERSION: i32 = 1;
    const TABLES: &'static [&'static str] =
        &["dispatch_visits", "dispatch_acks", "dispatch_notices", "dispatch_moved"];

    async fn apply(db: &mut PgConnection, batch: &Batch<'_>) -> Result<Vec<Poison>, sqlx::Error> {
        if !batch.events.iter().any(|event| fold::concerns(event)) {
            return Ok(Vec::new());
        }
        let known = table::load(db, batch.org, &fold::visits_in(batch)).await?;
        let mut desk = Desk::new(known);
        let poison = desk.fold(batch.events);
        table::write(db, batch.org, &desk).await?;
        Ok(poison)
    }
}
