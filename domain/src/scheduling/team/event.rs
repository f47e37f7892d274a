//! What happens to a team. Wire names and fields are frozen by the files in `tests/golden/`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use super::command::Setup;
use crate::event::domain_event;
use crate::id::TeamId;
use crate::scheduling::search::OpeningHours;

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum TeamEvent {
    /// It was made.
    Created {
        /// The aggregate's own id.
        team_id: TeamId,
        /// Shown where people read ids.
        number: i32,
        /// Name on screens.
        name: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// It is called something else.
    Renamed {
        /// As it is now.
        name: String,
        /// As it was.
        before: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// It is set up differently.
    Configured {
        /// As it is now.
        setup: Setup,
        /// When.
        at: DateTime<Utc>,
    },
    /// It works at these hours on a weekday.
    WorkingHoursSet {
        /// 0 is Monday.
        weekday: u8,
        /// Local time.
        hours: OpeningHours,
        /// When.
        at: DateTime<Utc>,
    },
    /// It works at the usual hours on a weekday.
    WorkingHoursCleared {
        /// 0 is Monday.
        weekday: u8,
        /// When.
        at: DateTime<Utc>,
    },
    /// It takes no visits any more.
    Archived {
        /// When.
        at: DateTime<Utc>,
    },
    /// It takes visits again.
    Reinstated {
        /// When.
        at: DateTime<Utc>,
    },
}
domain_event!(TeamEvent, version = "1");
