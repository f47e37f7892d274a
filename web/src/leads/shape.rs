//! Leads and their offers in the shape of the API, with what staff may do next.

use serde::Deserialize;
use serde_json::Value;

use crate::moment::Moment;
use crate::shown::{self, Change, Dollars};

/// What an erased person shows as.
const ERASED: &str = "[erased]";

/// Every status, in the order of the way through them.
pub(super) const STATUSES: [&str; 5] = ["NEW", "CONTACTED", "QUOTED", "WON", "LOST"];

/// A line of the list.
#[derive(Deserialize)]
pub(super) struct Item {
    #[serde(rename = "lead_id")]
    pub(super) id: String,
    pub(super) name: String,
    pub(super) email: Option<String>,
    pub(super) phone: String,
    pub(super) status: String,
    pub(super) source: Option<String>,
    pub(super) created_at: Moment,
}

/// Everything about a lead.
#[derive(Deserialize)]
pub(super) struct Lead {
    #[serde(rename = "lead_id")]
    pub(super) id: String,
    pub(super) name: String,
    pub(super) email: Option<String>,
    pub(super) phone: String,
    pub(super) address: String,
    pub(super) postal_code: Option<String>,
    pub(super) preferred_dates: Vec<String>,
    pub(super) access_notes: Option<String>,
    pub(super) parking: Option<String>,
    pub(super) pets: Option<String>,
    pub(super) allergies: Option<String>,
    pub(super) notes: Option<String>,
    pub(super) status: String,
    pub(super) loss_reason: Option<String>,
    pub(super) source: Option<String>,
    pub(super) campaign: Option<String>,
    pub(super) referral_code: String,
    pub(super) referred_by_code: Option<String>,
    pub(super) created_at: Moment,
    pub(super) updated_at: Moment,
    pub(super) structured_inputs: Value,
    pub(super) estimate_snapshot: Estimate,
    #[serde(default)]
    pub(super) timeline: Vec<Entry>,
    /// Only of a lead as it was.
    pub(super) as_of: Option<AsOf>,
    /// Only of a lead as it was, if the API tells them.
    pub(super) quotes: Option<Vec<Quote>>,
}

/// What "as of" came to.
#[derive(Deserialize)]
pub(super) struct AsOf {
    pub(super) position: i64,
}

/// What the visit was estimated to cost.
#[derive(Deserialize)]
pub(super) struct Estimate {
    pub(super) total_before_tax: Dollars,
    pub(super) team_size: u32,
    pub(super) time_on_site_hours: f64,
}

/// Something that happened.
#[derive(Deserialize)]
pub(super) struct Entry {
    pub(super) timestamp: Moment,
    pub(super) actor: Option<String>,
    pub(super) event_type: String,
    #[serde(default)]
    before: Value,
    #[serde(default)]
    after: Value,
    #[serde(default)]
    pub(super) metadata: Source,
}

/// From where it came.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Source {
    pub(super) position: i64,
    pub(super) actor_role: Option<String>,
    pub(super) request_id: Option<String>,
    pub(super) reason: Option<String>,
    payload: Value,
}

impl Entry {
    pub(super) fn title(&self) -> String {
        self.event_type.replace('_', " ")
    }

    pub(super) fn changes(&self) -> Vec<Change> {
        shown::changes(&self.before, &self.after)
    }

    /// What somebody wrote down, for events that change nothing but the history.
    pub(super) fn words(&self) -> Vec<String> {
        let written = ["/entry/action", "/entry/note", "/follow_up/note"].into_iter();
        let text = |pointer| self.metadata.payload.pointer(pointer)?.as_str().map(str::to_owned);
        written.filter_map(text).collect()
    }
}

impl Lead {
    /// Nobody can be changed who was forgotten.
    pub(super) fn is_erased(&self) -> bool {
        self.name == ERASED
    }

    /// Where it may go from here; the API has the last word.
    pub(super) fn next(&self) -> &'static [&'static str] {
        match self.status.as_str() {
            "NEW" => &["CONTACTED", "QUOTED"],
            "CONTACTED" => &["QUOTED", "WON"],
            "QUOTED" => &["WON"],
            _ => &[],
        }
    }

    pub(super) fn may_be_lost(&self) -> bool {
        matches!(self.status.as_str(), "NEW" | "CONTACTED" | "QUOTED")
    }

    /// The home in one line a fact.
    pub(super) fn home(&self) -> Vec<(String, String)> {
        let fields = self.structured_inputs.as_object().into_iter().flatten();
        let told = fields.filter(|(_, value)| !matches!(value, Value::Null | Value::Bool(false)));
        told.map(|(name, value)| (name.replace('_', " "), extras(value)))
            .filter(|(_, text)| !text.is_empty())
            .collect()
    }
}

fn extras(value: &Value) -> String {
    let Some(fields) = value.as_object() else {
        return shown::text(value).replace('_', " ");
    };
    let wanted =
        fields.iter().filter(|(_, value)| !matches!(value, Value::Null | Value::Bool(false)));
    let wanted = wanted.filter(|(_, value)| value.as_i64() != Some(0));
    let named = wanted.map(|(name, value)| match value {
        Value::Number(count) => format!("{} × {count}", name.replace('_', " ")),
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            name.replace('_', " ")
        }
    });
    named.collect::<Vec<_>>().join(", ")
}

/// An offer.
#[derive(Deserialize)]
pub(super) struct Quote {
    #[serde(rename = "quote_id")]
    pub(super) id: String,
    amount: i64,
    pub(super) currency: String,
    pub(super) service_type: Option<String>,
    pub(super) status: String,
    pub(super) expires_at: Option<Moment>,
    pub(super) sent_at: Option<Moment>,
    #[serde(default)]
    metadata: Value,
    #[serde(default)]
    pub(super) followups: Vec<FollowUp>,
}

/// That staff asked after an offer.
#[derive(Deserialize)]
pub(super) struct FollowUp {
    pub(super) note: String,
    pub(super) created_at: Moment,
}

impl Quote {
    pub(super) fn amount(&self) -> String {
        shown::amount(self.amount)
    }

    pub(super) fn is_draft(&self) -> bool {
        self.status == "DRAFT"
    }

    pub(super) fn is_sent(&self) -> bool {
        self.status == "SENT"
    }

    pub(super) fn is_open(&self) -> bool {
        self.is_draft() || self.is_sent()
    }

    /// The day up to which it stands.
    pub(super) fn until(&self) -> String {
        self.expires_at.map_or_else(String::new, |at| at.day_before())
    }

    /// What others keep with it, so that revising it here loses none of that.
    pub(super) fn metadata(&self) -> String {
        let kept = self.metadata.as_object().filter(|kept| !kept.is_empty());
        kept.map_or_else(String::new, |_| self.metadata.to_string())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn extras_that_are_not_wanted_are_not_shown() {
        let add_ons = json!({ "oven": true, "fridge": false, "linen_beds": 2, "carpet_spot": 0 });
        assert_eq!(extras(&add_ons), "linen beds × 2, oven");
    }
}
