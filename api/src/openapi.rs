//! `/openapi.json` and the readable page `/docs`: made of the routes themselves, completed by what they share.

use std::sync::LazyLock;

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::SwaggerUi;

use crate::cookies;
use crate::problem::{Code, category};
use crate::route::Declared;
use crate::state::AppState;

const ABOUT: &str = "Commands and queries of a cleaning business. Every answer carries `X-Request-ID`; every failure is \
    `application/problem+json` with a stable `code`. A command answers with the position of the log it reached \
    (`X-Position`); hand it to a query as `X-Min-Position` to read your own writes. Times are UTC; `X-Org-Timezone` names the \
    clock of the organisation, which days and times without an offset are on.";

/// The document of this build, written when somebody first reads it: no start waits for it.
static TEXT: LazyLock<String> = LazyLock::new(|| crate::document().to_string());

/// The document for `routes`, each operation completed by what was `declared` about it.
pub(crate) fn document(routes: &OpenApi, declared: &[Declared]) -> Value {
    let mut document = serde_json::to_value(routes).unwrap_or_default();
    document["openapi"] = "3.1.0".into();
    document["info"] = json!({
        "title": "Cleaning operations",
        "version": env!("CARGO_PKG_VERSION"),
        "description": ABOUT,
        "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
    });
    document["tags"] = json!([
        { "name": "intake", "description": "What anybody may ask" },
        { "name": "leads", "description": "Requests for an offer, their quotes and their history" },
        { "name": "pricing", "description": "What is offered, for how much and on which terms, in versions" },
        { "name": "scheduling", "description": "Teams, free times, visits, and visits that come again" },
        { "name": "dispatch", "description": "The desk: the board of a day, what needs an eye, who could go, what people are told" },
        { "name": "work", "description": "What happens on site: time, checklists, reasons, extras" },
        { "name": "invoicing", "description": "What customers are to pay, and what they paid" },
        { "name": "billing", "description": "What the organisation pays for, and how much it may have" },
        { "name": "people", "description": "Workers, and clients whose homes they clean" },
        { "name": "dashboard", "description": "The figures of the day, and what happened last" },
        { "name": "search", "description": "Everything that staff look for, in one list" },
        { "name": "history", "description": "The log of the organisation, for auditors" },
        { "name": "operations", "description": "What follows from events, and how it fares" },
        { "name": "portal", "description": "Workers and clients themselves: coming in, and what is theirs" },
        { "name": "access", "description": "Members of the organisation and what they may do" },
        { "name": "settings", "description": "How the organisation wants the product" },
        { "name": "session", "description": "The login itself" },
        { "name": "system", "description": "For monitors and for readers of this page" },
    ]);
    let components = &mut document["components"];
    if !components.is_object() {
        *components = json!({});
    }
    components["securitySchemes"] = json!({
        "basic": { "type": "http", "scheme": "basic" },
        "session": {
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "The access token of a login, or the token of a program, which begins with `cln_`",
        },
        "cookie": { "type": "apiKey", "in": "cookie", "name": cookies::SESSION },
        "worker": {
            "type": "http", "scheme": "bearer", "description": "The token of a worker at their portal",
        },
        "worker_cookie": { "type": "apiKey", "in": "cookie", "name": cookies::WORKER },
        "client": {
            "type": "http", "scheme": "bearer", "description": "The token of a client at their portal",
        },
        "client_cookie": { "type": "apiKey", "in": "cookie", "name": cookies::CLIENT },
        "metrics": { "type": "http", "scheme": "bearer" },
    });
    components["parameters"] = parameters();
    components["schemas"]["Problem"] = problem_schema();
    for route in declared {
        let method = route.method.to_lowercase();
        complete(route, &mut document["paths"][route.path.as_str()][method]);
    }
    document
}

/// Adds what every route of its sort takes and answers.
fn complete(route: &Declared, operation: &mut Value) {
    let staff = route.needs_login();
    let system = route.access == "monitor";
    let command = route.is_command();
    operation["x-access"] = json!(route);
    let mut shared = vec!["RequestId", "CorrelationId"];
    let mut codes = vec![Code::Overloaded, Code::TimedOut, Code::Internal];
    if route.rate != "none" {
        codes.push(Code::RateLimited);
    }
    if !system {
        codes.push(Code::DatabaseUnavailable);
        shared.push("Organisation");
    }
    if staff {
        // What is about a session needs one.
        let session_only = route.path.starts_with("/v1/auth/");
        operation["security"] = if session_only {
            json!([{ "session": [] }, { "cookie": [] }])
        } else {
            json!([{ "session": [] }, { "cookie": [] }, { "basic": [] }])
        };
        codes.extend([Code::Unauthenticated, Code::Forbidden, Code::TooManyAttempts]);
        codes.push(Code::PasswordChangeRequired);
        if route.is_of_staff() {
            codes.extend([Code::AddressNotAllowed, Code::MfaRequired]);
        }
        if route.method != "GET" {
            codes.extend([Code::CrossSite, Code::CsrfMissing, Code::CsrfInvalid]);
        }
        if route.method != "GET" && route.is_of_staff() {
            codes.push(Code::ReadOnly);
            shared.push("BreakGlass");
        }
        codes.extend([Code::NotFound, Code::AmbiguousOrganisation]);
    } else if route.is_of_portal() {
        codes.extend(at_portal(route, operation));
    } else if !system {
        codes.push(Code::OrganisationNotFound);
    }
    if route.feature.is_some() {
        codes.push(Code::FeatureDisabled);
    }
    if route.method != "GET" {
        codes.extend([Code::MalformedJson, Code::InvalidUtf8, Code::MalformedHeader]);
        codes.extend([Code::BodyTooLarge, Code::UnsupportedMediaType, Code::Invalid]);
    }
    if command && !system {
        shared.extend(["IdempotencyKey", "IfMatch"]);
        codes.extend([Code::ConcurrentChange, Code::KeyReused, Code::SubjectErased]);
        codes.extend([Code::VersionMismatch, Code::QueueFull, Code::OutcomeUnknown]);
        codes.push(Code::RolledBack);
    } else if staff || route.is_of_portal() {
        shared.extend(["MinPosition", "AllowStale", "IfNoneMatch"]);
        codes.extend([Code::StaleRead, Code::Invalid, Code::MalformedHeader]);
        describe_unchanged(operation);
    }
    add_headers(operation, &shared);
    add_problems(&mut operation["responses"], &codes);
}

/// Says which session of a portal is asked for, and what else is answered.
fn at_portal(route: &Declared, operation: &mut Value) -> Vec<Code> {
    let cookie = format!("{}_cookie", route.access);
    operation["security"] = json!([{ route.access: [] }, { cookie: [] }]);
    let mut codes = vec![Code::Unauthenticated, Code::PasswordChangeRequired, Code::NotFound];
    if route.method != "GET" {
        codes.extend([Code::CrossSite, Code::CsrfMissing, Code::CsrfInvalid]);
    }
    codes
}

/// Headers that routes share, by the names of [`HEADERS`].
fn add_headers(operation: &mut Value, names: &[&str]) {
    let mut all = operation["parameters"].as_array().cloned().unwrap_or_default();
    let header = |name: &&str| json!({ "$ref": format!("#/components/parameters/{name}") });
    all.extend(names.iter().map(header));
    operation["parameters"] = all.into();
}

/// Wherever `If-None-Match` may be sent.
fn describe_unchanged(operation: &mut Value) {
    let unchanged = &mut operation["responses"]["304"]["description"];
    if unchanged.is_null() {
        *unchanged = "The caller has the current version; nothing more is said".into();
    }
}

/// One answer per status, with an example per code.
fn add_problems(responses: &mut Value, codes: &[Code]) {
    for code in codes {
        let entry = code.entry();
        let status = entry.status.as_str();
        let response = &mut responses[status];
        // Monitors have bodies of their own for some.
        if response["content"]["application/json"].is_object() {
            continue;
        }
        if response["description"].is_null() {
            response["description"] = entry.title.into();
        }
        let content = &mut response["content"]["application/problem+json"];
        content["schema"] = json!({ "$ref": "#/components/schemas/Problem" });
        content["examples"][entry.code] = json!({
            "summary": entry.meaning,
            "value": {
                "type": format!("/problems/{}", category(entry.status, entry.code)), "title": entry.title, "status": entry.status.as_u16(), "detail": entry.meaning,
                "code": entry.code, "request_id": "0e4d2f0a-6a52-4f7e-9a49-2a1d5b0f7c11", "errors": [],
            },
        });
    }
}

fn problem_schema() -> Value {
    json!({
        "type": "object",
        "required": ["type", "title", "status", "detail", "code", "request_id", "errors"],
        "properties": {
            "type": { "type": "string", "description": "A page that explains the family of failures" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "code": { "type": "string", "description": "Stable, for programs" },
            "request_id": { "type": "string" },
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["field", "message"],
                    "properties": { "field": { "type": "string" }, "message": { "type": "string" } },
                },
            },
        },
    })
}

/// Headers that routes share: key, name, description, example.
const HEADERS: [(&str, &str, &str, &str); 9] = [
    (
        "RequestId",
        "X-Request-ID",
        "Names this request everywhere; 1 to 128 of `A-Za-z0-9._:-`, else replaced.",
        "web-17",
    ),
    (
        "CorrelationId",
        "X-Correlation-ID",
        "Ties together everything one cause sets off; else the request id.",
        "import-2026-01",
    ),
    (
        "Organisation",
        "X-Org",
        "Id or slug of the organisation, where host or login leave it open.",
        "sparkle-clean",
    ),
    (
        "IdempotencyKey",
        "Idempotency-Key",
        "1 to 128 visible ASCII characters. The same request under the same key is carried out once and answered alike.",
        "4f1c-submit",
    ),
    (
        "BreakGlass",
        "X-Break-Glass-Token",
        "Lets a change through while the installation is read-only.",
        "3u0cVq9x",
    ),
    (
        "IfMatch",
        "If-Match",
        "The version the caller saw, or `*`; another one is refused with 412.",
        "\"3\"",
    ),
    (
        "IfNoneMatch",
        "If-None-Match",
        "The version the caller has; answered with 304 while it is current.",
        "\"3\"",
    ),
    (
        "MinPosition",
        "X-Min-Position",
        "Waits up to 2 s until the answer includes this position of the log.",
        "1041",
    ),
    (
        "AllowStale",
        "X-Allow-Stale",
        "`1` takes the stale answer, marked `X-Stale: 1`, instead of 503.",
        "1",
    ),
];

fn parameters() -> Value {
    let parameter = |name: &str, description: &str, example: &str| {
        json!({
            "name": name, "in": "header", "required": false, "description": description,
            "schema": { "type": "string" }, "example": example,
        })
    };
    let named = |(key, name, description, example): (&str, &str, &str, &str)| {
        (key.to_owned(), parameter(name, description, example))
    };
    Value::Object(HEADERS.into_iter().map(named).collect::<Map<_, _>>())
}

/// The document and its page.
pub(crate) fn routes() -> Router<AppState> {
    let json = async || {
        let headers = [(header::CONTENT_TYPE, "application/json")];
        (headers, TEXT.as_str()).into_response()
    };
    let page = SwaggerUi::new("/docs").config(utoipa_swagger_ui::Config::from("/openapi.json"));
    Router::new().route("/openapi.json", get(json)).merge(page)
}
