//! The one place where failures become HTTP (RFC 9457).

mod code;
mod history;
mod page;

use std::borrow::Cow;
use std::collections::BTreeMap;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use commands::{CommandError, LoadError};
use domain::access::Permission;
use domain::input::{FieldProblem, Problems};
use domain::refusal::{Kind, Refusal};
use domain::settings::feature::Feature;
use serde::Serialize;
use serde_json::{Value, json};

pub(crate) use self::code::Code;
pub(crate) use self::page::routes;

/// Seconds after which a caller may try again when the database is away.
const DATABASE_PAUSE: u64 = 5;

/// How the database says that the books of a month are closed.
const PERIOD_CLOSED: &str = "BK409";

/// How it says that an invoice counts a deposit.
const DEPOSIT_COUNTED: &str = "BK410";

/// How it says that a visit is not as the caller has read it.
pub(crate) const VISIT_CHANGED: &str = "BK411";

/// A failed request. The edge adds the request id and renders it.
#[derive(Clone, Debug)]
pub(crate) struct Problem(Box<Parts>);

#[derive(Clone, Debug)]
struct Parts {
    status: StatusCode,
    code: Cow<'static, str>,
    title: &'static str,
    detail: Cow<'static, str>,
    errors: Problems,
    extra: Option<(&'static str, Value)>,
    header: Option<(HeaderName, HeaderValue)>,
}

/// In the order in which existing clients know it.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    request_id: &'a str,
    errors: &'a Problems,
    #[serde(flatten)]
    extra: BTreeMap<&'static str, Value>,
}

impl Problem {
    /// A known failure, with the catalogue's words.
    pub(crate) fn new(code: Code) -> Self {
        let entry = code.entry();
        Self(Box::new(Parts {
            status: entry.status,
            code: entry.code.into(),
            title: entry.title,
            detail: entry.meaning.into(),
            errors: Problems::default(),
            extra: None,
            header: None,
        }))
    }

    /// A request with unusable fields.
    pub(crate) fn invalid(errors: Problems) -> Self {
        let mut problem = Self::new(Code::Invalid).detail("Request validation failed");
        problem.0.errors = errors;
        problem
    }

    /// One unusable field.
    pub(crate) fn field(field: &str, message: impl Into<String>) -> Self {
        Self::invalid(Problems::one(field, message))
    }

    /// A visitor who has not shown that they are a person.
    pub(crate) fn captcha(code: Code, message: &str) -> Self {
        let mut problem = Self::new(code);
        problem.0.errors = Problems::one("captcha_token", message);
        problem
    }

    /// A header that cannot be read.
    pub(crate) fn header(name: &str, message: impl Into<String>) -> Self {
        let mut problem = Self::new(Code::MalformedHeader);
        problem.0.errors = Problems::one(name, message);
        problem
    }

    /// No valid login.
    pub(crate) fn unauthenticated(detail: &'static str) -> Self {
        let mut problem = Self::new(Code::Unauthenticated).detail(detail);
        let challenge = HeaderValue::from_static(r#"Basic realm="cleaning", charset="UTF-8""#);
        problem.0.header = Some((header::WWW_AUTHENTICATE, challenge));
        problem
    }

    /// No session that stands.
    pub(crate) fn unauthenticated_bearer(detail: &'static str) -> Self {
        let mut problem = Self::new(Code::Unauthenticated).detail(detail);
        problem.0.header = Some((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
        problem
    }

    /// No second factor, or not the right one.
    pub(crate) fn mfa(detail: &'static str) -> Self {
        let mut problem = Self::new(Code::MfaRequired).detail(detail);
        problem.0.header = Some((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
        problem
    }

    /// Something only an owner may do.
    pub(crate) fn owner_only() -> Self {
        let mut problem = Self::new(Code::Forbidden).detail("Forbidden: requires owner");
        problem.0.errors = Problems::one("permission", "owner");
        problem
    }

    /// What it is called, for programs.
    pub(crate) fn code(&self) -> &str {
        &self.0.code
    }

    /// What it means, in words.
    pub(crate) fn told(&self) -> &str {
        &self.0.detail
    }

    /// The status it will be answered with.
    pub(crate) fn status(&self) -> StatusCode {
        self.0.status
    }

    /// A route that this installation does not have.
    pub(crate) fn no_route() -> Self {
        Self::new(Code::NoRoute)
    }

    /// A monitor without its token.
    pub(crate) fn wrong_bearer() -> Self {
        let mut problem = Self::new(Code::Unauthenticated).detail("Unauthorized");
        problem.0.header = Some((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
        problem
    }

    /// A login without the permission for this route.
    pub(crate) fn forbidden(permission: Permission) -> Self {
        let key: &'static str = permission.into();
        let mut problem = Self::new(Code::Forbidden).detail(format!("Forbidden: requires {key}"));
        problem.0.errors = Problems::one("permission", key);
        problem
    }

    /// Something that the organisation has switched off. The words are those that clients know.
    pub(crate) fn feature_off(feature: Feature) -> Self {
        let detail = match feature {
            Feature::QualityNps => "Feature disabled",
            _ => "Disabled by org settings",
        };
        let mut problem = Self::new(Code::FeatureDisabled).detail(detail);
        problem.0.errors = Problems::one("feature", feature.key());
        problem
    }

    /// Something that can be tried again after `seconds`.
    pub(crate) fn retry(code: Code, seconds: u64) -> Self {
        let mut problem = Self::new(code);
        problem.0.header = Some((header::RETRY_AFTER, seconds.into()));
        problem
    }

    /// Logged in full here, once; the client learns nothing it could misuse.
    pub(crate) fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error, "request failed");
        Self::new(Code::Internal)
    }

    pub(crate) fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = detail.into();
        self
    }

    pub(crate) fn with(mut self, name: &'static str, value: Value) -> Self {
        self.0.extra = Some((name, value));
        self
    }

    /// Failures of the router itself arrive as bare statuses.
    pub(crate) fn of_status(status: StatusCode) -> Option<Self> {
        let code = match status {
            StatusCode::NOT_FOUND => Code::NoRoute,
            StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
            StatusCode::PAYLOAD_TOO_LARGE => Code::BodyTooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedMediaType,
            StatusCode::BAD_REQUEST => Code::UnreadableBody,
            StatusCode::UNPROCESSABLE_ENTITY => Code::Invalid,
            StatusCode::INTERNAL_SERVER_ERROR => Code::Internal,
            _ => return None,
        };
        Some(Self::new(code))
    }

    /// What the domain says no to.
    pub(crate) fn refused(refusal: &impl Refusal) -> Self {
        let status = match refusal.kind() {
            Kind::NotFound => StatusCode::NOT_FOUND,
            Kind::Rule => StatusCode::BAD_REQUEST,
            Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            Kind::Conflict => StatusCode::CONFLICT,
            Kind::Forbidden => StatusCode::FORBIDDEN,
            Kind::OverPlan => StatusCode::PAYMENT_REQUIRED,
        };
        let mut errors = Problems::default();
        for FieldProblem { field, message } in refusal.problems() {
            errors.push(field, message);
        }
        Self(Box::new(Parts {
            status,
            code: refusal.code().into(),
            title: status.canonical_reason().unwrap_or_default(),
            detail: refusal.to_string().into(),
            errors,
            extra: refusal.member(),
            header: None,
        }))
    }

    /// The body of the answer.
    pub(crate) fn body(&self, request_id: &str, base: &str) -> String {
        let parts = &*self.0;
        let body = Body {
            kind: format!("{base}{}", category(parts.status, &parts.code)),
            title: parts.title,
            status: parts.status.as_u16(),
            detail: &parts.detail,
            code: &parts.code,
            request_id,
            errors: &parts.errors,
            extra: parts.extra.clone().into_iter().collect(),
        };
        serde_json::to_string(&body).unwrap_or_default()
    }

    /// The answer as the client sees it.
    pub(crate) fn render(self, request_id: &str, base: &str) -> Response {
        let body = self.body(request_id, base);
        let parts = *self.0;
        let content_type = [(header::CONTENT_TYPE, "application/problem+json")];
        let mut response = (parts.status, content_type, body).into_response();
        if let Some((name, value)) = parts.header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// The family of a failure: what `type` points at.
pub(crate) fn category(status: StatusCode, code: &str) -> &'static str {
    match status {
        StatusCode::UNPROCESSABLE_ENTITY => "validation-error",
        StatusCode::TOO_MANY_REQUESTS => "rate-limit",
        StatusCode::PRECONDITION_FAILED => "version-conflict",
        StatusCode::CONFLICT if code == Code::ConcurrentChange.entry().code => "version-conflict",
        StatusCode::UNAUTHORIZED if code == Code::MfaRequired.entry().code => "mfa_required",
        _ if status.is_server_error() => "server-error",
        _ => "domain-error",
    }
}

/// Rendered by the edge, which knows the request id.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl<E: Refusal + 'static> From<CommandError<E>> for Problem {
    fn from(error: CommandError<E>) -> Self {
        match error {
            CommandError::Refused(refusal) => Self::refused(&refusal),
            CommandError::Conflict => Self::new(Code::ConcurrentChange),
            CommandError::VersionMismatch { current } => {
                Self::new(Code::VersionMismatch).with("current_version", current.into())
            }
            CommandError::KeyReused => Self::new(Code::KeyReused)
                .detail("Idempotency-Key has already been used with a different payload"),
            CommandError::ClaimTaken { scope } => {
                Self::new(Code::ClaimTaken).with("scope", scope.into())
            }
            CommandError::SlotTaken { detail } => Self::new(Code::SlotTaken)
                .detail("Requested slot is no longer available")
                .with("conflicts", json!([detail])),
            CommandError::SubjectErased => Self::new(Code::SubjectErased),
            CommandError::UnknownOrganisation => Self::new(Code::OrganisationNotFound),
            CommandError::QueueFull => Self::retry(Code::QueueFull, 1),
            CommandError::RolledBack { ref code } if code == PERIOD_CLOSED => {
                Self::new(Code::PeriodClosed)
            }
            CommandError::RolledBack { ref code } if code == DEPOSIT_COUNTED => {
                Self::new(Code::DepositCounted)
            }
            CommandError::RolledBack { ref code } if code == VISIT_CHANGED => {
                Self::new(Code::ConcurrentChange)
            }
            // Aborted by a deadlock, a shutdown or a lack of resources: the same command may succeed.
            CommandError::RolledBack { ref code }
                if ["40", "53", "55", "57"].iter().any(|class| code.starts_with(class)) =>
            {
                Self::retry(Code::RolledBack, 1)
            }
            CommandError::RolledBack { .. } | CommandError::Broken(_) => Self::internal(&error),
            CommandError::Unavailable => Self::retry(Code::DatabaseUnavailable, DATABASE_PAUSE),
            CommandError::OutcomeUnknown { command_id } => Self::retry(Code::OutcomeUnknown, 1)
                .with("command_id", command_id.to_string().into()),
        }
    }
}

/// Input that cannot be read, before any aggregate was asked.
impl From<Problems> for Problem {
    fn from(errors: Problems) -> Self {
        Self::invalid(errors)
    }
}

impl From<LoadError> for Problem {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Unavailable => Self::retry(Code::DatabaseUnavailable, DATABASE_PAUSE),
            LoadError::Broken(_) => Self::internal(&error),
        }
    }
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        if matches!(error, sqlx::Error::PoolTimedOut) {
            metrics::counter!("db_pool_timeout_total").increment(1);
        }
        if is_outage(&error) {
            tracing::warn!(error = %error, "database unavailable");
            Self::retry(Code::DatabaseUnavailable, DATABASE_PAUSE)
        } else if error.as_database_error().and_then(sqlx::error::DatabaseError::code).as_deref()
            == Some("22008")
        {
            Self::field("date", "Input should be a near date")
        } else {
            Self::internal(&error)
        }
    }
}

/// Whether the database, rather than our statement, is at fault.
fn is_outage(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => error
            .code()
            .is_some_and(|code| ["08", "53", "57"].iter().any(|class| code.starts_with(class))),
        _ => false,
    }
}
