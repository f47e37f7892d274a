//! A client's own subscriptions: seen, begun, paused, ended.

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::json;

use super::door::{Door, Guest};
use crate::api::Command;
use crate::failure::Failure;
use crate::form::{Answer, Fields, Form, PublicForm};
use crate::leads::id;
use crate::page::{self, Frame};
use crate::visitor::Visitor;
use crate::{Site, SiteState, shown, token};

/// How often somebody can come.
const OFTEN: [(&str, &str); 3] =
    [("WEEKLY", "Every week"), ("BIWEEKLY", "Every second week"), ("MONTHLY", "Every month")];

pub(super) fn routes() -> Router<SiteState> {
    Router::new()
        .route("/client/subscriptions", get(show).post(begin))
        .route("/client/subscriptions/{id}", post(change))
}

/// One subscription as a client may see it.
#[derive(Deserialize)]
struct Own {
    #[serde(rename = "subscription_id")]
    id: String,
    status: String,
    frequency: String,
    #[serde(rename = "base_service_type")]
    service: String,
    base_price: i64,
    next_run: Option<String>,
}

impl Own {
    fn price(&self) -> String {
        shown::dollars(self.base_price)
    }

    fn rhythm(&self) -> &str {
        let known = OFTEN.iter().find(|(word, _)| *word == self.frequency);
        known.map_or(&self.frequency, |(_, said)| said)
    }

    fn may_rest(&self) -> bool {
        self.status == "ACTIVE"
    }

    fn may_go_on(&self) -> bool {
        matches!(self.status.as_str(), "PAUSED" | "TRIAL" | "INCOMPLETE")
    }

    fn may_end(&self) -> bool {
        self.status != "CANCELED"
    }
}

/// What can be had.
#[derive(Deserialize)]
struct Service {
    #[serde(rename = "service_type_id")]
    id: String,
    name: String,
}

#[derive(Deserialize)]
struct Catalogue {
    service_types: Vec<Service>,
}

#[derive(Template)]
#[template(path = "client_subscriptions.html")]
struct OwnPage {
    frame: Frame,
    csrf: String,
    key: String,
    all: Vec<Own>,
    services: Vec<Service>,
    form: Form,
}

async fn show(State(site): State<SiteState>, visitor: Visitor, headers: HeaderMap) -> Answer {
    let guest = Guest::of(&site, Door::Client, visitor.clone(), &headers)?;
    find(&site, (&visitor, &guest), Form::default(), StatusCode::OK).await
}

async fn find(
    site: &Site,
    (visitor, guest): (&Visitor, &Guest),
    form: Form,
    status: StatusCode,
) -> Answer {
    let all = guest.query(site, &["client", "subscriptions"]).await?.read()?;
    let catalogue = guest.look_up(site, &["v1", "settings", "service-catalog"], &[]).await?;
    let services = catalogue.read::<Catalogue>()?.service_types;
    let (frame, csrf, key) =
        (Frame::of(visitor, "client"), guest.csrf.clone(), token::submission_key());
    page::show_as(status, &OwnPage { frame, csrf, key, all, services, form })
}

async fn begin(
    State(site): State<SiteState>,
    visitor: Visitor,
    headers: HeaderMap,
    PublicForm(fields): PublicForm,
) -> Answer {
    let guest = Guest::with_form(&site, Door::Client, visitor.clone(), &headers, &fields)?;
    let body = json!({
        "frequency": fields.get("frequency"), "start_date": fields.get("start_date"),
        "service_type_id": fields.get("service_type_id"),
    });
    let command = Command::post(&["client", "subscriptions"], body, fields.get("key"));
    let done = guest.send(&site, command).await.map(drop);
    answered(&site, (&visitor, &guest), (done, "begin", fields.clone())).await
}

async fn change(
    State(site): State<SiteState>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(it): Path<String>,
    PublicForm(fields): PublicForm,
) -> Answer {
    let guest = Guest::with_form(&site, Door::Client, visitor.clone(), &headers, &fields)?;
    let (path, key) = (["client", "subscriptions", id(&it)?], token::submission_key());
    let body = json!({ "status": fields.get("status") });
    let command = Command { method: Method::PATCH, path: &path, body, key: &key, version: "" };
    let done = guest.send(&site, command).await.map(drop);
    answered(&site, (&visitor, &guest), (done, "change", fields.clone())).await
}

async fn answered(
    site: &Site,
    (visitor, guest): (&Visitor, &Guest),
    (done, name, fields): (Result<(), Failure>, &str, Fields),
) -> Answer {
    let Err(failure) = done else { return Ok(page::go_to("/client/subscriptions")) };
    let failure = guest.left(failure);
    if failure.refusal().is_none_or(|refusal| matches!(refusal.status, 401 | 404)) {
        return Err(failure);
    }
    let (status, form) = (failure.status(), Form::new(name, fields).refused(&failure));
    find(site, (visitor, guest), form, status).await
}
