//! A client's own invoices at their portal: seen, on paper, paid by card.

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::json;

use super::shape::Invoice;
use crate::failure::Failure;
use crate::form::{Answer, Fields, PublicForm};
use crate::leads::{id, payment_id};
use crate::page::{self, Frame};
use crate::portal::{Door, Guest};
use crate::visitor::Visitor;
use crate::{SiteState, pay, shown};

/// The routes of the API.
const ALL: [&str; 4] = ["v1", "client", "portal", "invoices"];

pub(super) fn routes() -> Router<SiteState> {
    Router::new()
        .route("/client/invoices", get(list))
        .route("/client/invoices/{id}", get(show))
        .route("/client/invoices/{id}/pay", post(check_out))
        .route("/client/invoices/{id}/invoice.pdf", get(sheet))
        .route("/client/invoices/{id}/receipts/{payment}", get(receipt))
}

/// A line of the list.
#[derive(Deserialize)]
struct Line {
    #[serde(rename = "invoice_id")]
    id: String,
    #[serde(rename = "invoice_number")]
    number: String,
    status: String,
    issue_date: String,
    due_date: Option<String>,
    total_cents: i64,
    balance_due_cents: i64,
}

impl Line {
    fn total(&self) -> String {
        shown::amount(self.total_cents)
    }

    fn balance(&self) -> String {
        shown::amount(self.balance_due_cents)
    }
}

#[derive(Template)]
#[template(path = "client_invoices.html")]
struct ListPage {
    frame: Frame,
    csrf: String,
    all: Vec<Line>,
    next: Option<String>,
}

async fn list(
    State(site): State<SiteState>,
    visitor: Visitor,
    headers: HeaderMap,
    Query(fields): Query<Fields>,
) -> Answer {
    let guest = Guest::of(&site, Door::Client, visitor.clone(), &headers)?;
    let reply = guest.query_with(&site, &ALL, &[("cursor", fields.get("cursor"))]).await?;
    let next = reply.next_cursor.clone();
    let (frame, all) = (Frame::of(&visitor, "client"), reply.read()?);
    page::show(&ListPage { frame, csrf: guest.csrf, all, next })
}

#[derive(Template)]
#[template(path = "client_invoice.html")]
struct OwnPage {
    frame: Frame,
    csrf: String,
    invoice: Invoice,
    problem: Option<String>,
}

impl OwnPage {
    fn here(&self) -> String {
        format!("/client/invoices/{}", self.invoice.id)
    }

    fn may_pay(&self) -> bool {
        self.invoice.card && self.invoice.is_owed()
    }
}

async fn show(
    State(site): State<SiteState>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(invoice): Path<String>,
) -> Answer {
    let guest = Guest::of(&site, Door::Client, visitor.clone(), &headers)?;
    let invoice = guest.query(&site, &one(id(&invoice)?)).await?.read()?;
    let frame = Frame::of(&visitor, "client");
    page::show(&OwnPage { frame, csrf: guest.csrf, invoice, problem: None })
}

const fn one(id: &str) -> [&str; 5] {
    let [version, client, portal, invoices] = ALL;
    [version, client, portal, invoices, id]
}

async fn check_out(
    State(site): State<SiteState>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(invoice): Path<String>,
    PublicForm(fields): PublicForm,
) -> Answer {
    let invoice = id(&invoice)?;
    let guest = Guest::with_form(&site, Door::Client, visitor.clone(), &headers, &fields)?;
    let path = [&one(invoice)[..], &["pay"]].concat();
    let frame = Frame::of(&visitor, "client");
    match guest.command(&site, &path, json!({})).await {
        Ok(reply) => pay::on(frame, reply),
        Err(failure) => {
            let Failure::Refused(refusal) = &failure else { return Err(failure) };
            let problem = Some(refusal.detail.clone());
            let invoice = guest.query(&site, &one(invoice)).await?.read()?;
            let page = OwnPage { frame, csrf: guest.csrf, invoice, problem };
            page::show_as(failure.status(), &page)
        }
    }
}

async fn sheet(
    State(site): State<SiteState>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(invoice): Path<String>,
) -> Answer {
    let guest = Guest::of(&site, Door::Client, visitor, &headers)?;
    guest.own_file(&site, &[&one(id(&invoice)?)[..], &["pdf"]].concat()).await
}

async fn receipt(
    State(site): State<SiteState>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((invoice, payment)): Path<(String, String)>,
) -> Answer {
    let guest = Guest::of(&site, Door::Client, visitor, &headers)?;
    let receipt = ["receipts", payment_id(&payment)?];
    guest.own_file(&site, &[&one(id(&invoice)?)[..], &receipt].concat()).await
}
