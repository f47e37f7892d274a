//! One booking as its aggregate folds it. Personal values stay sealed in the table and are opened when read.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use domain::id::{BookingId, OrgId};
use domain::personal;
use domain::recorded::Recorded;
use domain::scheduling::booking::{Booking, BookingEvent};
use domain::seal::{self, MasterKeys};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Batch, Parking, Poison, Projection, subject_keys};

/// Keeps the `booking_detail` table.
#[derive(Debug)]
pub struct BookingDetail;

impl Projection for BookingDetail {
    const NAME: &'static str = "booking_detail";
    const VERSION: i32 = 2;
    const TABLES: &'static [&'static str] = &["booking_detail"];

    async fn apply(db: &mut PgConnection, batch: &Batch<'_>) -> Result<Vec<Poison>, sqlx::Error> {
        let ids = batch.ids_of(Booking::TYPE);
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut rows = load(db, batch.org, &ids).await?;
        let poison = fold(&mut rows, batch.events);
        write(db, batch.org, &rows).await?;
        Ok(poison)
    }
}

/// A row of `booking_detail`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    version: i32,
    position: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    state: Booking,
}

type RowsById = HashMap<Uuid, Row>;

/// Applies the events to the rows they touch, with the aggregate's own fold.
fn fold(rows: &mut RowsById, events: &[&Recorded]) -> Vec<Poison> {
    let mut parking = Parking::default();
    for &event in events {
        if parking.holds(event) {
            continue;
        }
        let Some(happened) = parking.unless_broken(event, event.of::<Booking>()) else { continue };
        let Ok(id) = event.aggregate_id.parse() else {
            parking.park(event, "the id of a booking is a UUID");
            continue;
        };
        if !rows.contains_key(&id) && !matches!(happened, BookingEvent::Requested(_)) {
            parking.park(event, "the booking was never asked for");
            continue;
        }
        let row = rows.entry(id).or_insert_with(|| Row {
            version: 0,
            position: 0,
            created_at: event.recorded_at,
            updated_at: event.recorded_at,
            state: Booking::default(),
        });
        row.state.apply(happened);
        (row.version, row.position) = (event.sequence, event.position);
        row.updated_at = event.recorded_at;
    }
    parking.into_poison()
}

async fn load(db: &mut PgConnection, org: OrgId, ids: &[Uuid]) -> Result<RowsById, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select booking_id, version, position, created_at, updated_at, state::text as "state!"
           from booking_detail where org_id = $1 and booking_id = any($2)"#,
        org.as_uuid(),
        ids,
    )
    .fetch_all(db)
    .await?;
    let row = rows.into_iter().map(|row| {
        let state = serde_json::from_str(&row.state).map_err(unreadable)?;
        let kept = Row {
            version: row.version,
            position: row.position,
            created_at: row.created_at,
            updated_at: row.updated_at,
            state,
        };
        Ok((row.booking_id, kept))
    });
    row.collect()
}

async fn write(db: &mut PgConnection, org: OrgId, rows: &RowsById) -> Result<(), sqlx::Error> {
    let mut rows: Vec<(&Uuid, &Row)> = rows.iter().collect();
    rows.sort_unstable_by_key(|(id, _)| **id);
    let states = rows.iter().map(|(_, row)| serde_json::to_string(&row.state));
    let states = states.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    sqlx::query!(
        "insert into booking_detail (org_id, booking_id, version, position, created_at, updated_at, state)
         select $1, r.booking_id, r.version, r.position, r.created_at, r.updated_at, r.state::json
         from unnest($2::uuid[], $3::integer[], $4::bigint[], $5::timestamptz[], $6::timestamptz[], $7::text[])
              r (booking_id, version, position, created_at, updated_at, state)
         on conflict (org_id, booking_id) do update
         set version = excluded.version, position = excluded.position, updated_at = excluded.updated_at,
             state = excluded.state",
        org.as_uuid(),
        &rows.iter().map(|(id, _)| **id).collect::<Vec<_>>(),
        &rows.iter().map(|(_, row)| row.version).collect::<Vec<_>>(),
        &rows.iter().map(|(_, row)| row.position).collect::<Vec<_>>(),
        &rows.iter().map(|(_, row)| row.created_at).collect::<Vec<_>>(),
        &rows.iter().map(|(_, row)| row.updated_at).collect::<Vec<_>>(),
        &states,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A booking as people may read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    /// Personal values open, or erased.
    pub booking: Booking,
    /// Of its stream: what `If-Match` is compared with.
    pub version: i32,
    /// Of its last event in the log.
    pub position: i64,
}

/// The booking, if there is one in this organisation.
///
/// The keys are read in the same transaction: who has been erased by now is erased in the answer.
pub async fn find(
    db: &mut PgConnection,
    masters: &MasterKeys,
    org: OrgId,
    booking: BookingId,
) -> Result<Option<Detail>, sqlx::Error> {
    let row = sqlx::query!(
        "select version, position, state from booking_detail where org_id = $1 and booking_id = $2",
        org.as_uuid(),
        booking.as_uuid(),
    )
    .fetch_optional(&mut *db)
    .await?;
    let Some(mut row) = row else { return Ok(None) };
    let mut subjects = Vec::new();
    personal::subjects_in(&row.state, &mut subjects);
    let keys = subject_keys::load(db, masters, org, &subjects).await?;
    seal::open_all(&mut row.state, &keys).map_err(|error| sqlx::Error::Decode(error.into()))?;
    let booking = serde_json::from_value(row.state).map_err(unreadable)?;
    Ok(Some(Detail { booking, version: row.version, position: row.position }))
}

fn unreadable(error: serde_json::Error) -> sqlx::Error {
    sqlx::Error::Decode(error.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{LEAD as PERSON, booked, keys};

    #[test]
    fn the_row_is_what_the_aggregate_folds_with_everything_personal_still_sealed() {
        let (log, mut rows) = (booked(), RowsById::new());
        assert_eq!(fold(&mut rows, &log.iter().collect::<Vec<_>>()), []);
        let text = serde_json::to_string(&rows[&PERSON].state).unwrap();
        assert!(text.contains("$sealed") && !text.contains("Elm"), "{text}");
        let mut state = serde_json::from_str(&text).unwrap();
        seal::open_all(&mut state, &keys()).unwrap();
        let mut expected = Booking::default();
        for event in &log {
            expected.apply(event.open::<Booking>(&keys()).unwrap().unwrap());
        }
        assert_eq!(serde_json::from_value::<Booking>(state).unwrap(), expected);
    }

    #[test]
    fn a_booking_that_was_never_asked_for_is_parked() {
        let (log, mut rows) = (booked(), RowsById::new());
        let poison = fold(&mut rows, &log[1..].iter().collect::<Vec<_>>());
        assert_eq!((poison.len(), rows.len()), (1, 0));
    }
}
