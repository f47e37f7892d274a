//! Reads and writes the rows of a batch in one statement for each table.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::id::OrgId;
use sqlx::PgConnection;
use uuid::Uuid;

use super::fold::{Desk, Row};

pub(super) async fn load(
    db: &mut PgConnection,
    org: OrgId,
    visits: &[Uuid],
) -> Result<HashMap<Uuid, Row>, sqlx::Error> {
    if visits.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sqlx::query!(
        "select booking_id, place::text as place, pin::text as pin, started_at, actual_minutes, cancelled_at, cancelled_by, position
         from dispatch_visits where org_id = $1 and booking_id = any($2)",
        org.as_uuid(),
        visits,
    )
    .fetch_all(db)
    .await?;
    let row = rows.into_iter().map(|row| {
        let kept = Row {
            place: row.place,
            pin: row.pin,
            started_at: row.started_at,
            actual_minutes: row.actual_minutes,
            cancelled_at: row.cancelled_at,
            cancelled_by: row.cancelled_by,
            position: row.position,
        };
        (row.booking_id, kept)
    });
    Ok(row.collect())
}

pub(super) async fn write(
    db: &mut PgConnection,
    org: OrgId,
    desk: &Desk,
) -> Result<(), sqlx::Error> {
    write_visits(db, org, desk).await?;
    write_acks(db, org, desk).await?;
    write_notices(db, org, desk).await?;
    let Some(moved) = desk.moved else { return Ok(()) };
    sqlx::query!(
        "insert into dispatch_moved (org_id, position) values ($1, $2)
         on conflict (org_id) do update set position = excluded.position",
        org.as_uuid(),
        moved,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Always in the same order, so that two writers cannot wait for each other in a circle.
async fn write_visits(db: &mut PgConnection, org: OrgId, desk: &Desk) -> Result<(), sqlx::Error> {
    if desk.visits.is_empty() {
        return Ok(());
    }
    let mut rows: Vec<(&Uuid, &Row)> = desk.visits.iter().collect();
    rows.sort_unstable_by_key(|(id, _)| **id);
    let text = |field: fn(&Row) -> Option<&str>| -> Vec<Option<&str>> {
        rows.iter().map(|(_, row)| field(row)).collect()
    };
    let time = |field: fn(&Row) -> Option<DateTime<Utc>>| -> Vec<Option<DateTime<Utc>>> {
        rows.iter().map(|(_, row)| field(row)).collect()
    };
    sqlx::query!(
        "insert into dispatch_visits (org_id, booking_id, place, pin, started_at, actual_minutes, cancelled_at,
             cancelled_by, position)
         select $1, r.id, r.place::json, r.pin::json, r.started_at, r.minutes, r.cancelled_at, r.cancelled_by, r.position
         from unnest($2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::integer[], $7::timestamptz[],
                     $8::text[], $9::bigint[])
              r (id, place, pin, started_at, minutes, cancelled_at, cancelled_by, position)
         on conflict (org_id, booking_id) do update
         set place = excluded.place, pin = excluded.pin, started_at = excluded.started_at, actual_minutes = excluded.actual_minutes,
             cancelled_at = excluded.cancelled_at, cancelled_by = excluded.cancelled_by, position = excluded.position",
        org.as_uuid(),
        &rows.iter().map(|(id, _)| **id).collect::<Vec<_>>(),
        &text(|row| row.place.as_deref()) as &[Option<&str>],
        &text(|row| row.pin.as_deref()) as &[Option<&str>],
        &time(|row| row.started_at) as &[Option<DateTime<Utc>>],
        &rows.iter().map(|(_, row)| row.actual_minutes).collect::<Vec<_>>() as &[Option<i32>],
        &time(|row| row.cancelled_at) as &[Option<DateTime<Utc>>],
        &text(|row| row.cancelled_by.as_deref()) as &[Option<&str>],
        &rows.iter().map(|(_, row)| row.position).collect::<Vec<_>>(),
    )
    .execute(db)
    .await?;
    Ok(())
}

async fn write_acks(db: &mut PgConnection, org: OrgId, desk: &Desk) -> Result<(), sqlx::Error> {
    if desk.acks.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into dispatch_acks (org_id, alert_id, until, position)
         select $1, r.* from unnest($2::text[], $3::timestamptz[], $4::bigint[]) r
         on conflict (org_id, alert_id) do update set until = excluded.until, position = excluded.position",
        org.as_uuid(),
        &desk.acks.keys().map(String::as_str).collect::<Vec<_>>() as &[&str],
        &desk.acks.values().map(|(until, _)| *until).collect::<Vec<_>>(),
        &desk.acks.values().map(|(_, position)| *position).collect::<Vec<_>>(),
    )
    .execute(db)
    .await?;
    Ok(())
}

async fn write_notices(db: &mut PgConnection, org: OrgId, desk: &Desk) -> Result<(), sqlx::Error> {
    if desk.notices.is_empty() {
        return Ok(());
    }
    let notices = desk.notices.values().map(|(notice, _)| serde_json::to_string(notice));
    let notices = notices.collect::<Result<Vec<_>, _>>();
    let notices = notices.map_err(|error| sqlx::Error::Encode(error.into()))?;
    sqlx::query!(
        "insert into dispatch_notices (org_id, notice_id, booking_id, at, position, notice)
         select $1, r.id, r.booking, r.at, r.position, r.notice::json
         from unnest($2::uuid[], $3::uuid[], $4::timestamptz[], $5::bigint[], $6::text[]) r (id, booking, at, position, notice)
         on conflict (org_id, notice_id) do nothing",
        org.as_uuid(),
        &desk.notices.keys().copied().collect::<Vec<_>>(),
        &desk.notices.values().map(|(one, _)| one.booking_id.as_uuid()).collect::<Vec<_>>(),
        &desk.notices.values().map(|(one, _)| one.at).collect::<Vec<_>>(),
        &desk.notices.values().map(|(_, position)| *position).collect::<Vec<_>>(),
        &notices,
    )
    .execute(db)
    .await?;
    Ok(())
}
