//! Everything around one thing in one order: its events, what went out because of them, and what staff tried with it.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use domain::id::OrgId;
use serde::Serialize;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::audit_log::NoCursor;

/// What an answer holds at most.
pub const PAGE: i64 = 200;

/// One line of a timeline. It says nothing about a person: the history of the thing does.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// `event`, `effect` or `attempt`.
    pub kind: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Place in the log: of the event, of what caused the effect, of where the log stood when it was tried.
    pub position: i64,
    /// Of the event, the effect or the entry of the audit log.
    pub id: Uuid,
    /// The name of the event, the kind of the effect, the action that was tried.
    pub name: String,
    /// The state of the effect, how it ended for what was tried; `recorded` for events.
    pub state: String,
    /// Who, and for events and attempts only: role, reason, request, attempts and the like.
    pub details: Value,
}

/// A place in a timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// When.
    pub at: DateTime<Utc>,
    /// Place in the log.
    pub position: i64,
    /// What follows from an event comes after it: 0 for events, 1 for effects, 2 for what was tried.
    pub rank: i32,
    /// Which one.
    pub id: Uuid,
}

impl Entry {
    /// Where the page behind it begins.
    pub fn cursor(&self) -> Cursor {
        let rank = match self.kind.as_str() {
            "event" => 0,
            "effect" => 1,
            _ => 2,
        };
        Cursor { at: self.at, position: self.position, rank, id: self.id }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (micros, id) = (self.at.timestamp_micros(), self.id.simple());
        write!(f, "{micros}_{}_{}_{id}", self.position, self.rank)
    }
}

impl FromStr for Cursor {
    type Err = NoCursor;

    fn from_str(text: &str) -> Result<Self, NoCursor> {
        let mut parts = text.splitn(4, '_');
        let mut next = || parts.next().ok_or(NoCursor);
        let micros = next()?.parse().map_err(|_| NoCursor)?;
        let at = DateTime::from_timestamp_micros(micros).ok_or(NoCursor)?;
        let position = next()?.parse().map_err(|_| NoCursor)?;
        let rank = next()?.parse().map_err(|_| NoCursor)?;
        Ok(Self { at, position, rank, id: next()?.parse().map_err(|_| NoCursor)? })
    }
}

/// What there is about one thing, newest first, before `before`; 1 to [`PAGE`] of it. Of what never was there is nothing,
/// whatever was tried with its id.
pub async fn page(
    db: &mut PgConnection,
    (org, entity_type, entity_id): (OrgId, &str, &str),
    before: Option<Cursor>,
    limit: i64,
) -> Result<Vec<Entry>, sqlx::Error> {
    // Things have tens of lines, so all of them are put in order before the page is cut.
    sqlx::query_as!(
        Entry,
        r#"with lines as (
               select 'event' as kind, 0 as rank, t.recorded_at as at, t.position, t.event_id as id, t.event_type as name,
                      'recorded' as state,
                      jsonb_strip_nulls(jsonb_build_object(
                          'actor', t.actor, 'actor_type', t.actor_type, 'role', t.actor_role, 'reason', t.reason,
                          'request_id', t.request_id, 'sequence', t.sequence, 'action', a.action)) as details
               from entity_timeline t
               left join audit_entries a on a.org_id = t.org_id and a.position = t.position
               where t.org_id = $1 and t.entity_type = $2 and t.entity_id = $3
               union all
               select 'effect', 1, e.created_at, e.cause, e.effect_id, e.kind, e.state,
                      jsonb_strip_nulls(jsonb_build_object(
                          'attempts', e.attempts, 'reason', e.reason, 'finished_at', e.finished_at))
               from entity_timeline t
               join effects e on e.org_id = t.org_id and e.cause = t.position
               where t.org_id = $1 and t.entity_type = $2 and t.entity_id = $3
               union all
               select 'attempt', 2, a.created_at, a.log_position, a.audit_id, a.action, a.outcome,
                      jsonb_strip_nulls(jsonb_build_object(
                          'actor', a.actor, 'role', a.admin_role, 'status_code', a.status_code,
                          'request_id', a.request_id, 'code', a.metadata ->> 'code'))
               from audit_attempts a
               where a.org_id = $1 and a.resource_type = $2 and a.resource_id = $3
                 and exists (select from entity_timeline t
                             where t.org_id = $1 and t.entity_type = $2 and t.entity_id = $3))
           select kind as "kind!", at as "at!", position as "position!", id as "id!", name as "name!", state as "state!",
                  details as "details!"
           from lines
           where $4::timestamptz is null or (at, position, rank, id) < ($4, $5::bigint, $6::integer, $7::uuid)
           order by at desc, position desc, rank desc, id desc limit $8"#,
        org.as_uuid(),
        entity_type,
        entity_id,
        before.map(|before| before.at),
        before.map(|before| before.position),
        before.map(|before| before.rank),
        before.map(|before| before.id),
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
        let at = DateTime::from_timestamp_micros(1_700_000_000_000_123).unwrap();
        let cursor = Cursor { at, position: 7, rank: 1, id: Uuid::from_u128(9) };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for bad in ["", "1", "1_2", "1_2_3", "1_2_0_x", "x_2_0_3"] {
            assert_eq!(bad.parse::<Cursor>(), Err(NoCursor), "{bad}");
        }
    }
}
