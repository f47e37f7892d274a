//! The variables as a person reads them: the page `docs/configuration.md`, and what is set in an installation.

use std::fmt::Write as _;

use clap::Arg;

use super::Role;
use super::environment::{Environment, Source, declaration, is_secret, variable};
use super::portal::PORTAL;
use super::staff::STAFF;

/// One variable.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// What subject it belongs to.
    pub heading: String,
    /// What it must look like.
    pub kind: String,
    /// Without it.
    pub default: Option<String>,
    /// Which processes read it.
    pub roles: &'static [Role],
    /// Never shown, and may be in a file that `NAME_FILE` names.
    pub secret: bool,
    /// What it does, in a sentence or two.
    pub about: String,
    arg: Arg,
}

/// One variable in an installation.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Setting {
    /// The variable.
    pub name: String,
    /// How it came by its value.
    pub source: Source,
    /// The value; `None` if there is none, or it is secret.
    pub value: Option<String>,
    /// Whether it may be shown.
    pub secret: bool,
    /// What it does.
    pub about: String,
}

/// What API and jobs both read.
const SHARED: [&str; 43] = [
    "INVOICE_PUBLIC_TOKEN_SECRET",
    "STRIPE_SECRET_KEY",
    "STRIPE_API_BASE",
    "STRIPE_TIMEOUT_SECONDS",
    "STRIPE_CIRCUIT_FAILURE_THRESHOLD",
    "STRIPE_CIRCUIT_RECOVERY_SECONDS",
    "DATABASE_POOL_TIMEOUT_SECONDS",
    "EMAIL_MODE",
    "EMAIL_FROM",
    "SMTP_HOST",
    "DATABASE_STATEMENT_TIMEOUT_MS",
    "DATABASE_LOCK_TIMEOUT_MS",
    "JOBS_ENABLED",
    "JOB_HEARTBEAT_REQUIRED",
    "JOB_HEARTBEAT_TTL_SECONDS",
    "LOG_CLIENT_IP",
    "METRICS_ENABLED",
    "METRICS_TOKEN",
    "METRICS_ALLOW_QUERY_TOKEN",
    "METRICS_LEGACY_NAMES",
    "BACKUP_HEARTBEAT_FILE",
    "PROJECTION_LAG_MAX_SECONDS",
    "TRUST_PROXY_HEADERS",
    "TRUSTED_PROXY_IPS",
    "TRUSTED_PROXY_CIDRS",
    "CORS_ORIGINS",
    "STRICT_CORS",
    "HTTP_MAX_CONCURRENCY",
    "HTTP_HANDLER_TIMEOUT_SECONDS",
    "HTTP_BODY_LIMIT_BYTES",
    "PROBLEM_BASE_URL",
    "ORDER_STORAGE_BACKEND",
    "ORDER_UPLOAD_ROOT",
    "S3_ENDPOINT",
    "S3_BUCKET",
    "S3_ACCESS_KEY",
    "S3_SECRET_KEY",
    "S3_REGION",
    "R2_ENDPOINT",
    "R2_BUCKET",
    "R2_ACCESS_KEY",
    "R2_SECRET_KEY",
    "R2_REGION",
];

/// Who reads a variable, but for those about staff and portals, which only the API reads. There is no other list: a variable that is
/// missing here fails the tests.
fn roles(name: &str) -> &'static [Role] {
    use Role::{Api, Jobs, Tools, Web};
    match name {
        "APP_ENV" | "LOG_LEVEL" | "LOG_ALLOW_DEBUG" | "OTEL_EXPORTER_OTLP_ENDPOINT" => {
            &[Api, Jobs, Web]
        }
        "DATABASE_URL" | "PII_MASTER_KEY" | "HISTORY_SIGNING_KEY" => &[Api, Jobs, Tools],
        "DATABASE_WORKER_URL" | "DATABASE_MIGRATION_URL" => &[Jobs, Tools],
        "DATABASE_POOL_SIZE"
        | "DATABASE_MAX_OVERFLOW"
        | "DATABASE_IDLE_TX_TIMEOUT_MS"
        | "AUTH_SECRET_KEY_PREVIOUS"
        | "API_BIND"
        | "DEFAULT_ORG_ID"
        | "REDIS_URL"
        | "RATE_LIMIT_PER_MINUTE"
        | "ADMIN_ACTION_RATE_LIMIT_PER_MINUTE"
        | "RATE_LIMIT_CLEANUP_MINUTES"
        | "RATE_LIMIT_FAIL_OPEN_SECONDS"
        | "RATE_LIMIT_REDIS_PROBE_SECONDS"
        | "API_DOCS_ENABLED"
        | "AUDIT_CLIENT_ADDRESS"
        | "AUDIT_SPOOL_FILE"
        | "STRIPE_WEBHOOK_SECRET"
        | "TURNSTILE_SECRET_KEY"
        | "STRIPE_SUCCESS_URL"
        | "STRIPE_CANCEL_URL"
        | "STRIPE_INVOICE_SUCCESS_URL"
        | "STRIPE_INVOICE_CANCEL_URL"
        | "LANES"
        | "QUEUE_CAPACITY"
        | "ORDER_PHOTO_MAX_BYTES"
        | "ORDER_PHOTO_SIGNING_SECRET"
        | "PHOTO_TOKEN_BIND_UA"
        | "PHOTO_TOKEN_ONE_TIME"
        | "PHOTO_TOKEN_SECRET"
        | "PHOTO_URL_TTL_SECONDS" => &[Api],
        shared if SHARED.contains(&shared) => &[Api, Jobs],
        "JOBS_BIND"
        | "JOB_RUNNER_ID"
        | "CHECKPOINT_INTERVAL_MINUTES"
        | "PROJECTION_LEASE_SECONDS"
        | "EMAIL_FROM_NAME"
        | "ADMIN_NOTIFICATION_EMAIL"
        | "SMTP_PORT"
        | "SMTP_USERNAME"
        | "SMTP_PASSWORD"
        | "SMTP_TIMEOUT_SECONDS"
        | "EMAIL_CIRCUIT_FAILURE_THRESHOLD"
        | "EMAIL_CIRCUIT_RECOVERY_SECONDS" => &[Jobs],
        "AUDIT_RETENTION_DAYS" => &[Tools],
        "AUTH_SECRET_KEY" | "CAPTCHA_ENABLED" | "CAPTCHA_MODE" | "TURNSTILE_API_BASE" => {
            &[Api, Web]
        }
        "WEB_BIND" | "API_URL" | "TURNSTILE_SITE_KEY" => &[Web],
        _ => &[],
    }
}

/// Variables that are read where there is no [`Config`](super::Config), and what for.
pub(super) const ELSEWHERE: [(&str, &str); 3] = [
    (
        "OTEL_EXPORTER_OTLP_HEADERS",
        "processes that tell a collector: what it wants with every request, `NAME=VALUE[,NAME=VALUE…]`, **secret**",
    ),
    (
        "HISTORY_PASSWORD",
        "`cleaning history verify --url`: password of the login in `--user`, **secret**",
    ),
    (
        "PG_BIN_DIR",
        "`cleaning dev`: the directory with `initdb` and `postgres`, if they are not found by themselves",
    ),
];

/// Every variable, in the order of its declaration.
pub fn variables() -> Vec<Variable> {
    declaration().get_arguments().filter_map(describe).collect()
}

fn describe(arg: &Arg) -> Option<Variable> {
    let name = variable(arg)?.to_owned();
    let heading = arg.get_help_heading().unwrap_or_default();
    let valid: Vec<_> =
        arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    let placeholder = arg.get_value_names().and_then(<[_]>::first);
    let kind = if valid.is_empty() {
        placeholder.map(|name| name.to_lowercase()).unwrap_or_default()
    } else {
        valid.join(" or ")
    };
    let default = arg.get_default_values().first().and_then(|value| value.to_str());
    Some(Variable {
        heading: heading.to_owned(),
        kind,
        default: default.map(ToOwned::to_owned),
        roles: if [STAFF, PORTAL].contains(&heading) { &[Role::Api] } else { roles(&name) },
        secret: is_secret(arg),
        about: arg.get_help().map(ToString::to_string).unwrap_or_default(),
        arg: arg.clone(),
        name,
    })
}

/// The page `docs/configuration.md`.
pub fn page() -> String {
    let mut page = String::from(
        "# Configuration

Made by `cleaning config docs`; a test compares. `cleaning config check` tells what is wrong with the variables it finds,
and what each one does. Every variable is also an option of the commands that read it (`DATABASE_URL` is `--database-url`).

* An empty variable is one that is not set.
* Every **secret** may be in a file instead: `NAME_FILE` names it. Having both is refused.
* With `APP_ENV=prod`, which is the default, a process does not start with missing, weak or default secrets or with
  insecure switches. It names all reasons at once and ends with code 78.
* `cleaning dev` needs none of them.
",
    );
    let mut heading = String::new();
    for variable in variables() {
        if variable.heading != heading {
            heading.clone_from(&variable.heading);
            let _ = write!(
                page,
                "\n## {heading}\n\n| variable | type | default | read by | what it does |\n| --- | --- | --- | --- | --- |\n"
            );
        }
        let secret = if variable.secret { ", **secret**" } else { "" };
        let default = variable.default.map(|value| format!("`{value}`")).unwrap_or_default();
        let roles: Vec<_> = variable.roles.iter().map(|role| role.name()).collect();
        let _ = writeln!(
            page,
            "| `{}` | {}{secret} | {default} | {} | {} |",
            variable.name,
            variable.kind,
            roles.join(", "),
            variable.about
        );
    }
    page += "\n## Single commands\n\n| variable | what it does |\n| --- | --- |\n";
    for (name, about) in ELSEWHERE {
        let _ = writeln!(page, "| `{name}` | {about} |");
    }
    page
}

/// What each variable that `roles` read is set to.
pub fn settings(environment: &Environment, roles: &[Role]) -> Vec<Setting> {
    let concerned = |variable: &Variable| variable.roles.iter().any(|role| roles.contains(role));
    variables()
        .into_iter()
        .filter(concerned)
        .map(|Variable { name, default, secret, about, arg, .. }| {
            let (source, value) = match environment.find(&arg) {
                Ok(Some((source, value))) => (source, Some(value)),
                // What is set and of no use is a problem of its own.
                Err(_) => (Source::Environment, None),
                Ok(None) if default.is_some() => (Source::Default, default),
                Ok(None) => (Source::Unset, None),
            };
            Setting { name, source, value: value.filter(|_| !secret), secret, about }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variable_says_who_reads_it_what_it_is_and_what_it_does() {
        let all = variables();
        assert!(all.len() > 30);
        for variable in all {
            let Variable { name, heading, kind, roles, about, .. } = variable;
            assert!(!roles.is_empty(), "{name}: nobody reads it");
            assert!(!heading.is_empty() && !kind.is_empty() && !about.is_empty(), "{name}");
        }
    }

    #[test]
    fn the_committed_page_is_this_one() {
        let committed = include_str!("../../../docs/configuration.md");
        assert!(page() == committed, "run: cleaning config docs > docs/configuration.md");
    }
}
