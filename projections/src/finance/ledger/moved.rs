//! What moved in the days of a report, as the ledger knew it at a position of the log.
//!
//! Lines are only ever added, each with the position it follows from, so what was known then can be read again at any time.

use chrono::NaiveDate;
use domain::id::OrgId;
use futures::TryStreamExt;
use sqlx::PgConnection;

/// What an amount is to a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum Part {
    /// Money of customers that came in, or went back.
    Customers,
    /// What was spent, without tax.
    Spent,
    /// Tax on that.
    Recoverable,
    /// Payments that were lost to disputes.
    Lost,
    /// Tax in what was paid for invoices.
    Collected,
}

/// An amount that moved.
#[derive(Clone, Debug)]
pub struct Moved {
    /// What it is.
    pub part: Part,
    /// The day it is booked on.
    pub day: NaiveDate,
    /// The event that says so.
    pub position: i64,
    /// To what it happened.
    pub source_type: String,
    /// To which.
    pub source_id: String,
    /// How much; less than nothing takes something back.
    pub cents: i64,
}

/// Every amount of the days from `from` to `to` that follows from the log up to a position, in its order.
pub async fn moved(
    db: &mut PgConnection,
    (org, position): (OrgId, i64),
    (from, to): (NaiveDate, NaiveDate),
    currency: &str,
    mut each: impl FnMut(Moved),
) -> Result<(), sqlx::Error> {
    let mut rows = sqlx::query!(
        r#"select case account when 'expense' then 'spent' when 'tax_recoverable' then 'recoverable'
                               when 'dispute_losses' then 'lost' else 'customers' end as "part!",
                  day as "day!", position as "position!", source_type as "source_type!", source_id as "source_id!",
                  debit_cents - credit_cents as "cents!", line as "line!"
           from ledger_entry
           where org_id = $1 and position <= $2 and day between $3 and $4 and currency = $5
             and (account in ('expense', 'tax_recoverable', 'dispute_losses')
                  or (account in ('cash', 'stripe_clearing') and source_type in ('invoice', 'payment', 'booking')))
           union all
           select 'collected', day, position, 'payment', payment_id, allocated_tax_cents, line
           from tax_payment_line
           where org_id = $1 and position <= $2 and day between $3 and $4 and currency = $5
           order by 3, 7, 1"#,
        org.as_uuid(),
        position,
        from,
        to,
        currency,
    )
    .fetch(db);
    while let Some(row) = rows.try_next().await? {
        let part = row.part.parse::<Part>();
        each(Moved {
            part: part.map_err(|error| sqlx::Error::Decode(error.into()))?,
            day: row.day,
            position: row.position,
            source_type: row.source_type,
            source_id: row.source_id,
            cents: row.cents,
        });
    }
    Ok(())
}
