//! The API as clients meet it, on a port of its own, with the workers that follow it stepped by hand.

use std::pin::pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use api::{Backup, Health, Revision, Scrape};
use chrono::{DateTime, Days, NaiveTime, TimeDelta, Utc};
use clap::Parser;
use commands::attempts::Attempts;
use commands::{BusOptions, CommandBus};
use domain::billing::account::{Account, AccountCommand, Status};
use domain::billing::plan::Plan;
use projections::READERS;
use projections::engine::{Options, Worker};
use projections::history::checkpoint::SigningKey;
use runner::config::environment::Environment;
use runner::config::{Config, shown};
use runner::delivery::Delivery;
use runner::jobs::export_accounting::ExportAccounting;
use runner::jobs::sweep_photos::SweepPhotos;
use runner::migrate;
use runner::timers::Timers;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::client::Client;
use super::database::{TestDb, context, keys};
use super::logins::{Org, PASSWORD, org};

/// A process has one recorder.
static SCRAPE: LazyLock<metrics_exporter_prometheus::PrometheusHandle> =
    LazyLock::new(|| api::install_recorder().unwrap());

pub(crate) fn signing_key() -> SigningKey {
    SigningKey::parse("BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=").unwrap()
}

/// Where links into the portal of clients lead.
pub(crate) const PORTAL: &str = "https://portal.example.net";

/// Two organisations behind one address; the first is the default.
pub(crate) struct App {
    pub(crate) db: TestDb,
    pub(crate) orgs: [Org; 2],
    pub(crate) address: String,
    clock: Arc<AtomicI64>,
    worker: Worker,
    delivery: Delivery,
    timers: Timers,
    state: api::AppState,
    photos: SweepPhotos,
    months: ExportAccounting,
    /// Where photos are kept.
    pub(crate) files: Arc<TempDir>,
    stop: CancellationToken,
    _tasks: TaskTracker,
}

/// How requests come in: limits that no test meets by chance, from nobody but the test, hashes that cost nothing.
pub(crate) struct Front {
    pub(crate) edge: api::EdgeOptions,
    pub(crate) rate: api::RateOptions,
    pub(crate) staff: api::StaffPolicy,
    pub(crate) portal: api::PortalPolicy,
}

impl Default for Front {
    fn default() -> Self {
        let rate = api::RateOptions::local(api::PerMinute::generous());
        let password_cost = api::PasswordCost { memory: 8, time: 1, parallelism: 1 };
        let staff = api::StaffPolicy { password_cost, ..api::StaffPolicy::default() };
        let portal =
            api::PortalPolicy { address: Some(PORTAL.to_owned()), ..api::PortalPolicy::default() };
        Self { edge: api::EdgeOptions::default(), rate, staff, portal }
    }
}

impl Front {
    /// With staff held to something else than usual.
    fn holding(change: impl FnOnce(&mut api::StaffPolicy)) -> Self {
        let mut edge = Self::default();
        change(&mut edge.staff);
        edge
    }
}

#[derive(Parser)]
struct Alone {
    #[command(flatten)]
    config: Config,
}

impl App {
    /// Mail is off.
    pub(crate) async fn start() -> Self {
        Self::start_with(&["--email-mode", "off"]).await
    }

    /// Mail goes to `port` of this machine.
    pub(crate) async fn start_mailing(port: u16) -> Self {
        let port = port.to_string();
        let smtp = ["--email-mode", "smtp", "--smtp-host", "127.0.0.1", "--smtp-port", &port];
        let sender = ["--email-from", "office@example.net", "--email-from-name", "The Office"];
        let watch = ["--admin-notification-email", "watch@example.net"];
        Self::start_with(&[&smtp[..], &sender, &watch].concat()).await
    }

    /// Payments by card go to `base`, and its messages are signed with `secrets`; mail is off.
    pub(crate) async fn start_paid(base: &str, secrets: &str) -> Self {
        // The program does so at its start.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let stripe = ["--stripe-secret-key", "sk_test_1", "--stripe-api-base", base];
        let more = ["--stripe-webhook-secret", secrets, "--email-mode", "off"];
        Self::start_with(&[&stripe[..], &more].concat()).await
    }

    /// Visitors show at `base` that they are persons; mail is off.
    pub(crate) async fn start_asking(base: &str) -> Self {
        // The program does so at its start.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let captcha = ["--captcha-mode", "turnstile", "--turnstile-api-base", base];
        let more = ["--turnstile-secret-key", "turnstile_test_1", "--email-mode", "off"];
        Self::start_with(&[&captcha[..], &more].concat()).await
    }

    /// With an edge of its own; mail is off.
    pub(crate) async fn start_edge(edge: Front) -> Self {
        Self::begin(TestDb::new().await, &["--email-mode", "off"], edge).await
    }

    /// Staff are held to something else than usual; mail is off.
    pub(crate) async fn start_holding(change: impl FnOnce(&mut api::StaffPolicy)) -> Self {
        Self::start_edge(Front::holding(change)).await
    }

    /// Another process over the same database, at the same time of day.
    pub(crate) async fn beside(&self) -> Self {
        self.beside_holding(|_| {}).await
    }

    /// As [`Self::beside`], where staff are held to something else.
    pub(crate) async fn beside_holding(&self, change: impl FnOnce(&mut api::StaffPolicy)) -> Self {
        self.beside_front(Front::holding(change)).await
    }

    /// As [`Self::beside`], with an edge of its own.
    pub(crate) async fn beside_front(&self, front: Front) -> Self {
        let (db, orgs, clock) = (self.db.clone(), self.orgs.clone(), Arc::clone(&self.clock));
        let files = Arc::clone(&self.files);
        Box::pin(Self::over((db, orgs, files), clock, &["--email-mode", "off"], front)).await
    }

    /// Photos are kept, or handed out, otherwise than usual; mail is off.
    pub(crate) async fn start_keeping(arguments: &[&str]) -> Self {
        Self::start_with(&[&["--email-mode", "off"], arguments].concat()).await
    }

    async fn start_with(arguments: &[&str]) -> Self {
        Self::start_over(TestDb::new().await, arguments).await
    }

    /// Over a database that may be reached in a way of its own.
    pub(crate) async fn start_over(db: TestDb, arguments: &[&str]) -> Self {
        Self::begin(db, arguments, Front::default()).await
    }

    async fn begin(db: TestDb, arguments: &[&str], options: Front) -> Self {
        let orgs = [org(&db, "first").await, org(&db, "second").await];
        let clock = Arc::new(AtomicI64::new(noon().timestamp_micros()));
        let files = Arc::new(TempDir::new().unwrap());
        Box::pin(Self::over((db, orgs, files), clock, arguments, options)).await
    }

    #[expect(
        clippy::too_many_lines,
        reason = "what the processes are made of, a field after the other"
    )]
    async fn over(
        (db, orgs, files): (TestDb, [Org; 2], Arc<TempDir>),
        clock: Arc<AtomicI64>,
        arguments: &[&str],
        options: Front,
    ) -> Self {
        // Before anything that holds figures.
        LazyLock::force(&SCRAPE);
        let told = Arc::clone(&clock);
        let time: api::Clock = Arc::new(move || instant(told.load(Ordering::SeqCst)));
        let kept = ["--order-upload-root", files.path().to_str().unwrap()];
        let secret = ["--auth-secret-key", "a key that signs links of tests only"];
        let invoices = ["--invoice-public-token-secret", "a secret of invoices in tests only"];
        let fixed = kept.iter().chain(&secret).chain(&invoices);
        let program = ["cleaning"].iter().chain(fixed).chain(arguments);
        let config = Alone::parse_from(program).config;
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let state = api::App::new(api::Options {
            bus: db.bus(),
            reads: db.app.clone(),
            keys: keys(),
            signing: Some(signing_key()),
            tokens: api::Tokens::new(&"a key that signs tokens of tests only".into(), None)
                .unwrap(),
            staff: options.staff,
            portal: options.portal,
            invoice_links: config.invoice_links().unwrap(),
            payments: config.payments.options(),
            captcha: config.captcha.options(),
            health: health(&db),
            backup: Backup::new(Vec::new()),
            clock: Arc::clone(&time),
            default_org: Some(orgs[0].id),
            edge: options.edge,
            photos: config.photos().unwrap(),
            rate: api::RateLimiter::new(options.rate).unwrap(),
            docs: true,
            installation: shown::installation(&config, &Environment::default()),
            scrape: Some(Scrape::new(SCRAPE.clone(), Some("scrape-token".into()))),
            attempts: Attempts::start(db.app.clone(), None, &tasks).unwrap(),
            client_address: api::ClientAddress::Network,
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tasks.spawn(api::serve(
            listener,
            api::router(state.clone()),
            stop.clone(),
            Duration::from_secs(4),
        ));
        let worker = Worker::new(db.worker.clone(), keys(), Options::new("test", READERS));
        let bus = worker_bus(&db);
        let delivery =
            Delivery::new(db.worker.clone(), keys(), &config, Arc::clone(&time), bus.clone())
                .unwrap();
        let store = config.storage.store().unwrap();
        let photos = SweepPhotos::new(db.worker.clone(), bus.clone(), store, Arc::clone(&time));
        let months = ExportAccounting::new(db.worker.clone(), bus.clone(), Arc::clone(&time));
        let links = config.invoice_links().unwrap();
        let timers = Timers::new(db.worker.clone(), bus, time, links);
        Self {
            db,
            orgs,
            address,
            clock,
            worker,
            delivery,
            timers,
            state,
            photos,
            months,
            files,
            stop,
            _tasks: tasks,
        }
    }

    /// Somebody without a login.
    pub(crate) fn anyone(&self) -> Client {
        Client::new(&self.address)
    }

    /// A member of staff of the first organisation.
    pub(crate) fn staff(&self, role: &str) -> Client {
        self.staff_of(0, role)
    }

    pub(crate) fn staff_of(&self, org: usize, role: &str) -> Client {
        self.anyone().signed_in(&format!("{role}-{}", self.orgs[org].slug), PASSWORD)
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        instant(self.clock.load(Ordering::SeqCst))
    }

    /// Nothing passes by itself.
    pub(crate) fn advance(&self, time: TimeDelta) {
        self.clock.fetch_add(time.num_microseconds().unwrap(), Ordering::SeqCst);
    }

    /// [`Self::advance`] for where the application itself cannot be.
    pub(crate) fn advancer(&self) -> impl Fn(TimeDelta) + Send + use<> {
        let clock = Arc::clone(&self.clock);
        move |time| {
            clock.fetch_add(time.num_microseconds().unwrap(), Ordering::SeqCst);
        }
    }

    /// Lets everything follow that follows from what has happened, and nothing that is due later.
    pub(crate) async fn settle(&self) {
        self.state.rest().await;
        loop {
            self.worker.catch_up().await.unwrap();
            let delivered = self.delivery.deliver_due().await.unwrap();
            if delivered + self.timers.fire_due().await.unwrap() == 0 {
                return;
            }
        }
    }

    /// Removes files of photos that nobody knows; says how many.
    pub(crate) async fn sweep(&self) -> usize {
        self.photos.sweep_due().await.unwrap()
    }

    /// Writes months that are over for accountants; says how many.
    pub(crate) async fn write_months(&self) -> usize {
        self.months.export_due().await.unwrap()
    }

    /// Keeps the read models in step while `request` waits for them.
    pub(crate) async fn following<T>(&self, request: impl Future<Output = T>) -> T {
        let mut request = pin!(request);
        loop {
            let mut step = pin!(self.worker.catch_up());
            tokio::select! {
                answer = &mut request => {
                    // Left half way, it would keep its locks from whoever follows next.
                    step.await.unwrap();
                    return answer;
                }
                followed = &mut step => { followed.unwrap(); }
            }
            tokio::task::yield_now().await;
        }
    }

    /// Gives an organisation a plan; without one it has the smallest.
    pub(crate) async fn give_plan(&self, org: usize, plan: Plan) {
        let command = AccountCommand::ChangePlan { plan, status: Status::Active };
        let (org, nothing) = (self.orgs[org].id, |_: &Account| Value::Null);
        let done = self.db.bus().execute(&context(org), &org.to_string(), command, nothing).await;
        done.unwrap();
    }

    /// Where the log of an organisation stands.
    pub(crate) async fn position(&self, org: usize) -> i64 {
        sqlx::query_scalar("select position from log_heads where org_id = $1")
            .bind(self.orgs[org].id.as_uuid())
            .fetch_one(&mut self.db.admin().await)
            .await
            .unwrap()
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// When tests begin: whether a test runs at noon or at midnight, "tomorrow at ten" is as far away. Behind the clock of the
/// database, which has the time of the machine, nothing happens.
#[expect(clippy::disallowed_methods, reason = "days of the machine, and no time of day")]
fn noon() -> DateTime<Utc> {
    let zone = domain::settings::zone::DEFAULT;
    let tomorrow = Utc::now().with_timezone(&zone).date_naive() + Days::new(1);
    domain::scheduling::search::instant(tomorrow, NaiveTime::MIN, zone) + TimeDelta::hours(12)
}

fn instant(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap()
}

fn worker_bus(db: &TestDb) -> CommandBus {
    let connect = db.url("cleaning_worker").parse().unwrap();
    CommandBus::start(db.worker.clone(), BusOptions::new(connect, keys(), TaskTracker::new()))
}

fn health(db: &TestDb) -> Health {
    let files = migrate::embedded().unwrap();
    let revision = |file: &migrate::Migration| Revision {
        version: file.version.clone(),
        checksum: file.checksum(),
    };
    let readers = READERS.iter().map(|reader| reader.name.to_owned()).collect();
    let connect = db.url("cleaning_app").parse().unwrap();
    Health::new(connect, files.iter().map(revision).collect(), readers)
}
