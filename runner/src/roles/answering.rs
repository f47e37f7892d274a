//! Waiting for everything that `dev` has started.

use std::time::{Duration, Instant};

use anyhow::bail;
use serde_json::Value;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection};

/// How long everything may take to answer before the start counts as failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long the read models may take for the largest demo data.
const READING: Duration = Duration::from_mins(20);

/// Waits until every address answers and the read models have the demo data.
pub(super) async fn answering(told: &Value, database: &str) -> anyhow::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    let http = reqwest::Client::new();
    for (process, path) in [("api", "/healthz"), ("jobs", "/healthz"), ("web", "/healthz")] {
        let address = format!("{}{path}", told[process].as_str().unwrap_or_default());
        loop {
            let answer = http.get(&address).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                break;
            }
            if Instant::now() > deadline {
                bail!("{address} does not answer; see cleaning.log in the data directory");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    let names: Vec<String> = projections::READERS.iter().map(|r| r.name.to_owned()).collect();
    let options: PgConnectOptions = database.parse()?;
    let mut db = options.connect().await?;
    let deadline = Instant::now() + READING;
    while Instant::now() < deadline {
        let behind = sqlx::query_scalar!(r#"select count(*) as "n!" from log.lagging($1)"#, &names)
            .fetch_one(&mut db)
            .await?;
        if behind == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    db.close().await?;
    Ok(())
}
