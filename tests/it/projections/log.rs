//! A log written by the test itself, event by event, so that it can hold what the bus would never let through.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta};
use cqrs_es::{Aggregate, DomainEvent};
use domain::id::OrgId;
use domain::recorded::Recorded;
use domain::sales::lead::{Lead, LeadEvent};
use domain::seal::{self, SubjectKey, SubjectKeys};
use domain::subject::{Subject, SubjectEvent};
use projections::engine::Mark;
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::harness::database::keys;

pub(super) const STAFF: &str = r#"{"actor":{"type":"staff","id":"s1","role":"owner"},"request_id":"r1","correlation_id":"c1","command_id":"00000000-0000-0000-0000-000000000000"}"#;

/// The log of one organisation.
pub(super) struct Log {
    pub(super) org: OrgId,
    pub(super) mark: Mark,
    owner: PgPool,
    sequences: HashMap<(String, String), i32>,
    keys: SubjectKeys,
}

impl Log {
    /// An empty one of a new organisation; `owner` passes row-level security.
    pub(super) async fn open(owner: &PgPool) -> Self {
        let org = OrgId::from(Uuid::new_v4());
        sqlx::query("insert into organizations (org_id, slug, name) values ($1, $2, 'Test')")
            .bind(org.as_uuid())
            .bind(org.to_string())
            .execute(owner)
            .await
            .unwrap();
        let mark = Mark::start(org);
        sqlx::query(
            "insert into log_heads (org_id, position, hash, recorded_at) values ($1, 0, $2, 0)",
        )
        .bind(org.as_uuid())
        .bind(&mark.hash[..])
        .execute(owner)
        .await
        .unwrap();
        Self { org, mark, owner: owner.clone(), sequences: HashMap::new(), keys: HashMap::new() }
    }

    /// Appends an event with any content and returns its position.
    pub(super) async fn append(
        &mut self,
        (aggregate_type, id): (&str, impl ToString),
        event_type: &str,
        payload: impl ToString,
        metadata: &str,
    ) -> i64 {
        let id = id.to_string();
        let sequence = self.sequences.entry((aggregate_type.to_owned(), id.clone())).or_default();
        *sequence += 1;
        let mut event = Recorded {
            org: self.org,
            position: self.mark.position + 1,
            recorded_at: DateTime::UNIX_EPOCH + TimeDelta::minutes(self.mark.position + 1),
            aggregate_type: aggregate_type.to_owned(),
            aggregate_id: id,
            sequence: *sequence,
            event_type: event_type.to_owned(),
            event_version: "1".to_owned(),
            payload: payload.to_string(),
            metadata: metadata.to_owned(),
            hash: [0; 32],
        };
        event.hash = event.expected_hash(&self.mark.hash);
        self.insert(&event).await;
        self.mark = Mark { position: event.position, hash: event.hash };
        event.position
    }

    async fn insert(&self, event: &Recorded) {
        sqlx::query(
            "insert into events (org_id, position, recorded_at, sequence, aggregate_type, aggregate_id, event_type,
                 event_version, payload, metadata, hash)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9::json, $10::json, $11)",
        )
        .bind(event.org.as_uuid())
        .bind(event.position)
        .bind(event.recorded_at)
        .bind(event.sequence)
        .bind(&event.aggregate_type)
        .bind(&event.aggregate_id)
        .bind(&event.event_type)
        .bind(&event.event_version)
        .bind(&event.payload)
        .bind(&event.metadata)
        .bind(&event.hash[..])
        .execute(&self.owner)
        .await
        .unwrap();
        sqlx::query("update log_heads set position = $2, hash = $3 where org_id = $1")
            .bind(event.org.as_uuid())
            .bind(event.position)
            .bind(&event.hash[..])
            .execute(&self.owner)
            .await
            .unwrap();
    }

    /// Appends `count` events without meaning to streams of their own.
    pub(super) async fn fill(&mut self, count: usize) {
        for _ in 0..count {
            self.append(("thing", Uuid::new_v4()), "happened", "{}", STAFF).await;
        }
    }

    /// Appends an event of a lead, sealed; its submission makes the key.
    pub(super) async fn lead(&mut self, lead: Uuid, event: &LeadEvent) -> i64 {
        if matches!(event, LeadEvent::Submitted(_)) {
            self.new_key(lead).await;
        }
        let mut payload = serde_json::to_value(event).unwrap();
        let mut nonce = || *Uuid::new_v4().as_bytes().first_chunk().unwrap();
        seal::seal_all(&mut payload, &self.keys, &mut nonce).unwrap();
        self.append((Lead::TYPE, lead), &event.event_type(), payload, STAFF).await
    }

    async fn new_key(&mut self, subject: Uuid) {
        let raw = [Uuid::new_v4().into_bytes(), Uuid::new_v4().into_bytes()].concat();
        let key = SubjectKey::new(self.org, subject.into(), raw.try_into().unwrap());
        let (version, wrapped) = keys().wrap(&key, [1; 12]).unwrap();
        sqlx::query("insert into subject_keys values ($1, $2, $3, $4)")
            .bind(self.org.as_uuid())
            .bind(subject)
            .bind(version)
            .bind(wrapped)
            .execute(&self.owner)
            .await
            .unwrap();
        self.keys.insert(subject.into(), key);
    }

    /// Erases a person.
    pub(super) async fn erase(&mut self, subject: Uuid) -> i64 {
        sqlx::query("delete from subject_keys where org_id = $1 and subject_id = $2")
            .bind(self.org.as_uuid())
            .bind(subject)
            .execute(&self.owner)
            .await
            .unwrap();
        let event = SubjectEvent::Erased { subject: subject.into(), reason: "asked".to_owned() };
        let payload = serde_json::to_value(event).unwrap();
        self.append((Subject::TYPE, subject), "erased", payload, STAFF).await
    }

    /// Appends the decision `parked_retried` or `parked_skipped` about a stream that stopped at `position`.
    pub(super) async fn decide(
        &mut self,
        decision: &str,
        projection: &str,
        stream: (&str, impl ToString),
        position: i64,
    ) -> i64 {
        let payload: Value = json!({
            "type": decision, "projection": projection, "aggregate_type": stream.0,
            "aggregate_id": stream.1.to_string(), "position": position, "reason": "looked at"
        });
        let org = self.org;
        self.append(("organisation", org), decision, payload, STAFF).await
    }
}
