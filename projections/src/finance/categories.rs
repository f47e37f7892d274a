//! Categories of expenses, in the order in which they are offered.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use domain::finance::budget::{Budget, BudgetEvent};
use domain::finance::category::{ExpenseCategory, ExpenseCategoryEvent, Terms};
use domain::finance::expense::{self, Expense, ExpenseEvent};
use domain::id::OrgId;
use domain::recorded::Recorded;
use sqlx::{PgConnection, QueryBuilder};
use uuid::Uuid;

use super::records::each;
use crate::{Batch, Poison};

/// Categories on a page at most.
pub const PAGE: i64 = 100;

/// One category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Told apart by this.
    pub category_id: Uuid,
    /// Its name.
    pub name: String,
    /// Whether it is offered first.
    pub is_default: bool,
    /// Its place in lists.
    pub sort_order: i32,
    /// Whether it is offered no more.
    pub removed: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Of its last event in the log.
    pub position: i64,
}

pub(super) async fn keep(
    db: &mut PgConnection,
    batch: &Batch<'_>,
) -> Result<Vec<Poison>, sqlx::Error> {
    let mut rows = BTreeMap::new();
    let poison = each::<ExpenseCategory>(batch.events, |category_id, happened, event| {
        let (terms, removed, at) = match happened {
            ExpenseCategoryEvent::Added { terms, at, .. }
            | ExpenseCategoryEvent::Changed { terms, at, .. } => (terms, false, at),
            ExpenseCategoryEvent::Removed { before, at } => (before, true, at),
        };
        let before = rows.get(&category_id).map(|row: &Row| row.created_at);
        rows.insert(category_id, row(category_id, (terms, removed), before.unwrap_or(at), event));
    });
    if !rows.is_empty() {
        write(db, batch.org, &rows.into_values().collect::<Vec<_>>()).await?;
    }
    Ok(poison)
}

fn row(
    category_id: Uuid,
    (terms, removed): (Terms, bool),
    created_at: DateTime<Utc>,
    event: &Recorded,
) -> Row {
    let Terms { name, is_default, sort_order } = terms;
    let position = event.position;
    Row { category_id, name, is_default, sort_order, removed, created_at, position }
}

async fn write(db: &mut PgConnection, org: OrgId, rows: &[Row]) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into expense_categories (org_id, category_id, name, is_default, sort_order, removed, created_at, position)
         select $1, r.* from unnest($2::uuid[], $3::text[], $4::boolean[], $5::integer[], $6::boolean[],
                                    $7::timestamptz[], $8::bigint[]) r
         on conflict (org_id, category_id) do update
         set name = excluded.name, is_default = excluded.is_default, sort_order = excluded.sort_order,
             removed = excluded.removed, position = excluded.position",
        org.as_uuid(),
        &rows.iter().map(|row| row.category_id).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>() as &[&str],
        &rows.iter().map(|row| row.is_default).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.sort_order).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.removed).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.created_at).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.position).collect::<Vec<_>>(),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Those that are offered, in order, without the first `skipped`.
pub async fn page(
    db: &mut PgConnection,
    org: OrgId,
    skipped: i64,
    limit: i64,
) -> Result<Vec<Row>, sqlx::Error> {
    sqlx::query_as!(
        Row,
        "select category_id, name, is_default, sort_order, removed, created_at, position from expense_categories
         where org_id = $1 and not removed order by sort_order, name, category_id offset $2 limit $3",
        org.as_uuid(),
        skipped,
        limit,
    )
    .fetch_all(db)
    .await
}

/// How many are offered.
pub async fn count(db: &mut PgConnection, org: OrgId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from expense_categories where org_id = $1 and not removed"#,
        org.as_uuid(),
    )
    .fetch_one(db)
    .await
}

/// What was spent on a category.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Spent {
    /// Which.
    pub category_id: Uuid,
    /// Its name.
    pub name: String,
    /// Without tax.
    pub total_cents: i64,
    /// The tax on it.
    pub tax_cents: i64,
    /// How many expenses.
    pub count: i64,
}

/// Which expenses count on which day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted<'a> {
    /// All of them, on their own.
    Spent,
    /// Those that were paid, in one currency, on the day on which they were.
    Paid(&'a str),
}

/// What counts in the days from `from` to `to`, by category, in the order of the names; those of which nothing does are left out.
pub async fn spent(
    db: &mut PgConnection,
    org: OrgId,
    (from, to): (NaiveDate, NaiveDate),
    counted: Counted<'_>,
) -> Result<Vec<Spent>, sqlx::Error> {
    let mut sql = QueryBuilder::new(
        "select e.category_id, coalesce(min(c.name), '') as name, sum(e.amount_cents)::bigint as total_cents,
                sum(e.tax_cents)::bigint as tax_cents, count(*) as count
         from expense_list e
         left join expense_categories c on c.org_id = e.org_id and c.category_id = e.category_id
         where e.org_id = ",
    );
    sql.push_bind(org.as_uuid());
    sql.push(match counted {
        Counted::Spent => " and e.occurred_on",
        Counted::Paid(_) => {
            " and e.payment_method is not null and coalesce(e.paid_on, e.occurred_on)"
        }
    });
    sql.push(" between ").push_bind(from).push(" and ").push_bind(to);
    if let Counted::Paid(currency) = counted {
        sql.push(" and e.currency = ").push_bind(currency.to_owned());
    }
    sql.push(" group by e.category_id order by min(c.name), e.category_id");
    sql.build_query_as().fetch_all(db).await
}

/// The first days of the months whose reports have the name of a category: in which something of it was spent, paid or planned.
pub async fn months(
    db: &mut PgConnection,
    org: OrgId,
    category: Uuid,
) -> Result<Vec<NaiveDate>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select distinct date_trunc('month', d.day)::date as "month!"
           from (select occurred_on as day from expense_list where org_id = $1 and category_id = $2
                 union all
                 select paid_on from expense_list where org_id = $1 and category_id = $2 and paid_on is not null
                 union all
                 select month from budget_list where org_id = $1 and category_id = $2) d
           order by 1"#,
        org.as_uuid(),
        category,
    )
    .fetch_all(db)
    .await
}

/// The days that an event tells of something spent on a category, or planned for it; more than there are rather than less.
pub fn days(event: &Recorded, category: Uuid) -> Vec<NaiveDate> {
    let spent = |terms: &expense::Terms| {
        let own = terms.category_id.as_uuid() == category;
        let days = [Some(terms.occurred_on), terms.paid_day()].into_iter().flatten();
        days.filter(|_| own).collect::<Vec<_>>()
    };
    if let Ok(Some(happened)) = event.of::<Expense>() {
        use ExpenseEvent as E;
        return match happened {
            E::Recorded { terms, .. } | E::Voided { before: terms, .. } => spent(&terms),
            E::Corrected { terms, before, .. }
            | E::Paid { terms, before, .. }
            | E::PaymentCorrected { terms, before, .. } => [spent(&terms), spent(&before)].concat(),
        };
    }
    let Ok(Some(happened)) = event.of::<Budget>() else { return Vec::new() };
    let terms = match happened {
        BudgetEvent::Set { terms, .. } | BudgetEvent::Cleared { before: terms, .. } => vec![terms],
        BudgetEvent::Changed { terms, before, .. } => vec![terms, before],
    };
    let own = terms.iter().filter(|terms| terms.category_id.as_uuid() == category);
    own.map(|terms| terms.month.first()).collect()
}

/// The names of categories, also of those that are offered no more.
pub async fn names(
    db: &mut PgConnection,
    org: OrgId,
    ids: &[Uuid],
) -> Result<BTreeMap<Uuid, String>, sqlx::Error> {
    let rows = sqlx::query!(
        "select category_id, name from expense_categories where org_id = $1 and category_id = any($2)",
        org.as_uuid(),
        ids,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.category_id, row.name)).collect())
}
