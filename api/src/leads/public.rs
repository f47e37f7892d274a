//! `POST /v1/leads`: somebody asks for an offer.

use axum::extract::State;
use domain::sales::lead::LeadRequest;
use utoipa_axum::routes;

use super::intake;
use crate::answer::Answer;
use crate::captcha::{self, Asker};
use crate::command::CommandRequest;
use crate::organisation::Public;
use crate::problem::Problem;
use crate::route::{Routes, public};
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(submit), public().action("lead.create"))
        .add(routes!(submit_from_chat), public().action("lead.create").alias_of("/v1/leads"))
}

/// Ask for an offer
#[utoipa::path(
    post,
    path = "/v1/leads",
    tag = "intake",
    request_body(content_type = "application/json", content = Object, description = "The price is computed here; of `estimate_snapshot` only the total is kept, for comparison", example = json!({
        "name": "Sam Sample", "phone": "780-555-0142", "email": "sam@example.com", "address": "12 Sample Street",
        "postal_code": "T5J 0N3", "preferred_dates": ["Tuesday morning"], "access_notes": "Side door",
        "structured_inputs": { "beds": 2, "baths": 1, "cleaning_type": "standard" },
        "estimate_snapshot": { "total_before_tax": 105.0 }, "utm_source": "newsletter", "referral_code": "VVE5I6KD"
    })),
    responses(
        (status = 201, description = "Received", content_type = "application/json", example = json!({
            "lead_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "referral_code": "SIQ5GI6I",
            "next_step_text": "Thanks! Our team will confirm your booking and follow up shortly."
        })),
        (status = 400, description = "Unknown referral code, or one's own"),
        (status = 422, description = "`validation_failed`; `captcha_required` or `captcha_failed` where a captcha is asked for"),
        (status = 503, description = "`captcha_unavailable` where the captcha cannot be checked")
    )
)]
async fn submit(
    State(app): State<AppState>,
    Public(org): Public,
    asker: Asker,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let json = request.json()?;
    let wanted = LeadRequest::parse(&json)?;
    let context = captcha::context(&app, &request, org.id);
    captcha::check(&app, &context, &asker, json[captcha::FIELD].as_str()).await?;
    let done = intake::submit(&app, &context, wanted).await?;
    Ok(Answer::done(&done).created())
}

/// Ask for an offer, from the chat
#[utoipa::path(
    post,
    path = "/api/leads",
    tag = "intake",
    request_body(content_type = "application/json", content = Object, description = "As for `/v1/leads`"),
    responses(
        (status = 201, description = "Received", content_type = "application/json"),
        (status = 400, description = "Unknown referral code, or one's own"),
        (status = 422, description = "`validation_failed`; `captcha_required` or `captcha_failed` where a captcha is asked for"),
        (status = 503, description = "`captcha_unavailable` where the captcha cannot be checked")
    )
)]
async fn submit_from_chat(
    state: State<AppState>,
    public: Public,
    asker: Asker,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    submit(state, public, asker, request).await
}
