//! What is known about money that a provider takes, and what is disputed.

pub mod dispute_list;
pub mod unclaimed;
