//! What happens to a price book. Wire names and fields are frozen by the files in `tests/golden/`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::event::domain_event;
use crate::id::ServiceTypeId;
use crate::pricing::book::Book;
use crate::pricing::catalogue::{Addon, ServiceType};
use crate::pricing::rates::Rates;
use crate::scheduling::terms::policies::BookingPolicies;

/// What has happened. Until it is published, it has happened to the draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PriceBookEvent {
    /// Changes are collected from now on.
    DraftOpened {
        /// The version they are made to.
        from: u32,
        /// When.
        at: DateTime<Utc>,
    },
    /// What was collected is forgotten.
    DraftDiscarded {
        /// When.
        at: DateTime<Utc>,
    },
    /// A kind of service is offered like this, with what can be had with it.
    ServiceDefined {
        /// The whole of it.
        service: ServiceType,
        /// When.
        at: DateTime<Utc>,
    },
    /// A kind of service is offered no more.
    ServiceRetired {
        /// Which.
        service_type_id: ServiceTypeId,
        /// When.
        at: DateTime<Utc>,
    },
    /// An extra is offered like this.
    AddonDefined {
        /// The whole of it.
        addon: Addon,
        /// When.
        at: DateTime<Utc>,
    },
    /// Estimates are made with these numbers.
    RatesChanged {
        /// All of them.
        rates: Box<Rates>,
        /// When.
        at: DateTime<Utc>,
    },
    /// Another tax comes on top.
    TaxChanged {
        /// In parts per million.
        tax_ppm: u32,
        /// When.
        at: DateTime<Utc>,
    },
    /// Bookings are made on these terms.
    PoliciesChanged {
        /// All of them.
        policies: Box<BookingPolicies>,
        /// When.
        at: DateTime<Utc>,
    },
    /// This holds from now on.
    Published {
        /// The first is 1.
        version: u32,
        /// Digest of what it says.
        hash: String,
        /// What it says.
        book: Box<Book>,
        /// When.
        at: DateTime<Utc>,
    },
}
domain_event!(PriceBookEvent, version = "1");

impl PriceBookEvent {
    /// When it happened.
    pub const fn at(&self) -> DateTime<Utc> {
        match self {
            Self::DraftOpened { at, .. }
            | Self::DraftDiscarded { at }
            | Self::ServiceDefined { at, .. }
            | Self::ServiceRetired { at, .. }
            | Self::AddonDefined { at, .. }
            | Self::RatesChanged { at, .. }
            | Self::TaxChanged { at, .. }
            | Self::PoliciesChanged { at, .. }
            | Self::Published { at, .. } => *at,
        }
    }
}
