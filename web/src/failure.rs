//! What can go wrong with a page, and how it is told.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::portal::Door;

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
}

/// One unusable field.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct FieldError {
    pub(crate) field: String,
    pub(crate) message: String,
}

impl Refusal {
    /// Whether somebody else was faster.
    pub(crate) fn is_conflict(&self) -> bool {
        matches!(self.code.as_str(), "version_mismatch" | "concurrent_change")
    }

    /// Whether something else was sent from the same page before.
    pub(crate) fn is_key_reused(&self) -> bool {
        self.code == "idempotency_key_reused"
    }

    fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_GATEWAY)
    }
}

impl Failure {
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
            Self::Refused(refusal) => &refusal.detail,
        }
    }

    /// Whether somebody can do better by typing something else.
    pub(crate) fn is_about_input(&self) -> bool {
        matches!(self.status(), StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY)
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

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
