//! Turnstile as far as it is used: says once of each answer of its widget whether a person gave it, and fails when it is told to.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::json;
use tokio_util::sync::DropGuard;

use super::fake::served;

type Asked = HashMap<String, String>;

#[derive(Default)]
struct Kept {
    is_down: Mutex<bool>,
    used: Mutex<HashSet<String>>,
    asked: Mutex<Vec<Asked>>,
}

/// Listens until it is dropped.
pub(crate) struct FakeTurnstile {
    pub(crate) base: String,
    kept: Arc<Kept>,
    _stop: DropGuard,
}

impl FakeTurnstile {
    pub(crate) async fn start() -> Self {
        let kept = Arc::new(Kept::default());
        let router = Router::new()
            .route("/turnstile/v0/siteverify", post(verify))
            .with_state(Arc::clone(&kept));
        let (base, stop) = served(router).await;
        Self { base, kept, _stop: stop }
    }

    pub(crate) fn is_down(&self, is_down: bool) {
        *self.kept.is_down.lock().unwrap() = is_down;
    }

    /// What it was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.kept.asked.lock().unwrap().clone()
    }
}

async fn verify(State(kept): State<Arc<Kept>>, Form(asked): Form<Asked>) -> Response {
    if *kept.is_down.lock().unwrap() {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    kept.asked.lock().unwrap().push(asked.clone());
    if asked["secret"] != "turnstile_test_1" {
        let body = json!({ "success": false, "error-codes": ["invalid-input-secret"] });
        return axum::Json(body).into_response();
    }
    let token = asked["response"].clone();
    let is_person = token.starts_with("person") && kept.used.lock().unwrap().insert(token);
    let codes: &[&str] = if is_person { &[] } else { &["timeout-or-duplicate"] };
    axum::Json(json!({ "success": is_person, "error-codes": codes })).into_response()
}
