//! Disputes, each as its aggregate folds it. Personal values stay sealed in the table and are opened when read.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use domain::id::{BookingId, DisputeId, InvoiceId, OrgId};
use domain::payments::dispute::status::Status;
use domain::payments::dispute::{Details, Dispute, DisputeEvent};
use domain::personal;
use domain::recorded::Recorded;
use domain::seal::{self, MasterKeys};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Batch, Parking, Poison, Projection, subject_keys};

/// Disputes on a page at most.
pub const PAGE: i64 = 100;

/// Keeps the `dispute_list` table.
#[derive(Debug)]
pub struct DisputeList;

impl Projection for DisputeList {
    const NAME: &'static str = "dispute_list";
    const VERSION: i32 = 1;
    const TABLES: &'static [&'static str] = &["dispute_list"];

    async fn apply(db: &mut PgConnection, batch: &Batch<'_>) -> Result<Vec<Poison>, sqlx::Error> {
        let disputes = batch.ids_of(Dispute::TYPE);
        if disputes.is_empty() {
            return Ok(Vec::new());
        }
        let mut rows = load(db, batch.org, &disputes).await?;
        let poison = fold(&mut rows, batch.events);
        write(db, batch.org, &rows).await?;
        Ok(poison)
    }
}

/// A row of `dispute_list`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Row {
    state: Dispute,
    version: i32,
    position: i64,
}

type Rows = HashMap<Uuid, Row>;

fn fold(rows: &mut Rows, events: &[&Recorded]) -> Vec<Poison> {
    let mut parking = Parking::default();
    for &event in events {
        if event.aggregate_type != Dispute::TYPE || parking.holds(event) {
            continue;
        }
        let Some(happened) = parking.unless_broken(event, event.of::<Dispute>()) else { continue };
        let Ok(id) = event.aggregate_id.parse::<Uuid>() else {
            parking.park(event, "the id of a dispute is a UUID");
            continue;
        };
        if !matches!(happened, DisputeEvent::Opened(_)) && !rows.contains_key(&id) {
            parking.park(event, "the dispute was never opened");
            continue;
        }
        let row = rows.entry(id).or_default();
        row.state.apply(happened);
        (row.version, row.position) = (event.sequence, event.position);
    }
    parking.into_poison()
}

async fn load(db: &mut PgConnection, org: OrgId, disputes: &[Uuid]) -> Result<Rows, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select dispute_id, version, position, state::text as "state!" from dispute_list
           where org_id = $1 and dispute_id = any($2)"#,
        org.as_uuid(),
        disputes,
    )
    .fetch_all(db)
    .await?;
    let row = rows.into_iter().map(|row| {
        let state = serde_json::from_str(&row.state).map_err(unreadable)?;
        Ok((row.dispute_id, Row { state, version: row.version, position: row.position }))
    });
    row.collect()
}

async fn write(db: &mut PgConnection, org: OrgId, rows: &Rows) -> Result<(), sqlx::Error> {
    let mut rows: Vec<(&Row, &Details)> =
        rows.values().filter_map(|row| Some((row, row.state.details()?))).collect();
    rows.sort_unstable_by_key(|(_, it)| it.opened.dispute_id);
    let states = rows.iter().map(|(row, _)| serde_json::to_string(&row.state));
    let states = states.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    sqlx::query!(
        "insert into dispute_list (org_id, dispute_id, status, source, booking_id, invoice_id, opened_at, version, position,
             state)
         select $1, r.id, r.status, r.source, r.booking, r.invoice, r.at, r.version, r.position, r.state::json
         from unnest($2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::uuid[], $7::timestamptz[], $8::integer[],
                     $9::bigint[], $10::text[])
              r (id, status, source, booking, invoice, at, version, position, state)
         on conflict (org_id, dispute_id) do update
         set status = excluded.status, version = excluded.version, position = excluded.position, state = excluded.state",
        org.as_uuid(),
        &column(&rows, |_, it| it.opened.dispute_id.as_uuid()),
        &column(&rows, |_, it| it.status.into()) as &[&str],
        &column(&rows, |_, it| it.opened.source.into()) as &[&str],
        &column(&rows, |_, it| it.opened.booking.map(BookingId::as_uuid)) as &[Option<Uuid>],
        &column(&rows, |_, it| it.opened.invoice.map(InvoiceId::as_uuid)) as &[Option<Uuid>],
        &column(&rows, |_, it| it.opened.at),
        &column(&rows, |row, _| row.version),
        &column(&rows, |row, _| row.position),
        &states,
    )
    .execute(db)
    .await?;
    Ok(())
}

fn column<'a, T>(
    rows: &[(&'a Row, &'a Details)],
    field: impl Fn(&'a Row, &'a Details) -> T,
) -> Vec<T> {
    rows.iter().map(|(row, it)| field(row, it)).collect()
}

/// Which disputes; what is `None` does not matter.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter {
    /// That stand so.
    pub status: Option<Status>,
    /// About this visit.
    pub booking: Option<BookingId>,
    /// About this invoice.
    pub invoice: Option<InvoiceId>,
}

/// A dispute as people may read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Personal values open, or erased.
    pub dispute: Details,
    /// Of its stream: what `If-Match` is compared with.
    pub version: i32,
}

/// Disputes, the latest first, behind the one that `after` names by time and id.
///
/// The keys are read in the same transaction: who has been erased by now is erased in the answer.
pub async fn page(
    db: &mut PgConnection,
    masters: &MasterKeys,
    org: OrgId,
    filter: Filter,
    (after, limit): (Option<(DateTime<Utc>, Uuid)>, i64),
) -> Result<Vec<Item>, sqlx::Error> {
    let (at, id) = after.unzip();
    let rows = sqlx::query!(
        "select state, version from dispute_list
         where org_id = $1 and ($2::text is null or status = $2) and ($3::uuid is null or booking_id = $3)
           and ($4::uuid is null or invoice_id = $4)
           and ($5::timestamptz is null or (opened_at, dispute_id) < ($5, $6))
         order by opened_at desc, dispute_id desc limit $7",
        org.as_uuid(),
        filter.status.map(<&str>::from),
        filter.booking.map(BookingId::as_uuid),
        filter.invoice.map(InvoiceId::as_uuid),
        at,
        id,
        limit,
    )
    .fetch_all(&mut *db)
    .await?;
    let rows = rows.into_iter().map(|row| (row.state, row.version)).collect();
    opened(db, masters, org, rows).await
}

/// The dispute, if there is one in this organisation.
pub async fn find(
    db: &mut PgConnection,
    masters: &MasterKeys,
    org: OrgId,
    dispute: DisputeId,
) -> Result<Option<Item>, sqlx::Error> {
    let row = sqlx::query!(
        "select state, version from dispute_list where org_id = $1 and dispute_id = $2",
        org.as_uuid(),
        dispute.as_uuid(),
    )
    .fetch_optional(&mut *db)
    .await?;
    let rows = row.map(|row| (row.state, row.version)).into_iter().collect();
    Ok(opened(db, masters, org, rows).await?.pop())
}

async fn opened(
    db: &mut PgConnection,
    masters: &MasterKeys,
    org: OrgId,
    rows: Vec<(Value, i32)>,
) -> Result<Vec<Item>, sqlx::Error> {
    let mut subjects = Vec::new();
    for (state, _) in &rows {
        personal::subjects_in(state, &mut subjects);
    }
    let keys = subject_keys::load(db, masters, org, &subjects).await?;
    let items = rows.into_iter().map(|(mut state, version)| {
        seal::open_all(&mut state, &keys).map_err(|error| sqlx::Error::Decode(error.into()))?;
        let state: Dispute = serde_json::from_value(state).map_err(unreadable)?;
        let dispute = state.details().cloned().ok_or(sqlx::Error::RowNotFound)?;
        Ok(Item { dispute, version })
    });
    items.collect()
}

fn unreadable(error: serde_json::Error) -> sqlx::Error {
    sqlx::Error::Decode(error.into())
}

#[cfg(test)]
mod tests {
    use domain::payments::dispute::{Opened, Source};

    use super::*;
    use crate::fixture::{LEAD as ID, at, recorded};

    fn log() -> [Recorded; 2] {
        let opened = Opened {
            dispute_id: ID.into(),
            source: Source::Worker,
            opened_by: "worker".to_owned(),
            booking: Some(Uuid::from_u128(5).into()),
            invoice: None,
            payment_id: None,
            amount_cents: None,
            reason: None,
            subject: ID.into(),
            at: at(1),
        };
        let closed = DisputeEvent::Closed { won: Some(true), about: None, at: at(2) };
        [
            recorded::<Dispute>(1, 1, ID, &DisputeEvent::Opened(Box::new(opened))),
            recorded::<Dispute>(2, 2, ID, &closed),
        ]
    }

    #[test]
    fn the_row_is_what_the_aggregate_folds_wherever_the_log_is_cut() {
        let log = log();
        let mut whole = Rows::new();
        assert_eq!(fold(&mut whole, &log.iter().collect::<Vec<_>>()), []);
        let mut cut = Rows::new();
        for event in &log {
            assert_eq!(fold(&mut cut, &[event]), []);
        }
        assert_eq!(whole, cut);
        let details = whole[&ID].state.details().unwrap();
        assert_eq!((details.status, whole[&ID].version), (Status::Closed, 2));
    }

    #[test]
    fn a_dispute_that_was_never_opened_is_parked() {
        let poison = fold(&mut Rows::new(), &[&log()[1]]);
        assert_eq!(poison[0].reason, "the dispute was never opened");
    }
}
