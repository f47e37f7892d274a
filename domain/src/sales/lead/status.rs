//! Where a lead stands and where it may go from there; likewise its quotes.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// Where a lead stands.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    Display,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE")]
pub enum Status {
    /// Asked, not answered.
    #[default]
    New,
    /// Spoken with.
    Contacted,
    /// Has an offer.
    Quoted,
    /// Is a customer.
    Won,
    /// Will not be one.
    Lost,
}

impl Status {
    /// Where it may go from here: the whole table.
    pub const fn next(self) -> &'static [Self] {
        match self {
            Self::New => &[Self::Contacted, Self::Quoted, Self::Lost],
            Self::Contacted => &[Self::Quoted, Self::Won, Self::Lost],
            Self::Quoted => &[Self::Won, Self::Lost],
            Self::Won | Self::Lost => &[],
        }
    }
}

/// Where an offer stands.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    Display,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE")]
pub enum QuoteStatus {
    /// Being written.
    Draft,
    /// Made.
    Sent,
    /// Taken.
    Accepted,
    /// Turned down.
    Declined,
    /// Ran out.
    Expired,
}

impl QuoteStatus {
    /// Whether nothing can change it any more.
    pub const fn is_closed(self) -> bool {
        match self {
            Self::Draft | Self::Sent => false,
            Self::Accepted | Self::Declined | Self::Expired => true,
        }
    }
}
