//! `POST /v1/payments/stripe/webhook`: what Stripe tells.
//!
//! Messages are taken in here; nothing is asked of Stripe, so whoever sends false ones cannot keep anybody from paying.

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use serde_json::json;
use utoipa_axum::routes;

use super::inbox::Fate;
use crate::answer::Answer;
use crate::problem::{Code, Problem};
use crate::rate::Rate;
use crate::route::{Key, Routes, Rule, public};
use crate::state::AppState;

/// Of the longest message that is read. Source: those of the provider are a few kilobytes.
const LONGEST: usize = 256 * 1024;

const HEADER: &str = "stripe-signature";

pub(super) fn routes() -> Routes {
    const RULE: Rule = public().action("payment.notice").key(Key::Ignored).rate(Rate::Free);
    Routes::default()
        .add(routes!(stripe_webhook), RULE)
        .add(routes!(stripe_webhook_alias), RULE.alias_of("/v1/payments/stripe/webhook"))
}

/// What Stripe tells; signed, in any order, any number of times
#[utoipa::path(
    post,
    path = "/v1/payments/stripe/webhook",
    tag = "invoicing",
    request_body(content_type = "application/json", content = Object, description = "An event of Stripe", example = json!({})),
    responses(
        (status = 200, description = "Taken in; `processed` is false if nothing new came of it", content_type = "application/json", example = json!({
            "received": true, "processed": true
        })),
        (status = 400, description = "`webhook_invalid`: not signed as agreed, too old, no event, or another under its id"),
        (status = 500, description = "Taken in, and not yet brought to what it is about: it may be sent again"),
        (status = 503, description = "`payments_off`")
    )
)]
async fn stripe_webhook(
    State(app): State<AppState>,
    headers: HeaderMap,
    request: Request,
) -> Result<Answer, Problem> {
    let Some(secrets) = &app.webhook_secrets else { return Err(Problem::new(Code::PaymentsOff)) };
    let refused = |kind: &'static str| {
        metrics::counter!("webhook_errors_total", "type" => kind).increment(1);
        Problem::new(Code::WebhookInvalid)
    };
    let body = read(request).await.ok_or_else(|| refused("oversized"))?;
    let signature = headers.get(HEADER).and_then(|value| value.to_str().ok());
    let signature = signature.ok_or_else(|| refused("missing_signature"))?;
    if !secrets.recognise(signature, &body, app.now()) {
        return Err(refused("invalid_signature"));
    }
    let fate = app.inbox.receive(&body).await.map_err(|error| {
        metrics::counter!("webhook_errors_total", "type" => "processing_error").increment(1);
        Problem::internal(&error)
    })?;
    let (outcome, processed) = match fate {
        Fate::Applied => ("processed", true),
        Fate::Known => ("duplicate", false),
        Fate::Ignored => ("ignored", false),
        Fate::Parked(_) => ("parked", false),
        Fate::Differs => return Err(refused("payload_mismatch")),
        Fate::Unreadable => return Err(refused("missing_event_id")),
    };
    metrics::counter!("stripe_webhook_events_total", "outcome" => outcome).increment(1);
    Answer::json(&json!({ "received": true, "processed": processed }))
}

/// What Stripe tells, under the path that older installations have told it
#[utoipa::path(
    post,
    path = "/stripe/webhook",
    tag = "invoicing",
    request_body(content_type = "application/json", content = Object, description = "An event of Stripe", example = json!({})),
    responses(
        (status = 200, description = "Taken in", content_type = "application/json"),
        (status = 400, description = "`webhook_invalid`"),
        (status = 500, description = "It may be sent again"),
        (status = 503, description = "`payments_off`")
    )
)]
async fn stripe_webhook_alias(
    state: State<AppState>,
    headers: HeaderMap,
    request: Request,
) -> Result<Answer, Problem> {
    stripe_webhook(state, headers, request).await
}

async fn read(request: Request) -> Option<Bytes> {
    axum::body::to_bytes(request.into_body(), LONGEST).await.ok()
}
