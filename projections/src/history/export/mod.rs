//! The log of an organisation as a file that proves itself: one JSON object per line.
//!
//! The first line is a [`Header`], then comes one [`Line`] per event with every hashed field as exact text, the last
//! one is an [`End`]: the signed checkpoint, if there is a key to sign it.

mod read;
mod write;

use chrono::{DateTime, SecondsFormat, Utc};
use domain::chain::Hash;
use domain::id::OrgId;
use domain::recorded::Recorded;
use serde::{Deserialize, Serialize};

pub use read::{Item, LINE, ReadError, Reader};
pub use write::{ExportError, Exported, write};

use super::checkpoint::Checkpoint;

/// What the first line says it is.
pub const FORMAT: &str = "cleaning.events";

/// Raised when a reader of the older version would misunderstand.
pub const VERSION: u32 = 1;

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`FORMAT`].
    pub format: String,
    /// [`VERSION`].
    pub version: u32,
    /// Whose log.
    pub org: OrgId,
    /// When.
    pub exported_at: DateTime<Utc>,
}

impl Header {
    /// The header of an export that is made now.
    pub fn new(org: OrgId, now: DateTime<Utc>) -> Self {
        Self { format: FORMAT.to_owned(), version: VERSION, org, exported_at: now }
    }
}

/// One event; `payload` and `metadata` are JSON in a string, because the chain covers their exact text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Place in the log.
    pub position: i64,
    /// RFC 3339 in UTC with six decimals.
    pub recorded_at: String,
    /// Kind of the aggregate.
    pub aggregate_type: String,
    /// Which one.
    pub aggregate_id: String,
    /// Place in its stream.
    pub sequence: i32,
    /// Wire name.
    pub event_type: String,
    /// Version of the payload.
    pub event_version: String,
    /// JSON text.
    pub payload: String,
    /// JSON text.
    pub metadata: String,
    /// The chain up to and including this event.
    #[serde(with = "hex")]
    pub hash: Hash,
}

impl From<Recorded> for Line {
    fn from(event: Recorded) -> Self {
        Self {
            position: event.position,
            recorded_at: event.recorded_at.to_rfc3339_opts(SecondsFormat::Micros, true),
            aggregate_type: event.aggregate_type,
            aggregate_id: event.aggregate_id,
            sequence: event.sequence,
            event_type: event.event_type,
            event_version: event.event_version,
            payload: event.payload,
            metadata: event.metadata,
            hash: event.hash,
        }
    }
}

impl Line {
    /// The event of `org` that this line tells; `None` if its time is none.
    pub fn into_recorded(self, org: OrgId) -> Option<Recorded> {
        let recorded_at = DateTime::parse_from_rfc3339(&self.recorded_at).ok()?.to_utc();
        Some(Recorded {
            org,
            position: self.position,
            recorded_at,
            aggregate_type: self.aggregate_type,
            aggregate_id: self.aggregate_id,
            sequence: self.sequence,
            event_type: self.event_type,
            event_version: self.event_version,
            payload: self.payload,
            metadata: self.metadata,
            hash: self.hash,
        })
    }
}

/// The last line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum End {
    /// The last event, signed.
    Checkpoint(Checkpoint),
    /// The last event, not signed.
    Head {
        /// Its position; 0 if there is none.
        position: i64,
        /// The chain up to there.
        #[serde(with = "hex")]
        hash: Hash,
    },
}

impl End {
    /// Where the log ends.
    pub const fn position(&self) -> i64 {
        match self {
            Self::Checkpoint(checkpoint) => checkpoint.position,
            Self::Head { position, .. } => *position,
        }
    }

    /// The chain up to there.
    pub const fn hash(&self) -> &Hash {
        match self {
            Self::Checkpoint(checkpoint) => &checkpoint.hash,
            Self::Head { hash, .. } => hash,
        }
    }
}
