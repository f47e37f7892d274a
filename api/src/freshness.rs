//! Reading one's own writes: waits until the read models have what the caller knows to be written.

use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use domain::id::OrgId;
use projections::engine::{self, Waited};
use tokio::time::Instant;

use crate::answer::Answer;
use crate::problem::{Code, Problem};
use crate::request::header;
use crate::state::App;

const MIN_POSITION: HeaderName = HeaderName::from_static("x-min-position");
const ALLOW_STALE: HeaderName = HeaderName::from_static("x-allow-stale");

/// Promised to callers: after this long they learn that the answer would be stale.
const PATIENCE: Duration = Duration::from_secs(2);

/// How much of the log the caller wants the answer to include.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Freshness {
    at_least: Option<i64>,
    stale_is_fine: bool,
}

/// How much of it the answer includes; `None` if nobody asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reached(Option<(i64, bool)>);

impl Freshness {
    /// As if the caller had named that position, and nothing less would do.
    pub(crate) const fn at_least(position: i64) -> Self {
        Self { at_least: Some(position), stale_is_fine: false }
    }

    /// Waits for `projections`; must be awaited before the query, so that the query sees what was waited for.
    pub(crate) async fn reach(
        self,
        app: &App,
        org: OrgId,
        projections: &[&str],
    ) -> Result<Reached, Problem> {
        let Some(wanted) = self.at_least else { return Ok(Reached(None)) };
        let deadline = Instant::now() + PATIENCE;
        match engine::wait_for(&app.reads, org, projections, wanted, deadline).await? {
            Waited::Reached => Ok(Reached(Some((wanted, false)))),
            Waited::Stale { at } if self.stale_is_fine => Ok(Reached(Some((at, true)))),
            Waited::Stale { at } => {
                Err(Problem::retry(Code::StaleRead, 1).with("position", at.into()))
            }
        }
    }
}

impl Reached {
    /// Whether the answer lacks something that was asked for.
    pub(crate) const fn is_stale(self) -> bool {
        matches!(self.0, Some((_, true)))
    }

    /// Says so in the answer.
    pub(crate) fn mark(self, answer: Answer) -> Answer {
        match self.0 {
            Some((position, stale)) => answer.reaching(position, stale),
            None => answer,
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Freshness {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        read(&parts.headers)
    }
}

fn read(headers: &HeaderMap) -> Result<Freshness, Problem> {
    let at_least = header(headers, &MIN_POSITION)?.map(|text| {
        let position = text.parse().ok().filter(|position: &i64| *position >= 0);
        position.ok_or_else(|| Problem::header("X-Min-Position", "A position of the log"))
    });
    let stale_is_fine = match header(headers, &ALLOW_STALE)? {
        None | Some("0") => false,
        Some("1") => true,
        Some(_) => return Err(Problem::header("X-Allow-Stale", "0 or 1")),
    };
    Ok(Freshness { at_least: at_least.transpose()?, stale_is_fine })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn with(pairs: &[(HeaderName, &'static str)]) -> Result<Freshness, Problem> {
        let pairs = pairs.iter().map(|(name, text)| (name.clone(), HeaderValue::from_static(text)));
        read(&pairs.collect())
    }

    #[test]
    fn a_position_and_a_wish_are_read_and_anything_else_is_refused() {
        assert_eq!(
            with(&[(MIN_POSITION, "17"), (ALLOW_STALE, "1")]).unwrap(),
            Freshness { at_least: Some(17), stale_is_fine: true }
        );
        assert_eq!(with(&[]).unwrap(), Freshness { at_least: None, stale_is_fine: false });
        for bad in ["", "-1", "x", "99999999999999999999"] {
            assert!(with(&[(MIN_POSITION, bad)]).is_err());
        }
        assert!(with(&[(ALLOW_STALE, "yes")]).is_err());
    }
}
