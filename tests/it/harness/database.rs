//! One cluster per test process, one migrated template, one clone of it per test.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::{fs, mem};

use commands::{BusOptions, CommandBus, Context, RequestKey};
use domain::id::OrgId;
use domain::organisation::Profile;
use domain::recorded::Actor;
use domain::seal::MasterKeys;
use runner::migrate::{self, Login};
use runner::postgres::{Cluster, Options, Profile as Care};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, Executor, PgConnection, PgPool};
use tokio::sync::OnceCell;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

/// Password of every role in tests; the cluster listens on loopback and lives for seconds.
const PASSWORD: &str = "test-only";

/// A fixed master key: tests must be able to open what they sealed.
pub(crate) const MASTER_KEY: &str = "1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

static CLUSTER: LazyLock<Cluster> = LazyLock::new(|| {
    let home = home();
    sweep(Path::new(MEMORY));
    sweep(Path::new(env!("CARGO_TARGET_TMPDIR")));
    let directory = home.join(format!("{CLUSTERS}{}", std::process::id()));
    Cluster::start(&Options { directory, port: 0, profile: Care::Test }).unwrap()
});
static TEMPLATE: OnceCell<()> = OnceCell::const_new();
static NEXT: AtomicU32 = AtomicU32::new(0);

/// Databases of tests that are over: dropped soon, they never reach the disk.
static OVER: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// What clusters of test runs are called, before the number of the process.
const CLUSTERS: &str = "cleaning-tests-";

/// Where files are in memory.
const MEMORY: &str = "/dev/shm";

/// So much memory is used at most by a run, and then some; in KiB.
const ENOUGH: u64 = 2 * 1024 * 1024;

/// Where clusters live for seconds: in memory where there is some to spare, which a disk is a third slower than.
fn home() -> PathBuf {
    let told = Command::new("df").args(["-k", "--output=avail", MEMORY]).output();
    let free = told.ok().and_then(|told| {
        String::from_utf8(told.stdout).ok()?.lines().nth(1)?.trim().parse::<u64>().ok()
    });
    let home =
        if free.is_some_and(|free| free >= ENOUGH) { MEMORY } else { env!("CARGO_TARGET_TMPDIR") };
    PathBuf::from(home)
}

/// Removes the clusters of test runs that are over.
fn sweep(home: &Path) {
    for entry in fs::read_dir(home).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let over = name
            .strip_prefix(CLUSTERS)
            .is_some_and(|pid| !PathBuf::from(format!("/proc/{pid}")).exists());
        if over {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

async fn admin(database: &str) -> PgConnection {
    let options: PgConnectOptions = CLUSTER.admin_url(database).parse().unwrap();
    options.connect().await.unwrap()
}

async fn template() {
    let mut db = admin("postgres").await;
    db.execute("create database template_cleaning").await.unwrap();
    let options: PgConnectOptions = CLUSTER.admin_url("template_cleaning").parse().unwrap();
    let logins = ["cleaning_app", "cleaning_worker", "cleaning_auditor"]
        .map(|role| Login { role: role.to_owned(), password: PASSWORD.into() });
    migrate::up(&options, &migrate::embedded().unwrap(), &logins).await.unwrap();
}

/// A database in use; without the last of these it is over.
struct Lease(String);

impl Drop for Lease {
    fn drop(&mut self) {
        OVER.lock().unwrap_or_else(PoisonError::into_inner).push(self.0.clone());
    }
}

async fn drop_what_is_over(db: &mut PgConnection) {
    let over = mem::take(&mut *OVER.lock().unwrap_or_else(PoisonError::into_inner));
    let used: Vec<String> = sqlx::query_scalar(
        "select distinct datname::text from pg_stat_activity where datname = any ($1)",
    )
    .bind(&over)
    .fetch_all(&mut *db)
    .await
    .unwrap();
    for name in over {
        // Where somebody still has a connection it is not over yet, and dropping it would wait.
        let is_used = used.contains(&name);
        if is_used || db.execute(format!("drop database {name}").as_str()).await.is_err() {
            OVER.lock().unwrap_or_else(PoisonError::into_inner).push(name);
        }
    }
}

/// A migrated database of its own, as long as somebody has it.
#[derive(Clone)]
pub(crate) struct TestDb {
    lease: Arc<Lease>,
    port: Option<u16>,
    pub(crate) app: PgPool,
    pub(crate) worker: PgPool,
}

impl TestDb {
    pub(crate) async fn new() -> Self {
        TEMPLATE.get_or_init(template).await;
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let mut db = admin("postgres").await;
        drop_what_is_over(&mut db).await;
        let create = format!(
            "create database {name} owner cleaning_owner template template_cleaning strategy file_copy"
        );
        db.execute(create.as_str()).await.unwrap();
        // Settings of a database are not part of its template.
        let path = format!("alter database {name} set search_path = read, public");
        db.execute(path.as_str()).await.unwrap();
        db.close().await.unwrap();
        Self::reached(Arc::new(Lease(name)), None, 8).await
    }

    /// The same database for the API, which reaches it at another port of this machine, with a pool of `size`.
    pub(crate) async fn through(self, port: Option<u16>, size: u32) -> Self {
        Self::reached(self.lease, port, size).await
    }

    async fn reached(lease: Arc<Lease>, port: Option<u16>, size: u32) -> Self {
        let name = &lease.0;
        let app = pool(&address(name, "cleaning_app", port), size).await;
        let worker = pool(&address(name, "cleaning_worker", None), 8).await;
        Self { lease, port, app, worker }
    }

    /// Address for a role of the program.
    pub(crate) fn url(&self, role: &str) -> String {
        address(self.name(), role, self.port)
    }

    /// Address for the administrator, who may do anything: to plant what must be found.
    pub(crate) fn admin_url(&self) -> String {
        CLUSTER.admin_url(self.name())
    }

    pub(crate) async fn admin(&self) -> PgConnection {
        admin(self.name()).await
    }

    /// Its name on the server.
    pub(crate) fn name(&self) -> &str {
        &self.lease.0
    }

    /// The administrator in another database of the server, from where this one can be shut.
    pub(crate) async fn elsewhere(&self) -> PgConnection {
        admin("postgres").await
    }

    /// A bus as the API has one.
    pub(crate) fn bus(&self) -> CommandBus {
        self.bus_with(|_| {})
    }

    pub(crate) fn bus_with(&self, change: impl FnOnce(&mut BusOptions)) -> CommandBus {
        let connect = self.url("cleaning_app").parse().unwrap();
        let mut options = BusOptions::new(connect, keys(), TaskTracker::new());
        change(&mut options);
        CommandBus::start(self.app.clone(), options)
    }

    /// An organisation with an open log.
    pub(crate) async fn organisation(&self) -> OrgId {
        let org = OrgId::from(Uuid::now_v7());
        let slug = format!("org-{}", Uuid::new_v4());
        let profile =
            Profile { slug, name: "Test".to_owned(), timezone: "America/Edmonton".to_owned() };
        self.bus().open_organisation(&context(org), profile).await.unwrap();
        org
    }
}

fn address(database: &str, role: &str, port: Option<u16>) -> String {
    let mut url: reqwest::Url = CLUSTER.url(role, PASSWORD, database).parse().unwrap();
    if port.is_some() {
        url.set_port(port).unwrap();
    }
    url.into()
}

async fn pool(url: &str, size: u32) -> PgPool {
    let options: PgConnectOptions = url.parse().unwrap();
    PgPoolOptions::new().max_connections(size).connect_with(options).await.unwrap()
}

pub(crate) fn keys() -> MasterKeys {
    MasterKeys::parse(MASTER_KEY).unwrap()
}

/// A command by a member of staff, in a request of its own.
pub(crate) fn context(org: OrgId) -> Context {
    let request = RequestKey::fresh();
    Context {
        org,
        actor: Actor {
            kind: "staff".to_owned(),
            id: "tester".to_owned(),
            role: "admin".to_owned(),
        },
        request_id: "req-test".to_owned(),
        correlation_id: "corr-test".to_owned(),
        causation_id: None,
        reason: None,
        action: None,
        via: None,
        request,
        expected_version: None,
        beside: Vec::new(),
        recorded_at: None,
    }
}
