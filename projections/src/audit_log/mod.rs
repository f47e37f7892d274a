//! What staff did, in the columns the operations guide asks for.
//!
//! Whatever was carried out is an event, so these rows are made from the log and name their event. What was tried and left
//! no event stands beside them in `audit_attempts`, which the write side keeps; queries show both in one order.

mod changes;
pub mod csv;
mod query;
mod verify;

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use domain::id::OrgId;
use domain::recorded::{Actor, Metadata, Recorded};
use serde_json::{Map, Value};
use sqlx::PgConnection;
use uuid::Uuid;

use self::changes::Changes;
pub use self::query::{Cursor, Entry, Filter, NoCursor, PAGE, page};
pub(crate) use self::verify::verify_behind;
pub use self::verify::{Finding, Known, ReadModel, Verified, read_model, verify};
use crate::{Batch, Parking, Poison, Projection};

/// Fields of an event that tell an auditor more and say nothing about a person.
const FACTS: &[&str] = &[
    "aggregate_id",
    "aggregate_type",
    "amount_cents",
    "cause",
    "currency",
    "entries",
    "expires_at",
    "position",
    "projection",
    "quote_id",
    "role_id",
    "session_id",
    "slug",
    "status",
    "subject",
    "through",
    "user_id",
];

/// Longer texts are somebody's words and not facts.
const LONGEST: usize = 200;

/// Keeps the `audit_entries` table.
#[derive(Debug)]
pub struct AuditLog;

impl Projection for AuditLog {
    const NAME: &'static str = "audit_log";
    const VERSION: i32 = 3;
    const TABLES: &'static [&'static str] = &["audit_entries"];

    async fn apply(db: &mut PgConnection, batch: &Batch<'_>) -> Result<Vec<Poison>, sqlx::Error> {
        let mut parking = Parking::default();
        let mut rows = Rows::default();
        for event in batch.events {
            if parking.holds(event) {
                continue;
            }
            let origin = event.metadata().map(Some);
            let Some(origin) = parking.unless_broken(event, origin) else { continue };
            if !is_audited(&origin.actor) {
                continue;
            }
            let payload = event.payload_json().map(Some);
            let Some(payload) = parking.unless_broken(event, payload) else { continue };
            rows.push(event, origin, &payload);
        }
        let changes = Changes::of(db, batch.org, &rows.events).await?;
        rows.write(db, batch.org, &changes).await?;
        Ok(parking.into_poison())
    }
}

/// Staff, and operators who work on the command line of the program.
fn is_audited(actor: &Actor) -> bool {
    actor.kind == "staff" || (actor.kind == "system" && actor.id.starts_with("cli"))
}

/// The action as `resource.verb`.
fn action(aggregate_type: &str, event_type: &str) -> Cow<'static, str> {
    let known = match (aggregate_type, event_type) {
        ("lead", "submitted") => "lead.create",
        ("lead", "contacted" | "quoted" | "won" | "lost") => "lead.status_change",
        ("lead", "notes_changed") => "lead.notes_change",
        ("lead", "loss_reason_changed") => "lead.loss_reason_change",
        ("lead", "timeline_entry_added") => "lead.timeline_add",
        ("lead", "quote_drafted") => "lead.quote_create",
        ("lead", "quote_sent") => "lead.quote_send",
        ("lead", "quote_accepted") => "lead.quote_accept",
        ("lead", "quote_declined") => "lead.quote_decline",
        ("lead", "quote_revised") => "lead.quote_revise",
        ("lead", "quote_expired") => "lead.quote_expire",
        ("lead", "quote_followed_up") => "lead.quote_follow_up",
        ("subject", "erased") => "subject.erase",
        ("organisation", "registered") => "organisation.register",
        ("organisation", "audit_pruned") => "audit.prune",
        ("organisation", "parked_retried") => "projection.retry",
        ("organisation", "parked_skipped") => "projection.skip",
        // An event this table does not know is still audited, under its own name.
        (resource, verb) => return Cow::Owned(format!("{resource}.{verb}")),
    };
    Cow::Borrowed(known)
}

fn facts(event: &Recorded, reason: Option<String>, payload: &Value) -> String {
    let mut facts = Map::new();
    for name in FACTS {
        let fact = payload.get(name).filter(|fact| match fact {
            Value::String(text) => text.len() <= LONGEST,
            Value::Number(_) | Value::Bool(_) => true,
            Value::Null | Value::Array(_) | Value::Object(_) => false,
        });
        if let Some(fact) = fact {
            facts.insert((*name).to_owned(), fact.clone());
        }
    }
    if let Some(position) = facts.remove("position") {
        facts.insert("parked_position".to_owned(), position);
    }
    facts.insert("event_id".to_owned(), event.id().to_string().into());
    facts.insert("event_type".to_owned(), event.event_type.as_str().into());
    facts.insert("position".to_owned(), event.position.into());
    if let Some(reason) = reason.filter(|reason| reason.len() <= LONGEST) {
        facts.insert("reason".to_owned(), reason.into());
    }
    Value::Object(facts).to_string()
}

#[derive(Default)]
struct Rows<'a> {
    events: Vec<&'a Recorded>,
    position: Vec<i64>,
    audit_id: Vec<Uuid>,
    created_at: Vec<DateTime<Utc>>,
    admin_role: Vec<String>,
    actor: Vec<String>,
    action: Vec<Cow<'static, str>>,
    resource_type: Vec<&'a str>,
    resource_id: Vec<&'a str>,
    metadata: Vec<String>,
    request_id: Vec<String>,
    correlation_id: Vec<String>,
    actor_user_id: Vec<Option<Uuid>>,
    status_code: Vec<Option<i32>>,
    client_ip: Vec<Option<String>>,
    user_agent_hash: Vec<Option<String>>,
}

impl<'a> Rows<'a> {
    fn push(&mut self, event: &'a Recorded, origin: Metadata, payload: &Value) {
        self.events.push(event);
        self.position.push(event.position);
        self.audit_id.push(event.id());
        self.created_at.push(event.recorded_at);
        let user = origin.actor.id.parse().ok().filter(|_| origin.actor.kind == "staff");
        self.actor_user_id.push(user);
        self.admin_role.push(origin.actor.role);
        self.actor.push(origin.actor.id);
        let named = origin.action.map(Cow::Owned);
        self.action.push(named.unwrap_or_else(|| action(&event.aggregate_type, &event.event_type)));
        self.resource_type.push(&event.aggregate_type);
        self.resource_id.push(&event.aggregate_id);
        self.metadata.push(facts(event, origin.reason, payload));
        self.request_id.push(origin.request_id);
        self.correlation_id.push(origin.correlation_id);
        self.status_code.push(origin.via.as_ref().map(|via| via.status.into()));
        let (client, agent) = origin.via.map(|via| (via.client, via.agent)).unwrap_or_default();
        self.client_ip.push(client);
        self.user_agent_hash.push(agent);
    }

    async fn write(
        &self,
        db: &mut PgConnection,
        org: OrgId,
        changes: &Changes,
    ) -> Result<(), sqlx::Error> {
        if self.position.is_empty() {
            return Ok(());
        }
        sqlx::query!(
            "insert into audit_entries (org_id, position, audit_id, created_at, admin_role, actor, action,
                 resource_type, resource_id, metadata, outcome, request_id, correlation_id, actor_user_id, status_code,
                 client_ip, user_agent_hash, before, after)
             select $1, position, audit_id, created_at, admin_role, actor, action, resource_type, resource_id,
                    metadata::jsonb, 'success', request_id, correlation_id, actor_user_id, status_code, client_ip::inet,
                    user_agent_hash, before::jsonb, after::jsonb
             from unnest($2::bigint[], $3::uuid[], $4::timestamptz[], $5::text[], $6::text[], $7::text[],
                         $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::uuid[], $14::integer[],
                         $15::text[], $16::text[], $17::text[], $18::text[])
                  r (position, audit_id, created_at, admin_role, actor, action, resource_type, resource_id,
                     metadata, request_id, correlation_id, actor_user_id, status_code, client_ip, user_agent_hash,
                     before, after)",
            org.as_uuid(),
            &self.position,
            &self.audit_id,
            &self.created_at,
            &self.admin_role,
            &self.actor,
            &self.action as &[Cow<'_, str>],
            &self.resource_type as &[&str],
            &self.resource_id as &[&str],
            &self.metadata,
            &self.request_id,
            &self.correlation_id,
            &self.actor_user_id as &[Option<Uuid>],
            &self.status_code as &[Option<i32>],
            &self.client_ip as &[Option<String>],
            &self.user_agent_hash as &[Option<String>],
            &changes.before as &[Option<String>],
            &changes.after as &[Option<String>],
        )
        .execute(db)
        .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use serde_json::json;

    use super::*;

    fn actor(kind: &str, id: &str) -> Actor {
        Actor { kind: kind.into(), id: id.into(), role: "owner".into() }
    }

    #[test]
    fn staff_and_the_command_line_are_audited_and_nobody_else() {
        assert!(is_audited(&actor("staff", "7b1c")));
        assert!(is_audited(&actor("system", "cli")));
        assert!(!is_audited(&actor("system", "timers")));
        assert!(!is_audited(&actor("public", "anonymous")));
    }

    #[test]
    fn every_action_is_a_resource_and_a_verb() {
        assert_eq!(action("lead", "lost"), "lead.status_change");
        assert_eq!(action("organisation", "parked_skipped"), "projection.skip");
        assert_eq!(action("booking", "confirmed"), "booking.confirmed");
    }

    #[test]
    fn the_facts_hold_plain_values_of_known_fields_only() {
        let event = Recorded {
            org: Uuid::nil().into(),
            position: 9,
            recorded_at: DateTime::UNIX_EPOCH,
            aggregate_type: "lead".into(),
            aggregate_id: "x".into(),
            sequence: 1,
            event_type: "quote_sent".into(),
            event_version: "1".into(),
            payload: String::new(),
            metadata: String::new(),
            hash: [0; 32],
        };
        let payload = json!({
            "quote_id": "q", "note": "calls Jane", "status": { "$sealed": {} }, "position": 3
        });
        let facts: Value =
            serde_json::from_str(&facts(&event, Some("asked".into()), &payload)).unwrap();
        let expected = json!({
            "quote_id": "q", "event_id": event.id(), "event_type": "quote_sent", "position": 9,
            "parked_position": 3, "reason": "asked"
        });
        assert_eq!(facts, expected);
    }
}
