//! Which teams could come at a time, as far as one can tell before asking the log.

use chrono::TimeDelta;
use chrono_tz::Tz;
use domain::id::{BookingId, OrgId};
use domain::scheduling::booking;
use domain::scheduling::search::Obstacle;
use domain::scheduling::team::Details as Team;
use domain::scheduling::terms::policies::SchedulingPolicy;
use domain::scheduling::window::Window;

use super::super::facts;
use crate::problem::Problem;
use crate::state::App;

/// A time that somebody wishes for.
#[derive(Clone, Copy)]
pub(super) struct Wish<'a> {
    pub(super) window: Window,
    /// The clock by which the teams work.
    pub(super) zone: Tz,
    pub(super) policy: &'a SchedulingPolicy,
}

/// Those of `teams` that could come; if none could, what stands in the way. `own` is the visit that is to be.
pub(super) async fn teams(
    app: &App,
    org: OrgId,
    teams: Vec<Team>,
    (wish, own): (Wish<'_>, BookingId),
) -> Result<Vec<Team>, Problem> {
    let Wish { window, zone, policy } = wish;
    booking::check_notice(policy, window.starts_at, app.now())
        .map_err(|refused| Problem::refused(&refused))?;
    let buffer = TimeDelta::minutes(policy.buffer_minutes.into());
    let (mut free, mut conflicts) = (Vec::new(), Vec::<Obstacle>::new());
    for team in teams {
        let wish = facts::Wish { team: Some(&team), workers: &[], window, zone };
        let mut found = facts::obstacles(&app.reads, org, wish).await?;
        found.retain(|one| one.hinders(window, buffer));
        let whose = (Some(team.team_id), &[][..]);
        found.extend(facts::visits(app, org, whose, (window, buffer), Some(own)).await?);
        if found.is_empty() {
            free.push(team);
        }
        conflicts.extend(found);
    }
    if free.is_empty() { Err(facts::no_longer_free(&conflicts)) } else { Ok(free) }
}
