//! Invoices as a table for spreadsheets.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use domain::id::OrgId;
use futures::stream::{self, StreamExt, TryStreamExt};
use projections::invoicing::invoice_list::{self, Filter, InvoiceList, Item, PAGE, csv};
use projections::{Projection, tenant};
use utoipa_axum::routes;
use uuid::Uuid;

use super::list::{ListQuery, today};
use super::{EXPORTS, invoices};
use crate::caller::Caller;
use crate::cursor;
use crate::extract::Parameters;
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::{App, AppState};

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
    let filter = asked.filter(today(&app, org).await?)?;
    fresh.reach(&app, org, &[InvoiceList::NAME]).await?;
    // The first page is read before anything is answered: a database that is away is a 503 and not half a file.
    let first = page(&app, org, &filter, None).await?;
    let head = csv::header().map_err(|error| Problem::internal(&error))?;
    let pages = stream::try_unfold(Some(first), move |items: Option<Vec<Item>>| {
        let (app, filter) = (AppState::clone(&app), filter.clone());
        async move {
            let Some(items) = items else { return Ok(None) };
            let lines = csv::rows(&items).map_err(std::io::Error::other)?;
            let next = match cursor::last_of_full(&items, PAGE) {
                Some(last) => {
                    let after = (last.invoice.created_at, last.invoice.invoice_id.as_uuid());
                    let next = page(&app, org, &filter, Some(after)).await;
                    Some(next.map_err(std::io::Error::other)?)
                }
                None => None,
            };
            Ok::<_, std::io::Error>(Some((lines, next)))
        }
    });
    let all = stream::once(async { Ok(head) }).chain(pages).map_ok(Bytes::from);
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"invoices.csv\""),
    ];
    Ok((headers, Body::from_stream(all)).into_response())
}

async fn page(
    app: &App,
    org: OrgId,
    filter: &Filter,
    after: Option<(chrono::DateTime<chrono::Utc>, Uuid)>,
) -> Result<Vec<Item>, sqlx::Error> {
    let mut tx = tenant::begin(&app.reads, org).await?;
    invoice_list::page(&mut tx, org, filter, (after, 0), PAGE).await
}
