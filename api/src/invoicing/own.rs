//! A client's own invoices, at their portal.

use axum::extract::State;
use axum::response::Response;
use domain::id::InvoiceId;
use domain::invoicing::invoice::status::Status;
use domain::invoicing::invoice::{Details, InvoiceError, view};
use projections::invoicing::invoice_list::{self, Detail, Filter, InvoiceList, PAGE};
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::Value;
use utoipa_axum::routes;

use super::detail::listed;
use super::documents::{self, Paper};
use super::public::seen;
use crate::answer::Answer;
use crate::command::CommandRequest;
use crate::cursor::{self, continued};
use crate::customers::survivor;
use crate::extract::{Parameters, Path, limit};
use crate::freshness::Freshness;
use crate::identity::PortalCaller;
use crate::payments::own_checkout;
use crate::problem::Problem;
use crate::route::{Key, Routes, client};
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(own_invoices), client())
        .add(routes!(own_invoice), client())
        .add(routes!(own_sheet), client())
        .add(routes!(own_receipt), client())
        .add(routes!(pay_own), client().action("payment.checkout").key(Key::Ignored))
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
    let found = find(&app, &caller, id).await?;
    let mut body = seen(&found);
    body["card"] = app.stripe.is_some().into();
    Ok(reached.mark(Answer::json(&body)?))
}

/// One's own invoice, or that of whoever was merged into oneself.
async fn find(app: &App, caller: &PortalCaller, id: InvoiceId) -> Result<Detail, Problem> {
    let found = listed(app, caller.org, id).await?;
    let whose = found.invoice.client;
    let is_own = survivor::is_of(app, caller.org, whose, caller.holder.into()).await?;
    if is_own && SHOWN.contains(&found.invoice.status) {
        Ok(found)
    } else {
        Err(Problem::refused(&InvoiceError::NotFound))
    }
}

/// One of one's own invoices, on paper
#[utoipa::path(
    get,
    path = "/v1/client/portal/invoices/{invoice_id}/pdf",
    tag = "portal",
    params(("invoice_id" = Uuid, Path)),
    responses(
        (status = 200, description = "The invoice", content_type = "application/pdf"),
        (status = 400, description = "`invoice.void`")
    )
)]
async fn own_sheet(
    State(app): State<AppState>,
    caller: PortalCaller,
    Path(id): Path<InvoiceId>,
) -> Result<Response, Problem> {
    let found = find(&app, &caller, id).await?;
    if found.invoice.status == Status::Void {
        return Err(Problem::refused(&InvoiceError::Void));
    }
    documents::sheet(&app, caller.org, &found, Paper::Invoice).await
}

/// What one has paid, on paper
#[utoipa::path(
    get,
    path = "/v1/client/portal/invoices/{invoice_id}/receipts/{payment}",
    tag = "portal",
    params(("invoice_id" = Uuid, Path), ("payment" = String, Path, description = "Its `payment_id`")),
    responses((status = 200, description = "The receipt", content_type = "application/pdf"))
)]
async fn own_receipt(
    State(app): State<AppState>,
    caller: PortalCaller,
    Path((id, payment)): Path<(InvoiceId, String)>,
) -> Result<Response, Problem> {
    let found = find(&app, &caller, id).await?;
    let payment = found.invoice.payments.iter().find(|one| one.payment_id == payment);
    let payment = payment.ok_or_else(|| Problem::refused(&InvoiceError::NoSuchPayment))?;
    documents::sheet(&app, caller.org, &found, Paper::Receipt(payment)).await
}

/// Pay one of one's own invoices by card
#[utoipa::path(
    post,
    path = "/v1/client/portal/invoices/{invoice_id}/pay",
    tag = "portal",
    params(("invoice_id" = Uuid, Path)),
    responses(
        (status = 201, description = "Where it is paid", content_type = "application/json"),
        (status = 409, description = "`invoice.illegal_state` or `nothing_due`"),
        (status = 502, description = "`payment_provider_failed`"),
        (status = 503, description = "`payments_off`")
    )
)]
async fn pay_own(
    State(app): State<AppState>,
    caller: PortalCaller,
    Path(id): Path<InvoiceId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    own_checkout(&app, &caller, &request, id).await
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
