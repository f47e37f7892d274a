//! How much of everything one request, and all of them together, may take.

use std::time::Duration;

use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::problem::{Code, Problem};

/// What the program decides about the size of requests.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Largest body, in bytes.
    pub body: usize,
    /// Longer than any command or query may take: the database gives up after 5 s.
    pub handler: Duration,
    /// Requests in progress; more would only wait for each other in the pools behind.
    pub requests: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { body: 1024 * 1024, handler: Duration::from_secs(30), requests: 512 }
    }
}

/// The room there is.
pub(crate) struct Room {
    pub(crate) limits: Limits,
    /// One permit per request in progress.
    places: Semaphore,
}

impl Room {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, places: Semaphore::new(limits.requests.min(Semaphore::MAX_PERMITS)) }
    }

    /// Whether a body is announced that is not worth reading.
    pub(crate) fn is_too_large(&self, headers: &HeaderMap) -> bool {
        let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        let most = self.limits.body as u64;
        length.and_then(|text| text.parse::<u64>().ok()).is_some_and(|length| length > most)
    }

    /// Runs `handle` if there is room. Monitors always get through.
    pub(crate) async fn guard(
        &self,
        monitor: bool,
        handle: impl Future<Output = Response>,
    ) -> Response {
        let permit = self.places.try_acquire();
        if permit.is_err() && !monitor {
            return Problem::retry(Code::Overloaded, 1).into_response();
        }
        handle.await
    }

    /// Runs `handle` for as long as it may take.
    pub(crate) async fn in_time(&self, handle: impl Future<Output = Response>) -> Response {
        let answered = timeout(self.limits.handler, handle).await;
        answered.unwrap_or_else(|_| Problem::new(Code::TimedOut).into_response())
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use axum::http::StatusCode;

    use super::*;

    #[tokio::test]
    async fn one_too_many_is_asked_to_come_again_and_a_monitor_is_not() {
        let room = Room::new(Limits { requests: 1, ..Limits::default() });
        let answer = || ready(StatusCode::OK.into_response());
        let waiting = room.guard(false, pending());
        let others = async {
            (room.guard(false, answer()).await.status(), room.guard(true, answer()).await.status())
        };
        let (refused, monitor) = tokio::select! {
            biased;
            _ = waiting => unreachable!(),
            statuses = others => statuses,
        };
        assert_eq!(refused, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(monitor, StatusCode::OK);
        assert_eq!(room.guard(false, answer()).await.status(), StatusCode::OK);
    }

    #[tokio::test]
    async fn a_request_that_takes_too_long_is_given_up() {
        let room = Room::new(Limits { handler: Duration::ZERO, ..Limits::default() });
        assert_eq!(room.in_time(pending()).await.status(), StatusCode::GATEWAY_TIMEOUT);
    }
}
