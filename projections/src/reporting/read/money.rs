//! Amounts, and what is left to pay.

use chrono::{DateTime, NaiveDate, Utc};
use domain::scheduling::window::Window;
use futures::TryStreamExt;
use sqlx::PgConnection;
use uuid::Uuid;

use super::At;
use crate::reporting::money::Kind;

/// An amount, with what is known of the visit and the invoice that it is about.
#[derive(Clone, Debug)]
pub struct Money {
    /// What it is.
    pub kind: Kind,
    /// The day it belongs to.
    pub day: NaiveDate,
    /// When.
    pub at: DateTime<Utc>,
    /// The event that says so.
    pub position: i64,
    /// How much.
    pub amount_cents: i64,
    /// The tax in it, of what was invoiced or credited.
    pub tax_cents: i64,
    /// In what, if that is known.
    pub currency: Option<String>,
    /// Of which invoice.
    pub invoice_id: Option<Uuid>,
    /// Of which visit.
    pub booking_id: Option<Uuid>,
    /// Of which payment.
    pub payment_id: Option<String>,
    /// Who makes the visit.
    pub team_id: Option<Uuid>,
    /// What is cleaned.
    pub service: Option<String>,
    /// Where the visit stands.
    pub status: Option<String>,
    /// Who pays.
    pub customer_id: Option<Uuid>,
}

/// Every amount that belongs to one of the days `from` to `to`, which are those of `window`.
pub async fn money(
    db: &mut PgConnection,
    at: At<'_>,
    (from, to, window): (NaiveDate, NaiveDate, Window),
    mut each: impl FnMut(Money),
) -> Result<(), sqlx::Error> {
    let mut rows = sqlx::query!(
        r#"select m.kind, coalesce(m.day, (m.at at time zone $3)::date) as "day!", m.at, m.position, m.amount_cents,
                  m.tax_cents, m.currency, m.invoice_id, m.booking_id, m.payment_id, v.team_id as "team_id?",
                  v.service as "service?", v.status as "status?",
                  coalesce(i.customer_id, v.client_id, v.lead_id) as customer_id
           from money_facts m
           left join visit_versions v on v.org_id = m.org_id and v.booking_id = m.booking_id and v.position <= $2
                                         and (v.until is null or v.until > $2)
           left join invoice_versions i on i.org_id = m.org_id and i.invoice_id = m.invoice_id and i.position <= $2
                                           and (i.until is null or i.until > $2)
           where m.org_id = $1 and m.position <= $2
             and (m.day between $4 and $5 or (m.day is null and m.at >= $6 and m.at < $7))
           order by m.position, m.line"#,
        at.org.as_uuid(),
        at.position,
        at.zone,
        from,
        to,
        window.starts_at,
        window.ends_at,
    )
    .fetch(db);
    while let Some(row) = rows.try_next().await? {
        let kind = row.kind.parse::<Kind>();
        each(Money {
            kind: kind.map_err(|error| sqlx::Error::Decode(error.into()))?,
            day: row.day,
            at: row.at,
            position: row.position,
            amount_cents: row.amount_cents,
            tax_cents: row.tax_cents,
            currency: row.currency,
            invoice_id: row.invoice_id,
            booking_id: row.booking_id,
            payment_id: row.payment_id,
            team_id: row.team_id,
            service: row.service,
            status: row.status,
            customer_id: row.customer_id,
        });
    }
    Ok(())
}

/// What an invoice charges for a visit, or charges no more.
#[derive(Clone, Debug)]
pub struct Charge {
    /// What it is.
    pub kind: Kind,
    /// The day it belongs to.
    pub day: NaiveDate,
    /// When.
    pub at: DateTime<Utc>,
    /// The event that says so.
    pub position: i64,
    /// How much, without tax.
    pub net_cents: i64,
    /// In what, if that is known.
    pub currency: Option<String>,
    /// For which visit.
    pub booking_id: Uuid,
    /// Of which invoice.
    pub invoice_id: Option<Uuid>,
}

/// What invoices charge for the visits that were completed in `window`, and what was taken back of it, whenever that was.
pub async fn charges(
    db: &mut PgConnection,
    at: At<'_>,
    window: Window,
    mut each: impl FnMut(Charge),
) -> Result<(), sqlx::Error> {
    let mut rows = sqlx::query!(
        r#"select m.kind, coalesce(m.day, (m.at at time zone $3)::date) as "day!", m.at, m.position,
                  m.amount_cents - m.tax_cents as "net_cents!", m.currency, v.booking_id, m.invoice_id
           from visit_versions v
           join money_facts m on m.org_id = v.org_id and m.booking_id = v.booking_id and m.position <= $2
           where v.org_id = $1 and v.position <= $2 and (v.until is null or v.until > $2)
             and v.completed_at >= $4 and v.completed_at < $5
             and m.kind in ('invoiced', 'voided', 'credited', 'uncredited')
           order by m.position, m.line"#,
        at.org.as_uuid(),
        at.position,
        at.zone,
        window.starts_at,
        window.ends_at,
    )
    .fetch(db);
    while let Some(row) = rows.try_next().await? {
        let kind = row.kind.parse::<Kind>();
        each(Charge {
            kind: kind.map_err(|error| sqlx::Error::Decode(error.into()))?,
            day: row.day,
            at: row.at,
            position: row.position,
            net_cents: row.net_cents,
            currency: row.currency,
            booking_id: row.booking_id,
            invoice_id: row.invoice_id,
        });
    }
    Ok(())
}

/// An invoice of which something is left to pay.
#[derive(Clone, Debug)]
pub struct Balance {
    /// Which.
    pub invoice_id: Uuid,
    /// What people call it.
    pub number: String,
    /// Who pays.
    pub customer_id: Option<Uuid>,
    /// From which day on it counts.
    pub issue_date: NaiveDate,
    /// Its last day.
    pub due_date: Option<NaiveDate>,
    /// In what.
    pub currency: String,
    /// How much is left.
    pub balance_cents: i64,
    /// The last event that changed it.
    pub position: i64,
}

/// What is left to pay at the end of `day`, of every invoice that counted then: issued by then and not voided by then.
pub async fn balances(
    db: &mut PgConnection,
    at: At<'_>,
    day: NaiveDate,
    mut each: impl FnMut(Balance),
) -> Result<(), sqlx::Error> {
    let mut rows = sqlx::query_as!(
        Balance,
        r#"with effects as (
               select m.invoice_id, m.kind, m.amount_cents, m.position,
                      case m.kind when 'invoiced' then m.day else (m.at at time zone $3)::date end as day
               from money_facts m
               where m.org_id = $1 and m.position <= $2 and m.invoice_id is not null
                 and m.kind in ('invoiced', 'voided', 'credited', 'applied', 'unapplied')),
           summed as (
               select e.invoice_id, max(e.position) as position,
                      coalesce(sum(case e.kind when 'invoiced' then e.amount_cents when 'unapplied' then e.amount_cents
                                    else -e.amount_cents end), 0)::bigint as cents
               from effects e where e.day <= $4 group by e.invoice_id
               having bool_or(e.kind = 'invoiced') and not bool_or(e.kind = 'voided'))
           select s.invoice_id as "invoice_id!", i.number, i.customer_id, i.issue_date, i.due_date, i.currency,
                  s.cents as "balance_cents!", s.position as "position!"
           from summed s
           join invoice_versions i on i.org_id = $1 and i.invoice_id = s.invoice_id and i.position <= $2
                                      and (i.until is null or i.until > $2)
           where s.cents > 0
           order by i.due_date, i.number, s.invoice_id"#,
        at.org.as_uuid(),
        at.position,
        at.zone,
        day,
    )
    .fetch(db);
    while let Some(row) = rows.try_next().await? {
        each(row);
    }
    Ok(())
}
