//! What a projection is given to apply, and how it says what it could not.

use domain::id::{OrgId, SubjectId};
use domain::personal;
use domain::recorded::{DecodeError, Recorded};
use domain::seal::{MasterKeys, SubjectKeys};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::subject_keys;

/// Consecutive events of one organisation, without those of parked streams and those to be left out.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// Whose log.
    pub org: OrgId,
    /// In the order of the log.
    pub events: &'a [&'a Recorded],
    masters: &'a MasterKeys,
}

impl<'a> Batch<'a> {
    /// A batch whose personal values can be opened with keys wrapped by `masters`.
    pub const fn new(org: OrgId, events: &'a [&'a Recorded], masters: &'a MasterKeys) -> Self {
        Self { org, events, masters }
    }

    /// The same organisation and keys with other events.
    pub const fn with<'b>(&self, events: &'b [&'b Recorded]) -> Batch<'b>
    where
        'a: 'b,
    {
        Batch { org: self.org, events, masters: self.masters }
    }

    /// The aggregates of one kind that the events are about, as often as they occur; what is called otherwise has no row.
    pub fn ids_of(&self, aggregate_type: &str) -> Vec<Uuid> {
        let own = self.events.iter().filter(|event| event.aggregate_type == aggregate_type);
        own.filter_map(|event| event.aggregate_id.parse().ok()).collect()
    }

    /// The keys of everyone whose sealed values stand in the events of one kind of aggregate.
    ///
    /// Read in the transaction of the batch, and only by projections that show personal data. Who has no key has
    /// been erased, even if the event that says so comes later in the log.
    pub async fn keys(
        &self,
        db: &mut PgConnection,
        aggregate_type: &str,
    ) -> Result<SubjectKeys, sqlx::Error> {
        let mut subjects = Vec::new();
        for event in self.events.iter().filter(|event| event.aggregate_type == aggregate_type) {
            // Most events say nothing about a person and need not be parsed for it.
            if event.payload.contains("$sealed")
                && let Ok(json) = event.payload_json()
            {
                personal::subjects_in(&json, &mut subjects);
            }
        }
        subject_keys::load(db, self.masters, self.org, &subjects).await
    }

    /// The people whose erasure is among the events.
    pub fn erased(&self) -> Vec<SubjectId> {
        let erasures = self
            .events
            .iter()
            .filter(|event| event.aggregate_type == "subject" && event.event_type == "erased");
        erasures.filter_map(|event| event.aggregate_id.parse().ok()).collect()
    }
}

/// An event that could not be applied: the fold of its stream has stopped there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poison {
    /// Kind of the aggregate.
    pub aggregate_type: String,
    /// Which one.
    pub aggregate_id: String,
    /// The event.
    pub position: i64,
    /// Why, without any value of the event.
    pub reason: String,
}

/// The streams that a batch had to leave behind.
#[derive(Debug, Default)]
pub struct Parking(Vec<Poison>);

impl Parking {
    /// Whether the stream of `event` was left behind at an earlier event.
    pub fn holds(&self, event: &Recorded) -> bool {
        self.0.iter().any(|poison| {
            poison.aggregate_id == event.aggregate_id
                && poison.aggregate_type == event.aggregate_type
        })
    }

    /// Leaves the stream of `event` behind.
    pub fn park(&mut self, event: &Recorded, reason: impl Into<String>) {
        self.0.push(Poison {
            aggregate_type: event.aggregate_type.clone(),
            aggregate_id: event.aggregate_id.clone(),
            position: event.position,
            reason: reason.into(),
        });
    }

    /// The decoded event, or `None` after leaving its stream behind.
    pub fn unless_broken<T>(
        &mut self,
        event: &Recorded,
        decoded: Result<Option<T>, DecodeError>,
    ) -> Option<T> {
        decoded.unwrap_or_else(|error| {
            self.park(event, undecodable(&error));
            None
        })
    }

    /// What was left behind.
    pub fn into_poison(self) -> Vec<Poison> {
        self.0
    }
}

/// Why an event does not decode. What serde says may quote a value, so only place and kind are told.
pub fn undecodable(error: &DecodeError) -> String {
    match error {
        DecodeError::Payload { aggregate_type, event_type, event_version, source } => format!(
            "{aggregate_type}/{event_type} v{event_version} does not decode: {:?} at {}:{}",
            source.classify(),
            source.line(),
            source.column(),
        ),
        DecodeError::Seal(error) => error.to_string(),
    }
}
