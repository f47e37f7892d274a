//! What `cleaning dev` tells in its last line is complete and true, and it fails in one sentence.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use sqlx::{Connection, PgConnection};

use crate::harness::Program;
use crate::harness::program::client;

/// Promised in the description of the role.
const STOP: Duration = Duration::from_secs(5);

const ROLES: [&str; 5] = ["accountant", "admin", "dispatcher", "owner", "viewer"];

fn dev(data: &str) -> Program {
    let ports = ["--api-port", "0", "--jobs-port", "0", "--web-port", "0"];
    let arguments = [&["dev", "--data-dir", data, "--demo", "none"][..], &ports].concat();
    Program::start(&arguments, &[])
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

async fn user(url: &Value) -> String {
    let mut db = PgConnection::connect(url.as_str().unwrap()).await.unwrap();
    sqlx::query_scalar("select current_user::text").fetch_one(&mut db).await.unwrap()
}

/// How `login` is answered, with its own password and with another.
async fn admitted(told: &Value, login: &Value) -> (u16, u16) {
    let url = format!("{}/v1/admin/leads", told["api"].as_str().unwrap());
    let (name, password) = (login["username"].as_str().unwrap(), login["password"].as_str());
    let ask = |password| client().get(&url).basic_auth(name, password).send();
    let (right, wrong) = tokio::join!(ask(password), ask(Some("wrong")));
    (right.unwrap().status().as_u16(), wrong.unwrap().status().as_u16())
}

/// Processes that hold a file of this directory as their working directory.
fn at_work_in(directory: &Path) -> usize {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let places =
        processes.filter_map(|process| std::fs::read_link(process.path().join("cwd")).ok());
    places.filter(|place| place.starts_with(directory)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_address_and_login_it_tells_works_and_ctrl_c_ends_it_all() {
    let data = tempfile::tempdir().unwrap();
    let mut program = dev(data.path().to_str().unwrap());
    let told = program.ready();
    let expected = ["api", "database", "jobs", "orgs", "owner_database", "web"];
    assert_eq!(keys(&told), BTreeSet::from(expected));
    assert_eq!(user(&told["database"]).await, "cleaning_app");
    user(&told["owner_database"]).await;
    for process in ["api", "jobs", "web"] {
        let url = format!("{}/healthz", told[process].as_str().unwrap());
        assert_eq!(client().get(url).send().await.unwrap().status(), 200, "{process}");
    }

    let orgs = told["orgs"].as_array().unwrap();
    assert_eq!(orgs.len(), 2);
    for org in orgs {
        assert_eq!(keys(org), BTreeSet::from(["logins", "name", "org_id"]));
        assert_eq!(keys(&org["logins"]), BTreeSet::from(ROLES));
        for role in ROLES {
            let login = &org["logins"][role];
            assert_eq!(keys(login), BTreeSet::from(["password", "username"]));
            // Leads are none of an accountant's business; a stranger is told so in another way.
            let right = if role == "accountant" { 403 } else { 200 };
            assert_eq!(admitted(&told, login).await, (right, 401), "{role}");
        }
    }

    let mut db = PgConnection::connect(told["owner_database"].as_str().unwrap()).await.unwrap();
    let place: String = sqlx::query_scalar("show data_directory").fetch_one(&mut db).await.unwrap();
    let place = Path::new(&place);
    assert!(at_work_in(place) > 0);
    let asked = Instant::now();
    assert!(program.end("INT").success());
    assert!(asked.elapsed() < STOP, "{:?}", asked.elapsed());
    assert_eq!(at_work_in(place), 0, "the server is left behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_tells_the_same_logins_and_goes_on_with_the_same_log() {
    let data = tempfile::tempdir().unwrap();
    let mut seen = Vec::new();
    for _ in 0..2 {
        let mut program = dev(data.path().to_str().unwrap());
        let told = program.ready();
        let mut db = PgConnection::connect(told["owner_database"].as_str().unwrap()).await.unwrap();
        let log: Vec<(String, i64, Vec<u8>)> = sqlx::query_as(
            "select org_id::text, position, hash from public.events order by org_id, position",
        )
        .fetch_all(&mut db)
        .await
        .unwrap();
        assert!(!log.is_empty());
        seen.push((told["orgs"].clone(), log));
        assert!(program.stop().success());
    }
    assert_eq!(seen[0], seen[1]);
}

#[test]
fn a_directory_that_cannot_be_written_is_one_sentence() {
    // Nobody, not even root, makes a directory inside a file.
    let file = tempfile::NamedTempFile::new().unwrap();
    let inside = file.path().join("data");
    let output = Program::output(&["dev", "--data-dir", inside.to_str().unwrap()], &[]);
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.lines().count() == 1 && errors.contains("directory"), "{errors}");
}
