//! Taxes: what is owed for a quarter, when it is due, what is planned, and the tables for the tax office.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use chrono::{Datelike, NaiveDate};
use serde::Deserialize;

use super::books::MANAGE;
use crate::failure::Failure;
use crate::form::{Answer, Fields, Form};
use crate::page::{self, Frame};
use crate::visitor::Staff;
use crate::{Site, SiteState, own, shown, token};

pub(super) fn routes() -> Router<SiteState> {
    Router::new().route("/finance/taxes", get(show)).route("/finance/taxes/export", get(export))
}

#[derive(Clone, Deserialize)]
struct Quarter {
    label: String,
    period_start: NaiveDate,
    period_end: NaiveDate,
    due_on: String,
}

#[derive(Default, Deserialize)]
struct Calendar {
    items: Vec<Quarter>,
}

impl Quarter {
    fn holds(&self, day: NaiveDate) -> bool {
        (self.period_start..=self.period_end).contains(&day)
    }
}

#[derive(Deserialize)]
struct Instalment {
    #[serde(rename = "instalment_id")]
    id: String,
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
    /// What cannot be added to it.
    #[serde(default)]
    other_currencies: Vec<Self>,
}

#[derive(Template)]
#[template(path = "taxes.html")]
pub(super) struct TaxPage {
    frame: Frame,
    filter: Form,
    form: Form,
    from: String,
    to: String,
    gst: Option<Gst>,
    calendar: Vec<Quarter>,
    instalments: Vec<Instalment>,
    next: Option<String>,
    key: String,
    saved: bool,
    may_manage: bool,
}

impl TaxPage {
    fn form(&self, name: &str) -> &Form {
        self.form.of(name)
    }
}

impl Gst {
    fn collected(&self) -> String {
        shown::dollars(self.tax_collected_cents)
    }

    fn paid(&self) -> String {
        shown::dollars(self.tax_paid_cents)
    }

    fn owed(&self) -> String {
        shown::dollars(self.tax_owed_cents)
    }
}

async fn show(State(site): State<SiteState>, staff: Staff, Query(fields): Query<Fields>) -> Answer {
    let (status, taxes) = taxes(&site, &staff, fields).await?;
    page::show_as(status, &taxes)
}

/// The page with a form that was not accepted.
pub(super) async fn with(site: &Site, staff: &Staff, form: Form) -> Result<TaxPage, Failure> {
    let (_, taxes) = taxes(site, staff, Fields::new()).await?;
    Ok(TaxPage { form, ..taxes })
}

async fn taxes(
    site: &Site,
    staff: &Staff,
    fields: Fields,
) -> Result<(StatusCode, TaxPage), Failure> {
    let path = |last| ["v1", "admin", "finance", "taxes", last];
    let today = own::of(site, staff).await?.today;
    // What the last quarter of the year comes to is due in the next.
    let (first, last) = (format!("{}-01-01", today.year()), format!("{}-03-31", today.year() + 1));
    let span = [("from", first.as_str()), ("to", &last)];
    let calendar = site.api.query(staff, &path("calendar"), &span).await?;
    let calendar = calendar.read::<Calendar>()?.items;
    let asked = [("limit", "200"), ("cursor", fields.get("cursor"))];
    let planned = site.api.query(staff, &path("instalments"), &asked).await?;
    let behind = planned.next_cursor.clone();
    let instalments = planned.read::<Instalments>()?.items;
    let now = calendar.iter().find(|quarter| quarter.holds(today));
    let day = |of: fn(&Quarter) -> NaiveDate| now.map_or(today, of).to_string();
    let or = |name: &str, day: String| fields.filled(name).map_or(day, str::to_owned);
    let from = or("from", day(|quarter| quarter.period_start));
    let to = or("to", day(|quarter| quarter.period_end));
    let range = [("from", from.as_str()), ("to", to.as_str())];
    let next = page::more("/finance/taxes", &range, behind.as_deref());
    let summary = site.api.query(staff, &path("gst_summary"), &range).await;
    let saved = fields.get("saved") == "1";
    let mut filter = Form::new("filter", fields);
    let (status, stale, gst) = match summary {
        Ok(reply) => (StatusCode::OK, reply.stale, Some(reply.read()?)),
        Err(failure) if failure.is_about_input() => {
            filter = filter.refused(&failure);
            (failure.status(), false, None)
        }
        Err(failure) => return Err(failure),
    };
    let frame = Frame::staff(staff, "finance", stale);
    let (form, key, may_manage) =
        (Form::default(), token::submission_key(), staff.session.may(MANAGE));
    let page = TaxPage {
        frame,
        filter,
        form,
        from,
        to,
        gst,
        calendar,
        instalments,
        next,
        key,
        saved,
        may_manage,
    };
    Ok((status, page))
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
