//! What a process refuses to start with, and how operators are told.

use serde_json::Value;
use sqlx::Executor;

use crate::harness::program::free_port;
use crate::harness::{Program, Served, TestDb};

/// Not a secret of anybody, only random enough.
const GOOD: [(&str, &str); 6] = [
    ("DATABASE_URL", "postgres://cleaning_app:Vq3kT9zLw2@127.0.0.1:1/cleaning"),
    ("DATABASE_WORKER_URL", "postgres://cleaning_worker:n7PxR4cYb8@127.0.0.1:1/cleaning"),
    ("PII_MASTER_KEY", "1:mKHjRWrsDW+RGJ0/9ebBs/1Pp2hN/NC/hVpNh/lXZ+8="),
    ("HISTORY_SIGNING_KEY", "VP7+Oc9mDCQDiIm/fb7zjChUCqquayxrxM5I9VagcAI="),
    ("AUTH_SECRET_KEY", "f3b1c9d27e5a48608bd1f0a2c4e697358b0d"),
    ("METRICS_TOKEN", "4c1de82b97a6035f"),
];

fn check(arguments: &[&str], environment: &[(&str, &str)]) -> (Option<i32>, String) {
    let arguments = [&["config", "check"], arguments].concat();
    let output = Program::output(&arguments, environment);
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

fn with<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = GOOD.into_iter().filter(|(name, _)| changes.iter().all(|(other, _)| name != other));
    kept.chain(changes.iter().copied()).collect()
}

#[test]
fn a_process_of_production_refuses_to_start_and_says_every_reason_at_once() {
    let environment = [
        ("AUTH_SECRET_KEY", "dev-auth-secret"),
        ("LOG_LEVEL", "DEBUG"),
        ("WEB_BIND", "127.0.0.1:0"),
    ];
    let output = Program::output(&["web"], &environment);
    assert_eq!(output.status.code(), Some(78));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        errors.trim(),
        "Invalid production configuration: AUTH_SECRET_KEY must be at least 32 characters; \
         AUTH_SECRET_KEY must not use default or placeholder values; \
         LOG_LEVEL must not be DEBUG in production unless LOG_ALLOW_DEBUG=true"
    );
    let log = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3);
    for line in lines {
        assert_eq!(
            (&line["level"], &line["message"]),
            (&"ERROR".into(), &"startup_config_error".into())
        );
        assert!(line["detail"].is_string());
    }
}

#[tokio::test]
async fn every_process_starts_in_production_with_all_it_needs() {
    let db = TestDb::new().await;
    let secrets = &GOOD[2..];
    let administrator =
        [("ADMIN_BASIC_USERNAME", "operator"), ("ADMIN_BASIC_PASSWORD", "Correct-Horse-Battery-9")];
    let environment = [&[("APP_ENV", "prod")], &administrator[..], secrets].concat();
    for process in ["api", "jobs", "web"] {
        let served = Served::start(process, &db, &environment).await;
        assert!(served.program.stop().success(), "{process}");
    }
}

#[tokio::test]
async fn a_role_that_row_level_security_does_not_hold_is_refused_in_production() {
    let db = TestDb::new().await;
    let role = format!("free_{}", uuid::Uuid::new_v4().simple());
    let create = format!("create role {role} login bypassrls password 'test-only'");
    db.admin().await.execute(create.as_str()).await.unwrap();
    let url = db.url(&role);
    let database = [("DATABASE_URL", &*url), ("DATABASE_WORKER_URL", &*url)];
    let environment = [&database[..], &GOOD[2..]].concat();
    for process in ["api", "jobs"] {
        let output = Program::output(&[process], &environment);
        assert_eq!(output.status.code(), Some(78), "{process}");
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(errors.contains("a database role without superuser or BYPASSRLS"), "{errors}");
    }
}

#[tokio::test]
async fn an_api_that_nobody_could_administer_is_refused_in_production_until_somebody_can() {
    let db = TestDb::new().await;
    let url = db.url("cleaning_app");
    let environment = [&[("APP_ENV", "prod"), ("DATABASE_URL", &url)], &GOOD[2..]].concat();
    let output = Program::output(&["api"], &environment);
    assert_eq!(output.status.code(), Some(78));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains("At least one admin credential pair"), "{errors}");

    crate::harness::logins::org(&db, "maple").await;
    let served = Served::start("api", &db, &[&[("APP_ENV", "prod")], &GOOD[2..]].concat()).await;
    assert!(served.program.stop().success());
}

#[test]
fn production_starts_while_its_database_is_away() {
    let address = format!("127.0.0.1:{}", free_port());
    let _api = Program::start(&["api"], &with(&[("API_BIND", &address)]));
    let url = format!("http://{address}/livez");
    // Each look takes as long as starting a program: enough of them for any machine.
    let lives = || Program::output(&["health", "--url", &url], &[]).status.success();
    assert!((0..1000).any(|_| lives()));
}

#[test]
fn the_check_says_what_is_wrong_before_anything_is_started() {
    assert_eq!(check(&[], &GOOD).0, Some(0));
    let (code, told) = check(&[], &with(&[("METRICS_TOKEN", "short"), ("SMTP_PORT", "high")]));
    assert_eq!(code, Some(1));
    assert!(told.contains("wrong    METRICS_TOKEN must be at least 16 characters"), "{told}");
    assert!(told.contains("wrong    SMTP_PORT cannot be used"), "{told}");
    // The screens need neither.
    assert_eq!(check(&["--role", "web"], &with(&[("METRICS_TOKEN", "short")])).0, Some(0));
    // Development needs nothing.
    assert_eq!(check(&[], &[("APP_ENV", "dev")]).0, Some(0));
}

#[test]
fn the_check_says_what_everything_does_that_is_set_and_shows_no_secret() {
    let (_, told) = check(&["--json"], &with(&[("DATABSE_URL", "x"), ("SMTP_PORT", "25")]));
    for (_, value) in GOOD {
        assert!(!told.contains(value), "{told}");
    }
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["ok"], true);
    let settings = told["settings"].as_array().unwrap();
    let setting = |name: &str| settings.iter().find(|one| one["name"] == name).unwrap();
    assert_eq!(setting("SMTP_PORT")["value"], "25");
    assert_eq!(setting("API_BIND")["source"], "default");
    assert_eq!(setting("METRICS_TOKEN")["source"], "environment");
    assert!(setting("METRICS_TOKEN")["about"].as_str().unwrap().contains("/metrics"));
    let warnings = told["warnings"].to_string();
    assert!(warnings.contains("DATABSE_URL is not read by this program; is DATABASE_URL meant?"));
}

#[test]
fn a_file_is_checked_before_it_is_used_and_what_nobody_reads_in_it_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("env");
    let lines = GOOD.map(|(name, value)| format!("{name}=\"{value}\""));
    let text = format!("# An installation\nSENDGRID_API_KEY=unread\n{}\n", lines.join("\n"));
    std::fs::write(&file, text).unwrap();
    let (code, told) = check(&["--env", file.to_str().unwrap()], &[]);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("warning  SENDGRID_API_KEY is not read by this program"), "{told}");
    assert_eq!(check(&["--env", "/nowhere/env"], &[]).0, Some(2));
}

#[test]
fn a_secret_in_a_file_is_as_good_as_one_in_the_environment() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    std::fs::write(&file, "4c1de82b97a6035f\n").unwrap();
    let kept: Vec<_> = GOOD.into_iter().filter(|(name, _)| *name != "METRICS_TOKEN").collect();
    let token = ("METRICS_TOKEN_FILE", file.to_str().unwrap());
    let (code, told) = check(&[], &[&kept[..], &[token]].concat());
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("in file  METRICS_TOKEN\n"), "{told}");
    let (code, told) = check(&[], &with(&[("METRICS_TOKEN", "4c1de82b97a6035f"), token]));
    assert_eq!(code, Some(1));
    assert!(told.contains("METRICS_TOKEN and METRICS_TOKEN_FILE are both set; keep one"), "{told}");
}

#[test]
fn the_help_still_names_every_variable() {
    let output = Program::output(&["api", "--help"], &GOOD);
    assert!(output.status.success());
    let help = String::from_utf8(output.stdout).unwrap();
    for name in ["APP_ENV", "DATABASE_URL", "SMTP_TIMEOUT_SECONDS", "METRICS_TOKEN"] {
        assert!(help.contains(&format!("[env: {name}")), "{name}: {help}");
    }
    for (_, value) in GOOD {
        assert!(!help.contains(value), "{help}");
    }
}
