//! Reads the log onward from a checkpoint and proves every step of its hash chain.

use domain::chain::{self, Hash};
use domain::id::OrgId;
use domain::recorded::Recorded;
use futures::TryStreamExt;
use sqlx::PgConnection;

/// A place in the log of an organisation, with the chain value up to there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// 0 before the first event.
    pub position: i64,
    /// As computed by whoever followed the log to here.
    pub hash: Hash,
}

impl Mark {
    /// Before the first event.
    pub fn start(org: OrgId) -> Self {
        Self { position: 0, hash: chain::genesis(org) }
    }
}

/// How much is read at once.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Number of events.
    pub events: i64,
    /// Bytes of payload; one event may exceed it.
    pub bytes: usize,
}

/// Why the log cannot be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Break {
    /// Events are missing.
    #[error("gap: after position {after} comes position {found}")]
    Gap {
        /// The last event before the hole.
        after: i64,
        /// The first one behind it.
        found: i64,
    },
    /// The event is not the one that was appended, or does not follow the one before it.
    #[error("changed: the stored hash of position {position} does not follow from what is stored")]
    Changed {
        /// Which event.
        position: i64,
    },
    /// The end is missing.
    #[error("truncated: the log ends at position {at}, but reached {head}")]
    Truncated {
        /// The last event.
        at: i64,
        /// What the head of the log says.
        head: i64,
    },
}

/// Consecutive events whose chain has been checked.
#[derive(Debug)]
pub struct Chunk {
    /// Where it starts: the first event is the one after.
    pub from: Mark,
    /// Where it ends.
    pub upto: Mark,
    /// In the order of the log.
    pub events: Vec<Recorded>,
    /// What stands behind the last event, if it cannot be followed.
    pub broken: Option<Break>,
}

/// The events after `from`, as far as `limits` allow and the chain holds.
pub async fn read(
    db: &mut PgConnection,
    org: OrgId,
    from: Mark,
    limits: Limits,
) -> Result<Chunk, sqlx::Error> {
    let mut rows = sqlx::query!(
        r#"select position, recorded_at, sequence, aggregate_type, aggregate_id, event_type, event_version,
                  payload::text as "payload!", metadata::text as "metadata!", hash
           from events where org_id = $1 and position > $2 order by position limit $3"#,
        org.as_uuid(),
        from.position,
        limits.events,
    )
    .fetch(db);

    let mut chunk = Chunk { from, upto: from, events: Vec::new(), broken: None };
    let mut bytes = 0;
    while bytes < limits.bytes
        && let Some(row) = rows.try_next().await?
    {
        bytes += row.payload.len() + row.metadata.len();
        let event = Recorded {
            org,
            position: row.position,
            recorded_at: row.recorded_at,
            aggregate_type: row.aggregate_type,
            aggregate_id: row.aggregate_id,
            sequence: row.sequence,
            event_type: row.event_type,
            event_version: row.event_version,
            payload: row.payload,
            metadata: row.metadata,
            // A hash of another length is no hash: it cannot match.
            hash: row.hash.try_into().unwrap_or_default(),
        };
        match follow(&chunk.upto, &event) {
            Ok(mark) => chunk.upto = mark,
            Err(broken) => {
                chunk.broken = Some(broken);
                break;
            }
        }
        chunk.events.push(event);
    }
    Ok(chunk)
}

/// The mark after `event`, if it is the one that comes after `mark`.
pub fn follow(mark: &Mark, event: &Recorded) -> Result<Mark, Break> {
    if event.position != mark.position + 1 {
        return Err(Break::Gap { after: mark.position, found: event.position });
    }
    let hash = event.expected_hash(&mark.hash);
    if hash == event.hash {
        Ok(Mark { position: event.position, hash })
    } else {
        Err(Break::Changed { position: event.position })
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use uuid::Uuid;

    use super::*;

    fn event(mark: &Mark, position: i64) -> Recorded {
        let mut event = Recorded {
            org: Uuid::nil().into(),
            position,
            recorded_at: DateTime::UNIX_EPOCH,
            aggregate_type: "lead".into(),
            aggregate_id: Uuid::nil().to_string(),
            sequence: 1,
            event_type: "contacted".into(),
            event_version: "1".into(),
            payload: "{}".into(),
            metadata: "{}".into(),
            hash: [0; 32],
        };
        event.hash = event.expected_hash(&mark.hash);
        event
    }

    #[test]
    fn the_next_event_moves_the_mark() {
        let start = Mark::start(Uuid::nil().into());
        let next = event(&start, 1);
        assert_eq!(follow(&start, &next), Ok(Mark { position: 1, hash: next.hash }));
    }

    #[test]
    fn a_hole_and_a_repeat_are_gaps() {
        let start = Mark::start(Uuid::nil().into());
        for position in [0, 2] {
            let found = follow(&start, &event(&start, position));
            assert_eq!(found, Err(Break::Gap { after: 0, found: position }));
        }
    }

    #[test]
    fn a_changed_byte_is_named() {
        let start = Mark::start(Uuid::nil().into());
        let mut next = event(&start, 1);
        next.payload.push(' ');
        assert_eq!(follow(&start, &next), Err(Break::Changed { position: 1 }));
    }

    #[test]
    fn a_wrong_checkpoint_is_found_at_the_next_event() {
        let start = Mark::start(Uuid::nil().into());
        let next = event(&start, 1);
        let wrong = Mark { hash: [7; 32], ..start };
        assert_eq!(follow(&wrong, &next), Err(Break::Changed { position: 1 }));
    }
}
