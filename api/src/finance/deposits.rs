//! What was paid for visits before their invoice, as a table.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use domain::id::OrgId;
use futures::stream::{self, StreamExt, TryStreamExt};
use projections::finance::ledger::{self, Deposit, Ledger, PAGE};
use projections::{Projection, tenant};
use serde::Deserialize;
use utoipa_axum::routes;

use super::{asked, view};
use crate::caller::Caller;
use crate::cursor;
use crate::extract::Parameters;
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(deposits), view().leaves("deposit.export"))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct DepositQuery {
    /// First day on which they came in.
    from: Option<NaiveDate>,
    /// Last day on which they came in.
    to: Option<NaiveDate>,
}

type Range = (Option<NaiveDate>, Option<NaiveDate>);

async fn page(
    app: &App,
    org: OrgId,
    range: Range,
    after: Option<(NaiveDate, i64)>,
) -> Result<Vec<Deposit>, sqlx::Error> {
    let mut tx = tenant::begin(&app.reads, org).await?;
    ledger::deposits(&mut tx, org, range, after, PAGE).await
}

/// Deposits that came in, as CSV; that they were taken out is an entry of the audit log
#[utoipa::path(
    get,
    path = "/v1/admin/exports/deposits.csv",
    tag = "finance",
    params(DepositQuery),
    responses((status = 200, description = "A line of names, then a line for each deposit, the oldest first", content_type = "text/csv"))
)]
async fn deposits(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<DepositQuery>,
) -> Result<Response, Problem> {
    let (org, range) = (caller.org(), asked::maybe_days(asked.from, asked.to)?);
    fresh.reach(&app, org, &[Ledger::NAME]).await?;
    // The first page is read before anything is answered: a database that is away is a 503 and not half a file.
    let first = page(&app, org, range, None).await?;
    let head = ledger::deposit_header().map_err(|error| Problem::internal(&error))?;
    let pages = stream::try_unfold(Some(first), move |rows: Option<Vec<Deposit>>| {
        let app = AppState::clone(&app);
        async move {
            let Some(rows) = rows else { return Ok(None) };
            let text = ledger::deposit_rows(&rows).map_err(std::io::Error::other)?;
            let next = match cursor::last_of_full(&rows, PAGE) {
                Some(last) => {
                    let next = page(&app, org, range, Some((last.day, last.position))).await;
                    Some(next.map_err(std::io::Error::other)?)
                }
                None => None,
            };
            Ok::<_, std::io::Error>(Some((text, next)))
        }
    });
    let all = stream::once(async { Ok(head) }).chain(pages).map_ok(Bytes::from);
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"deposits.csv\""),
    ];
    Ok((headers, Body::from_stream(all)).into_response())
}
