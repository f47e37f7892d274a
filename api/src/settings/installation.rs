//! What the installation itself is like, as far as those who run an organisation may see it.

use axum::extract::State;
use domain::access::Permission;
use domain::settings::feature::Feature;
use serde::Serialize;
use serde_json::json;
use utoipa_axum::routes;

use crate::answer::Answer;
use crate::problem::Problem;
use crate::route::{Routes, owner, staff};
use crate::state::AppState;

const CONFIGURATION: &[Permission] = &[Permission::SettingsManage];
const ADMIN: &[Permission] = &[Permission::AdminManage];

/// What whoever starts the API tells about its configuration.
#[derive(Clone, Debug, Default)]
pub struct Installation {
    /// Variables that may be seen.
    pub entries: Vec<Entry>,
    /// Switches of the whole installation.
    pub flags: Vec<Flag>,
    /// How mail leaves the house.
    pub email: Email,
}

impl Installation {
    /// Whether mail leaves the house at all.
    pub(crate) fn sends_mail(&self) -> bool {
        self.email.mode != "off"
    }
}

/// One variable.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Its name.
    pub key: &'static str,
    /// Its value; `***` for a secret that is set.
    pub value: Option<String>,
    /// Whether the value is left out.
    pub redacted: bool,
    /// `environment`, `file`, `default` or `unset`.
    pub source: String,
}

/// One switch.
#[derive(Clone, Debug, Serialize)]
pub struct Flag {
    /// Its name.
    pub key: &'static str,
    /// Whether it is on.
    pub enabled: bool,
    /// What it does.
    pub description: &'static str,
    /// In which way it is on.
    pub rollout: String,
}

/// How mail leaves the house.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Email {
    /// `off` or the way.
    pub mode: String,
    /// The sender.
    pub from: Option<String>,
    /// The server.
    pub host: Option<String>,
}

impl Email {
    /// Whether mail leaves the house at all.
    pub(crate) fn is_on(&self) -> bool {
        self.mode != "off"
    }

    const fn health(&self) -> &'static str {
        if self.host.is_some() && self.from.is_some() {
            "connected"
        } else {
            "missing_configuration"
        }
    }
}

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(configuration), staff(CONFIGURATION))
        .add(routes!(feature_flags), staff(ADMIN))
        .add(routes!(integrations), owner().feature(Feature::Integrations))
}

/// How this installation is configured
#[utoipa::path(
    get,
    path = "/v1/admin/config",
    tag = "settings",
    responses((status = 200, description = "Variables that may be seen; values of secrets are left out", content_type = "application/json", example = json!({
        "entries": [
            { "key": "APP_ENV", "value": "prod", "redacted": false, "source": "environment" },
            { "key": "AUTH_SECRET_KEY", "value": "***", "redacted": true, "source": "file" }
        ]
    })))
)]
async fn configuration(State(app): State<AppState>) -> Result<Answer, Problem> {
    Answer::json(&json!({ "entries": app.installation.entries }))
}

/// Switches of the whole installation
#[utoipa::path(
    get,
    path = "/v1/admin/feature-flags",
    tag = "settings",
    responses((status = 200, description = "Those that this build has", content_type = "application/json", example = json!({
        "flags": [{ "key": "email", "enabled": true, "description": "Mail is sent", "rollout": "smtp" }]
    })))
)]
async fn feature_flags(State(app): State<AppState>) -> Result<Answer, Problem> {
    Answer::json(&json!({ "flags": app.installation.flags }))
}

/// Whether other systems are connected
#[utoipa::path(
    get,
    path = "/v1/admin/settings/integrations",
    tag = "settings",
    responses((status = 200, description = "`health` is `connected`, `needs_webhook` or `missing_configuration`", content_type = "application/json", example = json!({
        "email": { "mode": "smtp", "from": "office@example.com", "host": "smtp.example.com", "health": "connected" }
    })))
)]
async fn integrations(State(app): State<AppState>) -> Result<Answer, Problem> {
    let Email { mode, from, host } = &app.installation.email;
    let health = app.installation.email.health();
    Answer::json(
        &json!({ "email": { "mode": mode, "from": from, "host": host, "health": health } }),
    )
}
