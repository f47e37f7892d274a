//! What the jobs process wrote, compared with the log it was made from.

use std::time::{Duration, Instant};

use domain::id::OrgId;
use domain::recorded::Recorded;
use projections::READERS;
use projections::engine::{Options, Worker};
use sqlx::{PgPool, Row};

use super::office::PATIENCE;
use crate::harness::TestDb;
use crate::harness::database::keys;

const LOOK: Duration = Duration::from_millis(10);

pub(super) struct Tables {
    org: OrgId,
    owner: PgPool,
    worker: PgPool,
}

impl Tables {
    pub(super) fn of(db: &TestDb, org: OrgId) -> Self {
        let owner = PgPool::connect_lazy(&db.admin_url()).unwrap();
        Self { org, owner, worker: db.worker.clone() }
    }

    /// What every projection has reached.
    pub(super) async fn slowest(&self) -> i64 {
        let (behind, count): (Option<i64>, i64) = sqlx::query_as(
            "select min(position), count(*) from projection_checkpoints where org_id = $1",
        )
        .bind(self.org.as_uuid())
        .fetch_one(&self.owner)
        .await
        .unwrap();
        if count == i64::try_from(READERS.len()).unwrap() { behind.unwrap_or(0) } else { 0 }
    }

    /// Waits until every projection is at `position`.
    pub(super) async fn reach(&self, position: i64) {
        let deadline = Instant::now() + PATIENCE;
        while self.slowest().await < position {
            assert!(Instant::now() < deadline, "{position} is not reached");
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits until nothing waits to be delivered.
    pub(super) async fn settled_effects(&self) {
        let left = "select count(*) from effects where state in ('due', 'leased', 'waiting')
                    and leased_until is null";
        let deadline = Instant::now() + PATIENCE;
        while sqlx::query_scalar::<_, i64>(left).fetch_one(&self.owner).await.unwrap() > 0 {
            assert!(Instant::now() < deadline, "effects are left");
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Whoever keeps the projections now.
    pub(super) async fn owners(&self) -> Vec<(String, i64)> {
        sqlx::query_as("select owner, term from projection_owners order by projection")
            .fetch_all(&self.owner)
            .await
            .unwrap()
    }

    /// Checkpoints carry the chain value of the log, rows are those of a replay, effects follow once from each lead.
    pub(super) async fn assert_right(&self, log: &[Recorded]) {
        let end = log.last().unwrap();
        let checkpoints = sqlx::query(
            "select projection, position, hash, halted from projection_checkpoints where org_id = $1",
        );
        let checkpoints =
            checkpoints.bind(self.org.as_uuid()).fetch_all(&self.owner).await.unwrap();
        assert_eq!(checkpoints.len(), READERS.len());
        for row in checkpoints {
            let name: String = row.get("projection");
            assert_eq!(row.get::<i64, _>("position"), end.position, "{name}");
            assert_eq!(row.get::<Vec<u8>, _>("hash"), end.hash, "{name}");
            assert_eq!(row.get::<Option<String>, _>("halted"), None, "{name}");
        }
        self.assert_one_effect_for_each_lead(log).await;
        let rows = self.rows().await;
        self.replay().await;
        let replayed = self.rows().await;
        for ((table, rows), (_, replayed)) in rows.iter().zip(&replayed) {
            // The office takes leads; nobody is hired there and nobody books.
            let idle = [
                "worker_",
                "client_",
                "invoice_",
                "photo_list",
                "dispute_list",
                "team_list",
                "time_off",
                "booking_list",
                "booking_detail",
                "price_book_versions",
                "subscription",
                "work_times",
                "reason_log",
                "checklist_list",
                "dispatch_",
                "visit_versions",
                "money_facts",
                "payment_facts",
                "offer_facts",
                "review_facts",
                "merge_facts",
                "address_versions",
                "expense_",
                "budget_list",
                "cash_snapshots",
                "tax_",
                "ledger_",
                "deposit_list",
            ];
            let is_idle = idle.iter().any(|idle| table.contains(idle));
            assert!(is_idle || !rows.is_empty(), "{table} is empty");
            assert!(rows == replayed, "{table} is not what a replay makes");
        }
        self.assert_one_effect_for_each_lead(log).await;
    }

    async fn assert_one_effect_for_each_lead(&self, log: &[Recorded]) {
        let causes: Vec<i64> =
            sqlx::query_scalar("select cause from effects where org_id = $1 order by cause")
                .bind(self.org.as_uuid())
                .fetch_all(&self.owner)
                .await
                .unwrap();
        let leads = log.iter().filter(|event| event.event_type == "submitted");
        assert_eq!(causes, leads.map(|event| event.position).collect::<Vec<_>>());
    }

    /// Every row of every read model as text.
    async fn rows(&self) -> Vec<(&'static str, Vec<String>)> {
        let mut all = Vec::new();
        for table in READERS.iter().flat_map(|reader| reader.tables) {
            let rows = format!("select to_jsonb(t)::text from read.{table} t order by 1");
            all.push((*table, sqlx::query_scalar(&rows).fetch_all(&self.owner).await.unwrap()));
        }
        all
    }

    /// Makes every read model anew from the whole log.
    async fn replay(&self) {
        for table in READERS.iter().flat_map(|reader| reader.tables) {
            let empty = format!("truncate read.{table}");
            sqlx::query(&empty).execute(&self.owner).await.unwrap();
        }
        sqlx::query("delete from projection_checkpoints").execute(&self.owner).await.unwrap();
        let replay = Worker::new(self.worker.clone(), keys(), Options::new("replay", READERS));
        replay.catch_up().await.unwrap();
    }
}
