//! The private database server of development and tests.

use std::process::Command;
use std::time::{Duration, Instant};

use runner::postgres::{Cluster, Options, Profile, StartError};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Executor, PgConnection};

fn options(directory: &std::path::Path) -> Options {
    Options { directory: directory.to_owned(), port: 0, profile: Profile::Durable }
}

async fn connect(cluster: &Cluster) -> PgConnection {
    let address: PgConnectOptions = cluster.admin_url("postgres").parse().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        match address.connect().await {
            Ok(db) => return db,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_second_start_goes_on_where_the_first_ended() {
    let home = tempfile::tempdir().unwrap();
    let mut first = Cluster::start(&options(home.path())).unwrap();
    connect(&first)
        .await
        .execute("create table kept (n int); insert into kept values (7)")
        .await
        .unwrap();
    first.stop();
    drop(first);

    let second = Cluster::start(&options(home.path())).unwrap();
    let kept: i32 = sqlx::query_scalar("select n from kept")
        .fetch_one(&mut connect(&second).await)
        .await
        .unwrap();
    assert_eq!(kept, 7);
}

#[tokio::test]
async fn a_directory_in_use_is_refused_by_name() {
    let home = tempfile::tempdir().unwrap();
    let _first = Cluster::start(&options(home.path())).unwrap();
    let second = Cluster::start(&options(home.path()));
    assert!(matches!(second, Err(StartError::InUse(_))), "{second:?}");
}

#[tokio::test]
async fn a_killed_server_is_started_again_with_everything_committed() {
    let home = tempfile::tempdir().unwrap();
    let cluster = Cluster::start(&options(home.path())).unwrap();
    let mut db = connect(&cluster).await;
    db.execute("create table kept (n int); insert into kept values (7)").await.unwrap();
    let data: String = sqlx::query_scalar("show data_directory").fetch_one(&mut db).await.unwrap();
    let pid = std::fs::read_to_string(format!("{data}/postmaster.pid")).unwrap();
    let pid = pid.lines().next().unwrap().to_owned();
    assert!(Command::new("kill").args(["-9", &pid]).status().unwrap().success());

    // The old connection notices, then the new server answers.
    while db.execute("select 1").await.is_ok() {}
    let mut db = connect(&cluster).await;
    let kept: i32 = sqlx::query_scalar("select n from kept").fetch_one(&mut db).await.unwrap();
    assert_eq!(kept, 7);
}
