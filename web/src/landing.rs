//! The public page: what a visit would cost, and asking for one.

mod home;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use self::home::{COUNTED, FREQUENCY, SWITCHED};
use crate::api::Command;
use crate::called::CLEANING;
use crate::failure::{Failure, FieldError, Refusal};
use crate::form::{Answer, Fields, Form, PublicForm};
use crate::page::{self, Frame};
use crate::shown::Dollars;
use crate::visitor::Visitor;
use crate::{Site, SiteState, Widget, captcha, token};

/// What a person tells about themselves, in the names of the API.
const CONTACT: [&str; 9] = [
    "name",
    "phone",
    "email",
    "address",
    "postal_code",
    "access_notes",
    "parking",
    "pets",
    "notes",
];

/// Fields that the visit form shows; whatever else is wrong is told above it.
const SHOWN: [&str; 13] = [
    "name",
    "phone",
    "email",
    "address",
    "postal_code",
    "access_notes",
    "parking",
    "pets",
    "allergies",
    "notes",
    "preferred_dates",
    "referral_code",
    "captcha_token",
];

/// Where a visitor came from: carried from the address of the page into the request.
const ORIGIN: [&str; 5] = ["utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"];

pub(crate) fn routes() -> Router<SiteState> {
    Router::new()
        .route("/", get(show))
        .route("/estimate", post(estimate))
        .route("/visit", post(visit))
}

/// A price as the API computed it.
#[derive(Deserialize)]
struct Estimate {
    rate: Dollars,
    team_size: u32,
    time_on_site_hours: f64,
    billed_cleaner_hours: f64,
    labor_cost: Dollars,
    discount_amount: Dollars,
    add_ons_cost: Dollars,
    total_before_tax: Dollars,
}

#[derive(Template)]
#[template(path = "landing.html")]
struct LandingPage {
    frame: Frame,
    home: Form,
    estimate: Option<Estimate>,
    visit: Form,
    widget: Option<Widget>,
}

impl LandingPage {
    /// As `fields` left it; the visit form takes along what the other one was told.
    fn new(site: &Site, visitor: &Visitor, fields: &Fields) -> Self {
        let mut fields = fields.clone();
        if fields.get("key").is_empty() {
            fields.set("key", token::submission_key());
        }
        Self {
            frame: Frame::of(visitor, "home"),
            home: Form::new("home", fields.clone()),
            estimate: None,
            visit: Form::new("visit", fields),
            widget: site.widget.clone(),
        }
    }

    fn carried(&self) -> Vec<(&str, &str)> {
        let names = home::names().chain(ORIGIN).chain(["org", "total"]);
        names.filter_map(|name| Some((name, self.visit.fields.filled(name)?))).collect()
    }

    fn beside(&self) -> Vec<&FieldError> {
        self.visit.errors_beside(&SHOWN)
    }
}

async fn show(
    State(site): State<SiteState>,
    visitor: Visitor,
    Query(mut fields): Query<Fields>,
) -> Answer {
    fields.set("key", "");
    let page = LandingPage::new(&site, &visitor.at(fields.get("org")), &fields);
    captcha::held(page::show(&page))
}

async fn estimate(
    State(site): State<SiteState>,
    visitor: Visitor,
    PublicForm(mut fields): PublicForm,
) -> Answer {
    let visitor = visitor.at(fields.get("org"));
    // It is another request for a visit if it is about another home.
    fields.set("key", "");
    let command = Command::post(&["v1", "estimate"], home::read(&fields), "");
    match site.api.submit(&visitor, command).await {
        Ok(reply) => {
            let estimate: Estimate = reply.read()?;
            fields.set("total", estimate.total_before_tax.plain());
            let page = LandingPage::new(&site, &visitor, &fields);
            captcha::held(page::show(&LandingPage { estimate: Some(estimate), ..page }))
        }
        Err(failure) => {
            fields.set("total", "");
            let page = LandingPage::new(&site, &visitor, &fields);
            let home = page.home.clone().refused(&failure);
            captcha::held(page::show_as(failure.status(), &LandingPage { home, ..page }))
        }
    }
}

/// What the API says to somebody whose request it has taken.
#[derive(Deserialize)]
struct Receipt {
    lead_id: String,
    next_step_text: String,
    referral_code: Option<String>,
}

#[derive(Template)]
#[template(path = "received.html")]
struct ReceivedPage {
    frame: Frame,
    receipt: Receipt,
    /// Whose page it is, if not the host's.
    org: String,
}

/// The answer stands on this very page: whoever reloads it sends the same key and gets the same answer.
async fn visit(
    State(site): State<SiteState>,
    visitor: Visitor,
    PublicForm(fields): PublicForm,
) -> Answer {
    let visitor = visitor.at(fields.get("org"));
    let command = Command::post(&["v1", "leads"], request(&fields), fields.get("key"));
    match site.api.submit(&visitor, command).await {
        Ok(reply) => {
            let (frame, org) = (Frame::of(&visitor, "home"), fields.get("org").to_owned());
            let page = ReceivedPage { frame, receipt: reply.read()?, org };
            page::show_as(StatusCode::CREATED, &page)
        }
        Err(failure) => again(&site, &visitor, fields, &failure),
    }
}

/// The same form with everything that was filled in, and the same key: nothing was taken yet.
fn again(site: &Site, visitor: &Visitor, mut fields: Fields, failure: &Failure) -> Answer {
    let key_reused = failure.refusal().is_some_and(Refusal::is_key_reused);
    if key_reused {
        fields.set("key", "");
    }
    let page = LandingPage::new(site, visitor, &fields);
    let mut visit = page.visit.clone().refused(failure);
    if key_reused {
        "We already have your first request from this page. Send this one too if you want a second visit."
            .clone_into(&mut visit.message);
    }
    captcha::held(page::show_as(failure.status(), &LandingPage { visit, ..page }))
}

fn request(fields: &Fields) -> Value {
    let mut body = Map::new();
    let given = CONTACT.into_iter().chain(ORIGIN).chain(["allergies", "referral_code"]);
    for name in given {
        if let Some(value) = fields.filled(name) {
            body.insert(name.to_owned(), value.into());
        }
    }
    let dates = fields.get("preferred_dates").lines().map(str::trim);
    let dates: Vec<&str> = dates.filter(|date| !date.is_empty()).collect();
    let total = fields.get("total").parse::<serde_json::Number>();
    let snapshot = total.map_or_else(|_| json!({}), |total| json!({ "total_before_tax": total }));
    body.insert("preferred_dates".to_owned(), dates.into());
    body.insert("structured_inputs".to_owned(), home::read(fields));
    body.insert("estimate_snapshot".to_owned(), snapshot);
    if let Some(answer) = captcha::answer(fields) {
        body.insert("captcha_token".to_owned(), answer.into());
    }
    body.into()
}
