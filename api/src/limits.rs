//! How much of everything one request, and all of them together, may take.

use std::time::Duration;

use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;

use crate::problem::{Code, Problem};
use crate::state::App;

/// Largest JSON body, in bytes.
pub(crate) const BODY: usize = 1024 * 1024;

/// Requests in progress; more would only wait for each other in the pools behind.
pub(crate) const REQUESTS: usize = 512;

/// Longer than any command or query may take: the database gives up after 5 s.
const HANDLER: Duration = Duration::from_secs(30);

/// Whether a body is announced that is not worth reading.
pub(crate) fn is_too_large(headers: &HeaderMap) -> bool {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    length.and_then(|text| text.parse::<u64>().ok()).is_some_and(|length| length > BODY as u64)
}

/// Runs `handle` if there is room, for as long as it may take. Monitors always get through.
pub(crate) async fn guard(
    app: &App,
    monitor: bool,
    handle: impl Future<Output = Response>,
) -> Response {
    let permit = app.room.try_acquire();
    if permit.is_err() && !monitor {
        return Problem::retry(Code::Overloaded, 1).into_response();
    }
    let answered = timeout(HANDLER, handle).await;
    answered.unwrap_or_else(|_| Problem::new(Code::TimedOut).into_response())
}
