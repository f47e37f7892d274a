//! What of the configuration those who run an organisation may see: a list of its own, so that nothing is shown by accident.

use api::{Email, Entry, Flag, Installation};
use secrecy::SecretString;

use super::environment::{Environment, Source, declaration, variable};
use super::mail::NOBODY;
use super::{AppEnv, Config, EmailMode};

/// Stands for a secret that is set.
const MASK: &str = "***";

/// What the API tells about `config`, whose values came from `environment` or were made by the program.
pub fn installation(config: &Config, environment: &Environment) -> Installation {
    Installation {
        entries: entries(config, environment),
        flags: flags(config),
        email: email(config),
    }
}

fn entries(config: &Config, environment: &Environment) -> Vec<Entry> {
    let seconds = |duration: std::time::Duration| duration.as_secs_f64().to_string();
    let plain = [
        ("APP_ENV", Some(env_name(config.app_env).to_owned())),
        ("LOG_LEVEL", Some(config.log_level.to_string())),
        ("DATABASE_POOL_SIZE", Some(config.database_pool_size.to_string())),
        ("DATABASE_MAX_OVERFLOW", Some(config.database_max_overflow.to_string())),
        ("DATABASE_POOL_TIMEOUT_SECONDS", Some(seconds(config.database_pool_timeout))),
        ("DATABASE_STATEMENT_TIMEOUT_MS", Some(config.database_statement_timeout_ms.to_string())),
        ("DATABASE_LOCK_TIMEOUT_MS", Some(config.database_lock_timeout_ms.to_string())),
        ("DATABASE_IDLE_TX_TIMEOUT_MS", Some(config.database_idle_tx_timeout_ms.to_string())),
        ("TRUST_PROXY_HEADERS", Some(config.edge.trust_proxy_headers.to_string())),
        ("API_DOCS_ENABLED", Some(has_docs(config).to_string())),
        ("LANES", Some(config.lanes().to_string())),
        ("QUEUE_CAPACITY", Some(config.queue_capacity.to_string())),
        ("EMAIL_MODE", Some(mode_name(config.mail.email_mode).to_owned())),
        ("EMAIL_FROM", Some(config.mail.email_from.clone())),
        ("SMTP_HOST", config.mail.smtp_host.clone()),
        ("TURNSTILE_SITE_KEY", config.captcha.turnstile_site_key.clone()),
    ];
    let secret = [
        ("DATABASE_URL", &config.database_url),
        ("PII_MASTER_KEY", &config.pii_master_key),
        ("HISTORY_SIGNING_KEY", &config.history_signing_key),
        ("AUTH_SECRET_KEY", &config.auth_secret_key),
        ("AUTH_SECRET_KEY_PREVIOUS", &config.auth_secret_key_previous),
        ("METRICS_TOKEN", &config.watch.metrics_token),
        ("INVOICE_PUBLIC_TOKEN_SECRET", &config.payments.invoice_public_token_secret),
        ("STRIPE_SECRET_KEY", &config.payments.stripe_secret_key),
        ("STRIPE_WEBHOOK_SECRET", &config.payments.stripe_webhook_secret),
        ("TURNSTILE_SECRET_KEY", &config.captcha.turnstile_secret_key),
    ];
    let masked = |value: &Option<SecretString>| value.as_ref().map(|_| MASK.to_owned());
    let plain = plain.into_iter().map(|(key, value)| (key, value, false));
    let secret = secret.into_iter().map(|(key, value)| (key, masked(value), true));
    plain
        .chain(secret)
        .map(|(key, value, redacted)| {
            let source = source(environment, key, value.is_some());
            Entry { key, value, redacted, source: source.to_owned() }
        })
        .collect()
}

/// Where the value of `key` came from. What the program made itself is a default.
fn source(environment: &Environment, key: &str, is_set: bool) -> &'static str {
    let declared = declaration();
    let arg = declared.get_arguments().find(|arg| variable(arg) == Some(key));
    match arg.and_then(|arg| environment.find(arg).ok().flatten()) {
        Some((Source::File, _)) => "file",
        Some(_) => "environment",
        None if is_set => "default",
        None => "unset",
    }
}

fn flags(config: &Config) -> Vec<Flag> {
    let email = mode_name(config.mail.email_mode);
    let on = |is_on: bool| if is_on { "on" } else { "off" }.to_owned();
    vec![
        Flag {
            key: "email",
            enabled: config.mail.email_mode != EmailMode::Off,
            description: "Mail is sent; otherwise all of it is kept as suppressed",
            rollout: email.to_owned(),
        },
        Flag {
            key: "api_docs",
            enabled: has_docs(config),
            description: "The description of the interface is served to everybody",
            rollout: on(has_docs(config)),
        },
        Flag {
            key: "trust_proxy_headers",
            enabled: config.edge.trust_proxy_headers,
            description: "A proxy in a private network may say for whom it asks",
            rollout: on(config.edge.trust_proxy_headers),
        },
        Flag {
            key: "captcha",
            enabled: config.captcha.is_on(),
            description: "Visitors show that they are persons before they ask for an offer or book",
            rollout: on(config.captcha.is_on()),
        },
    ]
}

fn email(config: &Config) -> Email {
    let is_on = config.mail.email_mode != EmailMode::Off;
    let known = |text: &str| Some(text.to_owned()).filter(|text| is_on && text != NOBODY);
    Email {
        mode: mode_name(config.mail.email_mode).to_owned(),
        from: known(&config.mail.email_from),
        host: config.mail.smtp_host.as_deref().and_then(known),
    }
}

/// Whether the description is served.
pub fn has_docs(config: &Config) -> bool {
    config.api_docs_enabled.unwrap_or(config.app_env == AppEnv::Dev)
}

const fn mode_name(mode: EmailMode) -> &'static str {
    match mode {
        EmailMode::Off => "off",
        EmailMode::Smtp => "smtp",
    }
}

const fn env_name(env: AppEnv) -> &'static str {
    match env {
        AppEnv::Dev => "dev",
        AppEnv::Prod => "prod",
    }
}

#[cfg(test)]
mod tests {
    use super::super::environment::is_secret;
    use super::*;

    fn shown(values: &[(&str, &str)]) -> Installation {
        let pairs = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let environment: Environment = pairs.collect();
        let (config, problems) = environment.config().unwrap();
        assert_eq!(problems, []);
        installation(&config, &environment)
    }

    #[test]
    fn secrets_are_never_shown_and_everything_else_is_as_it_is() {
        let told = shown(&[
            ("DATABASE_URL", "postgres://cleaning_app:planted-secret@db/cleaning"),
            ("METRICS_TOKEN", "planted-secret-token"),
            ("SMTP_HOST", "smtp.example.com"),
            ("EMAIL_MODE", "smtp"),
            ("EMAIL_FROM", "office@example.com"),
        ]);
        let text = serde_json::to_string(&told.entries).unwrap();
        assert!(!text.contains("planted"), "{text}");
        let entry = |key: &str| {
            let found = told.entries.iter().find(|one| one.key == key).unwrap();
            (found.value.as_deref(), found.redacted, found.source.as_str())
        };
        assert_eq!(entry("DATABASE_URL"), (Some("***"), true, "environment"));
        assert_eq!(entry("AUTH_SECRET_KEY"), (None, true, "unset"));
        assert_eq!(entry("EMAIL_MODE"), (Some("smtp"), false, "environment"));
        assert_eq!(entry("QUEUE_CAPACITY"), (Some("4096"), false, "default"));
        assert_eq!(told.email.host.as_deref(), Some("smtp.example.com"));
        assert!(told.flags.iter().any(|flag| flag.key == "email" && flag.enabled));
    }

    #[test]
    fn what_is_declared_secret_is_redacted_and_mail_that_is_off_shows_nothing() {
        let told = shown(&[("SMTP_HOST", "smtp.example.com")]);
        for entry in &told.entries {
            let declared = declaration();
            let arg = declared.get_arguments().find(|arg| variable(arg) == Some(entry.key));
            assert_eq!(is_secret(arg.unwrap()), entry.redacted, "{}", entry.key);
        }
        assert_eq!((told.email.mode.as_str(), told.email.host), ("off", None));
    }
}
