//! A client's own invoices, at their portal.

use axum::extract::State;
use domain::id::InvoiceId;
use domain::invoicing::invoice::status::Status;
use domain::invoicing::invoice::{Details, InvoiceError, view};
use projections::invoicing::invoice_list::{self, Filter, InvoiceList, PAGE};
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::Value;
use utoipa_axum::routes;

use super::detail::listed;
use super::public::seen;
use crate::answer::Answer;
use crate::cursor::{self, continued};
use crate::customers::survivor;
use crate::extract::{Parameters, Path, limit};
use crate::freshness::Freshness;
use crate::identity::PortalCaller;
use crate::problem::Problem;
use crate::route::{Routes, client};
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(own_invoices), client())
        .add(routes!(own_invoice), client())
        .add(routes!(client_invoices), client())
        .add(routes!(client_invoice), client())
}

/// What clients may see of their own: not what is still being written.
const SHOWN: [Status; 5] =
    [Status::Sent, Status::Partial, Status::Paid, Status::Overdue, Status::Void];

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct OwnQuery {
    /// `X-Next-Cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 100, else 50.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
}

fn line(invoice: &Details) -> Value {
    let mut line = view::item(invoice);
    if let Some(line) = line.as_object_mut() {
        line.remove("customer_id");
    }
    line
}

/// One's own invoices, the latest first
#[utoipa::path(
    get,
    path = "/v1/client/portal/invoices",
    tag = "portal",
    params(OwnQuery),
    responses((status = 200, description = "One page; `X-Next-Cursor` leads to the next", content_type = "application/json"))
)]
async fn own_invoices(
    State(app): State<AppState>,
    caller: PortalCaller,
    fresh: Freshness,
    Parameters(asked): Parameters<OwnQuery>,
) -> Result<Answer, Problem> {
    let (limit, after) = (limit(asked.limit, PAGE)?, cursor::asked(asked.cursor.as_deref())?);
    let reached = fresh.reach(&app, caller.org, &[InvoiceList::NAME]).await?;
    let status = SHOWN.to_vec();
    let filter = Filter { status, customer: Some(caller.holder), ..Filter::default() };
    let mut tx = tenant::begin(&app.reads, caller.org).await?;
    let items = invoice_list::page(&mut tx, caller.org, &filter, (after, 0), limit).await?;
    let next = cursor::last_of_full(&items, limit)
        .map(|last| cursor::shown(last.invoice.created_at, last.invoice.invoice_id.as_uuid()));
    let lines: Vec<Value> = items.iter().map(|item| line(&item.invoice)).collect();
    Ok(reached.mark(continued(Answer::json(&lines)?, next.as_deref())))
}

/// One's own invoices, under the path that older clients know
#[utoipa::path(
    get,
    path = "/client/invoices",
    tag = "portal",
    params(OwnQuery),
    responses((status = 200, description = "One page; `X-Next-Cursor` leads to the next", content_type = "application/json"))
)]
async fn client_invoices(
    state: State<AppState>,
    caller: PortalCaller,
    fresh: Freshness,
    asked: Parameters<OwnQuery>,
) -> Result<Answer, Problem> {
    own_invoices(state, caller, fresh, asked).await
}

/// One of one's own invoices
#[utoipa::path(
    get,
    path = "/v1/client/portal/invoices/{invoice_id}",
    tag = "portal",
    params(("invoice_id" = Uuid, Path)),
    responses((status = 200, description = "The invoice", content_type = "application/json"))
)]
async fn own_invoice(
    State(app): State<AppState>,
    caller: PortalCaller,
    fresh: Freshness,
    Path(id): Path<InvoiceId>,
) -> Result<Answer, Problem> {
    let reached = fresh.reach(&app, caller.org, &[InvoiceList::NAME]).await?;
    let found = listed(&app, caller.org, id).await?;
    let whose = found.invoice.client;
    let is_own = survivor::is_of(&app, caller.org, whose, caller.holder.into()).await?;
    if !is_own || !SHOWN.contains(&found.invoice.status) {
        return Err(Problem::refused(&InvoiceError::NotFound));
    }
    Ok(reached.mark(Answer::json(&seen(&found))?))
}

/// One of one's own invoices, under the path that older clients know
#[utoipa::path(
    get,
    path = "/client/invoices/{invoice_id}",
    tag = "portal",
    params(("invoice_id" = Uuid, Path)),
    responses((status = 200, description = "The invoice", content_type = "application/json"))
)]
async fn client_invoice(
    state: State<AppState>,
    caller: PortalCaller,
    fresh: Freshness,
    path: Path<InvoiceId>,
) -> Result<Answer, Problem> {
    own_invoice(state, caller, fresh, path).await
}
