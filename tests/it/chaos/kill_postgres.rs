//! The database server killed under load: nothing acknowledged is lost, and the API neither falls nor hangs.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use commands::{BusOptions, CommandBus};
use domain::id::OrgId;
use domain::organisation::Profile as Organisation;
use runner::migrate::{self, Login};
use runner::postgres::{Cluster, Options, Profile};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection, PgPool};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::Office;
use super::office::PATIENCE;
use crate::append::sound;
use crate::harness::Served;
use crate::harness::database::{context, keys};
use crate::harness::program::{client, free_port, send};

const KILLS: usize = 5;

/// Promised to whoever asks while there is no database.
const ANSWER: Duration = Duration::from_millis(2500);

const PASSWORD: &str = "test-only";

fn start(directory: &Path, port: u16) -> Cluster {
    // As in production: what is committed must survive.
    let profile = Profile::Durable;
    Cluster::start(&Options { directory: directory.to_owned(), port, profile }).unwrap()
}

async fn admin(cluster: &Cluster, database: &str) -> PgConnection {
    let options: PgConnectOptions = cluster.admin_url(database).parse().unwrap();
    let deadline = Instant::now() + PATIENCE;
    loop {
        match options.connect().await {
            Ok(db) => return db,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
        tokio::task::yield_now().await;
    }
}

async fn migrated(cluster: &Cluster) -> (String, OrgId) {
    let mut db = admin(cluster, "postgres").await;
    sqlx::query("create database cleaning").execute(&mut db).await.unwrap();
    let options: PgConnectOptions = cluster.admin_url("cleaning").parse().unwrap();
    let logins = ["cleaning_app", "cleaning_worker", "cleaning_auditor"]
        .map(|role| Login { role: role.to_owned(), password: PASSWORD.into() });
    migrate::up(&options, &migrate::embedded().unwrap(), &logins).await.unwrap();

    let url = cluster.url("cleaning_app", PASSWORD, "cleaning");
    let app = PgPool::connect(&url).await.unwrap();
    let bus = BusOptions::new(url.parse().unwrap(), keys(), TaskTracker::new());
    let org = OrgId::from(Uuid::now_v7());
    let profile = Organisation {
        slug: "chaos".to_owned(),
        name: "Chaos".to_owned(),
        timezone: "America/Edmonton".to_owned(),
    };
    CommandBus::start(app, bus).open_organisation(&context(org), profile).await.unwrap();
    (url, org)
}

async fn postmaster(db: &mut PgConnection) -> u32 {
    let data: String = sqlx::query_scalar("show data_directory").fetch_one(db).await.unwrap();
    let note = fs::read_to_string(Path::new(&data).join("postmaster.pid")).unwrap();
    note.lines().next().unwrap().parse().unwrap()
}

/// Asks whether the process lives, until told to stop; every answer must be yes.
async fn pulse(url: String, stop: Arc<AtomicBool>) -> usize {
    let http = client();
    let mut beats = 0;
    while !stop.load(Ordering::Relaxed) {
        let asked = Instant::now();
        let answer = http.get(format!("{url}/livez")).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert!(asked.elapsed() < ANSWER, "{:?}", asked.elapsed());
        beats += 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    beats
}

#[tokio::test(flavor = "multi_thread")]
async fn killing_the_database_loses_nothing_and_the_api_comes_back_by_itself() {
    let home = tempfile::tempdir().unwrap();
    let port = free_port();
    let mut cluster = start(home.path(), port);
    let (url, org) = migrated(&cluster).await;
    let office = Office::new(org, &mut admin(&cluster, "cleaning").await).await;
    let api = Served::over("api", &url, &url, &[]).await;
    office.moved(vec![api.url.clone()]);
    let stop = Arc::new(AtomicBool::new(false));
    #[expect(clippy::disallowed_methods, reason = "joined below")]
    let beats = tokio::spawn(pulse(api.url.clone(), Arc::clone(&stop)));

    let clients = office.open();
    for _ in 0..KILLS {
        office.progress(50).await;
        send("KILL", postmaster(&mut admin(&cluster, "postgres").await).await);
    }
    office.progress(50).await;

    // Gone for longer than anybody waits.
    cluster.stop();
    drop(cluster);
    let asked = Instant::now();
    let answer = client().post(format!("{}/v1/leads", api.url)).header("X-Org", org.to_string());
    let answer = answer.json(&super::office::lead()).send().await.unwrap();
    assert_eq!(answer.status(), 503);
    assert!(asked.elapsed() < ANSWER, "{:?}", asked.elapsed());
    cluster = start(home.path(), port);
    office.progress(50).await;
    office.close(clients).await;

    stop.store(true, Ordering::Relaxed);
    assert!(beats.await.unwrap() > 0);
    assert!(office.failed() > 0, "no request was lost: the kills did not hit");
    assert!(office.slowest() < ANSWER, "{:?}", office.slowest());
    office.assert_each_once(&sound(&mut admin(&cluster, "cleaning").await, org).await);
}
