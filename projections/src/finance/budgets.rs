//! Budgets that stand.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use domain::finance::budget::{Budget, BudgetEvent};
use domain::id::OrgId;
use sqlx::PgConnection;
use uuid::Uuid;

use super::records::{each, left};
use crate::{Batch, Poison};

/// Budgets on a page at most.
pub const PAGE: i64 = 200;

/// One budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Told apart by this.
    pub budget_id: Uuid,
    /// The first day of its month.
    pub month: NaiveDate,
    /// What for.
    pub category_id: Uuid,
    /// How much.
    pub amount_cents: i64,
    /// When it was set.
    pub created_at: DateTime<Utc>,
    /// Of its stream.
    pub version: i32,
    /// Of its last event in the log.
    pub position: i64,
}

pub(super) async fn keep(
    db: &mut PgConnection,
    batch: &Batch<'_>,
) -> Result<Vec<Poison>, sqlx::Error> {
    let mut rows: BTreeMap<Uuid, Option<Row>> = BTreeMap::new();
    let poison = each::<Budget>(batch.events, |id, happened, event| {
        let created_at = rows.get(&id).and_then(Option::as_ref).map(|row| row.created_at);
        let now = match happened {
            BudgetEvent::Set { terms, at, .. } | BudgetEvent::Changed { terms, at, .. } => {
                Some(Row {
                    budget_id: id,
                    month: terms.month.first(),
                    category_id: terms.category_id.as_uuid(),
                    amount_cents: terms.amount_cents,
                    created_at: created_at.unwrap_or(at),
                    version: event.sequence,
                    position: event.position,
                })
            }
            BudgetEvent::Cleared { .. } => None,
        };
        rows.insert(id, now);
    });
    if !rows.is_empty() {
        let (stand, gone) = left(rows);
        sqlx::query!(
            "delete from budget_list where org_id = $1 and budget_id = any($2)",
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
    sqlx::query!(
        "insert into budget_list (org_id, budget_id, month, category_id, amount_cents, created_at, version, position)
         select $1, r.* from unnest($2::uuid[], $3::date[], $4::uuid[], $5::bigint[], $6::timestamptz[], $7::integer[],
                                    $8::bigint[]) r
         on conflict (org_id, budget_id) do update
         set month = excluded.month, category_id = excluded.category_id, amount_cents = excluded.amount_cents,
             version = excluded.version, position = excluded.position",
        org.as_uuid(),
        &rows.iter().map(|row| row.budget_id).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.month).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.category_id).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.amount_cents).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.created_at).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.version).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.position).collect::<Vec<_>>(),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The budgets of a month and of a category, if these matter: the latest month first, behind `after`.
pub async fn page(
    db: &mut PgConnection,
    org: OrgId,
    (month, category): (Option<NaiveDate>, Option<Uuid>),
    after: Option<(NaiveDate, Uuid)>,
    limit: i64,
) -> Result<Vec<Row>, sqlx::Error> {
    let (after_month, after_id) = after.unzip();
    sqlx::query_as!(
        Row,
        "select budget_id, month, category_id, amount_cents, created_at, version, position from budget_list
         where org_id = $1 and ($2::date is null or month = $2) and ($3::uuid is null or category_id = $3)
           and ($4::date is null or (month, budget_id) < ($4, $5::uuid))
         order by month desc, budget_id desc limit $6",
        org.as_uuid(),
        month,
        category,
        after_month,
        after_id,
        limit,
    )
    .fetch_all(db)
    .await
}

/// What was planned for a category in a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Which.
    pub category_id: Uuid,
    /// Its name.
    pub name: String,
    /// The first day of the month.
    pub month: NaiveDate,
    /// How much.
    pub amount_cents: i64,
}

/// What was planned for the months from that of `from` to that of `to`.
pub async fn planned(
    db: &mut PgConnection,
    org: OrgId,
    (from, to): (NaiveDate, NaiveDate),
) -> Result<Vec<Planned>, sqlx::Error> {
    sqlx::query_as!(
        Planned,
        r#"select b.category_id, coalesce(c.name, '') as "name!", b.month, b.amount_cents
           from budget_list b
           left join expense_categories c on c.org_id = b.org_id and c.category_id = b.category_id
           where b.org_id = $1 and b.month >= date_trunc('month', $2::date)::date and b.month <= $3
           order by b.category_id, b.month"#,
        org.as_uuid(),
        from,
        to,
    )
    .fetch_all(db)
    .await
}
