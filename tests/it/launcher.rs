//! The private database server of development and tests.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use runner::postgres::{Cluster, Options, Profile, StartError};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Executor, PgConnection};

fn options(directory: &Path) -> Options {
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
    let pid = fs::read_to_string(format!("{data}/postmaster.pid")).unwrap();
    let pid = pid.lines().next().unwrap().to_owned();
    assert!(Command::new("kill").args(["-9", &pid]).status().unwrap().success());

    // The old connection notices, then the new server answers.
    while db.execute("select 1").await.is_ok() {}
    let mut db = connect(&cluster).await;
    let kept: i32 = sqlx::query_scalar("select n from kept").fetch_one(&mut db).await.unwrap();
    assert_eq!(kept, 7);
}

/// What the server says of one of its settings.
async fn setting(cluster: &Cluster, name: &str) -> String {
    let show = format!("show {name}");
    sqlx::query_scalar(&show).fetch_one(&mut connect(cluster).await).await.unwrap()
}

#[tokio::test]
async fn the_server_never_runs_as_root() {
    let home = tempfile::tempdir().unwrap();
    let cluster = Cluster::start(&options(home.path())).unwrap();
    let data = PathBuf::from(setting(&cluster, "data_directory").await);
    let note = fs::read_to_string(data.join("postmaster.pid")).unwrap();
    let process = Path::new("/proc").join(note.lines().next().unwrap());
    assert_ne!(fs::metadata(process).unwrap().uid(), 0);
    assert_ne!(fs::metadata(data).unwrap().uid(), 0);
}

#[tokio::test]
async fn a_directory_closed_to_the_servers_user_says_where_the_cluster_is_instead() {
    let closed = tempfile::tempdir().unwrap();
    if fs::metadata(closed.path()).unwrap().uid() != 0 {
        return; // Only root runs the server as somebody else.
    }
    fs::set_permissions(closed.path(), Permissions::from_mode(0o700)).unwrap();
    let home = closed.path().join("pg");
    let cluster = Cluster::start(&options(&home)).unwrap();
    let elsewhere = PathBuf::from(fs::read_to_string(home.join("MOVED")).unwrap().trim());
    let data = PathBuf::from(setting(&cluster, "data_directory").await);
    assert!(elsewhere.starts_with("/var/tmp") && data.starts_with(&elsewhere), "{data:?}");
    assert_eq!(fs::metadata(&elsewhere).unwrap().permissions().mode() & 0o077, 0);
    drop(cluster);
    fs::remove_dir_all(elsewhere).unwrap();
}

#[tokio::test]
async fn a_deep_directory_still_has_a_socket() {
    let home = tempfile::tempdir().unwrap();
    fs::set_permissions(home.path(), Permissions::from_mode(0o755)).unwrap();
    let deep = home.path().join("d".repeat(60)).join("e".repeat(60));
    let cluster = Cluster::start(&options(&deep)).unwrap();
    let sockets = setting(&cluster, "unix_socket_directories").await;
    let file = format!(".s.PGSQL.{}", setting(&cluster, "port").await);
    assert!(fs::exists(Path::new(&sockets).join(file)).unwrap());
    drop(cluster);
    fs::remove_dir_all(sockets).unwrap();
}

#[tokio::test]
async fn neither_passwords_nor_refused_values_are_shown() {
    let home = tempfile::tempdir().unwrap();
    let cluster = Cluster::start(&options(home.path())).unwrap();
    let url: reqwest::Url = cluster.admin_url("postgres").parse().unwrap();
    assert!(!format!("{cluster:?}").contains(url.password().unwrap()));

    let mut db = connect(&cluster).await;
    db.execute("select 'dana@example.org'::int").await.unwrap_err();
    let data = PathBuf::from(setting(&cluster, "data_directory").await);
    let log = fs::read_to_string(data.parent().unwrap().join("postgres.log")).unwrap();
    assert!(log.contains("ready to accept connections") && !log.contains("dana"), "{log}");
}
