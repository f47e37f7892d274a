//! The log of an organisation, as it is stored.

use chrono::{DateTime, Utc};
use domain::chain::Hash;
use domain::id::OrgId;
use domain::recorded::Recorded;
use sqlx::PgConnection;

/// What one page holds at most.
pub const PAGE: i64 = 500;

struct Row {
    position: i64,
    recorded_at: DateTime<Utc>,
    sequence: i32,
    aggregate_type: String,
    aggregate_id: String,
    event_type: String,
    event_version: String,
    payload: String,
    metadata: String,
    hash: Vec<u8>,
}

impl Row {
    fn recorded(self, org: OrgId) -> Recorded {
        Recorded {
            org,
            position: self.position,
            recorded_at: self.recorded_at,
            aggregate_type: self.aggregate_type,
            aggregate_id: self.aggregate_id,
            sequence: self.sequence,
            event_type: self.event_type,
            event_version: self.event_version,
            payload: self.payload,
            metadata: self.metadata,
            hash: hash(self.hash),
        }
    }
}

/// A hash of another length is no hash: it matches nothing.
pub(crate) fn hash(bytes: Vec<u8>) -> Hash {
    bytes.try_into().unwrap_or_default()
}

/// The next events after `after`, 1 to [`PAGE`] of them.
pub async fn page(
    db: &mut PgConnection,
    org: OrgId,
    after: i64,
    limit: i64,
) -> Result<Vec<Recorded>, sqlx::Error> {
    between(db, org, (after, i64::MAX), limit.clamp(1, PAGE)).await
}

/// At most `limit` events behind `after` up to `upto`; for readers that follow the whole log.
pub(crate) async fn between(
    db: &mut PgConnection,
    org: OrgId,
    (after, upto): (i64, i64),
    limit: i64,
) -> Result<Vec<Recorded>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"select position, recorded_at, sequence, aggregate_type, aggregate_id, event_type, event_version,
                  payload::text as "payload!", metadata::text as "metadata!", hash
           from events where org_id = $1 and position > $2 and position <= $3
           order by position limit $4"#,
        org.as_uuid(),
        after,
        upto,
        limit,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| row.recorded(org)).collect())
}

/// As [`between`], of some kinds of aggregate only.
pub(crate) async fn of_kinds(
    db: &mut PgConnection,
    org: OrgId,
    kinds: &[&str],
    (after, upto): (i64, i64),
    limit: i64,
) -> Result<Vec<Recorded>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"select position, recorded_at, sequence, aggregate_type, aggregate_id, event_type, event_version,
                  payload::text as "payload!", metadata::text as "metadata!", hash
           from events
           where org_id = $1 and position > $2 and position <= $3 and aggregate_type = any($4)
           order by position limit $5"#,
        org.as_uuid(),
        after,
        upto,
        kinds as &[&str],
        limit,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| row.recorded(org)).collect())
}

/// The event at `position`.
pub async fn at(
    db: &mut PgConnection,
    org: OrgId,
    position: i64,
) -> Result<Option<Recorded>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        r#"select position, recorded_at, sequence, aggregate_type, aggregate_id, event_type, event_version,
                  payload::text as "payload!", metadata::text as "metadata!", hash
           from events where org_id = $1 and position = $2"#,
        org.as_uuid(),
        position,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| row.recorded(org)))
}

/// The next events of one aggregate after its event number `after`, 1 to [`PAGE`] of them.
pub async fn stream(
    db: &mut PgConnection,
    org: OrgId,
    (aggregate_type, aggregate_id): (&str, &str),
    after: i32,
    limit: i64,
) -> Result<Vec<Recorded>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"select position, recorded_at, sequence, aggregate_type, aggregate_id, event_type, event_version,
                  payload::text as "payload!", metadata::text as "metadata!", hash
           from events
           where org_id = $1 and aggregate_type = $2 and aggregate_id = $3 and sequence > $4
           order by sequence limit $5"#,
        org.as_uuid(),
        aggregate_type,
        aggregate_id,
        after,
        limit.clamp(1, PAGE),
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| row.recorded(org)).collect())
}

/// Several streams, each named by kind, id and its last event that is wanted; stream by stream, in order.
pub(crate) async fn streams(
    db: &mut PgConnection,
    org: OrgId,
    streams: &[(&str, &str, i32)],
) -> Result<Vec<Recorded>, sqlx::Error> {
    let kinds: Vec<_> = streams.iter().map(|(kind, _, _)| *kind).collect();
    let ids: Vec<_> = streams.iter().map(|(_, id, _)| *id).collect();
    let last: Vec<_> = streams.iter().map(|(_, _, last)| *last).collect();
    let rows = sqlx::query_as!(
        Row,
        r#"select e.position, e.recorded_at, e.sequence, e.aggregate_type, e.aggregate_id, e.event_type, e.event_version,
                  e.payload::text as "payload!", e.metadata::text as "metadata!", e.hash
           from unnest($2::text[], $3::text[], $4::integer[]) s (kind, id, last)
           join events e on e.org_id = $1 and e.aggregate_id = s.id and e.aggregate_type = s.kind and e.sequence <= s.last
           order by e.aggregate_type, e.aggregate_id, e.sequence"#,
        org.as_uuid(),
        &kinds as &[&str],
        &ids as &[&str],
        &last,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| row.recorded(org)).collect())
}

/// Where a log stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Of the last event, as the head says; 0 before the first.
    pub position: i64,
    /// The chain up to there.
    pub hash: Hash,
    /// The last position that is really stored; `None` if no event is.
    pub last: Option<i64>,
}

/// The head of the log and the last event, seen at the same moment; `None` if there is no such log.
pub async fn head(db: &mut PgConnection, org: OrgId) -> Result<Option<Head>, sqlx::Error> {
    let row = sqlx::query!(
        r#"select h.position, h.hash, (select max(e.position) from events e where e.org_id = $1) as last
           from log_heads h where h.org_id = $1"#,
        org.as_uuid(),
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Head { position: row.position, hash: hash(row.hash), last: row.last }))
}

/// The last position that is stored, whatever the head says; 0 if no event is.
pub(crate) async fn last(db: &mut PgConnection, org: OrgId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select coalesce(max(position), 0) as "last!" from events where org_id = $1"#,
        org.as_uuid(),
    )
    .fetch_one(db)
    .await
}
