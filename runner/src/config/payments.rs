//! Variables about invoices and payments by card.

use std::time::Duration;

use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{Config, ConfigError, parse_seconds};

const HEADING: &str = "Invoices and payments";

/// How customers see invoices, and pay.
#[derive(Args, Clone, Debug)]
pub struct PaymentsConfig {
    /// Makes the addresses under which customers see invoices, at least 32 random characters; another one voids all of them.
    /// Default: made of the oldest key in `PII_MASTER_KEY`, so that replacing that voids them.
    #[arg(long, env = "INVOICE_PUBLIC_TOKEN_SECRET", hide_env_values = true, value_name = "TEXT", help_heading = HEADING)]
    pub invoice_public_token_secret: Option<SecretString>,
    /// The secret key of the account at Stripe. Without it nobody pays by card, and checkouts answer 503.
    #[arg(long, env = "STRIPE_SECRET_KEY", hide_env_values = true, value_name = "TEXT", help_heading = HEADING)]
    pub stripe_secret_key: Option<SecretString>,
    /// What Stripe signs its messages with; several, with commas between them, while one replaces the other. Without it the
    /// webhook answers 503.
    #[arg(long, env = "STRIPE_WEBHOOK_SECRET", hide_env_values = true, value_name = "TEXT", help_heading = HEADING)]
    pub stripe_webhook_secret: Option<SecretString>,
    /// Where Stripe is.
    #[arg(long, env = "STRIPE_API_BASE", default_value = "https://api.stripe.com", value_name = "URL", help_heading = HEADING)]
    pub stripe_api_base: Url,
    /// Where customers come back to after a deposit. `{CHECKOUT_SESSION_ID}` and `{BOOKING_ID}` are filled in.
    #[arg(long, env = "STRIPE_SUCCESS_URL", default_value = "http://localhost:3000/deposit-success?session_id={CHECKOUT_SESSION_ID}",
        value_name = "URL", help_heading = HEADING)]
    pub stripe_success_url: String,
    /// Where they come back to without paying it.
    #[arg(long, env = "STRIPE_CANCEL_URL", default_value = "http://localhost:3000/deposit-cancelled", value_name = "URL",
        help_heading = HEADING)]
    pub stripe_cancel_url: String,
    /// Where customers come back to after an invoice. `{CHECKOUT_SESSION_ID}` and `{INVOICE_ID}` are filled in.
    #[arg(long, env = "STRIPE_INVOICE_SUCCESS_URL",
        default_value = "http://localhost:3000/invoice-success?session_id={CHECKOUT_SESSION_ID}", value_name = "URL",
        help_heading = HEADING)]
    pub stripe_invoice_success_url: String,
    /// Where they come back to without paying it.
    #[arg(long, env = "STRIPE_INVOICE_CANCEL_URL", default_value = "http://localhost:3000/invoice-cancelled", value_name = "URL",
        help_heading = HEADING)]
    pub stripe_invoice_cancel_url: String,
    /// How long Stripe may take for one answer.
    #[arg(long, env = "STRIPE_TIMEOUT_SECONDS", default_value = "10", value_name = "SECONDS", value_parser = parse_seconds,
        help_heading = HEADING)]
    pub stripe_timeout: Duration,
    /// After so many requests in a row that Stripe did not answer it is left alone for a while.
    #[arg(long, env = "STRIPE_CIRCUIT_FAILURE_THRESHOLD", default_value_t = 5, value_name = "NUMBER",
        value_parser = clap::value_parser!(u32).range(1..), help_heading = HEADING)]
    pub stripe_circuit_failure_threshold: u32,
    /// For how long; then one request finds out whether it is back.
    #[arg(long, env = "STRIPE_CIRCUIT_RECOVERY_SECONDS", default_value = "30", value_name = "SECONDS",
        value_parser = parse_seconds, help_heading = HEADING)]
    pub stripe_circuit_recovery: Duration,
}

impl Config {
    /// What makes addresses of invoices.
    pub fn invoice_links(&self) -> Result<api::InvoiceLinks, ConfigError> {
        if let Some(secret) = &self.payments.invoice_public_token_secret {
            return Ok(api::InvoiceLinks::new(secret.expose_secret().trim().as_bytes()));
        }
        let keys = self.pii_master_key.as_ref().ok_or(ConfigError::Missing("PII_MASTER_KEY"))?;
        let keys = keys.expose_secret().split(',').filter_map(|key| key.trim().split_once(':'));
        let oldest = keys.min_by_key(|(version, _)| version.parse::<i32>().unwrap_or(i32::MAX));
        let (_, key) = oldest.ok_or(ConfigError::Missing("PII_MASTER_KEY"))?;
        Ok(api::InvoiceLinks::new(key.trim_end_matches('=').as_bytes()))
    }
}
