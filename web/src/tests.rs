//! The pages against a small API, as a browser would use them.

mod browser;
mod clients;
mod desk;
mod disputes;
mod finance;
mod invoices;
mod new_visit;
mod portal;
mod prices;
mod public;
mod reports;
mod settings;
mod staff;
mod subscriptions;
mod teams;
mod visits;
mod workers;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use self::browser::Browser;
use crate::{Options, Widget};

const LEAD: &str = "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d";
const QUOTE: &str = "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2e";

/// What an owner may, and of it first what a viewer may, too.
const OWNER: [&str; 15] = [
    "core.view",
    "bookings.view",
    "contacts.view",
    "contacts.edit",
    "bookings.edit",
    "bookings.assign",
    "invoices.view",
    "invoices.edit",
    "payments.record",
    "finance.view",
    "finance.manage",
    "policies.manage",
    "pricing.manage",
    "settings.manage",
    "users.manage",
];

/// Money, and no names.
const BOOKKEEPER: [&str; 4] = ["core.view", "bookings.view", "invoices.edit", "finance.view"];

/// What the API was asked.
#[derive(Clone)]
struct Asked {
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Value,
}

impl Asked {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

type Log = Arc<Mutex<Vec<Asked>>>;

/// An API that knows one lead, and everything it was asked.
struct FakeApi {
    asked: Log,
    browser: Browser,
    serving: JoinSet<()>,
}

impl FakeApi {
    async fn start() -> Self {
        Self::start_asking(None).await
    }

    /// Where visitors are asked to show that they are persons.
    async fn start_asking(widget: Option<Widget>) -> Self {
        let asked = Log::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let zone = axum::middleware::map_response(async |mut response: Response| {
            let zone = HeaderValue::from_static("America/Edmonton");
            response.headers_mut().insert("x-org-timezone", zone);
            // The API has a clock of its own, on which it is always the same day.
            let date = HeaderValue::from_static("Mon, 04 Mar 2030 17:00:00 GMT");
            response.headers_mut().insert(header::DATE, date);
            response
        });
        let app = Router::new().fallback(answer).layer(zone).with_state(asked.clone());
        let mut serving = JoinSet::new();
        serving.spawn(async { axum::serve(listener, app).await.unwrap() });
        Self { asked, browser: browser_asking(&url, widget), serving }
    }

    async fn stop(&mut self) {
        self.serving.shutdown().await;
    }

    fn asked(&self, method: &Method, path: &str) -> Vec<Asked> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|one| one.method == *method && one.path == path).cloned().collect()
    }

    async fn signed_in(name: &str) -> Self {
        let mut api = Self::start().await;
        let page = api.browser.post("/login", &[("username", name), ("password", "secret")]).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
        api
    }
}

fn browser(api: &str) -> Browser {
    browser_asking(api, None)
}

fn browser_asking(api: &str, widget: Option<Widget>) -> Browser {
    // Another test may have been faster.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (api_url, key) = (api.parse().unwrap(), [7; 32]);
    let options = Options { api_url, secure_cookies: false, key, widget };
    Browser::new(crate::router(options).unwrap())
}

async fn answer(State(log): State<Log>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let path = parts.uri.path().to_owned();
    let asked = Asked {
        method: parts.method.clone(),
        path: parts.uri.to_string(),
        headers: parts.headers.clone(),
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    let has_reason = log.lock().unwrap().iter().any(|one| one.path.ends_with("/reasons"));
    log.lock().unwrap().push(asked.clone());
    if path.starts_with("/v1/admin") && !knows(&parts.headers) {
        return problem(401, "unauthenticated", "Unauthorized", &json!([]));
    }
    let special = portal::answer(&asked).or_else(|| new_visit::created(&asked));
    if let Some(answer) = special.or_else(|| invoices::answer(&asked, has_reason)) {
        return answer;
    }
    match (parts.method.as_str(), path.as_str()) {
        ("POST", "/v1/leads") => submitted(&asked),
        ("POST", "/v1/estimate") => estimated(&asked),
        ("POST", "/v1/bookings") => booked(&asked),
        ("GET", _) => read(&path, &asked),
        ("POST" | "PATCH" | "PUT" | "DELETE", _) => changed(&path, &asked),
        _ => problem(404, "route_not_found", "No route", &json!([])),
    }
}

fn knows(headers: &HeaderMap) -> bool {
    let names = ["owner", "viewer", "bookkeeper"];
    let expected = names.map(|name| format!("Basic {}", BASE64.encode(format!("{name}:secret"))));
    let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    sent.is_some_and(|sent| expected.iter().any(|one| one == sent))
}

fn is_viewer(asked: &Asked) -> bool {
    is(asked, "viewer")
}

fn is(asked: &Asked, name: &str) -> bool {
    asked.header("authorization").ends_with(&BASE64.encode(format!("{name}:secret")))
}

fn submitted(asked: &Asked) -> Response {
    if asked.body["phone"].as_str() == Some("bad") {
        let errors = json!([{ "field": "phone", "message": "Not a <phone> number" }]);
        return problem(422, "validation_failed", "Request validation failed", &errors);
    }
    if asked.body["captcha_token"] == "robot" {
        let errors = json!([{ "field": "captcha_token", "message": "Answer it once more" }]);
        return problem(422, "captcha_failed", "Captcha failed", &errors);
    }
    let receipt =
        json!({ "lead_id": LEAD, "next_step_text": "We call.", "referral_code": "A1B2C3D4" });
    (StatusCode::CREATED, axum::Json(receipt)).into_response()
}

fn booked(asked: &Asked) -> Response {
    if asked.body["starts_at"] != "2030-03-04T16:00:00.000000Z" {
        let detail = "Requested slot is no longer available";
        return problem(409, "slot_taken", detail, &json!([]));
    }
    let receipt = json!({
        "starts_at": "2030-03-04T16:00:00Z", "duration_minutes": 120, "status": "PENDING", "deposit_cents": 5_000,
        "checkout_url": "https://checkout.example/1",
    });
    (StatusCode::CREATED, axum::Json(receipt)).into_response()
}

/// A visit as lists show it.
fn visit() -> Value {
    json!({
        "booking_id": LEAD, "starts_at": "2030-03-04T16:00:00Z", "duration_minutes": 120, "status": "PENDING",
        "lead_name": "<b>Sam</b> & Co", "lead_email": null, "total_cents": 12_000, "base_price_cents": 12_000,
    })
}

fn visit_detail() -> Value {
    let mut visit = visit();
    let more = json!({
        "ends_at": "2030-03-04T18:00:00Z", "address_text": "<script>alert(1)</script>", "risk_band": "LOW",
        "client_id": LEAD,
        "hand_deposits": [{ "payment_id": "manual:ET-1", "reference": "ET-1", "amount_cents": 7_000, "returned_cents": 2_000,
            "paid_at": "2026-11-24T09:00:00Z" }],
        "customer": { "name": "<b>Sam</b> & Co", "email": null },
        "timeline": [{ "event_type": "risk_assessed", "recorded_at": "2026-11-24T09:00:00Z", "actor": { "id": "demo" } }],
    });
    visit.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    visit
}

fn calendar() -> Value {
    json!({ "from_date": "2030-03-04", "to_date": "2030-03-04", "teams": [{ "name": "North", "days": [{
        "opens_at": "2030-03-04T16:00:00Z", "closes_at": "2030-03-05T01:00:00Z", "bookings": [visit()], "minutes": 120,
        "blocks": [{ "block_type": "blackout", "starts_at": "2030-03-04T20:00:00Z", "ends_at": "2030-03-04T21:00:00Z", "reason": "van" }],
    }] }] })
}

fn estimated(asked: &Asked) -> Response {
    if asked.body["beds"].as_i64().is_none_or(|beds| beds > 10) {
        let errors = json!([{ "field": "beds", "message": "At most 10" }]);
        return problem(422, "validation_failed", "Request validation failed", &errors);
    }
    axum::Json(estimate()).into_response()
}

fn estimate() -> Value {
    json!({
        "rate": 35.0, "team_size": 1, "time_on_site_hours": 3.0, "billed_cleaner_hours": 3.0, "labor_cost": 105.0,
        "discount_amount": 0.0, "add_ons_cost": 0.0, "total_before_tax": 105.0,
    })
}

#[expect(clippy::too_many_lines, reason = "a route after the other")]
fn read(path: &str, asked: &Asked) -> Response {
    let lead = format!("/v1/admin/leads/{LEAD}");
    let body = match path {
        "/v1/admin/profile" => {
            let (role, held) = match () {
                () if is_viewer(asked) => ("viewer", &OWNER[..3]),
                () if is(asked, "bookkeeper") => ("accountant", &BOOKKEEPER[..]),
                () => ("owner", &OWNER[..]),
            };
            json!({ "username": role, "role": role, "permissions": held })
        }
        "/v1/admin/whoami" => json!({ "org_id": "maple-id" }),
        "/v1/admin/leads" => {
            json!({ "items": [item()], "total": 60, "page": 2, "page_size": 25, "next_cursor": null })
        }
        "/v1/admin/schedule" => {
            json!({ "bookings": [visit()], "total": 1, "next_cursor": "17_ab" })
        }
        "/v1/admin/schedule/team_calendar" => calendar(),
        _ if path.starts_with("/v1/admin/dispatcher/board/") => return desk::stream(asked),
        _ if desk::knows(path) => desk::answer(path),
        "/v1/slots" => json!({
            "date": "2030-03-04", "duration_minutes": 120, "slots": ["2030-03-04T16:00:00Z"], "clarifier": null,
        }),
        _ if path == format!("/v1/admin/bookings/{LEAD}") => {
            return ([(header::ETAG, "\"4\"")], axum::Json(visit_detail())).into_response();
        }
        "/v1/admin/events" if is_viewer(asked) => {
            let errors = json!([{ "field": "permission", "message": "admin.manage" }]);
            return problem(403, "forbidden", "Forbidden: requires admin.manage", &errors);
        }
        "/v1/admin/events" => json!({ "items": [event()], "next_after": null, "head": 7 }),
        "/v1/admin/history/checkpoints" => json!({ "next_cursor": null, "items": [{
            "position": 7, "hash": "9f86", "signed_at": "2026-11-24T09:00:00Z", "key_id": "k1", "signature": "ab",
        }] }),
        "/v1/admin/audit-logs" => {
            json!({ "next_cursor": "17_2_0", "items": [audited(), refused()] })
        }
        "/v1/admin/effects" => json!({ "next_cursor": null, "items": [{
            "kind": "email.request_received", "state": "suppressed", "reason": "email is off", "attempts": 1,
            "cause": 2, "due_at": "2026-11-24T09:00:00Z", "created_at": "2026-11-24T09:00:00Z", "finished_at": null,
        }] }),
        _ if path == lead => {
            let tag = [(header::ETAG, "\"4\"")];
            return (tag, axum::Json(detail(asked))).into_response();
        }
        _ if path == format!("{lead}/quotes") => json!({ "items": [quote()] }),
        _ if path == format!("/v1/admin/history/lead/{LEAD}") => {
            json!({ "type": "lead", "id": LEAD, "items": [entry()], "next_after": null })
        }
        _ => match settings::told(path)
            .or_else(|| subscriptions::told(path))
            .or_else(|| workers::told(path))
            .or_else(|| clients::told(path))
            .or_else(|| reports::told(path))
            .or_else(|| finance::told(path))
            .or_else(|| disputes::told(path))
            .or_else(|| teams::told(path))
            .or_else(|| teams::blocks(asked))
            .or_else(|| prices::told(path))
        {
            Some(body) if body["client_id"] == LEAD => {
                return ([(header::ETAG, "\"4\"")], axum::Json(body)).into_response();
            }
            Some(body) => body,
            None => return problem(404, "not_found", "There is no such thing", &json!([])),
        },
    };
    paged(path, asked, axum::Json(body).into_response())
}

/// Lists that go on behind their first page.
fn paged(path: &str, asked: &Asked, mut answer: Response) -> Response {
    let ends = ["/teams", "/members", "/budgets", "/instalments", "/price-book/versions"];
    if ends.iter().any(|end| path.ends_with(end)) && !asked.path.contains("cursor=") {
        answer.headers_mut().insert("x-next-cursor", HeaderValue::from_static("17_ab"));
    }
    answer
}

fn changed(path: &str, asked: &Asked) -> Response {
    if asked.header("if-match") == "\"3\"" {
        return problem(412, "version_mismatch", "Another version", &json!([]));
    }
    if asked.body["notes"].as_str() == Some("too long") {
        let errors = json!([{ "field": "notes", "message": "At most 500 characters" }]);
        return problem(422, "validation_failed", "Request validation failed", &errors);
    }
    if asked.body["end_time"] == "23:59" {
        return problem(422, "validation_failed", "Too late", &json!([]));
    }
    if asked.body["payment_method"] == "shells" {
        let errors = json!([{ "field": "payment_method", "message": "No such money" }]);
        return problem(422, "validation_failed", "Request validation failed", &errors);
    }
    if asked.body["email"] == "nobody" {
        let errors = json!([{ "field": "email", "message": "Not an address" }]);
        return problem(422, "validation_failed", "Request validation failed", &errors);
    }
    let mut body = if path.contains("/quotes") { quote() } else { detail(asked) };
    // What was made is called by its id.
    for id in ["team_id", "worker_id", "client_id"] {
        body[id] = LEAD.into();
    }
    body["temp_password"] = "Mop-and-9-pails".into();
    ([("x-position", "41")], axum::Json(body)).into_response()
}

fn item() -> Value {
    json!({
        "lead_id": LEAD, "name": "<b>Sam</b> & Co", "email": "sam@example.com", "phone": "780-555-0142",
        "status": "NEW", "source": null, "created_at": "2026-11-24T09:00:00.123456Z",
    })
}

fn detail(asked: &Asked) -> Value {
    let mut lead = item();
    let more = json!({
        "address": "12 Sample Street", "postal_code": null, "preferred_dates": ["Tue"], "access_notes": null,
        "parking": null, "pets": "<script>alert(1)</script>", "allergies": null, "notes": "old", "loss_reason": null,
        "campaign": null, "referral_code": "A1B2C3D4", "referred_by_code": null,
        "updated_at": "2026-11-24T09:00:00Z", "structured_inputs": { "beds": 2, "add_ons": { "oven": true } },
        "estimate_snapshot": estimate(), "timeline": [{
            "event_type": "submitted", "timestamp": "2026-11-24T09:00:00Z", "actor": "anonymous",
            "before": {}, "after": { "status": "NEW" },
            "metadata": { "position": 2, "actor_role": "public", "request_id": "r-1", "reason": null, "payload": {} },
        }],
    });
    lead.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    if asked.path.contains("as_of=") {
        lead["as_of"] = json!({ "position": 2, "version": 1 });
    }
    lead
}

fn quote() -> Value {
    json!({
        "quote_id": QUOTE, "amount": 18505, "currency": "CAD", "service_type": "Deep", "status": "SENT",
        "expires_at": "2026-12-25T00:00:00Z", "sent_at": "2026-11-24T09:00:00Z", "metadata": { "a": 1 },
        "followups": [],
    })
}

fn entry() -> Value {
    json!({
        "position": 2, "sequence": 1, "event_id": QUOTE, "event_type": "submitted", "event_version": "1",
        "recorded_at": "2026-11-24T09:00:00Z", "actor": { "type": "staff", "id": "u-1", "role": "owner" },
        "request_id": "r-1", "correlation_id": "c-1", "causation_id": null, "reason": "moved away",
        "before": { "status": null }, "after": { "status": "NEW" }, "payload": { "type": "submitted" },
    })
}

fn audited() -> Value {
    json!({
        "audit_id": QUOTE, "created_at": "2026-11-24T09:00:00Z", "admin_role": "owner", "actor": "u-1",
        "action": "lead.status_change", "resource_type": "lead", "resource_id": LEAD, "outcome": "success",
        "status_code": 200, "request_id": "r-1", "client_ip": "203.0.113.0/24", "metadata": { "reason": "asked" },
        "before": { "status": "NEW" }, "after": { "status": "CONTACTED" }, "position": 7, "number": 0,
        "links": { "event": "/v1/admin/events?after=6&limit=1", "history": format!("/v1/admin/history/lead/{LEAD}") },
    })
}

fn refused() -> Value {
    json!({
        "audit_id": LEAD, "created_at": "2026-11-24T08:00:00Z", "admin_role": "viewer", "actor": "u-2",
        "action": "lead.update", "resource_type": "lead", "resource_id": LEAD, "outcome": "denied",
        "status_code": 403, "request_id": "r-2", "client_ip": null, "metadata": { "code": "forbidden", "left_out": 4 },
        "before": null, "after": null, "position": 6, "number": 3,
    })
}

fn event() -> Value {
    json!({
        "position": 7, "recorded_at": "2026-11-24T09:00:00Z", "aggregate_type": "lead", "aggregate_id": LEAD,
        "sequence": 1, "event_type": "submitted", "event_version": "1", "payload": "{}",
        "metadata": "{\"actor\":{\"type\":\"public\",\"id\":\"anonymous\",\"role\":\"public\"},\"request_id\":\"r-1\"}",
        "hash": "9f86",
    })
}

fn problem(status: u16, code: &str, detail: &str, errors: &Value) -> Response {
    let body = json!({
        "title": "Title", "status": status, "detail": detail, "code": code, "request_id": "r-9", "errors": errors,
    });
    let kind = [(header::CONTENT_TYPE, "application/problem+json")];
    (StatusCode::from_u16(status).unwrap(), kind, body.to_string()).into_response()
}
