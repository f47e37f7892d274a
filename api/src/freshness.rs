//! Reading one's own writes: waits until the read models have what the caller knows to be written.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use domain::id::OrgId;
use projections::engine::{self, Waited};
use std::time::Duration;

use crate::problem::{Code, Problem};
use crate::request::header;
use crate::state::App;

const MIN_POSITION: HeaderName = HeaderName::from_static("x-min-position");
const ALLOW_STALE: HeaderName = HeaderName::from_static("x-allow-stale");

/// Promised to callers: after this long they learn that the answer would be stale.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the caller asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Freshness {
    at_least: Option<i64>,
    stale_is_fine: bool,
}

/// What the caller gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reached {
    pub(crate) position: i64,
    pub(crate) stale: bool,
}
