//! A month of the books on one page: profit and loss, money that moved, tax, and what there is at its end.

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::Method;
use axum::routing::{get, post};
use chrono::{Datelike, Months, NaiveDate};
use serde::Deserialize;
use serde_json::json;

use crate::api::Command;
use crate::failure::Failure;
use crate::form::{Answer, Fields, Form, StaffForm};
use crate::page::{self, Frame};
use crate::visitor::Staff;
use crate::{Site, SiteState, shown, token};

pub(super) fn routes() -> Router<SiteState> {
    Router::new().route("/finance", get(show)).route("/finance/periods/{month}/{verb}", post(turn))
}

/// Cents as they are shown.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(transparent)]
struct Cents(i64);

impl std::fmt::Display for Cents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&shown::dollars(self.0))
    }
}

#[derive(Default, Deserialize)]
struct Side {
    label: Option<String>,
    total_cents: Cents,
}

#[derive(Default, Deserialize)]
struct Pnl {
    revenue_cents: Cents,
    revenue: Vec<Side>,
    expenses_cents: Cents,
    expenses: Vec<Side>,
    net_cents: Cents,
}

#[derive(Default, Deserialize)]
#[expect(clippy::struct_field_names, reason = "they are called as the API calls them")]
struct Flow {
    inflows_cents: Cents,
    outflows_cents: Cents,
    taxes_paid_cents: Cents,
    net_movement_cents: Cents,
}

#[derive(Default, Deserialize)]
#[expect(clippy::struct_field_names, reason = "they are called as the API calls them")]
struct Gst {
    tax_collected_cents: Cents,
    tax_paid_cents: Cents,
    tax_owed_cents: Cents,
}

#[derive(Default, Deserialize)]
struct Assets {
    cash_cents: Option<Cents>,
    ledger_cash_cents: Cents,
    receivables_cents: Cents,
    open_invoices: u64,
    tax_recoverable_cents: Cents,
}

#[derive(Default, Deserialize)]
#[expect(clippy::struct_field_names, reason = "they are called as the API calls them")]
struct Liabilities {
    customer_deposits_cents: Cents,
    customer_credits_cents: Cents,
    tax_payable_cents: Cents,
    accounts_payable_cents: Cents,
    total_cents: Cents,
}

#[derive(Default, Deserialize)]
struct Sheet {
    as_of: NaiveDate,
    assets: Assets,
    liabilities: Liabilities,
    ledger_equity_cents: Cents,
    data_coverage_notes: Vec<String>,
}

#[derive(Default, Deserialize)]
struct Period {
    status: String,
}

#[derive(Template)]
#[template(path = "finance.html")]
#[expect(clippy::struct_excessive_bools, reason = "each shows a part of the page")]
struct Overview {
    frame: Frame,
    form: Form,
    month: String,
    from: NaiveDate,
    to: NaiveDate,
    before: String,
    after: String,
    pnl: Pnl,
    flow: Flow,
    gst: Gst,
    sheet: Sheet,
    closed: bool,
    /// Whether the month is over, so that it can be closed.
    over: bool,
    key: String,
    may_manage: bool,
    is_owner: bool,
}

impl Overview {
    /// The lines behind a figure of the month.
    fn why(&self, accounts: &str, sources: &str) -> String {
        let (from, to) = (self.from, self.to);
        format!("/finance/ledger?account={accounts}&source={sources}&from={from}&to={to}")
    }

    /// The lines behind a figure of the balance.
    fn since_ever(&self, accounts: &str) -> String {
        format!("/finance/ledger?account={accounts}&to={}", self.sheet.as_of)
    }
}

/// A month as it was asked for: its first and last day.
fn days(month: &str) -> Result<(NaiveDate, NaiveDate), Failure> {
    let first: NaiveDate = format!("{month}-01").parse().map_err(|_| Failure::NotFound)?;
    let last = first.checked_add_months(Months::new(1)).and_then(|next| next.pred_opt());
    Ok((first, last.ok_or(Failure::NotFound)?))
}

fn named(day: NaiveDate) -> String {
    day.format("%Y-%m").to_string()
}

async fn show(State(site): State<SiteState>, staff: Staff, Query(fields): Query<Fields>) -> Answer {
    page::show(&overview(&site, &staff, fields.get("month")).await?)
}

async fn overview(site: &Site, staff: &Staff, month: &str) -> Result<Overview, Failure> {
    let path = |last| ["v1", "admin", "finance", last];
    // The API knows which day it is where the business is.
    let reply = site.api.query(staff, &path("balance_sheet"), &[]).await?;
    let (stale, now): (bool, Sheet) = (reply.stale, reply.read()?);
    let today = now.as_of;
    let month = if month.is_empty() { named(today) } else { month.to_owned() };
    let (from, to) = days(&month)?;
    let (first, last) = (from.to_string(), to.to_string());
    let range = [("from", first.as_str()), ("to", last.as_str())];
    let pnl = site.api.query(staff, &path("pnl"), &range).await?.read()?;
    let flow = site.api.query(staff, &path("cashflow"), &range).await?.read()?;
    let taxes = ["v1", "admin", "finance", "taxes", "gst_summary"];
    let gst = site.api.query(staff, &taxes, &range).await?.read()?;
    let period = ["v1", "admin", "finance", "periods", &month];
    let period: Period = site.api.query(staff, &period, &[]).await?.read()?;
    let sheet = if to < today {
        let then = [("as_of", last.as_str())];
        site.api.query(staff, &path("balance_sheet"), &then).await?.read()?
    } else {
        now
    };
    let (before, after) = (from.pred_opt().map(named), to.succ_opt().map(named));
    Ok(Overview {
        frame: Frame::staff(staff, "finance", stale),
        form: Form::default(),
        month,
        from,
        to,
        before: before.unwrap_or_default(),
        after: after.unwrap_or_default(),
        pnl,
        flow,
        gst,
        sheet,
        closed: period.status == "closed",
        over: (to.year(), to.month()) < (today.year(), today.month()),
        key: token::submission_key(),
        may_manage: staff.session.may(&["finance.manage"]),
        is_owner: staff.session.role == "owner",
    })
}

/// Closes a month, or opens it again.
async fn turn(
    State(site): State<SiteState>,
    Path((month, verb)): Path<(String, String)>,
    form: StaffForm,
) -> Answer {
    if !["close", "reopen"].contains(&verb.as_str()) {
        return Err(Failure::NotFound);
    }
    days(&month)?;
    let StaffForm { staff, fields } = form;
    let path = ["v1", "admin", "finance", "periods", &month, &verb];
    let key = fields.get("key");
    let command = Command { method: Method::POST, path: &path, body: json!({}), key, version: "" };
    match site.api.command(&staff, command).await {
        Ok(_) => Ok(page::go_to(&format!("/finance?month={month}"))),
        Err(failure) if failure.refusal().is_some_and(|refusal| refusal.status == 409) => {
            let form = Form::new(&verb, fields.clone()).refused(&failure);
            let shown = overview(&site, &staff, &month).await?;
            page::show_as(failure.status(), &Overview { form, ..shown })
        }
        Err(failure) => Err(failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_has_a_first_and_a_last_day() {
        let (first, last) = days("2028-02").unwrap();
        assert_eq!(
            (first.to_string(), last.to_string()),
            ("2028-02-01".to_owned(), "2028-02-29".to_owned())
        );
        for bad in ["", "2028", "2028-13", "x"] {
            assert!(days(bad).is_err(), "{bad}");
        }
    }
}
