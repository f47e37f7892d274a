//! What workers and clients see of themselves.

use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{Asked, FakeApi, LEAD, QUOTE, problem};

/// The portals of the API; it knows one worker, one client and one link.
pub(super) fn answer(asked: &Asked) -> Option<Response> {
    if let Some(path) = asked.path.strip_prefix("/v1/client/") {
        return Some(visits(asked, path));
    }
    if asked.path.trim_end_matches('?') == "/v1/settings/service-catalog" {
        return Some(catalogue());
    }
    let (kind, what) = asked.path.trim_start_matches('/').split_once('/')?;
    if !["worker", "client"].contains(&kind) {
        return None;
    }
    let told = |body: Value| Some(axum::Json(body).into_response());
    let refused = |detail| Some(problem(401, "unauthenticated", detail, &json!([])));
    if what == "login" && asked.header("x-org") == "nobody" {
        return Some(no_company());
    }
    let text = |name: &str| asked.body[name].as_str().unwrap_or_default();
    match what {
        "login" if text("password") == " pail " => {
            return told(json!({ "status": "ok", "access_token": "first" }));
        }
        "login" => return refused("Invalid phone or password"),
        "login/request" => return told(json!({ "status": "ok" })),
        "login/callback" if text("token") == "good" => {
            return told(json!({ "status": "ok", "access_token": "sam" }));
        }
        "login/callback" => return refused("Invalid or expired token"),
        _ => {}
    }
    let token = asked.header("authorization").strip_prefix("Bearer ").unwrap_or_default();
    if !["first", "dana", "sam"].contains(&token) {
        return refused("Invalid session");
    }
    if let Some(rest) = what.strip_prefix("jobs").filter(|_| kind == "worker") {
        return Some(jobs(asked, rest.trim_start_matches('/')));
    }
    match what {
        "me" => told(json!({
            "name": "Dana <W>", "phone": "780-555-0111", "email": "sam@example.org", "organisation": "Maple",
            "team_id": 1, "must_change_password": token == "first",
        })),
        "sessions" => told(json!({ "next_cursor": null, "sessions": [
            {
                "session_id": LEAD, "state": "open", "started_at": "2026-11-24T09:00:00Z",
                "expires_at": "2026-11-24T21:00:00Z", "is_current": false,
            },
            {
                "session_id": "x", "state": "open", "started_at": null,
                "expires_at": "2026-11-24T21:00:00Z", "is_current": true,
            },
        ] })),
        "org-context" => told(json!({ "org_id": "maple-id" })),
        "subscriptions" if asked.method == Method::GET => told(subscriptions()),
        _ if what.ends_with("/repeat") => told(json!({ "booking_id": LEAD })),
        _ if what.ends_with("/review") && asked.body["rating"] == 1 => Some(said_before()),
        "change-password" if text("current_password") != " pail " => refused("Invalid credentials"),
        "change-password" => told(json!({ "status": "ok", "access_token": "dana" })),
        _ => told(json!({ "status": "ok" })),
    }
}

fn said_before() -> Response {
    let detail = "there is feedback about this visit already";
    problem(409, "client.feedback_exists", detail, &json!([]))
}

fn no_company() -> Response {
    let detail = "Neither the host, nor the header X-Org, nor the default names an organisation.";
    problem(404, "organisation_not_found", detail, &json!([]))
}

fn catalogue() -> Response {
    axum::Json(super::new_visit::catalogue()).into_response()
}

/// The subscription of that client.
fn subscriptions() -> Value {
    json!([{
        "subscription_id": LEAD, "status": "ACTIVE", "frequency": "WEEKLY", "base_service_type": "Big <clean>",
        "base_price": 15_000, "next_run": "2030-03-04",
    }])
}

/// The one visit of that client, which nobody may put off to Monday.
fn visits(asked: &Asked, path: &str) -> Response {
    let mut visit = json!({
        "order_id": LEAD, "status": "CONFIRMED", "starts_at": "2026-12-01T17:00:00Z", "duration_minutes": 120,
    });
    match path.split('?').next().unwrap_or_default() {
        "portal/invoices" => return invoices(),
        _ if path.starts_with("portal/invoices/") => return invoice(asked, path),
        _ => {}
    }
    match path {
        "portal/bookings" => return axum::Json(json!([visit])).into_response(),
        _ if path.starts_with("slots?") => {
            let slots = json!({ "duration_minutes": 120, "slots": ["2030-03-04T16:00:00Z"] });
            return axum::Json(slots).into_response();
        }
        "bookings" if asked.body["starts_at"] == "2030-03-04T16:00:00.000000Z" => {
            return axum::Json(json!({ "booking_id": LEAD })).into_response();
        }
        "bookings" => {
            return problem(409, "slot_taken", "Requested slot is no longer available", &json!([]));
        }
        _ if asked.body["starts_at"] == "2026-12-07T10:00" => {
            return problem(409, "booking.conflict", "That time is taken", &json!([]));
        }
        _ if path.ends_with("/pay") => {
            let opened = json!({ "checkout_url": "https://checkout.example/1" });
            return axum::Json(opened).into_response();
        }
        _ if path.ends_with("/cancel") => visit["status"] = "CANCELLED".into(),
        _ if path.ends_with(QUOTE) => visit["status"] = "DONE".into(),
        _ => {}
    }
    let more = json!({
        "ends_at": "2026-12-01T19:00:00Z", "address_text": "1 <Elm>", "service_type": "deep",
        "total_cents": 18_500, "settlement": { "refund_cents": 1_000, "fee_cents": 0 },
        "deposit_cents": 5_000, "deposit_status": "pending", "pay_link": "/pay",
    });
    visit.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    axum::Json(visit).into_response()
}

fn line() -> Value {
    json!({
        "invoice_id": LEAD, "invoice_number": "INV-2030-000001", "status": "PARTIAL", "issue_date": "2030-03-04",
        "due_date": "2030-03-18", "total_cents": 18_900, "balance_due_cents": 13_900,
    })
}

/// A page of their invoices, and one more.
fn invoices() -> Response {
    ([("x-next-cursor", "1_2")], axum::Json(json!([line()]))).into_response()
}

/// The invoice of that client, with what they paid. The second time it is to be paid, it is.
fn invoice(asked: &Asked, path: &str) -> Response {
    if path.ends_with("/pdf") || path.contains("/receipts/") {
        let known = asked.header("authorization") == "Bearer sam";
        assert!(known, "{:?}", asked.headers);
        return ([("content-type", "application/pdf")], "%PDF").into_response();
    }
    if path.ends_with("/pay") {
        if path.contains(QUOTE) {
            return problem(409, "nothing_due", "Nothing is left to pay", &json!([]));
        }
        let opened = json!({ "checkout_url": "https://checkout.example/cs_1" });
        return (StatusCode::CREATED, axum::Json(opened)).into_response();
    }
    let mut invoice = line();
    invoice["invoice_id"] = path.rsplit('/').next().unwrap().into();
    let more = json!({
        "currency": "CAD", "notes": "Mind the <dog>", "is_overdue": false, "subtotal_cents": 18_000, "tax_cents": 900,
        "credited_cents": 0, "paid_cents": 5_000, "overpaid_cents": 0, "card": true,
        "items": [{ "description": "Deep <clean>", "qty": 1, "unit_price_cents": 18_000, "line_total_cents": 18_000, "tax_cents": 900 }],
        "payments": [{ "payment_id": "pi:1", "provider": "stripe", "method": "card", "reference": null,
            "received_at": "2030-03-05T18:00:00Z", "amount_cents": 5_000, "refunded_cents": 0 }],
        "customer": { "name": "Sam", "email": null, "address": null },
    });
    invoice.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    axum::Json(invoice).into_response()
}

#[tokio::test]
async fn a_client_sees_their_invoices_pays_one_and_has_them_on_paper() {
    let mut api = FakeApi::start().await;
    let page = api.browser.get("/client/invoices").await;
    assert_eq!(page.header("location"), "/client/login");
    api.browser.keep("client_session=sam");
    let page = api.browser.get("/client/invoices").await;
    for text in ["INV-2030-000001", "139.00", "/client/invoices?cursor=1_2"] {
        assert!(page.shows(text), "{text}: {}", page.html);
    }
    let here = format!("/client/invoices/{LEAD}");
    let page = api.browser.get(&here).await;
    for text in ["Deep &#60;clean&#62;", "Mind the &#60;dog&#62;", "Pay by card", "/receipts/pi"] {
        assert!(page.shows(text), "{text}: {}", page.html);
    }
    let csrf = page.field("csrf").to_owned();
    let form = [("csrf", csrf.as_str())];
    let page = api.browser.post(&format!("{here}/pay"), &form).await;
    assert!(page.shows("https://checkout.example/cs_1"), "{}", page.html);
    let page = api.browser.post(&format!("{here}/pay"), &[("csrf", "x")]).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    let refused = api.browser.post(&format!("/client/invoices/{QUOTE}/pay"), &form).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.shows("Nothing is left to pay"), "{}", refused.html);
    for file in ["invoice.pdf", "receipts/pi:1", "receipts/manual:1:ET%2F7%231"] {
        let page = api.browser.get(&format!("{here}/{file}")).await;
        assert_eq!((page.status, page.header("content-type")), (StatusCode::OK, "application/pdf"));
    }
    let page = api.browser.get("/client/invoices/..").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
}

/// The one visit that this worker goes to; nobody ends it without saying why.
fn jobs(asked: &Asked, rest: &str) -> Response {
    let line = json!({
        "job_id": LEAD, "status": "CONFIRMED", "starts_at": "2026-12-01T17:00:00Z", "duration_minutes": 120,
        "customer_name": "Sam <S>",
    });
    if rest.is_empty() {
        return axum::Json(json!([line])).into_response();
    }
    if rest.ends_with("/finish") && asked.body["delay_reason"].is_null() {
        let detail = "it took longer than planned: a reason is needed";
        return problem(400, "work.overrun_reason_required", detail, &json!([]));
    }
    if asked.method == Method::DELETE {
        return StatusCode::NO_CONTENT.into_response();
    }
    let mut job = line;
    let more = json!({
        "ends_at": "2026-12-01T19:00:00Z", "planned_minutes": 120, "service_type": "deep",
        "address_text": "1 <Elm>", "customer_phone": null, "consent_photos": true,
        "addons": [{ "addon_id": "a", "qty": 2 }],
        "addons_offered": [{ "addon_id": "a", "name": "Garage", "minutes": 45 }],
        "time": { "state": "RUNNING", "total_seconds": 3_660 },
        "checklist": { "name": "Usual", "status": "in_progress", "items": [{
            "run_item_id": LEAD, "label": "Oven", "phase": "AFTER", "required": true, "checked": false, "note": null,
        }] },
        "photos": [{
            "photo_id": LEAD, "phase": "BEFORE", "created_at": "2026-12-01T17:05:00Z", "needs_retake": true,
        }],
    });
    job.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    axum::Json(job).into_response()
}

#[tokio::test]
async fn a_worker_sees_the_day_and_does_at_a_visit_what_there_is_to_do() {
    let mut api = worker("dana").await;
    let page = api.browser.get("/worker").await;
    assert!(page.shows("Sam &#60;S&#62;"), "{}", page.html);
    let here = format!("/worker/jobs/{LEAD}");
    let page = api.browser.get(&here).await;
    for text in
        ["61 minutes so far", "2 × Garage", "Oven", "please take it again", "1 &#60;Elm&#62;"]
    {
        assert!(page.shows(text), "{text}: {}", page.html);
    }
    let csrf = page.field("csrf").to_owned();
    let form =
        |more: &[(&'static str, &'static str)]| [&[("csrf", csrf.as_str())][..], more].concat();
    let refused = api.browser.post(&format!("{here}/finish"), &form(&[])).await;
    assert!(refused.shows("a reason is needed"), "{}", refused.html);
    let why = form(&[("delay_reason", "OTHER"), ("delay_note", "dogs")]);
    let page = api.browser.post(&format!("{here}/finish"), &why).await;
    assert_eq!(page.header("location"), format!("{here}?saved=1"));
    let sent = &api.asked(&Method::POST, &format!("/worker/jobs/{LEAD}/finish"))[1].body;
    assert_eq!(sent, &json!({ "delay_reason": "OTHER", "delay_note": "dogs" }));
    let mark = form(&[("run_item_id", LEAD), ("checked", "1")]);
    let page = api.browser.post(&format!("{here}/items"), &mark).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    let path = format!("/worker/jobs/{LEAD}/checklist/items/{LEAD}");
    assert_eq!(api.asked(&Method::PATCH, &path)[0].body, json!({ "checked": true }));
    let page = api.browser.post(&format!("{here}/photos/{LEAD}/delete"), &form(&[])).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    let page = api.browser.post(&format!("{here}/work/explode"), &form(&[])).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    let forged = [("csrf", "x")];
    let page = api.browser.post(&format!("{here}/work/pause"), &forged).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
}

/// A worker in the session of that token.
async fn worker(token: &str) -> FakeApi {
    let mut api = FakeApi::start().await;
    api.browser.keep(&format!("worker_session={token}"));
    api
}

#[tokio::test]
async fn a_worker_signs_in_by_phone_and_must_choose_a_password_first() {
    let mut api = FakeApi::start().await;
    let lost = [("phone", "780"), ("password", "guess"), ("org", "nobody")];
    let page = api.browser.post("/worker/login", &lost).await;
    assert!(page.shows("no company of this name") && !page.shows("X-Org"), "{}", page.html);
    let page = api.browser.post("/worker/login", &[("phone", "780"), ("password", "guess")]).await;
    assert_eq!(page.status, StatusCode::UNAUTHORIZED);
    assert!(page.shows("do not belong together") && !page.shows("guess"), "{}", page.html);
    assert_eq!((page.field("phone"), page.header("set-cookie")), ("780", ""));
    let right = [("phone", "780"), ("password", " pail "), ("org", "cedar")];
    let page = api.browser.post("/worker/login", &right).await;
    assert_eq!((page.status, page.header("location")), (StatusCode::SEE_OTHER, "/worker"));
    assert_eq!(
        page.header("set-cookie"),
        "worker_session=first; Path=/; HttpOnly; SameSite=Lax; Max-Age=43200"
    );
    assert_eq!(api.asked(&Method::POST, "/worker/login")[2].header("x-org"), "cedar");

    let page = api.browser.get("/worker").await;
    assert!(page.shows("Choose a password") && !page.shows("Where you are signed in"));
    assert!(api.asked(&Method::GET, "/worker/sessions").is_empty());
    let csrf = page.field("csrf").to_owned();
    let form = |current, new, again| {
        let typed = [("current_password", current), ("new_password", new), ("again", again)];
        [&[("csrf", csrf.as_str())][..], &typed].concat()
    };
    let page = api.browser.post("/worker/password", &form("no", "mop&pail", "mop&pail")).await;
    assert!(page.shows("Your password is another one"), "{}", page.html);
    let page = api.browser.post("/worker/password", &form(" pail ", "mop&pail", "mop")).await;
    assert!(page.shows("This is not what you typed above"), "{}", page.html);
    let right = form(" pail ", "mop&pail", "mop&pail");
    let page = api.browser.post("/worker/password", &right).await;
    assert!(page.header("set-cookie").starts_with("worker_session=dana;"), "{}", page.html);
}

#[tokio::test]
async fn a_worker_sees_who_they_are_and_ends_other_sessions() {
    let mut api = worker("dana").await;
    let page = api.browser.get("/worker").await;
    assert!(page.shows("Hello Dana &#60;W&#62;") && page.shows("Maple"), "{}", page.html);
    assert_eq!(page.html.matches("End it").count(), 1, "not the one that asks");
    let csrf = page.field("csrf").to_owned();
    let end = |csrf| [("csrf", csrf), ("session_id", LEAD)];
    let forged = api.browser.post("/worker/sessions", &end("x")).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    let page = api.browser.post("/worker/sessions", &end(&csrf)).await;
    assert_eq!(page.header("location"), "/worker");
    let path = format!("/worker/sessions/{LEAD}/revoke");
    let asked = api.asked(&Method::POST, &path);
    assert_eq!((asked.len(), asked[0].header("authorization")), (1, "Bearer dana"));
    let page = api.browser.post("/worker/logout", &[("csrf", &csrf)]).await;
    assert_eq!(page.header("location"), "/worker/login");
    assert!(
        page.header("set-cookie").starts_with("worker_session=; ")
            && page.header("set-cookie").contains("Max-Age=0")
    );
    assert_eq!(api.asked(&Method::POST, "/worker/logout").len(), 1);
}

#[tokio::test]
async fn whoever_is_not_inside_is_sent_to_the_door() {
    let mut api = FakeApi::start().await;
    for door in ["/worker", "/client"] {
        let page = api.browser.get(door).await;
        assert_eq!(page.header("location"), format!("{door}/login"));
    }
    assert!(api.asked(&Method::GET, "/worker/me").is_empty());
    // A session that the API has ended, and a login of staff, are none here.
    let mut api = worker("over").await;
    let page = api.browser.get("/worker").await;
    assert_eq!(page.header("location"), "/worker/login");
    assert!(page.header("set-cookie").contains("Max-Age=0"));
    let mut api = FakeApi::signed_in("owner").await;
    assert_eq!(api.browser.get("/client").await.header("location"), "/client/login");
    let mut api = worker("dana").await;
    assert!(api.browser.get("/leads").await.header("location").starts_with("/login"));
}

#[tokio::test]
async fn a_link_is_used_by_a_press_of_a_button_and_not_by_looking_at_it() {
    let mut api = FakeApi::start().await;
    let page =
        api.browser.post("/client/login", &[("email", "sam@example.org"), ("org", "cedar")]).await;
    assert!(page.shows("a link is on its way"), "{}", page.html);
    assert_eq!(api.asked(&Method::POST, "/client/login/request")[0].header("x-org"), "cedar");

    let page = api.browser.get("/client/login/callback?token=good").await;
    assert_eq!((page.status, page.field("token")), (StatusCode::OK, "good"));
    assert!(api.asked(&Method::POST, "/client/login/callback").is_empty());
    let page = api.browser.post("/client/login/callback", &[("token", "used")]).await;
    assert_eq!(page.status, StatusCode::UNAUTHORIZED);
    assert!(
        page.shows("used before")
            && page.shows("Ask for another link")
            && !page.shows("name=\"token\"")
    );
    let afar = api.browser.post_from_afar("/client/login/callback", &[("token", "good")]).await;
    assert_eq!((afar.status, afar.header("set-cookie")), (StatusCode::FORBIDDEN, ""));
    let page = api.browser.post("/client/login/callback", &[("token", "good")]).await;
    assert_eq!((page.status, page.header("location")), (StatusCode::SEE_OTHER, "/client"));
    assert!(
        page.header("set-cookie")
            .starts_with("client_session=sam; Path=/; HttpOnly; SameSite=Lax; Max-Age=604800")
    );

    let page = api.browser.get("/client").await;
    assert!(page.shows("How Maple knows you") && page.shows("sam@example.org"), "{}", page.html);
    let csrf = page.field("csrf").to_owned();
    let page = api.browser.post("/client/logout", &[("csrf", &csrf)]).await;
    assert_eq!(page.header("location"), "/client/login");
    assert_eq!(api.browser.get("/client").await.header("location"), "/client/login");
}

#[tokio::test]
async fn clients_put_their_visits_off_and_call_them_off() {
    let mut api = FakeApi::start().await;
    api.browser.keep("client_session=sam");
    let page = api.browser.get("/client").await;
    let visit = format!("/client/visits/{LEAD}");
    assert!(page.shows(&visit) && page.shows("CONFIRMED"), "{}", page.html);
    let page = api.browser.get(&visit).await;
    assert!(page.shows("1 &#60;Elm&#62;") && page.shows("$185.00"), "{}", page.html);
    let csrf = page.field("csrf").to_owned();

    assert!(page.shows("$50.00, not paid yet"), "{}", page.html);
    let page = api.browser.post(&format!("{visit}/pay"), &[("csrf", &csrf)]).await;
    assert!(page.shows("https://checkout.example/1"), "{}", page.html);
    let forged = api.browser.post(&format!("{visit}/pay"), &[("csrf", "x")]).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);

    let put_off = format!("{visit}/reschedule");
    let monday = [("csrf", &*csrf), ("starts_at", "2026-12-07T10:00")];
    let page = api.browser.post(&put_off, &monday).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert!(page.shows("That time is taken") && page.shows("2026-12-07T10:00"), "{}", page.html);
    let forged = [("csrf", "x"), ("starts_at", "2026-12-08T10:00")];
    assert_eq!(api.browser.post(&put_off, &forged).await.status, StatusCode::FORBIDDEN);
    let tuesday = [("csrf", &*csrf), ("starts_at", "2026-12-08T10:00")];
    let page = api.browser.post(&put_off, &tuesday).await;
    assert_eq!(page.header("location"), format!("{visit}?saved=1"));
    let page = api.browser.post(&format!("{visit}/cancel"), &[("csrf", &csrf)]).await;
    assert_eq!(page.header("location"), format!("{visit}?saved=1"));
    let asked = api.asked(&Method::POST, &format!("/v1/client/bookings/{LEAD}/cancel"));
    assert_eq!((asked.len(), &asked[0].body["reason"]), (1, &Value::Null));
    assert_eq!(api.browser.get("/client/visits/..%2Fx").await.status, StatusCode::NOT_FOUND);
}

/// A client in a session.
async fn client() -> FakeApi {
    let mut api = FakeApi::start().await;
    api.browser.keep("client_session=sam");
    api
}

#[tokio::test]
async fn a_client_chooses_a_time_of_their_own_organisation() {
    let mut api = client().await;
    let page = api.browser.get("/client/book?date=2030-03-04&minutes=120").await;
    assert!(page.shows("2030-03-04 09:00 MST"), "{}", page.html);
    let asked = api
        .asked(&Method::GET, "/v1/client/slots?from=2030-03-04&to=2030-03-05&duration_minutes=120");
    assert_eq!(asked[0].header("x-org"), "maple-id");
    let (csrf, key) = (page.field("csrf").to_owned(), page.field("key").to_owned());
    let form = |at: &'static str| {
        [
            ("csrf", csrf.clone()),
            ("key", key.clone()),
            ("date", "2030-03-04".to_owned()),
            ("starts_at", at.to_owned()),
        ]
    };
    let taken = form("2030-03-04T17:00:00.000000Z");
    let taken: Vec<(&str, &str)> =
        taken.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let page = api.browser.post("/client/book", &taken).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert!(page.shows("no longer available") && page.field("key") != key, "{}", page.html);
    let free = form("2030-03-04T16:00:00.000000Z");
    let free: Vec<(&str, &str)> =
        free.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let page = api.browser.post("/client/book", &free).await;
    assert_eq!(page.header("location"), format!("/client/visits/{LEAD}?saved=1"));
    let asked = api.asked(&Method::POST, "/v1/client/bookings").pop().unwrap();
    assert_eq!(
        (asked.header("authorization"), asked.header("idempotency-key")),
        ("Bearer sam", &*key)
    );
}

#[tokio::test]
async fn a_client_repeats_and_reviews_a_visit() {
    let mut api = client().await;
    let page = api.browser.get(&format!("/client/visits/{LEAD}")).await;
    assert!(!page.shows("Once more") && !page.shows("How was it?"), "nobody was there yet");
    let visit = format!("/client/visits/{QUOTE}");
    let page = api.browser.get(&visit).await;
    assert!(page.shows("Once more") && page.shows("How was it?"), "{}", page.html);
    assert!(!page.shows("Cancel the visit"), "{}", page.html);
    let (csrf, key) = (page.field("csrf").to_owned(), page.field("key").to_owned());
    let form = [("csrf", &*csrf), ("key", &*key)];
    let page = api.browser.post(&format!("{visit}/repeat"), &form).await;
    assert_eq!(page.header("location"), format!("/client/visits/{LEAD}?saved=1"));
    let asked = &api.asked(&Method::POST, &format!("/client/orders/{QUOTE}/repeat"))[0];
    assert_eq!(asked.header("idempotency-key"), key);
    let said = |rating| [("csrf", csrf.as_str()), ("rating", rating), ("comment", "<dusty>")];
    let page = api.browser.post(&format!("{visit}/review"), &said("5")).await;
    assert_eq!(page.header("location"), format!("{visit}?saved=1"));
    let asked = &api.asked(&Method::POST, &format!("/client/orders/{QUOTE}/review"))[0];
    assert_eq!(asked.body, json!({ "rating": 5, "comment": "<dusty>" }));
    let page = api.browser.post(&format!("{visit}/review"), &said("1")).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert!(
        page.shows("feedback about this visit already") && page.shows("&#60;dusty&#62;"),
        "{}",
        page.html
    );
    let forged =
        api.browser.post(&format!("{visit}/review"), &[("csrf", "x"), ("rating", "5")]).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_client_sees_begins_and_ends_subscriptions() {
    let mut api = client().await;
    let page = api.browser.get("/client/subscriptions").await;
    assert!(page.shows("Every week") && page.shows("$150.00"), "{}", page.html);
    assert!(page.shows("Big &#60;clean&#62;") && page.shows("Pause") && !page.shows("Go on"));
    let csrf = page.field("csrf").to_owned();
    let form = [
        ("csrf", &*csrf),
        ("key", "k"),
        ("frequency", "WEEKLY"),
        ("start_date", "2030-03-04"),
        ("service_type_id", LEAD),
    ];
    let page = api.browser.post("/client/subscriptions", &form).await;
    assert_eq!(page.header("location"), "/client/subscriptions");
    let asked = &api.asked(&Method::POST, "/client/subscriptions")[0];
    assert_eq!(
        asked.body,
        json!({ "frequency": "WEEKLY", "start_date": "2030-03-04", "service_type_id": LEAD })
    );
    let end = [("csrf", &*csrf), ("status", "CANCELED")];
    api.browser.post(&format!("/client/subscriptions/{LEAD}"), &end).await;
    let asked = &api.asked(&Method::PATCH, &format!("/client/subscriptions/{LEAD}"))[0];
    assert_eq!(asked.body, json!({ "status": "CANCELED" }));
}
