//! Who asks, in which request, and what the answer says about the log.

use chrono::{DateTime, Utc};
use domain::id::{CommandId, OrgId};
use domain::recorded::{Actor, Metadata, Via};
use ring::digest::{SHA256, digest};
use serde_json::Value;
use uuid::Uuid;

use crate::append::Beside;

/// Everything about a command but the command. Stored beside its events.
#[derive(Clone, Debug)]
pub struct Context {
    /// Whose log.
    pub org: OrgId,
    /// Who asks.
    pub actor: Actor,
    /// The request, job run or command line that asks.
    pub request_id: String,
    /// Ties together everything one request sets off.
    pub correlation_id: String,
    /// The event this follows from, as its position, if any.
    pub causation_id: Option<String>,
    /// Why, if the actor said so; names nobody.
    pub reason: Option<String>,
    /// What the audit log calls it, as `resource.verb`; `None` leaves that to the event.
    pub action: Option<String>,
    /// How it came in, if by HTTP.
    pub via: Option<Via>,
    /// What makes a repetition recognisable.
    pub request: RequestKey,
    /// The version the caller saw; another one is refused.
    pub expected_version: Option<i32>,
    /// What goes to side tables in the same transaction, before what the events themselves put there.
    pub beside: Vec<Beside>,
    /// When it happened, for history made by a simulated clock; `None` is the database's clock.
    pub recorded_at: Option<DateTime<Utc>>,
}

impl Context {
    /// What is asked follows from what was read as `version`: whoever changes it at the same time is not overwritten. A version
    /// that the caller saw is held to all the same.
    pub fn decided_on(&mut self, version: i32) {
        self.expected_version.get_or_insert(version);
    }

    pub(crate) fn metadata(&self) -> Metadata {
        Metadata {
            actor: self.actor.clone(),
            request_id: self.request_id.clone(),
            correlation_id: self.correlation_id.clone(),
            causation_id: self.causation_id.clone(),
            command_id: self.request.command_id,
            reason: self.reason.clone(),
            action: self.action.clone(),
            via: self.via.clone(),
        }
    }
}

/// The identity of a request: a second one with the same id is answered, not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestKey {
    /// Unique per request in an organisation.
    pub command_id: CommandId,
    /// Of everything that was asked, keyed by what is stored nowhere.
    pub fingerprint: [u8; 32],
    /// Whether the caller chose the identity, and may therefore repeat the request.
    pub keyed: bool,
}

impl RequestKey {
    /// An id for what this request makes, the same however often it is repeated.
    pub fn derived_id(&self, what: &str) -> Uuid {
        Uuid::new_v5(&self.command_id.as_uuid(), what.as_bytes())
    }

    /// For a request that will not be repeated.
    pub fn fresh() -> Self {
        Self { command_id: Uuid::now_v7().into(), fingerprint: [0; 32], keyed: false }
    }

    /// From an `Idempotency-Key`. `scope` is who uses it: the same key of somebody else is another request.
    pub fn of(org: OrgId, scope: &str, key: &str, fingerprint: [u8; 32]) -> Self {
        let mut text = Vec::with_capacity(scope.len() + key.len() + 8);
        text.extend((scope.len() as u64).to_be_bytes());
        text.extend(scope.as_bytes());
        text.extend(key.as_bytes());
        let hash = digest(&SHA256, &text);
        let command_id = Uuid::new_v5(&org.as_uuid(), hash.as_ref()).into();
        Self { command_id, fingerprint, keyed: true }
    }
}

/// A command that was carried out, now or before, and what was said about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Done<T = Value> {
    /// Position in the organisation's log that includes it.
    pub position: i64,
    /// Version of the aggregate after it.
    pub version: i32,
    /// The aggregate it was carried out on.
    pub aggregate_id: String,
    /// What the aggregate had to say; the same however often the request is repeated.
    pub answer: T,
    /// Whether this was a repetition.
    pub replayed: bool,
}
