//! Invoices as a table for spreadsheets.

use axum::extract::State;
use axum::response::Response;
use projections::Projection;
use projections::invoicing::invoice_list::{InvoiceList, csv};
use utoipa_axum::routes;

use super::books::{all, page};
use super::list::ListQuery;
use super::{EXPORTS, invoices};
use crate::caller::Caller;
use crate::extract::Parameters;
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::AppState;
use crate::table;

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(export_invoices), invoices(EXPORTS).leaves("invoice.export"))
}

/// Invoices as CSV; that they were taken out is an entry of the audit log
#[utoipa::path(
    get,
    path = "/v1/admin/invoices/export.csv",
    tag = "invoicing",
    params(ListQuery),
    responses((status = 200, description = "A line of names, then a line for each invoice, the newest first", content_type = "text/csv"))
)]
async fn export_invoices(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<ListQuery>,
) -> Result<Response, Problem> {
    let org = caller.org();
    let filter = asked.filter(app.today(org).await?)?;
    fresh.reach(&app, org, &[InvoiceList::NAME]).await?;
    let read = move |after| {
        let (app, filter) = (AppState::clone(&app), filter.clone());
        async move { page(&app, org, &filter, after).await }
    };
    table::long("invoices.csv", csv::header(), csv::rows, all(), read).await
}
