//! `GET /v1/admin/queue/invoices`: what is still to be paid, each with what can be done about it at once.

use axum::extract::State;
use chrono::NaiveDate;
use domain::invoicing::invoice::status::Status;
use domain::settings::feature::Feature;
use projections::invoicing::invoice_list::{self, Filter, InvoiceList, Item, PAGE};
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa_axum::routes;

use super::DETAIL;
use super::list::line;
use crate::answer::Answer;
use crate::caller::Caller;
use crate::extract::{Parameters, limit};
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::AppState;

/// What may be left to pay; part of it may be paid.
const OPEN: [Status; 3] = [Status::Sent, Status::Partial, Status::Overdue];

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(invoice_queue), staff(DETAIL).feature(Feature::Invoices))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct QueueQuery {
    /// `unpaid` (the default), `overdue` or `all`, drafts and what was voided included.
    status: Option<String>,
    /// So many are left out at the beginning.
    #[param(minimum = 0, maximum = 1_000_000)]
    offset: Option<i64>,
    /// 1 to 100, else 50.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
}

fn filter(status: Option<&str>, today: NaiveDate) -> Result<Filter, Problem> {
    let unpaid = Filter { status: OPEN.to_vec(), ..Filter::default() };
    match status.unwrap_or("unpaid") {
        "unpaid" => Ok(unpaid),
        "overdue" => Ok(Filter { past_due: Some(today), ..unpaid }),
        "all" => Ok(Filter::default()),
        _ => Err(Problem::field("status", "Input should be unpaid, overdue or all")),
    }
}

fn action(label: &str, target: &str, method: &str) -> Value {
    json!({ "label": label, "target": target, "method": method })
}

fn item(item: &Item, today: NaiveDate) -> Value {
    let it = &item.invoice;
    let api = format!("/v1/admin/invoices/{}", it.invoice_id);
    let is_open = it.status.is_open() && it.balance_cents() > 0;
    let late = it.due_date.map_or(0, |due| (today - due).num_days()).max(0);
    let mut actions = vec![action("Open", &format!("/invoices/{}", it.invoice_id), "GET")];
    if it.status == Status::Draft {
        actions.push(action("Send", &format!("{api}/send"), "POST"));
    }
    if is_open {
        actions.push(action("Remind", &format!("{api}/remind"), "POST"));
        actions.push(action("Record payment", &format!("{api}/record-payment"), "POST"));
    }
    let mut line = line(item);
    line["days_overdue"] = if is_open { late } else { 0 }.into();
    line["quick_actions"] = json!(actions);
    line
}

/// Invoices that are still to be paid, the newest first
#[utoipa::path(
    get,
    path = "/v1/admin/queue/invoices",
    tag = "invoicing",
    params(QueueQuery),
    responses((status = 200, description = "One page; how many match, and how many in all are unpaid and overdue", content_type = "application/json", example = json!({
        "items": [], "total": 0, "overdue_count": 0, "unpaid_count": 0
    })))
)]
async fn invoice_queue(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<QueueQuery>,
) -> Result<Answer, Problem> {
    let (org, limit) = (caller.org(), limit(asked.limit, PAGE)?);
    let skipped = asked.offset.unwrap_or(0);
    if !(0..=1_000_000).contains(&skipped) {
        return Err(Problem::field("offset", "Input should be from 0 to 1000000"));
    }
    let today = app.today(org).await?;
    let wanted = filter(asked.status.as_deref(), today)?;
    let reached = fresh.reach(&app, org, &[InvoiceList::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let items = invoice_list::page(&mut tx, org, &wanted, (None, skipped), limit).await?;
    let total = invoice_list::count(&mut tx, org, &wanted).await?;
    let unpaid = invoice_list::count(&mut tx, org, &filter(Some("unpaid"), today)?).await?;
    let overdue = invoice_list::count(&mut tx, org, &filter(Some("overdue"), today)?).await?;
    let body = json!({
        "items": items.iter().map(|one| item(one, today)).collect::<Vec<_>>(),
        "total": total, "overdue_count": overdue, "unpaid_count": unpaid,
    });
    Ok(reached.mark(Answer::json(&body)?))
}
