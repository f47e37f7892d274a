//! What a command route reads beside its path: key, expected version and JSON body.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use commands::{Context, RequestKey};
use domain::id::OrgId;
use domain::input::Problems;
use domain::recorded::{Actor, Via};
use ring::digest::{self, SHA256};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::audit;
use crate::caller::Caller;
use crate::extract::unusable;
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
    fingerprint: [u8; 32],
}

impl CommandRequest {
    /// The body as a `T`; a missing body counts as `{}`.
    pub(crate) fn body<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        parse(if self.body.is_empty() { b"{}" } else { &self.body })
    }

    /// The body as it is, for readers that name everything that is wrong with it at once.
    pub(crate) fn json(&self) -> Result<Value, Problem> {
        parse(&self.body)
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

impl FromRequest<AppState> for CommandRequest {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let Ok(This(info)) = This::from_request_parts(&mut parts, app).await;
        let rule = parts.extensions.get::<Rule>().copied();
        // Where a key means nothing, each request is one of its own: its answer may be a secret made for it.
        let is_alone = rule.is_some_and(|rule| rule.key == route::Key::Ignored);
        let expected_version = if is_alone { None } else { if_match(&parts.headers)? };
        let action = rule.and_then(|rule| rule.action);
        let canonical = rule.and_then(|rule| rule.alias_of);
        let via = rule.map(|rule| audit::via(&info, app.client_address, rule.success));
        let key = if is_alone { None } else { idempotency_key(&parts.headers)?.map(str::to_owned) };
        let (method, uri) = (parts.method.clone(), parts.uri.clone());
        let json = is_json(&parts.headers);
        let body = Bytes::from_request(Request::from_parts(parts, body), app).await;
        let body = body.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Problem::new(Code::BodyTooLarge),
            _ => Problem::new(Code::UnreadableBody),
        })?;
        if !json && !body.is_empty() {
            return Err(Problem::new(Code::UnsupportedMediaType));
        }
        let key = key.map(|text| {
            let path = canonical.unwrap_or(uri.path());
            let asked = [method.as_str(), path, uri.query().unwrap_or_default()];
            Key { text, fingerprint: fingerprint(asked, &body) }
        });
        Ok(Self { info, key, expected_version, action, via, body })
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let essence = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

fn fingerprint(asked: [&str; 3], body: &[u8]) -> [u8; 32] {
    let mut sha = digest::Context::new(&SHA256);
    for part in asked {
        sha.update(&(part.len() as u64).to_be_bytes());
        sha.update(part.as_bytes());
    }
    sha.update(body);
    let mut fingerprint = [0; 32];
    fingerprint.copy_from_slice(sha.finish().as_ref());
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
    let Some(text) = headers.get(header::IF_MATCH).map(HeaderValue::to_str) else {
        return Ok(None);
    };
    let text = text.map_err(|_| malformed())?.trim();
    if text == "*" {
        return Ok(None);
    }
    let version = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let version = version.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    version.and_then(|digits| digits.parse().ok()).map(Some).ok_or_else(malformed)
}

/// Reads JSON, telling apart what is not JSON from what does not fit.
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let text = std::str::from_utf8(body).map_err(|_| Problem::new(Code::InvalidUtf8))?;
    let mut json = serde_json::Deserializer::from_str(text);
    let read = serde_path_to_error::deserialize(&mut json);
    let read = read.map_err(|error| {
        let path = error.path().to_string();
        misfit(&path, error.inner())
    })?;
    json.end().map_err(|error| misfit("", &error))?;
    if text.contains("\\u0000") {
        refuse_nul(text)?;
    }
    Ok(read)
}

fn misfit(path: &str, error: &serde_json::Error) -> Problem {
    if error.is_data() {
        Problem::invalid(unusable(path, &error.to_string()))
    } else {
        Problem::new(Code::MalformedJson)
    }
}

/// No text of ours contains NUL, and PostgreSQL could not store it as `jsonb`.
fn refuse_nul(text: &str) -> Result<(), Problem> {
    let json: Value = serde_json::from_str(text).map_err(|error| misfit("", &error))?;
    let mut problems = Problems::default();
    find_nul(&json, "", &mut problems);
    Ok(problems.or(())?)
}

fn find_nul(json: &Value, path: &str, problems: &mut Problems) {
    let below =
        |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match json {
        Value::String(text) if text.contains('\0') => {
            problems.push(path, "NUL characters are not permitted");
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                find_nul(item, &below(&index.to_string()), problems);
            }
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                if name.contains('\0') {
                    let shown = below(&name.replace('\0', "\u{FFFD}"));
                    problems.push(shown, "NUL characters are not permitted");
                }
                find_nul(value, &below(name), problems);
            }
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Change {
        #[serde(rename = "status")]
        _status: String,
        #[serde(rename = "note")]
        _note: Option<String>,
    }

    fn refusal(body: &[u8]) -> String {
        format!("{:?}", parse::<Change>(body).unwrap_err())
    }

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn what_is_not_json_is_told_apart_from_what_does_not_fit() {
        assert!(refusal(b"{\"status\":").contains("malformed_json"));
        assert!(refusal(b"{} x").contains("validation_failed"));
        assert!(refusal(b"{\"status\":\"LOST\"} x").contains("malformed_json"));
        assert!(refusal(b"{\"status\":\"\xff\"}").contains("invalid_utf8"));
        assert!(refusal(b"{}").contains(r#"field: "status", message: "Field required""#));
        assert!(
            refusal(b"{\"status\":\"LOST\",\"x\":1}")
                .contains(r#"field: "x", message: "Extra inputs are not permitted""#)
        );
        let wrong = refusal(b"{\"status\":7}");
        assert!(wrong.contains(r#"field: "status", message: "Expected a string""#), "{wrong}");
    }

    #[test]
    fn nul_is_refused_and_its_field_named() {
        let refused = refusal(br#"{"status":"LOST","note":"a\u0000b"}"#);
        assert!(refused.contains(r#"field: "note""#));
        assert!(parse::<Change>(br#"{"status":"LOST","note":"a\\u0000b"}"#).is_ok());
        let refused = parse::<Value>(br#"{"snapshot":{"\u0000x":1}}"#).unwrap_err();
        let refused = format!("{refused:?}");
        assert!(refused.contains("snapshot.\u{FFFD}x"), "{refused}");
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
    fn a_key_is_short_and_visible() {
        assert_eq!(idempotency_key(&headers(IDEMPOTENCY_KEY, "k-1")).unwrap(), Some("k-1"));
        for bad in ["", "a b", &"x".repeat(129)] {
            assert!(idempotency_key(&headers(IDEMPOTENCY_KEY, bad)).is_err());
        }
    }

    #[test]
    fn a_fingerprint_covers_the_query_and_its_place() {
        let one = fingerprint(["POST", "/a", "b=1"], b"{}");
        assert_ne!(one, fingerprint(["POST", "/a", ""], b"b=1{}"));
        assert_ne!(one, fingerprint(["POST", "/a", "b=2"], b"{}"));
        assert_eq!(one, fingerprint(["POST", "/a", "b=1"], b"{}"));
    }
}
