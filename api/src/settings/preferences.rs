//! What somebody wants on their own screens.

use std::collections::BTreeSet;

use axum::extract::State;
use domain::settings::feature::Feature;
use domain::settings::preferences::{Preferences, PreferencesCommand};
use serde::Deserialize;
use serde_json::{Value, json};
use strum::VariantArray;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{READ, catalogue};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(show_preferences), staff(READ))
        .add(routes!(change_preferences), staff(READ).action("preferences.update"))
        .add(routes!(my_features), staff(READ))
}

/// What this login hides from its menu
#[utoipa::path(
    get,
    path = "/v1/admin/users/me/ui_prefs",
    tag = "settings",
    responses((status = 200, description = "Keys of features and of other entries", content_type = "application/json", example = json!({
        "hidden_keys": ["module.inventory"]
    })))
)]
async fn show_preferences(State(app): State<AppState>, caller: Caller) -> Result<Answer, Problem> {
    let (preferences, version) = preferences_of(&app, &caller).await?;
    Ok(Answer::json(&shown(&preferences))?.version(version))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "hidden_keys": ["module.inventory"] })))]
struct PreferencesChange {
    /// All of them, at most 200: letters, digits, dots, hyphens and underscores.
    hidden_keys: BTreeSet<String>,
}

/// Hide entries from one's own menu; it does not change what anybody may do
#[utoipa::path(
    patch,
    path = "/v1/admin/users/me/ui_prefs",
    tag = "settings",
    request_body = PreferencesChange,
    responses((status = 200, description = "As after it", content_type = "application/json"))
)]
async fn change_preferences(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let PreferencesChange { hidden_keys } = request.body()?;
    let command = PreferencesCommand::Hide(hidden_keys);
    let (context, login) = (request.context(&caller), caller.id().to_string());
    Ok(Answer::done(&app.bus.execute(&context, &login, command, shown).await?))
}

/// Every feature, and whether it belongs on the screens of this login
#[utoipa::path(
    get,
    path = "/v1/admin/users/me/features",
    tag = "settings",
    responses((status = 200, description = "The whole catalogue; `visible` is on, of use to this login and not hidden", content_type = "application/json", example = json!({
        "features": [{
            "key": "finance.reports", "module": "module.finance", "description": "Profit and loss, balance and taxes.",
            "permission": "finance.view", "default": true, "effective": true, "hidden": false, "visible": true
        }]
    })))
)]
async fn my_features(State(app): State<AppState>, caller: Caller) -> Result<Answer, Problem> {
    let (preferences, _) = preferences_of(&app, &caller).await?;
    let features = app.settings.of(&app, caller.org()).await?.features;
    let permissions = caller.permissions();
    let all = Feature::VARIANTS.iter();
    let all = all.map(|one| catalogue::shown(*one, features, permissions, &preferences));
    Answer::json(&json!({ "features": all.collect::<Vec<_>>() }))
}

async fn preferences_of(app: &App, caller: &Caller) -> Result<(Preferences, i32), Problem> {
    let login = caller.id().to_string();
    let loaded = app.bus.load::<Preferences>(caller.org(), &login).await?;
    Ok((loaded.state, loaded.version))
}

fn shown(preferences: &Preferences) -> Value {
    json!({ "hidden_keys": preferences.hidden_keys })
}
