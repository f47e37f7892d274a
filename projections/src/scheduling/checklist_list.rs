//! The checklists of all visits. What was seen at items stays in the log: nothing personal stands in the table.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use domain::id::OrgId;
use domain::recorded::Recorded;
use domain::scheduling::checklist::run::{Checklist, ChecklistEvent, Run};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Batch, Parking, Poison, Projection};

/// Checklists on a page at most.
pub const PAGE: i64 = 200;

/// Keeps the `checklist_list` table.
#[derive(Debug)]
pub struct ChecklistList;

impl Projection for ChecklistList {
    const NAME: &'static str = "checklist_list";
    const VERSION: i32 = 1;
    const TABLES: &'static [&'static str] = &["checklist_list"];

    async fn apply(db: &mut PgConnection, batch: &Batch<'_>) -> Result<Vec<Poison>, sqlx::Error> {
        let bookings = batch.ids_of(Checklist::TYPE);
        if bookings.is_empty() {
            return Ok(Vec::new());
        }
        let mut lists = load(db, batch.org, &bookings).await?;
        let poison = fold(&mut lists, batch.events);
        write(db, batch.org, &lists).await?;
        Ok(poison)
    }
}

/// A checklist, and the position of the last event in it.
type Lists = HashMap<Uuid, (Checklist, i64)>;

fn fold(lists: &mut Lists, events: &[&Recorded]) -> Vec<Poison> {
    let mut parking = Parking::default();
    for &event in events {
        if event.aggregate_type != Checklist::TYPE || parking.holds(event) {
            continue;
        }
        let decoded = event.of::<Checklist>();
        let Some(happened) = parking.unless_broken(event, decoded) else { continue };
        let Ok(id) = event.aggregate_id.parse() else {
            parking.park(event, "the id of a checklist is that of its booking");
            continue;
        };
        if !lists.contains_key(&id) && !matches!(happened, ChecklistEvent::Started { .. }) {
            parking.park(event, "the checklist was never begun");
            continue;
        }
        let (list, position) = lists.entry(id).or_default();
        if !matches!(happened, ChecklistEvent::ItemNoted { .. }) {
            list.apply(happened);
        }
        *position = event.position;
    }
    parking.into_poison()
}

async fn load(db: &mut PgConnection, org: OrgId, bookings: &[Uuid]) -> Result<Lists, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select booking_id, position, run::text as "run!" from checklist_list
           where org_id = $1 and booking_id = any($2)"#,
        org.as_uuid(),
        bookings,
    )
    .fetch_all(db)
    .await?;
    let mut lists = Lists::new();
    for row in rows {
        let run = Checklist::Known(serde_json::from_str(&row.run).map_err(unreadable)?);
        lists.insert(row.booking_id, (run, row.position));
    }
    Ok(lists)
}

async fn write(db: &mut PgConnection, org: OrgId, lists: &Lists) -> Result<(), sqlx::Error> {
    let mut rows: Vec<(Uuid, &Run, i64)> = lists
        .iter()
        .filter_map(|(id, (list, position))| Some((*id, list.run()?, *position)))
        .collect();
    // Always in the same order, so that two writers cannot wait for each other in a circle.
    rows.sort_unstable_by_key(|(id, ..)| *id);
    let runs = rows.iter().map(|(_, run, _)| serde_json::to_string(run));
    let runs = runs.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    sqlx::query!(
        "insert into checklist_list (org_id, booking_id, completed, started_at, position, run)
         select $1, r.id, r.completed, r.at, r.position, r.run::json
         from unnest($2::uuid[], $3::boolean[], $4::timestamptz[], $5::bigint[], $6::text[])
              r (id, completed, at, position, run)
         on conflict (org_id, booking_id) do update
         set completed = excluded.completed, position = excluded.position, run = excluded.run",
        org.as_uuid(),
        &rows.iter().map(|(id, ..)| *id).collect::<Vec<_>>(),
        &rows.iter().map(|(_, run, _)| run.completed_at.is_some()).collect::<Vec<_>>(),
        &rows.iter().map(|(_, run, _)| run.started_at).collect::<Vec<_>>(),
        &rows.iter().map(|(.., position)| *position).collect::<Vec<_>>(),
        &runs,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The checklists that are complete or are not, the latest first, behind the one that `after` names by time and id.
pub async fn page(
    db: &mut PgConnection,
    org: OrgId,
    completed: Option<bool>,
    (after, limit): (Option<(DateTime<Utc>, Uuid)>, i64),
) -> Result<Vec<Run>, sqlx::Error> {
    let (at, id) = after.unzip();
    let rows = sqlx::query_scalar!(
        "select run from checklist_list
         where org_id = $1 and ($2::boolean is null or completed = $2)
           and ($3::timestamptz is null or (started_at, booking_id) < ($3, $4))
         order by started_at desc, booking_id desc limit $5",
        org.as_uuid(),
        completed,
        at,
        id,
        limit,
    )
    .fetch_all(db)
    .await?;
    rows.into_iter().map(|run| serde_json::from_value(run).map_err(unreadable)).collect()
}

fn unreadable(error: serde_json::Error) -> sqlx::Error {
    sqlx::Error::Decode(error.into())
}

#[cfg(test)]
mod tests {
    use domain::personal::Personal;
    use domain::scheduling::checklist::Phase;
    use domain::scheduling::checklist::templates::{Item, Template};

    use super::*;
    use crate::fixture::{LEAD as ID, at, recorded};

    #[test]
    fn a_list_is_as_far_as_its_events_left_it_and_holds_no_words() {
        let template = Template {
            template_id: Uuid::from_u128(2).into(),
            name: "Usual".to_owned(),
            service_type: None,
            version: 1,
            is_active: true,
            items: vec![Item { label: "Oven".to_owned(), phase: Phase::After, required: true }],
        };
        let item = Uuid::new_v5(&ID, b"0").into();
        let note = Personal::of(Uuid::from_u128(7).into(), "Quilla's key".to_owned());
        let events = [
            ChecklistEvent::Started { booking: ID.into(), template, at: at(1) },
            ChecklistEvent::ItemNoted { item, note, at: at(2) },
            ChecklistEvent::ItemChecked { item, at: at(3) },
            ChecklistEvent::Completed { at: at(4) },
        ];
        let numbered = (1..).zip(&events);
        let log: Vec<Recorded> =
            numbered.map(|(n, e)| recorded::<Checklist>(i64::from(n), n, ID, e)).collect();
        let mut lists = Lists::new();
        assert_eq!(fold(&mut lists, &log.iter().collect::<Vec<_>>()), []);
        let (list, position) = &lists[&ID];
        let run = list.run().unwrap();
        assert_eq!((run.completed_at, run.items[0].checked_at), (Some(at(4)), Some(at(3))));
        assert_eq!((*position, &run.items[0].note), (4, &None));
        assert_eq!(fold(&mut Lists::new(), &[&log[2]])[0].reason, "the checklist was never begun");
    }
}
