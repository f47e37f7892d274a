//! What a configuration must have: what a process cannot work without, and what production refuses. All reasons at once.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::PgConnectOptions;

use super::captcha::CaptchaConfig;
use super::environment::Problem;
use super::mail::NOBODY;
use super::storage::StorageBackend;
use super::{AppEnv, Config, ConfigError, EmailMode, Role};

/// Shortest secret that signs something.
const SECRET: usize = 32;

/// Shortest password of a login of the environment.
const PASSWORD: usize = 12;

/// Shortest token.
const TOKEN: usize = 16;

/// Fewer different characters than this are nothing that chance made.
const DISTINCT: usize = 8;

/// Parts of values that stand in examples and are forgotten there.
const PLACEHOLDERS: [&str; 9] = [
    "change-me",
    "changeme",
    "replace-me",
    "put-strong",
    "generate-strong",
    "example.com",
    "dev-auth-secret",
    "your-",
    "xxx",
];

/// Whole values that everybody tries first.
const GUESSED: [&str; 9] =
    ["secret", "password", "admin", "test", "todo", "fixme", "postgres", "123456", "qwerty"];

/// What keeps the processes `roles` from working with this configuration, or from working safely in production.
pub fn problems(config: &Config, roles: &[Role]) -> Vec<Problem> {
    let mut found = Found { problems: Vec::new(), strict: config.app_env == AppEnv::Prod };
    let any = |wanted: &[Role]| wanted.iter().any(|role| roles.contains(role));
    if any(&[Role::Api]) {
        found.address("DATABASE_URL", config.database_url.as_ref(), config.app_database());
        found.usable("HISTORY_SIGNING_KEY", config.signing_key().err());
        found.random_key("HISTORY_SIGNING_KEY", config.history_signing_key.as_ref());
        found.usable("REDIS_URL", config.redis_error());
        found.origins(config);
        found.staff(config);
    }
    found.captcha(&config.captcha, roles);
    if any(&[Role::Jobs]) {
        let worker = config.database_worker_url.as_ref().or(config.database_url.as_ref());
        found.address("DATABASE_WORKER_URL", worker, config.worker_database());
        found.mail(config);
        if config.history_signing_key.is_some() && !any(&[Role::Api]) {
            found.usable("HISTORY_SIGNING_KEY", config.signing_key().err());
            found.random_key("HISTORY_SIGNING_KEY", config.history_signing_key.as_ref());
        }
    }
    if any(&[Role::Jobs, Role::Tools]) && config.database_migration_url.is_some() {
        found.usable("DATABASE_MIGRATION_URL", config.owner_database().err());
    }
    if any(&[Role::Api, Role::Jobs]) {
        for variable in config.storage.missing() {
            found.say(variable, "is required by ORDER_STORAGE_BACKEND");
        }
        if config.watch.metrics_enabled {
            found.secret("METRICS_TOKEN", config.watch.metrics_token.as_ref(), TOKEN);
        }
        if let Some(secret) = &config.payments.invoice_public_token_secret {
            found.secret("INVOICE_PUBLIC_TOKEN_SECRET", Some(secret), SECRET);
        }
        found.usable("PII_MASTER_KEY", config.master_keys().err());
        found.random_key("PII_MASTER_KEY", config.pii_master_key.as_ref());
    }
    // Where strength is looked at anyway, once is enough.
    if any(&[Role::Api]) && config.app_env == AppEnv::Dev {
        found.usable("AUTH_SECRET_KEY", config.tokens().err());
    }
    if any(&[Role::Api, Role::Web]) {
        found.secret("AUTH_SECRET_KEY", config.auth_secret_key.as_ref(), SECRET);
    }
    found.together(config);
    found.problems
}

/// What is not wrong but surprises people.
pub fn warnings(config: &Config, roles: &[Role]) -> Vec<Problem> {
    let mut warnings = Vec::new();
    let mut warn = |variable: &str, message: &str| {
        warnings.push(Problem::new(variable, message.to_owned()));
    };
    if config.app_env == AppEnv::Dev {
        return warnings;
    }
    if roles.contains(&Role::Api) {
        if config.edge.trusts_private() {
            warn(
                "TRUST_PROXY_HEADERS",
                "TRUST_PROXY_HEADERS=true without TRUSTED_PROXY_IPS or TRUSTED_PROXY_CIDRS believes every private address",
            );
        }
        if config.edge.redis_url.is_none() {
            warn("REDIS_URL", "REDIS_URL is not set: each API process counts requests for itself");
        }
        if !config.edge.trust_proxy_headers {
            warn(
                "TRUST_PROXY_HEADERS",
                "TRUST_PROXY_HEADERS is off: behind a proxy every visitor has the proxy's address",
            );
        }
        about_staff(config, &mut warn);
        if config.api_docs_enabled == Some(true) {
            warn("API_DOCS_ENABLED", "API_DOCS_ENABLED=true shows every route to everybody");
        }
    }
    let storage = &config.storage;
    let is_local = storage.order_storage_backend == StorageBackend::Local;
    if is_local && storage.order_upload_root.is_none() && roles.contains(&Role::Api) {
        warn(
            "ORDER_UPLOAD_ROOT",
            "ORDER_UPLOAD_ROOT is not set: photos are kept in var/uploads where the process was started",
        );
    }
    if roles.contains(&Role::Jobs) && config.history_signing_key.is_none() {
        warn("HISTORY_SIGNING_KEY", "HISTORY_SIGNING_KEY is not set: jobs sign no checkpoints");
    }
    if roles.contains(&Role::Jobs) && config.mail.email_mode == EmailMode::Off {
        warn("EMAIL_MODE", "EMAIL_MODE=off: no mail is sent, all of it is kept as suppressed");
    }
    warnings
}

/// Every login of the environment, whole or half.
fn basic_logins(
    config: &Config,
) -> impl Iterator<Item = (&'static str, Option<&String>, Option<&SecretString>)> {
    let portal = &config.portal;
    let workers = portal.worker_basic_username.as_ref();
    let workers = ("WORKER", workers, portal.worker_basic_password.as_ref());
    let staff = config.staff.halves().into_iter();
    staff.map(|(_, name, username, password)| (name, username, password)).chain([workers])
}

fn about_staff(config: &Config, warn: &mut impl FnMut(&str, &str)) {
    for (name, username, password) in basic_logins(config) {
        if username.is_some() != password.is_some() {
            let missing = if username.is_some() { "PASSWORD" } else { "USERNAME" };
            let variable = format!("{name}_BASIC_{missing}");
            warn(&variable, &format!("{variable} is not set: the other half alone is no login"));
        }
    }
    let (staff, env) = (&config.staff, config.app_env);
    if !staff.pairs().is_empty() && staff.accepts_basic(env) {
        warn(
            "LEGACY_BASIC_AUTH_ENABLED",
            "Basic logins are accepted: they show no second factor and cannot be ended one by one",
        );
    }
    if staff.admin_mfa_required && staff.legacy_basic_auth_enabled == Some(true) {
        warn(
            "LEGACY_BASIC_AUTH_ENABLED",
            "LEGACY_BASIC_AUTH_ENABLED=true is not followed with ADMIN_MFA_REQUIRED=true",
        );
    }
    if staff.admin_read_only {
        warn("ADMIN_READ_ONLY", "ADMIN_READ_ONLY=true: staff change nothing without break-glass");
    }
}

struct Found {
    problems: Vec<Problem>,
    strict: bool,
}

impl Found {
    fn say(&mut self, variable: &str, why: &str) {
        self.problems.push(Problem::new(variable, format!("{variable} {why}")));
    }

    fn put(&mut self, variable: &str, sentence: &str) {
        self.problems.push(Problem::new(variable, sentence.to_owned()));
    }

    fn usable(&mut self, variable: &str, error: Option<ConfigError>) {
        if let Some(error) = error {
            self.problems.push(Problem::new(variable, error.to_string()));
        }
    }

    fn address(
        &mut self,
        variable: &'static str,
        url: Option<&SecretString>,
        read: Result<PgConnectOptions, ConfigError>,
    ) {
        match read {
            Err(error) => self.usable(variable, Some(error)),
            Ok(options) if self.strict => {
                if options.get_username() == "postgres" {
                    // Row-level security does not hold a superuser.
                    self.say(variable, "must not name the administrator of the database");
                }
                let password = url
                    .and_then(|url| url::Url::parse(url.expose_secret()).ok())
                    .and_then(|url| url.password().map(ToOwned::to_owned));
                if password.is_some_and(|password| is_placeholder(&password)) {
                    self.say(variable, "must not use a default or placeholder password");
                }
            }
            Ok(_) => {}
        }
    }

    /// A text that must be there in production, long and not guessable.
    fn secret(&mut self, variable: &str, value: Option<&SecretString>, shortest: usize) {
        if !self.strict {
            return;
        }
        let Some(value) = value.map(|value| value.expose_secret().trim()) else {
            return self.say(variable, "is required outside dev");
        };
        if value.chars().count() < shortest {
            self.say(variable, &format!("must be at least {shortest} characters"));
        }
        if is_placeholder(value) {
            self.say(variable, "must not use default or placeholder values");
        } else if distinct(value.as_bytes()) < DISTINCT {
            self.say(variable, "must be random");
        }
    }

    /// Keys in base64, with or without a version before each: that they can be read, others have checked.
    fn random_key(&mut self, variable: &str, value: Option<&SecretString>) {
        let Some(value) = value.filter(|_| self.strict) else { return };
        let weak = value.expose_secret().split(',').any(|part| {
            let key = part.rsplit(':').next().unwrap_or(part).trim().trim_end_matches('=');
            STANDARD_NO_PAD.decode(key).is_ok_and(|key| distinct(&key) < DISTINCT)
        });
        if weak {
            self.say(variable, "must be random");
        }
    }

    /// Logins of the environment, and variables that mean something else than they say.
    fn staff(&mut self, config: &Config) {
        if !self.strict {
            return;
        }
        if config.staff.auth_token_ttl_minutes.is_some() {
            self.say(
                "AUTH_TOKEN_TTL_MINUTES",
                "is not read; use AUTH_ACCESS_TOKEN_TTL_MINUTES and AUTH_SESSION_TTL_MINUTES",
            );
        }
        for (name, _, password) in basic_logins(config) {
            let Some(password) = password.map(|password| password.expose_secret().trim()) else {
                continue;
            };
            if password.chars().count() < PASSWORD || is_placeholder(password) {
                let why =
                    "basic auth passwords must be strong (min 12 chars, not a default placeholder)";
                let variable = format!("{name}_BASIC_PASSWORD");
                self.problems.push(Problem::new(&variable, format!("{variable}: {why}")));
            }
        }
    }

    fn mail(&mut self, config: &Config) {
        if config.mail.email_mode == EmailMode::Off {
            return;
        }
        if config.mail.smtp_host.is_none() {
            self.say("SMTP_HOST", "is required when EMAIL_MODE=smtp");
        }
        if config.mail.email_from.parse::<lettre::Address>().is_err()
            && config.mail.email_from.parse::<lettre::message::Mailbox>().is_err()
        {
            self.say("EMAIL_FROM", "is not a mail address");
        } else if self.strict && config.mail.email_from == NOBODY {
            self.say("EMAIL_FROM", "is required when EMAIL_MODE=smtp");
        }
        match (&config.mail.smtp_username, &config.mail.smtp_password) {
            (Some(_), None) => self.say("SMTP_PASSWORD", "is required with SMTP_USERNAME"),
            (None, Some(_)) => self.say("SMTP_USERNAME", "is required with SMTP_PASSWORD"),
            _ => {}
        }
    }

    /// Without its keys nobody could show that they are a person.
    fn captcha(&mut self, captcha: &CaptchaConfig, roles: &[Role]) {
        if !captcha.is_on() {
            return;
        }
        let why = "is required when CAPTCHA_MODE=turnstile";
        if roles.contains(&Role::Api) && captcha.turnstile_secret_key.is_none() {
            self.say("TURNSTILE_SECRET_KEY", why);
        }
        if roles.contains(&Role::Web) && captcha.turnstile_site_key.is_none() {
            self.say("TURNSTILE_SITE_KEY", why);
        }
    }

    fn origins(&mut self, config: &Config) {
        if !self.strict || !config.edge.strict_cors {
            return;
        }
        match &config.edge.cors_origins {
            None => self.put("STRICT_CORS", "STRICT_CORS=true requires explicit CORS_ORIGINS"),
            Some(origins) if origins.is_wildcard => {
                self.put("STRICT_CORS", "STRICT_CORS=true does not allow wildcard CORS_ORIGINS");
            }
            Some(_) => {}
        }
    }

    /// What concerns every process, and several variables at once.
    fn together(&mut self, config: &Config) {
        if !self.strict {
            return;
        }
        if config.log_level == tracing::Level::DEBUG && !config.log_allow_debug {
            self.say("LOG_LEVEL", "must not be DEBUG in production unless LOG_ALLOW_DEBUG=true");
        }
        let secrets = [
            ("AUTH_SECRET_KEY", &config.auth_secret_key),
            ("METRICS_TOKEN", &config.watch.metrics_token),
            ("HISTORY_SIGNING_KEY", &config.history_signing_key),
            ("PII_MASTER_KEY", &config.pii_master_key),
        ];
        for (n, (one, value)) in secrets.iter().enumerate() {
            for (other, same) in &secrets[n + 1..] {
                if let (Some(value), Some(same)) = (value, same)
                    && bare(value) == bare(same)
                {
                    self.say(one, &format!("and {other} must differ"));
                }
            }
        }
    }
}

/// A key without its version.
fn bare(secret: &SecretString) -> &str {
    let text = secret.expose_secret().trim();
    text.rsplit(':').next().unwrap_or(text)
}

fn is_placeholder(value: &str) -> bool {
    let value = value.to_lowercase().replace('_', "-");
    let marked = |(left, right)| value.starts_with(left) && value.ends_with(right);
    GUESSED.contains(&value.as_str())
        || PLACEHOLDERS.iter().any(|part| value.contains(part))
        || marked(("<", ">"))
        || marked(("--", "--"))
}

fn distinct(bytes: &[u8]) -> usize {
    bytes.iter().collect::<BTreeSet<_>>().len()
}

#[cfg(test)]
mod tests {
    use super::super::environment::Environment;
    use super::*;

    const ALL: [Role; 3] = [Role::Api, Role::Jobs, Role::Web];

    const GOOD: [(&str, &str); 6] = [
        ("DATABASE_URL", "postgres://cleaning_app:Vq3kT9zLw2@db/cleaning"),
        ("DATABASE_WORKER_URL", "postgres://cleaning_worker:n7PxR4cYb8@db/cleaning"),
        ("PII_MASTER_KEY", "1:mKHjRWrsDW+RGJ0/9ebBs/1Pp2hN/NC/hVpNh/lXZ+8="),
        ("HISTORY_SIGNING_KEY", "VP7+Oc9mDCQDiIm/fb7zjChUCqquayxrxM5I9VagcAI="),
        ("AUTH_SECRET_KEY", "f3b1c9d27e5a48608bd1f0a2c4e697358b0d"),
        ("METRICS_TOKEN", "4c1de82b97a6035f"),
    ];

    fn told(roles: &[Role], changes: &[(&str, &str)]) -> Vec<String> {
        let values = GOOD.iter().chain(changes);
        let environment: Environment =
            values.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let (config, unusable) = environment.config().unwrap();
        assert_eq!(unusable, []);
        problems(&config, roles).into_iter().map(|problem| problem.message).collect()
    }

    fn assert_told(changes: &[(&str, &str)], message: &str) {
        assert_eq!(told(&ALL, changes), [message]);
    }

    #[test]
    fn a_good_configuration_has_nothing_wrong() {
        assert_eq!(told(&ALL, &[]), [""; 0]);
    }

    #[test]
    fn production_says_everything_that_is_missing_at_once() {
        let nothing = GOOD.map(|(name, _)| (name, ""));
        let told = told(&ALL, &nothing);
        for name in ["DATABASE_URL", "PII_MASTER_KEY", "HISTORY_SIGNING_KEY"] {
            assert!(told.contains(&format!("{name} is required")), "{told:?}");
        }
        for name in ["AUTH_SECRET_KEY", "METRICS_TOKEN"] {
            assert!(told.contains(&format!("{name} is required outside dev")), "{told:?}");
        }
    }

    #[test]
    fn each_process_needs_only_its_own() {
        let nothing = GOOD.map(|(name, _)| (name, ""));
        assert_eq!(told(&[Role::Web], &nothing), ["AUTH_SECRET_KEY is required outside dev"]);
        let jobs = [
            "DATABASE_WORKER_URL is required",
            "METRICS_TOKEN is required outside dev",
            "PII_MASTER_KEY is required",
        ];
        assert_eq!(told(&[Role::Jobs], &nothing), jobs);
        let dev = GOOD.map(|(name, _)| (name, "")).into_iter().chain([("APP_ENV", "dev")]);
        assert_eq!(told(&[Role::Web], &dev.collect::<Vec<_>>()), [""; 0]);
    }

    #[test]
    fn a_captcha_needs_the_keys_of_its_provider() {
        let on = ("CAPTCHA_MODE", "turnstile");
        let (secret, site) = (("TURNSTILE_SECRET_KEY", "0x4"), ("TURNSTILE_SITE_KEY", "0x5"));
        let missing = [
            "TURNSTILE_SECRET_KEY is required when CAPTCHA_MODE=turnstile",
            "TURNSTILE_SITE_KEY is required when CAPTCHA_MODE=turnstile",
        ];
        assert_eq!(told(&ALL, &[on]), missing);
        assert_eq!(told(&[Role::Api], &[on]), missing[..1]);
        assert_eq!(told(&ALL, &[on, ("APP_ENV", "dev")]), missing);
        for fine in [&[on, secret, site][..], &[on, ("CAPTCHA_ENABLED", "false")]] {
            assert_eq!(told(&ALL, fine), [""; 0]);
        }
        assert_eq!(told(&[Role::Jobs], &[on]), [""; 0]);
    }

    #[test]
    fn weak_secrets_are_refused() {
        let short = "AUTH_SECRET_KEY must be at least 32 characters";
        assert_told(&[("AUTH_SECRET_KEY", "f3b1c9d27e5a4860")], short);
        let default = "AUTH_SECRET_KEY must not use default or placeholder values";
        assert_told(&[("AUTH_SECRET_KEY", "change-me-f3b1c9d27e5a48608bd1f0a2c4e69")], default);
        assert_told(
            &[("AUTH_SECRET_KEY", "abababababababababababababababababab")],
            "AUTH_SECRET_KEY must be random",
        );
        assert_told(
            &[("METRICS_TOKEN", "f3b1c9d27e5a486")],
            "METRICS_TOKEN must be at least 16 characters",
        );
        assert_told(
            &[("METRICS_TOKEN", GOOD[4].1)],
            "AUTH_SECRET_KEY and METRICS_TOKEN must differ",
        );
        assert_told(
            &[("PII_MASTER_KEY", "1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")],
            "PII_MASTER_KEY must be random",
        );
        assert_told(
            &[("HISTORY_SIGNING_KEY", "mKHjRWrsDW+RGJ0/9ebBs/1Pp2hN/NC/hVpNh/lXZ+8=")],
            "HISTORY_SIGNING_KEY and PII_MASTER_KEY must differ",
        );
    }

    #[test]
    fn the_database_is_not_entered_as_its_administrator_or_with_a_password_everybody_tries() {
        assert_told(
            &[("DATABASE_URL", "postgres://postgres:Vq3kT9zLw2@db/cleaning")],
            "DATABASE_URL must not name the administrator of the database",
        );
        assert_told(
            &[("DATABASE_WORKER_URL", "postgresql+psycopg://cleaning_worker:Password@db/cleaning")],
            "DATABASE_WORKER_URL must not use a default or placeholder password",
        );
    }

    #[test]
    fn mail_needs_a_server_a_sender_and_both_halves_of_a_login() {
        let smtp = ("EMAIL_MODE", "smtp");
        let told = told(&ALL, &[smtp, ("SMTP_USERNAME", "mailer")]);
        assert_eq!(
            told,
            [
                "SMTP_HOST is required when EMAIL_MODE=smtp",
                "EMAIL_FROM is required when EMAIL_MODE=smtp",
                "SMTP_PASSWORD is required with SMTP_USERNAME",
            ]
        );
        let host = ("SMTP_HOST", "smtp.test");
        assert_told(&[smtp, host, ("EMAIL_FROM", "nobody")], "EMAIL_FROM is not a mail address");
    }

    #[test]
    fn strict_origins_are_named_one_by_one() {
        let strict = ("STRICT_CORS", "true");
        assert_told(&[strict], "STRICT_CORS=true requires explicit CORS_ORIGINS");
        assert_told(
            &[strict, ("CORS_ORIGINS", "https://a.test,*")],
            "STRICT_CORS=true does not allow wildcard CORS_ORIGINS",
        );
        assert_eq!(told(&ALL, &[strict, ("CORS_ORIGINS", "https://a.test")]), [""; 0]);
    }

    #[test]
    fn the_address_of_redis_is_looked_at_and_not_shown() {
        let why =
            "REDIS_URL cannot be used: it is not the address of a Redis, like redis://host:6379/0";
        assert_told(&[("REDIS_URL", "http://:hush@redis")], why);
        assert_eq!(told(&ALL, &[("REDIS_URL", "redis://:hush@redis:6379/0")]), [""; 0]);
    }

    #[test]
    fn logins_of_the_environment_have_strong_passwords() {
        for weak in ["short", "change-me-please-now", "Password", "admin"] {
            assert_told(
                &[("ADMIN_BASIC_USERNAME", "admin"), ("ADMIN_BASIC_PASSWORD", weak)],
                "ADMIN_BASIC_PASSWORD: basic auth passwords must be strong (min 12 chars, not a default placeholder)",
            );
            assert_told(
                &[("WORKER_BASIC_USERNAME", "crew"), ("WORKER_BASIC_PASSWORD", weak)],
                "WORKER_BASIC_PASSWORD: basic auth passwords must be strong (min 12 chars, not a default placeholder)",
            );
        }
        let strong = [("VIEWER_BASIC_USERNAME", "v"), ("VIEWER_BASIC_PASSWORD", "kX9vLq2mRt7w")];
        assert_eq!(told(&ALL, &strong), [""; 0]);
        let dev = [("APP_ENV", "dev"), ("ADMIN_BASIC_PASSWORD", "admin")];
        assert_eq!(told(&ALL, &dev), [""; 0]);
        assert_told(
            &[("AUTH_TOKEN_TTL_MINUTES", "1440")],
            "AUTH_TOKEN_TTL_MINUTES is not read; use AUTH_ACCESS_TOKEN_TTL_MINUTES and AUTH_SESSION_TTL_MINUTES",
        );
    }

    #[test]
    fn a_basic_login_is_no_second_factor_in_production() {
        let staff = |changes: &[(&str, &str)]| {
            let values =
                changes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            values.collect::<Environment>().config().unwrap().0.staff
        };
        let (mfa, off) = (("ADMIN_MFA_REQUIRED", "true"), ("LEGACY_BASIC_AUTH_ENABLED", "false"));
        let on = ("LEGACY_BASIC_AUTH_ENABLED", "true");
        assert!(staff(&[]).accepts_basic(AppEnv::Prod));
        assert!(!staff(&[off]).accepts_basic(AppEnv::Dev));
        assert!(!staff(&[mfa]).accepts_basic(AppEnv::Prod));
        assert!(!staff(&[mfa, on]).accepts_basic(AppEnv::Prod));
        assert!(staff(&[mfa]).accepts_basic(AppEnv::Dev));
    }

    #[test]
    fn debug_lines_are_for_development_unless_allowed() {
        let message = "LOG_LEVEL must not be DEBUG in production unless LOG_ALLOW_DEBUG=true";
        assert_told(&[("LOG_LEVEL", "debug")], message);
        assert_eq!(told(&ALL, &[("LOG_LEVEL", "debug"), ("LOG_ALLOW_DEBUG", "true")]), [""; 0]);
    }
}
