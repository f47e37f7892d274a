//! Tax, and the numbers that estimates are made with.

use axum::extract::State;
use domain::input::{Fields, decimals};
use domain::pricing::book::Book;
use domain::pricing::price_book::Edit;
use domain::pricing::rates_wire::RatesChange;
use domain::settings::feature::Feature;
use serde_json::{Value, json};
use utoipa_axum::routes;

use super::{PRICING, READ, book, edit};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::AppState;

/// A whole, in the units in which tax is kept.
const WHOLE: i64 = 1_000_000;

pub(super) fn routes() -> Routes {
    let manage = staff(PRICING).feature(Feature::Pricing);
    Routes::default()
        .add(routes!(pricing_settings), staff(READ).feature(Feature::Pricing))
        .add(routes!(change_pricing_settings), manage.action("pricing_settings.update"))
}

pub(super) fn shown(book: &Book) -> Value {
    json!({ "gst_rate": f64::from(book.tax_ppm) / 1_000_000.0, "rates": book.rates })
}

/// Tax and rates, those of the draft if one is open
#[utoipa::path(
    get,
    path = "/v1/admin/pricing-settings",
    tag = "pricing",
    responses((status = 200, description = "Times are thousandths of an hour, shares thousandths", content_type = "application/json", example = json!({
        "gst_rate": 0.05, "rates": { "currency": "CAD", "hourly_rate_cents": 3500, "minimum_milli_hours": 3000 }
    })))
)]
async fn pricing_settings(State(app): State<AppState>, caller: Caller) -> Result<Answer, Problem> {
    let (book, version) = book(&app, caller.org()).await?;
    Ok(Answer::json(&shown(book.edited()))?.version(version))
}

/// Change tax and rates; what is left out stays. What add-ons cost stands at the add-ons
#[utoipa::path(
    patch,
    path = "/v1/admin/pricing-settings",
    tag = "pricing",
    request_body(content = Value, content_type = "application/json", example = json!({
        "gst_rate": 0.05, "rates": { "hourly_rate_cents": 4000, "discount_permille": { "one_time": 0, "weekly": 100, "biweekly": 50, "monthly": 0 } }
    })),
    responses((status = 200, description = "As after it", content_type = "application/json"))
)]
async fn change_pricing_settings(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let change = parse(&request.json()?)?;
    let answer = |book: &_| shown(domain::pricing::price_book::PriceBook::edited(book));
    Ok(Answer::done(&edit(&app, (&caller, &request), change, answer).await?))
}

fn parse(json: &Value) -> Result<Edit, Problem> {
    let mut fields = Fields::of(json, "")?;
    let mut tax = None;
    if let Some(sent) = fields.sent("gst_rate") {
        let share = sent.as_number().and_then(|number| decimals(number, 6));
        tax = share.filter(|share| (0..=WHOLE).contains(share));
        if tax.is_none() {
            fields.problem("gst_rate", "Input should be from 0 to 1, with at most six decimals");
        }
    }
    let rates = match fields.sent("rates") {
        Some(rates) => fields.problems.take(RatesChange::parse(rates, "rates")),
        None => None,
    };
    fields.finish().or(())?;
    Ok(Edit::Settings(rates.unwrap_or_default(), tax.and_then(|tax| tax.try_into().ok())))
}
