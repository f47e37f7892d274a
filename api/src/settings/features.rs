//! Which features are on for the organisation.

use std::collections::BTreeMap;

use axum::extract::State;
use domain::id::OrgId;
use domain::input::Problems;
use domain::settings::feature::Feature;
use domain::settings::org::{OrgSettings, OrgSettingsCommand};
use serde::Deserialize;
use serde_json::{Value, json};
use strum::VariantArray;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::READ;
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::problem::Problem;
use crate::route::{Routes, owner, staff};
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(show_features), staff(READ))
        .add(routes!(decide_features), owner().action("features.decide"))
}

/// Which features are on, and why
#[utoipa::path(
    get,
    path = "/v1/admin/settings/features",
    tag = "settings",
    responses((status = 200, description = "What was decided, what holds otherwise, and what comes of both", content_type = "application/json", example = json!({
        "org_id": "00000000-0000-0000-0000-000000000001", "overrides": { "module.leads": true },
        "defaults": { "module.leads": false }, "effective": { "module.leads": true }, "keys": ["module.leads"]
    })))
)]
async fn show_features(State(app): State<AppState>, caller: Caller) -> Result<Answer, Problem> {
    let org = caller.org();
    let loaded = app.bus.load::<OrgSettings>(org, &org.to_string()).await?;
    Ok(Answer::json(&shown(org, &loaded.state))?.version(loaded.version))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "overrides": { "module.leads": true, "leads.scoring": true } })))]
struct Decisions {
    /// Whether each is on, by key; what is left out is as the catalogue has it.
    overrides: BTreeMap<String, bool>,
}

/// Decide which features are on; replaces every decision made before
#[utoipa::path(
    patch,
    path = "/v1/admin/settings/features",
    tag = "settings",
    request_body = Decisions,
    responses((status = 200, description = "As after it", content_type = "application/json"))
)]
async fn decide_features(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let Decisions { overrides } = request.body()?;
    let command = OrgSettingsCommand::DecideFeatures(known(&overrides)?);
    let (context, org) = (request.context(&caller), caller.org());
    let answer = |settings: &OrgSettings| shown(org, settings);
    let done = app.bus.execute::<OrgSettings>(&context, &org.to_string(), command, answer).await?;
    app.settings.changed(&app, org).await;
    Ok(Answer::done(&done))
}

/// Keys of the catalogue; every other one is named.
fn known(overrides: &BTreeMap<String, bool>) -> Result<BTreeMap<Feature, bool>, Problem> {
    let mut problems = Problems::default();
    let mut read = BTreeMap::new();
    for (key, on) in overrides {
        if let Ok(feature) = key.parse::<Feature>() {
            read.insert(feature, *on);
        } else {
            let shown: String = key.chars().take(64).collect();
            problems.push(format!("overrides.{shown}"), "There is no such feature");
        }
    }
    Ok(problems.or(read)?)
}

fn shown(org: OrgId, settings: &OrgSettings) -> Value {
    let features = settings.features();
    let by_key = |is_on: &dyn Fn(Feature) -> bool| {
        Feature::VARIANTS.iter().map(|one| (one.key(), is_on(*one))).collect::<BTreeMap<_, _>>()
    };
    json!({
        "org_id": org,
        "overrides": settings.overrides,
        "defaults": by_key(&Feature::default_on),
        "effective": by_key(&|one| features.contain(one)),
        "keys": Feature::VARIANTS.iter().map(|one| one.key()).collect::<Vec<_>>(),
    })
}
