//! With whom each worker went out when, and how well they did, visit by visit. Nothing personal stands in it.

use chrono::{DateTime, NaiveDate, Utc};
use cqrs_es::Aggregate;
use domain::id::{OrgId, WorkerId};
use domain::people::worker::{TeamNumber, Worker, WorkerEvent};
use domain::recorded::Recorded;
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Batch, Parking, Poison, Projection};

/// Keeps the `worker_membership` and `worker_reviews` tables.
#[derive(Debug)]
pub struct WorkerHistory;

impl Projection for WorkerHistory {
    const NAME: &'static str = "worker_history";
    const VERSION: i32 = 1;
    const TABLES: &'static [&'static str] = &["worker_membership", "worker_reviews"];

    async fn apply(db: &mut PgConnection, batch: &Batch<'_>) -> Result<Vec<Poison>, sqlx::Error> {
        let (told, poison) = told(batch.events);
        if !told.moves.is_empty() {
            write_moves(db, batch.org, &told.moves).await?;
        }
        if !told.reviews.is_empty() {
            write_reviews(db, batch.org, &told.reviews).await?;
        }
        Ok(poison)
    }
}

#[derive(Debug, Default)]
struct Told {
    moves: Vec<(Uuid, i64, Move)>,
    reviews: Vec<(Uuid, Uuid, i32, DateTime<Utc>)>,
}

/// From a day on somebody went out with a team, or with none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Move {
    /// From this day on.
    pub from_date: NaiveDate,
    /// With that team; none is sent out no more.
    pub team: Option<i32>,
}

fn told(events: &[&Recorded]) -> (Told, Vec<Poison>) {
    use WorkerEvent as E;

    let (mut parking, mut told) = (Parking::default(), Told::default());
    for &event in events {
        if event.aggregate_type != Worker::TYPE || parking.holds(event) {
            continue;
        }
        let Some(happened) = parking.unless_broken(event, event.of::<Worker>()) else { continue };
        let Ok(worker) = event.aggregate_id.parse::<Uuid>() else {
            parking.park(event, "the id of a worker is a UUID");
            continue;
        };
        let mut moved = |team: Option<TeamNumber>, from_date| {
            let team = team.map(TeamNumber::get);
            told.moves.push((worker, event.position, Move { from_date, team }));
        };
        match happened {
            E::Hired { team, at, .. } => moved(Some(team), at.date_naive()),
            E::Transferred { to, effective, at, .. } => {
                moved(Some(to), effective.unwrap_or_else(|| at.date_naive()));
            }
            E::Archived { at, .. } => moved(None, at.date_naive()),
            E::Reviewed { booking, rating, at, .. } => {
                told.reviews.push((worker, booking.as_uuid(), rating.into(), at));
            }
            // With whom they go out again is what they were in last, see [`on`].
            E::Reinstated { at, .. } => {
                let back = Move { from_date: at.date_naive(), team: Some(0) };
                told.moves.push((worker, event.position, back));
            }
            E::ProfileChanged { .. }
            | E::TransferPlanned { .. }
            | E::TransferDropped { .. }
            | E::Qualified { .. }
            | E::RateChanged { .. }
            | E::OnboardingStepSet { .. }
            | E::CertificateAdded { .. }
            | E::CertificateExpired { .. }
            | E::CertificateArchived { .. }
            | E::NoteAdded { .. }
            | E::IncidentReported { .. }
            | E::Announced { .. }
            | E::PasswordIssued { .. }
            | E::PasswordChanged { .. } => {}
        }
    }
    (told, parking.into_poison())
}

async fn write_moves(
    db: &mut PgConnection,
    org: OrgId,
    moves: &[(Uuid, i64, Move)],
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into worker_membership (org_id, worker_id, position, team, from_date)
         select $1, r.* from unnest($2::uuid[], $3::bigint[], $4::integer[], $5::date[]) r",
        org.as_uuid(),
        &moves.iter().map(|(worker, ..)| *worker).collect::<Vec<_>>(),
        &moves.iter().map(|(_, position, _)| *position).collect::<Vec<_>>(),
        &moves.iter().map(|(.., one)| one.team).collect::<Vec<_>>() as &[Option<i32>],
        &moves.iter().map(|(.., one)| one.from_date).collect::<Vec<_>>(),
    )
    .execute(db)
    .await?;
    Ok(())
}

async fn write_reviews(
    db: &mut PgConnection,
    org: OrgId,
    reviews: &[(Uuid, Uuid, i32, DateTime<Utc>)],
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into worker_reviews (org_id, worker_id, booking_id, rating, at)
         select $1, r.* from unnest($2::uuid[], $3::uuid[], $4::integer[], $5::timestamptz[]) r",
        org.as_uuid(),
        &reviews.iter().map(|(worker, ..)| *worker).collect::<Vec<_>>(),
        &reviews.iter().map(|(_, booking, ..)| *booking).collect::<Vec<_>>(),
        &reviews.iter().map(|(_, _, rating, _)| *rating).collect::<Vec<_>>(),
        &reviews.iter().map(|(.., at)| *at).collect::<Vec<_>>(),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// With whom somebody went out, in the order in which it was decided.
pub async fn of(
    db: &mut PgConnection,
    org: OrgId,
    worker: WorkerId,
) -> Result<Vec<Move>, sqlx::Error> {
    let moves = sqlx::query_as!(
        Move,
        "select from_date, team from worker_membership
         where org_id = $1 and worker_id = $2 order by position",
        org.as_uuid(),
        worker.as_uuid(),
    )
    .fetch_all(db)
    .await?;
    Ok(resolved(moves))
}

/// Whoever is sent out again goes with the team that they were in last.
fn resolved(mut moves: Vec<Move>) -> Vec<Move> {
    let mut last = None;
    for one in &mut moves {
        match one.team {
            Some(0) => one.team = last,
            Some(team) => last = Some(team),
            None => {}
        }
    }
    moves
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{LEAD as WORKER, at, recorded};

    #[test]
    fn a_transfer_counts_from_the_day_that_was_said_and_who_comes_back_joins_their_team() {
        let worker_id = WORKER.into();
        let (from, to) = (TeamNumber::FIRST, TeamNumber::parse(2).unwrap());
        let said = NaiveDate::from_ymd_opt(1969, 12, 1);
        let events = [
            WorkerEvent::Transferred { worker_id, from, to, effective: said, at: at(1) },
            WorkerEvent::Archived { worker_id, at: at(2) },
            WorkerEvent::Reinstated { worker_id, at: at(3) },
            WorkerEvent::Reviewed {
                worker_id,
                booking: Uuid::from_u128(3).into(),
                rating: 4,
                comment: None,
                by: "owner".to_owned(),
                at: at(4),
            },
        ];
        let numbered = (1..).zip(&events);
        let log: Vec<Recorded> =
            numbered.map(|(n, e)| recorded::<Worker>(i64::from(n), n, WORKER, e)).collect();
        let (told, poison) = told(&log.iter().collect::<Vec<_>>());
        assert_eq!((poison.len(), told.reviews.len()), (0, 1));
        let moves = resolved(told.moves.iter().map(|(.., one)| *one).collect());
        assert_eq!(moves.iter().map(|one| one.team).collect::<Vec<_>>(), [Some(2), None, Some(2)]);
        assert_eq!(Some(moves[0].from_date), said);
    }
}
