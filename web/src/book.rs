//! The public page on which somebody who asked for an offer chooses a time.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use serde::Deserialize;
use serde_json::json;

use crate::api::Command;
use crate::failure::{Failure, Refusal};
use crate::form::{Answer, Fields, Form, PublicForm};
use crate::moment::Moment;
use crate::page::{self, Frame};
use crate::visitor::Visitor;
use crate::{Site, SiteState, Widget, captcha, shown, token};

pub(crate) fn routes() -> Router<SiteState> {
    Router::new().route("/book", get(show).post(book))
}

/// Times at which somebody could come.
#[derive(Default, Deserialize)]
struct Offer {
    duration_minutes: u32,
    slots: Vec<Moment>,
    clarifier: Option<String>,
}

#[derive(Template)]
#[template(path = "book.html")]
struct BookPage {
    frame: Frame,
    form: Form,
    /// None before a day was chosen.
    offer: Option<Offer>,
    widget: Option<Widget>,
}

/// What the API says to somebody whose time is taken.
#[derive(Deserialize)]
struct Receipt {
    starts_at: Moment,
    duration_minutes: u32,
    status: String,
    deposit_cents: Option<i64>,
    /// Where the deposit is paid by card.
    checkout_url: Option<String>,
}

impl Receipt {
    /// What is to be paid in advance, and where.
    fn deposit(&self) -> Option<(String, &str)> {
        Some((shown::amount(self.deposit_cents?), self.checkout_url.as_deref()?))
    }
}

#[derive(Template)]
#[template(path = "booked.html")]
struct BookedPage {
    frame: Frame,
    receipt: Receipt,
}

async fn show(
    State(site): State<SiteState>,
    visitor: Visitor,
    Query(mut fields): Query<Fields>,
) -> Answer {
    let visitor = visitor.at(fields.get("org"));
    fields.set("key", token::submission_key());
    let form = Form::new("book", fields);
    choose(&site, &visitor, form, StatusCode::OK).await
}

/// The times of the day that is asked for.
async fn choose(site: &Site, visitor: &Visitor, form: Form, status: StatusCode) -> Answer {
    let (frame, widget) = (Frame::of(visitor, "home"), site.widget.clone());
    if form.value("date").is_empty() {
        return page::show_as(status, &BookPage { frame, form, offer: None, widget });
    }
    let asked = [("date", form.value("date")), ("time_on_site_hours", form.value_or("hours", "2"))];
    match site.api.look_up(visitor, &["v1", "slots"], &asked).await {
        Ok(reply) => {
            let offer = Some(reply.read()?);
            captcha::held(page::show_as(status, &BookPage { frame, form, offer, widget }))
        }
        Err(failure) if failure.is_about_input() => {
            let form = form.refused(&failure);
            let page = BookPage { frame, form, offer: None, widget };
            page::show_as(failure.status(), &page)
        }
        Err(failure) => Err(failure),
    }
}

/// The answer stands on this very page: whoever reloads it sends the same key and gets the same answer.
async fn book(
    State(site): State<SiteState>,
    visitor: Visitor,
    PublicForm(fields): PublicForm,
) -> Answer {
    let visitor = visitor.at(fields.get("org"));
    let hours = fields.get("hours").parse::<serde_json::Number>().ok();
    let mut body = json!({
        "lead_id": fields.get("lead"),
        "starts_at": fields.get("starts_at"),
        "time_on_site_hours": hours,
    });
    if let Some(answer) = captcha::answer(&fields) {
        body["captcha_token"] = answer.into();
    }
    let command = Command::post(&["v1", "bookings"], body, fields.get("key"));
    match site.api.submit(&visitor, command).await {
        Ok(reply) => {
            let page = BookedPage { frame: Frame::of(&visitor, "home"), receipt: reply.read()? };
            page::show_as(StatusCode::CREATED, &page)
        }
        Err(failure) => again(&site, &visitor, fields, failure).await,
    }
}

/// The times as they are now: somebody was faster, or something is missing.
async fn again(site: &Site, visitor: &Visitor, mut fields: Fields, failure: Failure) -> Answer {
    if failure.refusal().is_none() {
        return Err(failure);
    }
    if failure.refusal().is_some_and(Refusal::is_key_reused) {
        fields.set("key", token::submission_key());
    }
    let status = failure.status();
    let mut form = Form::new("book", fields).refused(&failure);
    if status == StatusCode::NOT_FOUND {
        "Please ask for an offer first: then we know who you are and where you live."
            .clone_into(&mut form.message);
    }
    choose(site, visitor, form, status).await
}
