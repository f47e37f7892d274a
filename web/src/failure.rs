//! What can go wrong with a page, and how it is told.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::Value;

use crate::obstacle::Obstacle;
use crate::portal::Door;
use crate::{called, shown};

/// What the API calls it if somebody writes beside an older version.
const OUTDATED: &str = "version_mismatch";

/// Why there is no page. Rendered by the edge, which knows who asks.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// Nobody is signed in, or not any more.
    SignedOut,
    /// Nobody is signed in at this portal, or not any more.
    LeftPortal(Door),
    /// A form that no page of this session contained.
    Forged,
    /// No such page.
    NotFound,
    /// The body of a form cannot be read.
    Unreadable,
    /// The API cannot be reached, or does not answer in time.
    Unreachable,
    /// The API answers something else than agreed.
    Garbled,
    /// Our own mistake.
    Internal,
    /// The API says no.
    Refused(Box<Refusal>),
}

/// A problem as the API describes it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) title: String,
    pub(crate) detail: String,
    pub(crate) request_id: String,
    pub(crate) errors: Vec<FieldError>,
    pub(crate) conflicts: Value,
}

/// One unusable field.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct FieldError {
    pub(crate) field: String,
    pub(crate) message: String,
}

impl Refusal {
    /// As the API said it under `status`; it counts in cents, people in dollars.
    pub(crate) fn said(self, status: StatusCode) -> Self {
        let errors = self.errors.into_iter().map(FieldError::in_dollars).collect();
        Self { status: status.as_u16(), errors, ..self }
    }

    /// Whether somebody else was faster.
    pub(crate) fn is_conflict(&self) -> bool {
        matches!(self.code.as_str(), OUTDATED | "concurrent_change")
    }

    /// Whether something else was sent from the same page before.
    pub(crate) fn is_key_reused(&self) -> bool {
        self.code == "idempotency_key_reused"
    }

    /// Why, in words for people: what the API tells programs about headers is left out.
    fn told(&self) -> &str {
        match self.code.as_str() {
            "organisation_not_found" => "There is no company of this name here.",
            "captcha_required" | "captcha_failed" => {
                "Please show once more that you are a person. Nothing was sent yet."
            }
            "captcha_unavailable" => {
                "We cannot check at the moment that you are a person. Nothing was sent yet; try again in a moment."
            }
            _ => &self.detail,
        }
    }

    /// What stands in the way of a visit, if that is the reason.
    pub(crate) fn obstacles(&self) -> Vec<Obstacle> {
        let all = self.conflicts.as_array().into_iter().flatten();
        all.filter_map(|one| Obstacle::deserialize(one).ok()).collect()
    }

    fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_GATEWAY)
    }
}

impl Failure {
    /// Something was typed that we cannot read ourselves; the API is not asked.
    pub(crate) fn unusable(errors: Vec<FieldError>) -> Self {
        let detail = "Please check what you entered. Nothing was written.".to_owned();
        Self::Refused(Box::new(Refusal { status: 422, detail, errors, ..Refusal::default() }))
    }

    /// A form that was filled in beside something older than what there is now.
    pub(crate) fn outdated() -> Self {
        let code = OUTDATED.to_owned();
        Self::Refused(Box::new(Refusal { status: 412, code, ..Refusal::default() }))
    }

    /// A part of what one form asks for was done before this came; a page must not say that nothing was.
    pub(crate) fn halfway(self, done: &[String]) -> Self {
        if done.is_empty() {
            return self;
        }
        let mut refusal = match self {
            Self::Refused(refusal) => refusal,
            Self::Unreachable | Self::Garbled => {
                let (status, detail) = (self.status().as_u16(), self.detail().to_owned());
                Box::new(Refusal { status, detail, ..Refusal::default() })
            }
            other => return other,
        };
        if refusal.is_conflict() {
            refusal.code.clear();
            "Somebody else changed this meanwhile".clone_into(&mut refusal.detail);
        }
        let why = refusal.detail.trim_end_matches('.');
        refusal.detail = format!("{why}. Saved before that: {}.", done.join(", "));
        Self::Refused(refusal)
    }

    /// A page about something that the role of whoever asks for it does not allow.
    pub(crate) fn denied() -> Self {
        let detail = "Ask an owner if it should.".to_owned();
        Self::Refused(Box::new(Refusal { status: 403, detail, ..Refusal::default() }))
    }

    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::SignedOut | Self::LeftPortal(_) => StatusCode::UNAUTHORIZED,
            Self::Forged => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Unreadable => StatusCode::BAD_REQUEST,
            Self::Unreachable | Self::Garbled => StatusCode::BAD_GATEWAY,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Refused(refusal) => refusal.status(),
        }
    }

    pub(crate) fn title(&self) -> &str {
        match self {
            Self::SignedOut | Self::LeftPortal(_) => "Please sign in",
            Self::Forged => "This form is out of date",
            Self::NotFound => "There is no such page",
            Self::Unreadable => "This form cannot be read",
            Self::Unreachable => "The service cannot be reached",
            Self::Garbled => "The service answered something unexpected",
            Self::Internal => "Something went wrong here",
            Self::Refused(refusal) => match refusal.status {
                401 => "Please sign in",
                403 => "Your role does not allow this",
                404 => "There is no such record",
                400 | 422 => "Please check what you entered",
                409 | 412 => "This cannot be done now",
                503 | 504 => "The service is busy",
                _ => &refusal.title,
            },
        }
    }

    pub(crate) fn detail(&self) -> &str {
        match self {
            Self::SignedOut | Self::LeftPortal(_) => "Your session has ended.",
            Self::Forged => {
                "It belongs to an earlier session, or to another site. Nothing was changed. Open the page again and repeat what you did."
            }
            Self::NotFound => "The address may be mistyped, or the page has moved.",
            Self::Unreadable => "It is too large or damaged. Nothing was changed.",
            Self::Unreachable => {
                "The API is down or does not answer in time. Try again in a moment; sending the same form again never does a thing twice."
            }
            Self::Garbled => "The API answered something that these pages do not understand.",
            Self::Internal => "Try again in a moment.",
            Self::Refused(refusal) => refusal.told(),
        }
    }

    /// Whether somebody can do better by typing something else.
    pub(crate) fn is_about_input(&self) -> bool {
        matches!(self.status(), StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY)
    }

    /// Whether the page with the form on it can say what is wrong; nobody is shown again what they may not see or what is gone.
    pub(crate) fn is_refused_here(&self) -> bool {
        self.refusal().is_some_and(|refusal| match refusal.status {
            401 | 404 => false,
            // Somebody who is blocked may be visited all the same, with a reason.
            403 => refusal.code == "booking.client_blocked",
            _ => true,
        })
    }

    /// Whether the role of whoever asked lacks a permission, or the organisation a feature.
    pub(crate) fn is_denied(&self) -> bool {
        self.refusal().is_some_and(|refusal| refusal.status == 403)
    }

    pub(crate) fn request_id(&self) -> &str {
        match self {
            Self::Refused(refusal) => &refusal.request_id,
            Self::SignedOut
            | Self::LeftPortal(_)
            | Self::Forged
            | Self::NotFound
            | Self::Unreadable
            | Self::Unreachable
            | Self::Garbled
            | Self::Internal => "",
        }
    }

    /// The API's word, if it has spoken.
    pub(crate) fn refusal(&self) -> Option<&Refusal> {
        if let Self::Refused(refusal) = self { Some(refusal) } else { None }
    }
}

impl FieldError {
    /// The field in words, as people see it.
    pub(crate) fn name(&self) -> String {
        called::field(&self.field)
    }

    fn in_dollars(self) -> Self {
        if !self.field.ends_with("_cents") {
            return self;
        }
        let message = self.message.replace(" cents", "").replace("_cents", "");
        Self { message: shown::in_dollars(&message), ..self }
    }
}

/// Nothing, where somebody may not see it.
pub(crate) fn or_nothing<T: Default>(answer: Result<T, Failure>) -> Result<T, Failure> {
    match answer {
        Err(failure) if failure.is_denied() => Ok(T::default()),
        answer => answer,
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
