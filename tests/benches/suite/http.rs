//! Commands over HTTP, end to end: a lead changes its status.

use std::time::{Duration, Instant};

use base64::Engine;
use commands::CommandBus;
use domain::id::{LeadId, OrgId};
use domain::sales::lead::{Lead, LeadCommand, LeadRequest, Submission, referral_code};
use domain::sales::price_book;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uuid::Uuid;

use crate::program::Program;
use crate::raw;
use crate::stage::{Stage, context};
use crate::table::{Table, median, percentile};

const CONNECTIONS: usize = 64;
const TIME: Duration = Duration::from_secs(4);
const ROUNDS: usize = 3;

/// The statuses a lead goes through; each one is a command.
const WAY: [&str; 3] = ["CONTACTED", "QUOTED", "WON"];

pub(crate) async fn run(stage: &Stage, table: &mut Table) {
    let org = stage.organisations(1).await[0];
    let password = runner::secrets::random_text(8);
    login(stage, org, &password).await;
    let api = Program::start(stage, "api");
    let authorization =
        base64::engine::general_purpose::STANDARD.encode(format!("bench:{password}"));

    let (mut rates, mut raws, mut p99s, mut raw_p99s, mut cpu) =
        (vec![], vec![], vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        let leads = posted(&api, org, 3_200).await;
        let mut raw = raw::inserts(&stage.admin_url, CONNECTIONS, TIME);
        raws.push(raw.rate);
        raw_p99s.push(percentile(&mut raw.latency, 0.99));
        let before = api.cpu();
        let (done, took, mut latency) = load(&api, &authorization, &leads).await;
        cpu.push((api.cpu() - before) * 1000.0 / done);
        rates.push(done / took);
        p99s.push(percentile(&mut latency, 0.99));
    }
    let target = "≥ 0.75 (stretch 1.0)";
    table.rate("HTTP status change, 64 connections", median(&mut rates), median(&mut raws), target);
    let (ours, raw) = (median(&mut p99s), median(&mut raw_p99s));
    let ratio = format!("{:.2}", ours / raw);
    table.row("  p99", format!("{ours:.1} ms"), format!("{raw:.1} ms"), ratio, "≤ 1.5");
    let cpu = format!("{:.3} ms", median(&mut cpu));
    table.row(
        "  processor time of the API per command",
        cpu,
        String::new(),
        String::new(),
        "≤ 0.05 ms",
    );
    let memory = format!("{:.0} MB", api.memory());
    table.row(
        "  memory of the API after the load",
        memory,
        String::new(),
        String::new(),
        "< 60 MB",
    );
}

async fn login(stage: &Stage, org: OrgId, password: &str) {
    use argon2::password_hash::PasswordHasher;
    let hash = argon2::Argon2::default().hash_password(password.as_bytes()).unwrap().to_string();
    let put = "select tenant.put_login($1, $2, 'bench', 'admin', $3)";
    sqlx::query(put)
        .bind(org.as_uuid())
        .bind(Uuid::now_v7())
        .bind(hash)
        .execute(&stage.pool)
        .await
        .unwrap();
}

/// New leads, ready to be worked on.
pub(crate) async fn leads(bus: &CommandBus, org: OrgId, count: usize) -> Vec<LeadId> {
    let tasks = (0..CONNECTIONS).map(|_| {
        let bus = bus.clone();
        #[expect(clippy::disallowed_methods, reason = "joined below")]
        tokio::spawn(async move {
            let mut made = Vec::new();
            for _ in 0..count / CONNECTIONS {
                made.push(submit(&bus, org).await);
            }
            made
        })
    });
    futures::future::join_all(tasks).await.into_iter().flat_map(Result::unwrap).collect()
}

async fn submit(bus: &CommandBus, org: OrgId) -> LeadId {
    let lead_id = LeadId::from(Uuid::now_v7());
    let request = LeadRequest::parse(&lead_body()).unwrap();
    let estimate = price_book::current().estimate(&request.inputs);
    let referral_code = referral_code(rand::random());
    #[expect(clippy::disallowed_methods, reason = "a benchmark is its own edge")]
    let now = chrono::Utc::now();
    let submission = Submission { lead_id, request, estimate, referral_code, referrer: None, now };
    let command = LeadCommand::Submit(Box::new(submission));
    bus.create(&context(org), &lead_id.to_string(), command, |_: &Lead| Value::Null).await.unwrap();
    lead_id
}

/// New leads as the public posts them, so that the API has met them before.
async fn posted(api: &Program, org: OrgId, count: usize) -> Vec<LeadId> {
    let tasks = (0..CONNECTIONS).map(|_| {
        let port = api.port;
        #[expect(clippy::disallowed_methods, reason = "joined below")]
        tokio::spawn(async move {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            stream.set_nodelay(true).unwrap();
            let mut answer = vec![0; 16 * 1024];
            let mut made = Vec::new();
            let body = lead_body().to_string();
            for _ in 0..count / CONNECTIONS {
                let request = format!(
                    "POST /v1/leads HTTP/1.1\r\nhost: localhost\r\nx-org: {org}\r\ncontent-type: application/json\r\n\
                     content-length: {}\r\n\r\n{body}",
                    body.len()
                );
                stream.write_all(request.as_bytes()).await.unwrap();
                let length = read_answer(&mut stream, &mut answer).await;
                let text = String::from_utf8_lossy(&answer[..length]);
                let (_, body) = text.split_once("\r\n\r\n").unwrap();
                let body: Value = serde_json::from_str(body).unwrap();
                made.push(body["lead_id"].as_str().unwrap_or_else(|| panic!("{text}")).parse().unwrap());
            }
            made
        })
    });
    futures::future::join_all(tasks).await.into_iter().flat_map(Result::unwrap).collect()
}

fn lead_body() -> Value {
    json!({
        "name": "Dana Kowalski", "phone": "780-555-0199", "email": "dana@example.org", "address": "9 Sample Rd",
        "preferred_dates": ["Tue morning"], "structured_inputs": {"beds": 2, "baths": 1}, "estimate_snapshot": {},
    })
}

/// Every connection moves its own leads one status on, then the next, until they are done or the time is up.
async fn load(api: &Program, authorization: &str, leads: &[LeadId]) -> (f64, f64, Vec<f64>) {
    let started = Instant::now();
    let tasks = (0..CONNECTIONS).map(|connection| {
        let own: Vec<LeadId> =
            leads.iter().copied().skip(connection).step_by(CONNECTIONS).collect();
        let (authorization, port) = (authorization.to_owned(), api.port);
        #[expect(clippy::disallowed_methods, reason = "joined below")]
        tokio::spawn(async move { connection_of(port, &authorization, &own, started).await })
    });
    let latency: Vec<f64> =
        futures::future::join_all(tasks).await.into_iter().flat_map(Result::unwrap).collect();
    #[expect(clippy::cast_precision_loss, reason = "a count of commands")]
    let done = latency.len() as f64;
    (done, started.elapsed().as_secs_f64(), latency)
}

async fn connection_of(
    port: u16,
    authorization: &str,
    leads: &[LeadId],
    started: Instant,
) -> Vec<f64> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut latency = Vec::new();
    let mut answer = vec![0; 16 * 1024];
    for status in WAY {
        let body = format!("{{\"status\":\"{status}\"}}");
        for lead in leads {
            if started.elapsed() >= TIME {
                return latency;
            }
            let request = format!(
                "POST /v1/admin/leads/{lead}/status HTTP/1.1\r\nhost: localhost\r\nauthorization: Basic {authorization}\r\n\
                 content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            let at = Instant::now();
            stream.write_all(request.as_bytes()).await.unwrap();
            let length = read_answer(&mut stream, &mut answer).await;
            latency.push(at.elapsed().as_secs_f64() * 1000.0);
            assert!(
                answer.starts_with(b"HTTP/1.1 200"),
                "{}",
                String::from_utf8_lossy(&answer[..length])
            );
        }
    }
    latency
}

/// Reads one answer with a content length, and returns how long it was.
///
/// Header names are looked for as our server writes them: what the load generator spends is taken from the server.
async fn read_answer(stream: &mut TcpStream, buffer: &mut [u8]) -> usize {
    const LENGTH: &[u8] = b"content-length: ";
    let mut length = 0;
    loop {
        length += stream.read(&mut buffer[length..]).await.unwrap();
        let text = &buffer[..length];
        let Some(head) = find(text, b"\r\n\r\n") else { continue };
        let at = find(&text[..head], LENGTH).unwrap() + LENGTH.len();
        let digits = text[at..].iter().take_while(|byte| byte.is_ascii_digit());
        let body = digits.fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'));
        if length >= head + 4 + body {
            return length;
        }
    }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}
