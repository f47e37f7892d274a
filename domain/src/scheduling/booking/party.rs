//! Who wants something of a booking, from where it came, and what led to a promise.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

/// From where a booking came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Origin {
    /// A visitor of the public pages.
    Public,
    /// A customer in the portal.
    Client,
    /// Staff.
    Staff,
    /// One occurrence of a subscription.
    Subscription,
}

/// Who wants something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Party {
    /// The customer.
    Client,
    /// Staff.
    Staff,
    /// A rule.
    System,
}

/// What led to a confirmation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Confirmation {
    /// Staff.
    Staff,
    /// The deposit was paid.
    Deposit,
}
