//! Teams in the shape of the API.

use serde::Deserialize;

use super::hours::Day;

/// Who goes out together.
#[derive(Clone, Deserialize)]
pub(crate) struct Team {
    #[serde(rename = "team_id")]
    pub(crate) id: String,
    /// Workers know their team by it.
    pub(crate) number: i32,
    pub(crate) name: String,
}

/// A line of the list.
#[derive(Deserialize)]
pub(super) struct Item {
    #[serde(flatten)]
    pub(super) team: Team,
    #[serde(default)]
    pub(super) zones: Vec<String>,
    archived_at: Option<String>,
    lead: Option<Lead>,
    worker_count: Option<u32>,
}

#[derive(Deserialize)]
struct Lead {
    name: Option<String>,
}

impl Item {
    pub(super) fn lead(&self) -> &str {
        self.lead.as_ref().and_then(|lead| lead.name.as_deref()).unwrap_or("–")
    }

    pub(super) fn workers(&self) -> u32 {
        self.worker_count.unwrap_or_default()
    }

    pub(super) fn is_archived(&self) -> bool {
        self.archived_at.is_some()
    }
}

/// Everything about a team.
#[derive(Deserialize)]
pub(super) struct Details {
    #[serde(flatten)]
    pub(super) team: Team,
    lead_worker_id: Option<String>,
    zones: Vec<String>,
    specializations: Vec<String>,
    calendar_color: Option<String>,
    #[serde(rename = "working_hours")]
    pub(super) week: Vec<Day>,
    archived_at: Option<String>,
}

impl Details {
    pub(super) fn is_archived(&self) -> bool {
        self.archived_at.is_some()
    }

    pub(super) fn lead(&self) -> &str {
        self.lead_worker_id.as_deref().unwrap_or_default()
    }

    pub(super) fn zones(&self) -> String {
        self.zones.join(", ")
    }

    pub(super) fn specializations(&self) -> String {
        self.specializations.join(", ")
    }

    pub(super) fn colour(&self) -> &str {
        self.calendar_color.as_deref().unwrap_or_default()
    }
}

/// Who goes out with it.
#[derive(Deserialize)]
pub(super) struct Member {
    #[serde(rename = "worker_id")]
    pub(super) id: String,
    pub(super) name: String,
    pub(super) phone: String,
}
