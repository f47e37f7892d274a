//! When a visit is and who comes: every change of it is one event that takes the time anew.

use chrono::{DateTime, TimeDelta, Utc};

use super::command::{Change, Crew};
use super::error::BookingError;
use super::event::BookingEvent;
use super::party::Party;
use super::placement::Placement;
use super::status::Status;
use super::{Decision, Details, check_notice, deposit};
use crate::id::TeamId;
use crate::input::free_text;
use crate::scheduling::search::{Obstacle, ObstacleKind};
use crate::scheduling::terms::policies::ReschedulePolicy;
use crate::scheduling::window::Window;

impl Details {
    pub(super) fn place(&self, change: &Change) -> Decision {
        if change.window.is_none() && change.team.is_none() && change.crew.is_none() {
            return Err(BookingError::NothingSupplied);
        }
        let moves = change.window.is_some_and(|window| window != self.placement.window);
        let changes_team = change.team.is_some_and(|team| team != self.placement.team);
        let is_possible = match self.status {
            Status::Pending | Status::Confirmed => true,
            // Whoever is there is not moved, but others may come to help.
            Status::InProgress => !moves && !changes_team,
            Status::Done | Status::Cancelled => false,
        };
        if !is_possible {
            return Err(BookingError::IllegalState(self.status));
        }
        let reschedule = &change.policies.reschedule;
        if moves && change.by == Party::Client {
            self.client_may_move(reschedule, change.now)?;
        }
        let window = change.window.unwrap_or(self.placement.window);
        if moves && change.by == Party::Client {
            check_notice(&change.policies.scheduling, window.starts_at, change.now)?;
        } else if moves && window.starts_at <= change.now {
            return Err(BookingError::StartInPast);
        }
        let forced = reason(change.forced.as_deref())?;
        let buffer_minutes = match (&forced, moves || changes_team) {
            (Some(_), _) => 0,
            (None, true) => change.policies.scheduling.buffer_minutes,
            (None, false) => self.placement.buffer_minutes,
        };
        let team = change.team.unwrap_or(self.placement.team);
        let placement = match &change.crew {
            Some(crew) => placement(team, crew, window, buffer_minutes)?,
            // Workers of one team do not come with another.
            None if changes_team => placement(team, &Crew::default(), window, buffer_minutes)?,
            None => Placement { team, window, buffer_minutes, ..self.placement.clone() },
        };
        if placement == self.placement {
            return Ok(Vec::new());
        }
        unhindered(&placement, &change.obstacles, forced.is_some())?;
        let fee_cents = if change.by == Party::Client { reschedule.fee_cents } else { 0 };
        let (before, at) = (self.placement.clone(), change.now);
        let deposit = moves.then(|| deposit::moved(self, window, change)).flatten();
        let placed = if moves {
            let forced = forced.map(|why| self.words(why));
            let (by, decided_by) = (change.by, change.decided_by.clone());
            BookingEvent::Rescheduled { placement, before, by, fee_cents, decided_by, forced, at }
        } else if changes_team {
            BookingEvent::TeamAssigned { placement, before, at }
        } else if placement.crew.is_empty() {
            BookingEvent::CrewCleared { placement, before, at }
        } else {
            BookingEvent::CrewAssigned { placement, before, at }
        };
        Ok(std::iter::once(placed).chain(deposit).collect())
    }

    fn client_may_move(
        &self,
        policy: &ReschedulePolicy,
        now: DateTime<Utc>,
    ) -> Result<(), BookingError> {
        if !policy.allowed {
            return Err(BookingError::RescheduleNotAllowed);
        }
        let notice = TimeDelta::hours(policy.notice_hours.into());
        if self.placement.window.starts_at - now < notice {
            return Err(BookingError::NoticeTooShort);
        }
        if self.moved >= policy.max_reschedules {
            return Err(BookingError::RescheduleLimit);
        }
        Ok(())
    }
}

/// Why something is put aside, if it is.
pub(super) fn reason(why: Option<&str>) -> Result<Option<String>, BookingError> {
    let why = why.map(|why| free_text("reason", why, 1..=500)).transpose();
    why.map_err(|_| BookingError::ReasonRequired)
}

/// The crew must work here, and in this team.
pub(super) fn placement(
    team: TeamId,
    crew: &Crew,
    window: Window,
    buffer_minutes: u16,
) -> Result<Placement, BookingError> {
    let mut workers = Vec::with_capacity(crew.members.len());
    for member in &crew.members {
        if !member.is_active {
            return Err(BookingError::WorkerInactive);
        }
        if member.team != team {
            return Err(BookingError::WorkerOtherTeam);
        }
        if !workers.contains(&member.worker) {
            workers.push(member.worker);
        }
    }
    // Who leads is one of those who come.
    if crew.lead.is_some_and(|lead| !workers.contains(&lead)) {
        return Err(BookingError::WorkerOtherTeam);
    }
    workers.sort_unstable();
    Ok(Placement { team, window, buffer_minutes, lead_worker: crew.lead, crew: workers })
}

/// Names everything that stands in the way. Opening hours can be put aside; nothing else can.
pub(super) fn unhindered(
    placement: &Placement,
    obstacles: &[Obstacle],
    forced: bool,
) -> Result<(), BookingError> {
    let buffer = TimeDelta::minutes(placement.buffer_minutes.into());
    let counts = |one: &&Obstacle| {
        !(forced && one.kind == ObstacleKind::OutsideHours) && one.hinders(placement.window, buffer)
    };
    let found: Vec<_> = obstacles.iter().filter(counts).cloned().collect();
    if found.is_empty() { Ok(()) } else { Err(BookingError::Hindered(found)) }
}
