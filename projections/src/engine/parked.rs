//! Streams that a projection stopped at: passed over from then on, until someone decides to retry or to skip.
//!
//! The decision is an event of the organisation. A worker acts on it when it meets it in the log, in the transaction
//! of the batch that holds it: the stream is replayed from where it stopped up to the end of that batch.

use std::collections::{HashMap, HashSet};

use domain::id::OrgId;
use domain::organisation::{Organisation, OrganisationEvent, ParkedStream};
use domain::recorded::Recorded;
use sqlx::PgConnection;

use super::apply;
use super::target::Target;
use crate::{Batch, Poison};

/// How much of a parked stream is replayed at once.
const REPLAY: i64 = 1_000;

/// What of the log is not applied.
#[derive(Debug, Default)]
pub(crate) struct Omissions {
    streams: HashMap<String, HashSet<String>>,
    positions: HashSet<i64>,
}

impl Omissions {
    /// Whether the event is passed over.
    pub(crate) fn hold(&self, event: &Recorded) -> bool {
        self.positions.contains(&event.position)
            || self
                .streams
                .get(&event.aggregate_type)
                .is_some_and(|ids| ids.contains(&event.aggregate_id))
    }

    /// Adds every parked stream.
    pub(crate) async fn add_parked(
        &mut self,
        db: &mut PgConnection,
        org: OrgId,
        checkpoint: &str,
    ) -> Result<(), sqlx::Error> {
        let rows = sqlx::query!(
            "select aggregate_type, aggregate_id from parked_streams
             where org_id = $1 and projection = $2",
            org.as_uuid(),
            checkpoint,
        )
        .fetch_all(db)
        .await?;
        for row in rows {
            self.streams.entry(row.aggregate_type).or_default().insert(row.aggregate_id);
        }
        Ok(())
    }

    /// Adds the skipped events behind `after` up to `upto`.
    pub(crate) async fn add_skipped(
        &mut self,
        db: &mut PgConnection,
        org: OrgId,
        projection: &str,
        (after, upto): (i64, i64),
    ) -> Result<(), sqlx::Error> {
        let rows = sqlx::query_scalar!(
            "select position from skipped_events
             where org_id = $1 and projection = $2 and position > $3 and position <= $4",
            org.as_uuid(),
            projection,
            after,
            upto,
        )
        .fetch_all(db)
        .await?;
        self.positions.extend(rows);
        Ok(())
    }
}

/// Remembers where each stream stopped; one that stops again counts an attempt more.
pub(crate) async fn park(
    db: &mut PgConnection,
    org: OrgId,
    checkpoint: &str,
    poison: &[Poison],
) -> Result<(), sqlx::Error> {
    for stopped in poison {
        tracing::error!(
            %org, projection = checkpoint, position = stopped.position, aggregate = stopped.aggregate_type,
            id = stopped.aggregate_id, reason = stopped.reason, "stream parked"
        );
        sqlx::query!(
            "insert into parked_streams as p (org_id, projection, aggregate_type, aggregate_id, position, reason)
             values ($1, $2, $3, $4, $5, $6)
             on conflict (org_id, projection, aggregate_type, aggregate_id)
             do update set position = excluded.position, reason = excluded.reason, attempts = p.attempts + 1",
            org.as_uuid(),
            checkpoint,
            stopped.aggregate_type,
            stopped.aggregate_id,
            stopped.position,
            stopped.reason,
        )
        .execute(&mut *db)
        .await?;
    }
    Ok(())
}

/// Acts on the decisions among `events` that concern `target`; the streams are replayed up to `upto`.
pub(crate) async fn decide(
    db: &mut PgConnection,
    target: &Target,
    frame: &Batch<'_>,
    events: &[Recorded],
    upto: i64,
) -> Result<(), sqlx::Error> {
    for event in events {
        let decision = match event.of::<Organisation>() {
            Ok(decision) => decision,
            Err(error) => {
                tracing::error!(
                    position = event.position,
                    reason = crate::undecodable(&error),
                    "decision ignored"
                );
                None
            }
        };
        match decision {
            Some(OrganisationEvent::ParkedRetried(parked))
                if parked.projection == target.reader.name =>
            {
                retry(db, target, frame, &parked, upto).await?;
            }
            Some(OrganisationEvent::ParkedSkipped(parked))
                if parked.projection == target.reader.name =>
            {
                skip(db, target, frame, &parked, upto).await?;
            }
            Some(
                OrganisationEvent::Registered(_)
                | OrganisationEvent::ParkedRetried(_)
                | OrganisationEvent::ParkedSkipped(_)
                | OrganisationEvent::ProjectionResumed(_)
                | OrganisationEvent::AuditPruned(_),
            )
            | None => {}
        }
    }
    Ok(())
}

/// Replays the stream from where it stopped. Nothing happens if it is not parked.
async fn retry(
    db: &mut PgConnection,
    target: &Target,
    frame: &Batch<'_>,
    parked: &ParkedStream,
    upto: i64,
) -> Result<(), sqlx::Error> {
    let stopped = stopped_at(db, frame.org, target, parked).await?;
    let Some(mut after) = stopped.map(|position| position - 1) else { return Ok(()) };
    let mut omissions = Omissions::default();
    omissions.add_skipped(db, frame.org, target.reader.name, (after, upto)).await?;
    loop {
        let events = stream(db, frame.org, parked, (after, upto)).await?;
        let Some(last) = events.last() else { break };
        after = last.position;
        let kept: Vec<&Recorded> = events.iter().filter(|event| !omissions.hold(event)).collect();
        let poison = apply::one_by_one(db, &target.reader, &frame.with(&kept)).await?;
        if !poison.is_empty() {
            return park(db, frame.org, &target.checkpoint, &poison).await;
        }
    }
    sqlx::query!(
        "delete from parked_streams
         where org_id = $1 and projection = $2 and aggregate_type = $3 and aggregate_id = $4",
        frame.org.as_uuid(),
        target.checkpoint,
        parked.aggregate_type,
        parked.aggregate_id,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Leaves the event out for ever, and replays what came after it. Nothing happens if the stream is not parked there.
async fn skip(
    db: &mut PgConnection,
    target: &Target,
    frame: &Batch<'_>,
    parked: &ParkedStream,
    upto: i64,
) -> Result<(), sqlx::Error> {
    if stopped_at(db, frame.org, target, parked).await? != Some(parked.position) {
        return Ok(());
    }
    sqlx::query!(
        "insert into skipped_events (org_id, projection, position, reason) values ($1, $2, $3, $4)
         on conflict do nothing",
        frame.org.as_uuid(),
        target.reader.name,
        parked.position,
        parked.reason,
    )
    .execute(&mut *db)
    .await?;
    retry(db, target, frame, parked, upto).await
}

async fn stopped_at(
    db: &mut PgConnection,
    org: OrgId,
    target: &Target,
    parked: &ParkedStream,
) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar!(
        "select position from parked_streams
         where org_id = $1 and projection = $2 and aggregate_type = $3 and aggregate_id = $4",
        org.as_uuid(),
        target.checkpoint,
        parked.aggregate_type,
        parked.aggregate_id,
    )
    .fetch_optional(db)
    .await
}

async fn stream(
    db: &mut PgConnection,
    org: OrgId,
    parked: &ParkedStream,
    (after, upto): (i64, i64),
) -> Result<Vec<Recorded>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select position, recorded_at, sequence, aggregate_type, aggregate_id, event_type, event_version,
                  payload::text as "payload!", metadata::text as "metadata!", hash
           from events
           where org_id = $1 and aggregate_type = $2 and aggregate_id = $3 and position > $4 and position <= $5
           order by sequence limit $6"#,
        org.as_uuid(),
        parked.aggregate_type,
        parked.aggregate_id,
        after,
        upto,
        REPLAY,
    )
    .fetch_all(db)
    .await?;
    let events = rows.into_iter().map(|row| Recorded {
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
        hash: row.hash.try_into().unwrap_or_default(),
    });
    Ok(events.collect())
}
