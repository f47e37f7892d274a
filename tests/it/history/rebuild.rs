//! Read models made anew beside the live ones.

use projections::rebuild::{Done, Progress, Rebuild, RebuildError, Side, Switch};
use projections::sales::lead_list::{self, Filter, Start};
use projections::{READERS, reader, tenant};
use sqlx::Row;
use tokio_util::sync::CancellationToken;

use super::House;
use crate::harness::database::keys;

const REBUILDABLE: &[&str] = &["audit_log", "entity_timeline", "lead_detail", "lead_list"];

impl House {
    async fn rebuild(&self, name: &str, switch: Switch) -> Result<Done, RebuildError> {
        self.rebuild_until(name, switch, &CancellationToken::new(), &mut |_| {}).await
    }

    async fn rebuild_until(
        &self,
        name: &str,
        switch: Switch,
        stop: &CancellationToken,
        tell: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Done, RebuildError> {
        let rebuild = Rebuild {
            owner: self.db.admin_url().parse().unwrap(),
            pool: &self.db.worker,
            masters: &keys(),
            reader: reader(name).unwrap(),
            switch,
        };
        rebuild.run(stop, tell).await
    }

    /// Everything that stays in the catalogue about the tables of read models, and where they stand.
    async fn catalogue(&self) -> Vec<String> {
        let mut admin = self.admin().await;
        let rows = sqlx::query(
            "select 'index ' || indexdef as line from pg_indexes where schemaname = 'read'
             union all select 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
                       from pg_constraint where connamespace = 'read'::regnamespace
             union all select 'policy ' || tablename || ' ' || policyname || ' ' || qual from pg_policies where schemaname = 'read'
             union all select 'acl ' || c.relname || ' ' || a.grantee::regrole || ' ' || a.privilege_type
                       from pg_class c cross join aclexplode(c.relacl) a where c.relnamespace = 'read'::regnamespace
             union all select 'table ' || relname || ' ' || relkind::text || ' ' || relforcerowsecurity || ' ' || relowner::regrole
                              || coalesce(' ' || array_to_string(reloptions, ','), '')
                       from pg_class where relnamespace = 'read'::regnamespace and relkind in ('r', 'v')
             union all select 'column ' || attrelid::regclass || ' ' || attname || ' ' || atttypid::regtype || ' ' || attnotnull
                       from pg_attribute join pg_class on pg_class.oid = attrelid
                       where relnamespace = 'read'::regnamespace and attnum > 0 and relkind in ('r', 'v')
             union all select 'schema ' || nspname from pg_namespace where nspname like 'rebuild%'
             union all select 'checkpoint ' || projection || ' ' || position from public.projection_checkpoints
             union all select 'owner ' || projection from public.projection_owners
             order by 1",
        )
        .fetch_all(&mut admin)
        .await
        .unwrap();
        rows.iter().map(|row| row.get("line")).collect()
    }

    async fn audit_entries_in_the_view(&self) -> i64 {
        let mut tx = tenant::begin(&self.db.app, self.org).await.unwrap();
        let count = sqlx::query_scalar("select count(*) from admin_audit_logs");
        count.fetch_one(&mut *tx).await.unwrap()
    }
}

#[tokio::test]
async fn a_rebuilt_read_model_equals_the_live_one_and_leaves_nothing_behind() {
    let house = House::new().await;
    house.fill(8).await;
    house.settle().await;
    let before = house.catalogue().await;
    for name in REBUILDABLE {
        let done = house.rebuild(name, Switch::IfEqual).await.unwrap();
        assert_eq!((done.differing, done.switched, done.events), (0, true, 33), "{name}");
    }
    assert_eq!(house.catalogue().await, before);
    assert_eq!(house.audit_entries_in_the_view().await, 33);
    house.fill(1).await;
    house.settle().await;
    assert_eq!(house.audit_entries_in_the_view().await, 37);
}

#[tokio::test]
async fn a_wrong_row_is_named_and_only_a_switch_repairs_it() {
    let house = House::new().await;
    house.fill(3).await;
    house.settle().await;
    let (lost, _) = house.lead("Lost").await;
    house.settle().await;
    house.tamper("update read.lead_list set status = 'WON' where org_id = $1 and status = 'CONTACTED' and name = 'Lead 1'").await;
    house.tamper("delete from read.lead_list where org_id = $1 and name = 'Lost'").await;

    let done = house.rebuild("lead_list", Switch::IfEqual).await.unwrap();
    assert_eq!((done.differing, done.switched), (2, false));
    let sides: Vec<Side> = done.differences.iter().map(|found| found.side).collect();
    assert!(sides.contains(&Side::Both) && sides.contains(&Side::New), "{:?}", done.differences);
    let key = format!("[\"{lost}\"]");
    assert!(done.differences.iter().any(|found| found.key == key && found.table == "lead_list"));

    let done = house.rebuild("lead_list", Switch::Always).await.unwrap();
    assert_eq!((done.differing, done.switched), (2, true));
    let done = house.rebuild("lead_list", Switch::Never).await.unwrap();
    assert_eq!((done.differing, done.switched), (0, false));
}

#[tokio::test]
async fn a_rebuild_that_is_stopped_changes_nothing() {
    let house = House::new().await;
    house.fill(8).await;
    house.settle().await;
    let before = house.catalogue().await;
    let stop = CancellationToken::new();
    let trigger = stop.clone();
    let mut tell = move |_| trigger.cancel();
    let done = house.rebuild_until("lead_list", Switch::Always, &stop, &mut tell).await;
    assert!(matches!(done, Err(RebuildError::Cancelled)), "{done:?}");
    assert_eq!(house.catalogue().await, before);
}

#[tokio::test]
async fn what_a_killed_rebuild_left_behind_is_removed_by_the_next() {
    let house = House::new().await;
    house.fill(2).await;
    house.settle().await;
    let before = house.catalogue().await;
    house.tamper("insert into projection_checkpoints (org_id, projection, position, hash, term) values ($1, 'lead_list.rebuild', 3, '', 9)").await;
    let mut admin = house.admin().await;
    sqlx::raw_sql(
        "set role cleaning_owner; create schema rebuild_lead_list; create table rebuild_lead_list.lead_list (a int);
         insert into public.projection_owners values ('lead_list.rebuild', 'killed', 9, now() + interval '1 hour')",
    )
    .execute(&mut admin)
    .await
    .unwrap();
    let done = house.rebuild("lead_list", Switch::IfEqual).await.unwrap();
    assert_eq!((done.differing, done.switched), (0, true));
    assert_eq!(house.catalogue().await, before);
}

#[tokio::test]
async fn a_rebuild_under_load_loses_nothing_and_fails_no_reader() {
    let house = House::new().await;
    house.fill(5).await;
    house.settle().await;
    let live = house.worker(READERS);
    let stop = CancellationToken::new();
    let writing = async {
        let mut last = 0;
        while !stop.is_cancelled() {
            let (lead, _) = house.lead("Busy").await;
            last = house.contacted(lead).await;
        }
        usize::try_from(last).unwrap()
    };
    let rebuilding = async {
        for name in REBUILDABLE {
            let done = house.rebuild(name, Switch::IfEqual).await.unwrap();
            assert_eq!((done.differing, done.switched), (0, true), "{name}");
        }
        stop.cancel();
    };
    let reading = async {
        while !stop.is_cancelled() {
            let mut tx = tenant::begin(&house.db.app, house.org).await.unwrap();
            let (filter, start) = (Filter::default(), Start::Page(1));
            let page = lead_list::page(&mut tx, house.org, &filter, start).await.unwrap();
            assert!(page.total >= 5);
            tx.rollback().await.unwrap();
        }
    };
    let ((), written, (), ()) = tokio::join!(live.run(stop.clone()), writing, rebuilding, reading);
    house.settle().await;
    for name in REBUILDABLE {
        let done = house.rebuild(name, Switch::Never).await.unwrap();
        assert_eq!((done.differing, done.events), (0, written), "{name}");
    }
}

#[tokio::test]
async fn what_follows_from_events_is_never_rebuilt() {
    let house = House::new().await;
    let done = house.rebuild("effects", Switch::Always).await;
    assert!(matches!(done, Err(RebuildError::NotRebuildable("effects"))), "{done:?}");
}

#[tokio::test]
async fn two_rebuilds_of_the_same_exclude_each_other() {
    let house = House::new().await;
    house.fill(1).await;
    house.settle().await;
    let mut admin = house.admin().await;
    sqlx::query("select pg_advisory_lock(hashtextextended('lead_list.rebuild', 0))")
        .execute(&mut admin)
        .await
        .unwrap();
    let done = house.rebuild("lead_list", Switch::Always).await;
    assert!(matches!(done, Err(RebuildError::Running("lead_list"))), "{done:?}");
}
