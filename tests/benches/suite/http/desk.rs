//! What a dispatcher does all day: asking for a page of visits, for the board of a day, and writing visits down.

use std::time::{Duration, Instant};

use base64::Engine;
use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use commands::CommandBus;
use domain::billing::account::{Account, AccountCommand, Status};
use domain::billing::plan::Plan;
use projections::READERS;
use projections::engine::{Options, Worker};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::note::Note;
use crate::program::Program;
use crate::stage::{Stage, context, keys};
use crate::table::{Table, median, percentile};
use crate::wanted::Wanted;
use crate::wire::{Connection, crowd};

const CONNECTIONS: usize = 8;
const TIME: Duration = Duration::from_secs(3);
const ROUNDS: usize = 3;

/// A plan allows 500 visits a month, so each connection writes for as many organisations as it needs.
const ORGANISATIONS: usize = 16;
const EACH: u64 = 480;

/// Visits on a page that is asked for.
const PAGE: u64 = 240;

/// Visits on the day of the board, and events in the log beside theirs.
const BOARD: u64 = 100;
const LOG: usize = 1_000_000;

/// Teams and a client of an organisation, and what lets somebody book there.
struct Office {
    headers: String,
    teams: Vec<String>,
    client: String,
}

pub(super) async fn run(stage: &Stage, wanted: &Wanted, table: &mut Table) {
    let bus = stage.bus(2, 4_000);
    let api = Program::start(stage, "api");
    if wanted.has("http.desk.write") {
        write(stage, &bus, &api, table).await;
    }
    if wanted.has("http.desk.page") || wanted.has("http.desk.board") {
        let office = open(stage, &bus, &api, 20).await;
        let mut connection = Connection::open(api.port).await;
        // Forty-eight days with five visits each, and one with a hundred.
        for number in 0..PAGE {
            visit(&mut connection, &office, (number / 5, number % 5)).await;
        }
        for number in 0..BOARD {
            visit(&mut connection, &office, (100, number)).await;
        }
        follow(stage).await;
        page(&api, &office, table).await;
        if wanted.has("http.desk.board") {
            fill(stage, &bus).await;
            board(&api, &office, table).await;
        }
    }
}

async fn write(stage: &Stage, bus: &CommandBus, api: &Program, table: &mut Table) {
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        let mut offices = Vec::new();
        for _ in 0..ORGANISATIONS {
            offices.push(open(stage, bus, api, 4).await);
        }
        follow(stage).await;
        let offices = std::sync::Arc::new(offices);
        let started = Instant::now();
        let load = crowd(api.port, CONNECTIONS, move |mut connection, number| {
            let offices = std::sync::Arc::clone(&offices);
            async move {
                let mut done = 0_u32;
                for office in offices.iter().skip(number).step_by(CONNECTIONS) {
                    for place in 0..EACH {
                        if started.elapsed() >= TIME {
                            return done;
                        }
                        visit(&mut connection, office, (place / 20, place % 20)).await;
                        done += 1;
                    }
                }
                done
            }
        });
        let load = load.await;
        let done = f64::from(load.results.iter().sum::<u32>());
        rates.push(done / load.took.as_secs_f64());
    }
    let rate = format!("{:.0}/s", median(&mut rates));
    table.alone("POST of a booking, 8 connections", rate, "≥ 400/s");
}

async fn page(api: &Program, office: &Office, table: &mut Table) {
    let (from, until) = (first_day(), first_day() + Days::new(60));
    let path = format!("/v1/admin/bookings?from={from}&to={until}&limit={PAGE}");
    let rows = Connection::open(api.port).await.get(&path, &office.headers).await.json();
    assert_eq!(rows.as_array().unwrap().len() as u64, PAGE);
    let asked = super::monitors::asked(api, &path, &office.headers).await;
    let rate = format!("{:.0}/s", asked.rate);
    table.alone("GET of 240 bookings, 8 connections", rate, "≥ 800/s");
    table.alone("  processor time of the API per request", format!("{:.0} µs", asked.api), "");
}

async fn board(api: &Program, office: &Office, table: &mut Table) {
    let path = format!("/v1/admin/dispatcher/board?date={}", first_day() + Days::new(100));
    let shown = Connection::open(api.port).await.get(&path, &office.headers).await.json();
    assert_eq!(shown["bookings"].as_array().unwrap().len() as u64, BOARD);
    let (path, headers) = (path.clone(), office.headers.clone());
    let started = Instant::now();
    let load = crowd(api.port, CONNECTIONS, move |mut connection, _| {
        let (path, headers) = (path.clone(), headers.clone());
        async move {
            let mut latency = Vec::new();
            while started.elapsed() < TIME {
                let at = Instant::now();
                assert_eq!(connection.get(&path, &headers).await.status, 200);
                latency.push(at.elapsed().as_secs_f64() * 1000.0);
            }
            latency
        }
    });
    let mut latency: Vec<f64> = load.await.results.into_iter().flatten().collect();
    let p99 = format!("{:.1} ms", percentile(&mut latency, 0.99));
    table.alone("board of 100 visits, 8 connections, p99", p99, "< 30 ms");
}

/// A visit in one of twenty places a day: five times of four teams; further places are of further teams.
async fn visit(connection: &mut Connection, office: &Office, (day, place): (u64, u64)) {
    let time = NaiveTime::from_hms_opt(9 + 2 * u32::try_from(place % 5).unwrap(), 0, 0).unwrap();
    let team = &office.teams[usize::try_from(place / 5).unwrap()];
    let body = json!({
        "team_id": team, "client_id": office.client, "duration_minutes": 60, "price_cents": 12_000,
        "starts_at": (first_day() + Days::new(day)).and_time(time), "address_text": "9 Sample Rd",
    });
    let path = "/v1/admin/schedule/quick-create";
    connection.post(path, &office.headers, &body.to_string()).await.json();
}

async fn open(stage: &Stage, bus: &CommandBus, api: &Program, teams: usize) -> Office {
    let org = stage.organisations(1).await[0];
    let (name, password) = (format!("desk-{}", Uuid::new_v4()), runner::secrets::random_text(8));
    super::login(stage, org, &name, &password).await;
    let command = AccountCommand::ChangePlan { plan: Plan::Pro, status: Status::Active };
    let nothing = |_: &Account| Value::Null;
    bus.execute(&context(org), &org.to_string(), command, nothing).await.unwrap();
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{name}:{password}"));
    let headers = format!("authorization: Basic {basic}\r\n");
    let mut connection = Connection::open(api.port).await;
    let mut made = Vec::with_capacity(teams);
    for number in 0..teams {
        let body = json!({ "name": format!("Team {number}") }).to_string();
        let team = connection.post("/v1/admin/teams", &headers, &body).await.json();
        made.push(team["team_id"].as_str().unwrap().to_owned());
    }
    let body = json!({ "name": "Sam Castle", "email": format!("{name}@example.org") }).to_string();
    let client = connection.post("/v1/admin/clients", &headers, &body).await.json();
    let client = client["client_id"].as_str().unwrap().to_owned();
    Office { headers, teams: made, client }
}

/// Lets every read model catch up.
async fn follow(stage: &Stage) {
    let worker = Worker::new(stage.worker.clone(), keys(), Options::new("bench", READERS));
    worker.catch_up().await.unwrap();
    worker.release().await.unwrap();
}

/// A long history of other organisations.
async fn fill(stage: &Stage, bus: &CommandBus) {
    let (orgs, wave) = (stage.organisations(20).await, 1_000);
    for round in 0..LOG / wave {
        let org = orgs[round % orgs.len()];
        let writes = (0..wave).map(|_| async move {
            let id = Uuid::now_v7().to_string();
            bus.create(&context(org), &id, (), |_: &Note| Value::Null).await.unwrap();
        });
        futures::future::join_all(writes).await;
    }
}

/// A week from now, so that nothing is asked for too late.
fn first_day() -> NaiveDate {
    #[expect(clippy::disallowed_methods, reason = "a benchmark is its own edge")]
    let now: DateTime<Utc> = Utc::now();
    now.date_naive() + Days::new(7)
}
