//! What customers are asked to pay, and what they paid.

pub mod invoice;
