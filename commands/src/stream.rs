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
use tokio::sync::mpsc;

use crate::error::{BrokenHistory, LoadError};
use crate::keys;
use crate::lane::lane_of;
use crate::reader::{self, Read, Row, Wanted};

/// Where streams are read from, and what opens the personal data in them.
#[derive(Clone)]
pub(crate) struct Streams {
    pub(crate) pool: PgPool,
    pub(crate) keys: MasterKeys,
    pub(crate) readers: Arc<[mpsc::Sender<Read>]>,
}

/// An aggregate as its events left it.
#[derive(Clone, Debug)]
pub(crate) struct Folded<A> {
    pub(crate) state: A,
    pub(crate) version: i32,
    /// The keys of the people in it who have not been erased.
    pub(crate) keys: Arc<SubjectKeys>,
}

/// The aggregate after its event number `until`, or as it is now.
pub(crate) async fn fold<A: EventSourced>(
    log: &Streams,
    org: OrgId,
    id: &str,
    until: i32,
) -> Result<Folded<A>, LoadError> {
    let own: Option<SubjectId> = id.parse().ok();
    let wanted = Wanted { org, kind: A::TYPE, id: id.to_owned(), until, subject: own };
    let rows = reader::read(&log.readers[lane_of(org, log.readers.len())], wanted).await?;

    let mut keys = SubjectKeys::new();
    if let (Some(subject), Some(row)) = (own, rows.first())
        && let (Some(version), Some(wrapped)) = (row.master_version, &row.wrapped)
    {
        let key = log.keys.unwrap(org, subject, version, wrapped).map_err(BrokenHistory::from)?;
        keys.insert(subject, key);
    }
    let mut payloads = Vec::with_capacity(rows.len());
    let mut others = Vec::new();
    for row in &rows {
        let json = parse::<A>(id, row)?;
        subjects_in(&json, &mut others);
        payloads.push(json);
    }
    others.retain(|subject| Some(*subject) != own);
    if !others.is_empty() {
        keys.extend(keys::fetch(&log.pool, &log.keys, org, &others).await?);
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

fn parse<A: Aggregate>(id: &str, row: &Row) -> Result<Value, BrokenHistory> {
    let json = serde_json::from_str(&row.payload).map_err(|source| broken::<A>(row, source))?;
    Ok(upcast::upcast((A::TYPE, id), &row.event_type, &row.event_version, json))
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
