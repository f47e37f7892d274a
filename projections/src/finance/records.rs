//! What is written into the books by hand. Each event says all there is to know, so nothing needs to be read before.

use std::collections::BTreeMap;

use cqrs_es::Aggregate;
use domain::recorded::Recorded;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{budgets, categories, expenses, instalments, snapshots};
use crate::{Batch, Parking, Poison, Projection};

/// Keeps the tables of categories, expenses, budgets, counts of cash and instalments.
#[derive(Debug)]
pub struct FinanceRecords;

impl Projection for FinanceRecords {
    const NAME: &'static str = "finance_records";
    const VERSION: i32 = 1;
    const TABLES: &'static [&'static str] =
        &["expense_categories", "expense_list", "budget_list", "cash_snapshots", "tax_instalments"];

    async fn apply(db: &mut PgConnection, batch: &Batch<'_>) -> Result<Vec<Poison>, sqlx::Error> {
        let mut poison = categories::keep(db, batch).await?;
        poison.extend(expenses::keep(db, batch).await?);
        poison.extend(budgets::keep(db, batch).await?);
        poison.extend(snapshots::keep(db, batch).await?);
        poison.extend(instalments::keep(db, batch).await?);
        Ok(poison)
    }
}

/// The rows that are left, and the ids of those that are not.
pub(super) fn left<R>(rows: BTreeMap<Uuid, Option<R>>) -> (Vec<R>, Vec<Uuid>) {
    let (mut stand, mut gone) = (Vec::new(), Vec::new());
    for (id, row) in rows {
        match row {
            Some(row) => stand.push(row),
            None => gone.push(id),
        }
    }
    (stand, gone)
}

/// Tells what happened to each `A`, in order.
pub(super) fn each<A: Aggregate>(
    events: &[&Recorded],
    mut tell: impl FnMut(Uuid, A::Event, &Recorded),
) -> Vec<Poison> {
    let mut parking = Parking::default();
    for &event in events {
        if event.aggregate_type != A::TYPE || parking.holds(event) {
            continue;
        }
        let Some(happened) = parking.unless_broken(event, event.of::<A>()) else { continue };
        match event.aggregate_id.parse() {
            Ok(id) => tell(id, happened, event),
            Err(_) => parking.park(event, "its id is a UUID"),
        }
    }
    parking.into_poison()
}
