//! The price book on one page, that of the draft while one is open.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use serde_json::Value;

use super::shape::{AGAIN, Addon, Book, MODELS, Service, Settings, Version};
use super::{MANAGE, terms, terms_form};
use crate::api::Reply;
use crate::failure::{Failure, Refusal, or_nothing};
use crate::form::{Answer, Fields, Form};
use crate::page::{self, Frame};
use crate::visitor::Staff;
use crate::{Site, SiteState, token};

pub(super) fn routes() -> Router<SiteState> {
    Router::new().route("/prices", get(show))
}

#[derive(Template)]
#[template(path = "prices.html")]
struct PricesPage {
    frame: Frame,
    book: Book,
    services: Vec<Service>,
    addons: Vec<Addon>,
    settings: Settings,
    terms: Vec<terms::Section>,
    versions: Vec<Version>,
    next: Option<String>,
    /// Whether older versions are asked for.
    older: bool,
    /// Of the price book as shown: a form that was filled in beside an older one is refused.
    version: String,
    key: String,
    saved: bool,
    may_manage: bool,
    form: Form,
}

impl PricesPage {
    fn form(&self, name: &str) -> &Form {
        self.form.of(name)
    }

    fn may_set_terms(&self) -> bool {
        self.frame.session.as_ref().is_some_and(|session| session.may(terms_form::MANAGE))
    }

    /// The form that adds something to a service.
    fn extra(&self, service: &str) -> &Form {
        self.form.of(&format!("{service}-extra"))
    }
}

async fn show(State(site): State<SiteState>, staff: Staff, Query(fields): Query<Fields>) -> Answer {
    let prices = find(&site, &staff, fields.get("cursor")).await?;
    page::show(&PricesPage { saved: fields.get("saved") == "1", ..prices })
}

/// The page again, with a form that was not accepted.
pub(super) async fn refuse(site: &Site, staff: &Staff, form: Form, failure: Failure) -> Answer {
    if !failure.is_refused_here() {
        return Err(failure);
    }
    let is_conflict = failure.refusal().is_some_and(Refusal::is_conflict);
    let status = if is_conflict { StatusCode::CONFLICT } else { failure.status() };
    let prices = find(site, staff, "").await?;
    page::show_as(status, &PricesPage { form: form.refused(&failure), ..prices })
}

/// With the versions that are behind `cursor`.
async fn find(site: &Site, staff: &Staff, cursor: &str) -> Result<PricesPage, Failure> {
    let (all, some) = ([("limit", "100")], [("limit", "20"), ("cursor", cursor)]);
    let book = ["v1", "admin", "price-book"];
    let versions = [&book[..], &["versions"]].concat();
    let (book, addons, settings, versions) = tokio::try_join!(
        site.api.query(staff, &book, &[]),
        site.api.query(staff, &["v1", "admin", "addons"], &all),
        site.api.query(staff, &["v1", "admin", "pricing-settings"], &[]),
        site.api.query(staff, &versions, &some),
    )?;
    // Each of these can be switched off on its own.
    let services = site.api.query(staff, &["v1", "admin", "service-types"], &all).await;
    let services = or_nothing(services.and_then(Reply::read))?;
    let policies = site.api.query(staff, &["v1", "admin", "booking-policies"], &[]).await;
    let policies: Value = or_nothing(policies.and_then(Reply::read))?;
    Ok(PricesPage {
        frame: Frame::staff(staff, "prices", versions.stale),
        version: book.version.clone().unwrap_or_default(),
        book: book.read()?,
        services,
        addons: addons.read()?,
        settings: settings.read()?,
        terms: terms::sections(&policies),
        next: page::more("/prices", &[], versions.next_cursor.as_deref()),
        older: !cursor.is_empty(),
        versions: versions.read()?,
        key: token::submission_key(),
        saved: false,
        may_manage: staff.session.may(MANAGE),
        form: Form::default(),
    })
}
