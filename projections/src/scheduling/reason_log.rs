//! Why visits took longer or cost something else. Words stay sealed in the table and are opened when read.

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use domain::id::OrgId;
use domain::personal;
use domain::recorded::Recorded;
use domain::scheduling::booking::{Booking, BookingEvent};
use domain::seal::{self, MasterKeys};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Batch, Parking, Poison, Projection, subject_keys};

/// Reasons on a page at most.
pub const PAGE: i64 = 500;

/// Keeps the `reason_log` table.
#[derive(Debug)]
pub struct ReasonLog;

impl Projection for ReasonLog {
    const NAME: &'static str = "reason_log";
    const VERSION: i32 = 1;
    const TABLES: &'static [&'static str] = &["reason_log"];

    async fn apply(db: &mut PgConnection, batch: &Batch<'_>) -> Result<Vec<Poison>, sqlx::Error> {
        let (rows, poison) = logged(batch.events);
        if !rows.is_empty() {
            write(db, batch.org, &rows).await?;
        }
        Ok(poison)
    }
}

/// A reason; its words are open, or erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Of its event in the log.
    pub position: i64,
    /// Told apart by this; old ones have none.
    pub reason_id: Option<Uuid>,
    /// Of which visit.
    pub booking_id: Uuid,
    /// What kind of reason.
    pub kind: String,
    /// Which.
    pub code: String,
    /// In words.
    pub note: Option<Value>,
    /// Login id of staff; unknown of old ones.
    pub made_by: Option<String>,
    /// When it was written down.
    pub at: DateTime<Utc>,
}

fn logged(events: &[&Recorded]) -> (Vec<Row>, Vec<Poison>) {
    let (mut parking, mut rows) = (Parking::default(), Vec::new());
    for &event in events {
        let is_one = event.aggregate_type == Booking::TYPE && event.event_type == "reason_logged";
        if !is_one || parking.holds(event) {
            continue;
        }
        let decoded = event.of::<Booking>();
        let Some(happened) = parking.unless_broken(event, decoded) else { continue };
        let BookingEvent::ReasonLogged { code, note, reason_id, by, at } = happened else {
            continue;
        };
        let Ok(booking_id) = event.aggregate_id.parse() else {
            parking.park(event, "the id of a booking is a UUID");
            continue;
        };
        let (kind, code) = code.words();
        rows.push(Row {
            position: event.position,
            reason_id,
            booking_id,
            kind: kind.to_owned(),
            code: code.to_owned(),
            note: note.map(|note| serde_json::json!(note)),
            made_by: by,
            at,
        });
    }
    (rows, parking.into_poison())
}

async fn write(db: &mut PgConnection, org: OrgId, rows: &[Row]) -> Result<(), sqlx::Error> {
    let notes: Vec<Option<String>> =
        rows.iter().map(|row| row.note.as_ref().map(Value::to_string)).collect();
    sqlx::query!(
        "insert into reason_log (org_id, position, reason_id, booking_id, kind, code, note, made_by, at)
         select $1, r.position, r.reason_id, r.booking_id, r.kind, r.code, r.note::json, r.made_by, r.at
         from unnest($2::bigint[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[],
                     $9::timestamptz[])
              r (position, reason_id, booking_id, kind, code, note, made_by, at)",
        org.as_uuid(),
        &rows.iter().map(|row| row.position).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.reason_id).collect::<Vec<_>>() as &[Option<Uuid>],
        &rows.iter().map(|row| row.booking_id).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.kind.as_str()).collect::<Vec<_>>() as &[&str],
        &rows.iter().map(|row| row.code.as_str()).collect::<Vec<_>>() as &[&str],
        &notes as &[Option<String>],
        &rows.iter().map(|row| row.made_by.as_deref()).collect::<Vec<_>>() as &[Option<&str>],
        &rows.iter().map(|row| row.at).collect::<Vec<_>>(),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Which reasons; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Not earlier.
    pub from: Option<DateTime<Utc>>,
    /// Earlier.
    pub until: Option<DateTime<Utc>>,
    /// Of this kind.
    pub kind: Option<String>,
    /// This one.
    pub code: Option<String>,
}

/// Reasons, the latest first, before the one at position `before` of the log.
///
/// The keys are read in the same transaction: who has been erased by now is erased in the answer.
pub async fn page(
    db: &mut PgConnection,
    masters: &MasterKeys,
    org: OrgId,
    filter: &Filter,
    (before, limit): (Option<i64>, i64),
) -> Result<Vec<Row>, sqlx::Error> {
    let mut rows = sqlx::query_as!(
        Row,
        "select position, reason_id, booking_id, kind, code, note, made_by, at from reason_log
         where org_id = $1 and ($2::timestamptz is null or at >= $2) and ($3::timestamptz is null or at < $3)
           and ($4::text is null or kind = $4) and ($5::text is null or code = $5)
           and ($6::bigint is null or position < $6)
         order by position desc limit $7",
        org.as_uuid(),
        filter.from,
        filter.until,
        filter.kind,
        filter.code,
        before,
        limit,
    )
    .fetch_all(&mut *db)
    .await?;
    let mut subjects = Vec::new();
    for note in rows.iter().filter_map(|row| row.note.as_ref()) {
        personal::subjects_in(note, &mut subjects);
    }
    let keys = subject_keys::load(db, masters, org, &subjects).await?;
    for note in rows.iter_mut().filter_map(|row| row.note.as_mut()) {
        seal::open_all(note, &keys).map_err(|error| sqlx::Error::Decode(error.into()))?;
        personal::reveal(note);
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use domain::scheduling::booking::reason::ReasonCode;

    use super::*;
    use crate::fixture::{LEAD as ID, at, recorded};

    #[test]
    fn every_reason_is_a_line() {
        let code = ReasonCode::parse("TIME_OVERRUN", "EXTRA_DIRT").unwrap();
        let reason = BookingEvent::ReasonLogged {
            code,
            note: None,
            reason_id: Some(Uuid::from_u128(3)),
            by: Some("dispatcher".to_owned()),
            at: at(5),
        };
        let log = [recorded::<Booking>(7, 4, ID, &reason)];
        let (rows, poison) = logged(&log.iter().collect::<Vec<_>>());
        assert_eq!(poison.len(), 0);
        assert_eq!((rows[0].position, rows[0].booking_id), (7, ID));
        assert_eq!((rows[0].kind.as_str(), rows[0].code.as_str()), ("TIME_OVERRUN", "EXTRA_DIRT"));
    }
}
