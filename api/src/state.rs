//! What handlers may reach.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, SubsecRound, TimeDelta, Utc};
use commands::CommandBus;
use commands::attempts::Attempts;
use domain::id::OrgId;
use domain::seal::MasterKeys;
use projections::history::checkpoint::SigningKey;
use sqlx::PgPool;
use tokio_util::task::TaskTracker;

use crate::audit::{ClientAddress, Sampler};
use crate::caller::{Logins, Pairs};
use crate::captcha::{Captcha, CaptchaOptions};
use crate::edge::{Edge, EdgeOptions};
use crate::health::{Backup, Behind, Health};
use crate::identity::{Hashing, Links, PortalPolicy, Seen, SharedLogin, StaffPolicy, Tokens};
use crate::invoicing::{InvoiceLinks, Numbering, Sheets};
use crate::metrics::Scrape;
use crate::monitors::Monitors;
use crate::organisation::Organisations;
use crate::payments::{PaymentInbox, PaymentOptions, Secrets, Stripe, StripeOptions};
use crate::pricing;
use crate::problem::Problem;
use crate::rate::RateLimiter;
use crate::scheduling::{Boards, Occurrences, Photos};
use crate::settings::{Installation, Known};

/// Tells the time; a test hands in its own.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// The organisation of logins of the environment, where nothing else is said.
const DEFAULT_ORG: OrgId = OrgId::new(uuid::Uuid::from_u128(1));

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
    /// How staff come in.
    pub staff: StaffPolicy,
    /// How workers and clients do.
    pub portal: PortalPolicy,
    /// Payments by card.
    pub payments: PaymentOptions,
    /// How visitors show that they are persons; without it nobody is asked.
    pub captcha: Option<CaptchaOptions>,
    /// Make and recognise the addresses under which customers see invoices.
    pub invoice_links: InvoiceLinks,
    /// The health probe, on connections of its own.
    pub health: Health,
    /// Where the time of the last backup is looked for.
    pub backup: Backup,
    /// The time.
    pub clock: Clock,
    /// Whom a public request is for that names nobody.
    pub default_org: Option<OrgId>,
    /// What holds for every request.
    pub edge: EdgeOptions,
    /// Where photos are kept, and how they are handed out.
    pub photos: Photos,
    /// How often one may ask.
    pub rate: RateLimiter,
    /// Whether `/openapi.json` and `/docs` exist.
    pub docs: bool,
    /// What staff may know about the configuration.
    pub installation: Installation,
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
    pub(crate) monitors: Monitors,
    pub(crate) behind: Arc<Behind>,
    pub(crate) clock: Clock,
    pub(crate) default_org: Option<OrgId>,
    pub(crate) edge: Arc<Edge>,
    pub(crate) photos: Photos,
    pub(crate) rate: RateLimiter,
    pub(crate) docs: bool,
    pub(crate) tokens: Tokens,
    pub(crate) hashing: Hashing,
    pub(crate) logins: Logins,
    pub(crate) seen: Seen,
    pub(crate) staff: StaffPolicy,
    pub(crate) portal: PortalPolicy,
    pub(crate) links: Links,
    pub(crate) invoice_links: InvoiceLinks,
    pub(crate) numbering: Numbering,
    pub(crate) sheets: Sheets,
    pub(crate) stripe: Option<Arc<Stripe>>,
    pub(crate) captcha: Option<Captcha>,
    pub(crate) webhook_secrets: Option<Secrets>,
    pub(crate) pages: [String; 4],
    pub(crate) inbox: PaymentInbox,
    pub(crate) organisations: Organisations,
    pub(crate) settings: Known,
    pub(crate) prices: pricing::Known,
    pub(crate) occurrences: Occurrences,
    pub(crate) boards: Boards,
    pub(crate) installation: Installation,
    pub(crate) attempts: Attempts,
    pub(crate) client_address: ClientAddress,
    /// Who was denied what a moment ago.
    pub(crate) denials: Sampler,
    /// What goes on after its request was answered.
    pub(crate) background: TaskTracker,
}

/// Shared by every request.
pub type AppState = Arc<App>;

/// Without a client for HTTP nobody pays by card; everything else goes on.
fn stripe(options: Option<StripeOptions>, clock: &Clock) -> Option<Arc<Stripe>> {
    let Some(options) = options else {
        Stripe::unused();
        return None;
    };
    let stripe = Stripe::new(options, Clock::clone(clock)).map(Arc::new);
    stripe.inspect_err(|error| tracing::error!(%error, "stripe cannot be asked")).ok()
}

/// Knows which routes take files.
fn edge(options: EdgeOptions) -> Arc<Edge> {
    let declared = crate::declared();
    let operations = declared.iter().map(|one| (one.method, one.path.as_str()));
    let files = declared.iter().filter(|one| one.takes_file);
    let files = files.map(|one| (one.method, one.path.clone())).collect();
    Edge::taking_files(options, operations, files)
}

impl App {
    /// With empty caches.
    #[expect(clippy::too_many_lines, reason = "a field after the other")]
    pub fn new(options: Options) -> AppState {
        let staff = options.staff;
        let stripe = stripe(options.payments.stripe, &options.clock);
        let captcha = Captcha::of(options.captcha, &options.clock);
        let pairs = Pairs::new(options.default_org.unwrap_or(DEFAULT_ORG), &staff.pairs);
        let links = Links {
            bus: options.bus.clone(),
            db: options.reads.clone(),
            keys: options.keys.clone(),
        };
        let background = TaskTracker::new();
        // Takes tasks all the same; closed, it can be waited for.
        background.close();
        crate::metrics::describe_logins();
        crate::metrics::describe_webhook();
        let behind = options.health.behind();
        let monitors = Monitors::new(
            options.health,
            options.backup,
            options.scrape,
            options.reads.clone(),
            Clock::clone(&options.clock),
        );
        let (bus, reads) = (options.bus.clone(), options.reads.clone());
        let inbox = PaymentInbox::new(bus.clone(), reads.clone(), Clock::clone(&options.clock));
        let occurrences = Occurrences::new(bus, reads, Clock::clone(&options.clock));
        Arc::new(Self {
            bus: options.bus,
            reads: options.reads,
            keys: options.keys,
            signing: options.signing,
            monitors,
            behind,
            clock: options.clock,
            default_org: options.default_org,
            edge: edge(options.edge),
            photos: options.photos,
            rate: options.rate,
            docs: options.docs,
            tokens: options.tokens,
            hashing: Hashing::new(staff.password_cost),
            logins: Logins::new(
                pairs,
                staff.lockout.attempts.into(),
                TimeDelta::minutes(staff.lockout.minutes.into()),
            ),
            seen: Seen::default(),
            staff,
            portal: options.portal,
            links,
            invoice_links: options.invoice_links,
            numbering: Numbering::default(),
            sheets: Sheets::default(),
            stripe,
            captcha,
            webhook_secrets: options.payments.webhook.as_ref().and_then(Secrets::parse),
            pages: options.payments.pages,
            inbox,
            organisations: Organisations::default(),
            settings: Known::default(),
            prices: pricing::Known::default(),
            occurrences,
            boards: Boards::default(),
            installation: options.installation,
            attempts: options.attempts,
            client_address: options.client_address,
            denials: Sampler::default(),
            background,
        })
    }

    /// Waits until nothing goes on any more of what was answered.
    pub async fn rest(&self) {
        self.background.wait().await;
    }

    /// The organisation that logins of the environment belong to.
    pub(crate) fn home(&self) -> OrgId {
        self.default_org.unwrap_or(DEFAULT_ORG)
    }

    /// The login that a team of `org` shares, if there is one.
    pub(crate) fn shared_login(&self, org: OrgId) -> Option<&SharedLogin> {
        self.portal.shared.as_ref().filter(|_| org == self.home())
    }

    /// Today, on the clock of an organisation.
    pub(crate) async fn today(&self, org: OrgId) -> Result<NaiveDate, Problem> {
        let zone = self.settings.of(self, org).await?.zone;
        Ok(self.now().with_timezone(&zone).date_naive())
    }

    /// To the microsecond, like every time in the database: an answer made of events shows the same as a later query.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        (self.clock)().trunc_subsecs(6)
    }
}
