//! Configuration: read once from the environment, typed, and complete before anything starts.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::PgConnectOptions;

/// How mail leaves the house.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum EmailMode {
    /// Not at all: every mail is kept as suppressed, with that reason.
    #[default]
    Off,
    /// By SMTP.
    Smtp,
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

/// Everything the processes of an installation need to know.
#[derive(Args, Clone, Debug)]
pub struct Config {
    /// `dev` or `prod`.
    #[arg(long, env = "APP_ENV", value_enum, default_value = "prod")]
    pub app_env: AppEnv,
    /// The database, as `cleaning_app`. A driver suffix like `postgresql+psycopg` is understood.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<SecretString>,
    /// The database, as `cleaning_worker`. Default: `DATABASE_URL`.
    #[arg(long, env = "DATABASE_WORKER_URL", hide_env_values = true)]
    pub database_worker_url: Option<SecretString>,
    /// The database, as its administrator or `cleaning_owner`: migrations and rebuilds. Default: `DATABASE_URL`.
    #[arg(long, env = "DATABASE_MIGRATION_URL", hide_env_values = true)]
    pub database_migration_url: Option<SecretString>,
    /// Connections of one process to the database, lanes not counted.
    #[arg(long, env = "DATABASE_POOL_SIZE", default_value_t = 20)]
    pub database_pool_size: u32,
    /// `VERSION:BASE64[,VERSION:BASE64…]`: keys of 32 bytes that wrap the keys of persons; the highest version is used
    /// for new ones. Losing them erases everybody.
    #[arg(long, env = "PII_MASTER_KEY", hide_env_values = true)]
    pub pii_master_key: Option<SecretString>,
    /// The same, in a file.
    #[arg(long, env = "PII_MASTER_KEY_FILE")]
    pub pii_master_key_file: Option<PathBuf>,
    /// Base64 of the 32-byte Ed25519 seed that signs chain heads.
    #[arg(long, env = "HISTORY_SIGNING_KEY", hide_env_values = true)]
    pub history_signing_key: Option<SecretString>,
    /// The same, in a file.
    #[arg(long, env = "HISTORY_SIGNING_KEY_FILE")]
    pub history_signing_key_file: Option<PathBuf>,
    /// The organisation of public requests that name none.
    #[arg(long, env = "DEFAULT_ORG_ID")]
    pub default_org_id: Option<uuid::Uuid>,
    /// Where the API listens.
    #[arg(long, env = "API_BIND", default_value = "0.0.0.0:8000")]
    pub api_bind: String,
    /// Where the jobs process tells about itself.
    #[arg(long, env = "JOBS_BIND", default_value = "0.0.0.0:8001")]
    pub jobs_bind: String,
    /// Where the screens are served.
    #[arg(long, env = "WEB_BIND", default_value = "0.0.0.0:3000")]
    pub web_bind: String,
    /// Where the screens find the API.
    #[arg(long, env = "API_URL", default_value = "http://127.0.0.1:8000")]
    pub api_url: String,
    /// Whether a proxy in a private network may say for whom it asks.
    #[arg(long, env = "TRUST_PROXY_HEADERS", default_value_t = false, action = clap::ArgAction::Set)]
    pub trust_proxy_headers: bool,
    /// Whether `/docs` and `/openapi.json` are served. Default: in `dev` only.
    #[arg(long, env = "API_DOCS_ENABLED", action = clap::ArgAction::Set)]
    pub api_docs_enabled: Option<bool>,
    /// Secret of sessions and forms.
    #[arg(long, env = "AUTH_SECRET_KEY", hide_env_values = true)]
    pub auth_secret_key: Option<SecretString>,
    /// The one before it, while sessions begun under it are still out.
    #[arg(long, env = "AUTH_SECRET_KEY_PREVIOUS", hide_env_values = true)]
    pub auth_secret_key_previous: Option<SecretString>,
    /// Bearer token of `/metrics`; needed in production.
    #[arg(long, env = "METRICS_TOKEN", hide_env_values = true)]
    pub metrics_token: Option<SecretString>,
    /// Append lanes; one per core is best.
    #[arg(long, env = "LANES")]
    pub lanes: Option<usize>,
    /// Commands that may wait in each lane before callers get 503.
    #[arg(long, env = "QUEUE_CAPACITY", default_value_t = 4096)]
    pub queue_capacity: usize,
    /// How long, in seconds, after the last sign of life of a jobs process another takes over its read models.
    #[arg(long, env = "PROJECTION_LEASE_SECONDS", default_value_t = 15,
        value_parser = clap::value_parser!(u16).range(1..=3600))]
    pub projection_lease_seconds: u16,
    /// How mail leaves the house.
    #[arg(long, env = "EMAIL_MODE", value_enum, default_value = "off")]
    pub email_mode: EmailMode,
    /// Sender of mail.
    #[arg(long, env = "EMAIL_FROM", default_value = "no-reply@localhost")]
    pub email_from: String,
    /// SMTP server.
    #[arg(long, env = "SMTP_HOST")]
    pub smtp_host: Option<String>,
    /// Port of the SMTP server; 465 means TLS from the start, others STARTTLS when offered.
    #[arg(long, env = "SMTP_PORT", default_value_t = 587)]
    pub smtp_port: u16,
    /// Login at the SMTP server.
    #[arg(long, env = "SMTP_USERNAME")]
    pub smtp_username: Option<String>,
    /// Its password.
    #[arg(long, env = "SMTP_PASSWORD", hide_env_values = true)]
    pub smtp_password: Option<SecretString>,
    /// `DEBUG`, `INFO`, `WARNING` or `ERROR`.
    #[arg(long, env = "LOG_LEVEL", default_value = "INFO", value_parser = parse_level)]
    pub log_level: tracing::Level,
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
        let text = secret(
            "PII_MASTER_KEY",
            self.pii_master_key.as_ref(),
            self.pii_master_key_file.as_ref(),
        )?;
        domain::seal::MasterKeys::parse(text.expose_secret().trim()).map_err(|error| {
            ConfigError::Unusable { name: "PII_MASTER_KEY", why: error.to_string() }
        })
    }

    /// Base64 of the seed of the signing key.
    pub fn signing_seed(&self) -> Result<String, ConfigError> {
        let file = self.history_signing_key_file.as_ref();
        let text = secret("HISTORY_SIGNING_KEY", self.history_signing_key.as_ref(), file)?;
        Ok(text.expose_secret().trim().to_owned())
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
    let url = url.ok_or(ConfigError::Missing(name))?.expose_secret();
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

fn secret(
    name: &'static str,
    value: Option<&SecretString>,
    file: Option<&PathBuf>,
) -> Result<SecretString, ConfigError> {
    match (value, file) {
        (Some(value), _) => Ok(value.clone()),
        (None, Some(file)) => {
            std::fs::read_to_string(file).map(SecretString::from).map_err(|error| {
                ConfigError::Unusable { name, why: format!("{}: {error}", file.display()) }
            })
        }
        (None, None) => Err(ConfigError::Missing(name)),
    }
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
