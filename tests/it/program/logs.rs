//! What a process writes to its standard output.

use serde_json::Value;

use crate::harness::program::client;
use crate::harness::{Program, Served, TestDb};

#[tokio::test]
async fn a_request_is_one_json_line_in_the_order_operators_know() {
    let db = TestDb::new().await;
    let mut api = Served::start("api", &db, &[]).await;
    let url = format!("{}/v1/nowhere?token=secret", api.url);
    let answer = client().get(url).header("x-request-id", "abc-123").send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 404);

    let rest = api.program.line(r#"{"timestamp":""#);
    let (at, rest) = rest.split_once("\",").unwrap();
    assert!(at.len() == 24 && at.ends_with('Z'), "{at}");
    let begins =
        r#""level":"INFO","message":"request","logger":"app.request","request_id":"abc-123","#;
    assert!(rest.starts_with(begins), "{rest}");
    let line: Value = serde_json::from_str(&format!("{{{rest}")).unwrap();
    assert_eq!(line["status_code"], 404);
    assert!(line["latency_ms"].is_u64() && !rest.contains("secret"), "{rest}");
}

#[test]
fn a_log_level_nobody_knows_is_refused_at_the_start() {
    for role in ["api", "jobs", "web", "dev"] {
        let output = Program::output(&[role], &[("LOG_LEVEL", "LOUD")]);
        assert_eq!(output.status.code(), Some(78), "{role}");
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(errors.contains("LOG_LEVEL cannot be used: must be DEBUG, INFO"), "{errors}");
    }
}

#[tokio::test]
async fn lines_below_the_level_are_left_out() {
    let db = TestDb::new().await;
    let mut api = Served::start("api", &db, &[("LOG_LEVEL", "WARNING")]).await;
    let url = format!("{}/v1/nowhere", api.url);
    assert_eq!(client().get(url).send().await.unwrap().status().as_u16(), 404);
    let rest = api.program.rest();
    assert!(!rest.contains(r#""level":"INFO""#), "{rest}");
}

#[test]
fn a_missing_setting_is_named_and_no_secret_is_shown() {
    let output = Program::output(&["api"], &[("DATABASE_URL", "postgres://app:hush@db/cleaning")]);
    assert_eq!(output.status.code(), Some(78));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains("PII_MASTER_KEY is required") && !errors.contains("hush"), "{errors}");
}
