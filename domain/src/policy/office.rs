//! What the office is told by letter, because somebody has to know or to do something.

use serde::{Deserialize, Serialize};
use serde_json::json;
use strum::{Display, EnumString, IntoStaticStr};

use super::Intent;

/// The kind of the letters to the office.
pub const OFFICE_NOTICE: &str = "email.office_notice";

/// What it is about.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Display, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Matter {
    /// A deposit was paid after the visit was called off: it goes back.
    PaidTooLate,
    /// An invoice was paid that does not count: the money goes back.
    PaidForNothing,
    /// The provider does not send money back: somebody has to.
    RefundRefused,
    /// A customer is not content.
    DisputeOpened,
    /// Nobody began a visit that was promised.
    NoShow,
    /// Somebody asks for an expensive visit.
    HighValueLead,
    /// A customer was not content with a visit.
    NegativeReview,
}

/// Tells the office, once about each thing. `reference` is the id of what it is about.
pub(super) fn told(matter: Matter, about: &str, reference: &str) -> Intent {
    Intent::Effect {
        kind: OFFICE_NOTICE,
        dedupe_key: format!("{OFFICE_NOTICE}:{matter}:{about}"),
        payload: json!({ "matter": matter, "reference": reference }),
    }
}
