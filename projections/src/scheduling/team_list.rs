//! The teams, as their aggregates fold them.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use domain::id::{OrgId, TeamId};
use domain::recorded::Recorded;
use domain::scheduling::team::{Details, Team, TeamEvent};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Batch, Parking, Poison, Projection};

/// Teams on a page at most.
pub const PAGE: i64 = 200;

/// The kinds of aggregate that the list follows.
pub const KINDS: &[&str] = &["team"];

/// Keeps the `team_list` table.
#[derive(Debug)]
pub struct TeamList;

impl Projection for TeamList {
    const NAME: &'static str = "team_list";
    const VERSION: i32 = 1;
    const TABLES: &'static [&'static str] = &["team_list"];

    async fn apply(db: &mut PgConnection, batch: &Batch<'_>) -> Result<Vec<Poison>, sqlx::Error> {
        let ids = batch.ids_of(Team::TYPE);
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut rows = load(db, batch.org, &ids).await?;
        let poison = fold(&mut rows, batch.events);
        write(db, batch.org, &rows).await?;
        Ok(poison)
    }
}

/// A team as it was left by its last event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What is known.
    pub team: Details,
    /// Of its stream.
    pub version: i32,
    /// Of its last event in the log.
    pub position: i64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Kept {
    team: Team,
    version: i32,
    position: i64,
}

type RowsById = HashMap<Uuid, Kept>;

fn fold(rows: &mut RowsById, events: &[&Recorded]) -> Vec<Poison> {
    let mut parking = Parking::default();
    for &event in events {
        if parking.holds(event) {
            continue;
        }
        let Some(happened) = parking.unless_broken(event, event.of::<Team>()) else { continue };
        let Ok(id) = event.aggregate_id.parse() else {
            parking.park(event, "the id of a team is a UUID");
            continue;
        };
        if !rows.contains_key(&id) && !matches!(happened, TeamEvent::Created { .. }) {
            parking.park(event, "the team was never created");
            continue;
        }
        let row = rows.entry(id).or_default();
        row.team.apply(happened);
        (row.version, row.position) = (event.sequence, event.position);
    }
    parking.into_poison()
}

async fn load(db: &mut PgConnection, org: OrgId, ids: &[Uuid]) -> Result<RowsById, sqlx::Error> {
    let rows = sqlx::query!(
        "select team_id, version, position, state from team_list where org_id = $1 and team_id = any($2)",
        org.as_uuid(),
        ids,
    )
    .fetch_all(db)
    .await?;
    let row = rows.into_iter().map(|row| {
        let team = Team::Known(Box::new(known(row.state)?));
        Ok((row.team_id, Kept { team, version: row.version, position: row.position }))
    });
    row.collect()
}

async fn write(db: &mut PgConnection, org: OrgId, rows: &RowsById) -> Result<(), sqlx::Error> {
    let known = rows.iter().filter_map(|(id, row)| Some((*id, row, row.team.details()?)));
    let mut known: Vec<(Uuid, &Kept, &Details)> = known.collect();
    known.sort_unstable_by_key(|(id, ..)| *id);
    let states = known.iter().map(|(_, _, team)| serde_json::to_string(team));
    let states = states.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    sqlx::query!(
        "insert into team_list (org_id, team_id, number, name, created_at, archived_at, version, position, state)
         select $1, r.team_id, r.number, r.name, r.created_at, r.archived_at, r.version, r.position, r.state::json
         from unnest($2::uuid[], $3::integer[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::integer[],
                     $8::bigint[], $9::text[])
              r (team_id, number, name, created_at, archived_at, version, position, state)
         on conflict (org_id, team_id) do update
         set number = excluded.number, name = excluded.name, archived_at = excluded.archived_at,
             version = excluded.version, position = excluded.position, state = excluded.state",
        org.as_uuid(),
        &known.iter().map(|(id, ..)| *id).collect::<Vec<_>>(),
        &known.iter().map(|(_, _, team)| team.number).collect::<Vec<_>>(),
        &known.iter().map(|(_, _, team)| team.name.clone()).collect::<Vec<_>>(),
        &known.iter().map(|(_, _, team)| team.created_at).collect::<Vec<_>>(),
        &known.iter().map(|(_, _, team)| team.archived_at).collect::<Vec<_>>() as &[Option<DateTime<Utc>>],
        &known.iter().map(|(_, row, _)| row.version).collect::<Vec<_>>(),
        &known.iter().map(|(_, row, _)| row.position).collect::<Vec<_>>(),
        &states,
    )
    .execute(db)
    .await?;
    Ok(())
}

fn known(state: Value) -> Result<Details, sqlx::Error> {
    serde_json::from_value(state).map_err(unreadable)
}

fn unreadable(error: serde_json::Error) -> sqlx::Error {
    sqlx::Error::Decode(error.into())
}

/// The teams in the order of their numbers, behind number `after`; those that are archived only if asked for.
pub async fn page(
    db: &mut PgConnection,
    org: OrgId,
    (archived, after): (bool, i32),
    limit: i64,
) -> Result<Vec<Row>, sqlx::Error> {
    let rows = sqlx::query!(
        "select version, position, state from team_list
         where org_id = $1 and number > $2 and ($3 or archived_at is null)
         order by number, team_id limit $4",
        org.as_uuid(),
        after,
        archived,
        limit,
    )
    .fetch_all(db)
    .await?;
    let row = rows.into_iter().map(|row| {
        Ok(Row { team: known(row.state)?, version: row.version, position: row.position })
    });
    row.collect()
}

/// One team, if there is one in this organisation.
pub async fn find(
    db: &mut PgConnection,
    org: OrgId,
    team: TeamId,
) -> Result<Option<Row>, sqlx::Error> {
    let row = sqlx::query!(
        "select version, position, state from team_list where org_id = $1 and team_id = $2",
        org.as_uuid(),
        team.as_uuid(),
    )
    .fetch_optional(db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Row { team: known(row.state)?, version: row.version, position: row.position }))
}

/// The team that people know by that number, if there is one.
pub async fn id_of(
    db: &mut PgConnection,
    org: OrgId,
    number: i32,
) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "select team_id from team_list where org_id = $1 and number = $2",
        org.as_uuid(),
        number,
    )
    .fetch_optional(db)
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{LEAD as TEAM, at, recorded};

    fn log() -> Vec<Recorded> {
        let created =
            TeamEvent::Created { team_id: TEAM.into(), number: 1, name: "A".to_owned(), at: at(1) };
        let (name, before) = ("B".to_owned(), "A".to_owned());
        let events = [created, TeamEvent::Renamed { name, before, at: at(2) }];
        let numbered = (1..).zip(&events);
        numbered.map(|(n, event)| recorded::<Team>(i64::from(n), n, TEAM, event)).collect()
    }

    #[test]
    fn the_row_is_what_the_aggregate_folds() {
        let (log, mut rows) = (log(), RowsById::new());
        assert_eq!(fold(&mut rows, &log.iter().collect::<Vec<_>>()), []);
        let row = &rows[&TEAM];
        assert_eq!((row.version, row.team.details().unwrap().name.as_str()), (2, "B"));
    }

    #[test]
    fn a_team_that_was_never_created_is_parked() {
        let (log, mut rows) = (log(), RowsById::new());
        assert_eq!(fold(&mut rows, &[&log[1]])[0].reason, "the team was never created");
    }
}
