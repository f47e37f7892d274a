//! What a visit would cost, for anybody who asks.

use axum::extract::State;
use domain::pricing::prices;
use domain::sales::estimate::EstimateInput;
use domain::sales::estimate_wire::EstimateAnswer;
use utoipa_axum::routes;

use crate::answer::Answer;
use crate::command::CommandRequest;
use crate::organisation::Named;
use crate::problem::Problem;
use crate::route::{Routes, public};
use crate::state::AppState;

pub(crate) fn routes() -> Routes {
    Routes::default().add(routes!(estimate), public())
}

/// Price a visit by the price book of the organisation, or by the built-in one where none is named
#[utoipa::path(
    post,
    path = "/v1/estimate",
    tag = "intake",
    request_body(content_type = "application/json", description = "Add-ons that are not named are not wanted", content = Object, example = json!({
        "beds": 2, "baths": 1.5, "cleaning_type": "deep", "heavy_grease": false, "multi_floor": false,
        "frequency": "biweekly", "add_ons": { "oven": true, "linen_beds": 2 }
    })),
    responses((status = 200, description = "The price and how it came about", content_type = "application/json", example = json!({
        "pricing_config_id": "economy", "pricing_config_version": "v1", "config_hash": "sha256:…", "rate": 35.0,
        "team_size": 1, "time_on_site_hours": 3.0, "billed_cleaner_hours": 3.0, "labor_cost": 105.0,
        "discount_amount": 0.0, "add_ons_cost": 0.0, "total_before_tax": 105.0, "assumptions": [], "missing_info": [],
        "confidence": 1.0, "breakdown": { "base_hours": 3.0, "multiplier": 1.0, "extra_hours": 0.0 }
    }))),
)]
async fn estimate(
    State(app): State<AppState>,
    Named(org): Named,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let input = EstimateInput::parse(&request.json()?)?;
    let Some(org) = org else {
        return Answer::json(&EstimateAnswer::from(&prices::economy_v1().estimate(&input)));
    };
    let holds = app.prices.of(&app, org.id).await?;
    holds.book.offers(&input)?;
    Answer::json(&EstimateAnswer::from(&holds.prices.estimate(&input)))
}
