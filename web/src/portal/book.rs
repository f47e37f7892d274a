//! A client asks for another visit: a day, a time, done.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use chrono::{Days, NaiveDate};
use serde::Deserialize;
use serde_json::json;

use super::door::{Door, Guest};
use crate::api::Command;
use crate::called::CLEANING;
use crate::failure::Failure;
use crate::form::{Answer, Fields, Form, PublicForm};
use crate::moment::Moment;
use crate::page::{self, Frame};
use crate::visitor::Visitor;
use crate::{Site, SiteState, token};

pub(super) fn routes() -> Router<SiteState> {
    Router::new().route("/client/book", get(show).post(book))
}

/// Times at which somebody could come.
#[derive(Deserialize)]
struct Offer {
    duration_minutes: u32,
    slots: Vec<Moment>,
}

#[derive(Template)]
#[template(path = "client_book.html")]
struct BookPage {
    frame: Frame,
    csrf: String,
    form: Form,
    /// None before a day was chosen.
    offer: Option<Offer>,
}

async fn show(
    State(site): State<SiteState>,
    visitor: Visitor,
    headers: HeaderMap,
    Query(mut fields): Query<Fields>,
) -> Answer {
    let guest = Guest::of(&site, Door::Client, visitor.clone(), &headers)?;
    fields.set("key", token::submission_key());
    choose(&site, (&visitor, guest), Form::new("book", fields), StatusCode::OK).await
}

/// The times of the day that is asked for.
async fn choose(
    site: &Site,
    (visitor, guest): (&Visitor, Guest),
    form: Form,
    status: StatusCode,
) -> Answer {
    let (frame, csrf) = (Frame::of(visitor, "client"), guest.csrf.clone());
    let Ok(day) = form.value("date").parse::<NaiveDate>() else {
        // Whoever is not inside is sent to the door, though nothing was asked for yet.
        guest.me::<serde_json::Value>(site).await?;
        return page::show_as(status, &BookPage { frame, csrf, form, offer: None });
    };
    let (from, to) =
        (day.to_string(), day.checked_add_days(Days::new(1)).unwrap_or(day).to_string());
    let asked =
        [("from", &*from), ("to", &*to), ("duration_minutes", form.value_or("minutes", "120"))];
    match guest.look_up(site, &["v1", "client", "slots"], &asked).await {
        Ok(reply) => {
            let offer = Some(reply.read()?);
            page::show_as(status, &BookPage { frame, csrf, form, offer })
        }
        Err(failure) if failure.is_about_input() => {
            let form = form.refused(&failure);
            page::show_as(failure.status(), &BookPage { frame, csrf, form, offer: None })
        }
        Err(failure) => Err(failure),
    }
}

#[derive(Deserialize)]
struct Made {
    booking_id: String,
}

async fn book(
    State(site): State<SiteState>,
    visitor: Visitor,
    headers: HeaderMap,
    PublicForm(mut fields): PublicForm,
) -> Answer {
    let guest = Guest::with_form(&site, Door::Client, visitor.clone(), &headers, &fields)?;
    let minutes: u32 = fields.get("minutes").parse().unwrap_or(120);
    let mut body = json!({ "starts_at": fields.get("starts_at"), "duration_minutes": minutes });
    if let Some(service) = fields.filled("service_type") {
        body["service_type"] = service.into();
    }
    let path = ["v1", "client", "bookings"];
    let failure = match guest.send(&site, Command::post(&path, body, fields.get("key"))).await {
        Ok(reply) => {
            let made: Made = reply.read()?;
            return Ok(page::go_to(&format!("/client/visits/{}?saved=1", made.booking_id)));
        }
        Err(failure) => guest.left(failure),
    };
    if matches!(failure, Failure::LeftPortal(_)) || failure.refusal().is_none() {
        return Err(failure);
    }
    // Somebody was faster: the times as they are now, under a key of their own.
    fields.set("key", token::submission_key());
    let (status, form) = (failure.status(), Form::new("book", fields).refused(&failure));
    choose(&site, (&visitor, guest), form, status).await
}
