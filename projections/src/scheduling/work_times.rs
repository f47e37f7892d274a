//! How long people worked at visits, as the sessions fold it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use domain::id::OrgId;
use domain::recorded::Recorded;
use domain::scheduling::work_session::{State, WorkEvent, WorkSession};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Batch, Parking, Poison, Projection};

/// Sessions on a page at most.
pub const PAGE: i64 = 200;

/// Keeps the `work_times` table.
#[derive(Debug)]
pub struct WorkTimes;

impl Projection for WorkTimes {
    const NAME: &'static str = "work_times";
    const VERSION: i32 = 1;
    const TABLES: &'static [&'static str] = &["work_times"];

    async fn apply(db: &mut PgConnection, batch: &Batch<'_>) -> Result<Vec<Poison>, sqlx::Error> {
        let ids = batch.ids_of(WorkSession::TYPE);
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut rows = load(db, batch.org, &ids).await?;
        let poison = fold(&mut rows, batch.events);
        write(db, batch.org, &rows).await?;
        Ok(poison)
    }
}

/// A session as it was left by its last event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Kept {
    session: WorkSession,
    version: i32,
    position: i64,
}

fn fold(rows: &mut HashMap<Uuid, Kept>, events: &[&Recorded]) -> Vec<Poison> {
    let mut parking = Parking::default();
    for &event in events {
        if event.aggregate_type != WorkSession::TYPE || parking.holds(event) {
            continue;
        }
        let decoded = event.of::<WorkSession>();
        let Some(happened) = parking.unless_broken(event, decoded) else { continue };
        let Ok(id) = event.aggregate_id.parse() else {
            parking.park(event, "the id of a work session is that of its booking");
            continue;
        };
        if !rows.contains_key(&id) && !matches!(happened, WorkEvent::Started { .. }) {
            parking.park(event, "the work never began");
            continue;
        }
        let row = rows.entry(id).or_default();
        row.session.apply(happened);
        (row.version, row.position) = (event.sequence, event.position);
    }
    parking.into_poison()
}

async fn load(
    db: &mut PgConnection,
    org: OrgId,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Kept>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select booking_id, version, position, session::text as "session!"
           from work_times where org_id = $1 and booking_id = any($2)"#,
        org.as_uuid(),
        ids,
    )
    .fetch_all(db)
    .await?;
    let row = rows.into_iter().map(|row| {
        let (session, version, position) = (known(&row.session)?, row.version, row.position);
        Ok((row.booking_id, Kept { session, version, position }))
    });
    row.collect()
}

async fn write(
    db: &mut PgConnection,
    org: OrgId,
    rows: &HashMap<Uuid, Kept>,
) -> Result<(), sqlx::Error> {
    let begun = rows.iter().filter_map(|(id, row)| Some((*id, row, started_at(&row.session)?)));
    let mut rows: Vec<(Uuid, &Kept, DateTime<Utc>)> = begun.collect();
    rows.sort_unstable_by_key(|(id, ..)| *id);
    let sessions = rows.iter().map(|(_, row, _)| serde_json::to_string(&row.session));
    let sessions = sessions.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    sqlx::query!(
        "insert into work_times (org_id, booking_id, state, started_at, version, position, session)
         select $1, r.id, r.state, r.started_at, r.version, r.position, r.session::json
         from unnest($2::uuid[], $3::text[], $4::timestamptz[], $5::integer[], $6::bigint[], $7::text[])
              r (id, state, started_at, version, position, session)
         on conflict (org_id, booking_id) do update
         set state = excluded.state, version = excluded.version, position = excluded.position,
             session = excluded.session",
        org.as_uuid(),
        &rows.iter().map(|(id, ..)| *id).collect::<Vec<_>>(),
        &rows.iter().map(|(_, row, _)| row.session.state.into()).collect::<Vec<&str>>() as &[&str],
        &rows.iter().map(|(.., at)| *at).collect::<Vec<_>>(),
        &rows.iter().map(|(_, row, _)| row.version).collect::<Vec<_>>(),
        &rows.iter().map(|(_, row, _)| row.position).collect::<Vec<_>>(),
        &sessions,
    )
    .execute(db)
    .await?;
    Ok(())
}

fn started_at(session: &WorkSession) -> Option<DateTime<Utc>> {
    session.segments.first().map(|part| part.start)
}

fn known(session: &str) -> Result<WorkSession, sqlx::Error> {
    serde_json::from_str(session).map_err(unreadable)
}

fn unreadable(error: serde_json::Error) -> sqlx::Error {
    sqlx::Error::Decode(error.into())
}

/// The sessions that stand so, whichever began last first, behind the one that `after` names by time and booking.
pub async fn page(
    db: &mut PgConnection,
    org: OrgId,
    state: Option<State>,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<(Uuid, WorkSession)>, sqlx::Error> {
    let (at, id) = after.unzip();
    let state: Option<&str> = state.map(Into::into);
    let rows = sqlx::query!(
        r#"select booking_id, session::text as "session!" from work_times
           where org_id = $1 and ($2::text is null or state = $2)
             and ($3::timestamptz is null or (started_at, booking_id) < ($3, $4))
           order by started_at desc, booking_id desc limit $5"#,
        org.as_uuid(),
        state,
        at,
        id,
        limit,
    )
    .fetch_all(db)
    .await?;
    rows.into_iter().map(|row| Ok((row.booking_id, known(&row.session)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{LEAD as ID, at, recorded};

    fn log() -> Vec<Recorded> {
        let (booking, worker) = (ID.into(), None);
        let events = [
            WorkEvent::Started { booking, worker, planned_minutes: Some(120), at: at(1) },
            WorkEvent::Finished { total_seconds: 60, overrun: None, at: at(2) },
        ];
        let numbered = (1..).zip(&events);
        numbered.map(|(n, e)| recorded::<WorkSession>(i64::from(n), n, ID, e)).collect()
    }

    #[test]
    fn the_row_is_what_the_session_folds_and_what_never_began_is_parked() {
        let (log, mut rows) = (log(), HashMap::new());
        assert_eq!(fold(&mut rows, &log.iter().collect::<Vec<_>>()), []);
        let row = &rows[&ID];
        assert_eq!((row.session.state, row.session.seconds(at(9))), (State::Finished, 60));
        assert_eq!(started_at(&row.session), Some(at(1)));
        assert_eq!(fold(&mut HashMap::new(), &[&log[1]])[0].reason, "the work never began");
    }
}
