//! `GET /v1/admin/search`: everything that staff look for, in one list.

use axum::extract::State;
use domain::access::Permission;
use domain::settings::feature::{Feature, Features};
use projections::customers::client_list::ClientList;
use projections::invoicing::invoice_list::InvoiceList;
use projections::people::worker_list::WorkerList;
use projections::reporting::money::ReportMoney;
use projections::sales::lead_list::LeadList;
use projections::scheduling::booking_list::BookingList;
use projections::search::{self, Hit, Kind, MOST};
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa_axum::routes;

use crate::answer::Answer;
use crate::caller::Caller;
use crate::extract::{Parameters, limit};
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::AppState;

const VIEW: &[Permission] = &[Permission::CoreView];

/// A single letter is in nearly everything.
const SHORTEST: usize = 2;

/// Nothing that is looked for is longer.
const LONGEST: usize = 100;

/// The lists that are searched.
const SOURCES: [&str; 6] = [
    BookingList::NAME,
    LeadList::NAME,
    ClientList::NAME,
    WorkerList::NAME,
    InvoiceList::NAME,
    ReportMoney::NAME,
];

pub(crate) fn routes() -> Routes {
    Routes::default().add(routes!(search), staff(VIEW))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SearchQuery {
    /// 2 to 100 characters of a name, a telephone, an address of mail or an id, in any case.
    q: String,
    /// 1 to 50, else 20.
    #[param(minimum = 1, maximum = 50)]
    limit: Option<i64>,
}

/// Look for visits, leads, clients, workers, invoices and payments; the best match first
#[utoipa::path(
    get,
    path = "/v1/admin/search",
    tag = "search",
    params(SearchQuery),
    responses((status = 200, description = "`score` is 100 where a whole text is the same, 50 where one begins so, 10 where one holds it. Only what the caller may read is looked through", content_type = "application/json", example = json!({
        "q": "sam", "items": [{ "kind": "client", "id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "label": "Sam Sample", "status": "active", "score": 50, "href": "/v1/admin/clients/0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d" }]
    })))
)]
async fn search(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<SearchQuery>,
) -> Result<Answer, Problem> {
    let (org, limit) = (caller.org(), limit(Some(asked.limit.unwrap_or(20)), MOST)?);
    let query = asked.q.trim();
    if !(SHORTEST..=LONGEST).contains(&query.chars().count()) || query.contains(char::is_control) {
        return Err(Problem::field("q", "Input should be 2 to 100 characters on one line"));
    }
    let features = app.settings.of(&app, org).await?.features;
    let reached = fresh.reach(&app, org, &SOURCES).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let found = search::find(&mut tx, org, &kinds(&caller, features), query, limit).await?;
    tx.rollback().await?;
    let items: Vec<Value> = found.iter().map(shown).collect();
    Ok(reached.mark(Answer::json(&json!({ "q": query, "items": items }))?))
}

/// What somebody may look through: what they may read on pages of its own. A new kind says here who may, and by its place
/// what comes first of what matches as well: people before their many visits.
fn kinds(caller: &Caller, features: Features) -> Vec<Kind> {
    let contacts = caller.may(Permission::ContactsView);
    let bookings = features.contain(Feature::Schedule) && caller.may(Permission::BookingsView);
    let has_invoices = features.contain(Feature::Invoices);
    let leads = contacts || caller.may(Permission::LeadsView);
    let all = [
        (contacts, search::CLIENT),
        (leads, search::LEAD),
        (caller.may(Permission::BookingsAssign), search::WORKER),
        (bookings && contacts, search::BOOKING),
        (bookings && !contacts, search::BOOKING_UNNAMED),
        (has_invoices && caller.may(Permission::InvoicesView), search::INVOICE),
        (has_invoices && caller.may(Permission::FinanceView), search::PAYMENT),
    ];
    all.into_iter().filter(|(may, _)| *may).map(|(_, kind)| kind).collect()
}

fn shown(hit: &Hit) -> Value {
    json!({
        "kind": hit.kind,
        "id": hit.id,
        "label": hit.label,
        "status": hit.status,
        "score": hit.score,
        "href": hit.href,
    })
}
