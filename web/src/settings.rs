//! How the organisation is set up: its plan, who it is, when it is open, and which features are on.

mod features;
mod organisation;
mod plan;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{Method, StatusCode};
use axum::routing::{get, post};
use serde_json::Value;

use self::features::{Features, Module};
use self::organisation::Organisation;
pub(crate) use self::organisation::WEEK;
use self::plan::Plan;
use crate::api::Command;
use crate::failure::Failure;
use crate::form::{Answer, Fields, Form, StaffForm};
use crate::page::{self, Frame};
use crate::visitor::Staff;
use crate::{Site, SiteState, token};

pub(crate) fn routes() -> Router<SiteState> {
    Router::new()
        .route("/settings", get(show))
        .route("/settings/organisation", post(change_organisation))
        .route("/settings/hours", post(change_hours))
        .route("/settings/features", post(decide_features))
}

#[derive(Template)]
#[template(path = "settings.html")]
struct SettingsPage {
    frame: Frame,
    plan: Plan,
    organisation: Organisation,
    modules: Vec<Module>,
    /// Of the settings as shown: a form that was filled in beside older ones is refused.
    version: String,
    key: String,
    saved: bool,
    may_change: bool,
    form: Form,
}

impl SettingsPage {
    fn form(&self, name: &str) -> &Form {
        self.form.of(name)
    }
}

async fn show(State(site): State<SiteState>, staff: Staff, Query(fields): Query<Fields>) -> Answer {
    let saved = fields.get("saved") == "1";
    let settings = now(&site, &staff).await?;
    page::show(&SettingsPage { saved, ..settings })
}

async fn change_organisation(State(site): State<SiteState>, form: StaffForm) -> Answer {
    let body = organisation::change(&form.fields);
    change(&site, "organisation", form, "org", body).await
}

async fn change_hours(State(site): State<SiteState>, form: StaffForm) -> Answer {
    let body = organisation::hours(&form.fields);
    change(&site, "hours", form, "org", body).await
}

async fn decide_features(State(site): State<SiteState>, form: StaffForm) -> Answer {
    let path = ["v1", "admin", "settings", "features"];
    let known: Features = site.api.query(&form.staff, &path, &[]).await?.read()?;
    let body = known.decided(&form.fields);
    change(&site, "features", form, "features", body).await
}

/// Sends one change; afterwards the settings are shown as they have become.
async fn change(site: &Site, name: &str, form: StaffForm, what: &str, body: Value) -> Answer {
    let StaffForm { staff, fields } = form;
    let path = ["v1", "admin", "settings", what];
    let (key, version) = (fields.get("key"), fields.get("version"));
    let command = Command { method: Method::PATCH, path: &path, body, key, version };
    let Err(failure) = site.api.command(&staff, command).await else {
        return Ok(page::go_to("/settings?saved=1"));
    };
    let Some(refusal) = failure.refusal() else { return Err(failure) };
    if matches!(refusal.status, 401 | 403 | 404) {
        return Err(failure);
    }
    let status = if refusal.is_conflict() { StatusCode::CONFLICT } else { failure.status() };
    let form = Form::new(name, fields).refused(&failure);
    let settings = now(site, &staff).await?;
    page::show_as(status, &SettingsPage { form, ..settings })
}

async fn now(site: &Site, staff: &Staff) -> Result<SettingsPage, Failure> {
    let settings = ["v1", "admin", "settings"];
    let organisation = [&settings[..], &["org"]].concat();
    let features = [&settings[..], &["features"]].concat();
    let (organisation, features, plan) = tokio::try_join!(
        site.api.query(staff, &organisation, &[]),
        site.api.query(staff, &features, &[]),
        site.api.query(staff, &["v1", "billing", "status"], &[]),
    )?;
    let frame = Frame::staff(staff, "settings", false);
    let version = organisation.version.clone().unwrap_or_default();
    let features: Features = features.read()?;
    Ok(SettingsPage {
        frame,
        plan: plan.read()?,
        organisation: organisation.read()?,
        modules: features.modules(),
        version,
        key: token::submission_key(),
        saved: false,
        may_change: staff.session.role == "owner",
        form: Form::default(),
    })
}
