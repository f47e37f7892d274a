//! Variables about mail.

use std::time::Duration;

use chrono::TimeDelta;
use clap::{Args, ValueEnum};
use secrecy::SecretString;

use super::parse_seconds;

const HEADING: &str = "Mail";

/// Sender of mail that nobody configured; no server would take it.
pub(super) const NOBODY: &str = "no-reply@localhost";

/// How mail leaves the house.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum EmailMode {
    /// Not at all: every mail is kept as suppressed, with that reason.
    #[default]
    Off,
    /// By SMTP.
    Smtp,
}

/// How mail is sent.
#[derive(Args, Clone, Debug)]
pub struct MailConfig {
    /// How mail leaves the house.
    #[arg(long, env = "EMAIL_MODE", value_enum, default_value = "off", help_heading = HEADING)]
    pub email_mode: EmailMode,
    /// Sender of mail.
    #[arg(long, env = "EMAIL_FROM", default_value = NOBODY, value_name = "ADDRESS", help_heading = HEADING)]
    pub email_from: String,
    /// Name shown beside the sender.
    #[arg(long, env = "EMAIL_FROM_NAME", value_name = "TEXT", help_heading = HEADING)]
    pub email_from_name: Option<String>,
    /// Who is told by mail when somebody may write although the installation is read-only.
    #[arg(long, env = "ADMIN_NOTIFICATION_EMAIL", value_name = "ADDRESS", help_heading = HEADING)]
    pub admin_notification_email: Option<String>,
    /// SMTP server.
    #[arg(long, env = "SMTP_HOST", value_name = "HOST", help_heading = HEADING)]
    pub smtp_host: Option<String>,
    /// Port of the SMTP server; 465 means TLS from the start, others STARTTLS when offered, always with a login.
    #[arg(long, env = "SMTP_PORT", default_value_t = 587, value_name = "PORT", help_heading = HEADING)]
    pub smtp_port: u16,
    /// Login at the SMTP server.
    #[arg(long, env = "SMTP_USERNAME", value_name = "TEXT", help_heading = HEADING)]
    pub smtp_username: Option<String>,
    /// Password at the SMTP server.
    #[arg(long, env = "SMTP_PASSWORD", hide_env_values = true, value_name = "TEXT", help_heading = HEADING)]
    pub smtp_password: Option<SecretString>,
    /// How long the SMTP server may take for one step.
    #[arg(long, env = "SMTP_TIMEOUT_SECONDS", default_value = "10", value_name = "SECONDS",
        value_parser = parse_seconds, help_heading = HEADING)]
    pub smtp_timeout: Duration,
    /// After so many attempts in a row in which the SMTP server could not be reached it is left alone for a while.
    #[arg(long, env = "EMAIL_CIRCUIT_FAILURE_THRESHOLD", default_value_t = 5, value_name = "NUMBER",
        value_parser = clap::value_parser!(u32).range(1..), help_heading = HEADING)]
    pub email_circuit_failure_threshold: u32,
    /// For how long; then one attempt finds out whether it is back.
    #[arg(long, env = "EMAIL_CIRCUIT_RECOVERY_SECONDS", default_value = "30", value_name = "SECONDS",
        value_parser = parse_seconds, help_heading = HEADING)]
    pub email_circuit_recovery: Duration,
}

impl MailConfig {
    /// How long a server that cannot be reached is left alone.
    pub fn recovery(&self) -> TimeDelta {
        TimeDelta::from_std(self.email_circuit_recovery).unwrap_or(TimeDelta::MAX)
    }
}
