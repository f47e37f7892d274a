//! `cleaning dev`: everything with one command, from nothing or from where it ended, and nothing left behind.

use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use sqlx::{Connection, Executor, PgConnection};

use crate::harness::Program;
use crate::harness::program::client;

/// Promised in the description of the role.
const STOP: Duration = Duration::from_secs(5);

fn dev(data: &Path, more: &[&str]) -> Program {
    let mut arguments = vec!["dev", "--data-dir", data.to_str().unwrap(), "--demo", "none"];
    arguments.extend(["--api-port", "0", "--jobs-port", "0", "--web-port", "0"]);
    arguments.extend(more);
    Program::start(&arguments, &[])
}

async fn owner(told: &Value) -> PgConnection {
    PgConnection::connect(told["owner_database"].as_str().unwrap()).await.unwrap()
}

async fn status(told: &Value, process: &str) -> u16 {
    let url = format!("{}/healthz", told[process].as_str().unwrap());
    client().get(url).send().await.unwrap().status().as_u16()
}

/// The server behind this instance.
async fn postmaster(told: &Value) -> u32 {
    let mut db = owner(told).await;
    let data: String = sqlx::query_scalar("show data_directory").fetch_one(&mut db).await.unwrap();
    let note = std::fs::read_to_string(Path::new(&data).join("postmaster.pid")).unwrap();
    note.lines().next().unwrap().parse().unwrap()
}

/// Whether a process runs; one that has ended and that nobody has asked about yet does not.
fn lives(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().next());
    state.is_some_and(|state| state != "Z")
}

#[tokio::test]
async fn everything_answers_ends_together_and_goes_on_where_it_ended() {
    let data = tempfile::tempdir().unwrap();
    let mut first = dev(data.path(), &[]);
    let told = first.ready();
    for process in ["api", "jobs", "web"] {
        assert_eq!(status(&told, process).await, 200, "{process}");
    }
    owner(&told)
        .await
        .execute("create table kept (n int); insert into kept values (7)")
        .await
        .unwrap();
    let server = postmaster(&told).await;

    let asked = Instant::now();
    assert!(first.stop().success());
    assert!(asked.elapsed() < STOP, "{:?}", asked.elapsed());
    assert!(!lives(server));

    let mut second = dev(data.path(), &[]);
    let told = second.ready();
    let kept: i32 =
        sqlx::query_scalar("select n from kept").fetch_one(&mut owner(&told).await).await.unwrap();
    assert_eq!(kept, 7);
}

#[tokio::test]
async fn a_killed_instance_leaves_no_server_and_the_next_starts_at_once() {
    let data = tempfile::tempdir().unwrap();
    let mut first = dev(data.path(), &[]);
    let told = first.ready();
    let server = postmaster(&told).await;
    owner(&told).await.execute("create table kept ()").await.unwrap();
    first.kill();

    let mut second = dev(data.path(), &[]);
    let told = second.ready();
    assert!(!lives(server));
    assert_ne!(postmaster(&told).await, server);
    owner(&told).await.execute("select from kept").await.unwrap();
}

#[tokio::test]
async fn two_instances_run_side_by_side_and_a_third_on_the_same_directory_is_refused() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (mut first, mut second) = (dev(one.path(), &[]), dev(two.path(), &[]));
    let (first_told, second_told) = (first.ready(), second.ready());
    assert_eq!(status(&first_told, "api").await, 200);
    assert_eq!(status(&second_told, "api").await, 200);

    let third = Program::output(
        &[
            "dev",
            "--data-dir",
            one.path().to_str().unwrap(),
            "--api-port",
            "0",
            "--jobs-port",
            "0",
            "--web-port",
            "0",
        ],
        &[],
    );
    assert_eq!(third.status.code(), Some(1));
    let errors = String::from_utf8(third.stderr).unwrap();
    assert!(errors.contains("in use by another process"), "{errors}");
}

#[test]
fn a_port_in_use_is_named() {
    let data = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let data = data.path().to_str().unwrap();
    let output = Program::output(&["dev", "--data-dir", data, "--api-port", &port], &[]);
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains(&port) && errors.lines().count() == 1, "{errors}");
}
