//! Searches the list.

use chrono::{DateTime, NaiveDate, Utc};
use domain::id::{BookingId, InvoiceId, OrgId};
use domain::invoicing::invoice::status::{Bucket, Status};
use domain::invoicing::invoice::{Details, Invoice};
use domain::personal;
use domain::seal::{self, MasterKeys};
use serde_json::Value;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row as _};
use uuid::Uuid;

use super::row::Customer;
use super::table::unreadable;
use crate::subject_keys;

/// Invoices on a page at most.
pub const PAGE: i64 = 100;

/// Which invoices are asked for; what is `None` does not matter. `Debug` does not show the name that is looked for.
#[derive(Clone, Default)]
pub struct Filter {
    /// That stand so; none is anywhere but thrown away.
    pub status: Vec<Status>,
    /// Of this client, or of whoever asked for an offer.
    pub customer: Option<Uuid>,
    /// For this visit.
    pub order: Option<Uuid>,
    /// Part of number, name or e-mail, in any case.
    pub query: Option<String>,
    /// Issued on this day or later.
    pub from: Option<NaiveDate>,
    /// Issued on this day or earlier.
    pub to: Option<NaiveDate>,
    /// Over at least so much.
    pub least: Option<i64>,
    /// Over at most so much.
    pub most: Option<i64>,
    /// Overdue so long on that day.
    pub overdue: Option<(Bucket, NaiveDate)>,
    /// Its last day was before that day, and something is left to pay.
    pub past_due: Option<NaiveDate>,
    /// Money for it came in then.
    pub paid: Option<Span>,
}

/// A time; what is `None` does not end it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Its first instant.
    pub from: Option<DateTime<Utc>>,
    /// The first instant behind it.
    pub until: Option<DateTime<Utc>>,
}

impl Span {
    /// Whether it includes an instant.
    pub fn has(self, at: DateTime<Utc>) -> bool {
        self.from.is_none_or(|from| from <= at) && self.until.is_none_or(|until| at < until)
    }
}

impl std::fmt::Debug for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Filter({:?})", self.status)
    }
}

/// One line of the list; personal values of the invoice itself are sealed. `Debug` shows nothing of the person.
#[derive(Clone, PartialEq, Eq)]
pub struct Item {
    /// As its aggregate folds it.
    pub invoice: Details,
    /// Who is to pay: the placeholder if they were erased.
    pub customer_name: String,
    /// Where letters go.
    pub customer_email: Option<String>,
}

impl std::fmt::Debug for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Item({})", self.invoice.number)
    }
}

impl Filter {
    fn conditions(&self, sql: &mut QueryBuilder<'_, Postgres>, org: OrgId) {
        sql.push(" from invoice_list where org_id = ").push_bind(org.as_uuid());
        if self.status.is_empty() {
            sql.push(" and status <> ").push_bind(<&str>::from(Status::Discarded));
        } else {
            let named: Vec<&'static str> = self.status.iter().map(Into::into).collect();
            sql.push(" and status = any(").push_bind(named).push(")");
        }
        if let Some(customer) = self.customer {
            sql.push(" and (customer_id = ").push_bind(customer);
            // Whoever was merged into them is the same person.
            sql.push(
                " or customer_id in (select subject_id from invoice_customers where org_id = ",
            );
            sql.push_bind(org.as_uuid()).push(" and merged_into = ").push_bind(customer).push("))");
        }
        if let Some(order) = self.order {
            sql.push(" and order_id = ").push_bind(order);
        }
        if let Some(query) = &self.query {
            sql.push(" and position(").push_bind(query.to_lowercase()).push(" in search) > 0");
        }
        if let Some(from) = self.from {
            sql.push(" and issue_date >= ").push_bind(from);
        }
        if let Some(to) = self.to {
            sql.push(" and issue_date <= ").push_bind(to);
        }
        if let Some(least) = self.least {
            sql.push(" and total_cents >= ").push_bind(least);
        }
        if let Some(most) = self.most {
            sql.push(" and total_cents <= ").push_bind(most);
        }
        if let Some(day) = self.past_due {
            sql.push(" and balance_cents > 0 and due_date < ").push_bind(day);
        }
        if let Some(Span { from, until }) = self.paid {
            sql.push(
                " and exists (select from json_array_elements(state -> 'Known' -> 'payments') p",
            );
            sql.push(" where (p ->> 'received_at')::timestamptz >= coalesce(");
            sql.push_bind(from).push("::timestamptz, '-infinity')");
            sql.push(" and (p ->> 'received_at')::timestamptz < coalesce(");
            sql.push_bind(until).push("::timestamptz, 'infinity'))");
        }
        if let Some((bucket, as_of)) = self.overdue {
            let (from, until) = bucket.days();
            sql.push(" and balance_cents > 0 and status in ('SENT', 'PARTIAL', 'OVERDUE') and due_date <= ");
            sql.push_bind(as_of).push("::date - ").push_bind(from);
            if let Some(until) = until {
                sql.push(" and due_date >= ").push_bind(as_of).push("::date - ").push_bind(until);
            }
        }
    }
}

/// The invoices that match, the newest first: those behind `after`, without the first `skipped`.
pub async fn page(
    db: &mut PgConnection,
    org: OrgId,
    filter: &Filter,
    (after, skipped): (Option<(DateTime<Utc>, Uuid)>, i64),
    limit: i64,
) -> Result<Vec<Item>, sqlx::Error> {
    let mut sql = QueryBuilder::new("select customer_name, customer_email, state::text as state");
    filter.conditions(&mut sql, org);
    if let Some((at, id)) = after {
        sql.push(" and (created_at, invoice_id) < (")
            .push_bind(at)
            .push(", ")
            .push_bind(id)
            .push(")");
    }
    sql.push(" order by created_at desc, invoice_id desc limit ").push_bind(limit);
    sql.push(" offset ").push_bind(skipped);
    let rows = sql.build().fetch_all(db).await?;
    rows.iter().map(item).collect()
}

fn item(row: &sqlx::postgres::PgRow) -> Result<Item, sqlx::Error> {
    Ok(Item {
        invoice: details(row.try_get("state")?)?,
        customer_name: row.try_get("customer_name")?,
        customer_email: row.try_get("customer_email")?,
    })
}

fn details(state: &str) -> Result<Details, sqlx::Error> {
    let invoice: Invoice = serde_json::from_str(state).map_err(unreadable)?;
    invoice.details().cloned().ok_or(sqlx::Error::RowNotFound)
}

/// How many invoices match on all pages.
pub async fn count(db: &mut PgConnection, org: OrgId, filter: &Filter) -> Result<i64, sqlx::Error> {
    let mut sql = QueryBuilder::new("select count(*)");
    filter.conditions(&mut sql, org);
    sql.build_query_scalar().fetch_one(db).await
}

/// What is overdue on a day, in one bucket.
#[derive(Clone, Debug, Default)]
pub struct PastDue {
    /// How many.
    pub count: i64,
    /// What is left to pay of all of them.
    pub cents: i64,
    /// Those that are longest overdue, and of these the largest.
    pub first: Vec<Item>,
}

/// What has been overdue so long on `as_of`, with the first `limit` of it.
pub async fn past_due(
    db: &mut PgConnection,
    org: OrgId,
    (bucket, as_of): (Bucket, NaiveDate),
    limit: i64,
) -> Result<PastDue, sqlx::Error> {
    let filter = Filter { overdue: Some((bucket, as_of)), ..Filter::default() };
    let mut sql = QueryBuilder::new("select count(*), coalesce(sum(balance_cents), 0)::bigint");
    filter.conditions(&mut sql, org);
    let (count, cents) = sql.build_query_as().fetch_one(&mut *db).await?;
    let mut sql = QueryBuilder::new("select customer_name, customer_email, state::text as state");
    filter.conditions(&mut sql, org);
    sql.push(" order by due_date, balance_cents desc, invoice_id limit ").push_bind(limit);
    let rows = sql.build().fetch_all(db).await?;
    Ok(PastDue { count, cents, first: rows.iter().map(item).collect::<Result<_, _>>()? })
}

/// An invoice as people may read it. `Debug` shows nothing of the person.
#[derive(Clone, PartialEq, Eq)]
pub struct Detail {
    /// Personal values open, or erased.
    pub invoice: Details,
    /// Whose it is by now: whoever it was written for may have turned out to be somebody else.
    pub customer_id: Option<Uuid>,
    /// Who is to pay, as far as it is known.
    pub customer: Customer,
    /// Of its stream: what `If-Match` is compared with.
    pub version: i32,
    /// Of its last event in the log.
    pub position: i64,
}

impl std::fmt::Debug for Detail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Detail({} v{})", self.invoice.number, self.version)
    }
}

/// The invoice, if there is one in this organisation.
///
/// The keys are read in the same transaction: who has been erased by now is erased in the answer.
pub async fn find(
    db: &mut PgConnection,
    masters: &MasterKeys,
    org: OrgId,
    invoice: InvoiceId,
) -> Result<Option<Detail>, sqlx::Error> {
    let row = sqlx::query!(
        r#"select coalesce(s.name, i.customer_name) as "name!",
                  case when s.subject_id is null then i.customer_email else s.email end as email,
                  case when s.subject_id is null then c.phone else s.phone end as phone,
                  case when s.subject_id is null then c.address else s.address end as address,
                  coalesce(s.subject_id, i.customer_id) as customer_id, i.version, i.position, i.state
           from invoice_list i
           left join invoice_customers c on c.org_id = i.org_id and c.subject_id = i.customer_id
           left join invoice_customers s on s.org_id = i.org_id and s.subject_id = c.merged_into
           where i.org_id = $1 and i.invoice_id = $2"#,
        org.as_uuid(),
        invoice.as_uuid(),
    )
    .fetch_optional(&mut *db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let invoice = opened(db, masters, org, row.state).await?;
    let customer =
        Customer { name: row.name, email: row.email, phone: row.phone, address: row.address };
    let (customer_id, version, position) = (row.customer_id, row.version, row.position);
    Ok(invoice.map(|invoice| Detail { invoice, customer_id, customer, version, position }))
}

async fn opened(
    db: &mut PgConnection,
    masters: &MasterKeys,
    org: OrgId,
    mut state: Value,
) -> Result<Option<Details>, sqlx::Error> {
    let mut subjects = Vec::new();
    personal::subjects_in(&state, &mut subjects);
    let keys = subject_keys::load(db, masters, org, &subjects).await?;
    seal::open_all(&mut state, &keys).map_err(|error| sqlx::Error::Decode(error.into()))?;
    let invoice: Invoice = serde_json::from_value(state).map_err(unreadable)?;
    Ok(invoice.details().cloned())
}

/// When somebody was last written to about any of their invoices, as far as the list knows.
pub async fn last_mail(
    db: &mut PgConnection,
    org: OrgId,
    customer: Uuid,
) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    sqlx::query_scalar!(
        "select max((m ->> 'at')::timestamptz)
         from invoice_list i, json_array_elements(i.state -> 'Known' -> 'mails') m
         where i.org_id = $1 and (i.customer_id = $2
            or i.customer_id in (select subject_id from invoice_customers where org_id = $1 and merged_into = $2))",
        org.as_uuid(),
        customer,
    )
    .fetch_one(db)
    .await
}

/// The invoices of a visit that count or may once, the oldest first, as far as the list knows.
pub async fn of_order(
    db: &mut PgConnection,
    org: OrgId,
    order: BookingId,
) -> Result<Vec<Details>, sqlx::Error> {
    let rows = sqlx::query_scalar!(
        r#"select state::text as "state!" from invoice_list
           where org_id = $1 and order_id = $2 and status not in ('VOID', 'DISCARDED')
           order by created_at, invoice_id limit 100"#,
        org.as_uuid(),
        order.as_uuid(),
    )
    .fetch_all(db)
    .await?;
    rows.iter().map(|state| details(state)).collect()
}
