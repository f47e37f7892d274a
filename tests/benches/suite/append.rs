//! Commands to the log: appended, alone and together, and decided on what was read before.

use std::sync::Arc;
use std::time::{Duration, Instant};

use commands::CommandBus;
use domain::id::OrgId;
use serde_json::Value;
use uuid::Uuid;

use crate::note::Note;
use crate::raw;
use crate::stage::{Stage, context};
use crate::table::{Table, median, percentile};
use crate::wanted::Wanted;

const TIME: Duration = Duration::from_secs(3);

/// Rounds per figure; ours and raw take turns, the median counts.
const ROUNDS: usize = 3;

pub(crate) async fn run(stage: &Stage, wanted: &Wanted, table: &mut Table) {
    let one = stage.organisations(1).await;
    if wanted.has("append.crowds") {
        crowds(stage, &one, table).await;
    }
    if wanted.has("append.lone") {
        lone(stage, &one, table).await;
    }
    if wanted.has("append.decided") {
        decided(stage, &one, table).await;
    }
}

async fn crowds(stage: &Stage, one: &[OrgId], table: &mut Table) {
    let many = stage.organisations(64).await;
    for (name, orgs, lanes, clients, target) in [
        ("append, 1 organisation, 1 at once", one, 1, 1, ""),
        ("append, 1 organisation, 16 at once", one, 1, 16, ""),
        ("append, 1 organisation, 64 at once", one, 1, 64, "≥ 1.0"),
        ("append, 1 organisation, 512 at once", one, 1, 512, "≥ 1.5"),
        ("append, 64 organisations, 64 at once", &many, 2, 64, ""),
        ("append, 64 organisations, 512 at once", &many, 2, 512, "≥ 2.2"),
    ] {
        let bus = stage.bus(lanes, 0);
        let (mut ours, mut raws) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            raws.push(raw::inserts(&stage.admin_url, 64, TIME).rate);
            ours.push(appends(&bus, orgs, clients).await.0);
        }
        table.rate(name, median(&mut ours), median(&mut raws), target);
    }
}

async fn lone(stage: &Stage, orgs: &[OrgId], table: &mut Table) {
    let bus = stage.bus(1, 0);
    let (mut ours, mut raws) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        raws.push(percentile(&mut raw::inserts(&stage.admin_url, 1, TIME).latency, 0.5));
        ours.push(percentile(&mut appends(&bus, orgs, 1).await.1, 0.5));
    }
    let (ours, raw) = (median(&mut ours), median(&mut raws));
    let ratio = format!("{:.2}", ours / raw);
    table.row("lone command, p50", format!("{ours:.2} ms"), format!("{raw:.2} ms"), ratio, "≤ 1.7");
}

async fn decided(stage: &Stage, orgs: &[OrgId], table: &mut Table) {
    for (name, cache, target) in [
        ("load 10 events, decide, append, 16 at once", 0, "≥ 0.95"),
        ("the same with validated states in memory", 10_000, "≥ 1.5"),
    ] {
        let bus = stage.bus(1, cache);
        let (mut ours, mut raws) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let streams = prepared(&bus, orgs[0]).await;
            raws.push(raw::select_and_insert(&stage.admin_url, 16, TIME).rate);
            ours.push(commands(&bus, orgs[0], streams, 16).await);
        }
        table.rate(name, median(&mut ours), median(&mut raws), target);
    }
}

/// New streams by `clients` at once: their rate, and the milliseconds each took.
async fn appends(bus: &CommandBus, orgs: &[OrgId], clients: usize) -> (f64, Vec<f64>) {
    let started = Instant::now();
    let tasks = (0..clients).map(|client| {
        let (bus, org) = (bus.clone(), orgs[client % orgs.len()]);
        #[expect(clippy::disallowed_methods, reason = "joined below")]
        tokio::spawn(async move {
            let mut took = Vec::new();
            while started.elapsed() < TIME {
                let at = Instant::now();
                let id = Uuid::now_v7().to_string();
                bus.create(&context(org), &id, (), |_: &Note| Value::Null).await.unwrap();
                took.push(at.elapsed().as_secs_f64() * 1000.0);
            }
            took
        })
    });
    let mut took = Vec::new();
    for task in futures::future::join_all(tasks).await {
        took.extend(task.unwrap());
    }
    #[expect(clippy::cast_precision_loss, reason = "a count of commands")]
    let rate = took.len() as f64 / started.elapsed().as_secs_f64();
    (rate, took)
}

/// A thousand streams of ten events.
async fn prepared(bus: &CommandBus, org: OrgId) -> Arc<Vec<String>> {
    let streams: Arc<Vec<String>> =
        Arc::new((0..1000).map(|_| Uuid::now_v7().to_string()).collect());
    for _ in 0..10 {
        let writes = streams.iter().map(|id| {
            let bus = bus.clone();
            async move { bus.execute(&context(org), id, (), |_: &Note| Value::Null).await.unwrap() }
        });
        futures::future::join_all(writes).await;
    }
    streams
}

/// Commands on prepared streams, each client on its own share of them.
async fn commands(bus: &CommandBus, org: OrgId, streams: Arc<Vec<String>>, clients: usize) -> f64 {
    let started = Instant::now();
    let tasks = (0..clients).map(|client| {
        let (bus, streams) = (bus.clone(), Arc::clone(&streams));
        #[expect(clippy::disallowed_methods, reason = "joined below")]
        tokio::spawn(async move {
            let mut done = 0_u32;
            for id in streams.iter().skip(client).step_by(clients).cycle() {
                if started.elapsed() >= TIME {
                    break;
                }
                bus.execute(&context(org), id, (), |_: &Note| Value::Null).await.unwrap();
                done += 1;
            }
            done
        })
    });
    let done: u32 = futures::future::join_all(tasks).await.into_iter().map(Result::unwrap).sum();
    f64::from(done) / started.elapsed().as_secs_f64()
}
