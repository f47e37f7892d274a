//! What a booking began with.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::party::Origin;
use super::placement::Placement;
use crate::id::{AddressId, BookingId, ClientId, LeadId, SubscriptionId};
use crate::personal::Personal;
use crate::sales::estimate::CleaningType;

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requested {
    /// The aggregate's own id.
    pub booking_id: BookingId,
    /// From where it came.
    pub origin: Origin,
    /// For whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientId>,
    /// What became a booking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead: Option<LeadId>,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<AddressId>,
    /// What it is one occurrence of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<SubscriptionId>,
    /// When and by whom.
    pub placement: Placement,
    /// What is cleaned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<CleaningType>,
    /// What it will cost, with what was chosen beside from the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_cents: Option<i64>,
    /// Of that, what is cleaned beside.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub addons_cents: i64,
    /// The version of the price book it was priced by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_book: Option<String>,
    /// The version of the price book whose terms decided about risk, deposit and cancelling.
    #[serde(default = "built_in_terms")]
    pub decided_by: String,
    /// Where, in words, if no address of the customer is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Personal<String>>,
    /// Nobody has been there yet.
    pub first_time: bool,
    /// Why opening hours and distances were put aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forced: Option<Personal<String>>,
    /// Why somebody who is blocked may book after all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block_overridden: Option<Personal<String>>,
    /// When.
    pub at: DateTime<Utc>,
}

/// What decided about every booking before there were others; read models keep states without it until they are rebuilt.
fn built_in_terms() -> String {
    "economy/v1".to_owned()
}

impl Requested {
    /// What the visit itself will cost.
    pub fn base_cents(&self) -> Option<i64> {
        self.total_cents.map(|total| (total - self.addons_cents).max(0))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks")]
fn is_nothing(cents: &i64) -> bool {
    *cents == 0
}
