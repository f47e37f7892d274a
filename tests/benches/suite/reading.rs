//! The read side: catching up, making anew, proving, lagging, and doing nothing.

use std::time::{Duration, Instant};

use commands::CommandBus;
use domain::id::OrgId;
use projections::engine::{Options, Worker};
use projections::history::verify::{Effort, Witnesses, verify};
use projections::rebuild::{Rebuild, Switch};
use projections::{READERS, reader};
use serde_json::Value;
use sqlx::{Connection, PgConnection};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::http;
use crate::note::Note;
use crate::program::Program;
use crate::stage::{Stage, context, keys};
use crate::table::{Table, median, percentile};
use crate::wanted::Wanted;

/// Leads in the log that is read.
const LEADS: usize = 40_000;
const ROUNDS: usize = 3;

#[expect(clippy::cast_precision_loss, reason = "counts")]
fn rate(events: usize, took: Duration) -> f64 {
    events as f64 / took.as_secs_f64()
}

pub(crate) async fn run(stage: &Stage, wanted: &Wanted, table: &mut Table) {
    let org = stage.organisations(1).await[0];
    let parts = ["reading.catch_up", "reading.rebuild", "reading.verify"];
    if parts.iter().any(|part| wanted.has(part)) {
        http::leads(&stage.bus(2, 0), org, LEADS).await;
    }
    if wanted.has("reading.catch_up") || wanted.has("reading.rebuild") {
        catch_up(stage, org, table).await;
    }
    if wanted.has("reading.rebuild") {
        made_anew(stage, table).await;
    }
    if wanted.has("reading.verify") {
        let small = stage.organisations(1).await[0];
        notes(&stage.bus(2, 0), small).await;
        proved(stage, small, "verify the chain, events of about 0.5 kB", table).await;
        proved(stage, org, "  of about 2 kB", table).await;
    }
    if wanted.has("reading.lag") {
        lag(stage, table).await;
    }
    if wanted.has("reading.idle") {
        idle(stage, table).await;
    }
}

/// As many small events as there are leads.
async fn notes(bus: &CommandBus, org: OrgId) {
    let wave = 1_000;
    for _ in 0..LEADS / wave {
        let writes = (0..wave).map(|_| async move {
            let id = Uuid::now_v7().to_string();
            bus.create(&context(org), &id, (), |_: &Note| Value::Null).await.unwrap();
        });
        futures::future::join_all(writes).await;
    }
}

async fn proved(stage: &Stage, org: OrgId, name: &str, table: &mut Table) {
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let witnesses = Witnesses::none(org);
        let report = verify(&stage.worker, witnesses, &[], Effort::default(), |_, _| {});
        let report = report.await.unwrap().unwrap();
        assert!(report.findings.is_empty() && report.position >= i64::try_from(LEADS).unwrap());
        rates.push(rate(LEADS, started.elapsed()));
    }
    let rate = format!("{:.0}/s", median(&mut rates));
    table.alone(name, rate, "≥ 200,000/s");
}

async fn catch_up(stage: &Stage, org: OrgId, table: &mut Table) {
    let (mut ours, mut raws) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        raws.push(raw_batches(stage, org).await);
        stage
            .admin("truncate read.entity_timeline; delete from projection_checkpoints; delete from projection_owners")
            .await;
        let readers = [*reader("entity_timeline").unwrap()];
        let worker = Worker::new(stage.worker.clone(), keys(), Options::new("bench", &readers));
        let started = Instant::now();
        let events = worker.catch_up().await.unwrap();
        ours.push(rate(events, started.elapsed()));
        worker.release().await.unwrap();
    }
    table.rate(
        "catch-up of entity_timeline, events",
        median(&mut ours),
        median(&mut raws),
        "≥ 0.8, ≥ 40,000/s",
    );
    for name in ["lead_list", "lead_detail"] {
        let readers = [*reader(name).unwrap()];
        let worker = Worker::new(stage.worker.clone(), keys(), Options::new("bench", &readers));
        let started = Instant::now();
        let events = worker.catch_up().await.unwrap();
        let made = format!("{:.0}/s", rate(events, started.elapsed()));
        table.alone(&format!("catch-up of {name}, events"), made, "");
        worker.release().await.unwrap();
    }
}

/// Every event read into new tables, compared with the live ones row by row, and switched to.
async fn made_anew(stage: &Stage, table: &mut Table) {
    let keys = keys();
    let stop = CancellationToken::new();
    for name in ["entity_timeline", "lead_list"] {
        let rebuild = Rebuild {
            owner: stage.admin_url.parse().unwrap(),
            pool: &stage.worker,
            masters: &keys,
            reader: reader(name).unwrap(),
            switch: Switch::IfEqual,
        };
        let started = Instant::now();
        // Of every organisation there is, those of other parts included.
        let done = rebuild.run(&stop, &mut |_| {}).await.unwrap();
        let made = format!("{:.0}/s", rate(done.events, started.elapsed()));
        table.alone(&format!("rebuild of {name}, events"), made, "");
    }
}

/// The cheapest reader there can be: a page of a thousand by key, inserted into a table of the same shape, and the place
/// it reached, in one transaction; the rows never leave the server.
async fn raw_batches(stage: &Stage, org: OrgId) -> f64 {
    stage
        .admin(
            "drop table if exists raw_timeline, raw_place;
             create table raw_timeline (like read.entity_timeline including all);
             create table raw_place (org_id uuid primary key, position bigint not null)",
        )
        .await;
    let mut db = PgConnection::connect(&stage.admin_url).await.unwrap();
    let started = Instant::now();
    let mut place = 0_i64;
    loop {
        let mut tx = db.begin().await.unwrap();
        let last: Option<i64> = sqlx::query_scalar(
            "with page as (select * from public.events where org_id = $1 and position > $2 order by position limit 1000),
             copied as (insert into raw_timeline
                 select org_id, aggregate_type, aggregate_id, position, sequence, gen_random_uuid(), event_type,
                        event_version, recorded_at, 'staff', 'nobody', 'admin', 'request', 'correlation', null, null, payload
                 from page)
             select max(position) from page",
        )
        .bind(org.as_uuid())
        .bind(place)
        .fetch_one(&mut *tx)
        .await
        .unwrap();
        let Some(last) = last else {
            tx.rollback().await.unwrap();
            break;
        };
        place = last;
        sqlx::query("insert into raw_place values ($1, $2) on conflict (org_id) do update set position = $2")
            .bind(org.as_uuid())
            .bind(place)
            .execute(&mut *tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }
    let took = started.elapsed();
    stage.admin("drop table raw_timeline, raw_place").await;
    rate(usize::try_from(place).unwrap(), took)
}

/// A thousand commands a second in sixteen organisations, every read model following.
async fn lag(stage: &Stage, table: &mut Table) {
    let orgs = stage.organisations(16).await;
    let worker = Worker::new(stage.worker.clone(), keys(), Options::new("bench", READERS));
    let stop = CancellationToken::new();
    #[expect(clippy::disallowed_methods, reason = "joined below")]
    let working = tokio::spawn(worker.run(stop.clone()));
    // What earlier parts left to read is not what is measured.
    let mut db = PgConnection::connect(&stage.worker_url).await.unwrap();
    while behind(&mut db).await > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let bus = stage.bus(2, 10_000);
    let samples = {
        let mut admin = PgConnection::connect(&stage.admin_url).await.unwrap();
        tokio::join!(commands(&bus, &orgs), watch(&mut admin)).1
    };
    stop.cancel();
    working.await.unwrap();
    let mut samples = samples;
    let p50 = percentile(&mut samples, 0.5);
    let p99 = percentile(&mut samples, 0.99);
    table.alone("lag of all read models at 1,000 commands/s, p50", format!("{p50:.0} ms"), "");
    table.alone("  p99", format!("{p99:.0} ms"), "< 100 ms");
}

const LOAD: Duration = Duration::from_secs(8);

async fn commands(bus: &CommandBus, orgs: &[OrgId]) {
    let mut tick = tokio::time::interval(Duration::from_millis(10));
    let started = Instant::now();
    while started.elapsed() < LOAD {
        tick.tick().await;
        let ten = (0..10).map(|n| {
            let org = orgs[n % orgs.len()];
            async move {
                let id = Uuid::now_v7().to_string();
                bus.create(&context(org), &id, (), |_: &Note| Value::Null).await.unwrap();
            }
        });
        futures::future::join_all(ten).await;
    }
}

async fn behind(db: &mut PgConnection) -> i64 {
    let names: Vec<String> = READERS.iter().map(|reader| reader.name.to_owned()).collect();
    sqlx::query_scalar("select count(*) from log.lagging($1)")
        .bind(names)
        .fetch_one(db)
        .await
        .unwrap()
}

/// How old the oldest event was, in milliseconds, that some read model had not yet seen; looked at every few milliseconds.
async fn watch(db: &mut PgConnection) -> Vec<f64> {
    let names: Vec<String> = READERS.iter().map(|reader| reader.name.to_owned()).collect();
    let mut samples = Vec::new();
    let started = Instant::now();
    while started.elapsed() < LOAD {
        let age: f64 = sqlx::query_scalar(
            "select coalesce(extract(epoch from clock_timestamp() - min(e.recorded_at)) * 1000, 0)::float8
             from log.lagging($1) l
             join public.events e on e.org_id = l.org_id and e.position = l.position + 1",
        )
        .bind(&names)
        .fetch_one(&mut *db)
        .await
        .unwrap();
        samples.push(age);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    samples
}

/// A thousand organisations in which nothing happens.
async fn idle(stage: &Stage, table: &mut Table) {
    stage.organisations(1_000).await;
    // Mail that earlier parts caused is work, not idleness.
    stage.admin("truncate public.effects, public.timers").await;
    let (api, jobs) = (Program::start(stage, "api"), Program::start(stage, "jobs"));
    let mut db = PgConnection::connect(&stage.worker_url).await.unwrap();
    while behind(&mut db).await > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // Pauses between polls grow to their longest, and the server counts what a connection did up to ten seconds late.
    tokio::time::sleep(Duration::from_secs(25)).await;
    let time = Duration::from_secs(30);
    let (cpu, queries) = (api.cpu() + jobs.cpu(), transactions(&mut db).await);
    tokio::time::sleep(time).await;
    let queries = (transactions(&mut db).await - queries - 1.0) / time.as_secs_f64();
    let cpu = (api.cpu() + jobs.cpu() - cpu) / time.as_secs_f64() * 100.0;
    table.alone("idle with 1,000 organisations, transactions", format!("{queries:.1}/s"), "< 5/s");
    table.alone("  processor, API and jobs", format!("{cpu:.2} %"), "< 1 % of a core");
}

async fn transactions(db: &mut PgConnection) -> f64 {
    sqlx::query_scalar::<_, f64>(
        "select (xact_commit + xact_rollback)::float8 from pg_stat_database where datname = current_database()",
    )
    .fetch_one(db)
    .await
    .unwrap()
}
