//! Configuration: read once from the environment, typed, and complete before anything starts.

pub mod captcha;
pub mod edge;
pub mod environment;
pub mod mail;
pub mod payments;
pub mod portal;
pub mod reference;
pub mod rules;
pub mod shown;
pub mod spelling;
pub mod staff;
pub mod storage;
pub mod watch;

use std::str::FromStr;
use std::time::Duration;

use clap::{ArgAction, Args, ValueEnum};
use projections::history::checkpoint::SigningKey;
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::PgConnectOptions;

pub use self::mail::EmailMode;

const GENERAL: &str = "General";
const DATABASE: &str = "Database";
const KEYS: &str = "Keys and secrets";
const HTTP: &str = "HTTP";
const WORK: &str = "Lanes and read models";
const JOBS: &str = "Jobs";
const AUDIT: &str = "Audit log";

/// A process of an installation, as far as its configuration is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// The HTTP API.
    Api,
    /// Read models, deliveries and timers.
    Jobs,
    /// The screens.
    Web,
    /// The commands for operators, like `migrate`.
    #[value(skip)]
    Tools,
}

impl Role {
    /// As it is called on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Jobs => "jobs",
            Self::Web => "web",
            Self::Tools => "tools",
        }
    }
}

/// How much of the address of a client the audit log keeps, for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ClientAddress {
    /// Nothing.
    None,
    /// The network: 24 bits of IPv4, 48 of IPv6.
    #[default]
    Network,
    /// All of it.
    Full,
}

/// How much of the address of a client is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LoggedAddress {
    /// Nothing.
    Off,
    /// The network: 24 bits of IPv4, 48 of IPv6.
    #[default]
    Truncated,
    /// All of it.
    Full,
}

/// What is being run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum AppEnv {
    /// On a developer's machine.
    Dev,
    /// For customers.
    #[default]
    Prod,
}

/// Everything the processes of an installation need to know: the declaration of every variable. `docs/configuration.md`,
/// `cleaning config check` and `--help` are made of it.
#[derive(Args, Clone, Debug)]
pub struct Config {
    /// What the installation is for. `prod` refuses to start with weak secrets or insecure switches.
    #[arg(long, env = "APP_ENV", value_enum, default_value = "prod", help_heading = GENERAL)]
    pub app_env: AppEnv,
    /// Least severe line that is logged: `DEBUG`, `INFO`, `WARNING` or `ERROR`.
    #[arg(long, env = "LOG_LEVEL", default_value = "INFO", value_parser = parse_level, value_name = "LEVEL",
        help_heading = GENERAL)]
    pub log_level: tracing::Level,
    /// Whether `LOG_LEVEL=DEBUG` is accepted in production, where it costs speed and says much.
    #[arg(long, env = "LOG_ALLOW_DEBUG", default_value_t = false, action = ArgAction::Set, value_name = "BOOL",
        help_heading = GENERAL)]
    pub log_allow_debug: bool,
    /// How much of the address of a client is logged.
    #[arg(long, env = "LOG_CLIENT_IP", value_enum, default_value = "truncated", help_heading = GENERAL)]
    pub log_client_ip: LoggedAddress,

    /// The database, as `cleaning_app`. A driver suffix like `postgresql+psycopg` is understood.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL", help_heading = DATABASE)]
    pub database_url: Option<SecretString>,
    /// The database, as `cleaning_worker`. Default: `DATABASE_URL`.
    #[arg(long, env = "DATABASE_WORKER_URL", hide_env_values = true, value_name = "URL", help_heading = DATABASE)]
    pub database_worker_url: Option<SecretString>,
    /// The database, as its administrator or `cleaning_owner`: migrations and rebuilds. Default: `DATABASE_URL`.
    /// Jobs that have it make read models again by themselves when their code has changed.
    #[arg(long, env = "DATABASE_MIGRATION_URL", hide_env_values = true, value_name = "URL", help_heading = DATABASE)]
    pub database_migration_url: Option<SecretString>,
    /// Connections of one API process to the database, lanes not counted.
    #[arg(long, env = "DATABASE_POOL_SIZE", default_value_t = 20, value_name = "NUMBER", help_heading = DATABASE,
        value_parser = clap::value_parser!(u32).range(1..))]
    pub database_pool_size: u32,
    /// How many more connections an API process may make when those are busy.
    #[arg(long, env = "DATABASE_MAX_OVERFLOW", default_value_t = 10, value_name = "NUMBER", help_heading = DATABASE)]
    pub database_max_overflow: u32,
    /// How long a request waits for a connection before it is answered with 503.
    #[arg(long, env = "DATABASE_POOL_TIMEOUT_SECONDS", default_value = "2", value_name = "SECONDS",
        value_parser = parse_seconds, help_heading = DATABASE)]
    pub database_pool_timeout: Duration,
    /// The database gives up a statement that takes longer.
    #[arg(long, env = "DATABASE_STATEMENT_TIMEOUT_MS", default_value_t = 5000, value_name = "MILLISECONDS",
        help_heading = DATABASE)]
    pub database_statement_timeout_ms: u32,
    /// The database gives up waiting for a lock after this.
    #[arg(long, env = "DATABASE_LOCK_TIMEOUT_MS", default_value_t = 2000, value_name = "MILLISECONDS",
        help_heading = DATABASE)]
    pub database_lock_timeout_ms: u32,
    /// The database rolls back a transaction of the API in which nothing happens for this long.
    #[arg(long, env = "DATABASE_IDLE_TX_TIMEOUT_MS", default_value_t = 15_000, value_name = "MILLISECONDS",
        help_heading = DATABASE)]
    pub database_idle_tx_timeout_ms: u32,

    /// `VERSION:BASE64[,VERSION:BASE64…]`: keys of 32 bytes that wrap the keys of persons; the highest version is used
    /// for new ones. Losing them erases everybody.
    #[arg(long, env = "PII_MASTER_KEY", hide_env_values = true, value_name = "KEYS", help_heading = KEYS)]
    pub pii_master_key: Option<SecretString>,
    /// Base64 of the 32-byte Ed25519 seed that signs chain heads. Jobs without it sign none.
    #[arg(long, env = "HISTORY_SIGNING_KEY", hide_env_values = true, value_name = "BASE64", help_heading = KEYS)]
    pub history_signing_key: Option<SecretString>,
    /// Secret of sessions and forms, at least 32 random characters. All processes of API and screens share it.
    #[arg(long, env = "AUTH_SECRET_KEY", hide_env_values = true, value_name = "TEXT", help_heading = KEYS)]
    pub auth_secret_key: Option<SecretString>,
    /// The one before it, for as long as sessions begun under it are out.
    #[arg(long, env = "AUTH_SECRET_KEY_PREVIOUS", hide_env_values = true, value_name = "TEXT", help_heading = KEYS)]
    pub auth_secret_key_previous: Option<SecretString>,

    /// Where the API listens.
    #[arg(long, env = "API_BIND", default_value = "0.0.0.0:8000", value_name = "ADDRESS:PORT", help_heading = HTTP)]
    pub api_bind: String,
    /// Where the jobs process tells about itself.
    #[arg(long, env = "JOBS_BIND", default_value = "0.0.0.0:8001", value_name = "ADDRESS:PORT", help_heading = HTTP)]
    pub jobs_bind: String,
    /// Where the screens are served.
    #[arg(long, env = "WEB_BIND", default_value = "0.0.0.0:3000", value_name = "ADDRESS:PORT", help_heading = HTTP)]
    pub web_bind: String,
    /// Where the screens find the API.
    #[arg(long, env = "API_URL", default_value = "http://127.0.0.1:8000", value_name = "URL", help_heading = HTTP)]
    pub api_url: url::Url,
    /// The organisation of public requests that name none.
    #[arg(long, env = "DEFAULT_ORG_ID", value_name = "UUID", help_heading = HTTP)]
    pub default_org_id: Option<uuid::Uuid>,
    /// Whether `/docs` and `/openapi.json` are served. Default: in `dev` only.
    #[arg(long, env = "API_DOCS_ENABLED", action = ArgAction::Set, value_name = "BOOL", help_heading = HTTP)]
    pub api_docs_enabled: Option<bool>,

    #[command(flatten)]
    #[expect(missing_docs, reason = "documentation here would be taken for that of the command")]
    pub edge: edge::EdgeConfig,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documentation here would be taken for that of the command")]
    pub staff: staff::Staff,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documentation here would be taken for that of the command")]
    pub portal: portal::PortalConfig,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documentation here would be taken for that of the command")]
    pub storage: storage::StorageConfig,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documentation here would be taken for that of the command")]
    pub watch: watch::WatchConfig,

    /// Append lanes. Default: one per core, at most 4.
    #[arg(long, env = "LANES", value_name = "NUMBER", help_heading = WORK)]
    pub lanes: Option<usize>,
    /// Commands that may wait in each lane before callers get 503.
    #[arg(long, env = "QUEUE_CAPACITY", default_value_t = 4096, value_name = "NUMBER", help_heading = WORK)]
    pub queue_capacity: usize,
    /// How long after the last sign of life of a jobs process another takes over its read models.
    #[arg(long, env = "PROJECTION_LEASE_SECONDS", default_value_t = 15, value_name = "SECONDS", help_heading = WORK,
        value_parser = clap::value_parser!(u16).range(1..=3600))]
    pub projection_lease_seconds: u16,

    /// Whether jobs are to run somewhere: `/readyz` then asks for their heartbeat. Starts and stops nothing.
    #[arg(long, env = "JOBS_ENABLED", default_value_t = false, action = ArgAction::Set, value_name = "BOOL",
        help_heading = JOBS)]
    pub jobs_enabled: bool,
    /// As `JOBS_ENABLED`, for installations that name it so.
    #[arg(long, env = "JOB_HEARTBEAT_REQUIRED", default_value_t = false, action = ArgAction::Set, value_name = "BOOL",
        help_heading = JOBS)]
    pub job_heartbeat_required: bool,
    /// How old the heartbeat of the jobs may be.
    #[arg(long, env = "JOB_HEARTBEAT_TTL_SECONDS", default_value_t = 180, value_name = "SECONDS", help_heading = JOBS,
        value_parser = clap::value_parser!(u32).range(1..))]
    pub job_heartbeat_ttl_seconds: u32,
    /// What a jobs process calls itself in heartbeats. Default: the name of the machine.
    #[arg(long, env = "JOB_RUNNER_ID", value_name = "TEXT", help_heading = JOBS)]
    pub job_runner_id: Option<String>,
    /// How often the head of every log that has grown is signed.
    #[arg(long, env = "CHECKPOINT_INTERVAL_MINUTES", default_value_t = 60, value_name = "MINUTES", help_heading = JOBS,
        value_parser = clap::value_parser!(u32).range(1..=10_080))]
    pub checkpoint_interval_minutes: u32,

    #[command(flatten)]
    #[expect(missing_docs, reason = "documentation here would be taken for that of the command")]
    pub mail: mail::MailConfig,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documentation here would be taken for that of the command")]
    pub payments: payments::PaymentsConfig,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documentation here would be taken for that of the command")]
    pub captcha: captcha::CaptchaConfig,

    /// How much of the address of a client events and audit log keep; neither ever forgets it.
    #[arg(long, env = "AUDIT_CLIENT_ADDRESS", value_enum, default_value = "network", help_heading = AUDIT)]
    pub audit_client_address: ClientAddress,
    /// How long `cleaning audit prune` keeps entries that are no events. Events stay for ever.
    #[arg(long, env = "AUDIT_RETENTION_DAYS", default_value_t = 2555, value_name = "DAYS", help_heading = AUDIT,
        value_parser = clap::value_parser!(u16).range(1..))]
    pub audit_retention_days: u16,
    /// File in which entries of the audit log wait while the database is away, one for each API process. Without it they
    /// wait in memory and are lost with the process.
    #[arg(long, env = "AUDIT_SPOOL_FILE", value_name = "PATH", help_heading = AUDIT)]
    pub audit_spool_file: Option<std::path::PathBuf>,
}

/// What is wrong with the configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A value is needed and missing.
    #[error("{0} is required")]
    Missing(&'static str),
    /// A value cannot be used; it is not shown, for it may be a secret.
    #[error("{name} cannot be used: {why}")]
    Unusable {
        /// Which variable.
        name: &'static str,
        /// Why.
        why: String,
    },
}

impl Config {
    /// The database as the API sees it.
    pub fn app_database(&self) -> Result<PgConnectOptions, ConfigError> {
        database("DATABASE_URL", self.database_url.as_ref())
    }

    /// The database as the jobs see it.
    pub fn worker_database(&self) -> Result<PgConnectOptions, ConfigError> {
        let url = self.database_worker_url.as_ref().or(self.database_url.as_ref());
        database("DATABASE_WORKER_URL", url)
    }

    /// The database as its administrator sees it.
    pub fn owner_database(&self) -> Result<PgConnectOptions, ConfigError> {
        let url = self.database_migration_url.as_ref().or(self.database_url.as_ref());
        database("DATABASE_MIGRATION_URL", url)
    }

    /// The master keys.
    pub fn master_keys(&self) -> Result<domain::seal::MasterKeys, ConfigError> {
        let text = required("PII_MASTER_KEY", self.pii_master_key.as_ref())?;
        domain::seal::MasterKeys::parse(text.trim()).map_err(|error| ConfigError::Unusable {
            name: "PII_MASTER_KEY",
            why: error.to_string(),
        })
    }

    /// The key that signs chain heads.
    pub fn signing_key(&self) -> Result<SigningKey, ConfigError> {
        let text = required("HISTORY_SIGNING_KEY", self.history_signing_key.as_ref())?;
        SigningKey::parse(text.trim()).map_err(|error| ConfigError::Unusable {
            name: "HISTORY_SIGNING_KEY",
            why: error.to_string(),
        })
    }

    /// How old the heartbeat of the jobs may be, if anybody is to ask for it.
    pub fn heartbeat(&self) -> Option<Duration> {
        let wanted = self.jobs_enabled || self.job_heartbeat_required;
        wanted.then(|| Duration::from_secs(self.job_heartbeat_ttl_seconds.into()))
    }

    /// What a jobs process calls itself.
    pub fn runner_id(&self) -> String {
        let given = self.job_runner_id.as_deref().map(str::trim).filter(|name| !name.is_empty());
        let machine = || std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let name = given.map_or_else(|| machine().trim().to_owned(), str::to_owned);
        if name.is_empty() { "jobs".to_owned() } else { name.chars().take(128).collect() }
    }

    /// What signs access tokens.
    pub fn tokens(&self) -> Result<api::Tokens, ConfigError> {
        let name = "AUTH_SECRET_KEY";
        let key = self.auth_secret_key.as_ref().ok_or(ConfigError::Missing(name))?;
        api::Tokens::new(key, self.auth_secret_key_previous.as_ref())
            .map_err(|error| ConfigError::Unusable { name, why: error.to_string() })
    }

    /// How many lanes.
    pub fn lanes(&self) -> usize {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        self.lanes.unwrap_or(cores.min(4)).max(1)
    }
}

/// Reads a database address; says what is wrong with it without showing it.
pub fn database(
    name: &'static str,
    url: Option<&SecretString>,
) -> Result<PgConnectOptions, ConfigError> {
    let url = required(name, url)?;
    let unusable =
        || ConfigError::Unusable { name, why: "it is not the address of a database".to_owned() };
    let (scheme, rest) = url.split_once("://").ok_or_else(unusable)?;
    // The database library itself would take any scheme.
    let scheme = scheme.split('+').next().unwrap_or(scheme);
    if !["postgres", "postgresql"].contains(&scheme) {
        return Err(unusable());
    }
    PgConnectOptions::from_str(&format!("{scheme}://{rest}"))
        .map(|options| options.options([("jit", "off")]))
        .map_err(|_| unusable())
}

fn required<'a>(
    name: &'static str,
    value: Option<&'a SecretString>,
) -> Result<&'a str, ConfigError> {
    value.map(ExposeSecret::expose_secret).ok_or(ConfigError::Missing(name))
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    text.parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "must be a number of seconds above 0".to_owned())
}

fn parse_level(text: &str) -> Result<tracing::Level, String> {
    match text.to_ascii_uppercase().as_str() {
        "DEBUG" => Ok(tracing::Level::DEBUG),
        "INFO" => Ok(tracing::Level::INFO),
        "WARN" | "WARNING" => Ok(tracing::Level::WARN),
        "ERROR" | "CRITICAL" => Ok(tracing::Level::ERROR),
        _ => Err("must be DEBUG, INFO, WARNING or ERROR".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_driver_part_of_an_address_is_left_out() {
        let url = SecretString::from("postgresql+psycopg://cleaning_app:s@db:5433/cleaning");
        let options = database("DATABASE_URL", Some(&url)).unwrap();
        assert_eq!((options.get_host(), options.get_port()), ("db", 5433));
    }

    #[test]
    fn a_bad_address_is_refused_without_being_shown() {
        for bad in ["secret-word", "http://secret-word", "postgres://secret-word:x:y/"] {
            let error = database("DATABASE_URL", Some(&SecretString::from(bad))).unwrap_err();
            assert!(!error.to_string().contains("secret-word"), "{error}");
        }
    }

    #[test]
    fn the_guides_level_names_are_understood_and_others_refused() {
        assert_eq!(parse_level("warning"), Ok(tracing::Level::WARN));
        assert!(parse_level("LOUD").is_err());
    }
}
