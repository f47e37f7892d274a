//! What handlers may reach.

use std::sync::Arc;

use chrono::{DateTime, SubsecRound, Utc};
use commands::CommandBus;
use commands::attempts::Attempts;
use domain::id::OrgId;
use domain::seal::MasterKeys;
use projections::history::checkpoint::SigningKey;
use sqlx::PgPool;
use tokio::sync::Semaphore;

use crate::audit::{ClientAddress, Sampler};
use crate::caller::Logins;
use crate::health::Health;
use crate::identity::{Hashing, PasswordCost, Tokens};
use crate::limits;
use crate::metrics::Scrape;
use crate::organisation::Organisations;

/// Tells the time; a test hands in its own.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// What the program decides about its HTTP interface.
pub struct Options {
    /// The write side.
    pub bus: CommandBus,
    /// The read side, connected as the application role.
    pub reads: PgPool,
    /// Open what is sealed in read models and history.
    pub keys: MasterKeys,
    /// Signs heads of the chain; `None` where only other processes do.
    pub signing: Option<SigningKey>,
    /// Sign access tokens.
    pub tokens: Tokens,
    /// What new passwords cost whoever guesses them.
    pub password_cost: PasswordCost,
    /// The health probe, on connections of its own.
    pub health: Health,
    /// The time.
    pub clock: Clock,
    /// Whom a public request is for that names nobody.
    pub default_org: Option<OrgId>,
    /// Whether a peer in a private network may say in `X-Forwarded-For` for whom it asks.
    pub trust_proxy: bool,
    /// Whether `/openapi.json` and `/docs` exist.
    pub docs: bool,
    /// `/metrics`; `None` leaves the route out.
    pub scrape: Option<Scrape>,
    /// Keep what the audit log holds beside events.
    pub attempts: Attempts,
    /// How much of the address of a client it keeps.
    pub client_address: ClientAddress,
}

/// The state of the router.
pub struct App {
    pub(crate) bus: CommandBus,
    pub(crate) reads: PgPool,
    pub(crate) keys: MasterKeys,
    pub(crate) signing: Option<SigningKey>,
    pub(crate) health: Health,
    pub(crate) clock: Clock,
    pub(crate) default_org: Option<OrgId>,
    pub(crate) trust_proxy: bool,
    pub(crate) docs: bool,
    pub(crate) scrape: Option<Scrape>,
    pub(crate) tokens: Tokens,
    pub(crate) hashing: Hashing,
    pub(crate) logins: Logins,
    pub(crate) organisations: Organisations,
    pub(crate) attempts: Attempts,
    pub(crate) client_address: ClientAddress,
    /// Who was denied what a moment ago.
    pub(crate) denials: Sampler,
    /// One permit per request in progress.
    pub(crate) room: Semaphore,
}

/// Shared by every request.
pub type AppState = Arc<App>;

impl App {
    /// With empty caches.
    pub fn new(options: Options) -> AppState {
        Arc::new(Self {
            bus: options.bus,
            reads: options.reads,
            keys: options.keys,
            signing: options.signing,
            health: options.health,
            clock: options.clock,
            default_org: options.default_org,
            trust_proxy: options.trust_proxy,
            docs: options.docs,
            scrape: options.scrape,
            tokens: options.tokens,
            hashing: Hashing::new(options.password_cost),
            logins: Logins::default(),
            organisations: Organisations::default(),
            attempts: options.attempts,
            client_address: options.client_address,
            denials: Sampler::default(),
            room: Semaphore::new(limits::REQUESTS),
        })
    }

    /// To the microsecond, like every time in the database: an answer made of events shows the same as a later query.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        (self.clock)().trunc_subsecs(6)
    }
}
