//! When a visit is and who comes, and the time that takes.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::event::Reservation;
use crate::id::{TeamId, WorkerId};
use crate::scheduling::window::Window;

/// When a visit is, and who comes. Every event that changes any of it carries all of it: its time is taken anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placement {
    /// The team that comes.
    pub team: TeamId,
    /// When.
    pub window: Window,
    /// Kept free after it.
    pub buffer_minutes: u16,
    /// Who leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead_worker: Option<WorkerId>,
    /// Everybody who comes, the leader included.
    pub crew: Vec<WorkerId>,
}

impl Placement {
    /// The time it takes: of the team and of each of the crew, and the way to the next visit.
    ///
    /// Taking the distance on one side only keeps any two visits apart by it, whichever is first.
    pub fn slots(&self) -> impl Iterator<Item = Reservation> {
        let (from, until) = (
            self.window.starts_at,
            self.window.ends_at + TimeDelta::minutes(self.buffer_minutes.into()),
        );
        let workers = self.crew.iter().map(|worker| worker.as_uuid());
        let resources = std::iter::once(self.team.as_uuid()).chain(workers);
        resources.map(move |resource| Reservation::Slot { resource, from, until })
    }
}
