//! Whether a person asks: what the widget of a public page says is checked by its provider before anything is written, and
//! never within a transaction of the database. The answer of the widget is used up by that; it is neither kept nor logged.

use std::net::IpAddr;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use chrono::TimeDelta;
use commands::Context;
use domain::id::OrgId;
use reqwest::redirect::Policy;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::caller;
use crate::circuit::{self, Circuit};
use crate::command::CommandRequest;
use crate::problem::{Code, Problem};
use crate::request::This;
use crate::state::{App, AppState, Clock};

/// What carries the answer of the widget.
pub(crate) const FIELD: &str = "captcha_token";

/// Longer than any answer that the provider gives out, which has 2048 characters at most.
const LONGEST: usize = 8_192;

/// A visitor does not wait longer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// In the metrics.
const CIRCUIT: &str = "turnstile";

/// Requests in a row without an answer after which it is left alone, and for how long: as for payments.
const THRESHOLD: u32 = 5;
const RECOVERY: TimeDelta = TimeDelta::seconds(30);

/// When a visitor who is not heard may try again, in seconds.
const PAUSE: u64 = 10;

/// How answers are checked.
#[derive(Clone, Debug)]
pub struct CaptchaOptions {
    /// Where the provider is.
    pub base: url::Url,
    /// What it knows us by.
    pub secret: SecretString,
}

/// The provider.
pub(crate) struct Captcha {
    /// None where no client can be made: then nobody is let through.
    http: Option<reqwest::Client>,
    options: CaptchaOptions,
    circuit: Circuit,
    clock: Clock,
}

/// Nothing can be said about the answer.
struct Unheard;

#[derive(Deserialize)]
struct Verdict {
    success: bool,
    #[serde(rename = "error-codes", default)]
    codes: Vec<String>,
}

impl Verdict {
    /// What is our fault or the provider's says nothing about the visitor.
    fn is_about_us(&self) -> bool {
        let ours =
            ["missing-input-secret", "invalid-input-secret", "bad-request", "internal-error"];
        self.codes.iter().any(|code| ours.contains(&code.as_str()))
    }
}

impl Captcha {
    pub(crate) fn of(options: Option<CaptchaOptions>, clock: &Clock) -> Option<Self> {
        let Some(options) = options else {
            circuit::unused(CIRCUIT);
            return None;
        };
        let http = reqwest::Client::builder()
            .redirect(Policy::none())
            .connect_timeout(TIMEOUT)
            .timeout(TIMEOUT)
            .build();
        let http =
            http.inspect_err(|error| tracing::error!(%error, "the captcha cannot be checked")).ok();
        let circuit = Circuit::new(CIRCUIT, THRESHOLD, RECOVERY);
        Some(Self { http, options, circuit, clock: Clock::clone(clock) })
    }

    async fn is_person(
        &self,
        token: &str,
        (address, context): (IpAddr, &Context),
    ) -> Result<bool, Unheard> {
        self.circuit.admit((self.clock)()).map_err(|_| Unheard)?;
        let verdict = self.ask(token, (address, context)).await;
        match &verdict {
            Ok(_) => self.circuit.answered(),
            Err(Unheard) => self.circuit.failed((self.clock)()),
        }
        let verdict = verdict?;
        if !verdict.success && verdict.is_about_us() {
            tracing::error!("the captcha provider does not accept our requests");
            return Err(Unheard);
        }
        Ok(verdict.success)
    }

    async fn ask(
        &self,
        token: &str,
        (address, context): (IpAddr, &Context),
    ) -> Result<Verdict, Unheard> {
        let unheard = |error: reqwest::Error| {
            let error = error.without_url();
            tracing::warn!(error = &error as &dyn std::error::Error, "the captcha was not checked");
            Unheard
        };
        let http = self.http.as_ref().ok_or(Unheard)?;
        let url = self.options.base.join("turnstile/v0/siteverify").map_err(|_| Unheard)?;
        let mut form = vec![
            ("secret", self.options.secret.expose_secret().to_owned()),
            ("response", token.to_owned()),
        ];
        if !address.is_unspecified() {
            form.push(("remoteip", address.to_string()));
        }
        // So that the provider tells a repetition of this very request, whose outcome nobody knows, from a second one.
        if context.request.keyed {
            form.push(("idempotency_key", context.request.command_id.to_string()));
        }
        let answer = http.post(url).form(&form).send().await.map_err(unheard)?;
        let answer = answer.error_for_status().map_err(unheard)?;
        let body = answer.bytes().await.map_err(unheard)?;
        serde_json::from_slice(&body).map_err(|_| Unheard)
    }
}

/// Who asks on a public page: from where, and whether a token shows that they are of the staff or a program of theirs.
pub(crate) struct Asker {
    address: IpAddr,
    org: Option<OrgId>,
}

impl FromRequestParts<AppState> for Asker {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        let Ok(This(info)) = This::from_request_parts(parts, app).await;
        let address = info.address();
        let sent = parts.headers.get(header::AUTHORIZATION).and_then(|sent| sent.to_str().ok());
        // Not a name and a password: whether they are right would show in whether something else is asked for.
        let has_token = sent.is_some_and(|sent| {
            let scheme = sent.split_once(' ').map_or(sent, |(scheme, _)| scheme);
            scheme.eq_ignore_ascii_case("bearer")
        });
        let mut org = None;
        if app.captcha.is_some() && has_token && app.staff.allows(address) {
            let found = caller::sign_in(app, parts, &info).await;
            org = found.ok().map(|(caller, _)| caller.org());
        }
        Ok(Self { address, org })
    }
}

/// The context of a public command. Where a captcha is asked for, a repetition may bring another answer of it.
pub(crate) fn context(app: &App, request: &CommandRequest, org: OrgId) -> Context {
    if app.captcha.is_some() {
        request.public_context_beside(org, FIELD)
    } else {
        request.public_context(org)
    }
}

/// Lets through whoever is a person, whom we know, and whoever was let through with this very request before.
pub(crate) async fn check(
    app: &App,
    context: &Context,
    asker: &Asker,
    token: Option<&str>,
) -> Result<(), Problem> {
    let Some(captcha) = &app.captcha else { return Ok(()) };
    if asker.org == Some(context.org) || was_done(app, context).await? {
        return Ok(());
    }
    let Some(token) = token.map(str::trim).filter(|token| !token.is_empty()) else {
        return Err(Problem::captcha(Code::CaptchaRequired, "Field required"));
    };
    let again = || Problem::captcha(Code::CaptchaFailed, "Answer it once more");
    if token.len() > LONGEST {
        return Err(again());
    }
    match captcha.is_person(token, (asker.address, context)).await {
        Ok(true) => Ok(()),
        // The same request may have come twice at once; the first one used the answer up.
        Ok(false) if was_done(app, context).await? => Ok(()),
        Ok(false) => Err(again()),
        Err(Unheard) => Err(Problem::retry(Code::CaptchaUnavailable, PAUSE)),
    }
}

/// Whether the caller repeats a request that was carried out.
async fn was_done(app: &App, context: &Context) -> Result<bool, Problem> {
    let request = &context.request;
    Ok(request.keyed && app.bus.lookup(context.org, request.command_id).await?.is_some())
}
