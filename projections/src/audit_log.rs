//! What staff did, in the columns the operations guide asks for.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use domain::id::OrgId;
use domain::recorded::{Actor, Metadata, Recorded};
use serde::Serialize;
use serde_json::{Map, Value};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Batch, Parking, Poison, Projection};

/// What an answer holds at most.
pub const PAGE: i64 = 200;

/// Fields of an event that tell an auditor more and say nothing about a person.
const FACTS: &[&str] = &[
    "aggregate_id",
    "aggregate_type",
    "amount_cents",
    "cause",
    "currency",
    "expires_at",
    "position",
    "projection",
    "quote_id",
    "slug",
    "status",
    "subject",
];

/// Keeps the `audit_entries` table.
#[derive(Debug)]
pub struct AuditLog;

impl Projection for AuditLog {
    const NAME: &'static str = "audit_log";
    const VERSION: i32 = 2;
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
        rows.write(db, batch.org).await?;
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
        if let Some(fact @ (Value::String(_) | Value::Number(_) | Value::Bool(_))) =
            payload.get(name)
        {
            facts.insert((*name).to_owned(), fact.clone());
        }
    }
    if let Some(position) = facts.remove("position") {
        facts.insert("parked_position".to_owned(), position);
    }
    facts.insert("event_id".to_owned(), event.id().to_string().into());
    facts.insert("event_type".to_owned(), event.event_type.as_str().into());
    facts.insert("position".to_owned(), event.position.into());
    if let Some(reason) = reason {
        facts.insert("reason".to_owned(), reason.into());
    }
    Value::Object(facts).to_string()
}

#[derive(Default)]
struct Rows<'a> {
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
}

impl<'a> Rows<'a> {
    fn push(&mut self, event: &'a Recorded, origin: Metadata, payload: &Value) {
        self.position.push(event.position);
        self.audit_id.push(event.id());
        self.created_at.push(event.recorded_at);
        self.admin_role.push(origin.actor.role);
        self.actor.push(origin.actor.id);
        let named = origin.action.map(Cow::Owned);
        self.action.push(named.unwrap_or_else(|| action(&event.aggregate_type, &event.event_type)));
        self.resource_type.push(&event.aggregate_type);
        self.resource_id.push(&event.aggregate_id);
        self.metadata.push(facts(event, origin.reason, payload));
        self.request_id.push(origin.request_id);
        self.correlation_id.push(origin.correlation_id);
    }

    async fn write(&self, db: &mut PgConnection, org: OrgId) -> Result<(), sqlx::Error> {
        if self.position.is_empty() {
            return Ok(());
        }
        sqlx::query!(
            "insert into audit_entries (org_id, position, audit_id, created_at, admin_role, actor, action,
                 resource_type, resource_id, metadata, outcome, request_id, correlation_id)
             select $1, position, audit_id, created_at, admin_role, actor, action, resource_type, resource_id,
                    metadata::jsonb, 'success', request_id, correlation_id
             from unnest($2::bigint[], $3::uuid[], $4::timestamptz[], $5::text[], $6::text[], $7::text[],
                         $8::text[], $9::text[], $10::text[], $11::text[], $12::text[])
                  r (position, audit_id, created_at, admin_role, actor, action, resource_type, resource_id,
                     metadata, request_id, correlation_id)",
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
        )
        .execute(db)
        .await?;
        Ok(())
    }
}

/// Which entries are asked for; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// First instant.
    pub from: Option<DateTime<Utc>>,
    /// First instant that is out again.
    pub to: Option<DateTime<Utc>>,
    /// Login id.
    pub actor: Option<String>,
    /// As `resource.verb`.
    pub action: Option<String>,
    /// Kind of aggregate.
    pub resource_type: Option<String>,
    /// Which one.
    pub resource_id: Option<String>,
    /// `success`, for example.
    pub outcome: Option<String>,
    /// Position of the last entry already seen.
    pub before: Option<i64>,
}

/// One thing that staff did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// The event.
    pub audit_id: Uuid,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Role of the actor at that time.
    pub admin_role: String,
    /// Who.
    pub actor: String,
    /// As `resource.verb`.
    pub action: String,
    /// Kind of aggregate.
    pub resource_type: Option<String>,
    /// Which one.
    pub resource_id: Option<String>,
    /// Facts that say nothing about a person.
    pub metadata: Value,
    /// How it ended.
    pub outcome: String,
    /// In which request.
    pub request_id: Option<String>,
    /// What else that request set off.
    pub correlation_id: Option<String>,
    /// Place in the log; also the cursor.
    pub position: i64,
}

/// Entries, newest first, at most `limit` and [`PAGE`].
pub async fn page(
    db: &mut PgConnection,
    org: OrgId,
    filter: &Filter,
    limit: i64,
) -> Result<Vec<Entry>, sqlx::Error> {
    // Time never runs backwards in a log, so the order of positions is the order of time.
    sqlx::query_as!(
        Entry,
        "select audit_id, created_at, admin_role, actor, action, resource_type, resource_id, metadata, outcome,
                request_id, correlation_id, position
         from audit_entries
         where org_id = $1 and ($2::timestamptz is null or created_at >= $2)
           and ($3::timestamptz is null or created_at < $3) and ($4::text is null or actor = $4)
           and ($5::text is null or action = $5) and ($6::text is null or resource_type = $6)
           and ($7::text is null or resource_id = $7) and ($8::text is null or outcome = $8)
           and ($9::bigint is null or position < $9)
         order by position desc limit $10",
        org.as_uuid(),
        filter.from,
        filter.to,
        filter.actor,
        filter.action,
        filter.resource_type,
        filter.resource_id,
        filter.outcome,
        filter.before,
        limit.clamp(1, PAGE),
    )
    .fetch_all(db)
    .await
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
