//! Stripe as far as it is used: opens checkouts, sends money back, signs its messages, and fails when it is told to.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use ring::hmac;
use serde_json::{Value, json};
use tokio_util::sync::DropGuard;

use super::fake::served;

/// What its messages are signed with.
pub(crate) const SECRET: &str = "whsec_test";

/// How long it takes where it takes its time.
const SLOW: Duration = Duration::from_millis(40);

/// Listens until it is dropped.
pub(crate) struct FakeStripe {
    pub(crate) base: String,
    kept: Arc<Kept>,
    _stop: DropGuard,
}

/// How the next request fails.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// It is in trouble and does nothing.
    Trouble,
    /// It does what it was asked for, and the answer is lost.
    LostReply,
    /// It says no.
    Refusal,
    /// It takes its time.
    Slow,
    /// It does what it was asked for, and the connection breaks in the middle of the answer.
    Reset,
}

type Asked = HashMap<String, String>;

#[derive(Default)]
struct Kept {
    faults: Mutex<VecDeque<Fault>>,
    /// By `Idempotency-Key`: what was asked first, and what was answered.
    answers: Mutex<HashMap<String, Value>>,
    sessions: Mutex<Vec<Asked>>,
    refunds: Mutex<Vec<Asked>>,
}

impl FakeStripe {
    pub(crate) async fn start() -> Self {
        let kept = Arc::new(Kept::default());
        let router = Router::new()
            .route("/v1/checkout/sessions", post(session))
            .route("/v1/refunds", post(refund))
            .with_state(Arc::clone(&kept));
        let (base, stop) = served(router).await;
        Self { base, kept, _stop: stop }
    }

    /// The next requests fail so, one each.
    pub(crate) fn fail(&self, faults: &[Fault]) {
        self.kept.faults.lock().unwrap().extend(faults);
    }

    /// The checkouts that were opened.
    pub(crate) fn sessions(&self) -> Vec<Asked> {
        self.kept.sessions.lock().unwrap().clone()
    }

    /// What was sent back.
    pub(crate) fn refunds(&self) -> Vec<Asked> {
        self.kept.refunds.lock().unwrap().clone()
    }
}

/// A header that signs `body` at `seconds`.
pub(crate) fn signature(secret: &str, seconds: i64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let mac = hmac::sign(&key, format!("{seconds}.{body}").as_bytes());
    format!("t={seconds},v1={}", hex::encode(mac))
}

/// What a process of its own takes for now.
#[expect(clippy::disallowed_methods, reason = "a process of its own has the time of the machine")]
pub(crate) fn machine_time() -> i64 {
    chrono::Utc::now().timestamp()
}

async fn session(
    State(kept): State<Arc<Kept>>,
    headers: HeaderMap,
    Form(asked): Form<Asked>,
) -> Response {
    answer(&kept, &headers, asked, |kept, asked| {
        let mut sessions = kept.sessions.lock().unwrap();
        sessions.push(asked);
        let id = format!("cs_test_{}", sessions.len());
        json!({ "id": id, "url": format!("https://checkout.example/{id}"), "payment_intent": null })
    })
    .await
}

async fn refund(
    State(kept): State<Arc<Kept>>,
    headers: HeaderMap,
    Form(asked): Form<Asked>,
) -> Response {
    answer(&kept, &headers, asked, |kept, asked| {
        let mut refunds = kept.refunds.lock().unwrap();
        refunds.push(asked);
        json!({ "id": format!("re_{}", refunds.len()), "status": "succeeded" })
    })
    .await
}

async fn answer(
    kept: &Kept,
    headers: &HeaderMap,
    asked: Asked,
    act: impl FnOnce(&Kept, Asked) -> Value,
) -> Response {
    let key = headers["idempotency-key"].to_str().unwrap().to_owned();
    assert_eq!(headers["authorization"], "Bearer sk_test_1");
    let fault = kept.faults.lock().unwrap().pop_front();
    match fault {
        Some(Fault::Trouble) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Some(Fault::Refusal) => {
            let body =
                json!({ "error": { "type": "invalid_request_error", "code": "charge_disputed" } });
            return (StatusCode::BAD_REQUEST, axum::Json(body)).into_response();
        }
        Some(Fault::LostReply | Fault::Slow | Fault::Reset) | None => {}
    }
    let known = kept.answers.lock().unwrap().get(&key).cloned();
    let body = known.unwrap_or_else(|| {
        let body = act(kept, asked);
        kept.answers.lock().unwrap().insert(key, body.clone());
        body
    });
    match fault {
        Some(Fault::LostReply) => StatusCode::BAD_GATEWAY.into_response(),
        Some(Fault::Reset) => {
            let broken = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
            let pieces = [Ok(r#"{"id":"#), Err(broken)];
            Body::from_stream(futures::stream::iter(pieces)).into_response()
        }
        Some(Fault::Slow) => {
            tokio::time::sleep(SLOW).await;
            axum::Json(body).into_response()
        }
        _ => axum::Json(body).into_response(),
    }
}
