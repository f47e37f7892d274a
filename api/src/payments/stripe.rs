//! Stripe, as far as it is used: a checkout is opened, and money sent back. Never within a transaction of the database.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::StatusCode;
use reqwest::redirect::Policy;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::circuit::{self, Circuit};
use crate::state::Clock;

/// In the metrics.
const CIRCUIT: &str = "stripe";

/// How payments by card are set up.
#[derive(Clone, Debug)]
pub struct PaymentOptions {
    /// Where requests go; without it nobody pays by card.
    pub stripe: Option<StripeOptions>,
    /// What its messages are signed with.
    pub webhook: Option<SecretString>,
    /// Where customers come back to: from a deposit paid and not paid, from an invoice paid and not paid.
    pub pages: [String; 4],
}

/// How Stripe is reached.
#[derive(Clone, Debug)]
pub struct StripeOptions {
    /// Where it is.
    pub base: url::Url,
    /// The key of the account.
    pub key: SecretString,
    /// How long an answer may take.
    pub timeout: Duration,
    /// Requests in a row without an answer after which it is left alone.
    pub threshold: u32,
    /// For how long.
    pub recovery: TimeDelta,
}

/// A connection to Stripe.
pub struct Stripe {
    http: reqwest::Client,
    options: StripeOptions,
    circuit: Circuit,
    clock: Clock,
}

impl std::fmt::Debug for Stripe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Stripe({})", self.options.base)
    }
}

/// Something that is to be paid.
#[derive(Clone, Debug)]
pub(super) struct Checkout<'a> {
    /// The same for the same checkout: asked for again, it is not opened twice.
    pub(super) key: &'a str,
    /// How much.
    pub(super) amount_cents: i64,
    /// Three letters, lower case.
    pub(super) currency: &'a str,
    /// What stands on the page.
    pub(super) name: &'a str,
    /// Where they come back to after paying.
    pub(super) success_url: &'a str,
    /// Where they come back to without.
    pub(super) cancel_url: &'a str,
    /// What its messages bring back to us.
    pub(super) metadata: &'a [(&'a str, String)],
}

/// A checkout that was opened.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Opened {
    /// `cs_…`.
    pub(crate) id: String,
    /// Where it is paid.
    pub(crate) url: String,
    /// `pi_…`, if there is one already.
    pub(crate) payment_intent: Option<String>,
}

/// Why Stripe did not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StripeError {
    /// It could not be reached lately, and is not asked for a while.
    #[error("stripe is left alone for a while")]
    LeftAlone {
        /// Until then.
        until: DateTime<Utc>,
    },
    /// Nothing was heard of it, or it is in trouble.
    #[error("stripe did not answer")]
    Unreachable,
    /// It says no.
    #[error("stripe answered {status} {code}")]
    Refused {
        /// Its status.
        status: u16,
        /// Its code.
        code: String,
    },
    /// It says something else than agreed.
    #[error("stripe answered something unexpected")]
    Garbled,
}

#[derive(Deserialize)]
struct Failure {
    error: Problem,
}

#[derive(Deserialize)]
struct Problem {
    code: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

impl Stripe {
    /// Tells that it is not used.
    pub fn unused() {
        circuit::unused(CIRCUIT);
    }

    /// Fails only where no client for HTTP can be made.
    pub fn new(options: StripeOptions, clock: Clock) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .redirect(Policy::none())
            .connect_timeout(options.timeout)
            .timeout(options.timeout)
            .build()?;
        let circuit = Circuit::new(CIRCUIT, options.threshold, options.recovery);
        Ok(Self { http, options, circuit, clock })
    }

    /// Opens a checkout.
    pub(super) async fn open(&self, wanted: &Checkout<'_>) -> Result<Opened, StripeError> {
        let mut form: Vec<(String, String)> = vec![
            ("mode".to_owned(), "payment".to_owned()),
            ("payment_method_types[0]".to_owned(), "card".to_owned()),
            ("success_url".to_owned(), wanted.success_url.to_owned()),
            ("cancel_url".to_owned(), wanted.cancel_url.to_owned()),
            ("line_items[0][quantity]".to_owned(), "1".to_owned()),
            ("line_items[0][price_data][currency]".to_owned(), wanted.currency.to_owned()),
            ("line_items[0][price_data][unit_amount]".to_owned(), wanted.amount_cents.to_string()),
            ("line_items[0][price_data][product_data][name]".to_owned(), wanted.name.to_owned()),
        ];
        // On both, so that whichever is told of first leads back.
        for (name, value) in wanted.metadata {
            form.push((format!("metadata[{name}]"), value.clone()));
            form.push((format!("payment_intent_data[metadata][{name}]"), value.clone()));
        }
        self.post("v1/checkout/sessions", &form, wanted.key).await
    }

    /// Sends money back.
    pub async fn refund(
        &self,
        intent: &str,
        amount_cents: i64,
        key: &str,
    ) -> Result<(), StripeError> {
        let form = [
            ("payment_intent".to_owned(), intent.to_owned()),
            ("amount".to_owned(), amount_cents.to_string()),
        ];
        self.post::<serde::de::IgnoredAny>("v1/refunds", &form, key).await.map(|_| ())
    }

    async fn post<T: serde::de::DeserializeOwned>(
        &self,
        path: &str,
        form: &[(String, String)],
        key: &str,
    ) -> Result<T, StripeError> {
        let admitted = self.circuit.admit((self.clock)());
        admitted.map_err(|until| StripeError::LeftAlone { until })?;
        let answer = self.ask(path, form, key).await;
        match &answer {
            Err(StripeError::Unreachable) => self.circuit.failed((self.clock)()),
            _ => self.circuit.answered(),
        }
        let (status, body) = answer?;
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(|_| StripeError::Garbled);
        }
        let problem = serde_json::from_slice::<Failure>(&body).ok().map(|failure| failure.error);
        let code = problem.and_then(|problem| problem.code.or(problem.kind)).unwrap_or_default();
        // Codes are words; whatever else it says may repeat what was sent.
        let is_word = code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let code = if is_word { code } else { String::new() };
        Err(StripeError::Refused { status: status.as_u16(), code })
    }

    async fn ask(
        &self,
        path: &str,
        form: &[(String, String)],
        key: &str,
    ) -> Result<(StatusCode, Vec<u8>), StripeError> {
        let unheard = |error: reqwest::Error| {
            let error = error.without_url();
            tracing::warn!(error = &error as &dyn std::error::Error, "stripe did not answer");
            StripeError::Unreachable
        };
        let url = self.options.base.join(path).map_err(|_| StripeError::Garbled)?;
        let request = self
            .http
            .post(url)
            .bearer_auth(self.options.key.expose_secret())
            .header("Idempotency-Key", key)
            .form(form);
        let answer = request.send().await.map_err(unheard)?;
        let status = answer.status();
        let body = answer.bytes().await.map_err(unheard)?;
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return Err(StripeError::Unreachable);
        }
        Ok((status, body.to_vec()))
    }
}
