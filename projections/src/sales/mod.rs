//! What staff see of selling.

pub mod lead_detail;
pub mod lead_list;
