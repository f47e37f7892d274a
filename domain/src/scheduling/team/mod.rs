//! A team: workers who go out together, when they work, and where.
//!
//! 1. Its name and its number are unique in the organisation, the name whatever its case.
//! 2. Who leads is a member; whoever leaves it leads it no more.
//! 3. A team that is archived takes no visits; those it still has must be moved first.
//! 4. Asking for what already holds changes nothing and is not an error.

mod command;
mod event;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use chrono_tz::Tz;
pub use command::{Setup, TeamCommand, TeamError};
use cqrs_es::Aggregate;
pub use event::TeamEvent;
use serde::{Deserialize, Serialize};

use super::search::OpeningHours;
use super::window::Window;
use crate::event::{EventSourced, Reservation, decides};
use crate::id::{BookingId, TeamId, WorkerId};
use crate::input::text;

/// The scope under which names are claimed.
pub const NAMES: &str = "team.name";

/// The scope under which numbers are claimed.
pub const NUMBERS: &str = "team.number";

/// A team as its answers show it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Team {
    /// Not yet.
    #[default]
    Absent,
    /// Made.
    Known(Box<Details>),
}

/// What is known about a team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// The aggregate's own id.
    pub team_id: TeamId,
    /// Shown where people read ids.
    pub number: i32,
    /// Name on screens.
    pub name: String,
    /// How it is set up.
    pub setup: Setup,
    /// When it works on weekdays that differ from the usual; 0 is Monday.
    pub hours: BTreeMap<u8, OpeningHours>,
    /// Since when it takes no visits.
    pub archived_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

type Decision = Result<Vec<TeamEvent>, TeamError>;

impl Team {
    /// What is known, if it was made.
    pub fn details(&self) -> Option<&Details> {
        match self {
            Self::Absent => None,
            Self::Known(details) => Some(details),
        }
    }

    fn decide(&self, command: TeamCommand) -> Decision {
        use TeamCommand as C;

        match (self, command) {
            (Self::Absent, C::Create { team_id, number, name, now }) => {
                let name = named(&name)?;
                Ok(vec![TeamEvent::Created { team_id, number, name, at: now }])
            }
            (Self::Known(_), C::Create { .. }) => Err(TeamError::AlreadyCreated),
            (Self::Absent, _) => Err(TeamError::NotFound),

            (Self::Known(team), C::Rename { name, now }) => {
                let (name, before) = (named(&name)?, team.name.clone());
                Ok(unless(name == before, TeamEvent::Renamed { name, before, at: now }))
            }
            (Self::Known(team), C::Configure { setup, lead_is_member, now }) => {
                let setup = setup.checked()?;
                if setup.lead.is_some() && setup.lead != team.setup.lead && !lead_is_member {
                    return Err(TeamError::LeadNotMember);
                }
                Ok(unless(setup == team.setup, TeamEvent::Configured { setup, at: now }))
            }
            (Self::Known(team), C::Left { worker, now }) => {
                let setup = Setup { lead: None, ..team.setup.clone() };
                let led = team.setup.lead == Some(worker);
                Ok(unless(!led, TeamEvent::Configured { setup, at: now }))
            }
            (Self::Known(team), C::SetHours { weekday, hours, now }) => {
                team.set_hours(weekday, hours, now)
            }
            (Self::Known(team), C::Archive { future, now }) => team.archive(future, now),
            (Self::Known(team), C::Reinstate { now }) => {
                Ok(unless(team.archived_at.is_none(), TeamEvent::Reinstated { at: now }))
            }
        }
    }
}

impl Details {
    /// When the team works on a local day; `None` if it does not.
    pub fn working_time(&self, date: NaiveDate, zone: Tz) -> Option<Window> {
        let weekday = u8::try_from(date.weekday().num_days_from_monday()).unwrap_or_default();
        let hours = self.hours.get(&weekday).copied().unwrap_or_default();
        hours.on(date, zone)
    }

    fn set_hours(&self, weekday: u8, hours: Option<OpeningHours>, at: DateTime<Utc>) -> Decision {
        if weekday > 6 {
            return Err(TeamError::BadWeekday);
        }
        let known = self.hours.get(&weekday).copied();
        Ok(match hours {
            Some(hours) => {
                unless(known == Some(hours), TeamEvent::WorkingHoursSet { weekday, hours, at })
            }
            None => unless(known.is_none(), TeamEvent::WorkingHoursCleared { weekday, at }),
        })
    }

    fn archive(&self, future: Vec<BookingId>, at: DateTime<Utc>) -> Decision {
        if self.archived_at.is_some() {
            return Ok(Vec::new());
        }
        if !future.is_empty() {
            return Err(TeamError::HasFutureBookings(future));
        }
        Ok(vec![TeamEvent::Archived { at }])
    }
}

impl Setup {
    fn checked(self) -> Result<Self, TeamError> {
        let is_colour = |colour: &str| {
            let digits = colour.strip_prefix('#').unwrap_or_default();
            digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
        };
        if !self.calendar_color.as_deref().is_none_or(is_colour) {
            return Err(TeamError::BadColour);
        }
        let words = |all: Vec<String>| -> Result<Vec<String>, TeamError> {
            if all.len() > 50 {
                return Err(TeamError::BadWords);
            }
            let words = all.iter().map(|word| text("zones", word, 1..=100));
            words.collect::<Result<_, _>>().map_err(|_| TeamError::BadWords)
        };
        let (zones, specializations) = (words(self.zones)?, words(self.specializations)?);
        Ok(Self { zones, specializations, ..self })
    }

    /// Whether `worker` leads.
    pub fn is_led_by(&self, worker: WorkerId) -> bool {
        self.lead == Some(worker)
    }
}

fn named(name: &str) -> Result<String, TeamError> {
    text("name", name, 1..=120).map_err(|_| TeamError::BadName)
}

/// Two names that differ in case only are one.
fn claimed(name: &str) -> String {
    name.to_lowercase()
}

fn unless(holds: bool, event: TeamEvent) -> Vec<TeamEvent> {
    if holds { Vec::new() } else { vec![event] }
}

impl Aggregate for Team {
    const TYPE: &'static str = "team";
    type Command = TeamCommand;
    type Event = TeamEvent;
    type Error = TeamError;
    type Services = ();

    decides!();

    fn apply(&mut self, event: Self::Event) {
        match (self, event) {
            (absent @ Self::Absent, TeamEvent::Created { team_id, number, name, at }) => {
                let (setup, hours) = (Setup::default(), BTreeMap::new());
                *absent = Self::Known(Box::new(Details {
                    team_id,
                    number,
                    name,
                    setup,
                    hours,
                    archived_at: None,
                    created_at: at,
                }));
            }
            (Self::Known(team), event) => match event {
                TeamEvent::Renamed { name, .. } => team.name = name,
                TeamEvent::Configured { setup, .. } => team.setup = setup,
                TeamEvent::WorkingHoursSet { weekday, hours, .. } => {
                    team.hours.insert(weekday, hours);
                }
                TeamEvent::WorkingHoursCleared { weekday, .. } => {
                    team.hours.remove(&weekday);
                }
                TeamEvent::Archived { at } => team.archived_at = Some(at),
                TeamEvent::Reinstated { .. } => team.archived_at = None,
                TeamEvent::Created { .. } => {}
            },
            // A stream starts with its creation; reading must not fail on one that does not.
            (Self::Absent, _) => {}
        }
    }
}

impl EventSourced for Team {
    fn reservations(event: &Self::Event) -> Vec<Reservation> {
        match event {
            TeamEvent::Created { number, name, .. } => vec![
                Reservation::Claim { scope: NAMES, value: claimed(name) },
                Reservation::Claim { scope: NUMBERS, value: number.to_string() },
            ],
            // Another spelling of the same name is held already.
            TeamEvent::Renamed { name, before, .. } if claimed(name) != claimed(before) => vec![
                Reservation::Release { scope: NAMES, value: claimed(before) },
                Reservation::Claim { scope: NAMES, value: claimed(name) },
            ],
            TeamEvent::Renamed { .. }
            | TeamEvent::Configured { .. }
            | TeamEvent::WorkingHoursSet { .. }
            | TeamEvent::WorkingHoursCleared { .. }
            | TeamEvent::Archived { .. }
            | TeamEvent::Reinstated { .. } => Vec::new(),
        }
    }
}
