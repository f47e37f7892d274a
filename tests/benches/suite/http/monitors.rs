//! What monitors ask for; the cheapest of it is what a request costs that does nothing.

use std::time::{Duration, Instant};

use crate::program::Program;
use crate::table::{Table, median};
use crate::wire::crowd;

const CONNECTIONS: usize = 8;
const TIME: Duration = Duration::from_secs(2);
const ROUNDS: usize = 3;

/// What asking for one thing over and over came to.
pub(super) struct Asked {
    pub(super) rate: f64,
    /// Microseconds of processor time of the API per request.
    pub(super) api: f64,
}

/// Asks on a few connections at once; `headers` end with a line break each.
pub(super) async fn asked(api: &Program, path: &str, headers: &str) -> Asked {
    let (mut rates, mut spent) = (vec![], vec![]);
    for _ in 0..ROUNDS {
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n");
        let cpu = api.cpu();
        let started = Instant::now();
        let load = crowd(api.port, CONNECTIONS, move |mut connection, _| {
            let request = request.clone();
            async move {
                let mut done = 0_u32;
                while started.elapsed() < TIME {
                    let answer = connection.ask(&[&request]).await;
                    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(answer.body));
                    done += 1;
                }
                done
            }
        });
        let load = load.await;
        let done = f64::from(load.results.iter().sum::<u32>());
        spent.push((api.cpu() - cpu) * 1e6 / done);
        rates.push(done / load.took.as_secs_f64());
    }
    Asked { rate: median(&mut rates), api: median(&mut spent) }
}

/// The figures of both, and what the cheaper one takes.
pub(super) async fn run(api: &Program, table: &mut Table) -> Asked {
    let bare = asked(api, "/livez", "").await;
    table.alone("GET /livez, 8 connections", format!("{:.0}/s", bare.rate), "≥ 20,000/s");
    table.alone("  processor time of the API per request", format!("{:.0} µs", bare.api), "");
    let health = asked(api, "/healthz", "").await;
    table.alone("GET /healthz, 8 connections", format!("{:.0}/s", health.rate), "≥ 10,000/s");
    bare
}
