//! Reads and writes many rows of the list in one statement each.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::id::OrgId;
use sqlx::PgConnection;
use uuid::Uuid;

use super::row::{Customer, Known, Row};

/// The rows of those bookings and of those people.
pub(super) async fn load(
    db: &mut PgConnection,
    org: OrgId,
    bookings: &[Uuid],
    people: &[Uuid],
) -> Result<HashMap<Uuid, Row>, sqlx::Error> {
    let rows = sqlx::query!(
        "select booking_id, starts_at, ends_at, status, team_id, lead_worker, crew, client_id, lead_id, customer_name,
                customer_email, customer_phone, service, total_cents, deposit_required, deposit_cents, deposit_status,
                risk_band, origin, created_at, updated_at, archived_at, version, position
         from booking_list
         where org_id = $1 and (booking_id = any($2) or client_id = any($3) or lead_id = any($3))",
        org.as_uuid(),
        bookings,
        people,
    )
    .fetch_all(db)
    .await?;
    let row = rows.into_iter().map(|row| {
        let shown = Customer {
            name: row.customer_name,
            email: row.customer_email,
            phone: row.customer_phone,
        };
        let kept = Row {
            booking_id: row.booking_id,
            starts_at: row.starts_at,
            ends_at: row.ends_at,
            status: row.status,
            team_id: row.team_id,
            lead_worker: row.lead_worker,
            crew: row.crew,
            client_id: row.client_id,
            lead_id: row.lead_id,
            shown,
            service: row.service,
            total_cents: row.total_cents,
            deposit_required: row.deposit_required,
            deposit_cents: row.deposit_cents,
            deposit_status: row.deposit_status,
            risk_band: row.risk_band,
            origin: row.origin,
            created_at: row.created_at,
            updated_at: row.updated_at,
            archived_at: row.archived_at,
            version: row.version,
            position: row.position,
        };
        (kept.booking_id, kept)
    });
    Ok(row.collect())
}

/// Those of `people` who are known, and whoever was merged into them.
pub(super) async fn load_customers(
    db: &mut PgConnection,
    org: OrgId,
    people: &[Uuid],
) -> Result<HashMap<Uuid, Known>, sqlx::Error> {
    let rows = sqlx::query!(
        "select subject_id, name, email, phone, merged_into from booking_customers
         where org_id = $1 and (subject_id = any($2) or merged_into = any($2))",
        org.as_uuid(),
        people,
    )
    .fetch_all(db)
    .await?;
    let known = rows.into_iter().map(|row| {
        let shown = Customer { name: row.name, email: row.email, phone: row.phone };
        (row.subject_id, Known { shown, merged_into: row.merged_into })
    });
    Ok(known.collect())
}

pub(super) async fn write_customers(
    db: &mut PgConnection,
    org: OrgId,
    customers: &HashMap<Uuid, Known>,
) -> Result<(), sqlx::Error> {
    let mut known: Vec<(&Uuid, &Known)> = customers.iter().collect();
    known.sort_unstable_by_key(|(id, _)| **id);
    sqlx::query!(
        "insert into booking_customers as c (org_id, subject_id, name, email, phone, merged_into)
         select $1, r.* from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::uuid[]) r
         on conflict (org_id, subject_id) do update
         set name = excluded.name, email = excluded.email, phone = excluded.phone, merged_into = excluded.merged_into
         where (c.name, c.email, c.phone, c.merged_into)
               is distinct from (excluded.name, excluded.email, excluded.phone, excluded.merged_into)",
        org.as_uuid(),
        &known.iter().map(|(id, _)| **id).collect::<Vec<_>>(),
        &known.iter().map(|(_, who)| who.shown.name.as_str()).collect::<Vec<_>>() as &[&str],
        &known.iter().map(|(_, who)| who.shown.email.as_deref()).collect::<Vec<_>>() as &[Option<&str>],
        &known.iter().map(|(_, who)| who.shown.phone.as_deref()).collect::<Vec<_>>() as &[Option<&str>],
        &known.iter().map(|(_, who)| who.merged_into).collect::<Vec<_>>() as &[Option<Uuid>],
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Always in the same order, so that two writers cannot wait for each other in a circle.
pub(super) async fn write(
    db: &mut PgConnection,
    org: OrgId,
    rows: impl Iterator<Item = &Row>,
) -> Result<(), sqlx::Error> {
    let mut rows: Vec<&Row> = rows.collect();
    rows.sort_unstable_by_key(|row| row.booking_id);
    sqlx::query!(
        "insert into booking_list (org_id, booking_id, starts_at, ends_at, status, team_id, lead_worker, crew, client_id,
             lead_id, customer_name, customer_email, customer_phone, service, total_cents, deposit_required,
             deposit_cents, deposit_status, risk_band, origin, created_at, updated_at, archived_at, version, position,
             search)
         select $1, r.booking_id, r.starts_at, r.ends_at, r.status, r.team_id, r.lead_worker, r.crew::uuid[], r.client_id,
                r.lead_id, r.name, r.email, r.phone, r.service, r.total_cents, r.deposit_required, r.deposit_cents,
                r.deposit_status, r.risk_band, r.origin, r.created_at, r.updated_at, r.archived_at, r.version, r.position,
                r.search
         from unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::text[], $6::uuid[], $7::uuid[], $8::text[],
                     $9::uuid[], $10::uuid[], $11::text[], $12::text[], $13::text[], $14::text[], $15::bigint[],
                     $16::boolean[], $17::bigint[], $18::text[], $19::text[], $20::text[], $21::timestamptz[],
                     $22::timestamptz[], $23::timestamptz[], $24::integer[], $25::bigint[], $26::text[])
              r (booking_id, starts_at, ends_at, status, team_id, lead_worker, crew, client_id, lead_id, name, email,
                 phone, service, total_cents, deposit_required, deposit_cents, deposit_status, risk_band, origin,
                 created_at, updated_at, archived_at, version, position, search)
         on conflict (org_id, booking_id) do update
         set starts_at = excluded.starts_at, ends_at = excluded.ends_at, status = excluded.status,
             team_id = excluded.team_id, lead_worker = excluded.lead_worker, crew = excluded.crew,
             client_id = excluded.client_id, customer_name = excluded.customer_name,
             customer_email = excluded.customer_email, customer_phone = excluded.customer_phone,
             total_cents = excluded.total_cents,
             deposit_required = excluded.deposit_required, deposit_cents = excluded.deposit_cents,
             deposit_status = excluded.deposit_status, risk_band = excluded.risk_band,
             updated_at = excluded.updated_at, archived_at = excluded.archived_at, version = excluded.version,
             position = excluded.position, search = excluded.search",
        org.as_uuid(),
        &column(&rows, |row| row.booking_id),
        &column(&rows, |row| row.starts_at),
        &column(&rows, |row| row.ends_at),
        &column(&rows, |row| row.status.as_str()) as &[&str],
        &column(&rows, |row| row.team_id),
        &column(&rows, |row| row.lead_worker) as &[Option<Uuid>],
        &column(&rows, |row| array(&row.crew)),
        &column(&rows, |row| row.client_id) as &[Option<Uuid>],
        &column(&rows, |row| row.lead_id) as &[Option<Uuid>],
        &column(&rows, |row| row.shown.name.as_str()) as &[&str],
        &column(&rows, |row| row.shown.email.as_deref()) as &[Option<&str>],
        &column(&rows, |row| row.shown.phone.as_deref()) as &[Option<&str>],
        &column(&rows, |row| row.service.as_deref()) as &[Option<&str>],
        &column(&rows, |row| row.total_cents) as &[Option<i64>],
        &column(&rows, |row| row.deposit_required),
        &column(&rows, |row| row.deposit_cents) as &[Option<i64>],
        &column(&rows, |row| row.deposit_status.as_deref()) as &[Option<&str>],
        &column(&rows, |row| row.risk_band.as_deref()) as &[Option<&str>],
        &column(&rows, |row| row.origin.as_str()) as &[&str],
        &column(&rows, |row| row.created_at),
        &column(&rows, |row| row.updated_at),
        &column(&rows, |row| row.archived_at) as &[Option<DateTime<Utc>>],
        &column(&rows, |row| row.version),
        &column(&rows, |row| row.position),
        &column(&rows, Row::search),
    )
    .execute(db)
    .await?;
    Ok(())
}

fn column<'a, T>(rows: &[&'a Row], field: impl Fn(&'a Row) -> T) -> Vec<T> {
    rows.iter().copied().map(field).collect()
}

/// An array within an array has to be a text.
fn array(ids: &[Uuid]) -> String {
    let ids: Vec<String> = ids.iter().map(Uuid::to_string).collect();
    format!("{{{}}}", ids.join(","))
}
