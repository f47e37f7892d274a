//! A command: a lead changes its status. It is found, decided on, appended, and shown as it is then.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::id::{LeadId, OrgId};

use super::leads;
use crate::program::Program;
use crate::raw;
use crate::stage::Stage;
use crate::table::{Table, median, percentile};
use crate::wire::{Connection, crowd};

const CONNECTIONS: usize = 64;
const TIME: Duration = Duration::from_secs(4);
const ROUNDS: usize = 3;
/// More than can be worked off in the time.
const LEADS: usize = 3_200;

/// The statuses a lead goes through; each one is a command.
const WAY: [&str; 3] = ["CONTACTED", "QUOTED", "WON"];

/// Milliseconds of processor time per command.
#[derive(Default)]
struct Spent {
    api: Vec<f64>,
    server: Vec<f64>,
    clients: Vec<f64>,
}

pub(super) async fn run(stage: &Stage, api: &Program, org: OrgId, basic: &str, table: &mut Table) {
    let (mut rates, mut raws, mut p99s, mut raw_p99s) = (vec![], vec![], vec![], vec![]);
    let mut spent = Spent::default();
    for _ in 0..ROUNDS {
        let leads = leads::post(api, org, LEADS).await;
        let mut raw = raw::inserts(&stage.admin_url, CONNECTIONS, TIME);
        raws.push(raw.rate);
        raw_p99s.push(percentile(&mut raw.latency, 0.99));
        let (api_cpu, server_cpu) = (api.cpu(), stage.server_cpu());
        let load = changes(api, basic, leads).await;
        let mut latency: Vec<f64> = load.results.into_iter().flatten().collect();
        #[expect(clippy::cast_precision_loss, reason = "a count of commands")]
        let done = latency.len() as f64;
        spent.api.push((api.cpu() - api_cpu) * 1000.0 / done);
        spent.server.push((stage.server_cpu() - server_cpu) * 1000.0 / done);
        spent.clients.push(load.cpu * 1000.0 / done);
        rates.push(done / load.took.as_secs_f64());
        p99s.push(percentile(&mut latency, 0.99));
    }
    let target = "≥ 0.75 (stretch 1.0)";
    table.rate("HTTP status change, 64 connections", median(&mut rates), median(&mut raws), target);
    let (ours, raw) = (median(&mut p99s), median(&mut raw_p99s));
    let ratio = format!("{:.2}", ours / raw);
    table.row("  p99", format!("{ours:.1} ms"), format!("{raw:.1} ms"), ratio, "≤ 1.5");
    let time = |samples: &mut Vec<f64>| format!("{:.3} ms", median(samples));
    table.alone("  processor time of the API per command", time(&mut spent.api), "≤ 0.05 ms");
    table.alone("  of PostgreSQL", time(&mut spent.server), "");
    table.alone("  of the clients", time(&mut spent.clients), "");
    let memory = format!("{:.0} MB", api.memory());
    table.alone("  memory of the API after the load", memory, "< 60 MB");
}

/// Every connection moves its own leads one status on, then the next, until they are done or the time is up.
async fn changes(api: &Program, basic: &str, leads: Vec<LeadId>) -> crate::wire::Load<Vec<f64>> {
    let (leads, basic): (Arc<[LeadId]>, Arc<str>) = (leads.into(), basic.into());
    let started = Instant::now();
    crowd(api.port, CONNECTIONS, move |connection, number| {
        let own = leads.iter().skip(number).step_by(CONNECTIONS);
        let paths = own.map(|lead| format!("/v1/admin/leads/{lead}/status")).collect();
        one_by_one(connection, paths, Arc::clone(&basic), started)
    })
    .await
}

async fn one_by_one(
    mut connection: Connection,
    paths: Vec<String>,
    basic: Arc<str>,
    started: Instant,
) -> Vec<f64> {
    let mut latency = Vec::new();
    for status in WAY {
        let body = format!("{{\"status\":\"{status}\"}}");
        for path in &paths {
            if started.elapsed() >= TIME {
                return latency;
            }
            let at = Instant::now();
            let answer = connection.post(path, &basic, &body).await;
            assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(answer.body));
            latency.push(at.elapsed().as_secs_f64() * 1000.0);
        }
    }
    latency
}
