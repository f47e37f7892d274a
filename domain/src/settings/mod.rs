//! How an organisation wants the product: what is switched on, its clock, its hours, its name on paper.

pub mod feature;
pub mod holiday;
pub mod hours;
pub mod org;
pub mod preferences;
pub mod zone;
