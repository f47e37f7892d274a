//! `cleaning migrate`: forward only, or not at all.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};
use sqlx::Executor;

use crate::harness::{Program, TestDb};

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
        migrate(action, &self.url, self.files.path())
    }

    fn status(&self) -> Value {
        let output = self.run("status");
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

fn migrate(action: &str, url: &str, files: &Path) -> Output {
    let files = files.to_str().unwrap();
    Program::output(
        &["migrate", "--json", action, "--directory", files],
        &[("DATABASE_MIGRATION_URL", url)],
    )
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

#[test]
fn this_build_has_one_head() {
    let output = Program::output(&["migrate", "heads"], &[]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 1);
}
