//! Money that came in and went out over a time.

use std::collections::BTreeMap;

use axum::extract::State;
use chrono::NaiveDate;
use projections::finance::ledger::{self, Flow, Ledger};
use projections::finance::records::FinanceRecords;
use projections::finance::{categories, snapshots};
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa_axum::routes;
use uuid::Uuid;

use super::explain::{self, Figure};
use super::{asked, view};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::extract::{Parameters, flag};
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(cash_flow), view())
}

pub(super) const MONEY: [&str; 2] = ["cash", "stripe_clearing"];

/// What happens to money of customers.
pub(super) const CUSTOMERS: [&str; 3] = ["invoice", "payment", "booking"];

const FIGURES: [Figure; 3] = [
    Figure::of("inflows", &MONEY, &CUSTOMERS),
    Figure::of("outflows", &MONEY, &["expense"]),
    Figure::of("taxes", &MONEY, &["tax_instalment"]),
];

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct FlowQuery {
    /// First day.
    from: NaiveDate,
    /// Last day.
    to: NaiveDate,
    /// `1`: also the first lines of the ledger behind each figure, and where the others are.
    explain: Option<u8>,
}

/// By label, in its order.
pub(super) fn by_label<'a>(flows: &'a [Flow], sources: &[&str]) -> BTreeMap<&'a str, i64> {
    let mut labels = BTreeMap::new();
    let own = flows.iter().filter(|flow| {
        MONEY.contains(&flow.account.as_str()) && sources.contains(&flow.source_type.as_str())
    });
    for flow in own {
        *labels.entry(flow.label.as_deref().unwrap_or("other")).or_default() += flow.net_cents();
    }
    labels
}

/// What customers paid, what was spent and what the tax office got, as it moved, beside what was counted before and after
#[utoipa::path(
    get,
    path = "/v1/admin/finance/cashflow",
    tag = "finance",
    params(FlowQuery),
    responses((status = 200, description = "What is still to be paid did not move yet", content_type = "application/json", example = json!({
        "from": "2030-01-01", "to": "2030-01-31", "currency": "CAD", "inflows_cents": 18900,
        "inflows": [{ "label": "cash", "total_cents": 18900 }], "outflows_cents": 10500,
        "outflows": [{ "category_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2e", "label": "Fuel", "total_cents": 10500 }],
        "taxes_paid_cents": 0, "net_movement_cents": 8400, "opening_snapshot": null, "closing_snapshot": null
    })))
)]
async fn cash_flow(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<FlowQuery>,
) -> Result<Answer, Problem> {
    let (org, range) = (caller.org(), asked::days(asked.from, asked.to)?);
    let explain = flag("explain", asked.explain)?;
    let currency: &'static str = crate::invoicing::settings(&app, org).await?.currency.into();
    let reached = fresh.reach(&app, org, &[Ledger::NAME, FinanceRecords::NAME]).await?;
    let mut tx = tenant::begin_steady(&app.reads, org).await?;
    let flows = ledger::flows(&mut tx, org, range, currency).await?;
    let (came, went) = (by_label(&flows, &CUSTOMERS), by_label(&flows, &["expense"]));
    let taxes: i64 = -by_label(&flows, &["tax_instalment"]).values().sum::<i64>();
    let ids: Vec<Uuid> = went.keys().filter_map(|label| label.parse().ok()).collect();
    let names = categories::names(&mut tx, org, &ids).await?;
    let opening = snapshots::latest(&mut tx, org, range.0).await?;
    let closing = snapshots::latest(&mut tx, org, range.1).await?;
    let inflow = |(label, cents): (&&str, &i64)| json!({ "label": label, "total_cents": cents });
    let outflow = |(label, cents): (&&str, &i64)| {
        let id: Option<Uuid> = label.parse().ok();
        let name = id.and_then(|id| names.get(&id));
        json!({ "category_id": id, "label": name, "total_cents": -cents })
    };
    let (inflows, outflows) = (came.values().sum::<i64>(), -went.values().sum::<i64>());
    let mut body = json!({
        "from": range.0,
        "to": range.1,
        "currency": currency,
        "inflows_cents": inflows,
        "inflows": came.iter().map(inflow).collect::<Vec<Value>>(),
        "outflows_cents": outflows,
        "outflows": went.iter().map(outflow).collect::<Vec<Value>>(),
        "taxes_paid_cents": taxes,
        "net_movement_cents": inflows - outflows - taxes,
        "opening_snapshot": opening.as_ref().map(super::snapshots::line),
        "closing_snapshot": closing.as_ref().map(super::snapshots::line),
    });
    if explain {
        let days = (Some(range.0), range.1);
        body["explain"] = explain::all(&mut tx, org, &FIGURES, days, currency).await?;
    }
    Ok(reached.mark(Answer::json(&body)?))
}
