//! What is to be looked at on a visit, before and after: templates of an organisation, and the list of one visit.

pub mod run;
pub mod templates;

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantNames};

/// When something is looked at.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    IntoStaticStr,
    EnumString,
    VariantNames,
)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE")]
pub enum Phase {
    /// Before the work.
    Before,
    /// After it.
    After,
}
