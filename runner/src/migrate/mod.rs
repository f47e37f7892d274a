//! The schema: embedded files applied in order, forward only, by one migrator at a time.

pub mod draft;
mod graph;
mod roles;
mod scram;

use std::time::Instant;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor, PgConnection};

pub use graph::{GraphError, Migration, embedded, line};
pub use roles::Login;

/// Two migrators at once would both find the same files missing; any number, but always this one.
const LOCK: i64 = 0x636c_6561_6e69_6e67;

const LEDGER: &str = "
    create table if not exists public.schema_migrations (
        version     text primary key,
        name        text not null,
        checksum    text not null,
        applied_at  timestamptz not null default now(),
        duration_ms bigint not null,
        applied_by  text not null default session_user
    );
    grant select on public.schema_migrations to cleaning_app, cleaning_worker, cleaning_auditor;
    create or replace view public.alembic_version as
        select max(version) as version_num from public.schema_migrations;
    grant select on public.alembic_version to cleaning_app, cleaning_worker, cleaning_auditor;";

/// Why nothing was migrated.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The files do not form one line.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// A file was changed after it had been applied.
    #[error("Migration {0} checksum mismatch: it was changed after it had been applied")]
    Drift(String),
    /// A file failed; it and everything after it is not applied.
    #[error("migration {version} failed: {source}")]
    Failed {
        /// Which one.
        version: String,
        /// What the database said.
        source: sqlx::Error,
    },
    /// The database could not be used.
    #[error("the database cannot be migrated: {0}")]
    Database(#[from] sqlx::Error),
}

impl MigrateError {
    /// Exit code of `cleaning migrate`: 3 for several heads, 4 for a changed file, else 1.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Graph(GraphError::Heads(_)) => 3,
            Self::Drift(_) => 4,
            Self::Graph(_) | Self::Failed { .. } | Self::Database(_) => 1,
        }
    }
}

/// A file that was applied just now.
#[derive(Clone, Debug)]
pub struct Applied {
    /// Its number.
    pub version: String,
    /// The rest of its name.
    pub name: String,
    /// How long it took.
    pub milliseconds: i64,
}

/// Where a database stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The newest file applied.
    pub current: Option<String>,
    /// The newest file of this build.
    pub expected: String,
    /// What is missing, in order.
    pub pending: Vec<String>,
}

/// Brings the database up to this build. As a superuser it makes the roles first and gives `logins` their passwords.
pub async fn up(
    connect: &PgConnectOptions,
    files: &[Migration],
    logins: &[Login],
) -> Result<Vec<Applied>, MigrateError> {
    let line = line(files)?;
    let mut db = connect.clone().application_name("cleaning migrate").connect().await?;
    sqlx::query("select pg_advisory_lock($1)").bind(LOCK).execute(&mut db).await?;
    db.execute("set lock_timeout = '5s'; set client_min_messages = warning").await?;
    if roles::is_superuser(&mut db).await? {
        roles::ensure(&mut db, logins).await?;
    }
    db.execute("set role cleaning_owner; set search_path = public").await?;
    db.execute(LEDGER).await?;
    let ledger = ledger(&mut db).await?;
    let mut applied = Vec::new();
    for migration in line {
        match ledger.iter().find(|(version, _)| *version == migration.version) {
            Some((_, checksum)) if *checksum == migration.checksum() => {}
            Some(_) => return Err(MigrateError::Drift(migration.version.clone())),
            None => applied.push(apply(&mut db, migration).await?),
        }
    }
    db.close().await?;
    Ok(applied)
}

/// Where the database stands; changes nothing.
pub async fn status(
    connect: &PgConnectOptions,
    files: &[Migration],
) -> Result<Status, MigrateError> {
    let line = line(files)?;
    let mut db = connect.connect().await?;
    let known: bool =
        sqlx::query_scalar("select to_regclass('public.schema_migrations') is not null")
            .fetch_one(&mut db)
            .await?;
    let ledger = if known { ledger(&mut db).await? } else { Vec::new() };
    let pending = line
        .iter()
        .filter(|migration| !ledger.iter().any(|(version, _)| *version == migration.version))
        .map(|migration| migration.version.clone())
        .collect();
    Ok(Status {
        current: ledger.last().map(|(version, _)| version.clone()),
        expected: graph::newest(files),
        pending,
    })
}

/// How many applied files still are what was applied; fails at the first that is not. Files that this build does not know
/// are newer than it, and fine.
pub async fn verify(
    connect: &PgConnectOptions,
    files: &[Migration],
) -> Result<usize, MigrateError> {
    let line = line(files)?;
    let mut db = connect.connect().await?;
    let ledger = ledger(&mut db).await?;
    let mut agree = 0;
    for migration in line {
        match ledger.iter().find(|(version, _)| *version == migration.version) {
            Some((_, checksum)) if *checksum == migration.checksum() => agree += 1,
            Some(_) => return Err(MigrateError::Drift(migration.version.clone())),
            None => {}
        }
    }
    Ok(agree)
}

/// Ends of the line of files; more than one must not be applied.
pub fn heads(files: &[Migration]) -> Vec<String> {
    graph::heads(files)
}

async fn ledger(db: &mut PgConnection) -> Result<Vec<(String, String)>, sqlx::Error> {
    sqlx::query_as("select version, checksum from public.schema_migrations order by version")
        .fetch_all(db)
        .await
}

async fn apply(db: &mut PgConnection, migration: &Migration) -> Result<Applied, MigrateError> {
    let started = Instant::now();
    if migration.transaction {
        let mut tx = db.begin().await?;
        let milliseconds = carry_out(&mut tx, migration, started).await?;
        tx.commit().await?;
        return Ok(applied(migration, milliseconds));
    }
    let milliseconds = carry_out(db, migration, started).await?;
    Ok(applied(migration, milliseconds))
}

fn applied(migration: &Migration, milliseconds: i64) -> Applied {
    Applied { version: migration.version.clone(), name: migration.name.clone(), milliseconds }
}

async fn carry_out(
    db: &mut PgConnection,
    migration: &Migration,
    started: Instant,
) -> Result<i64, MigrateError> {
    let failed = |source| MigrateError::Failed { version: migration.version.clone(), source };
    db.execute(migration.sql.as_str()).await.map_err(failed)?;
    let milliseconds = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
    sqlx::query(
        "insert into public.schema_migrations (version, name, checksum, duration_ms) values ($1, $2, $3, $4)",
    )
    .bind(&migration.version)
    .bind(&migration.name)
    .bind(migration.checksum())
    .bind(milliseconds)
    .execute(db)
    .await?;
    Ok(milliseconds)
}
