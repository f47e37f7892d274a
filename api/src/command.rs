//! What a command route reads beside its path: key, expected version and JSON body.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::multipart::Multipart;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use commands::{Context, RequestKey};
use domain::id::OrgId;
use domain::recorded::{Actor, Via};
use ring::hmac;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::audit;
use crate::caller::Caller;
use crate::json;
use crate::problem::{Code, Problem};
use crate::request::{IDEMPOTENCY_KEY, RequestInfo, This, header};
use crate::route::{self, Rule};
use crate::state::AppState;

/// Longest `Idempotency-Key`.
const LONGEST_KEY: usize = 128;

/// A request that wants to change something.
pub(crate) struct CommandRequest {
    info: Arc<RequestInfo>,
    key: Option<Key>,
    expected_version: Option<i32>,
    action: Option<&'static str>,
    via: Option<Via>,
    body: Bytes,
}

/// A key chosen by the caller, and everything it stands for.
struct Key {
    text: String,
    /// Method, path and query.
    asked: [String; 3],
    fingerprint: [u8; 32],
}

impl CommandRequest {
    /// The body as a `T`; a missing body counts as `{}`.
    pub(crate) fn body<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        // Fields without their names would be taken by their place.
        if self.body.trim_ascii_start().starts_with(b"[") {
            return Err(Problem::field("body", "Expected an object"));
        }
        json::parse(if self.body.is_empty() { b"{}" } else { &self.body })
    }

    /// The body as it is, for readers that name everything that is wrong with it at once.
    pub(crate) fn json(&self) -> Result<Value, Problem> {
        json::parse_once(&self.body)
    }

    /// The context in which a member of staff acts.
    pub(crate) fn context(&self, caller: &Caller) -> Context {
        self.context_of(caller.org(), caller.actor())
    }

    /// The context in which anybody acts.
    pub(crate) fn public_context(&self, org: OrgId) -> Context {
        let anybody = Actor {
            kind: "public".to_owned(),
            id: "anonymous".to_owned(),
            role: "public".to_owned(),
        };
        self.context_of(org, anybody)
    }

    /// As [`Self::public_context`]. What stands in `field` is good once, so that a repetition may bring another one: it is
    /// the same request all the same.
    pub(crate) fn public_context_beside(&self, org: OrgId, field: &str) -> Context {
        let mut context = self.public_context(org);
        if let (Some(key), Ok(Value::Object(mut body))) =
            (&self.key, serde_json::from_slice(&self.body))
        {
            body.remove(field);
            let (asked, body) = (key.asked.each_ref().map(String::as_str), Value::Object(body));
            context.request.fingerprint =
                fingerprint(&key.text, asked, body.to_string().as_bytes());
        }
        context
    }

    /// The context in which `actor` acts.
    pub(crate) fn context_of(&self, org: OrgId, actor: Actor) -> Context {
        let request = match &self.key {
            Some(key) => RequestKey::of(org, &actor.id, &key.text, key.fingerprint),
            None => RequestKey::fresh(),
        };
        Context {
            org,
            actor,
            request_id: self.info.id.clone(),
            correlation_id: self.info.correlation.clone(),
            causation_id: None,
            reason: None,
            action: self.action.map(str::to_owned),
            via: self.via.clone(),
            request,
            expected_version: self.expected_version,
            beside: Vec::new(),
            recorded_at: None,
        }
    }
}

/// A request before its body was read.
struct Head {
    request: CommandRequest,
    /// What the caller chose, and what else is asked: method, path and query.
    keyed: Option<(String, [String; 3])>,
}

impl Head {
    async fn read(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        let Ok(This(info)) = This::from_request_parts(parts, app).await;
        let rule = parts.extensions.get::<Rule>().copied();
        // Where a key means nothing, each request is one of its own: its answer may be a secret made for it.
        let is_alone = rule.is_some_and(|rule| rule.key == route::Key::Ignored);
        let expected_version = if is_alone { None } else { if_match(&parts.headers)? };
        let action = rule.and_then(|rule| rule.action);
        let canonical = rule.and_then(|rule| rule.alias_of);
        let via = rule.map(|rule| audit::via(&info, app.client_address, rule.success));
        let key = if is_alone { None } else { idempotency_key(&parts.headers)?.map(str::to_owned) };
        let keyed = key.map(|text| {
            let path = canonical.unwrap_or(parts.uri.path()).to_owned();
            let query = parts.uri.query().unwrap_or_default().to_owned();
            (text, [parts.method.to_string(), path, query])
        });
        let body = Bytes::new();
        let request = CommandRequest { info, key: None, expected_version, action, via, body };
        Ok(Self { request, keyed })
    }

    /// The request, once it is known what it carries.
    fn with(self, body: &[u8]) -> CommandRequest {
        let key = self.keyed.map(|(text, asked)| {
            let fingerprint = fingerprint(&text, asked.each_ref().map(String::as_str), body);
            Key { text, asked, fingerprint }
        });
        CommandRequest { key, ..self.request }
    }
}

/// A request that brings a file, which is read as it comes.
pub(crate) struct FileRequest {
    head: Head,
    parts: Result<Multipart, Problem>,
}

impl FileRequest {
    /// What comes, part by part. Whoever sends no form is told so here, after they were told what they may not.
    pub(crate) fn parts(&mut self) -> Result<&mut Multipart, Problem> {
        self.parts.as_mut().map_err(|problem| problem.clone())
    }

    /// The command, once it is known what came; `digest` tells one file and its form from another.
    pub(crate) fn command(self, digest: &[u8]) -> CommandRequest {
        self.head.with(digest)
    }
}

impl FromRequest<AppState> for FileRequest {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let head = Head::read(&mut parts, app).await?;
        let no_form = || {
            let detail = "Files come as a form: send Content-Type: multipart/form-data.";
            Problem::new(Code::UnsupportedMediaType).detail(detail)
        };
        let parts = if is_plain(&parts.headers) {
            let parts = Multipart::from_request(Request::from_parts(parts, body), app).await;
            parts.map_err(|_| no_form())
        } else {
            Err(no_form())
        };
        Ok(Self { head, parts })
    }
}

impl FromRequest<AppState> for CommandRequest {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let head = Head::read(&mut parts, app).await?;
        let readable = is_json(&parts.headers) && is_plain(&parts.headers);
        let body = Bytes::from_request(Request::from_parts(parts, body), app).await;
        let body = body.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Problem::new(Code::BodyTooLarge),
            _ => Problem::new(Code::UnreadableBody),
        })?;
        if !readable && !body.is_empty() {
            return Err(Problem::new(Code::UnsupportedMediaType));
        }
        Ok(Self { body: Bytes::clone(&body), ..head.with(&body) })
    }
}

/// JSON has one encoding, so a charset may only repeat it.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(Ok(kind)) = headers.get(header::CONTENT_TYPE).map(HeaderValue::to_str) else {
        return false;
    };
    let mut parts = kind.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    essence.eq_ignore_ascii_case("application/json")
        && parts.all(|parameter| match parameter.split_once('=') {
            Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
                value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
            }
            _ => true,
        })
}

/// Compressed bodies are not unpacked here.
fn is_plain(headers: &HeaderMap) -> bool {
    let mut encodings = headers.get_all(header::CONTENT_ENCODING).iter();
    encodings.all(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// What makes another request with the same key recognisable. The key itself is stored nowhere and takes part: the words of
/// somebody who was erased since cannot be guessed from what is left.
fn fingerprint(key: &str, asked: [&str; 3], body: &[u8]) -> [u8; 32] {
    let mut mac = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()));
    for part in asked {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part.as_bytes());
    }
    mac.update(body);
    let mut fingerprint = [0; 32];
    fingerprint.copy_from_slice(mac.sign().as_ref());
    fingerprint
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let key = header(headers, &IDEMPOTENCY_KEY)?;
    let visible = |key: &str| key.bytes().all(|byte| byte.is_ascii_graphic());
    match key {
        Some(key) if (1..=LONGEST_KEY).contains(&key.len()) && visible(key) => Ok(Some(key)),
        None => Ok(None),
        Some(_) => Err(Problem::header("Idempotency-Key", "1 to 128 visible ASCII characters")),
    }
}

/// The version in `If-Match`; `*` is satisfied by whatever exists.
fn if_match(headers: &HeaderMap) -> Result<Option<i32>, Problem> {
    let malformed = || Problem::header("If-Match", "\"<version>\" or *");
    let Some(text) = header(headers, &header::IF_MATCH)? else { return Ok(None) };
    let text = text.trim();
    if text == "*" {
        return Ok(None);
    }
    let version = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let version = version.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    version.and_then(|digits| digits.parse().ok()).map(Some).ok_or_else(malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn if_match_is_a_quoted_version_or_a_star() {
        assert_eq!(if_match(&HeaderMap::new()).unwrap(), None);
        assert_eq!(if_match(&headers(header::IF_MATCH, "\"12\"")).unwrap(), Some(12));
        assert_eq!(if_match(&headers(header::IF_MATCH, "*")).unwrap(), None);
        for bad in ["12", "\"x\"", "W/\"12\"", "\"1\", \"2\"", "\"-1\"", "\"99999999999\"", "\"\""]
        {
            assert!(if_match(&headers(header::IF_MATCH, bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn json_comes_in_utf_8_and_as_it_is() {
        for good in ["application/json", "Application/JSON; charset=UTF-8", "application/json;v=1"]
        {
            assert!(is_json(&headers(header::CONTENT_TYPE, good)), "{good}");
        }
        for bad in ["", "text/json", "application/json; charset=latin1", "application/jsonx"] {
            assert!(!is_json(&headers(header::CONTENT_TYPE, bad)), "{bad}");
        }
        assert!(!is_json(&HeaderMap::new()));
        assert!(is_plain(&headers(header::CONTENT_ENCODING, "Identity")));
        assert!(!is_plain(&headers(header::CONTENT_ENCODING, "gzip")));
    }

    #[test]
    fn a_key_is_short_and_visible() {
        assert_eq!(idempotency_key(&headers(IDEMPOTENCY_KEY, "k-1")).unwrap(), Some("k-1"));
        for bad in ["", "a b", &"x".repeat(129)] {
            assert!(idempotency_key(&headers(IDEMPOTENCY_KEY, bad)).is_err());
        }
    }

    #[test]
    fn a_fingerprint_covers_the_key_the_query_and_its_place() {
        let one = fingerprint("k", ["POST", "/a", "b=1"], b"{}");
        assert_ne!(one, fingerprint("k", ["POST", "/a", ""], b"b=1{}"));
        assert_ne!(one, fingerprint("k", ["POST", "/a", "b=2"], b"{}"));
        assert_ne!(one, fingerprint("l", ["POST", "/a", "b=1"], b"{}"));
        assert_eq!(one, fingerprint("k", ["POST", "/a", "b=1"], b"{}"));
    }
}
