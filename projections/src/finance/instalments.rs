//! Instalments of tax that are to be paid, or were.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use domain::finance::instalment::{TaxInstalment, TaxInstalmentEvent, Terms};
use domain::id::OrgId;
use domain::recorded::Recorded;
use sqlx::PgConnection;
use uuid::Uuid;

use super::records::{each, left};
use crate::{Batch, Poison};

/// Instalments on a page at most.
pub const PAGE: i64 = 200;

/// One instalment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Told apart by this.
    pub instalment_id: Uuid,
    /// Such as `GST`.
    pub tax_type: String,
    /// Until when.
    pub due_on: NaiveDate,
    /// How much.
    pub amount_cents: i64,
    /// When it was paid, if it was.
    pub paid_on: Option<NaiveDate>,
    /// What was noted.
    pub note: Option<String>,
    /// Of its amount.
    pub currency: String,
    /// When it was planned.
    pub created_at: DateTime<Utc>,
    /// Of its stream.
    pub version: i32,
    /// Of its last event in the log.
    pub position: i64,
}

impl Row {
    fn set(&mut self, terms: Terms) {
        let Terms { tax_type, due_on, amount_cents, note } = terms;
        (self.tax_type, self.due_on) = (tax_type, due_on);
        (self.amount_cents, self.note) = (amount_cents, note);
    }
}

pub(super) async fn keep(
    db: &mut PgConnection,
    batch: &Batch<'_>,
) -> Result<Vec<Poison>, sqlx::Error> {
    let known = batch.ids_of("tax_instalment");
    if known.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows = load(db, batch.org, &known).await?;
    let poison = each::<TaxInstalment>(batch.events, |id, happened, event| {
        fold(&mut rows, id, happened, event);
    });
    let (stand, gone) = left(rows);
    sqlx::query!(
        "delete from tax_instalments where org_id = $1 and instalment_id = any($2)",
        batch.org.as_uuid(),
        &gone,
    )
    .execute(&mut *db)
    .await?;
    write(db, batch.org, &stand).await?;
    Ok(poison)
}

fn fold(
    rows: &mut BTreeMap<Uuid, Option<Row>>,
    id: Uuid,
    happened: TaxInstalmentEvent,
    event: &Recorded,
) {
    use TaxInstalmentEvent as E;
    if let E::Planned { terms, currency, at, .. } = happened {
        let Terms { tax_type, due_on, amount_cents, note } = terms;
        let row = Row {
            instalment_id: id,
            tax_type,
            due_on,
            amount_cents,
            paid_on: None,
            note,
            currency: <&str>::from(currency).to_owned(),
            created_at: at,
            version: event.sequence,
            position: event.position,
        };
        rows.insert(id, Some(row));
        return;
    }
    let Some(row) = rows.get_mut(&id) else { return };
    match happened {
        E::Cancelled { .. } => *row = None,
        E::Changed { terms, .. } => row.iter_mut().for_each(|row| row.set(terms.clone())),
        E::Paid { on, .. } => row.iter_mut().for_each(|row| row.paid_on = Some(on)),
        E::PaymentWithdrawn { .. } => row.iter_mut().for_each(|row| row.paid_on = None),
        E::Planned { .. } => {}
    }
    if let Some(row) = row {
        (row.version, row.position) = (event.sequence, event.position);
    }
}

async fn load(
    db: &mut PgConnection,
    org: OrgId,
    ids: &[Uuid],
) -> Result<BTreeMap<Uuid, Option<Row>>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        "select instalment_id, tax_type, due_on, amount_cents, paid_on, note, currency, created_at, version, position
         from tax_instalments where org_id = $1 and instalment_id = any($2)",
        org.as_uuid(),
        ids,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.instalment_id, Some(row))).collect())
}

async fn write(db: &mut PgConnection, org: OrgId, rows: &[Row]) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into tax_instalments (org_id, instalment_id, tax_type, due_on, amount_cents, paid_on, note, currency,
             created_at, version, position)
         select $1, r.* from unnest($2::uuid[], $3::text[], $4::date[], $5::bigint[], $6::date[], $7::text[], $8::text[],
                                    $9::timestamptz[], $10::integer[], $11::bigint[]) r
         on conflict (org_id, instalment_id) do update
         set tax_type = excluded.tax_type, due_on = excluded.due_on, amount_cents = excluded.amount_cents,
             paid_on = excluded.paid_on, note = excluded.note, version = excluded.version, position = excluded.position",
        org.as_uuid(),
        &rows.iter().map(|row| row.instalment_id).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.tax_type.as_str()).collect::<Vec<_>>() as &[&str],
        &rows.iter().map(|row| row.due_on).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.amount_cents).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.paid_on).collect::<Vec<_>>() as &[Option<NaiveDate>],
        &rows.iter().map(|row| row.note.clone()).collect::<Vec<_>>() as &[Option<String>],
        &rows.iter().map(|row| row.currency.as_str()).collect::<Vec<_>>() as &[&str],
        &rows.iter().map(|row| row.created_at).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.version).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.position).collect::<Vec<_>>(),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The instalments that are due from `from` to `to`, as far as these matter: the earliest first, behind `after`.
pub async fn page(
    db: &mut PgConnection,
    org: OrgId,
    (from, to): (Option<NaiveDate>, Option<NaiveDate>),
    after: Option<(NaiveDate, Uuid)>,
    limit: i64,
) -> Result<Vec<Row>, sqlx::Error> {
    let (after_day, after_id) = after.unzip();
    sqlx::query_as!(
        Row,
        "select instalment_id, tax_type, due_on, amount_cents, paid_on, note, currency, created_at, version, position
         from tax_instalments
         where org_id = $1 and ($2::date is null or due_on >= $2) and ($3::date is null or due_on <= $3)
           and ($4::date is null or (due_on, instalment_id) > ($4, $5::uuid))
         order by due_on, instalment_id limit $6",
        org.as_uuid(),
        from,
        to,
        after_day,
        after_id,
        limit,
    )
    .fetch_all(db)
    .await
}
