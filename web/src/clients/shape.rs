//! Clients in the shape of the API.

use serde::Deserialize;
use uuid::Uuid;

use crate::moment::Moment;
use crate::shown;

/// Which clients a list shows.
pub(super) const SHOWS: [(&str, &str); 3] =
    [("active", "Active"), ("archived", "Archived or merged"), ("all", "All")];

/// What they are known for.
pub(super) const RISKS: [(&str, &str); 4] = [
    ("all", "Anything"),
    ("frequent_complaints", "Frequent complaints"),
    ("low_rater", "Low ratings"),
    ("any", "Either"),
];

/// Whether they may be leaving.
pub(super) const CHURNS: [(&str, &str); 4] =
    [("all", "Any"), ("HIGH", "High"), ("MEDIUM", "Medium"), ("LOW", "Low")];

/// What is written down about a client.
pub(super) const KINDS: [&str; 3] = ["NOTE", "COMPLAINT", "PRAISE"];

/// One line of the list.
#[derive(Deserialize)]
pub(super) struct Item {
    #[serde(rename = "client_id")]
    pub(super) id: String,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) phone: Option<String>,
    pub(super) address: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) is_active: bool,
    pub(super) is_blocked: bool,
    #[serde(flatten)]
    pub(super) standing: Standing,
}

/// How a client stands today.
#[derive(Deserialize)]
pub(super) struct Standing {
    pub(super) visits: u32,
    pub(super) last_visit_at: Option<Moment>,
    lifetime_value_cents: i64,
    pub(super) complaints: u32,
    average_rating: Option<f64>,
    pub(super) frequent_complaints: bool,
    pub(super) low_rater: bool,
    pub(super) churn: String,
    churn_reasons: Vec<String>,
}

impl Standing {
    pub(super) fn worth(&self) -> String {
        shown::dollars(self.lifetime_value_cents)
    }

    pub(super) fn rating(&self) -> Option<String> {
        self.average_rating.map(|average| format!("{average:.1} of 5"))
    }

    /// Why they may be leaving, in words.
    pub(super) fn reasons(&self) -> String {
        let words = self.churn_reasons.iter().map(|reason| reason.replace('_', " "));
        words.collect::<Vec<_>>().join(", ")
    }
}

/// A client alone.
#[derive(Deserialize)]
pub(super) struct Client {
    #[serde(rename = "client_id")]
    pub(super) id: String,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) phone: Option<String>,
    tags: Vec<String>,
    pub(super) addresses: Vec<Address>,
    pub(super) is_active: bool,
    pub(super) is_blocked: bool,
    pub(super) block_reason: Option<String>,
    pub(super) registered_at: Moment,
    pub(super) merged_into: Option<String>,
    pub(super) merged: Vec<String>,
    pub(super) standing: Option<Standing>,
}

impl Client {
    pub(super) fn tags(&self) -> String {
        self.tags.join(", ")
    }

    pub(super) fn is_erased(&self) -> bool {
        self.name == "[erased]"
    }
}

/// Where a client is visited.
#[derive(Deserialize)]
pub(super) struct Address {
    #[serde(rename = "address_id")]
    pub(super) id: String,
    pub(super) label: String,
    #[serde(rename = "address_text")]
    pub(super) text: String,
    pub(super) notes: Option<String>,
    pub(super) is_active: bool,
}

/// Something that was written down about them.
#[derive(Deserialize)]
pub(super) struct Note {
    pub(super) kind: String,
    pub(super) text: String,
    created_by: Option<String>,
    pub(super) created_at: Moment,
}

impl Note {
    /// Who wrote it, if `people` may be known; an id tells nobody anything.
    pub(super) fn writer<'a>(&'a self, people: &'a [Member]) -> Option<&'a str> {
        let by = self.created_by.as_deref()?;
        let known = people.iter().find(|one| one.user_id == by).map(|one| one.email.as_str());
        known.or_else(|| by.parse::<Uuid>().is_err().then_some(by))
    }
}

/// Somebody who acts for the organisation, or did.
#[derive(Deserialize)]
pub(super) struct Member {
    user_id: String,
    email: String,
}

/// All of them.
#[derive(Default, Deserialize)]
pub(super) struct Members {
    pub(super) users: Vec<Member>,
}

/// How they said it was.
#[derive(Deserialize)]
pub(super) struct Feedback {
    pub(super) rating: u8,
    pub(super) comment: Option<String>,
    pub(super) booking_id: Option<String>,
    pub(super) source: String,
    pub(super) created_at: Moment,
}

/// One of their visits.
#[derive(Deserialize)]
pub(super) struct Visit {
    #[serde(rename = "booking_id")]
    pub(super) id: String,
    pub(super) starts_at: Moment,
    pub(super) duration_minutes: u32,
    pub(super) status: String,
    total_cents: Option<i64>,
}

impl Visit {
    pub(super) fn total(&self) -> String {
        self.total_cents.map_or_else(|| "–".to_owned(), shown::dollars)
    }
}
