//! A durable server of our own, a migrated database and a few organisations.

use std::path::PathBuf;

use commands::{BusOptions, CommandBus, Context, RequestKey};
use domain::id::OrgId;
use domain::organisation::Profile;
use domain::recorded::Actor;
use domain::seal::MasterKeys;
use runner::migrate::{self, Login};
use runner::postgres::{Cluster, Options, Profile as Care};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, Executor, PgPool};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::processor;

/// Wraps the keys of people who do not exist.
pub(crate) const MASTER_KEY: &str = "1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

const PASSWORD: &str = "bench-only";

/// What benchmarks run on. Dropped, the server stops and its directory goes.
pub(crate) struct Stage {
    /// For `psql` and `pgbench`, as administrator.
    pub(crate) admin_url: String,
    pub(crate) app_url: String,
    pub(crate) worker_url: String,
    /// As the application.
    pub(crate) app: PgConnectOptions,
    pub(crate) pool: PgPool,
    pub(crate) worker: PgPool,
    cluster: Option<Cluster>,
    directory: PathBuf,
}

impl Stage {
    /// Each part gets a database of its own: what one left behind must not slow the next.
    pub(crate) async fn start() -> Self {
        let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("bench-pg");
        let _ = std::fs::remove_dir_all(&directory);
        let options = Options { directory: directory.clone(), port: 0, profile: Care::Durable };
        let cluster = Cluster::start(&options).unwrap();
        let admin: PgConnectOptions = cluster.admin_url("postgres").parse().unwrap();
        let mut db = admin.connect().await.unwrap();
        db.execute("create database bench").await.unwrap();
        db.close().await.unwrap();
        let admin_url = cluster.admin_url("bench");
        let logins = ["cleaning_app", "cleaning_worker"]
            .map(|role| Login { role: role.to_owned(), password: PASSWORD.into() });
        let files = migrate::embedded().unwrap();
        migrate::up(&admin_url.parse().unwrap(), &files, &logins).await.unwrap();
        let app_url = cluster.url("cleaning_app", PASSWORD, "bench");
        let worker_url = cluster.url("cleaning_worker", PASSWORD, "bench");
        let app: PgConnectOptions = app_url.parse().unwrap();
        let pool = pool(&app_url).await;
        let worker = pool_of(&worker_url, 16).await;
        Self {
            admin_url,
            app_url,
            worker_url,
            app,
            pool,
            worker,
            cluster: Some(cluster),
            directory,
        }
    }

    pub(crate) fn bus(&self, lanes: usize, cache: u64) -> CommandBus {
        let mut options = BusOptions::new(self.app.clone(), keys(), TaskTracker::new());
        options.lanes = lanes;
        options.cache = cache;
        CommandBus::start(self.pool.clone(), options)
    }

    /// Opens `count` organisations.
    pub(crate) async fn organisations(&self, count: usize) -> Vec<OrgId> {
        let bus = self.bus(1, 0);
        let mut orgs = Vec::with_capacity(count);
        for _ in 0..count {
            let org = OrgId::from(Uuid::now_v7());
            let slug = format!("bench-{}", Uuid::new_v4());
            let profile = Profile { slug, name: "Bench".to_owned(), timezone: "UTC".to_owned() };
            bus.open_organisation(&context(org), profile).await.unwrap();
            orgs.push(org);
        }
        orgs
    }

    /// Seconds of processor time that the server has used so far.
    pub(crate) fn server_cpu(&self) -> f64 {
        processor::of_server(&self.directory)
    }

    /// Runs SQL as administrator.
    pub(crate) async fn admin(&self, sql: &str) {
        let options: PgConnectOptions = self.admin_url.parse().unwrap();
        let mut db = options.connect().await.unwrap();
        db.execute(sql).await.unwrap();
        db.close().await.unwrap();
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.cluster = None;
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

pub(crate) fn keys() -> MasterKeys {
    MasterKeys::parse(MASTER_KEY).unwrap()
}

async fn pool(url: &str) -> PgPool {
    pool_of(url, 16).await
}

async fn pool_of(url: &str, size: u32) -> PgPool {
    let options: PgConnectOptions = url.parse().unwrap();
    let pool = PgPoolOptions::new().max_connections(size).test_before_acquire(false);
    pool.connect_with(options.options([("jit", "off")])).await.unwrap()
}

/// A command by a member of staff, in a request of its own.
pub(crate) fn context(org: OrgId) -> Context {
    let request = RequestKey::fresh();
    Context {
        org,
        actor: Actor {
            kind: "staff".to_owned(),
            id: Uuid::nil().to_string(),
            role: "admin".to_owned(),
        },
        request_id: request.command_id.to_string(),
        correlation_id: request.command_id.to_string(),
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
