//! Disputes in the shape of the API, with what can be done next.

use serde::Deserialize;
use serde_json::Value;

use crate::moment::Moment;
use crate::shown;

/// Every status, in the order of the way through them.
pub(super) const STATUSES: [&str; 4] = ["OPEN", "FACTS_COLLECTED", "DECIDED", "CLOSED"];

/// What can be decided, and how people say it.
pub(super) const RULINGS: [(&str, &str); 4] = [
    ("no_refund", "Nothing goes back"),
    ("partial_refund", "Part of the money goes back"),
    ("full_refund", "All of it goes back"),
    ("credit_note", "Part of the invoice need not be paid"),
];

/// A dispute.
#[derive(Deserialize)]
pub(super) struct Dispute {
    #[serde(rename = "dispute_id")]
    pub(super) id: String,
    pub(super) status: String,
    pub(super) source: String,
    pub(super) booking_id: Option<String>,
    pub(super) invoice_id: Option<String>,
    pub(super) amount_cents: Option<i64>,
    pub(super) reason: Option<String>,
    pub(super) opened_at: Moment,
    facts: Value,
    pub(super) decision: Option<Decision>,
    pub(super) closed_at: Option<Moment>,
    pub(super) won: Option<bool>,
}

/// What was decided.
#[derive(Deserialize)]
pub(super) struct Decision {
    #[serde(rename = "decision")]
    ruling: String,
    amount_cents: i64,
    before_cents: i64,
    after_cents: i64,
    credit_cents: i64,
    pub(super) refunds: Vec<Part>,
    pub(super) note: Option<String>,
    pub(super) decided_at: Moment,
}

/// Money that goes back.
#[derive(Deserialize)]
pub(super) struct Part {
    amount_cents: i64,
    #[serde(default)]
    state: String,
}

impl Part {
    pub(super) fn amount(&self) -> String {
        shown::amount(self.amount_cents)
    }

    /// What became of it.
    pub(super) fn said(&self) -> &str {
        match self.state.as_str() {
            "due" => "about to be sent back",
            "on_its_way" => "on its way back",
            "returned" => "went back",
            "refused" => "was not sent back: pay it back by hand",
            "by_hand" => "to be paid back by hand",
            other => other,
        }
    }
}

impl Decision {
    pub(super) fn said(&self) -> &str {
        let known = RULINGS.iter().find(|(word, _)| *word == self.ruling);
        known.map_or(&self.ruling, |(_, said)| said)
    }

    pub(super) fn amount(&self) -> String {
        shown::amount(self.amount_cents)
    }

    pub(super) fn before(&self) -> String {
        shown::amount(self.before_cents)
    }

    pub(super) fn after(&self) -> String {
        shown::amount(self.after_cents)
    }

    pub(super) fn credited(&self) -> Option<String> {
        (self.credit_cents > 0).then(|| shown::amount(self.credit_cents))
    }
}

impl Dispute {
    pub(super) fn amount(&self) -> Option<String> {
        self.amount_cents.map(shown::amount)
    }

    /// Photos that show it.
    pub(super) fn photos(&self) -> String {
        let refs = self.facts["photo_refs"].as_array().map(Vec::as_slice).unwrap_or_default();
        refs.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
    }

    /// The rest of what is known, one thing a line.
    pub(super) fn known(&self) -> Vec<(&'static str, String)> {
        let all = [("Checklist", "checklist_snapshot"), ("Time", "time_log")];
        let known = all.into_iter().filter(|(_, name)| !self.facts[name].is_null());
        known.map(|(said, name)| (said, self.facts[name].to_string())).collect()
    }

    pub(super) fn has_facts(&self) -> bool {
        !self.facts.is_null()
    }

    pub(super) fn takes_facts(&self) -> bool {
        matches!(self.status.as_str(), "OPEN" | "FACTS_COLLECTED")
    }

    pub(super) fn may_be_decided(&self) -> bool {
        self.status == "FACTS_COLLECTED"
    }

    pub(super) fn may_be_closed(&self) -> bool {
        self.status == "DECIDED"
    }
}
