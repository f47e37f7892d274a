//! Writes what a batch says, and judges anew whoever it is about.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::customers::standing::LOOKED_AT;
use domain::id::OrgId;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::fold::{Note, Said, Visit};

/// For whom those visits were until now.
pub(super) async fn whose_visits(
    db: &mut PgConnection,
    org: OrgId,
    visits: &BTreeMap<Uuid, Visit>,
) -> Result<Vec<Uuid>, sqlx::Error> {
    let whose = sqlx::query_scalar!(
        r#"select distinct client_id as "client_id!" from client_visits
           where org_id = $1 and booking_id = any($2) and client_id is not null"#,
        org.as_uuid(),
        &visits.keys().copied().collect::<Vec<_>>(),
    );
    whose.fetch_all(db).await
}

pub(super) async fn write_notes(
    db: &mut PgConnection,
    org: OrgId,
    notes: &[Note],
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into client_notes (org_id, position, client_id, note_id, kind, text, made_by, at)
         select $1, r.position, r.client_id, r.note_id, r.kind, r.text::json, r.made_by, r.at
         from unnest($2::bigint[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::timestamptz[])
              r (position, client_id, note_id, kind, text, made_by, at)",
        org.as_uuid(),
        &column(notes, |note| note.position),
        &column(notes, |note| note.client_id),
        &column(notes, |note| note.id),
        &column(notes, |note| note.kind) as &[&str],
        &column(notes, |note| note.text.to_string()),
        &column(notes, |note| note.made_by.as_deref()) as &[Option<&str>],
        &column(notes, |note| note.at),
    )
    .execute(db)
    .await?;
    Ok(())
}

pub(super) async fn write_feedback(
    db: &mut PgConnection,
    org: OrgId,
    feedback: &[Said],
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into client_feedback (org_id, position, client_id, feedback_id, booking_id, rating, comment, made_by, at)
         select $1, r.position, r.client_id, r.feedback_id, r.booking_id, r.rating, r.comment::json, r.made_by, r.at
         from unnest($2::bigint[], $3::uuid[], $4::uuid[], $5::uuid[], $6::smallint[], $7::text[], $8::text[],
                     $9::timestamptz[])
              r (position, client_id, feedback_id, booking_id, rating, comment, made_by, at)",
        org.as_uuid(),
        &column(feedback, |said| said.position),
        &column(feedback, |said| said.client_id),
        &column(feedback, |said| said.feedback_id),
        &column(feedback, |said| said.booking_id) as &[Option<Uuid>],
        &column(feedback, |said| said.rating),
        &column(feedback, |said| said.comment.as_ref().map(Value::to_string)) as &[Option<String>],
        &column(feedback, |said| said.made_by) as &[&str],
        &column(feedback, |said| said.at),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A visit for somebody who was merged is for whoever stayed.
pub(super) async fn write_visits(
    db: &mut PgConnection,
    org: OrgId,
    visits: &BTreeMap<Uuid, Visit>,
) -> Result<(), sqlx::Error> {
    let visits: Vec<(&Uuid, &Visit)> = visits.iter().collect();
    sqlx::query!(
        "insert into client_visits as v (org_id, booking_id, client_id, address_id, total_cents, done_at)
         select $1, r.booking_id, coalesce(m.into_id, r.client_id),
                case when r.is_placed then r.address_id else k.address_id end, r.total_cents, r.done_at
         from unnest($2::uuid[], $3::uuid[], $4::boolean[], $5::uuid[], $6::bigint[], $7::timestamptz[])
              r (booking_id, client_id, is_placed, address_id, total_cents, done_at)
         left join client_visits k on k.org_id = $1 and k.booking_id = r.booking_id
         left join client_merges m on m.org_id = $1 and m.client_id = r.client_id
         on conflict (org_id, booking_id) do update
         set client_id = coalesce(excluded.client_id, v.client_id), address_id = excluded.address_id,
             total_cents = coalesce(excluded.total_cents, v.total_cents),
             done_at = coalesce(excluded.done_at, v.done_at)",
        org.as_uuid(),
        &column(&visits, |(id, _)| **id),
        &column(&visits, |(_, visit)| visit.client_id) as &[Option<Uuid>],
        &column(&visits, |(_, visit)| visit.is_placed),
        &column(&visits, |(_, visit)| visit.address_id) as &[Option<Uuid>],
        &column(&visits, |(_, visit)| visit.total_cents) as &[Option<i64>],
        &column(&visits, |(_, visit)| visit.done_at) as &[Option<DateTime<Utc>>],
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Everything of `from` is `into`'s from now on.
pub(super) async fn merge(
    db: &mut PgConnection,
    org: OrgId,
    (from, into): (Uuid, Uuid),
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "with told as (update client_notes set client_id = $3 where org_id = $1 and client_id = $2),
              said as (update client_feedback set client_id = $3 where org_id = $1 and client_id = $2),
              been as (update client_visits set client_id = $3 where org_id = $1 and client_id = $2),
              gone as (update client_merges set into_id = $3 where org_id = $1 and into_id = $2)
         insert into client_merges (org_id, client_id, into_id) values ($1, $2, $3)
         on conflict (org_id, client_id) do update set into_id = excluded.into_id",
        org.as_uuid(),
        from,
        into,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Reckons anew how `clients` stand; whoever was merged does not stand for themselves.
pub(super) async fn judge(
    db: &mut PgConnection,
    org: OrgId,
    clients: &[Uuid],
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "delete from client_standing s using client_merges m
         where s.org_id = $1 and m.org_id = $1 and m.client_id = s.client_id and s.client_id = any($2)",
        org.as_uuid(),
        clients,
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "insert into client_standing (org_id, client_id, visits, completed_cents, first_done_at, last_done_at,
             complaints_at, rated_at, ratings)
         select $1, c.client_id, v.visits, v.cents, v.first_at, v.last_at, coalesce(n.at, '{}'), coalesce(f.at, '{}'),
                coalesce(f.ratings, '{}')
         from (select distinct coalesce(m.into_id, t.client_id) as client_id
               from unnest($2::uuid[]) t (client_id)
               left join client_merges m on m.org_id = $1 and m.client_id = t.client_id) c
         cross join lateral (
             select count(*)::integer as visits, coalesce(sum(total_cents), 0)::bigint as cents, min(done_at) as first_at,
                    max(done_at) as last_at
             from client_visits v where v.org_id = $1 and v.client_id = c.client_id and v.done_at is not null) v
         cross join lateral (
             select array_agg(x.at order by x.position) as at
             from (select at, position from client_notes
                   where org_id = $1 and client_id = c.client_id and kind = 'COMPLAINT'
                   order by position desc limit $3) x) n
         cross join lateral (
             select array_agg(x.at order by x.position) as at, array_agg(x.rating order by x.position) as ratings
             from (select at, position, rating from client_feedback
                   where org_id = $1 and client_id = c.client_id
                   order by position desc limit $3) x) f
         on conflict (org_id, client_id) do update
         set visits = excluded.visits, completed_cents = excluded.completed_cents,
             first_done_at = excluded.first_done_at, last_done_at = excluded.last_done_at,
             complaints_at = excluded.complaints_at, rated_at = excluded.rated_at, ratings = excluded.ratings",
        org.as_uuid(),
        clients,
        i64::from(LOOKED_AT),
    )
    .execute(db)
    .await?;
    Ok(())
}

fn column<'a, T, V>(rows: &'a [T], field: impl Fn(&'a T) -> V) -> Vec<V> {
    rows.iter().map(field).collect()
}
