//! One event as it stands in the log.

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::chain::{self, Fields, Hash};
use crate::id::{CommandId, OrgId};
use crate::seal::{self, SubjectKeys};
use crate::upcast;

/// Who did it, why, and in which request. Stored beside every event; holds no personal data of customers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// Who.
    pub actor: Actor,
    /// The HTTP request, job run or command line that asked.
    pub request_id: String,
    /// Ties together everything that one request set off.
    pub correlation_id: String,
    /// The event that caused this one, as `<position>`, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causation_id: Option<String>,
    /// The command that decided it.
    pub command_id: CommandId,
    /// Why, if the actor said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What the audit log calls it, as `resource.verb`, if the request said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// How it came in, if by HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<Via>,
}

/// How a request came in, as far as the audit log keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Via {
    /// Status of the answer if all goes well.
    pub status: u16,
    /// Where it came from: an address or its network, as the installation keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The program it was sent with, as the beginning of a hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
}

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// `staff`, `public`, `system`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Login id of staff, name of the job or process of the system, `anonymous` for the public.
    pub id: String,
    /// The role they acted in.
    pub role: String,
}

/// An event with its place in the organisation's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Whose log.
    pub org: OrgId,
    /// 1, 2, 3, … without a hole.
    pub position: i64,
    /// When it was appended; never earlier than the event before it.
    pub recorded_at: DateTime<Utc>,
    /// [`Aggregate::TYPE`].
    pub aggregate_type: String,
    /// Which one of them.
    pub aggregate_id: String,
    /// Place in the stream of that aggregate, from 1.
    pub sequence: i32,
    /// Wire name.
    pub event_type: String,
    /// Version of the payload.
    pub event_version: String,
    /// JSON text, exactly as stored: what the chain covers.
    pub payload: String,
    /// JSON text of [`Metadata`], exactly as stored.
    pub metadata: String,
    /// The chain up to and including this event.
    pub hash: Hash,
}

/// Why an event cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The payload or metadata is not what this build knows.
    #[error("{aggregate_type}/{event_type} v{event_version} does not decode: {source}")]
    Payload {
        /// Kind of the aggregate.
        aggregate_type: String,
        /// Wire name.
        event_type: String,
        /// Version of the payload.
        event_version: String,
        /// What serde said; names fields, never values.
        source: serde_json::Error,
    },
    /// A sealed value is damaged.
    #[error(transparent)]
    Seal(#[from] seal::SealError),
}

impl Recorded {
    /// What the chain must say after this event if it said `previous` before it.
    pub fn expected_hash(&self, previous: &Hash) -> Hash {
        let digest = chain::digest(&Fields {
            org: self.org,
            aggregate_type: &self.aggregate_type,
            aggregate_id: &self.aggregate_id,
            sequence: self.sequence,
            event_type: &self.event_type,
            event_version: &self.event_version,
            payload: &self.payload,
            metadata: &self.metadata,
        });
        chain::link(previous, self.position, self.recorded_at.timestamp_micros(), &digest)
    }

    /// The event if it happened to an `A`, `None` if it concerns another aggregate. Personal values stay sealed.
    pub fn of<A: Aggregate>(&self) -> Result<Option<A::Event>, DecodeError> {
        if self.aggregate_type != A::TYPE {
            return Ok(None);
        }
        if upcast::is_current(A::TYPE, &self.event_type, &self.event_version) {
            return serde_json::from_str(&self.payload).map(Some).map_err(|e| self.broken(e));
        }
        serde_json::from_value(self.payload_json()?).map(Some).map_err(|e| self.broken(e))
    }

    /// As [`Self::of`], with personal values opened by `keys`, or erased where there is none.
    pub fn open<A: Aggregate>(&self, keys: &SubjectKeys) -> Result<Option<A::Event>, DecodeError> {
        if self.aggregate_type != A::TYPE {
            return Ok(None);
        }
        let mut json = self.payload_json()?;
        seal::open_all(&mut json, keys)?;
        serde_json::from_value(json).map(Some).map_err(|e| self.broken(e))
    }

    /// The payload as JSON in its current version, personal values sealed.
    pub fn payload_json(&self) -> Result<Value, DecodeError> {
        let json = serde_json::from_str(&self.payload).map_err(|e| self.broken(e))?;
        let whose = (self.aggregate_type.as_str(), self.aggregate_id.as_str());
        Ok(upcast::upcast(whose, &self.event_type, &self.event_version, json))
    }

    /// Who, why and in which request.
    pub fn metadata(&self) -> Result<Metadata, DecodeError> {
        serde_json::from_str(&self.metadata).map_err(|e| self.broken(e))
    }

    /// A stable id made of organisation and position, for rows and answers that need one.
    pub fn id(&self) -> Uuid {
        Uuid::new_v5(&self.org.as_uuid(), &self.position.to_be_bytes())
    }

    fn broken(&self, source: serde_json::Error) -> DecodeError {
        DecodeError::Payload {
            aggregate_type: self.aggregate_type.clone(),
            event_type: self.event_type.clone(),
            event_version: self.event_version.clone(),
            source,
        }
    }
}
