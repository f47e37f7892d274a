//! Path and query parameters, refusing in our own words.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;

use domain::input::Problems;

use crate::problem::{Code, Problem};

/// Path parameters. What does not parse names nothing.
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Sync + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        // PostgreSQL has no text with NUL in it, so nothing can be called so.
        if parts.uri.path().contains("%00") {
            return Err(Problem::new(Code::NotFound));
        }
        let path = axum::extract::Path::from_request_parts(parts, state).await;
        path.map(|path| Self(path.0)).map_err(|_| Problem::new(Code::NotFound))
    }
}

/// Query parameters. Their types deny unknown fields, so a misspelt filter does not show everything.
pub(crate) struct Parameters<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Parameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        if query.contains("%00") {
            return Err(Problem::field("query", "NUL characters are not permitted"));
        }
        // Otherwise what cannot be read would be replaced, and something else looked for.
        if percent_decode_str(query).decode_utf8().is_err() {
            return Err(Problem::field("query", "Input should be UTF-8"));
        }
        let query = axum::extract::Query::try_from_uri(&parts.uri).map_err(|rejection| {
            let text = rejection.body_text();
            let text = text.strip_prefix("Failed to deserialize query string: ").unwrap_or(&text);
            // serde's path comes first, if it knows it.
            let (path, said) = match text.split_once(": ") {
                Some((path, said)) if !path.contains(' ') => (path, said),
                _ => ("", text),
            };
            Problem::invalid(unusable(path, said))
        })?;
        Ok(Self(query.0))
    }
}

/// Rows of a page: what was asked for, if that is from 1 to `most`, else 50.
pub(crate) fn limit(asked: Option<i64>, most: i64) -> Result<i64, Problem> {
    match asked {
        None => Ok(50.min(most)),
        Some(limit) if (1..=most).contains(&limit) => Ok(limit),
        Some(_) => Err(Problem::field("limit", format!("Input should be from 1 to {most}"))),
    }
}

/// What is asked for by 1, and not by 0 or nothing.
pub(crate) fn flag(field: &str, asked: Option<u8>) -> Result<bool, Problem> {
    match asked {
        None | Some(0) => Ok(false),
        Some(1) => Ok(true),
        Some(_) => Err(Problem::field(field, "Input should be 0 or 1")),
    }
}

/// Says in our words what serde found, without the value it found: that may be personal.
pub(crate) fn unusable(path: &str, said: &str) -> Problems {
    let path = if path == "." { "" } else { path };
    let named = |prefix: &str| {
        let name = said.strip_prefix(prefix)?.split('`').next()?;
        Some(if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") })
    };
    // `deny_unknown_fields` reports the path with the unknown name at its end already.
    let last = |name: String| {
        let doubled =
            path.rsplit('.').next().is_some_and(|end| name.ends_with(&format!("{end}.{end}")));
        if doubled { path.to_owned() } else { name }
    };
    if let Some(field) = named("missing field `") {
        return Problems::one(field, "Field required");
    }
    if let Some(field) = named("unknown field `") {
        return Problems::one(last(field), "Extra inputs are not permitted");
    }
    if let Some(field) = named("duplicate field `") {
        return Problems::one(last(field), "Given more than once");
    }
    let message = match said.split_once(", expected ") {
        Some((_, wanted)) => {
            let wanted = wanted.split(" at line ").next().unwrap_or(wanted);
            format!("Expected {}", wanted.replace('`', ""))
        }
        None => "Invalid value".to_owned(),
    };
    Problems::one(if path.is_empty() { "body" } else { path }, message)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Page {
        #[serde(rename = "page")]
        _page: Option<u32>,
    }

    fn problem(uri: &str) -> String {
        let (mut parts, ()) =
            axum::http::Request::builder().uri(uri).body(()).unwrap().into_parts();
        let read =
            futures::executor::block_on(Parameters::<Page>::from_request_parts(&mut parts, &()));
        format!("{:?}", read.err().unwrap())
    }

    #[test]
    fn an_unknown_or_malformed_parameter_is_named() {
        assert!(
            problem("/x?pgae=1")
                .contains(r#"field: "pgae", message: "Extra inputs are not permitted""#)
        );
        let malformed = problem("/x?page=many");
        assert!(malformed.contains(r#"field: "page""#), "{malformed}");
        assert!(!malformed.contains("many"));
    }

    #[test]
    fn what_was_sent_is_never_repeated() {
        let problem =
            unusable("beds", r#"invalid type: string "Jane Doe", expected u8 at line 1 column 9"#);
        assert_eq!(problem, Problems::one("beds", "Expected u8"));
        let missing = unusable("add_ons", "missing field `oven` at line 1 column 2");
        assert_eq!(missing, Problems::one("add_ons.oven", "Field required"));
    }
}
