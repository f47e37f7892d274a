//! Read models that other code built are noticed, made again by the jobs, and left alone by older workers.

use projections::engine::{self, Options, Worker};
use projections::{READERS, Reader, tenant};
use runner::jobs::rebuild_outdated::RebuildOutdated;
use tokio_util::sync::CancellationToken;

use super::House;
use crate::harness::Served;
use crate::harness::database::keys;

const MADE_BY_OLDER_CODE: &str = "update projection_builds set version = version - 1
     where projection = 'lead_list' and $1::uuid is not null";

impl House {
    async fn outdated(&self) -> Vec<&'static str> {
        let mut db = self.db.app.acquire().await.unwrap();
        let outdated = engine::outdated(&mut db).await.unwrap();
        outdated.into_iter().map(|one| one.reader.name).collect()
    }

    fn rebuilds(&self, as_owner: bool) -> RebuildOutdated {
        let owner = as_owner.then(|| self.db.admin_url().parse().unwrap());
        RebuildOutdated::new(self.db.worker.clone(), owner, keys())
    }

    async fn rebuilt(&self, as_owner: bool) -> anyhow::Result<usize> {
        self.rebuilds(as_owner).rebuild_due(&CancellationToken::new(), || ()).await
    }

    async fn names(&self) -> Vec<String> {
        let mut tx = tenant::begin(&self.db.app, self.org).await.unwrap();
        let names = sqlx::query_scalar("select name from lead_list order by name");
        names.fetch_all(&mut *tx).await.unwrap()
    }

    async fn leftovers(&self) -> i64 {
        let schemas = "select count(*) from pg_namespace where nspname like 'rebuild%'";
        sqlx::query_scalar(schemas).fetch_one(&mut self.admin().await).await.unwrap()
    }
}

#[tokio::test]
async fn what_the_first_worker_builds_is_of_its_version_and_up_to_date() {
    let house = House::new().await;
    house.settle().await;
    let builds = engine::builds(&house.db.app).await.unwrap();
    for reader in READERS {
        let build = builds.iter().find(|build| build.projection == reader.name);
        let expected = reader.is_rebuildable().then_some(reader.version);
        assert_eq!(build.map(|build| build.version), expected, "{}", reader.name);
    }
    assert_eq!(house.outdated().await, [""; 0]);
    assert_eq!(house.rebuilt(true).await.unwrap(), 0);
}

#[tokio::test]
async fn what_older_code_built_is_made_again() {
    let house = House::new().await;
    house.fill(3).await;
    house.settle().await;
    house.tamper(MADE_BY_OLDER_CODE).await;
    house.tamper("update read.lead_list set name = 'Old' where org_id = $1").await;
    assert_eq!(house.outdated().await, ["lead_list"]);
    assert_eq!(house.rebuilt(true).await.unwrap(), 1);
    assert_eq!(house.outdated().await, [""; 0]);
    assert_eq!(house.names().await, ["Lead 0", "Lead 1", "Lead 2"]);
}

#[tokio::test]
async fn it_is_made_again_even_if_the_old_rows_cannot_be_kept_any_longer() {
    let house = House::new().await;
    house.fill(2).await;
    house.settle().await;
    house.fill(1).await;
    // The live tables stay where they are: nobody follows the log for them.
    house.tamper(MADE_BY_OLDER_CODE).await;
    assert_eq!(house.rebuilt(true).await.unwrap(), 1);
    assert_eq!(house.names().await, ["Lead 0", "Lead 0", "Lead 1"]);
}

#[tokio::test]
async fn a_process_that_may_not_rebuild_says_which_command_would() {
    let house = House::new().await;
    house.settle().await;
    assert_eq!(house.rebuilt(false).await.unwrap(), 0);
    house.tamper(MADE_BY_OLDER_CODE).await;
    let refused = house.rebuilt(false).await.unwrap_err().to_string();
    assert!(refused.contains("cleaning projections rebuild lead_list"), "{refused}");
}

#[tokio::test]
async fn a_worker_older_than_the_tables_leaves_them_alone() {
    let house = House::new().await;
    house.settle().await;
    house.tamper("update projection_builds set version = 1000 where projection = 'lead_list' and $1::uuid is not null").await;
    let keeps = |name: &str| {
        let readers: Vec<Reader> = READERS.iter().filter(|r| r.name == name).copied().collect();
        let options = Options::new("older", &readers);
        let worker = Worker::new(house.db.worker.clone(), keys(), options);
        async move {
            let kept = worker.catch_up().await.is_ok();
            worker.release().await.unwrap();
            kept
        }
    };
    assert!(!keeps("lead_list").await);
    assert!(keeps("lead_detail").await);
}

#[tokio::test]
async fn what_a_killed_rebuild_left_is_removed_without_another_one() {
    let house = House::new().await;
    house.settle().await;
    let mut admin = house.admin().await;
    let left = "set role cleaning_owner; create schema rebuild_lead_list; create table rebuild_lead_list.lead_list (a int)";
    sqlx::raw_sql(left).execute(&mut admin).await.unwrap();
    // Not while somebody fills it.
    let mut busy = house.admin().await;
    let claim = "select pg_advisory_lock(hashtextextended('lead_list.rebuild', 0))";
    sqlx::query(claim).execute(&mut busy).await.unwrap();
    house.rebuilt(true).await.unwrap();
    assert_eq!(house.leftovers().await, 1);
    let release = "select pg_advisory_unlock_all()";
    sqlx::query(release).execute(&mut busy).await.unwrap();
    house.rebuilt(true).await.unwrap();
    assert_eq!(house.leftovers().await, 0);
}

#[tokio::test]
async fn the_jobs_do_so_by_themselves() {
    let house = House::new().await;
    house.fill(3).await;
    house.settle().await;
    house.tamper(MADE_BY_OLDER_CODE).await;
    let owner = house.db.admin_url();
    let jobs = Served::start("jobs", &house.db, &[("DATABASE_MIGRATION_URL", &owner)]).await;
    while !house.outdated().await.is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(house.names().await.len(), 3);
    drop(jobs);
}
