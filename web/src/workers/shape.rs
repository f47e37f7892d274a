//! Workers in the shape of the API.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::moment::Moment;
use crate::shown;
use crate::teams::shape::Team;

/// What a team is called; its number where that may not be known.
pub(super) fn team(teams: &[Team], number: i32) -> String {
    let known = teams.iter().find(|team| team.number == number);
    known.map_or_else(|| format!("number {number}"), |team| team.name.clone())
}

#[derive(Deserialize)]
pub(super) struct Worker {
    #[serde(rename = "worker_id")]
    pub(super) id: String,
    pub(super) name: String,
    pub(super) phone: String,
    email: Option<String>,
    pub(super) team_id: i32,
    pub(super) is_active: bool,
}

impl Worker {
    pub(super) fn email(&self) -> &str {
        self.email.as_deref().unwrap_or_default()
    }

    pub(super) fn team(&self, teams: &[Team]) -> String {
        team(teams, self.team_id)
    }
}

#[derive(Deserialize)]
pub(super) struct File {
    role: Option<String>,
    skills: Vec<String>,
    hourly_rate_cents: i64,
    pub(super) onboarding: BTreeMap<String, bool>,
    pub(super) certificates: Vec<Certificate>,
    /// What they should have shown and have not.
    #[serde(default)]
    pub(super) compliance: Vec<Gap>,
    pub(super) notes: Vec<Note>,
    pub(super) reviews: Vec<Review>,
    pub(super) rating_avg: Option<f64>,
    pub(super) planned_transfer: Option<Transfer>,
}

/// With whom they go out from a day on.
#[derive(Deserialize)]
pub(super) struct Transfer {
    team_id: i32,
    pub(super) effective: String,
}

impl Transfer {
    pub(super) fn team(&self, teams: &[Team]) -> String {
        team(teams, self.team_id)
    }
}

#[derive(Deserialize)]
pub(super) struct Certificate {
    pub(super) cert_id: String,
    pub(super) name: String,
    status: String,
    pub(super) expires_at: Option<String>,
    badge: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Gap {
    skill: String,
    pub(super) certificate: String,
    pub(super) state: String,
}

impl Gap {
    /// What they can do, in words.
    pub(super) fn skill(&self) -> String {
        self.skill.replace('_', " ")
    }
}

#[derive(Deserialize)]
pub(super) struct Note {
    pub(super) kind: String,
    pub(super) severity: Option<String>,
    pub(super) text: String,
    pub(super) created_at: Moment,
}

#[derive(Deserialize)]
pub(super) struct Review {
    pub(super) rating: u8,
    pub(super) comment: Option<String>,
    pub(super) created_at: Moment,
}

impl File {
    pub(super) fn rate(&self) -> String {
        shown::amount(self.hourly_rate_cents)
    }

    pub(super) fn role(&self) -> &str {
        self.role.as_deref().unwrap_or_default()
    }

    pub(super) fn skills(&self) -> String {
        self.skills.join(", ")
    }
}

impl Certificate {
    /// How close its end is, in words.
    pub(super) fn said(&self) -> &str {
        match self.badge.as_deref() {
            Some("expired") => "expired",
            Some("7_days") => "ends within a week",
            Some("30_days") => "ends within a month",
            _ => &self.status,
        }
    }
}
