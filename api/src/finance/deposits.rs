//! What was paid for visits before their invoice, as a table.

use axum::extract::State;
use axum::response::Response;
use chrono::NaiveDate;
use domain::id::OrgId;
use projections::finance::ledger::{self, Deposit, Ledger, PAGE};
use projections::{Projection, tenant};
use serde::Deserialize;
use utoipa_axum::routes;

use super::{asked, view};
use crate::caller::Caller;
use crate::extract::Parameters;
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::{App, AppState};
use crate::table::{self, Pages};

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
    let read = move |after| {
        let app = AppState::clone(&app);
        async move { page(&app, org, range, after).await }
    };
    let key = |last: &Deposit| (last.day, last.position);
    let pages = Pages { start: None, key, size: PAGE };
    let (head, lines) = (ledger::deposit_header(), ledger::deposit_rows);
    table::long("deposits.csv", head, lines, pages, read).await
}
