//! Nothing secret and nothing of a person leaves a process beside its answers: planted where it comes in, looked for where
//! it must not come out.

use serde_json::{Value, json};

use crate::harness::database::MASTER_KEY;
use crate::harness::logins::{PASSWORD, org};
use crate::harness::program::{SIGNING_KEY, client};
use crate::harness::smtp::Smtp;
use crate::harness::stripe::{machine_time, signature};
use crate::harness::{Client, Program, Served, TestDb};

/// Variables that hold a secret, each with a text that stands nowhere else.
const SECRETS: [(&str, &str); 14] = [
    ("AUTH_SECRET_KEY", "planted-auth-4f7c1e9a2b6d8035e1c7a9f3"),
    ("AUTH_SECRET_KEY_PREVIOUS", "planted-previous-9d2e4b7a1c6f8035d4b2"),
    ("METRICS_TOKEN", "planted-metrics-71c5e3a9"),
    ("SMTP_PASSWORD", "planted-smtp-3e8b6d1f"),
    ("OWNER_BASIC_PASSWORD", "planted-owner-5a9c2e7f"),
    ("ADMIN_BASIC_PASSWORD", "planted-admin-8d1b4f6e"),
    ("DISPATCHER_BASIC_PASSWORD", "planted-dispatcher-2c7e9a5b"),
    ("ACCOUNTANT_BASIC_PASSWORD", "planted-accountant-6f3d8b1c"),
    ("VIEWER_BASIC_PASSWORD", "planted-viewer-9e5a2d7f"),
    ("STRIPE_SECRET_KEY", "planted-stripe-4c8f2a6d"),
    ("STRIPE_WEBHOOK_SECRET", "planted-webhook-1e7b9d3c"),
    ("TURNSTILE_SECRET_KEY", "planted-turnstile-6b2e8d4f"),
    ("INVOICE_PUBLIC_TOKEN_SECRET", "planted-invoices-8a3d5f7b1c9e2046a8d0f3"),
    ("ORDER_PHOTO_SIGNING_SECRET", "planted-photos-7d2f9b4e6a1c8035e9b7d1"),
];

/// Secrets of requests and people, and parts of those of the harness.
const CARRIED: [&str; 15] = [
    "planted-login-password",
    "planted-bearer",
    "planted-cookie",
    "planted-key-of-a-program",
    "planted-link",
    "planted-magic",
    "planted-code",
    "Plantagenet",
    "plantagenet@",
    "587-555-0142",
    "5875550142",
    "14 Planted Crescent",
    "planted-note",
    "planted-search",
    "planted-captcha",
];

fn looked_through(place: &str, text: &str) {
    let planted = SECRETS.iter().map(|(_, value)| *value).chain(CARRIED);
    for secret in planted.chain([PASSWORD, "test-only", &MASTER_KEY[2..], SIGNING_KEY]) {
        assert!(!text.contains(secret), "{place} shows {secret}: {text}");
    }
}

/// Asks for everything that takes a secret, and looks through what is answered to it.
async fn abuse(url: &str) {
    let anyone = Client::new(url);
    let http = client();
    let login = json!({ "email": "Plantagenet@example.net", "password": "planted-login-password" });
    let mut answers = vec![
        anyone.post("/v1/auth/login", &login).await,
        anyone
            .post_raw(
                "/v1/auth/login",
                r#"{"email":"plantagenet@example.net","password":"planted-login-password"#,
            )
            .await,
        anyone.post("/v1/auth/refresh", &json!({ "refresh_token": "planted-bearer" })).await,
        anyone.post("/v1/auth/2fa/verify", &json!({ "code": "planted-code" })).await,
        anyone
            .clone()
            .signed_in("owner-first", "planted-login-password")
            .get("/v1/admin/leads")
            .await,
        anyone.with("authorization", "Bearer planted-bearer.x.y").get("/v1/admin/leads").await,
        anyone
            .with("authorization", "Bearer clk_planted-key-of-a-program")
            .get("/v1/admin/leads")
            .await,
        anyone
            .with("cookie", "session=planted-cookie; __Host-session=planted-cookie")
            .get("/v1/admin/leads")
            .await,
        anyone
            .with("authorization", "Bearer planted-bearer")
            .get("/metrics?token=planted-link")
            .await,
        anyone.get("/i/planted-link-abcdefghijklmnopqrstuvwxyz0123456789").await,
        anyone.get("/nowhere?token=planted-link&email=plantagenet@example.net").await,
        anyone.get("/v1/portal/magic/planted-magic?signature=planted-link").await,
        anyone.post("/v1/portal/login", &json!({ "token": "planted-magic" })).await,
        anyone
            .with("x-break-glass-token", "planted-key-of-a-program")
            .get("/v1/admin/whoami")
            .await,
        anyone.post("/v1/leads", &json!({ "email": 7, "planted-note": "587-555-0142" })).await,
    ];
    let webhook = "/v1/payments/stripe/webhook";
    let message = r#"{"id":"evt_1","type":"charge.refunded","created":1900000000,"data":{"object":{"note":"planted-note",
        "billing_details":{"name":"Plantagenet","email":"plantagenet@example.net"},"amount_refunded":-5,"payment_intent":"pi_1"}}}"#;
    answers.push(
        anyone.with("stripe-signature", "t=1,v1=planted-code").post_raw(webhook, message).await,
    );
    let signed = signature(SECRETS[10].1, machine_time(), message);
    let taken_in = anyone.with("stripe-signature", &signed).post_raw(webhook, message).await;
    looked_through("an answer", &taken_in.ok().text);
    answers.retain(|answer| answer.status >= 400);
    for answer in answers {
        // A field that nobody knows is named to whoever sent it.
        let text = answer.text.replace("planted-note", "");
        looked_through("an answer", &text);
    }
    // What a URL holds that the client would not send.
    let raw = http.get(format!("{url}/reset/planted-magic/%00?code=planted-code")).send().await;
    looked_through("an answer", &raw.unwrap().text().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_secret_stays_out_of_logs_metrics_and_errors() {
    let (db, smtp) = (TestDb::new().await, Smtp::start().await);
    let org = org(&db, "first").await;
    let (id, port) = (org.id.to_string(), smtp.port.to_string());
    let names = ["OWNER", "ADMIN", "DISPATCHER", "ACCOUNTANT", "VIEWER"];
    let names = names.map(|role| (format!("{role}_BASIC_USERNAME"), format!("env-{role}")));
    let mut set = vec![
        ("LOG_LEVEL", "DEBUG"),
        ("DEFAULT_ORG_ID", &*id),
        ("EMAIL_MODE", "smtp"),
        ("SMTP_HOST", "127.0.0.1"),
        ("SMTP_PORT", &*port),
        // Nobody listens there.
        ("STRIPE_API_BASE", "http://127.0.0.1:9"),
        // With a login only TLS will do, which this server does not speak: every mail fails.
        ("SMTP_USERNAME", "office"),
        ("EMAIL_FROM", "office@example.net"),
    ];
    set.extend(SECRETS);
    set.extend(names.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let mut api = Served::start("api", &db, &set).await;
    let mut jobs = Served::start("jobs", &db, &set).await;
    let mut web = Served::start("web", &db, &[&set[..], &[("API_URL", &*api.url)]].concat()).await;

    abuse(&api.url).await;
    let lead = json!({
        "name": "Ada Plantagenet", "phone": "587-555-0142", "email": "plantagenet@example.net",
        "captcha_token": "planted-captcha",
        "address": "14 Planted Crescent", "preferred_dates": ["Monday"], "notes": "planted-note",
        "structured_inputs": { "beds": 2, "baths": 1 }, "estimate_snapshot": {},
    });
    Client::new(&api.url).post("/v1/leads", &lead).await.ok();
    let owner = Client::new(&api.url).signed_in("owner-first", PASSWORD);
    while owner.get("/v1/admin/effects?state=waiting").await.ok().body["items"] == json!([]) {
        tokio::task::yield_now().await;
    }
    owner.get("/v1/admin/leads?q=planted-search").await;
    owner.post("/v1/admin/leads", &lead).await;
    let form = [("username", "owner-first"), ("password", "planted-login-password")];
    client().post(format!("{}/login", web.url)).form(&form).send().await.unwrap();
    let page = format!("{}/leads?token=planted-link", web.url);
    client().get(page).header("cookie", "session=planted-cookie").send().await.unwrap();

    let bearer = format!("Bearer {}", SECRETS[2].1);
    for url in [&api.url, &jobs.url] {
        let metrics = Client::new(url).with("authorization", &bearer).get("/metrics").await;
        assert!(metrics.ok().text.contains("http_requests_total"));
        looked_through("/metrics", &metrics.text);
    }
    for (role, process) in [("api", &mut api), ("jobs", &mut jobs), ("web", &mut web)] {
        let lines = process.program.rest();
        assert!(role == "web" || lines.contains(r#""level":"DEBUG""#), "{lines}");
        looked_through(role, &lines);
        looked_through(role, &process.program.errors());
        for line in lines.lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            assert!(line["message"].is_string() && line["logger"].is_string(), "{line}");
        }
    }
}

#[test]
fn a_configuration_that_cannot_be_used_shows_no_secret() {
    let mut set: Vec<(&str, &str)> = SECRETS.to_vec();
    set.extend([
        ("DATABASE_URL", "postgres://cleaning_app:planted-link@nowhere:x/cleaning"),
        ("PII_MASTER_KEY", "1:planted-bearer"),
        ("HISTORY_SIGNING_KEY", "planted-cookie"),
        ("REDIS_URL", "redis://:planted-code@nowhere:x/0"),
    ]);
    for role in ["api", "jobs"] {
        let output = Program::output(&[role], &set);
        assert!(!output.status.success(), "{role}");
        looked_through(role, &String::from_utf8(output.stdout).unwrap());
        looked_through(role, &String::from_utf8(output.stderr).unwrap());
    }
}
