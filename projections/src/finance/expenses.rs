//! Expenses that stand; what was none is not listed.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use domain::finance::expense::{Expense, ExpenseEvent, Terms};
use domain::id::OrgId;
use domain::settings::org::Currency;
use sqlx::{PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use super::records::{each, left};
use crate::{Batch, Poison};

/// Expenses on a page at most.
pub const PAGE: i64 = 100;

/// One expense.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Row {
    /// Told apart by this.
    pub expense_id: Uuid,
    /// On which day.
    pub occurred_on: NaiveDate,
    /// What for.
    pub category_id: Uuid,
    /// Who sold it.
    pub vendor: Option<String>,
    /// What it was.
    pub description: String,
    /// Without tax.
    pub amount_cents: i64,
    /// The tax on it.
    pub tax_cents: i64,
    /// Where the receipt is.
    pub receipt_url: Option<String>,
    /// How it was paid, if it was.
    pub payment_method: Option<String>,
    /// On which later day.
    pub paid_on: Option<NaiveDate>,
    /// Of its amounts.
    pub currency: String,
    /// Login id of staff.
    pub created_by: Option<String>,
    /// When it was written down.
    pub created_at: DateTime<Utc>,
    /// Of its stream.
    pub version: i32,
    /// Of its last event in the log.
    pub position: i64,
}

impl Row {
    /// As it was written down.
    pub fn terms(&self) -> Terms {
        Terms {
            occurred_on: self.occurred_on,
            category_id: self.category_id.into(),
            vendor: self.vendor.clone(),
            description: self.description.clone(),
            amount_cents: self.amount_cents,
            tax_cents: self.tax_cents,
            receipt_url: self.receipt_url.clone(),
            payment_method: self.payment_method.clone(),
            paid_on: self.paid_on,
        }
    }
}

pub(super) async fn keep(
    db: &mut PgConnection,
    batch: &Batch<'_>,
) -> Result<Vec<Poison>, sqlx::Error> {
    // `None`: it was none.
    let mut rows: BTreeMap<Uuid, Option<Row>> = BTreeMap::new();
    let poison = each::<Expense>(batch.events, |id, happened, event| {
        let known = rows.get(&id).and_then(Option::as_ref);
        let (created_by, created_at) =
            known.map(|row| (row.created_by.clone(), row.created_at)).unzip();
        let of = |terms: Terms, currency: Currency, by: Option<String>, at: DateTime<Utc>| Row {
            expense_id: id,
            occurred_on: terms.occurred_on,
            category_id: terms.category_id.as_uuid(),
            vendor: terms.vendor,
            description: terms.description,
            amount_cents: terms.amount_cents,
            tax_cents: terms.tax_cents,
            receipt_url: terms.receipt_url,
            payment_method: terms.payment_method,
            paid_on: terms.paid_on,
            currency: <&str>::from(currency).to_owned(),
            created_by: created_by.flatten().or(by),
            created_at: created_at.unwrap_or(at),
            version: event.sequence,
            position: event.position,
        };
        let now = match happened {
            ExpenseEvent::Recorded { terms, currency, by, at, .. } => {
                Some(of(terms, currency, by, at))
            }
            ExpenseEvent::Corrected { terms, currency, at, .. }
            | ExpenseEvent::Paid { terms, currency, at, .. }
            | ExpenseEvent::PaymentCorrected { terms, currency, at, .. } => {
                Some(of(terms, currency, None, at))
            }
            ExpenseEvent::Voided { .. } => None,
        };
        rows.insert(id, now);
    });
    if !rows.is_empty() {
        let (stand, gone) = left(rows);
        sqlx::query!(
            "delete from expense_list where org_id = $1 and expense_id = any($2)",
            batch.org.as_uuid(),
            &gone,
        )
        .execute(&mut *db)
        .await?;
        write(db, batch.org, &stand).await?;
    }
    Ok(poison)
}

async fn write(db: &mut PgConnection, org: OrgId, rows: &[Row]) -> Result<(), sqlx::Error> {
    let search = |row: &Row| {
        let vendor = row.vendor.as_deref().unwrap_or_default();
        format!("{vendor}\n{}", row.description).to_lowercase()
    };
    sqlx::query!(
        "insert into expense_list (org_id, expense_id, occurred_on, category_id, vendor, description, amount_cents, tax_cents,
             receipt_url, payment_method, currency, created_by, created_at, version, position, search, paid_on)
         select $1, r.* from unnest($2::uuid[], $3::date[], $4::uuid[], $5::text[], $6::text[], $7::bigint[], $8::bigint[],
             $9::text[], $10::text[], $11::text[], $12::text[], $13::timestamptz[], $14::integer[], $15::bigint[],
             $16::text[], $17::date[]) r
         on conflict (org_id, expense_id) do update
         set occurred_on = excluded.occurred_on, category_id = excluded.category_id, vendor = excluded.vendor,
             description = excluded.description, amount_cents = excluded.amount_cents, tax_cents = excluded.tax_cents,
             receipt_url = excluded.receipt_url, payment_method = excluded.payment_method, version = excluded.version,
             position = excluded.position, search = excluded.search, paid_on = excluded.paid_on",
        org.as_uuid(),
        &rows.iter().map(|row| row.expense_id).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.occurred_on).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.category_id).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.vendor.clone()).collect::<Vec<_>>() as &[Option<String>],
        &rows.iter().map(|row| row.description.as_str()).collect::<Vec<_>>() as &[&str],
        &rows.iter().map(|row| row.amount_cents).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.tax_cents).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.receipt_url.clone()).collect::<Vec<_>>() as &[Option<String>],
        &rows.iter().map(|row| row.payment_method.clone()).collect::<Vec<_>>() as &[Option<String>],
        &rows.iter().map(|row| row.currency.as_str()).collect::<Vec<_>>() as &[&str],
        &rows.iter().map(|row| row.created_by.clone()).collect::<Vec<_>>() as &[Option<String>],
        &rows.iter().map(|row| row.created_at).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.version).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.position).collect::<Vec<_>>(),
        &rows.iter().map(search).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.paid_on).collect::<Vec<_>>() as &[Option<NaiveDate>],
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Which expenses; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// On this day or later.
    pub from: Option<NaiveDate>,
    /// On this day or earlier.
    pub to: Option<NaiveDate>,
    /// Under this category.
    pub category: Option<Uuid>,
    /// Part of vendor or description, in any case.
    pub query: Option<String>,
    /// In this currency.
    pub currency: Option<String>,
}

impl Filter {
    fn conditions(&self, sql: &mut QueryBuilder<'_, Postgres>, org: OrgId) {
        sql.push(" from expense_list where org_id = ").push_bind(org.as_uuid());
        if let Some(from) = self.from {
            sql.push(" and occurred_on >= ").push_bind(from);
        }
        if let Some(to) = self.to {
            sql.push(" and occurred_on <= ").push_bind(to);
        }
        if let Some(category) = self.category {
            sql.push(" and category_id = ").push_bind(category);
        }
        if let Some(query) = &self.query {
            sql.push(" and position(").push_bind(query.to_lowercase()).push(" in search) > 0");
        }
        if let Some(currency) = &self.currency {
            sql.push(" and currency = ").push_bind(currency.clone());
        }
    }
}

/// Where a page begins: behind this expense.
pub type After = Option<(NaiveDate, Uuid)>;

const COLUMNS: &str = "select expense_id, occurred_on, category_id, vendor, description, amount_cents, tax_cents, receipt_url,
    payment_method, paid_on, currency, created_by, created_at, version, position";

/// The expenses that match, the latest first: those behind `after`, without the first `skipped`.
pub async fn page(
    db: &mut PgConnection,
    org: OrgId,
    filter: &Filter,
    (after, skipped): (After, i64),
    limit: i64,
) -> Result<Vec<Row>, sqlx::Error> {
    let mut sql = QueryBuilder::new(COLUMNS);
    filter.conditions(&mut sql, org);
    if let Some((day, id)) = after {
        sql.push(" and (occurred_on, expense_id) < (").push_bind(day);
        sql.push(", ").push_bind(id).push(")");
    }
    sql.push(" order by occurred_on desc, expense_id desc limit ").push_bind(limit);
    sql.push(" offset ").push_bind(skipped);
    sql.build_query_as().fetch_all(db).await
}

/// As [`page`], the oldest first.
pub async fn oldest(
    db: &mut PgConnection,
    org: OrgId,
    filter: &Filter,
    after: After,
    limit: i64,
) -> Result<Vec<Row>, sqlx::Error> {
    let mut sql = QueryBuilder::new(COLUMNS);
    filter.conditions(&mut sql, org);
    if let Some((day, id)) = after {
        sql.push(" and (occurred_on, expense_id) > (").push_bind(day);
        sql.push(", ").push_bind(id).push(")");
    }
    sql.push(" order by occurred_on, expense_id limit ").push_bind(limit);
    sql.build_query_as().fetch_all(db).await
}

/// How many match on all pages, and what they come to: without tax, and tax.
pub async fn total(
    db: &mut PgConnection,
    org: OrgId,
    filter: &Filter,
) -> Result<(i64, i64, i64), sqlx::Error> {
    let mut sql = QueryBuilder::new(
        "select count(*), coalesce(sum(amount_cents), 0)::bigint, coalesce(sum(tax_cents), 0)::bigint",
    );
    filter.conditions(&mut sql, org);
    sql.build_query_as().fetch_one(db).await
}
