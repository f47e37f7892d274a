//! What every test of the engine starts from: a database, a log, a worker.

use domain::id::OrgId;
use projections::Reader;
use projections::engine::{Options, Worker};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

use super::log::Log;
use crate::harness::TestDb;
use crate::harness::database::keys;

pub(super) struct Setting {
    /// Passes row-level security.
    pub(super) owner: PgPool,
    /// Connects as the worker's role.
    pub(super) pool: PgPool,
}

impl Setting {
    pub(super) async fn new() -> Self {
        let db = TestDb::new().await;
        let owner = PgPoolOptions::new().max_connections(4).connect(&db.admin_url()).await.unwrap();
        Self { owner, pool: db.worker }
    }

    pub(super) async fn log(&self) -> Log {
        Log::open(&self.owner).await
    }

    /// A worker with small batches, so that a few events make many.
    pub(super) fn worker(&self, readers: &[Reader]) -> Worker {
        self.worker_named("one", readers)
    }

    pub(super) fn worker_named(&self, name: &str, readers: &[Reader]) -> Worker {
        let mut options = Options::new(name, readers);
        options.limits.events = 10;
        // Leaves enough of the pool to read ahead.
        options.width = 3;
        Worker::new(self.pool.clone(), keys(), options)
    }

    /// Lets `readers` catch up and gives the leases back.
    pub(super) async fn settle(&self, readers: &[Reader]) -> usize {
        let worker = self.worker(readers);
        let applied = worker.catch_up().await.unwrap();
        worker.release().await.unwrap();
        applied
    }

    /// The positions in the timeline, which has a row per event.
    pub(super) async fn timeline(&self, org: OrgId) -> Vec<i64> {
        sqlx::query_scalar(
            "select position from read.entity_timeline where org_id = $1 order by position",
        )
        .bind(org.as_uuid())
        .fetch_all(&self.owner)
        .await
        .unwrap()
    }

    /// Position and reason of a halt, if any.
    pub(super) async fn checkpoint(
        &self,
        org: OrgId,
        projection: &str,
    ) -> (i64, Vec<u8>, Option<String>) {
        sqlx::query_as(
            "select position, hash, halted from projection_checkpoints where org_id = $1 and projection = $2",
        )
        .bind(org.as_uuid())
        .bind(projection)
        .fetch_one(&self.owner)
        .await
        .unwrap()
    }

    /// Position, reason and attempts of each parked stream.
    pub(super) async fn parked(&self, org: OrgId) -> Vec<(i64, String, i32)> {
        sqlx::query_as(
            "select position, reason, attempts from parked_streams where org_id = $1 order by position",
        )
        .bind(org.as_uuid())
        .fetch_all(&self.owner)
        .await
        .unwrap()
    }

    /// Every row of a read model as text, in order.
    pub(super) async fn rows(&self, table: &str) -> Vec<String> {
        sqlx::query_scalar(&format!("select to_jsonb(t)::text from read.{table} t order by 1"))
            .fetch_all(&self.owner)
            .await
            .unwrap()
    }

    /// As if nothing had been read yet.
    pub(super) async fn forget(&self, table: &str, projection: &str) {
        sqlx::query(&format!("truncate read.{table}")).execute(&self.owner).await.unwrap();
        sqlx::query("delete from projection_checkpoints where projection = $1")
            .bind(projection)
            .execute(&self.owner)
            .await
            .unwrap();
    }
}

pub(super) fn reader(name: &str) -> Reader {
    *projections::reader(name).unwrap()
}
