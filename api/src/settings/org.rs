//! The settings of the organisation.

use axum::extract::State;
use chrono::Datelike;
use domain::id::OrgId;
use domain::settings::holiday::Holiday;
use domain::settings::org::{Change, Legal, OrgSettings, OrgSettingsCommand};
use serde::Deserialize;
use serde_json::{Value, json};
use strum::VariantArray;
use utoipa_axum::routes;

use super::READ;
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::extract::Parameters;
use crate::organisation::Organisation;
use crate::problem::Problem;
use crate::route::{Routes, owner, staff};
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(show_settings), staff(READ))
        .add(routes!(change_settings), owner().action("settings.update"))
        .add(routes!(holidays), staff(READ))
}

/// The settings of the organisation
#[utoipa::path(
    get,
    path = "/v1/admin/settings/org",
    tag = "settings",
    responses((status = 200, description = "Defaults where nothing was decided", content_type = "application/json", example = json!({
        "org_id": "00000000-0000-0000-0000-000000000001", "name": "Maple Home Cleaning", "timezone": "America/Edmonton",
        "currency": "CAD", "language": "en",
        "business_hours": { "monday": { "enabled": true, "start": "08:00", "end": "18:00" } },
        "holidays": ["canada_day"], "legal_name": null, "legal_bn": null, "legal_gst_hst": null, "legal_address": null,
        "legal_phone": null, "legal_email": null, "legal_website": null, "branding": {},
        "referral_credit_trigger": "booking_confirmed", "finance_ready": false, "invoice_reminders": true
    })))
)]
async fn show_settings(State(app): State<AppState>, caller: Caller) -> Result<Answer, Problem> {
    let org = caller.org();
    let loaded = app.bus.load::<OrgSettings>(org, &org.to_string()).await?;
    let registered = app.organisations.registered(&app.reads, org).await?;
    Ok(Answer::json(&shown(&registered, &loaded.state))?.version(loaded.version))
}

/// Change settings; what is left out stays
///
/// Days of `business_hours` and entries of `branding` are changed one by one. `null` removes a line of the imprint or an
/// entry of `branding`.
#[utoipa::path(
    patch,
    path = "/v1/admin/settings/org",
    tag = "settings",
    request_body(content = Value, content_type = "application/json", example = json!({
        "timezone": "America/Toronto",
        "business_hours": { "sunday": { "enabled": true, "start": "10:00", "end": "14:00" } },
        "legal_name": "Maple Home Cleaning Ltd", "branding": { "weekly_revenue_goal_cents": 500_000 }
    })),
    responses((status = 200, description = "As after it", content_type = "application/json"))
)]
async fn change_settings(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let command = OrgSettingsCommand::Change(Box::new(Change::parse(&request.json()?)?));
    let (context, org) = (request.context(&caller), caller.org());
    // What was registered never changes, so a repetition is told the same.
    let registered = app.organisations.registered(&app.reads, org).await?;
    let answer = |settings: &OrgSettings| shown(&registered, settings);
    let done = app.bus.execute::<OrgSettings>(&context, &org.to_string(), command, answer).await?;
    app.settings.changed(&app, org).await;
    Ok(Answer::done(&done))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Year {
    /// From 1900 to 2199; this year by default.
    #[param(minimum = 1900, maximum = 2199)]
    year: Option<i32>,
}

/// The days on which the organisation is closed for a holiday
#[utoipa::path(
    get,
    path = "/v1/admin/settings/org/holidays",
    tag = "settings",
    params(Year),
    responses((status = 200, description = "Those it keeps, in the order of the year", content_type = "application/json", example = json!({
        "year": 2026, "items": [{ "key": "canada_day", "date": "2026-07-01" }]
    })))
)]
async fn holidays(
    State(app): State<AppState>,
    caller: Caller,
    Parameters(Year { year }): Parameters<Year>,
) -> Result<Answer, Problem> {
    let org: OrgId = caller.org();
    let zone = app.settings.of(&app, org).await?.zone;
    let year = year.unwrap_or_else(|| app.now().with_timezone(&zone).year());
    if !(1900..2200).contains(&year) {
        return Err(Problem::field("year", "Input should be from 1900 to 2199"));
    }
    let settings = app.bus.load::<OrgSettings>(org, &org.to_string()).await?.state;
    let kept = settings.holidays.iter().filter_map(|one| Some((one.in_year(year)?, one)));
    let mut kept: Vec<(_, &Holiday)> = kept.collect();
    kept.sort_unstable();
    let items: Vec<_> =
        kept.iter().map(|(date, one)| json!({ "key": one, "date": date })).collect();
    Answer::json(&json!({ "year": year, "items": items }))
}

fn shown(registered: &Organisation, settings: &OrgSettings) -> Value {
    let mut body = json!({
        "org_id": registered.id,
        "name": registered.name,
        "timezone": settings.zone(&registered.timezone).name(),
        "currency": settings.currency,
        "language": settings.language,
        "business_hours": settings.business_hours,
        "holidays": settings.holidays,
        "branding": settings.branding,
        "referral_credit_trigger": settings.referral_credit_trigger,
        "finance_ready": settings.finance_ready,
        "invoice_reminders": settings.invoice_reminders,
    });
    for line in Legal::VARIANTS {
        body[line.field()] = json!(settings.legal.get(line));
    }
    body
}
