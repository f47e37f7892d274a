//! What can be asked of a team, and why it is refused.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::id::{BookingId, TeamId, WorkerId};
use crate::refusal::{Kind, Refusal};
use crate::scheduling::search::OpeningHours;

/// What can be asked.
#[derive(Clone, Debug)]
pub enum TeamCommand {
    /// Make it.
    Create {
        /// The aggregate's own id.
        team_id: TeamId,
        /// One that no team has; the log refuses one that is taken.
        number: i32,
        /// Name on screens.
        name: String,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Call it something else.
    Rename {
        /// Name on screens.
        name: String,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Set it up.
    Configure {
        /// As it shall be.
        setup: Setup,
        /// Whether who shall lead is an active member.
        lead_is_member: bool,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Somebody belongs to it no more.
    Left {
        /// Who.
        worker: WorkerId,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Work at these hours, or the usual ones.
    SetHours {
        /// 0 is Monday.
        weekday: u8,
        /// `None` for the usual ones.
        hours: Option<OpeningHours>,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Take no visits any more.
    Archive {
        /// Visits it would still have to make.
        future: Vec<BookingId>,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Take visits again.
    Reinstate {
        /// When it is asked.
        now: DateTime<Utc>,
    },
}

/// How a team is set up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// Who leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead: Option<WorkerId>,
    /// Parts of town.
    #[serde(default)]
    pub zones: Vec<String>,
    /// What it is good at.
    #[serde(default)]
    pub specializations: Vec<String>,
    /// `#RRGGBB` on calendars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar_color: Option<String>,
}

/// Why a command is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
pub enum TeamError {
    /// There is none.
    #[error("there is no such team")]
    #[strum(serialize = "team.not_found")]
    NotFound,
    /// The id is in use.
    #[error("this team was made before")]
    #[strum(serialize = "team.already_created")]
    AlreadyCreated,
    /// Not a name.
    #[error("a name has 1 to 120 characters")]
    #[strum(serialize = "team.bad_name")]
    BadName,
    /// Another team is called so.
    #[error("another team of this organisation has this name")]
    #[strum(serialize = "team.name_taken")]
    NameTaken,
    /// Not a colour.
    #[error("a colour is written #RRGGBB")]
    #[strum(serialize = "team.bad_colour")]
    BadColour,
    /// Not words.
    #[error("zones and specializations are at most 50 words of 1 to 100 characters")]
    #[strum(serialize = "team.bad_words")]
    BadWords,
    /// Not a weekday.
    #[error("a weekday is 0 (Monday) to 6 (Sunday)")]
    #[strum(serialize = "team.bad_weekday")]
    BadWeekday,
    /// Only a member leads.
    #[error("who leads must be an active member of the team")]
    #[strum(serialize = "team.lead_not_member")]
    LeadNotMember,
    /// Somebody waits for it.
    #[error("the team still has visits to make")]
    #[strum(serialize = "team.has_future_bookings")]
    HasFutureBookings(Vec<BookingId>),
}

impl Refusal for TeamError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotFound => Kind::NotFound,
            Self::AlreadyCreated | Self::NameTaken | Self::HasFutureBookings(_) => Kind::Conflict,
            Self::LeadNotMember | Self::BadColour | Self::BadName => Kind::Rule,
            Self::BadWords | Self::BadWeekday => Kind::Invalid,
        }
    }

    fn code(&self) -> &'static str {
        self.into()
    }

    fn member(&self) -> Option<(&'static str, Value)> {
        match self {
            Self::HasFutureBookings(bookings) => Some(("bookings", json!(bookings))),
            _ => None,
        }
    }
}
