//! Reading the audit log: what was carried out and what was tried, in one order.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use domain::id::OrgId;
use serde::Serialize;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

/// What an answer holds at most.
pub const PAGE: i64 = 200;

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
    /// `success`, `denied`, `rejected` or `error`.
    pub outcome: Option<String>,
    /// The last entry already seen.
    pub before: Option<Cursor>,
}

/// A place in the audit log: by time, then by place in the log, then by number among those that are no events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// When.
    pub created_at: DateTime<Utc>,
    /// Place in the log.
    pub position: i64,
    /// 0 for events.
    pub number: i64,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}_{}", self.created_at.timestamp_micros(), self.position, self.number)
    }
}

/// The text is no cursor of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a next_cursor")]
pub struct NoCursor;

impl FromStr for Cursor {
    type Err = NoCursor;

    fn from_str(text: &str) -> Result<Self, NoCursor> {
        let mut numbers = text.split('_').map(|number| number.parse::<i64>().map_err(|_| NoCursor));
        let mut next = || numbers.next().unwrap_or(Err(NoCursor));
        let created_at = DateTime::from_timestamp_micros(next()?).ok_or(NoCursor)?;
        let cursor = Self { created_at, position: next()?, number: next()? };
        if numbers.next().is_some() { Err(NoCursor) } else { Ok(cursor) }
    }
}

/// Something that staff did or tried.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// Of an event: its id.
    pub audit_id: Uuid,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Role of the actor at that time.
    pub admin_role: String,
    /// Who.
    pub actor: String,
    /// Who, if it was a login.
    pub actor_user_id: Option<Uuid>,
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
    /// Status of the answer.
    pub status_code: Option<i32>,
    /// In which request.
    pub request_id: Option<String>,
    /// What else that request set off.
    pub correlation_id: Option<String>,
    /// Where it came from: an address or its network.
    pub client_ip: Option<String>,
    /// Which program it was sent with.
    pub user_agent_hash: Option<String>,
    /// What changed, before.
    pub before: Option<Value>,
    /// What changed, after.
    pub after: Option<Value>,
    /// Place in the log; of what is no event, where the log stood then.
    pub position: i64,
    /// Place among what is no event; 0 for events.
    pub number: i64,
}

impl Entry {
    /// Where the page behind it begins.
    pub const fn cursor(&self) -> Cursor {
        Cursor { created_at: self.created_at, position: self.position, number: self.number }
    }

    /// Whether it was carried out and is an event of the log.
    pub const fn is_event(&self) -> bool {
        self.number == 0
    }
}

/// Entries, newest first, at most `limit` and [`PAGE`].
pub async fn page(
    db: &mut PgConnection,
    org: OrgId,
    filter: &Filter,
    limit: i64,
) -> Result<Vec<Entry>, sqlx::Error> {
    let before = filter.before;
    // Each kind is cut to the page before they are put together, so that each index ends early.
    sqlx::query_as!(
        Entry,
        r#"with bounds (org_id, since, until, at, place, place_number) as (
               values ($1::uuid, $2::timestamptz, $3::timestamptz, $9::timestamptz, $10::bigint, $11::bigint)),
           events as (
               select e.audit_id, e.created_at, e.admin_role, e.actor, e.actor_user_id, e.action, e.resource_type,
                      e.resource_id, e.metadata, e.outcome, e.status_code, e.request_id, e.correlation_id, e.client_ip,
                      e.user_agent_hash, e.before, e.after, e.position, 0::bigint as number
               from audit_entries e, bounds b
               where e.org_id = $1 and (b.since is null or e.created_at >= b.since)
                 and (b.until is null or e.created_at < b.until) and ($4::text is null or e.actor = $4)
                 and ($5::text is null or e.action = $5) and ($6::text is null or e.resource_type = $6)
                 and ($7::text is null or e.resource_id = $7) and ($8::text is null or e.outcome = $8)
                 and (b.at is null or (e.created_at, e.position, 0) < (b.at, b.place, b.place_number))
               order by e.created_at desc, e.position desc limit $12),
           attempts as (
               select a.audit_id, a.created_at, a.admin_role, a.actor, a.actor_user_id, a.action, a.resource_type,
                      a.resource_id, a.metadata::jsonb as metadata, a.outcome, a.status_code, a.request_id,
                      a.correlation_id, a.client_ip, a.user_agent_hash, null::jsonb as before, null::jsonb as after,
                      a.log_position as position, a.number
               from audit_attempts a, bounds b
               where a.org_id = $1 and (b.since is null or a.created_at >= b.since)
                 and (b.until is null or a.created_at < b.until) and ($4::text is null or a.actor = $4)
                 and ($5::text is null or a.action = $5) and ($6::text is null or a.resource_type = $6)
                 and ($7::text is null or a.resource_id = $7) and ($8::text is null or a.outcome = $8)
                 and (b.at is null or (a.created_at, a.log_position, a.number) < (b.at, b.place, b.place_number))
               order by a.created_at desc, a.log_position desc, a.number desc limit $12)
           select audit_id as "audit_id!", created_at as "created_at!", admin_role as "admin_role!", actor as "actor!",
                  actor_user_id, action as "action!", resource_type, resource_id, metadata as "metadata!",
                  outcome as "outcome!", status_code, request_id, correlation_id, abbrev(client_ip) as client_ip,
                  user_agent_hash, before, after, position as "position!", number as "number!"
           from (select * from events union all select * from attempts) both_kinds
           order by created_at desc, position desc, number desc limit $12"#,
        org.as_uuid(),
        filter.from,
        filter.to,
        filter.actor,
        filter.action,
        filter.resource_type,
        filter.resource_id,
        filter.outcome,
        before.map(|before| before.created_at),
        before.map(|before| before.position),
        before.map(|before| before.number),
        limit.clamp(1, PAGE),
    )
    .fetch_all(db)
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let created_at = DateTime::from_timestamp_micros(1_700_000_000_000_123).unwrap();
        let cursor = Cursor { created_at, position: 7, number: 3 };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for bad in ["", "7", "1_2", "1_2_3_4", "a_b_c", "9223372036854775807_1_1"] {
            assert_eq!(bad.parse::<Cursor>(), Err(NoCursor), "{bad}");
        }
    }
}
