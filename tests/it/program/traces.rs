//! What a collector of traces is told, and that nobody depends on it.

use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::harness::collector::{Collector, Told};
use crate::harness::logins::{PASSWORD, org};
use crate::harness::program::client;
use crate::harness::smtp::Smtp;
use crate::harness::{Client, Served, TestDb};

const COLLECTOR: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";

/// Nobody who asks is kept waiting for as long as it takes to give up on a collector.
const AT_ONCE: Duration = Duration::from_secs(3);

fn parts_of(told: &[Told]) -> String {
    let text = |one: &Told| format!("{} {} {:?}", one.service, one.name, one.attributes);
    told.iter().map(text).collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_shows_the_page_the_request_behind_it_the_command_and_the_mail() {
    let (db, smtp, collector) =
        (TestDb::new().await, Smtp::start().await, Collector::start().await);
    let org = org(&db, "first").await;
    let place = (COLLECTOR, &*collector.url);
    let api = Served::start("api", &db, &[("DEFAULT_ORG_ID", &org.id.to_string()), place]).await;
    let web = Served::start("web", &db, &[("API_URL", &api.url), place]).await;
    let port = smtp.port.to_string();
    let mail = [("EMAIL_MODE", "smtp"), ("SMTP_HOST", "127.0.0.1"), ("SMTP_PORT", &port)];
    let from = [("EMAIL_FROM", "office@example.net"), place];
    let _jobs = Served::start("jobs", &db, &[&mail[..], &from[..]].concat()).await;

    let visit = [
        ("name", "Plantagenet"),
        ("phone", "587-555-0142"),
        ("email", "plantagenet@example.net"),
        ("address", "14 Planted Crescent"),
        ("preferred_dates", "Monday"),
        ("beds", "2"),
        ("baths", "1"),
    ];
    let sent = client()
        .post(format!("{}/visit?utm_source=planted-search", web.url))
        .header("traceparent", format!("00-{TRACE}-{CALLER}-01"))
        .form(&visit)
        .send()
        .await
        .unwrap();
    assert_eq!(sent.status().as_u16(), 201, "{}", sent.text().await.unwrap());

    let page = collector.hears(TRACE, "POST /visit").await;
    assert_eq!((&*page.service, &*page.parent), ("cleaning-web", CALLER));
    let request = collector.hears(TRACE, "POST /v1/leads").await;
    assert_eq!((&*request.service, &request.parent), ("cleaning-api", &page.span));
    assert!(request.says("http.response.status_code=201"), "{request:?}");
    let command = collector.hears(TRACE, "command.handle").await;
    assert_eq!(command.parent, request.span);
    assert!(command.says("es.aggregate=lead") && command.says("es.outcome=ok"), "{command:?}");
    assert_eq!(collector.hears(TRACE, "es.append").await.parent, command.span);
    let mail = collector.hears(TRACE, "effect.deliver").await;
    assert_eq!((&*mail.service, &*mail.parent), ("cleaning-jobs", ""));
    assert!(mail.says("effect.kind=email.request_received"), "{mail:?}");
    assert!(mail.says("effect.state=delivered"), "{mail:?}");

    let told = collector.told();
    let runs = told.iter().filter(|one| one.name == "job.run");
    assert!(runs.clone().any(|run| run.says("job.name=outbox-delivery")));
    // Whether the processes are well was asked many times.
    assert!(!told.iter().any(|one| one.name.contains("/healthz")), "{}", parts_of(&told));
    for planted in ["lantagenet", "5550142", "555-0142", "Planted", "planted", "office@"] {
        assert!(!parts_of(&told).contains(planted), "{planted} in {}", parts_of(&told));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_not_there_or_never_answers_is_waited_for_by_nobody() {
    let db = TestDb::new().await;
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let deaf = format!("http://{}", mute.local_addr().unwrap());
    for place in [&*deaf, "http://127.0.0.1:1"] {
        let api = Served::start("api", &db, &[(COLLECTOR, place)]).await;
        let ask = Client::new(&api.url);
        let began = Instant::now();
        for _ in 0..20 {
            ask.get("/v1/nowhere").await.is(404, "route_not_found");
        }
        assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_collector_that_has_gone_does_not_take_is_counted() {
    let (db, collector) = (TestDb::new().await, Collector::start().await);
    let api = Served::start("api", &db, &[(COLLECTOR, &collector.url)]).await;
    let ask = Client::new(&api.url).with("traceparent", &format!("00-{TRACE}-{CALLER}-01"));
    ask.get("/v1/nowhere").await.is(404, "route_not_found");
    collector.hears(TRACE, "GET unmatched").await;
    drop(collector);
    let lost = "trace_spans_total{outcome=\"failed\"} 0";
    loop {
        ask.get("/v1/nowhere").await.is(404, "route_not_found");
        let metrics = ask.get("/metrics").await.ok().text.clone();
        if !metrics.contains(lost) {
            assert!(!metrics.contains("trace_spans_total{outcome=\"exported\"} 0"), "{metrics}");
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_sender_hangs_up_leaves_its_line_and_its_span() {
    let (db, collector) = (TestDb::new().await, Collector::start().await);
    let first = org(&db, "first").await;
    let place = (COLLECTOR, &*collector.url);
    let mut api = Served::start("api", &db, &[place]).await;
    let viewer = Client::new(&api.url).signed_in("viewer-first", PASSWORD);
    viewer.with("x-org", &first.slug).get("/v1/admin/leads").await.ok();

    let mut socket = TcpStream::connect(api.url.trim_start_matches("http://")).await.unwrap();
    // Nobody keeps the read models in step: it waits for what never comes.
    let head = format!(
        "GET /v1/admin/leads HTTP/1.1\r\nhost: localhost\r\nx-org: first\r\nx-min-position: 999\r\n\
         x-request-id: hung-up\r\ntraceparent: 00-{TRACE}-{CALLER}-01\r\nauthorization: {}\r\n\r\n",
        viewer.header("authorization"),
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let in_progress = "http_requests_in_flight 2";
    while !viewer.get("/metrics").await.ok().text.contains(in_progress) {
        tokio::task::yield_now().await;
    }
    drop(socket);

    let line = loop {
        let line = api.program.line(r#"{"timestamp":""#);
        if line.contains(r#""request_id":"hung-up""#) {
            break line;
        }
    };
    let (_, rest) = line.split_once("\",").unwrap();
    let line: Value = serde_json::from_str(&format!("{{{rest}")).unwrap();
    assert_eq!((&line["status_code"], &line["trace_id"]), (&499.into(), &TRACE.into()), "{line}");
    let span = collector.hears(TRACE, "GET /v1/admin/leads").await;
    assert!(span.says("http.response.status_code=499"), "{span:?}");
}
