//! Successful answers with what they say about the log.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use commands::Done;
use serde::Serialize;

use crate::problem::Problem;
use crate::request::POSITION;

/// Marks an answer that has not reached the position it was asked for.
const STALE: HeaderName = HeaderName::from_static("x-stale");

/// Marks the stored answer of a command that was carried out before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// A JSON body, the version of what it shows and the position it includes.
#[derive(Debug)]
pub(crate) struct Answer {
    status: StatusCode,
    body: String,
    version: Option<i32>,
    position: Option<i64>,
    replayed: bool,
    stale: bool,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// JSON that was written at once, without a tree of values in between.
#[derive(Debug)]
pub(crate) struct Told(serde_json::Result<String>);

impl Told {
    pub(crate) fn of(body: &impl Serialize) -> Self {
        Self(serde_json::to_string(body))
    }
}

impl Answer {
    /// 200 with `body`.
    pub(crate) fn json(body: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_string(body).map_err(|error| Problem::internal(&error))?;
        Ok(Self {
            status: StatusCode::OK,
            body,
            version: None,
            position: None,
            replayed: false,
            stale: false,
            headers: Vec::new(),
        })
    }

    /// What the aggregate had to say after a command.
    pub(crate) fn done(done: &Done) -> Self {
        Self {
            status: StatusCode::OK,
            body: done.answer.to_string(),
            version: Some(done.version),
            position: Some(done.position),
            replayed: done.replayed,
            stale: false,
            headers: Vec::new(),
        }
    }

    /// As [`Self::done`], with an answer that was written already.
    pub(crate) fn told(done: Done<Told>) -> Result<Self, Problem> {
        Ok(Self {
            status: StatusCode::OK,
            body: done.answer.0.map_err(|error| Problem::internal(&error))?,
            version: Some(done.version),
            position: Some(done.position),
            replayed: done.replayed,
            stale: false,
            headers: Vec::new(),
        })
    }

    /// 201 instead of 200.
    pub(crate) fn created(mut self) -> Self {
        self.status = StatusCode::CREATED;
        self
    }

    /// 202 instead of 200.
    pub(crate) fn accepted(mut self) -> Self {
        self.status = StatusCode::ACCEPTED;
        self
    }

    /// Tags the answer with the version of what it shows.
    pub(crate) fn version(mut self, version: i32) -> Self {
        self.version = Some(version);
        self
    }

    /// Adds a header, beside others of its name.
    pub(crate) fn with(mut self, header: (HeaderName, HeaderValue)) -> Self {
        self.headers.push(header);
        self
    }

    /// The position that the answer includes, if it says one.
    pub(crate) const fn position(&self) -> Option<i64> {
        self.position
    }

    /// Says which position of the log the answer includes, and whether that is less than was asked for.
    pub(crate) fn reaching(mut self, position: i64, stale: bool) -> Self {
        self.position = Some(position);
        self.stale = stale;
        self
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let content_type = [(header::CONTENT_TYPE, "application/json")];
        let mut response = (self.status, content_type, self.body).into_response();
        let headers = response.headers_mut();
        if let Some(version) = self.version
            && let Ok(tag) = HeaderValue::from_str(&format!("\"{version}\""))
        {
            headers.insert(header::ETAG, tag);
        }
        if let Some(position) = self.position {
            headers.insert(POSITION, position.into());
        }
        if self.replayed {
            headers.insert(REPLAYED, HeaderValue::from_static("true"));
        }
        for (name, value) in self.headers {
            headers.append(name, value);
        }
        if self.stale {
            headers.insert(STALE, HeaderValue::from_static("1"));
        }
        response
    }
}
