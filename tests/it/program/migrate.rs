//! `cleaning migrate`: forward only, or not at all.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};
use sqlx::Executor;

use crate::harness::program::client;
use crate::harness::{App, Program, Served, TestDb};

const FIRST: (&str, &str) = ("0001_first.sql", "-- parent: none\ncreate table first ();");
const SECOND: (&str, &str) = ("0002_second.sql", "-- parent: 0001\ncreate table second ();");
const RIVAL: (&str, &str) = ("0003_rival.sql", "-- parent: 0001\ncreate table rival ();");

/// A database with the roles but without a schema, and a directory of migrations for it.
struct Setting {
    url: String,
    files: tempfile::TempDir,
    // The server of the databases.
    _db: TestDb,
}

impl Setting {
    async fn new(files: &[(&str, &str)]) -> Self {
        let db = TestDb::new().await;
        let name = format!("empty_{}", uuid::Uuid::new_v4().simple());
        db.admin().await.execute(format!("create database {name}").as_str()).await.unwrap();
        let mut url: reqwest::Url = db.admin_url().parse().unwrap();
        url.set_path(&name);
        let setting = Self { url: url.into(), files: tempfile::tempdir().unwrap(), _db: db };
        for file in files {
            setting.put(*file);
        }
        setting
    }

    fn put(&self, (name, text): (&str, &str)) {
        fs::write(self.files.path().join(name), text).unwrap();
    }

    fn run(&self, action: &str) -> Output {
        migrate(&[action], &self.url, self.files.path())
    }

    /// One of the files, whole.
    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.files.path().join(name)).unwrap()
    }

    fn status(&self) -> Value {
        let output = self.run("status");
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

fn migrate(action: &[&str], url: &str, files: &Path) -> Output {
    let files = files.to_str().unwrap();
    let arguments = [&["migrate", "--json", "--directory", files], action].concat();
    Program::output(&arguments, &[("DATABASE_MIGRATION_URL", url)])
}

#[tokio::test]
async fn what_is_missing_is_applied_once() {
    let setting = Setting::new(&[FIRST]).await;
    assert_eq!(setting.status()["pending"], json!(["0001"]));
    assert!(setting.run("up").status.success());
    setting.put(SECOND);
    let output = setting.run("up");
    assert_eq!(
        serde_json::from_slice::<Value>(&output.stdout).unwrap(),
        json!({ "applied": ["0002"] })
    );
    let status = setting.status();
    assert_eq!(status["pending"], json!([]));
    assert_eq!(status["current_revision"], "0002");
}

#[tokio::test]
async fn two_heads_are_refused_with_code_3_and_nothing_is_changed() {
    let setting = Setting::new(&[FIRST, SECOND, RIVAL]).await;
    let output = setting.run("up");
    assert_eq!(output.status.code(), Some(3));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains("Multiple migration heads: 0002_second, 0003_rival"), "{errors}");

    fs::remove_file(setting.files.path().join(RIVAL.0)).unwrap();
    assert_eq!(setting.status()["current_revision"], Value::Null);
}

#[tokio::test]
async fn an_applied_file_that_was_changed_is_refused_with_code_4() {
    let setting = Setting::new(&[FIRST]).await;
    assert!(setting.run("up").status.success());
    setting.put((FIRST.0, "-- parent: none\ncreate table another ();"));
    setting.put(SECOND);
    let output = setting.run("up");
    assert_eq!(output.status.code(), Some(4));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains("Migration 0001 checksum mismatch"), "{errors}");
    assert_eq!(setting.status()["current_revision"], "0001");
}

#[tokio::test]
async fn a_file_that_fails_leaves_nothing_behind() {
    let broken = ("0002_broken.sql", "-- parent: 0001\ncreate table half (); select 1 / 0;");
    let setting = Setting::new(&[FIRST, broken]).await;
    assert_eq!(setting.run("up").status.code(), Some(1));
    assert_eq!(setting.status()["pending"], json!(["0002"]));
    setting.put(("0002_broken.sql", "-- parent: 0001\ncreate table half ();"));
    assert!(setting.run("up").status.success());
}

#[tokio::test]
async fn migrators_that_start_together_apply_each_file_once() {
    let setting = Setting::new(&[FIRST, SECOND]).await;
    let outputs: Vec<Output> = std::thread::scope(|scope| {
        let started: Vec<_> = (0..4).map(|_| scope.spawn(|| setting.run("up"))).collect();
        started.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let mut applied = Vec::new();
    for output in outputs {
        assert!(output.status.success(), "{output:?}");
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        applied.extend(told["applied"].as_array().unwrap().clone());
    }
    assert_eq!(applied, ["0001", "0002"]);
}

#[tokio::test]
async fn two_heads_are_merged_by_a_file_that_follows_both() {
    let setting = Setting::new(&[FIRST, SECOND, RIVAL]).await;
    let merge = ["merge", "0002_second", "0003", "-m", "Merge the rivals"];
    let output = migrate(&merge, &setting.url, setting.files.path());
    assert!(output.status.success(), "{output:?}");
    let text = setting.text("0004_merge_the_rivals.sql");
    assert!(text.starts_with("-- parent: 0002, 0003\n"), "{text}");
    assert!(setting.run("up").status.success());
    assert_eq!(setting.status()["current_revision"], "0004");

    let unknown = migrate(&["merge", "0002", "0009"], &setting.url, setting.files.path());
    assert_eq!(unknown.status.code(), Some(1));
    assert!(String::from_utf8(unknown.stderr).unwrap().contains("there is no migration 0009"));
}

#[tokio::test]
async fn the_next_file_follows_the_head_and_there_must_be_one() {
    let setting = Setting::new(&[FIRST, SECOND]).await;
    let new = ["new", "Add booking status"];
    assert!(migrate(&new, &setting.url, setting.files.path()).status.success());
    assert!(setting.text("0003_add_booking_status.sql").starts_with("-- parent: 0002\n"));
    setting.put(RIVAL);
    assert_eq!(migrate(&new, &setting.url, setting.files.path()).status.code(), Some(3));
}

#[tokio::test]
async fn what_was_applied_is_held_against_the_files() {
    let setting = Setting::new(&[FIRST, SECOND]).await;
    assert!(setting.run("up").status.success());
    let output = setting.run("verify");
    assert_eq!(serde_json::from_slice::<Value>(&output.stdout).unwrap(), json!({ "agree": 2 }));
    setting.put((SECOND.0, "-- parent: 0001\ncreate table another ();"));
    assert_eq!(setting.run("verify").status.code(), Some(4));
}

#[tokio::test]
async fn an_index_can_be_made_while_everybody_goes_on() {
    let index = (
        "0002_index.sql",
        "-- parent: 0001\n-- no-transaction\ncreate index concurrently first_i on first ((1));",
    );
    let setting = Setting::new(&[FIRST, index]).await;
    let output = setting.run("up");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(setting.status()["pending"], json!([]));
}

#[tokio::test]
async fn health_tells_both_revisions_and_what_is_pending() {
    let output = Program::output(&["migrate", "heads"], &[]);
    let newest = String::from_utf8(output.stdout).unwrap()[..4].to_owned();
    let db = TestDb::new().await;
    let api = Served::start("api", &db, &[]).await;
    let told = health(&api.url).await;
    assert_eq!(told["migrations_current"], true);
    let revisions = (&told["current_revision"], &told["expected_revision"]);
    assert_eq!(revisions, (&json!(newest), &json!(newest)));

    // Not asked yet: what it answers is not what it remembers.
    let app = App::start().await;
    let forget = format!("delete from schema_migrations where version = '{newest}'");
    app.db.admin().await.execute(forget.as_str()).await.unwrap();
    let told = health(&app.address).await;
    assert_eq!((&told["status"], &told["db_connected"]), (&json!("unhealthy"), &json!(true)));
    assert!(told["current_revision"].as_str().unwrap() < newest.as_str());
    assert_eq!(told["expected_revision"], json!(newest));
    assert_eq!(told["error"], format!("Migrations pending: {newest}"));
}

async fn health(api: &str) -> Value {
    client().get(format!("{api}/healthz")).send().await.unwrap().json().await.unwrap()
}

#[test]
fn this_build_has_one_head() {
    let output = Program::output(&["migrate", "heads"], &[]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 1);
}
