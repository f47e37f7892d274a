//! Teams and the workers who go out with them.

use chrono::{DateTime, TimeDelta, Utc};
use domain::id::{OrgId, TeamId, WorkerId};
use domain::people::worker::{Opening, Profile, TeamNumber, WorkerCommand};
use domain::scheduling::team::TeamCommand;
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use uuid::Uuid;

use super::names::{FAMILY, GIVEN, TEAMS};
use super::people;
use super::step::{Act, Step};

/// A team, and who goes out with it.
pub(super) struct Crew {
    pub(super) team: TeamId,
    pub(super) workers: Vec<WorkerId>,
}

/// Makes the teams, and hires whoever they lack: those who can sign in are there already, one in each team.
pub(super) fn write(
    org: OrgId,
    workers: usize,
    start: DateTime<Utc>,
    rng: &mut StdRng,
    steps: &mut Vec<Step>,
) -> Option<Vec<Crew>> {
    let mut crews = Vec::with_capacity(TEAMS.len());
    for (place, name) in TEAMS.iter().enumerate() {
        let number = i32::try_from(place).ok()? + 1;
        let at = start + TimeDelta::minutes(i64::from(number));
        let team = TeamId::from(Uuid::from_u128(rng.random()));
        let create =
            TeamCommand::Create { team_id: team, number, name: (*name).to_owned(), now: at };
        steps.push(Step::staff(at, team.to_string(), Act::Team(create)));
        crews.push(Crew { team, workers: vec![people::worker(org, place)] });
    }
    for place in people::WORKERS.len()..workers {
        let at = start + TimeDelta::minutes(5 + i64::try_from(place).ok()?);
        let worker_id = WorkerId::from(Uuid::from_u128(rng.random()));
        let name = format!("{} {}", GIVEN.choose(rng)?, FAMILY.choose(rng)?);
        let profile = Profile::parse(&name, &format!("780-555-01{:02}", 10 + place), None).ok()?;
        let crew = place % TEAMS.len();
        let team = TeamNumber::parse(i32::try_from(crew).ok()? + 1)?;
        let opening = Opening::default();
        let hire = WorkerCommand::Hire { worker_id, profile, team, opening, now: at };
        steps.push(Step::staff(at, worker_id.to_string(), Act::Worker(hire)));
        crews.get_mut(crew)?.workers.push(worker_id);
    }
    Some(crews)
}
