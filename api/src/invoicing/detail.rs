//! One invoice, with who is to pay and for which visit.

use axum::extract::State;
use domain::id::{ClientId, InvoiceId, OrgId};
use domain::invoicing::invoice::InvoiceError;
use domain::personal::PLACEHOLDER;
use projections::invoicing::invoice_list::{self, Detail, InvoiceList};
use projections::scheduling::booking_list::{self, BookingList};
use projections::{Projection, tenant};
use serde_json::{Value, json};
use utoipa_axum::routes;

use super::{DETAIL, invoices, told};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::customers::survivor;
use crate::extract::Path;
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(invoice), invoices(DETAIL))
}

/// The invoice as the list knows it.
pub(super) async fn listed(app: &App, org: OrgId, id: InvoiceId) -> Result<Detail, Problem> {
    let mut tx = tenant::begin(&app.reads, org).await?;
    let found = invoice_list::find(&mut tx, &app.keys, org, id).await?;
    drop(tx);
    let mut found = found.ok_or_else(|| Problem::refused(&InvoiceError::NotFound))?;
    if let (None, Some(whose)) = (&found.customer.address, found.customer_id) {
        found.customer.address = home(app, org, whose.into()).await?;
    }
    Ok(found)
}

/// The first place that people are sent to for a client.
async fn home(app: &App, org: OrgId, client: ClientId) -> Result<Option<String>, Problem> {
    let client = survivor::survivor(&app.bus, org, client).await?;
    let addresses = client.iter().flat_map(|client| &client.addresses);
    let mut places = addresses.filter(|one| one.archived_at.is_none());
    let first = places.find_map(|one| one.address.open());
    Ok(first.map(|address| address.text.clone()))
}

/// One invoice with its lines, payments and letters
#[utoipa::path(
    get,
    path = "/v1/admin/invoices/{invoice_id}",
    tag = "invoicing",
    params(("invoice_id" = Uuid, Path)),
    responses((status = 200, description = "The invoice; `ETag` is its version", content_type = "application/json"))
)]
async fn invoice(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Path(id): Path<InvoiceId>,
) -> Result<Answer, Problem> {
    let org = caller.org();
    let reached = fresh.reach(&app, org, &[InvoiceList::NAME, BookingList::NAME]).await?;
    let found = listed(&app, org, id).await?;
    let body = whole(&app, org, &found).await?;
    let answer = Answer::json(&body)?;
    // Erasing a person changes what is shown but not the version.
    let is_erased = found.customer.name == PLACEHOLDER;
    Ok(reached.mark(if is_erased { answer } else { answer.version(found.version) }))
}

/// With everything that is known around it.
pub(super) async fn whole(app: &App, org: OrgId, found: &Detail) -> Result<Value, Problem> {
    let mut body = told(&found.invoice);
    body["customer_id"] = json!(found.customer_id);
    body["customer"] = json!(found.customer_id.map(|id| {
        let who = &found.customer;
        json!({
            "customer_id": id, "name": who.name, "email": who.email, "phone": who.phone, "address": who.address,
        })
    }));
    if let Some(order) = found.invoice.order {
        let mut tx = tenant::begin(&app.reads, org).await?;
        let visit = booking_list::addressee(&mut tx, org, order).await?;
        body["booking"] = json!(visit.map(|visit| {
            json!({
                "booking_id": order, "booking_number": order, "scheduled_start": visit.starts_at,
                "status": visit.status,
            })
        }));
    }
    Ok(body)
}
