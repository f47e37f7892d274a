//! What is changed about a team: its name, how it is set up, its hours, its time off.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::Method;
use axum::routing::post;
use serde_json::{Value, json};

use super::hours;
use super::record::settled;
use super::shape::Details;
use crate::api::Command;
use crate::failure::Failure;
use crate::form::{Answer, StaffForm};
use crate::leads::id;
use crate::time_off::{self, Whose};
use crate::{Site, SiteState, shown};

pub(super) fn routes() -> Router<SiteState> {
    Router::new()
        .route("/teams/{id}/name", post(rename))
        .route("/teams/{id}/setup", post(set_up))
        .route("/teams/{id}/archive", post(archive))
        .route("/teams/{id}/unarchive", post(unarchive))
        .route("/teams/{id}/hours", post(set_hours))
        .route("/teams/{id}/time-off", post(declare_time_off))
        .route("/teams/{id}/time-off/{block}/cancel", post(cancel_time_off))
}

async fn rename(
    State(site): State<SiteState>,
    Path(team): Path<String>,
    form: StaffForm,
) -> Answer {
    let body = json!({ "name": form.fields.get("name") });
    change(&site, &team, ("name", form), (Method::PATCH, &[]), body).await
}

async fn set_up(
    State(site): State<SiteState>,
    Path(team): Path<String>,
    form: StaffForm,
) -> Answer {
    let words = |name: &str| {
        let words = form.fields.get(name).split(',').map(str::trim);
        words.filter(|word| !word.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    let body = json!({
        "lead_worker_id": form.fields.filled("lead_worker_id"),
        "zones": words("zones"),
        "specializations": words("specializations"),
        "calendar_color": form.fields.filled("calendar_color"),
    });
    change(&site, &team, ("setup", form), (Method::PATCH, &[]), body).await
}

async fn archive(
    State(site): State<SiteState>,
    Path(team): Path<String>,
    form: StaffForm,
) -> Answer {
    change(&site, &team, ("archive", form), (Method::POST, &["archive"]), json!({})).await
}

async fn unarchive(
    State(site): State<SiteState>,
    Path(team): Path<String>,
    form: StaffForm,
) -> Answer {
    change(&site, &team, ("archive", form), (Method::POST, &["unarchive"]), json!({})).await
}

async fn set_hours(
    State(site): State<SiteState>,
    Path(team): Path<String>,
    form: StaffForm,
) -> Answer {
    let team = id(&team)?;
    let done = week(&site, team, &form).await;
    settled(&site, team, ("hours", form), done).await
}

/// The API takes a day at a time, and each day stands for itself.
async fn week(site: &Site, team: &str, form: &StaffForm) -> Result<(), Failure> {
    let StaffForm { staff, fields } = form;
    let now = site.api.query(staff, &["v1", "admin", "teams", team], &[]).await?;
    let version = now.version.clone();
    let week = now.read::<Details>()?.week;
    let changes = hours::changes(team, &week, fields)?;
    let is_older = fields.filled("version").is_some_and(|seen| version.as_deref() != Some(seen));
    // Sent twice, there is nothing left to change.
    if is_older && !changes.is_empty() {
        return Err(Failure::outdated());
    }
    let mut saved = Vec::new();
    for (day, body) in changes {
        let key = format!("{}-{day}", fields.get("key"));
        let path = ["v1", "admin", "working-hours"];
        let done = site.api.command(staff, Command::post(&path, body, &key)).await;
        done.map_err(|failure| failure.halfway(&saved))?;
        saved.push(shown::capital(day));
    }
    Ok(())
}

async fn declare_time_off(
    State(site): State<SiteState>,
    Path(team): Path<String>,
    form: StaffForm,
) -> Answer {
    let team = id(&team)?;
    let done = time_off::declare(&site, &form.staff, Whose::Team(team), &form.fields).await;
    settled(&site, team, ("time-off", form), done).await
}

async fn cancel_time_off(
    State(site): State<SiteState>,
    Path((team, block)): Path<(String, String)>,
    form: StaffForm,
) -> Answer {
    let team = id(&team)?;
    let done = time_off::cancel(&site, &form.staff, id(&block)?, &form.fields).await;
    settled(&site, team, ("time-off", form), done).await
}

async fn change(
    site: &Site,
    team: &str,
    (name, form): (&str, StaffForm),
    (method, below): (Method, &[&str]),
    body: Value,
) -> Answer {
    let team = id(team)?;
    let path = [&["v1", "admin", "teams", team], below].concat();
    let (key, version) = (form.fields.get("key"), form.fields.get("version"));
    let command = Command { method, path: &path, body, key, version };
    let done = site.api.command(&form.staff, command).await;
    settled(site, team, (name, form), done).await
}
