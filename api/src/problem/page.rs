//! `GET /problems/{slug}`: what the `type` and `code` of a failure mean.

use axum::extract::Path;
use axum::http::header;
use axum::response::IntoResponse;
use serde_json::{Value, json};
use utoipa_axum::routes;

use super::{Code, Problem, category};
use crate::route::{Routes, monitor};

pub(crate) fn routes() -> Routes {
    Routes::default().add(routes!(page), monitor())
}

/// What a family of failures has in common.
const FAMILIES: [(&str, &str); 6] = [
    ("validation-error", "The request has unusable fields; `errors` names each of them."),
    ("domain-error", "A rule refused the request; `code` says which."),
    ("mfa_required", "The login is good, but a second factor is missing or wrong."),
    ("version-conflict", "Somebody else changed the same thing; read it again."),
    ("rate-limit", "Too many requests; wait as long as Retry-After says."),
    ("server-error", "Our side failed; where a retry helps, Retry-After says when."),
];

/// Explain a `type` or `code` of a problem
#[utoipa::path(
    get,
    path = "/problems/{slug}",
    tag = "system",
    params(("slug" = String, Path, description = "Last part of `type`, or a `code`", example = "stale_read")),
    responses(
        (status = 200, description = "What it means", content_type = "application/json"),
        (status = 404, description = "No failure is called so", content_type = "application/problem+json")
    )
)]
async fn page(Path(slug): Path<String>) -> Result<impl IntoResponse, Problem> {
    let body = family(&slug).or_else(|| code(&slug)).ok_or_else(|| Problem::new(Code::NotFound))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], body.to_string()))
}

fn family(slug: &str) -> Option<Value> {
    let (name, meaning) = FAMILIES.into_iter().find(|(name, _)| *name == slug)?;
    let codes: Vec<Value> = Code::ALL
        .iter()
        .map(|code| describe(*code))
        .filter(|code| code["family"] == name)
        .collect();
    Some(json!({ "type": format!("/problems/{name}"), "meaning": meaning, "codes": codes }))
}

fn code(slug: &str) -> Option<Value> {
    Code::ALL.iter().find(|code| code.entry().code == slug).map(|code| describe(*code))
}

fn describe(code: Code) -> Value {
    let entry = code.entry();
    json!({
        "code": entry.code,
        "status": entry.status.as_u16(),
        "title": entry.title,
        "meaning": entry.meaning,
        "family": category(entry.status, entry.code),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_and_its_family_are_documented() {
        for known in Code::ALL {
            let page = code(known.entry().code).unwrap();
            let family = family(page["family"].as_str().unwrap()).unwrap();
            assert!(family["codes"].as_array().unwrap().contains(&page));
        }
        assert!(family("elsewhere").or_else(|| code("elsewhere")).is_none());
    }
}
