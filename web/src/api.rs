//! The HTTP API as these pages use it.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::Stream;
use futures::stream::try_unfold;
use reqwest::redirect::Policy;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use crate::clock;
use crate::failure::{Failure, Refusal};
use crate::trace::TRACEPARENT;
use crate::visitor::{FORWARDED_FOR, Staff, Visitor};

/// A page that takes longer is not waited for.
const PATIENCE: Duration = Duration::from_secs(15);
/// Longer than the API lets anybody listen at once.
const WATCHING: Duration = Duration::from_mins(11);
/// Somebody who does not pick up by now is not there.
const CONNECT: Duration = Duration::from_secs(2);

const ORG: HeaderName = HeaderName::from_static("x-org");
const POSITION: HeaderName = HeaderName::from_static("x-position");
const MIN_POSITION: HeaderName = HeaderName::from_static("x-min-position");
const ALLOW_STALE: HeaderName = HeaderName::from_static("x-allow-stale");
const STALE: HeaderName = HeaderName::from_static("x-stale");
const NEXT_CURSOR: HeaderName = HeaderName::from_static("x-next-cursor");
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A connection to the API.
pub(crate) struct Api {
    http: reqwest::Client,
    base: Url,
}

/// A successful answer.
pub(crate) struct Reply {
    body: Value,
    /// Of the record shown, for `If-Match`.
    pub(crate) version: Option<String>,
    /// Whether the answer lacks something that this person has written.
    pub(crate) stale: bool,
    /// Where the next page begins, if the body is a list alone and there is one.
    pub(crate) next_cursor: Option<String>,
    position: Option<i64>,
}

impl Reply {
    /// The answer as a `T`.
    pub(crate) fn read<T: DeserializeOwned>(self) -> Result<T, Failure> {
        serde_json::from_value(self.body).map_err(|error| {
            // Where it is unreadable, not what it says: answers hold personal data.
            tracing::error!(line = error.line(), category = ?error.classify(), "unreadable answer of the API");
            Failure::Garbled
        })
    }
}

/// What is to be changed.
pub(crate) struct Command<'a> {
    pub(crate) method: Method,
    pub(crate) path: &'a [&'a str],
    pub(crate) body: Value,
    /// Sent again, it is carried out once.
    pub(crate) key: &'a str,
    /// The version its author has seen; empty if it does not matter.
    pub(crate) version: &'a str,
}

impl<'a> Command<'a> {
    pub(crate) fn post(path: &'a [&'a str], body: Value, key: &'a str) -> Self {
        Self { method: Method::POST, path, body, key, version: "" }
    }
}

impl Api {
    pub(crate) fn new(base: Url) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .connect_timeout(CONNECT)
            .timeout(PATIENCE)
            .build()?;
        Ok(Self { http, base })
    }

    /// Asks on behalf of somebody who is signed in; they see at least what they wrote themselves.
    pub(crate) async fn query(
        &self,
        staff: &Staff,
        path: &[&str],
        parameters: &[(&str, &str)],
    ) -> Result<Reply, Failure> {
        let mut url = self.url(path)?;
        let given = parameters.iter().filter(|(_, value)| !value.is_empty());
        for (name, value) in given {
            url.query_pairs_mut().append_pair(name, value);
        }
        let mut headers = HeaderMap::new();
        if staff.session.seen() > 0 {
            headers.insert(MIN_POSITION, staff.session.seen().into());
            headers.insert(ALLOW_STALE, HeaderValue::from_static("1"));
        }
        let request = self.http.get(url).headers(headers);
        self.send(&staff.visitor, request).await.map_err(signed_out)
    }

    /// Listens on behalf of somebody who is signed in, behind what they have heard already; piece by piece as it comes.
    pub(crate) async fn watch(
        &self,
        staff: &Staff,
        path: &[&str],
        last: Option<&HeaderValue>,
    ) -> Result<impl Stream<Item = reqwest::Result<Bytes>> + use<>, Failure> {
        let mut request = self.http.get(self.url(path)?).timeout(WATCHING);
        if let Some(last) = last {
            request = request.header(LAST_EVENT_ID, last);
        }
        let answer = request.headers(identity(&staff.visitor)).send().await.map_err(unreachable)?;
        let status = answer.status();
        if !status.is_success() {
            let body = answer.bytes().await.map_err(unreachable)?;
            return Err(signed_out(refused(status, &body)));
        }
        Ok(try_unfold(answer, |mut answer| async move {
            Ok(answer.chunk().await?.map(|piece| (piece, answer)))
        }))
    }

    /// Asks on behalf of anybody.
    pub(crate) async fn look_up(
        &self,
        visitor: &Visitor,
        path: &[&str],
        parameters: &[(&str, &str)],
    ) -> Result<Reply, Failure> {
        let mut url = self.url(path)?;
        url.query_pairs_mut().extend_pairs(parameters);
        self.send(visitor, self.http.get(url)).await
    }

    /// A file, handed on as it is.
    pub(crate) async fn file(&self, visitor: &Visitor, path: &[&str]) -> Result<Response, Failure> {
        self.handed_on(self.http.get(self.url(path)?).headers(identity(visitor))).await
    }

    /// As [`Self::file`], for somebody at a portal.
    pub(crate) async fn own_file(
        &self,
        visitor: &Visitor,
        authorization: &HeaderValue,
        path: &[&str],
    ) -> Result<Response, Failure> {
        let request = self.http.get(self.url(path)?).headers(identity(visitor));
        self.handed_on(request.header(header::AUTHORIZATION, authorization)).await
    }

    async fn handed_on(&self, request: reqwest::RequestBuilder) -> Result<Response, Failure> {
        let answer = request.send().await.map_err(unreachable)?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = answer.bytes().await.map_err(unreachable)?;
        if !status.is_success() {
            return Err(refused(status, &body));
        }
        let kept = [header::CONTENT_TYPE, header::CONTENT_DISPOSITION];
        let kept =
            kept.into_iter().filter_map(|name| Some((name.clone(), headers.get(&name)?.clone())));
        Ok((kept.collect::<HeaderMap>(), body).into_response())
    }

    /// A file that is made as it is read, handed on in the same way; parameters that are empty are left out.
    pub(crate) async fn passed_on(
        &self,
        staff: &Staff,
        path: &[&str],
        parameters: &[(&str, &str)],
    ) -> Result<Response, Failure> {
        let mut url = self.url(path)?;
        url.query_pairs_mut()
            .extend_pairs(parameters.iter().filter(|(_, value)| !value.is_empty()));
        let request = self.http.get(url).timeout(WATCHING).headers(identity(&staff.visitor));
        let answer = request.send().await.map_err(unreachable)?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        if !status.is_success() {
            let body = answer.bytes().await.map_err(unreachable)?;
            return Err(signed_out(refused(status, &body)));
        }
        let kept = [header::CONTENT_TYPE, header::CONTENT_DISPOSITION];
        let kept =
            kept.into_iter().filter_map(|name| Some((name.clone(), headers.get(&name)?.clone())));
        let parts = try_unfold(answer, |mut answer| async move {
            Ok::<_, reqwest::Error>(answer.chunk().await?.map(|piece| (piece, answer)))
        });
        Ok((kept.collect::<HeaderMap>(), Body::from_stream(parts)).into_response())
    }

    /// Changes something on behalf of somebody who is signed in.
    pub(crate) async fn command(
        &self,
        staff: &Staff,
        command: Command<'_>,
    ) -> Result<Reply, Failure> {
        let reply = self.submit(&staff.visitor, command).await.map_err(signed_out)?;
        if let Some(position) = reply.position {
            staff.session.saw(position);
        }
        Ok(reply)
    }

    /// Changes something on behalf of anybody.
    pub(crate) async fn submit(
        &self,
        visitor: &Visitor,
        command: Command<'_>,
    ) -> Result<Reply, Failure> {
        let request = self.request(command)?;
        self.send(visitor, request).await
    }

    fn request(&self, command: Command<'_>) -> Result<reqwest::RequestBuilder, Failure> {
        let mut headers = HeaderMap::new();
        if !command.key.is_empty() {
            let key = HeaderValue::from_str(command.key).map_err(|_| Failure::Unreadable)?;
            headers.insert(IDEMPOTENCY_KEY, key);
        }
        if !command.version.is_empty() {
            let tag = HeaderValue::from_str(&format!("\"{}\"", command.version));
            headers.insert(header::IF_MATCH, tag.map_err(|_| Failure::Unreadable)?);
        }
        let url = self.url(command.path)?;
        Ok(self.http.request(command.method, url).headers(headers).json(&command.body))
    }

    /// Asks on behalf of whoever proves who they are by `authorization`.
    pub(crate) async fn ask(
        &self,
        visitor: &Visitor,
        authorization: &HeaderValue,
        path: &[&str],
    ) -> Result<Reply, Failure> {
        let request = self.http.get(self.url(path)?).header(header::AUTHORIZATION, authorization);
        self.send(visitor, request).await
    }

    /// As [`Self::ask`], with parameters; those that are empty are left out.
    pub(crate) async fn ask_with(
        &self,
        visitor: &Visitor,
        authorization: &HeaderValue,
        path: &[&str],
        parameters: &[(&str, &str)],
    ) -> Result<Reply, Failure> {
        let mut url = self.url(path)?;
        let given = parameters.iter().filter(|(_, value)| !value.is_empty());
        for (name, value) in given {
            url.query_pairs_mut().append_pair(name, value);
        }
        let request = self.http.get(url).header(header::AUTHORIZATION, authorization);
        self.send(visitor, request).await
    }

    /// Has a form with a file taken in on their behalf; the form comes with what it is.
    pub(crate) async fn send_file(
        &self,
        visitor: &Visitor,
        authorization: &HeaderValue,
        path: &[&str],
        (kind, form): (&str, Vec<u8>),
    ) -> Result<Reply, Failure> {
        let request = self
            .http
            .post(self.url(path)?)
            .header(header::AUTHORIZATION, authorization)
            .header(header::CONTENT_TYPE, kind)
            .body(form);
        self.send(visitor, request).await
    }

    /// A file at an address that the API gave, below its own, and what it is.
    pub(crate) async fn linked_file(
        &self,
        visitor: &Visitor,
        address: &str,
    ) -> Result<(String, Bytes), Failure> {
        let url = self.base.join(address).map_err(|_| Failure::Garbled)?;
        if url.origin() != self.base.origin() {
            return Err(Failure::Garbled);
        }
        let request = self.http.get(url).headers(identity(visitor));
        let answer = request.send().await.map_err(unreachable)?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = answer.bytes().await.map_err(unreachable)?;
        if !status.is_success() {
            return Err(refused(status, &body));
        }
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        Ok((kind.unwrap_or("application/octet-stream").to_owned(), body))
    }

    /// Changes something on their behalf.
    pub(crate) async fn act(
        &self,
        visitor: &Visitor,
        authorization: &HeaderValue,
        command: Command<'_>,
    ) -> Result<Reply, Failure> {
        let request = self.request(command)?.header(header::AUTHORIZATION, authorization);
        self.send(visitor, request).await
    }

    /// Whether somebody is who they say, and what they may do.
    pub(crate) async fn profile(
        &self,
        visitor: &Visitor,
        authorization: &HeaderValue,
    ) -> Result<Reply, Failure> {
        self.ask(visitor, authorization, &["v1", "admin", "profile"]).await
    }

    fn url(&self, path: &[&str]) -> Result<Url, Failure> {
        let mut url = self.base.clone();
        url.path_segments_mut().map_err(|()| Failure::Internal)?.pop_if_empty().extend(path);
        Ok(url)
    }

    async fn send(
        &self,
        visitor: &Visitor,
        request: reqwest::RequestBuilder,
    ) -> Result<Reply, Failure> {
        let answer = request.headers(identity(visitor)).send().await.map_err(unreachable)?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = answer.bytes().await.map_err(unreachable)?;
        if !status.is_success() {
            return Err(refused(status, &body));
        }
        clock::learn(&headers);
        let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let position = text(&POSITION).and_then(|position| position.parse().ok());
        // What was removed leaves nothing to say.
        let body = match status {
            StatusCode::NO_CONTENT => Ok(Value::Null),
            _ => serde_json::from_slice(&body),
        };
        Ok(Reply {
            body: body.map_err(|_| Failure::Garbled)?,
            version: text(&header::ETAG).map(|tag| tag.trim_matches('"').to_owned()),
            stale: headers.contains_key(STALE),
            next_cursor: text(&NEXT_CURSOR).map(str::to_owned),
            position,
        })
    }
}

/// On whose behalf we ask. The host decides for which organisation, as if the API had been asked directly.
fn identity(visitor: &Visitor) -> HeaderMap {
    let session = visitor.session.as_deref();
    let org = visitor.org.as_ref().or_else(|| session.and_then(|session| session.org.as_ref()));
    let trace = visitor.trace.header();
    let pairs = [
        (TRACEPARENT, trace.as_ref()),
        (header::HOST, visitor.host.as_ref()),
        (FORWARDED_FOR, visitor.forwarded_for.as_ref()),
        (header::AUTHORIZATION, session.map(|session| &session.authorization)),
        (ORG, org),
    ];
    pairs.into_iter().filter_map(|(name, value)| Some((name, value?.clone()))).collect()
}

fn unreachable(error: reqwest::Error) -> Failure {
    // The address may contain what somebody searched for.
    let error = error.without_url();
    tracing::warn!(error = &error as &dyn std::error::Error, "the API cannot be reached");
    Failure::Unreachable
}

fn refused(status: StatusCode, body: &[u8]) -> Failure {
    match serde_json::from_slice::<Refusal>(body) {
        Ok(refusal) => Failure::Refused(Box::new(refusal.said(status))),
        Err(_) if status.is_server_error() => Failure::Unreachable,
        Err(_) => Failure::Garbled,
    }
}

/// A login that the API no longer accepts has ended here too.
fn signed_out(failure: Failure) -> Failure {
    if failure.status() == StatusCode::UNAUTHORIZED { Failure::SignedOut } else { failure }
}
