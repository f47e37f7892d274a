//! Taxes: what is owed for a quarter, when it is due, what is planned, and the tables for the tax office.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use serde::Deserialize;

use crate::SiteState;
use crate::form::{Answer, Fields, Form};
use crate::page::{self, Frame};
use crate::shown;
use crate::visitor::Staff;

pub(super) fn routes() -> Router<SiteState> {
    Router::new().route("/finance/taxes", get(show)).route("/finance/taxes/export", get(export))
}

#[derive(Clone, Deserialize)]
struct Quarter {
    label: String,
    period_start: String,
    period_end: String,
    due_on: String,
}

#[derive(Default, Deserialize)]
struct Calendar {
    items: Vec<Quarter>,
}

#[derive(Deserialize)]
struct Instalment {
    tax_type: String,
    due_on: String,
    amount_cents: i64,
    paid_on: Option<String>,
    note: Option<String>,
}

impl Instalment {
    fn amount(&self) -> String {
        shown::amount(self.amount_cents)
    }
}

#[derive(Default, Deserialize)]
struct Instalments {
    items: Vec<Instalment>,
}

#[derive(Default, Deserialize)]
struct Gst {
    tax_collected_cents: i64,
    tax_paid_cents: i64,
    tax_owed_cents: i64,
    currency_code: String,
}

#[derive(Template)]
#[template(path = "taxes.html")]
struct TaxPage {
    frame: Frame,
    filter: Form,
    from: String,
    to: String,
    gst: Option<Gst>,
    calendar: Vec<Quarter>,
    instalments: Vec<Instalment>,
}

impl Gst {
    fn collected(&self) -> String {
        shown::amount(self.tax_collected_cents)
    }

    fn paid(&self) -> String {
        shown::amount(self.tax_paid_cents)
    }

    fn owed(&self) -> String {
        shown::amount(self.tax_owed_cents)
    }
}

async fn show(State(site): State<SiteState>, staff: Staff, Query(fields): Query<Fields>) -> Answer {
    let path = |last| ["v1", "admin", "finance", "taxes", last];
    let calendar = site.api.query(&staff, &path("calendar"), &[]).await?;
    let calendar = calendar.read::<Calendar>()?.items;
    let planned = site.api.query(&staff, &path("instalments"), &[]).await?;
    let instalments = planned.read::<Instalments>()?.items;
    // The quarter whose tax is due first this year, unless another time is asked for.
    let first = calendar.first().cloned();
    let (start, end) = first.map(|one| (one.period_start, one.period_end)).unwrap_or_default();
    let from = fields.filled("from").unwrap_or(&start).to_owned();
    let to = fields.filled("to").unwrap_or(&end).to_owned();
    let range = [("from", from.as_str()), ("to", to.as_str())];
    let summary = site.api.query(&staff, &path("gst_summary"), &range).await;
    let (mut filter, mut gst, mut stale) = (Form::new("filter", fields), None, false);
    let status = match summary {
        Ok(reply) => {
            stale = reply.stale;
            gst = Some(reply.read()?);
            axum::http::StatusCode::OK
        }
        Err(failure) if failure.is_about_input() => {
            filter = filter.refused(&failure);
            failure.status()
        }
        Err(failure) => return Err(failure),
    };
    let frame = Frame::staff(&staff, "finance", stale);
    page::show_as(status, &TaxPage { frame, filter, from, to, gst, calendar, instalments })
}

/// The tables, as the API makes them.
async fn export(
    State(site): State<SiteState>,
    staff: Staff,
    Query(fields): Query<Fields>,
) -> Answer {
    let path = ["v1", "admin", "finance", "taxes", "export"];
    let range = [("from", fields.get("from")), ("to", fields.get("to"))];
    site.api.passed_on(&staff, &path, &range).await
}
