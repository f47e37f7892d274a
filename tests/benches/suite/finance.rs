//! What keeping the books costs: the export for the tax office of a year with many invoices, and what it takes of memory.

use std::time::Instant;

use base64::Engine;
use chrono::{Days, NaiveDate, TimeDelta, Utc};
use commands::CommandBus;
use domain::id::{InvoiceId, OrgId};
use domain::invoicing::invoice::lines::NewLine;
use domain::invoicing::invoice::number::InvoiceNumber;
use domain::invoicing::invoice::payment::{Method, Provider};
use domain::invoicing::invoice::{Draft, Invoice, InvoiceCommand, Money, Terms, Visit};
use domain::settings::org::Currency;
use projections::Reader;
use projections::engine::{Options, Worker};
use serde_json::Value;
use uuid::Uuid;

use crate::program::Program;
use crate::stage::{Stage, context, keys};
use crate::table::Table;

const INVOICES: u32 = 100_000;
const WAVE: u32 = 1_000;

pub(crate) async fn run(stage: &Stage, table: &mut Table) {
    let org = stage.organisations(1).await[0];
    let bus = stage.bus(2, 0);
    for wave in 0..INVOICES / WAVE {
        let writes = (0..WAVE).map(|place| paid(&bus, org, wave * WAVE + place));
        futures::future::join_all(writes).await;
    }
    follow(stage).await;
    let password = runner::secrets::random_text(8);
    crate::http::login(stage, org, "books", &password).await;
    let api = Program::start(stage, "api");
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("books:{password}"));
    let (from, to) = (first_day(), first_day() + Days::new(364));
    let url =
        format!("http://127.0.0.1:{}/v1/admin/finance/taxes/export?from={from}&to={to}", api.port);
    // A short one first: what a process takes for its first request of a kind is not what is measured.
    let short = url.replace(&to.to_string(), &from.to_string());
    download(&api, &short, &basic).await;
    let (seconds, memory, bytes) = download(&api, &url, &basic).await;
    assert!(bytes > 1_000_000, "{bytes}");
    let figure = "tax export of 100,000 paid invoices";
    table.alone(figure, format!("{seconds:.2} s"), "< 3 s");
    table.alone("  added memory of the API", format!("{memory:.0} MB"), "< 64 MB");
}

/// How long it takes to have all of it, how much memory it takes at most, and how large it is.
async fn download(api: &Program, url: &str, basic: &str) -> (f64, f64, usize) {
    // The program does so at its start.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let before = api.memory();
    let started = Instant::now();
    let request = client.get(url).header("authorization", format!("Basic {basic}"));
    let mut answer = request.send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    let (mut most, mut bytes) = (before, 0);
    while let Some(part) = answer.chunk().await.unwrap() {
        bytes += part.len();
        most = api.memory().max(most);
    }
    (started.elapsed().as_secs_f64(), most - before, bytes)
}

/// An invoice of one line, paid in full on its day.
async fn paid(bus: &CommandBus, org: OrgId, number: u32) {
    let id = InvoiceId::from(Uuid::now_v7());
    let issue_date = first_day() + Days::new(u64::from(number % 365));
    let now = issue_date.and_hms_opt(12, 0, 0).unwrap().and_utc();
    let line = NewLine {
        description: "Deep clean".to_owned(),
        qty: 1,
        unit_price_cents: 10_000 + i64::from(number % 97),
        tax_ppm: Some(50_000),
    };
    let draft = Draft {
        invoice_id: id,
        number: InvoiceNumber { year: 2025, count: number + 1 },
        order: None,
        client: None,
        lead: None,
        terms: Terms { lines: vec![line], issue_date, due_date: None, notes: None },
        extras: Vec::new(),
        visit: Visit::default(),
        currency: Currency::Cad,
        by: None,
        now,
    };
    let nothing = |_: &Invoice| Value::Null;
    let command = InvoiceCommand::Draft(Box::new(draft));
    bus.create(&context(org), &id.to_string(), command, nothing).await.unwrap();
    let money = Money {
        payment_id: Uuid::now_v7().to_string(),
        provider: Provider::Manual,
        method: Method::Etransfer,
        amount_cents: Some(10_500),
        received_at: now + TimeDelta::hours(1),
    };
    let command = InvoiceCommand::Pay { money, reference: None, overdue_at: None, now };
    bus.execute(&context(org), &id.to_string(), command, nothing).await.unwrap();
}

/// Lets the read models of the books catch up.
async fn follow(stage: &Stage) {
    let readers: Vec<Reader> = ["ledger", "finance_records"]
        .iter()
        .map(|name| *projections::reader(name).unwrap())
        .collect();
    let options = Options::new("books", &readers);
    let worker = Worker::new(stage.worker.clone(), keys(), options);
    worker.catch_up().await.unwrap();
    worker.release().await.unwrap();
}

/// Of a year that is over.
fn first_day() -> NaiveDate {
    #[expect(clippy::disallowed_methods, reason = "a benchmark is its own edge")]
    let now = Utc::now();
    now.date_naive() - Days::new(400)
}
