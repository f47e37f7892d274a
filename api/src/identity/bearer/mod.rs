//! Whom a bearer token belongs to: remembered by its digest, and asked for anew as soon as anything about them changed.

mod generations;
mod programs;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use moka::sync::Cache;
use ring::digest::{SHA256, digest};
use uuid::Uuid;

use self::generations::Generations;
pub(super) use self::programs::PREFIX;
pub(crate) use self::programs::Program;
use super::sessions::{self, SignedIn};
use crate::problem::Problem;
use crate::request::RequestInfo;
use crate::state::App;

/// More tokens than one process sees in the life of one of them.
const CAPACITY: u64 = 50_000;

/// Nothing is kept for nobody: an access token lives about so long.
const REMEMBERED: Duration = Duration::from_mins(20);

/// Whoever sent a good token.
#[derive(Clone, Debug)]
pub(crate) enum Bearer {
    /// A member in a session.
    Member(Arc<SignedIn>),
    /// A program, with a token that a member made for it.
    Program(Arc<Program>),
}

/// What a token was found to be.
#[derive(Clone)]
pub(in crate::identity) struct Known {
    pub(in crate::identity) who: Bearer,
    /// Whose generation decides whether this still holds.
    pub(in crate::identity) principal: Uuid,
    pub(in crate::identity) generation: i64,
    /// When it is over, whatever else happens.
    pub(in crate::identity) until: Option<DateTime<Utc>>,
}

/// The tokens this process has seen. Only good ones are kept.
pub(crate) struct Seen {
    known: Cache<[u8; 32], Known>,
    generations: Generations,
}

impl Default for Seen {
    fn default() -> Self {
        let known = Cache::builder().max_capacity(CAPACITY).time_to_idle(REMEMBERED).build();
        Self { known, generations: Generations::default() }
    }
}

/// Whose request `token` belongs to, now: what was revoked anywhere before this request came is refused.
pub(crate) async fn by_token(
    app: &App,
    token: &str,
    info: &RequestInfo,
) -> Result<Bearer, Problem> {
    let Seen { known, generations } = &app.seen;
    let mut key = [0; 32];
    key.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    if let Some(one) = known.get(&key) {
        if generations.now(&app.reads, one.principal).await? == one.generation {
            return held(app, one).await;
        }
        known.invalidate(&key);
    }
    let found = if token.starts_with(PREFIX) {
        programs::look_up(app, token).await?
    } else {
        sessions::look_up(app, token, info).await?
    };
    known.insert(key, found.clone());
    held(app, found).await
}

async fn held(app: &App, known: Known) -> Result<Bearer, Problem> {
    if known.until.is_some_and(|until| until <= app.now()) {
        return Err(refused("Session expired"));
    }
    if let Bearer::Program(program) = &known.who {
        programs::touch(app, program).await?;
    }
    Ok(known.who)
}

/// The wire texts are those clients already know.
pub(in crate::identity) fn refused(detail: &'static str) -> Problem {
    metrics::counter!("auth_failures_total", "scheme" => "bearer", "reason" => "refused")
        .increment(1);
    Problem::unauthenticated_bearer(detail)
}
