//! A client's own visits: seen, put off, called off.

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use super::door::{Door, Guest};
use crate::api::Command;
use crate::called::{CLEANING, DEPOSIT};
use crate::failure::Failure;
use crate::form::{Answer, Fields, Form, PublicForm};
use crate::leads::id;
use crate::moment::Moment;
use crate::page::{self, Frame};
use crate::visitor::Visitor;
use crate::{Site, SiteState, called, pay, shown, token};

/// The routes of the API.
const ALL: [&str; 4] = ["v1", "client", "portal", "bookings"];

pub(super) fn routes() -> Router<SiteState> {
    Router::new()
        .route("/client/visits/{id}", get(show))
        .route("/client/visits/{id}/reschedule", post(put_off))
        .route("/client/visits/{id}/cancel", post(call_off))
        .route("/client/visits/{id}/repeat", post(repeat))
        .route("/client/visits/{id}/review", post(review))
        .route("/client/visits/{id}/pay", post(check_out))
}

/// A line of the list.
#[derive(Deserialize)]
pub(super) struct Line {
    #[serde(rename = "order_id")]
    pub(super) id: String,
    pub(super) status: String,
    pub(super) starts_at: Moment,
    pub(super) duration_minutes: u32,
}

/// Their latest visits.
pub(super) async fn latest(site: &Site, guest: &Guest) -> Result<Vec<Line>, Failure> {
    guest.query(site, &ALL).await?.read()
}

/// One visit as a client may see it.
#[derive(Deserialize)]
struct Visit {
    #[serde(rename = "order_id")]
    id: String,
    status: String,
    starts_at: Moment,
    ends_at: Moment,
    address_text: Option<String>,
    service_type: Option<String>,
    total_cents: Option<i64>,
    settlement: Option<Settlement>,
    #[serde(default)]
    deposit_cents: Option<i64>,
    deposit_status: Option<String>,
    /// Where the deposit is paid by card; none if it cannot be, or need not.
    pay_link: Option<String>,
}

/// What calling it off came to.
#[derive(Deserialize)]
struct Settlement {
    refund_cents: i64,
    fee_cents: i64,
}

impl Settlement {
    fn refund(&self) -> String {
        shown::amount(self.refund_cents)
    }

    fn fee(&self) -> String {
        shown::amount(self.fee_cents)
    }
}

impl Visit {
    fn total(&self) -> Option<String> {
        self.total_cents.map(shown::amount)
    }

    /// What is asked for in advance, and whether it came.
    fn deposit(&self) -> Option<String> {
        let status = self.deposit_status.as_deref().unwrap_or("pending");
        let said = called::of(&DEPOSIT, status);
        Some(format!("{}, {said}", shown::dollars(self.deposit_cents?)))
    }

    fn service(&self) -> Option<&str> {
        Some(called::of(&CLEANING, self.service_type.as_deref()?))
    }

    fn may_change(&self) -> bool {
        matches!(self.status.as_str(), "PENDING" | "CONFIRMED")
    }

    /// Nobody can say how it was before it was, and what is still to come need not come again.
    fn is_done(&self) -> bool {
        self.status == "DONE"
    }
}

#[derive(Template)]
#[template(path = "client_visit.html")]
struct VisitPage {
    frame: Frame,
    csrf: String,
    key: String,
    visit: Visit,
    saved: bool,
    form: Form,
}

impl VisitPage {
    fn here(&self) -> String {
        format!("/client/visits/{}", self.visit.id)
    }

    fn form(&self, name: &str) -> &Form {
        self.form.of(name)
    }
}

async fn show(
    State(site): State<SiteState>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(visit): Path<String>,
    Query(fields): Query<Fields>,
) -> Answer {
    let guest = Guest::of(&site, Door::Client, visitor.clone(), &headers)?;
    let visit = find(&site, &guest, id(&visit)?).await?;
    let (frame, saved) = (Frame::of(&visitor, "client"), fields.get("saved") == "1");
    page::show(&VisitPage {
        frame,
        csrf: guest.csrf,
        key: token::submission_key(),
        visit,
        saved,
        form: Form::default(),
    })
}

async fn put_off(
    State(site): State<SiteState>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(visit): Path<String>,
    PublicForm(fields): PublicForm,
) -> Answer {
    let body = json!({ "starts_at": fields.get("starts_at") });
    change(&site, visitor, &headers, (id(&visit)?, "reschedule"), (fields, body)).await
}

async fn call_off(
    State(site): State<SiteState>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(visit): Path<String>,
    PublicForm(fields): PublicForm,
) -> Answer {
    let body = json!({ "reason": fields.filled("reason") });
    change(&site, visitor, &headers, (id(&visit)?, "cancel"), (fields, body)).await
}

#[derive(Deserialize)]
struct Repeated {
    booking_id: String,
}

async fn repeat(
    State(site): State<SiteState>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(visit): Path<String>,
    PublicForm(fields): PublicForm,
) -> Answer {
    let visit = id(&visit)?;
    let guest = Guest::with_form(&site, Door::Client, visitor.clone(), &headers, &fields)?;
    // Pressed twice, it is one visit more.
    let key = fields.filled("key").map_or_else(token::submission_key, str::to_owned);
    let path = ["client", "orders", visit, "repeat"];
    match guest.send(&site, Command::post(&path, json!({}), &key)).await {
        Ok(reply) => {
            let made: Repeated = reply.read()?;
            Ok(page::go_to(&format!("/client/visits/{}?saved=1", made.booking_id)))
        }
        Err(failure) => {
            refuse(&site, (&visitor, guest), (visit, "repeat"), (fields, failure)).await
        }
    }
}

async fn review(
    State(site): State<SiteState>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(visit): Path<String>,
    PublicForm(fields): PublicForm,
) -> Answer {
    let visit = id(&visit)?;
    let guest = Guest::with_form(&site, Door::Client, visitor.clone(), &headers, &fields)?;
    let rating: i64 = fields.get("rating").parse().unwrap_or_default();
    let body = json!({ "rating": rating, "comment": fields.filled("comment") });
    match guest.command(&site, &["client", "orders", visit, "review"], body).await {
        Ok(_) => Ok(page::go_to(&format!("/client/visits/{visit}?saved=1"))),
        Err(failure) => {
            refuse(&site, (&visitor, guest), (visit, "review"), (fields, failure)).await
        }
    }
}

async fn check_out(
    State(site): State<SiteState>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(visit): Path<String>,
    PublicForm(fields): PublicForm,
) -> Answer {
    let visit = id(&visit)?;
    let guest = Guest::with_form(&site, Door::Client, visitor.clone(), &headers, &fields)?;
    match guest.command(&site, &[&ALL[..], &[visit, "pay"]].concat(), json!({})).await {
        Ok(reply) => pay::on(Frame::of(&visitor, "client"), reply),
        Err(failure) => refuse(&site, (&visitor, guest), (visit, "pay"), (fields, failure)).await,
    }
}

async fn change(
    site: &Site,
    visitor: Visitor,
    headers: &HeaderMap,
    (visit, what): (&str, &str),
    (fields, body): (Fields, Value),
) -> Answer {
    let guest = Guest::with_form(site, Door::Client, visitor.clone(), headers, &fields)?;
    let path = ["v1", "client", "bookings", visit, what];
    match guest.command(site, &path, body).await {
        Ok(_) => Ok(page::go_to(&format!("/client/visits/{visit}?saved=1"))),
        Err(failure) => refuse(site, (&visitor, guest), (visit, what), (fields, failure)).await,
    }
}

/// The visit again, with a form that was not accepted.
async fn refuse(
    site: &Site,
    (visitor, guest): (&Visitor, Guest),
    (visit, what): (&str, &str),
    (fields, failure): (Fields, Failure),
) -> Answer {
    let failure = guest.left(failure);
    if failure.refusal().is_none_or(|refusal| matches!(refusal.status, 401 | 403 | 404)) {
        return Err(failure);
    }
    let form = Form::new(what, fields).refused(&failure);
    let visit = find(site, &guest, visit).await?;
    let frame = Frame::of(visitor, "client");
    let page = VisitPage {
        frame,
        csrf: guest.csrf,
        key: token::submission_key(),
        visit,
        saved: false,
        form,
    };
    page::show_as(failure.status(), &page)
}

async fn find(site: &Site, guest: &Guest, visit: &str) -> Result<Visit, Failure> {
    guest.query(site, &[&ALL[..], &[visit]].concat()).await?.read()
}
