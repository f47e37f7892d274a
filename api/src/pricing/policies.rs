//! The terms on which visits are booked.

use axum::extract::State;
use domain::pricing::price_book::{Edit, PriceBook};
use domain::scheduling::terms::policies_wire::{self, PoliciesChange};
use domain::settings::feature::Feature;
use utoipa_axum::routes;

use super::{POLICIES, READ, book, edit};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    let manage = staff(POLICIES).feature(Feature::PricingBookingPolicies);
    Routes::default()
        .add(routes!(show_policies), staff(READ).feature(Feature::PricingBookingPolicies))
        .add(routes!(change_policies), manage.action("booking_policies.update"))
}

/// The terms of bookings, those of the draft if one is open
#[utoipa::path(
    get,
    path = "/v1/admin/booking-policies",
    tag = "pricing",
    responses((status = 200, description = "All of them; shares are decimal fractions", content_type = "application/json", example = json!({
        "deposit": { "enabled": true, "percent": 0.25, "minimum_cents": 5000, "maximum_cents": 20_000, "due_days": 0 },
        "cancellation": { "free_hours": 48, "window_hours": 24, "partial_percent": 50, "refund_percent": 0, "fee_cents": 0 },
        "reschedule": { "allowed": true, "notice_hours": 24, "fee_cents": 0, "max_reschedules": 1 },
        "payment_terms": { "due_days": 0, "accepted_methods": [], "notes": null },
        "scheduling": { "slot_duration_minutes": 30, "buffer_minutes": 30, "lead_time_hours": 0, "horizon_days": 365, "max_bookings_per_day": null },
        "workers": { "hourly_rate_cents": 2500, "idle_days": 30, "long_idle_days": 60, "latest_ratings": 3, "rating_drop": 0.5,
            "required_certificates": { "deep_clean": ["Chemical Handling"], "window_cleaning": ["Ladder Safety"] } },
        "ways": { "winter_months": [1, 2, 3, 11, 12], "winter_multiplier": 1.1, "winter_minutes": 10, "downtown_minutes": 15 }
    })))
)]
async fn show_policies(State(app): State<AppState>, caller: Caller) -> Result<Answer, Problem> {
    let (book, version) = book(&app, caller.org()).await?;
    Ok(Answer::json(&policies_wire::shown(&book.edited().policies))?.version(version))
}

/// Change terms; what is left out stays. Visits that were asked for keep theirs
#[utoipa::path(
    patch,
    path = "/v1/admin/booking-policies",
    tag = "pricing",
    request_body(content = serde_json::Value, content_type = "application/json", example = json!({
        "deposit": { "percent": 0.3 }, "scheduling": { "max_bookings_per_day": 4 }
    })),
    responses((status = 200, description = "As after it", content_type = "application/json"))
)]
async fn change_policies(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let change = Edit::Policies(PoliciesChange::parse(&request.json()?)?);
    let answer = |book: &PriceBook| policies_wire::shown(&book.edited().policies);
    Ok(Answer::done(&edit(&app, (&caller, &request), change, answer).await?))
}
