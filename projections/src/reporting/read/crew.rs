//! Teams, who was in them, and when nobody worked: few events, folded as far as they are asked for.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use cqrs_es::Aggregate;
use domain::people::worker::{TeamNumber, Worker, WorkerEvent};
use domain::pricing::price_book::{PriceBook, PriceBookEvent};
use domain::recorded::Recorded;
use domain::scheduling::team::{Details, Team};
use domain::scheduling::terms::policies::WorkerPolicy;
use domain::scheduling::time_off::{Terms, TimeOff, TimeOffEvent};
use domain::scheduling::window::Window;
use sqlx::PgConnection;
use uuid::Uuid;

use super::At;
use crate::history::log;

/// Events that are read at once.
const STEP: i64 = 2_000;

/// Every event of one kind of aggregate; what does not decode is left out, as it is in lists.
async fn each<A: Aggregate>(
    db: &mut PgConnection,
    at: At<'_>,
    mut apply: impl FnMut(&Recorded, A::Event),
) -> Result<(), sqlx::Error> {
    let mut after = 0;
    loop {
        let events =
            log::of_kinds(&mut *db, at.org, &[A::TYPE], (after, at.position), STEP).await?;
        let Some(last) = events.last() else { return Ok(()) };
        after = last.position;
        for event in &events {
            if let Ok(Some(happened)) = event.of::<A>() {
                apply(event, happened);
            }
        }
    }
}

/// Every team there was, by id.
pub async fn teams(
    db: &mut PgConnection,
    at: At<'_>,
) -> Result<BTreeMap<Uuid, Details>, sqlx::Error> {
    let mut teams = BTreeMap::<String, Team>::new();
    each::<Team>(db, at, |event, happened| {
        teams.entry(event.aggregate_id.clone()).or_default().apply(happened);
    })
    .await?;
    let known = teams.into_values().filter_map(|team| team.details().cloned());
    Ok(known.map(|team| (team.team_id.as_uuid(), team)).collect())
}

/// Every block of time off that touches `span` and was not given up.
pub async fn time_off(
    db: &mut PgConnection,
    at: At<'_>,
    span: Window,
) -> Result<Vec<Terms>, sqlx::Error> {
    let mut blocks = BTreeMap::<String, Terms>::new();
    each::<TimeOff>(db, at, |event, happened| match happened {
        TimeOffEvent::Declared { terms, .. } | TimeOffEvent::Changed { terms, .. } => {
            blocks.insert(event.aggregate_id.clone(), terms);
        }
        TimeOffEvent::Cancelled { .. } => {
            blocks.remove(&event.aggregate_id);
        }
    })
    .await?;
    Ok(blocks.into_values().filter(|terms| terms.window.overlaps(span)).collect())
}

/// With whom somebody went out when.
#[derive(Clone, Debug, Default)]
pub struct Membership {
    /// From which day on with which team, in the order in which it was decided; without one they were not sent out.
    moves: Vec<(NaiveDate, Option<i32>)>,
    last: Option<i32>,
}

impl Membership {
    /// The number of the team with which they went out on `day`.
    pub fn team_on(&self, day: NaiveDate) -> Option<i32> {
        let moved = self.moves.iter().rev().find(|(from, _)| *from <= day);
        moved.and_then(|(_, team)| *team)
    }

    fn joined(&mut self, team: TeamNumber, from: NaiveDate) {
        self.last = Some(team.get());
        self.moves.push((from, self.last));
    }
}

/// Everybody who ever worked here; `day` tells the day of an instant on the clock of the organisation.
pub async fn memberships(
    db: &mut PgConnection,
    at: At<'_>,
    day: impl Fn(DateTime<Utc>) -> NaiveDate,
) -> Result<BTreeMap<Uuid, Membership>, sqlx::Error> {
    use WorkerEvent as E;

    let mut all = BTreeMap::<Uuid, Membership>::new();
    each::<Worker>(db, at, |event, happened| {
        let Ok(id) = event.aggregate_id.parse() else { return };
        let own = all.entry(id).or_default();
        match happened {
            E::Hired { team, at, .. } => own.joined(team, day(at)),
            E::Transferred { to, effective, at, .. } => {
                own.joined(to, effective.unwrap_or_else(|| day(at)));
            }
            E::Archived { at, .. } => own.moves.push((day(at), None)),
            E::Reinstated { at, .. } => own.moves.push((day(at), own.last)),
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
            | E::Reviewed { .. }
            | E::Announced { .. }
            | E::PasswordIssued { .. }
            | E::PasswordChanged { .. } => {}
        }
    })
    .await?;
    Ok(all)
}

/// What an hour of somebody costs.
#[derive(Clone, Debug, Default)]
pub struct Rates {
    /// From which day on how much, in the order in which it was decided.
    all: Vec<(NaiveDate, i64)>,
}

impl Rates {
    /// What it costs on `day`, if that was decided.
    pub fn on(&self, day: NaiveDate) -> Option<i64> {
        let valid = self.all.iter().filter(|(from, _)| *from <= day);
        // Of two that begin on one day, the later decision holds.
        let last = valid.max_by_key(|(from, _)| *from);
        last.map(|(_, cents)| *cents)
    }
}

/// What an hour of everybody costs whose rate was ever decided.
pub async fn rates(db: &mut PgConnection, at: At<'_>) -> Result<HashMap<Uuid, Rates>, sqlx::Error> {
    let mut all = HashMap::<Uuid, Rates>::new();
    each::<Worker>(db, at, |_, happened| {
        if let WorkerEvent::RateChanged { worker_id, cents, effective, .. } = happened {
            all.entry(worker_id.as_uuid()).or_default().all.push((effective, cents));
        }
    })
    .await?;
    Ok(all)
}

/// What an hour costs of somebody of whom nobody said otherwise.
#[derive(Clone, Debug, Default)]
pub struct UsualRates {
    /// Since when how much, in the order in which it was published.
    all: Vec<(DateTime<Utc>, i64)>,
}

impl UsualRates {
    /// What the policies said that held at `at`.
    pub fn at(&self, at: DateTime<Utc>) -> i64 {
        let held = self.all.iter().rev().find(|(since, _)| *since <= at);
        held.map_or_else(|| WorkerPolicy::default().hourly_rate_cents, |(_, cents)| *cents)
    }
}

/// What an hour usually cost, by every version of the price book.
pub async fn usual_rates(db: &mut PgConnection, at: At<'_>) -> Result<UsualRates, sqlx::Error> {
    let mut usual = UsualRates::default();
    each::<PriceBook>(db, at, |_, happened| {
        if let PriceBookEvent::Published { book, at, .. } = happened {
            usual.all.push((at, book.policies.workers.hourly_rate_cents));
        }
    })
    .await?;
    Ok(usual)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::at;

    #[test]
    fn what_was_decided_last_for_a_day_holds_on_it() {
        let day = |n| NaiveDate::from_ymd_opt(2030, 3, n).unwrap();
        let mut own = Membership::default();
        own.joined(TeamNumber::FIRST, day(4));
        own.moves.push((day(10), None));
        assert_eq!([3, 4, 9, 10].map(|n| own.team_on(day(n))), [None, Some(1), Some(1), None]);
        own.moves.push((day(12), own.last));
        own.joined(TeamNumber::parse(2).unwrap(), day(6));
        assert_eq!(
            [5, 6, 10, 12].map(|n| own.team_on(day(n))),
            [Some(1), Some(2), Some(2), Some(2)]
        );
    }

    #[test]
    fn the_rate_that_was_decided_last_for_a_day_holds_on_it() {
        let day = |n| NaiveDate::from_ymd_opt(2030, 3, n).unwrap();
        let rates = Rates { all: vec![(day(10), 3_000), (day(4), 2_000), (day(10), 4_000)] };
        assert_eq!(
            [3, 4, 9, 10].map(|n| rates.on(day(n))),
            [None, Some(2_000), Some(2_000), Some(4_000)]
        );
    }

    #[test]
    fn what_an_hour_usually_costs_is_what_the_policies_said_then() {
        let usual = UsualRates { all: vec![(at(4), 2_600), (at(9), 2_700)] };
        assert_eq!([3, 4, 8, 9].map(|n| usual.at(at(n))), [2_500, 2_600, 2_600, 2_700]);
    }
}
