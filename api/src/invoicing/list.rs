//! `GET /v1/admin/invoices`: searched, filtered, page by page.

use axum::extract::State;
use chrono::NaiveDate;
use domain::id::BookingId;
use domain::invoicing::invoice::status::{Bucket, Status};
use domain::invoicing::invoice::view;
use projections::invoicing::invoice_list::{self, Filter, InvoiceList, Item, PAGE};
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa_axum::routes;
use uuid::Uuid;

use super::{VIEW, invoices};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::cursor::{self, continued};
use crate::extract::{Parameters, limit};
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(list_invoices), invoices(VIEW))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// One or more of `DRAFT`, `SENT`, `PARTIAL`, `PAID`, `OVERDUE`, `VOID` and `DISCARDED`, with commas between them. A list
    /// without it shows all but the last.
    status: Option<String>,
    /// A client, or whoever asked for an offer.
    customer_id: Option<Uuid>,
    #[param(value_type = Option<String>)]
    order_id: Option<BookingId>,
    /// Part of number, name or e-mail, in any case.
    q: Option<String>,
    /// First date of issue.
    from: Option<NaiveDate>,
    /// Last date of issue.
    to: Option<NaiveDate>,
    /// Least total.
    amount_min: Option<i64>,
    /// Greatest total.
    amount_max: Option<i64>,
    /// Overdue for 1 to 6 days (`recent`), 7 to 14 (`attention`) or more (`critical`).
    overdue_bucket: Option<String>,
    /// The day on which that counts; today, if left out.
    as_of: Option<NaiveDate>,
    /// From 1; or give a `cursor`.
    #[param(minimum = 1, maximum = 10000)]
    page: Option<i64>,
    /// 1 to 100, else 50.
    #[param(minimum = 1, maximum = 100)]
    page_size: Option<i64>,
    /// `X-Next-Cursor` of the page before.
    cursor: Option<String>,
}

impl ListQuery {
    pub(super) fn filter(&self, today: NaiveDate) -> Result<Filter, Problem> {
        let query = self.q.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let bucket = self.overdue_bucket.as_deref().map(bucket).transpose()?;
        Ok(Filter {
            status: self.status()?,
            customer: self.customer_id,
            order: self.order_id.map(BookingId::as_uuid),
            query: query.map(str::to_owned),
            from: self.from,
            to: self.to,
            least: self.amount_min,
            most: self.amount_max,
            overdue: bucket.map(|bucket| (bucket, self.as_of.unwrap_or(today))),
            past_due: None,
            paid: None,
        })
    }

    fn status(&self) -> Result<Vec<Status>, Problem> {
        let named = self.status.as_deref().into_iter().flat_map(|all| all.split(','));
        let each = named.map(|one| one.trim().parse::<Status>());
        let all = "DRAFT, SENT, PARTIAL, PAID, OVERDUE, VOID or DISCARDED";
        each.collect::<Result<_, _>>()
            .map_err(|_| Problem::field("status", format!("Input should be {all}")))
    }

    fn skipped(&self, limit: i64) -> Result<i64, Problem> {
        match self.page.unwrap_or(1) {
            page @ 1..=10_000 if page == 1 || self.cursor.is_none() => Ok((page - 1) * limit),
            _ => Err(Problem::field("page", "Input should be from 1 to 10000, without a cursor")),
        }
    }
}

pub(super) fn bucket(named: &str) -> Result<Bucket, Problem> {
    let unknown =
        || Problem::field("overdue_bucket", "Input should be recent, attention or critical");
    named.parse().map_err(|_| unknown())
}

pub(super) fn line(item: &Item) -> Value {
    let mut line = view::item(&item.invoice);
    line["customer_name"] = json!(item.customer_name);
    line["customer_email"] = json!(item.customer_email);
    line
}

/// Invoices, the newest first
#[utoipa::path(
    get,
    path = "/v1/admin/invoices",
    tag = "invoicing",
    params(ListQuery),
    responses((status = 200, description = "One page, and how many there are; `X-Next-Cursor` says where the next begins", content_type = "application/json", example = json!({
        "invoices": [{ "invoice_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "invoice_number": "INV-2030-000001", "status": "SENT",
            "issue_date": "2030-03-04", "due_date": "2030-03-18", "total_cents": 18900, "balance_due_cents": 18900 }],
        "page": 1, "page_size": 50, "total": 1
    })))
)]
async fn list_invoices(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<ListQuery>,
) -> Result<Answer, Problem> {
    let org = caller.org();
    let filter = asked.filter(app.today(org).await?)?;
    let limit = limit_of(asked.page_size)?;
    let after = cursor::asked(asked.cursor.as_deref())?;
    let skipped = asked.skipped(limit)?;
    let reached = fresh.reach(&app, org, &[InvoiceList::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let items = invoice_list::page(&mut tx, org, &filter, (after, skipped), limit).await?;
    let total = invoice_list::count(&mut tx, org, &filter).await?;
    let next = cursor::last_of_full(&items, limit)
        .map(|item| cursor::shown(item.invoice.created_at, item.invoice.invoice_id.as_uuid()));
    let body = json!({
        "invoices": items.iter().map(line).collect::<Vec<_>>(),
        "page": asked.page.unwrap_or(1),
        "page_size": limit,
        "total": total,
    });
    Ok(reached.mark(continued(Answer::json(&body)?, next.as_deref())))
}

fn limit_of(asked: Option<i64>) -> Result<i64, Problem> {
    limit(asked, PAGE)
        .map_err(|_| Problem::field("page_size", format!("Input should be from 1 to {PAGE}")))
}
