//! The ledger as it is read: every line, the balances of accounts, and the tax in what was paid.
//!
//! Lines are only ever added, so what a closed month says stays as it was said.

mod charged;
mod csv;
mod currencies;
mod deposits;
mod fold;
mod moved;
mod query;
mod table;
mod tax;

use cqrs_es::Aggregate;
use domain::finance::expense::Expense;
use domain::finance::instalment::TaxInstalment;
use domain::finance::period::AccountingPeriod;
use domain::invoicing::invoice::Invoice;
use domain::payments::payment::Payment;
use domain::scheduling::booking::Booking;
use domain::settings::org::OrgSettings;
use sqlx::PgConnection;

pub use self::charged::{Charged, charged};
pub use self::csv::{header as csv_header, report_rows, rows as csv_rows};
pub use self::currencies::ByCurrency;
pub use self::deposits::{Deposit, deposits, header as deposit_header, rows as deposit_rows};
use self::fold::Ledger as Folded;
pub use self::moved::{Moved, Part, moved};
pub use self::query::{
    After, Balance, Filter, Flow, Line, Owed, PAGE, Standing, TAX_IN_MONEY, balances, flows, lines,
    owed, reached, summary,
};
pub use self::tax::{Sheet, Summary, Taxed, summary as tax_summary, taxed};
use crate::{Batch, Poison, Projection};

/// Keeps the ledger and what it must know to go on.
#[derive(Debug)]
pub struct Ledger;

/// What the ledger listens to.
const KINDS: [&str; 7] = [
    Invoice::TYPE,
    Payment::TYPE,
    Booking::TYPE,
    Expense::TYPE,
    TaxInstalment::TYPE,
    AccountingPeriod::TYPE,
    OrgSettings::TYPE,
];

impl Projection for Ledger {
    const NAME: &'static str = "ledger";
    const VERSION: i32 = 1;
    const TABLES: &'static [&'static str] =
        &["ledger_entry", "ledger_source", "ledger_books", "tax_payment_line", "deposit_list"];

    async fn apply(db: &mut PgConnection, batch: &Batch<'_>) -> Result<Vec<Poison>, sqlx::Error> {
        let own = batch.events.iter().any(|event| KINDS.contains(&event.aggregate_type.as_str()));
        if !own {
            return Ok(Vec::new());
        }
        let needed = fold::needed(batch.events);
        let (books, sources) = table::load(db, batch.org, &needed).await?;
        let mut ledger = Folded::new(books, sources);
        let poison = ledger.fold(batch.events);
        table::write(db, batch.org, &ledger).await?;
        Ok(poison)
    }
}
