//! The counts that all processes share, in Redis. When it does not answer in time, each process counts for itself.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, RedisError, Script};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::timeout;

use super::bucket::Spender;
use super::window::{SPAN, Standing};

/// One spender is one hash of counts by second. The clock is the server's: those of the processes differ.
const SCRIPT: &str = r"
local now = tonumber(redis.call('TIME')[1])
local limit, cost, span, ttl = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local total, oldest = 0, false
local counts = redis.call('HGETALL', KEYS[1])
for i = 1, #counts, 2 do
    local second = tonumber(counts[i])
    if second <= now - span then
        redis.call('HDEL', KEYS[1], counts[i])
    else
        total = total + tonumber(counts[i + 1])
        if not oldest or second < oldest then oldest = second end
    end
end
local allowed = total < limit
if allowed and cost > 0 then
    redis.call('HINCRBY', KEYS[1], now, cost)
    redis.call('EXPIRE', KEYS[1], ttl)
    total = total + cost
    oldest = oldest or now
end
return {allowed and 1 or 0, math.max(limit - total, 0), oldest and oldest + span - now or 0}
";

/// Where the counts are, and what to do while they are out of reach.
pub struct Redis {
    /// Its address, with its password if it has one.
    pub url: SecretString,
    /// A count that takes longer is not waited for.
    pub deadline: Duration,
    /// While it is away, one request this often tries again.
    pub probe_every: TimeDelta,
    /// While it is away, the log says so this often.
    pub warn_every: TimeDelta,
}

/// An address that is not one of a Redis; it is not shown, for it may hold a password.
#[derive(Debug, thiserror::Error)]
#[error("it is not the address of a Redis, like redis://host:6379/0")]
pub struct RedisUrlError;

impl Redis {
    /// In this time most requests are answered without it.
    pub const DEADLINE: Duration = Duration::from_millis(50);

    /// Looks at the address.
    pub fn check(url: &SecretString) -> Result<(), RedisUrlError> {
        Client::open(url.expose_secret()).map(|_| ()).map_err(|_| RedisUrlError)
    }
}

/// A connection, and whether it is any good.
pub(super) struct Shared {
    redis: ConnectionManager,
    script: Script,
    ttl: i64,
    options: Redis,
    away: Mutex<Option<Away>>,
}

/// Since when, and what was done about it.
#[derive(Clone, Copy)]
struct Away {
    probed: DateTime<Utc>,
    warned: DateTime<Utc>,
}

impl Shared {
    /// Connects when first needed; needs the runtime.
    pub(super) fn new(options: Redis, idle: Duration) -> Result<Self, RedisUrlError> {
        let client = Client::open(options.url.expose_secret()).map_err(|_| RedisUrlError)?;
        // The connection is made anew by itself; a request never waits for that.
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_connection_timeout(Some(Duration::from_secs(1)))
            .set_response_timeout(Some(options.deadline));
        let redis =
            ConnectionManager::new_lazy_with_config(client, config).map_err(|_| RedisUrlError)?;
        let idle = i64::try_from(idle.as_secs()).unwrap_or(i64::MAX);
        let (script, away) = (Script::new(SCRIPT), Mutex::default());
        Ok(Self { redis, script, ttl: idle.max(SPAN + 1), options, away })
    }

    /// Counts `cost` requests; `None` if nobody answered in time.
    pub(super) async fn charge(
        &self,
        spender: Spender,
        limit: u32,
        cost: u32,
        now: DateTime<Utc>,
    ) -> Option<Standing> {
        if !self.is_worth_a_try(now) {
            return None;
        }
        let asked = async {
            match self.ask(spender, limit, cost).await {
                // The connection of before is gone; by asking, a new one is made.
                Err(error) if error.is_io_error() => self.ask(spender, limit, cost).await,
                answered => answered,
            }
        };
        match timeout(self.options.deadline, asked).await {
            Ok(Ok(standing)) => Some(standing),
            Ok(Err(error)) => {
                self.failed(now, error.category());
                None
            }
            Err(_) => {
                self.failed(now, "no answer in time");
                None
            }
        }
    }

    async fn ask(&self, spender: Spender, limit: u32, cost: u32) -> Result<Standing, RedisError> {
        let mut invocation = self.script.prepare_invoke();
        invocation.key(format!("rate-limit:{spender}")).arg(limit).arg(cost).arg(SPAN);
        let told = invocation.arg(self.ttl).invoke_async(&mut self.redis.clone()).await?;
        let (allowed, remaining, reset): (u8, u32, u32) = told;
        Ok(Standing { limit, remaining, reset, is_allowed: allowed == 1 })
    }

    /// Whether it answered when last asked.
    pub(super) fn is_there(&self) -> bool {
        self.away().is_none()
    }

    /// Whether it was away until now; then what was counted meanwhile is of no use any more.
    pub(super) fn is_back(&self) -> bool {
        let was_away = self.away().take().is_some();
        if was_away {
            tracing::info!("redis rate limiter is back; limits are shared again");
        }
        was_away
    }

    /// While it is away, one request in `probe_every` finds out whether it still is.
    fn is_worth_a_try(&self, now: DateTime<Utc>) -> bool {
        let mut away = self.away();
        let Some(away) = away.as_mut() else { return true };
        let is_time = now - away.probed >= self.options.probe_every;
        if is_time {
            away.probed = now;
        }
        is_time
    }

    fn failed(&self, now: DateTime<Utc>, error: &str) {
        let mut away = self.away();
        let is_news = away.is_none_or(|away| now - away.warned >= self.options.warn_every);
        if is_news {
            tracing::warn!(error, "redis rate limiter unavailable; using in-memory fallback");
        }
        let warned = away.filter(|_| !is_news).map_or(now, |away| away.warned);
        *away = Some(Away { probed: now, warned });
    }

    fn away(&self) -> MutexGuard<'_, Option<Away>> {
        // No code that holds the lock can leave it half changed.
        self.away.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
