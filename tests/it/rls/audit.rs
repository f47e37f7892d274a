//! `cleaning rls audit`: what it finds, in the layout and with the exit codes that operators rely on.

use std::process::Output;

use chrono::DateTime;
use runner::migrate;
use runner::rls::{self, Inventory, Report, Source, Table};
use serde_json::Value;
use sqlx::Executor;
use sqlx::postgres::PgConnectOptions;

use crate::harness::{Program, TestDb};

fn audit(url: Option<&str>, arguments: &[&str]) -> Output {
    let environment: Vec<_> = url.into_iter().map(|url| ("DATABASE_URL", url)).collect();
    Program::output(&[&["rls", "audit"], arguments].concat(), &environment)
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What a database is worth, without starting the program for it.
async fn judge(url: &str) -> Report {
    let source = Source::Database("here".to_owned());
    Report::of(&inspect(url).await, &source, DateTime::UNIX_EPOCH)
}

async fn inspect(url: &str) -> Inventory {
    rls::inspect(&url.parse::<PgConnectOptions>().unwrap()).await.unwrap()
}

/// The same without what only a database knows.
fn comparable(tables: &[Table]) -> Vec<(String, bool, bool, bool, usize)> {
    let facts = |table: &Table| {
        let guards = table.policies.iter().filter(|policy| policy.for_logins && policy.keeps_apart);
        (table.full_name(), table.org_id, table.enabled, table.forced, guards.count())
    };
    let mut all: Vec<_> = tables.iter().map(facts).collect();
    all.sort();
    all
}

#[tokio::test]
async fn the_migrations_say_what_the_database_shows() {
    let db = TestDb::new().await;
    let found = inspect(&db.url("cleaning_app")).await;
    let read = rls::read(&migrate::embedded().unwrap()).unwrap();
    assert_eq!(comparable(&read.tables), comparable(&found.tables));
    assert_eq!(found.bypasses, []);
}

#[tokio::test]
async fn everything_that_is_there_is_covered_and_what_is_not_there_yet_is_said() {
    let db = TestDb::new().await;
    let url = db.url("cleaning_app");
    let files = tempfile::tempdir().unwrap();
    let path = |name: &str| files.path().join(name).to_str().unwrap().to_owned();
    let (markdown, json) = (path("audit.md"), path("audit.json"));
    let found =
        audit(Some(&url), &["--fail-on-any-missing", "--output", &markdown, "--json", &json]);
    assert_eq!(found.status.code(), Some(0), "{found:?}");
    let report = text(&found);
    assert_eq!(std::fs::read_to_string(markdown).unwrap().trim_end(), report);

    let lines: Vec<_> = report.lines().collect();
    assert_eq!(lines[0], "# RLS Coverage Audit Report");
    assert!(lines[2].starts_with("Generated: ") && lines[2].ends_with(" UTC"), "{report}");
    assert!(lines[3].starts_with("Source: database (postgres"), "{report}");
    assert!(lines[3].contains(":***@") && !report.contains("test-only"), "{report}");
    let headings: Vec<_> = lines.iter().filter(|line| line.starts_with('#')).collect();
    let wanted = [
        "# RLS Coverage Audit Report",
        "## Core tables",
        "## Non-core tables with org_id",
        "## Summary",
        "### Core table mapping",
    ];
    assert_eq!(headings, wanted.iter().collect::<Vec<_>>());
    assert!(lines.contains(&"| leads | lead_list | read | yes | yes | 1 | ok | - |"), "{report}");
    assert!(lines.contains(&"| events | public | yes | 2 | ok |"), "{report}");
    assert!(lines.contains(&"- Non-core tables missing RLS (warn only): 0"), "{report}");

    // A table of the core that is not there is a failure, never an absence of failures.
    let json: Value = serde_json::from_str(&std::fs::read_to_string(json).unwrap()).unwrap();
    let core = json["core"].as_array().unwrap().iter();
    let missing: Vec<_> = core.filter(|line| line["schema"].is_null()).collect();
    for line in &missing {
        assert_eq!((&line["status"], &line["notes"][0]), (&"fail".into(), &"table missing".into()));
    }
    let strict = audit(Some(&url), &["--fail-on-core-missing"]);
    assert_eq!(strict.status.code(), Some(i32::from(!missing.is_empty())), "{strict:?}");
}

#[tokio::test]
async fn every_way_to_leave_a_table_open_is_found() {
    let db = TestDb::new().await;
    let url = db.url("cleaning_app");
    let mut admin = db.admin().await;
    for (harm, repair, said) in [
        (
            "alter table events disable row level security",
            "alter table events enable row level security",
            "public.events: RLS policy missing",
        ),
        (
            "alter table events no force row level security",
            "alter table events force row level security",
            "public.events: FORCE missing",
        ),
        (
            "create policy wide on events to cleaning_worker using (true)",
            "drop policy wide on events",
            "public.events: policy does not reference app.current_org_id",
        ),
        (
            "create schema rebuild_x; create table rebuild_x.lead_archive (org_id uuid)",
            "drop schema rebuild_x cascade",
            "rebuild_x.lead_archive: RLS policy missing",
        ),
        (
            "create table read.notes (text text)",
            "drop table read.notes",
            "read.notes: no org_id, and not among the tables that need none",
        ),
        (
            "alter table events owner to cleaning_app",
            "alter table events owner to cleaning_owner",
            "role cleaning_app bypasses RLS: may act as cleaning_app",
        ),
    ] {
        admin.execute(harm).await.unwrap();
        let found = judge(&url).await;
        assert!(found.any_is_missing(), "{harm}");
        assert!(found.to_string().contains(said), "{harm}: {found}");
        admin.execute(repair).await.unwrap();
        assert!(!judge(&url).await.any_is_missing(), "{repair}");
    }
    // A table of the core is told in its own line, whatever schema it is in.
    admin.execute("alter table read.lead_list no force row level security").await.unwrap();
    let found = judge(&url).await;
    assert!(found.core_is_missing() && found.any_is_missing());
    let line = "| leads | lead_list | read | yes | yes | 1 | fail | FORCE missing |";
    assert!(found.to_string().contains(line), "{found}");
    // Not asked for, it is told all the same, and no failure.
    assert_eq!(audit(Some(&url), &[]).status.code(), Some(0));
    assert_eq!(audit(Some(&url), &["--fail-on-any-missing"]).status.code(), Some(1));
}

#[tokio::test]
async fn a_login_that_nothing_holds_is_named() {
    let db = TestDb::new().await;
    let found = inspect(&db.admin_url()).await;
    assert_eq!(found.bypasses.len(), 1);
    assert_eq!(found.bypasses[0].because, "superuser");
    let report = judge(&db.admin_url()).await;
    assert!(report.any_is_missing() && report.core_is_missing());
    assert!(report.to_string().contains("role bypasses RLS: "), "{report}");
}

#[test]
fn without_a_database_the_migrations_answer_if_they_may() {
    let nowhere = Some("postgres://cleaning_app:secret-word@127.0.0.1:1/cleaning");
    for (url, arguments, code) in [
        (nowhere, &[][..], 2),
        (None, &[], 2),
        (Some("nonsense"), &[], 2),
        (nowhere, &["--source", "nonsense"], 2),
        (nowhere, &["--output", "/nonexistent/report.md", "--source", "metadata"], 2),
        (nowhere, &["--fallback-to-metadata"], 0),
        (None, &["--source", "metadata", "--fail-on-any-missing"], 0),
    ] {
        let output = audit(url, arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
        let said = format!("{}{}", text(&output), String::from_utf8_lossy(&output.stderr));
        assert!(!said.contains("secret-word"), "{said}");
        let read = text(&output).contains("Source: embedded migrations");
        assert_eq!(read, code == 0, "{arguments:?}");
    }
}
