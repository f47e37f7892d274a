//! Everything that ever happened to anything, in order: what staff read below a record.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use domain::id::OrgId;
use domain::personal;
use domain::recorded::Recorded;
use domain::seal::{self, MasterKeys};
use domain::upcast;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Batch, Parking, Poison, Projection, subject_keys};

/// Keeps the `entity_timeline` table.
#[derive(Debug)]
pub struct EntityTimeline;

impl Projection for EntityTimeline {
    const NAME: &'static str = "entity_timeline";
    const VERSION: i32 = 1;
    const TABLES: &'static [&'static str] = &["entity_timeline"];

    async fn apply(db: &mut PgConnection, batch: &Batch<'_>) -> Result<Vec<Poison>, sqlx::Error> {
        let mut parking = Parking::default();
        let mut rows = Rows::default();
        for event in batch.events {
            if parking.holds(event) {
                continue;
            }
            match serde_json::from_str(&event.metadata) {
                Ok(origin) => rows.push(event, origin),
                Err(_) => parking.park(event, "its metadata does not decode"),
            }
        }
        rows.write(db, batch.org).await?;
        Ok(parking.into_poison())
    }
}

/// The metadata of an event, borrowed from its text.
#[derive(Deserialize)]
struct Origin<'a> {
    #[serde(borrow)]
    actor: Who<'a>,
    #[serde(borrow)]
    request_id: Cow<'a, str>,
    #[serde(borrow)]
    correlation_id: Cow<'a, str>,
    #[serde(borrow, default)]
    causation_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    reason: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Who<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    role: Cow<'a, str>,
}

/// One array per column. Texts stay where they are; payloads pass through unparsed.
#[derive(Default)]
struct Rows<'a> {
    entity_type: Vec<&'a str>,
    entity_id: Vec<&'a str>,
    position: Vec<i64>,
    sequence: Vec<i32>,
    event_id: Vec<Uuid>,
    event_type: Vec<&'a str>,
    event_version: Vec<&'a str>,
    recorded_at: Vec<DateTime<Utc>>,
    payload: Vec<&'a str>,
    actor_type: Vec<Cow<'a, str>>,
    actor: Vec<Cow<'a, str>>,
    actor_role: Vec<Cow<'a, str>>,
    request_id: Vec<Cow<'a, str>>,
    correlation_id: Vec<Cow<'a, str>>,
    causation_id: Vec<Option<Cow<'a, str>>>,
    reason: Vec<Option<Cow<'a, str>>>,
}

impl<'a> Rows<'a> {
    fn push(&mut self, event: &'a Recorded, origin: Origin<'a>) {
        self.entity_type.push(&event.aggregate_type);
        self.entity_id.push(&event.aggregate_id);
        self.position.push(event.position);
        self.sequence.push(event.sequence);
        self.event_id.push(event.id());
        self.event_type.push(&event.event_type);
        self.event_version.push(&event.event_version);
        self.recorded_at.push(event.recorded_at);
        self.payload.push(&event.payload);
        self.actor_type.push(origin.actor.kind);
        self.actor.push(origin.actor.id);
        self.actor_role.push(origin.actor.role);
        self.request_id.push(origin.request_id);
        self.correlation_id.push(origin.correlation_id);
        self.causation_id.push(origin.causation_id);
        self.reason.push(origin.reason);
    }

    async fn write(&self, db: &mut PgConnection, org: OrgId) -> Result<(), sqlx::Error> {
        if self.position.is_empty() {
            return Ok(());
        }
        sqlx::query!(
            "insert into entity_timeline (org_id, entity_type, entity_id, position, sequence, event_id, event_type,
                 event_version, recorded_at, actor_type, actor, actor_role, request_id, correlation_id, causation_id,
                 reason, payload)
             select $1, entity_type, entity_id, position, sequence, event_id, event_type, event_version, recorded_at,
                    actor_type, actor, actor_role, request_id, correlation_id, causation_id, reason, payload::json
             from unnest($2::text[], $3::text[], $4::bigint[], $5::integer[], $6::uuid[], $7::text[], $8::text[],
                         $9::timestamptz[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[],
                         $15::text[], $16::text[], $17::text[])
                  r (entity_type, entity_id, position, sequence, event_id, event_type, event_version, recorded_at,
                     actor_type, actor, actor_role, request_id, correlation_id, causation_id, reason, payload)",
            org.as_uuid(),
            &self.entity_type as &[&str],
            &self.entity_id as &[&str],
            &self.position,
            &self.sequence,
            &self.event_id,
            &self.event_type as &[&str],
            &self.event_version as &[&str],
            &self.recorded_at,
            &self.actor_type as &[Cow<'_, str>],
            &self.actor as &[Cow<'_, str>],
            &self.actor_role as &[Cow<'_, str>],
            &self.request_id as &[Cow<'_, str>],
            &self.correlation_id as &[Cow<'_, str>],
            &self.causation_id as &[Option<Cow<'_, str>>],
            &self.reason as &[Option<Cow<'_, str>>],
            &self.payload as &[&str],
        )
        .execute(db)
        .await?;
        Ok(())
    }
}

/// What an answer holds at most.
pub const PAGE: i64 = 500;

/// One event of an entity, as people may read it. `Debug` shows nothing of the person.
#[derive(Clone, PartialEq, Serialize)]
pub struct Entry {
    /// Place in the log; also the cursor.
    pub position: i64,
    /// Place in the stream of the entity.
    pub sequence: i32,
    /// Stable id of the event.
    pub event_id: Uuid,
    /// Wire name.
    pub event_type: String,
    /// Version of its payload.
    pub event_version: String,
    /// When.
    pub recorded_at: DateTime<Utc>,
    /// `staff`, `public`, `system`.
    pub actor_type: String,
    /// Who.
    pub actor: String,
    /// In which role.
    pub actor_role: String,
    /// In which request.
    pub request_id: String,
    /// What else that request set off.
    pub correlation_id: String,
    /// The event that caused it.
    pub causation_id: Option<String>,
    /// Why, if the actor said so.
    pub reason: Option<String>,
    /// What happened, with what is left of personal values.
    pub payload: Value,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Entry({} at {})", self.event_type, self.position)
    }
}

/// What happened to an entity, newest first, before the position `before`, at most `limit` and [`PAGE`].
///
/// The keys are read in the same transaction: who has been erased by now is erased in the answer.
pub async fn page(
    db: &mut PgConnection,
    masters: &MasterKeys,
    (org, entity_type, entity_id): (OrgId, &str, &str),
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Entry>, sqlx::Error> {
    let mut entries = sqlx::query_as!(
        Entry,
        "select position, sequence, event_id, event_type, event_version, recorded_at, actor_type, actor, actor_role,
                request_id, correlation_id, causation_id, reason, payload
         from entity_timeline
         where org_id = $1 and entity_type = $2 and entity_id = $3 and ($4::bigint is null or position < $4)
         order by position desc limit $5",
        org.as_uuid(),
        entity_type,
        entity_id,
        before,
        limit.clamp(1, PAGE),
    )
    .fetch_all(&mut *db)
    .await?;
    let mut subjects = Vec::new();
    for entry in &entries {
        personal::subjects_in(&entry.payload, &mut subjects);
    }
    let keys = subject_keys::load(db, masters, org, &subjects).await?;
    for entry in &mut entries {
        let payload = upcast::upcast(
            (entity_type, entity_id),
            &entry.event_type,
            &entry.event_version,
            entry.payload.take(),
        );
        entry.payload = payload;
        seal::open_all(&mut entry.payload, &keys)
            .map_err(|error| sqlx::Error::Decode(error.into()))?;
        personal::reveal(&mut entry.payload);
    }
    Ok(entries)
}
