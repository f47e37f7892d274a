//! Reads and writes many rows of the list in one statement each.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use domain::id::{ClientId, OrgId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::RowsById;
use super::row::Row;

/// The rows of those clients, and of whoever was merged into them.
pub(super) async fn load(
    db: &mut PgConnection,
    org: OrgId,
    ids: &[Uuid],
) -> Result<RowsById, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        "select client_id, name, email, phone, address_id, address, tags, is_blocked, registered_at, archived_at,
                merged_into, version, position
         from client_list where org_id = $1 and (client_id = any($2) or merged_into = any($2))",
        org.as_uuid(),
        ids,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.client_id, row)).collect())
}

pub(super) async fn write(
    db: &mut PgConnection,
    org: OrgId,
    mut rows: Vec<Row>,
) -> Result<(), sqlx::Error> {
    // Always in the same order, so that two writers cannot wait for each other in a circle.
    rows.sort_unstable_by_key(|row| row.client_id);
    sqlx::query!(
        "insert into client_list (org_id, client_id, name, email, phone, address_id, address, tags, is_blocked,
             registered_at, archived_at, merged_into, version, position, search)
         select $1, r.client_id, r.name, r.email, r.phone, r.address_id, r.address,
                array(select json_array_elements_text(r.tags::json)), r.is_blocked, r.registered_at, r.archived_at,
                r.merged_into, r.version, r.position, r.search
         from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::uuid[], $7::text[], $8::text[], $9::boolean[],
                     $10::timestamptz[], $11::timestamptz[], $12::uuid[], $13::integer[], $14::bigint[], $15::text[])
              r (client_id, name, email, phone, address_id, address, tags, is_blocked, registered_at, archived_at,
                 merged_into, version, position, search)
         on conflict (org_id, client_id) do update
         set name = excluded.name, email = excluded.email, phone = excluded.phone, address_id = excluded.address_id,
             address = excluded.address, tags = excluded.tags, is_blocked = excluded.is_blocked,
             registered_at = excluded.registered_at, archived_at = excluded.archived_at,
             merged_into = excluded.merged_into, version = excluded.version, position = excluded.position,
             search = excluded.search",
        org.as_uuid(),
        &rows.iter().map(|row| row.client_id).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>() as &[&str],
        &rows.iter().map(|row| row.email.as_str()).collect::<Vec<_>>() as &[&str],
        &rows.iter().map(|row| row.phone.as_deref()).collect::<Vec<_>>() as &[Option<&str>],
        &rows.iter().map(|row| row.address_id).collect::<Vec<_>>() as &[Option<Uuid>],
        &rows.iter().map(|row| row.address.as_deref()).collect::<Vec<_>>() as &[Option<&str>],
        // An array within an array has to be a text.
        &rows.iter().map(|row| serde_json::json!(row.tags).to_string()).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.is_blocked).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.registered_at).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.archived_at).collect::<Vec<_>>() as &[Option<DateTime<Utc>>],
        &rows.iter().map(|row| row.merged_into).collect::<Vec<_>>() as &[Option<Uuid>],
        &rows.iter().map(|row| row.version).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.position).collect::<Vec<_>>(),
        &rows.iter().map(Row::search).collect::<Vec<_>>(),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The names of clients by their ids, those of erased ones replaced.
pub async fn names(
    db: &mut PgConnection,
    org: OrgId,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, String>, sqlx::Error> {
    let rows = sqlx::query!(
        "select client_id, name from client_list where org_id = $1 and client_id = any($2)",
        org.as_uuid(),
        ids,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.client_id, row.name)).collect())
}

/// A client, and whoever was merged into them.
pub async fn with_family(
    db: &mut PgConnection,
    org: OrgId,
    client: ClientId,
) -> Result<Vec<Uuid>, sqlx::Error> {
    let merged = family(db, org, client).await?;
    Ok(std::iter::once(client).chain(merged).map(ClientId::as_uuid).collect())
}

/// Those of `clients` whose bookings are not taken any more.
pub async fn blocked(
    db: &mut PgConnection,
    org: OrgId,
    clients: &[Uuid],
) -> Result<HashSet<Uuid>, sqlx::Error> {
    let ids = sqlx::query_scalar!(
        "select client_id from client_list where org_id = $1 and client_id = any($2) and is_blocked",
        org.as_uuid(),
        clients,
    )
    .fetch_all(db)
    .await?;
    Ok(ids.into_iter().collect())
}

/// Whoever was merged into a client.
pub async fn family(
    db: &mut PgConnection,
    org: OrgId,
    client: ClientId,
) -> Result<Vec<ClientId>, sqlx::Error> {
    let ids = sqlx::query_scalar!(
        "select client_id from client_list where org_id = $1 and merged_into = $2 order by client_id",
        org.as_uuid(),
        client.as_uuid(),
    )
    .fetch_all(db)
    .await?;
    Ok(ids.into_iter().map(ClientId::from).collect())
}
