//! A server, a migrated database and a few organisations.

use commands::{BusOptions, CommandBus, Context, RequestKey};
use domain::id::OrgId;
use domain::organisation::Profile;
use domain::recorded::Actor;
use domain::seal::MasterKeys;
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

/// What benchmarks run on.
pub(crate) struct Stage {
    /// For `psql` and `pgbench`, as administrator.
    pub(crate) admin_url: String,
    /// As the application.
    pub(crate) app: PgConnectOptions,
    pub(crate) pool: PgPool,
}

impl Stage {
    pub(crate) async fn start() -> Self {
        #[expect(clippy::disallowed_methods, reason = "a benchmark is its own edge")]
        let admin_url = std::env::var("BENCH_DATABASE_URL").unwrap();
        let app: PgConnectOptions = admin_url.parse().unwrap();
        let app = app.username("cleaning_app");
        let pool = PgPoolOptions::new()
            .max_connections(16)
            .test_before_acquire(false)
            .connect_with(app.clone())
            .await
            .unwrap();
        Self { admin_url, app, pool }
    }

    pub(crate) fn bus(&self, lanes: usize, cache: u64) -> CommandBus {
        let keys = MasterKeys::parse("1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap();
        let mut options = BusOptions::new(self.app.clone(), keys, TaskTracker::new());
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
        request,
        expected_version: None,
        recorded_at: None,
    }
}
