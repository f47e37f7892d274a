//! The log of one organisation as `cqrs-es` reads event stores: whatever replays through that crate replays our history,
//! `QueryReplay` and `PersistedEventStore` among them.
//!
//! It reads and never writes. What `persist` is given says nothing of claims, slots and the keys of people, and a log
//! written without them would keep none of its promises: commands go through the bus.

use std::collections::HashMap;

use cqrs_es::Aggregate;
use cqrs_es::persist::{
    PersistedEventRepository, PersistenceError, ReplayFeed, ReplayStream, SerializedEvent,
    SerializedSnapshot,
};
use domain::id::OrgId;
use domain::personal::subjects_in;
use domain::recorded::Recorded;
use domain::seal::{self, MasterKeys};
use serde_json::{Value, json};
use sqlx::PgPool;

use super::log::{self, PAGE};
use crate::{subject_keys, tenant};

/// How many events may wait for whoever replays them.
const AHEAD: usize = 64;

/// Reads the log of one organisation; personal data open, or erased.
#[derive(Clone)]
pub struct LogRepository {
    pool: PgPool,
    org: OrgId,
    keys: MasterKeys,
}

/// Never prints where it connects.
impl std::fmt::Debug for LogRepository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LogRepository({})", self.org)
    }
}

/// Events go through the command bus, which reserves what they need in the same transaction.
#[derive(Debug, thiserror::Error)]
#[error("this repository only reads: events are appended by the command bus")]
struct ReadOnly;

impl LogRepository {
    /// The log of `org`, read through `pool`.
    pub const fn new(pool: PgPool, org: OrgId, keys: MasterKeys) -> Self {
        Self { pool, org, keys }
    }

    /// The next page of one stream, after its event number `after`.
    async fn stream<A: Aggregate>(
        &self,
        id: &str,
        after: i32,
    ) -> Result<Vec<SerializedEvent>, PersistenceError> {
        let mut tx = tenant::begin(&self.pool, self.org).await.map_err(unreachable)?;
        let page = log::stream(&mut tx, self.org, (A::TYPE, id), after, PAGE).await;
        self.opened(&mut tx, page.map_err(unreachable)?).await
    }

    /// The next events of every `A` after a position, and the last position looked at; `None` at the end of the log.
    async fn page<A: Aggregate>(
        &self,
        after: i64,
    ) -> Result<Option<(i64, Vec<SerializedEvent>)>, PersistenceError> {
        let mut tx = tenant::begin(&self.pool, self.org).await.map_err(unreachable)?;
        let page = log::of_kinds(&mut tx, self.org, &[A::TYPE], (after, i64::MAX), PAGE).await;
        let page = page.map_err(unreachable)?;
        let Some(last) = page.last().map(|event| event.position) else { return Ok(None) };
        Ok(Some((last, self.opened(&mut tx, page).await?)))
    }

    async fn opened(
        &self,
        db: &mut sqlx::PgConnection,
        events: Vec<Recorded>,
    ) -> Result<Vec<SerializedEvent>, PersistenceError> {
        let mut payloads = Vec::with_capacity(events.len());
        let mut subjects = Vec::new();
        for event in &events {
            let json = event.payload_json().map_err(unreadable)?;
            subjects_in(&json, &mut subjects);
            payloads.push(json);
        }
        let keys = subject_keys::load(db, &self.keys, self.org, &subjects).await;
        let keys = keys.map_err(unreachable)?;
        let opened = events.into_iter().zip(payloads).map(|(event, mut payload)| {
            seal::open_all(&mut payload, &keys).map_err(unreadable)?;
            serialized(event, payload)
        });
        opened.collect()
    }

    async fn feed_all<A: Aggregate>(&self, feed: &mut ReplayFeed) -> Result<(), PersistenceError> {
        let mut after = 0;
        while let Some((last, events)) = self.page::<A>(after).await? {
            for event in events {
                feed.push(Ok(event)).await?;
            }
            after = last;
        }
        Ok(())
    }
}

impl PersistedEventRepository for LogRepository {
    async fn get_events<A: Aggregate>(
        &self,
        aggregate_id: &str,
    ) -> Result<Vec<SerializedEvent>, PersistenceError> {
        self.get_last_events::<A>(aggregate_id, 0).await
    }

    async fn get_last_events<A: Aggregate>(
        &self,
        aggregate_id: &str,
        last_sequence: usize,
    ) -> Result<Vec<SerializedEvent>, PersistenceError> {
        let mut events = Vec::new();
        let mut after = i32::try_from(last_sequence).unwrap_or(i32::MAX);
        loop {
            let page = self.stream::<A>(aggregate_id, after).await?;
            let Some(last) = page.last() else { return Ok(events) };
            after = i32::try_from(last.sequence).unwrap_or(i32::MAX);
            events.extend(page);
        }
    }

    async fn get_snapshot<A: Aggregate>(
        &self,
        _aggregate_id: &str,
    ) -> Result<Option<SerializedSnapshot>, PersistenceError> {
        Ok(None)
    }

    async fn persist<A: Aggregate>(
        &self,
        _events: &[SerializedEvent],
        _snapshot_update: Option<(String, Value, usize)>,
    ) -> Result<(), PersistenceError> {
        Err(PersistenceError::UnknownError(ReadOnly.into()))
    }

    async fn stream_events<A: Aggregate>(
        &self,
        aggregate_id: &str,
    ) -> Result<ReplayStream, PersistenceError> {
        // A stream is read whole for every decision; it is not too much to hold for a replay.
        let events = self.get_events::<A>(aggregate_id).await?;
        let (mut feed, stream) = ReplayStream::new(events.len().max(1));
        for event in events {
            feed.push(Ok(event)).await?;
        }
        Ok(stream)
    }

    async fn stream_all_events<A: Aggregate>(&self) -> Result<ReplayStream, PersistenceError> {
        let (mut feed, stream) = ReplayStream::new(AHEAD);
        let this = self.clone();
        #[expect(clippy::disallowed_methods, reason = "it ends when whoever replays lets go")]
        tokio::spawn(async move {
            if let Err(error) = this.feed_all::<A>(&mut feed).await {
                // If nobody listens any more, nobody needs to know.
                let _ = feed.push(Err(error)).await;
            }
        });
        Ok(stream)
    }
}

/// The crate's metadata are words by name; ours are flattened to them.
fn serialized(event: Recorded, payload: Value) -> Result<SerializedEvent, PersistenceError> {
    let known = event.metadata().map_err(unreadable)?;
    let mut metadata = HashMap::from([
        ("org_id", event.org.to_string()),
        ("position", event.position.to_string()),
        ("recorded_at", event.recorded_at.to_rfc3339()),
        ("actor_type", known.actor.kind),
        ("actor_id", known.actor.id),
        ("actor_role", known.actor.role),
        ("request_id", known.request_id),
        ("correlation_id", known.correlation_id),
        ("command_id", known.command_id.to_string()),
    ]);
    let causation = known.causation_id.map(|causation| ("causation_id", causation));
    let reason = known.reason.map(|reason| ("reason", reason));
    metadata.extend(causation.into_iter().chain(reason));
    Ok(SerializedEvent {
        aggregate_id: event.aggregate_id,
        sequence: usize::try_from(event.sequence).unwrap_or_default(),
        aggregate_type: event.aggregate_type,
        event_type: event.event_type,
        event_version: event.event_version,
        payload,
        metadata: json!(metadata),
    })
}

fn unreachable(error: sqlx::Error) -> PersistenceError {
    PersistenceError::ConnectionError(error.into())
}

fn unreadable(
    error: impl Into<Box<dyn std::error::Error + Send + Sync + 'static>>,
) -> PersistenceError {
    PersistenceError::DeserializationError(error.into())
}
