//! One lead as its aggregate folds it. Personal values stay sealed in the table and are opened when read.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use domain::id::{LeadId, OrgId};
use domain::personal;
use domain::recorded::Recorded;
use domain::sales::lead::{Lead, LeadEvent};
use domain::seal::{self, MasterKeys};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Batch, Parking, Poison, Projection, subject_keys};

/// Keeps the `lead_detail` table.
#[derive(Debug)]
pub struct LeadDetail;

impl Projection for LeadDetail {
    const NAME: &'static str = "lead_detail";
    const VERSION: i32 = 3;
    const TABLES: &'static [&'static str] = &["lead_detail"];

    async fn apply(db: &mut PgConnection, batch: &Batch<'_>) -> Result<Vec<Poison>, sqlx::Error> {
        let ids = batch.ids_of(Lead::TYPE);
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut rows = load(db, batch.org, &ids).await?;
        let poison = fold(&mut rows, batch.events);
        write(db, batch.org, &rows).await?;
        Ok(poison)
    }
}

/// A row of `lead_detail`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    version: i32,
    position: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    state: Lead,
}

type RowsById = HashMap<Uuid, Row>;

/// Applies the events to the rows they touch, with the aggregate's own fold.
fn fold(rows: &mut RowsById, events: &[&Recorded]) -> Vec<Poison> {
    let mut parking = Parking::default();
    for &event in events {
        if parking.holds(event) {
            continue;
        }
        let Some(happened) = parking.unless_broken(event, event.of::<Lead>()) else { continue };
        let Ok(id) = event.aggregate_id.parse() else {
            parking.park(event, "the id of a lead is a UUID");
            continue;
        };
        if !rows.contains_key(&id) && !matches!(happened, LeadEvent::Submitted(_)) {
            parking.park(event, "the lead was never submitted");
            continue;
        }
        let row = rows.entry(id).or_insert_with(|| Row {
            version: 0,
            position: 0,
            created_at: event.recorded_at,
            updated_at: event.recorded_at,
            state: Lead::default(),
        });
        row.state.apply(happened);
        row.version = event.sequence;
        row.position = event.position;
        row.updated_at = event.recorded_at;
    }
    parking.into_poison()
}

async fn load(db: &mut PgConnection, org: OrgId, ids: &[Uuid]) -> Result<RowsById, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select lead_id, version, position, created_at, updated_at, state::text as "state!"
           from lead_detail where org_id = $1 and lead_id = any($2)"#,
        org.as_uuid(),
        ids,
    )
    .fetch_all(db)
    .await?;
    let row = rows.into_iter().map(|row| {
        let state = serde_json::from_str(&row.state).map_err(unreadable)?;
        let kept = Row {
            version: row.version,
            position: row.position,
            created_at: row.created_at,
            updated_at: row.updated_at,
            state,
        };
        Ok((row.lead_id, kept))
    });
    row.collect()
}

async fn write(db: &mut PgConnection, org: OrgId, rows: &RowsById) -> Result<(), sqlx::Error> {
    let mut rows: Vec<(&Uuid, &Row)> = rows.iter().collect();
    rows.sort_unstable_by_key(|(id, _)| **id);
    let states = rows.iter().map(|(_, row)| serde_json::to_string(&row.state));
    let states = states.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    sqlx::query!(
        "insert into lead_detail (org_id, lead_id, version, position, created_at, updated_at, state)
         select $1, r.lead_id, r.version, r.position, r.created_at, r.updated_at, r.state::json
         from unnest($2::uuid[], $3::integer[], $4::bigint[], $5::timestamptz[], $6::timestamptz[], $7::text[])
              r (lead_id, version, position, created_at, updated_at, state)
         on conflict (org_id, lead_id) do update
         set version = excluded.version, position = excluded.position, updated_at = excluded.updated_at,
             state = excluded.state",
        org.as_uuid(),
        &rows.iter().map(|(id, _)| **id).collect::<Vec<_>>(),
        &rows.iter().map(|(_, row)| row.version).collect::<Vec<_>>(),
        &rows.iter().map(|(_, row)| row.position).collect::<Vec<_>>(),
        &rows.iter().map(|(_, row)| row.created_at).collect::<Vec<_>>(),
        &rows.iter().map(|(_, row)| row.updated_at).collect::<Vec<_>>(),
        &states,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A lead as people may read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    /// Personal values open, or erased.
    pub lead: Lead,
    /// Of its stream: what `If-Match` is compared with.
    pub version: i32,
    /// Of its last event in the log.
    pub position: i64,
}

/// The lead, if there is one in this organisation.
///
/// The keys are read in the same transaction: who has been erased by now is erased in the answer.
pub async fn find(
    db: &mut PgConnection,
    masters: &MasterKeys,
    org: OrgId,
    lead: LeadId,
) -> Result<Option<Detail>, sqlx::Error> {
    let row = sqlx::query!(
        "select version, position, state from lead_detail where org_id = $1 and lead_id = $2",
        org.as_uuid(),
        lead.as_uuid(),
    )
    .fetch_optional(&mut *db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let lead = opened(db, masters, org, row.state).await?;
    Ok(Some(Detail { lead, version: row.version, position: row.position }))
}

async fn opened(
    db: &mut PgConnection,
    masters: &MasterKeys,
    org: OrgId,
    mut state: Value,
) -> Result<Lead, sqlx::Error> {
    let mut subjects = Vec::new();
    personal::subjects_in(&state, &mut subjects);
    let keys = subject_keys::load(db, masters, org, &subjects).await?;
    seal::open_all(&mut state, &keys).map_err(|error| sqlx::Error::Decode(error.into()))?;
    serde_json::from_value(state).map_err(unreadable)
}

fn unreadable(error: serde_json::Error) -> sqlx::Error {
    sqlx::Error::Decode(error.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{LEAD, keys, life, logged};

    #[test]
    fn the_row_is_what_the_aggregate_folds_with_everything_personal_still_sealed() {
        let log = logged(&life());
        let mut rows = RowsById::new();
        assert_eq!(fold(&mut rows, &log.iter().collect::<Vec<_>>()), []);
        let text = serde_json::to_string(&rows[&LEAD].state).unwrap();
        for secret in ["Zoë", "0199", "Elm", "Zürich"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        let mut state = serde_json::from_str(&text).unwrap();
        seal::open_all(&mut state, &keys()).unwrap();
        let mut expected = Lead::default();
        for event in &log {
            expected.apply(event.open::<Lead>(&keys()).unwrap().unwrap());
        }
        assert_eq!(serde_json::from_value::<Lead>(state).unwrap(), expected);
    }

    #[test]
    fn a_lead_that_was_never_submitted_is_parked() {
        let log = logged(&life());
        let mut rows = RowsById::new();
        let poison = fold(&mut rows, &log[1..].iter().collect::<Vec<_>>());
        assert_eq!((poison.len(), poison[0].position, rows.len()), (1, 2, 0));
    }
}
