//! Tells whoever watches a board that it has moved, without telling what is on it: they ask for that themselves.
//!
//! Those who watch the same organisation share one look at the database. Nobody watches for ever: after a while, and when this
//! process ends, the stream ends, and whoever is still there comes again with a login that is tested anew.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use domain::id::OrgId;
use futures::Stream;
use futures::stream::unfold;
use moka::sync::Cache;
use projections::tenant;
use serde_json::json;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep};
use utoipa_axum::routes;

use super::{day, desk};
use crate::caller::Caller;
use crate::problem::{Code, Problem};
use crate::request::header;
use crate::route::Routes;
use crate::serve::Draining;
use crate::state::AppState;

/// How often it is looked whether a board has moved: less than anybody notices.
const EVERY: Duration = Duration::from_millis(500);

/// Sent so often where nothing moves, so that nothing in between takes the connection for dead.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// After so long whoever watches has to come again.
const LONGEST: Duration = Duration::from_mins(10);

/// Watching one organisation at a time: every desk of a large one.
const EACH: usize = 64;

/// Watching one process at a time: each holds a connection.
const ALL: usize = 512;

/// Organisations that are watched at a time.
const CAPACITY: u64 = 10_000;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(board_stream), desk())
}

/// Whoever watches boards.
pub(crate) struct Boards {
    places: Arc<Semaphore>,
    orgs: Cache<OrgId, Arc<Watched>>,
}

impl Default for Boards {
    fn default() -> Self {
        // Known from the beginning, and not only once somebody watches.
        metrics::gauge!("dispatch_board_listeners").set(0.0);
        Self { places: Arc::new(Semaphore::new(ALL)), orgs: Cache::new(CAPACITY) }
    }
}

/// The board of one organisation, as those who watch it know it.
struct Watched {
    places: Arc<Semaphore>,
    seen: Mutex<Option<(Instant, i64)>>,
}

impl Default for Watched {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(EACH)), seen: Mutex::default() }
    }
}

/// Somebody who watches; their places are free again when they go.
struct Watching {
    app: AppState,
    org: OrgId,
    board: Arc<Watched>,
    last: Option<i64>,
    begun: Instant,
    stop: Draining,
    _places: [OwnedSemaphorePermit; 2],
}

impl Drop for Watching {
    fn drop(&mut self) {
        metrics::gauge!("dispatch_board_listeners").decrement(1.0);
    }
}

impl Boards {
    fn watch(
        app: &AppState,
        org: OrgId,
        last: Option<i64>,
        stop: Draining,
    ) -> Result<Watching, Problem> {
        let board = app.boards.orgs.get_with(org, Arc::default);
        let place = |places: &Arc<Semaphore>| {
            let free = Arc::clone(places).try_acquire_owned();
            free.map_err(|_| Problem::retry(Code::Overloaded, 10))
        };
        let places = [place(&app.boards.places)?, place(&board.places)?];
        metrics::gauge!("dispatch_board_listeners").increment(1.0);
        let (app, begun) = (AppState::clone(app), Instant::now());
        Ok(Watching { app, org, board, last, begun, stop, _places: places })
    }
}

impl Watching {
    /// Where the board stands, as it was a moment ago if somebody else has just looked.
    async fn look(&self) -> Result<i64, sqlx::Error> {
        let mut seen = self.board.seen.lock().await;
        if let Some((at, version)) = *seen
            && at.elapsed() < EVERY / 2
        {
            return Ok(version);
        }
        let mut tx = tenant::begin(&self.app.reads, self.org).await?;
        let version = day::version(&mut tx, self.org).await?;
        tx.rollback().await?;
        *seen = Some((Instant::now(), version));
        Ok(version)
    }

    /// The next move; `None` at the end.
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        while self.begun.elapsed() < LONGEST && !self.stop.is_draining() {
            // A database that is away for a moment is no reason to go: the heartbeat says that nothing is known.
            if let Ok(version) = self.look().await
                && self.last != Some(version)
            {
                self.last = Some(version);
                let data = json!({ "data_version": version }).to_string();
                let event = Event::default().event("board").id(version.to_string()).data(data);
                return Some((Ok(event), self));
            }
            tokio::select! {
                () = sleep(EVERY) => {}
                () = self.stop.wait() => {}
            }
        }
        None
    }
}

/// Be told whenever the board has moved
#[utoipa::path(
    get,
    path = "/v1/admin/dispatcher/board/stream",
    tag = "dispatch",
    responses(
        (status = 200, description = "Server-sent events `board` with the `data_version` that can be read now, also as their id; the first at once unless `Last-Event-ID` names it. Ends after ten minutes", content_type = "text/event-stream", body = String),
        (status = 503, description = "Too many watch already")
    )
)]
async fn board_stream(
    State(app): State<AppState>,
    caller: Caller,
    draining: Option<Extension<Draining>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let last = header(&headers, &LAST_EVENT_ID)?.and_then(|id| id.parse().ok());
    let stop = draining.map(|Extension(draining)| draining).unwrap_or_default();
    let watching = Boards::watch(&app, caller.org(), last, stop)?;
    let alive = KeepAlive::new().interval(HEARTBEAT).text("alive");
    // Proxies must not wait until there is more.
    let unbuffered = [(HeaderName::from_static("x-accel-buffering"), "no")];
    Ok((unbuffered, Sse::new(moves(watching)).keep_alive(alive)).into_response())
}

fn moves(watching: Watching) -> impl Stream<Item = Result<Event, Infallible>> {
    unfold(watching, Watching::next)
}
