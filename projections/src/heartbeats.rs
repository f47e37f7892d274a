//! When the jobs of the installation were heard of last.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{PgConnection, PgPool};

/// The row that stands for the process that runs them.
pub const RUNNER: &str = "jobs-runner";

/// One job, in the order of fields that monitors know.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Heartbeat {
    /// What it is called.
    pub name: String,
    /// When it was seen at work.
    pub last_heartbeat: DateTime<Utc>,
    /// By which process.
    pub runner_id: String,
    /// When it last did what it is for.
    pub last_success_at: Option<DateTime<Utc>>,
    /// Why it did not, if it did not since.
    pub last_error: Option<String>,
    /// When that was.
    pub last_error_at: Option<DateTime<Utc>>,
    /// How often in a row.
    pub consecutive_failures: i32,
    /// How long ago it was seen, by the clock of the database.
    #[serde(skip)]
    pub age_seconds: f64,
}

/// All jobs that ever ran, by name. There are about ten.
pub async fn all(pool: &PgPool) -> Result<Vec<Heartbeat>, sqlx::Error> {
    sqlx::query_as!(
        Heartbeat,
        r#"select name, last_heartbeat, runner_id, last_success_at, last_error, last_error_at, consecutive_failures,
                  extract(epoch from now() - last_heartbeat)::float8 as "age_seconds!"
           from job_heartbeats order by name"#,
    )
    .fetch_all(pool)
    .await
}

/// One of them.
pub async fn of(db: &mut PgConnection, name: &str) -> Result<Option<Heartbeat>, sqlx::Error> {
    sqlx::query_as!(
        Heartbeat,
        r#"select name, last_heartbeat, runner_id, last_success_at, last_error, last_error_at, consecutive_failures,
                  extract(epoch from now() - last_heartbeat)::float8 as "age_seconds!"
           from job_heartbeats where name = $1"#,
        name,
    )
    .fetch_optional(db)
    .await
}
