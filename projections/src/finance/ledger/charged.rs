//! What was charged for invoices in a time, with the tax on it, as it was booked.
//!
//! What is taken back later counts on the day on which it was booked, so what a closed month says does not change.

use chrono::NaiveDate;
use domain::id::OrgId;
use sqlx::PgConnection;

use super::currencies::ByCurrency;

/// What was charged in one currency. An invoice that was taken back in the same time was never charged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Charged {
    /// Of all amounts.
    pub currency: String,
    /// Invoices that began to count.
    pub invoices: i64,
    /// What of them is taxed, without tax.
    pub taxable_cents: i64,
    /// The tax on them.
    pub tax_cents: i64,
    /// Tax that was taken back: credited, or on invoices of an earlier time that do not count any more.
    pub credited_tax_cents: i64,
}

/// What was charged in the days from `from` to `to`: in the currency that is `own`, and in each other one by itself.
pub async fn charged(
    db: &mut PgConnection,
    org: OrgId,
    (from, to): (NaiveDate, NaiveDate),
    own: &str,
) -> Result<ByCurrency<Charged>, sqlx::Error> {
    // What an invoice charges is fixed once it counts, so what is known of it now is what it charged then.
    let all = sqlx::query_as!(
        Charged,
        r#"select currency as "currency!",
                  count(*) filter (where issued and not voided) as "invoices!",
                  coalesce(sum((s.state -> 'invoice' -> 'totals' ->> 'taxable_cents')::bigint)
                      filter (where issued and not voided), 0)::bigint as "taxable_cents!",
                  coalesce(sum(charged) filter (where not (issued and voided)), 0)::bigint as "tax_cents!",
                  coalesce(sum(taken_back) filter (where not (issued and voided)), 0)::bigint as "credited_tax_cents!"
           from (select currency, source_id, bool_or(event_type = 'issued') as issued,
                        bool_or(event_type = 'voided') as voided,
                        coalesce(sum(credit_cents - debit_cents)
                            filter (where account = 'tax_payable' and event_type = 'issued'), 0) as charged,
                        coalesce(sum(debit_cents - credit_cents)
                            filter (where account = 'tax_payable' and event_type <> 'issued'), 0) as taken_back
                 from ledger_entry
                 where org_id = $1 and day between $2 and $3 and source_type = 'invoice'
                   and account in ('revenue', 'tax_payable')
                 group by currency, source_id) i
           left join ledger_source s on s.org_id = $1 and s.source_type = 'invoice' and s.source_id = i.source_id
           group by currency order by currency"#,
        org.as_uuid(),
        from,
        to,
    )
    .fetch_all(db)
    .await?;
    Ok(ByCurrency::of(all, own, |one| &mut one.currency))
}
