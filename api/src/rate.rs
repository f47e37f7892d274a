//! How often one may ask. Counted in Redis for all processes together, or in this process.

mod bucket;
mod local;
mod shared;
mod window;

use std::time::Duration;

use chrono::{DateTime, Utc};
use metrics::Counter;

pub use self::bucket::PerMinute;
pub(crate) use self::bucket::{Bucket, Rate, Subject};
pub use self::shared::{Redis, RedisUrlError};
pub(crate) use self::window::Standing;

use self::bucket::Spender;
use self::local::Local;
use self::shared::Shared;
use crate::problem::{Code, Problem};
use crate::request::RequestInfo;

/// What the program decides about limits.
pub struct RateOptions {
    /// How much.
    pub per_minute: PerMinute,
    /// Whoever has not asked for this long is forgotten.
    pub forget_after: Duration,
    /// Where all processes count together; `None` counts in this process.
    pub redis: Option<Redis>,
}

impl RateOptions {
    /// Counts in this process.
    pub const fn local(per_minute: PerMinute) -> Self {
        Self { per_minute, forget_after: Duration::from_mins(10), redis: None }
    }
}

/// Keeps the counts.
pub struct RateLimiter {
    per_minute: PerMinute,
    local: Local,
    shared: Option<Shared>,
    decisions: [Decisions; Bucket::NAMES.len()],
}

/// How often which decision was made about one bucket.
struct Decisions {
    allowed: Counter,
    limited: Counter,
    fallback: Counter,
}

impl Decisions {
    fn about(bucket: &'static str) -> Self {
        let counter = |outcome: &'static str| {
            let counter = metrics::counter!("rate_limit_decisions_total", "bucket" => bucket, "outcome" => outcome);
            counter.absolute(0);
            counter
        };
        Self {
            allowed: counter("allowed"),
            limited: counter("limited"),
            fallback: counter("fallback"),
        }
    }
}

impl RateLimiter {
    /// Connects when first needed. With Redis it needs the runtime.
    pub fn new(options: RateOptions) -> Result<Self, RedisUrlError> {
        metrics::describe_counter!(
            "rate_limit_decisions_total",
            "What was decided about requests."
        );
        let shared = options.redis.map(|redis| Shared::new(redis, options.forget_after));
        Ok(Self {
            per_minute: options.per_minute,
            local: Local::new(options.forget_after),
            shared: shared.transpose()?,
            decisions: Bucket::NAMES.map(Decisions::about),
        })
    }

    /// Whether the processes count together right now; `None` if they are not meant to.
    pub(crate) fn is_shared(&self) -> Option<bool> {
        self.shared.as_ref().map(Shared::is_there)
    }

    /// Takes one request from what `subject` has, or refuses it.
    pub(crate) async fn charge(
        &self,
        info: &RequestInfo,
        bucket: Bucket,
        subject: Subject,
        now: DateTime<Utc>,
    ) -> Result<(), Problem> {
        let spender = Spender { bucket, subject };
        let limit = self.per_minute.of(spender);
        let decisions = &self.decisions[bucket.index()];
        let standing = self.shared(spender, limit, 1, now).await;
        let standing = standing.unwrap_or_else(|| {
            if self.shared.is_some() {
                decisions.fallback.increment(1);
            }
            self.local.charge(spender, limit, now.timestamp())
        });
        let decision = if standing.is_allowed { &decisions.allowed } else { &decisions.limited };
        decision.increment(1);
        info.stands(standing);
        if standing.is_allowed { Ok(()) } else { Err(refused(bucket, standing)) }
    }

    /// Refuses whoever has nothing left; takes nothing.
    pub(crate) async fn look(
        &self,
        info: &RequestInfo,
        bucket: Bucket,
        subject: Subject,
        now: DateTime<Utc>,
    ) -> Result<(), Problem> {
        let spender = Spender { bucket, subject };
        let limit = self.per_minute.of(spender);
        let shared = self.shared(spender, limit, 0, now).await;
        let standing = shared.unwrap_or_else(|| self.local.look(spender, limit, now.timestamp()));
        if standing.is_allowed {
            return Ok(());
        }
        self.decisions[bucket.index()].limited.increment(1);
        info.stands(standing);
        Err(refused(bucket, standing))
    }

    /// What all processes have counted, where they do and can.
    async fn shared(
        &self,
        spender: Spender,
        limit: u32,
        cost: u32,
        now: DateTime<Utc>,
    ) -> Option<Standing> {
        let shared = self.shared.as_ref()?;
        let standing = shared.charge(spender, limit, cost, now).await?;
        if shared.is_back() {
            self.local.clear();
        }
        Some(standing)
    }
}

fn refused(bucket: Bucket, standing: Standing) -> Problem {
    let problem = Problem::retry(Code::RateLimited, u64::from(standing.reset.max(1)));
    match bucket {
        Bucket::Action(_) => problem.detail("Rate limit exceeded for this action"),
        _ => problem,
    }
}
