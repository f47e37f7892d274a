//! The pages against a tiny API.
