//! Folding an aggregate from its stream.

use std::sync::Arc;

use cqrs_es::Aggregate;
use domain::event::EventSourced;
use domain::id::{OrgId, SubjectId};
use domain::personal::subjects_in;
use domain::recorded::DecodeError;
use domain::seal::{MasterKeys, SubjectKeys, open_all};
use domain::upcast;
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

use crate::error::{BrokenHistory, LoadError};
use crate::keys;

/// An aggregate as its events left it.
#[derive(Clone, Debug)]
pub(crate) struct Folded<A> {
    pub(crate) state: A,
    pub(crate) version: i32,
    /// The keys of the people in it who have not been erased.
    pub(crate) keys: Arc<SubjectKeys>,
}

struct Row {
    sequence: i32,
    event_type: String,
    event_version: String,
    payload: String,
    master_version: Option<i32>,
    wrapped: Option<Vec<u8>>,
}

/// The aggregate after its event number `until`, or as it is now.
pub(crate) async fn fold<A: EventSourced>(
    pool: &PgPool,
    masters: &MasterKeys,
    org: OrgId,
    id: &str,
    until: i32,
) -> Result<Folded<A>, LoadError> {
    let own: Option<SubjectId> = id.parse().ok();
    let rows = read::<A>(pool, org, id, until, own).await?;

    let mut keys = SubjectKeys::new();
    if let (Some(subject), Some(row)) = (own, rows.first())
        && let (Some(version), Some(wrapped)) = (row.master_version, &row.wrapped)
    {
        let key = masters.unwrap(org, subject, version, wrapped).map_err(BrokenHistory::from)?;
        keys.insert(subject, key);
    }
    let mut payloads = Vec::with_capacity(rows.len());
    let mut others = Vec::new();
    for row in &rows {
        let json = parse::<A>(row)?;
        subjects_in(&json, &mut others);
        payloads.push(json);
    }
    others.retain(|subject| Some(*subject) != own);
    if !others.is_empty() {
        keys.extend(keys::fetch(pool, masters, org, &others).await?);
    }

    let mut state = A::default();
    for (row, mut json) in rows.iter().zip(payloads) {
        open_all(&mut json, &keys).map_err(BrokenHistory::from)?;
        let event = serde_json::from_value(json).map_err(|source| broken::<A>(row, source))?;
        state.apply(event);
    }
    let version = rows.last().map_or(0, |row| row.sequence);
    Ok(Folded { state, version, keys: Arc::new(keys) })
}

/// Reads the stream, again if the connection turns out to be dead: after the database was restarted the pool is full of
/// such connections, and asking each whether it still lives would cost every load a round trip.
async fn read<A: Aggregate>(
    pool: &PgPool,
    org: OrgId,
    id: &str,
    until: i32,
    own: Option<SubjectId>,
) -> Result<Vec<Row>, LoadError> {
    let mut attempts = 0;
    loop {
        let rows = sqlx::query_as!(
            Row,
            r#"select sequence as "sequence!", event_type as "event_type!",
                      event_version as "event_version!", payload as "payload!", master_version, wrapped
               from log.stream($1, $2, $3, $4, $5)"#,
            org.as_uuid(),
            A::TYPE,
            id,
            until,
            own.map(SubjectId::as_uuid) as Option<Uuid>,
        )
        .fetch_all(pool)
        .await;
        match rows {
            Ok(rows) => return Ok(rows),
            Err(sqlx::Error::Io(_)) if attempts < pool.options().get_max_connections() => {
                attempts += 1;
            }
            Err(error) => return Err(unavailable(&error)),
        }
    }
}

fn parse<A: Aggregate>(row: &Row) -> Result<Value, BrokenHistory> {
    let json = serde_json::from_str(&row.payload).map_err(|source| broken::<A>(row, source))?;
    Ok(upcast::upcast(A::TYPE, &row.event_type, &row.event_version, json))
}

fn broken<A: Aggregate>(row: &Row, source: serde_json::Error) -> BrokenHistory {
    BrokenHistory::Decode(DecodeError::Payload {
        aggregate_type: A::TYPE.to_owned(),
        event_type: row.event_type.clone(),
        event_version: row.event_version.clone(),
        source,
    })
}

pub(crate) fn unavailable(error: &sqlx::Error) -> LoadError {
    tracing::warn!(%error, "the log cannot be read");
    LoadError::Unavailable
}
