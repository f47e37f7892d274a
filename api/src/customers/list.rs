//! Clients, found and taken out.

use axum::extract::State;
use axum::response::Response;
use domain::access::Permission;
use domain::id::OrgId;
use projections::customers::client_list::ClientList;
use projections::customers::client_records::ClientRecords;
use projections::customers::client_search::{self, Filter, Item, Judge, PAGE, Risk};
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::json;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::answer::Answer;
use crate::caller::Caller;
use crate::cursor;
use crate::extract::{Parameters, limit};
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::{App, AppState};
use crate::table::{self, Pages};

const EXPORTS: &[Permission] = &[Permission::ExportsRun];

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(list_clients), staff(super::READ))
        .add(routes!(export_clients), staff(EXPORTS).leaves("client.export"))
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Show {
    #[default]
    Active,
    Archived,
    All,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KnownFor {
    #[default]
    All,
    FrequentComplaints,
    LowRater,
    Any,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Churn {
    #[default]
    #[serde(rename = "all")]
    All,
    Low,
    Medium,
    High,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Part of name, e-mail, phone, address, tag or id, in any case.
    q: Option<String>,
    /// `active` (the default), `archived` or `all`; whoever was merged counts as archived.
    #[param(value_type = Option<String>)]
    show: Option<Show>,
    /// `frequent_complaints`, `low_rater`, `any` of these, or `all` (the default).
    #[param(value_type = Option<String>)]
    risk: Option<KnownFor>,
    /// Whether they may be leaving: `LOW`, `MEDIUM`, `HIGH`, or `all` (the default).
    #[param(value_type = Option<String>)]
    churn: Option<Churn>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 200, else 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

impl ListQuery {
    fn filter(&self) -> Filter {
        let query = self.q.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let archived = match self.show.unwrap_or_default() {
            Show::Active => Some(false),
            Show::Archived => Some(true),
            Show::All => None,
        };
        let risk = match self.risk.unwrap_or_default() {
            KnownFor::All => None,
            KnownFor::FrequentComplaints => Some(Risk::FrequentComplaints),
            KnownFor::LowRater => Some(Risk::LowRater),
            KnownFor::Any => Some(Risk::Any),
        };
        let churn = match self.churn.unwrap_or_default() {
            Churn::All => None,
            Churn::Low => Some("LOW"),
            Churn::Medium => Some("MEDIUM"),
            Churn::High => Some("HIGH"),
        };
        Filter { client: None, query: query.map(str::to_owned), archived, risk, churn }
    }
}

/// Clients, newest first, with how each of them stands today
#[utoipa::path(
    get,
    path = "/v1/admin/clients",
    tag = "people",
    params(ListQuery),
    responses((status = 200, description = "One page", content_type = "application/json", example = json!({
        "items": [{ "client_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "name": "Sam Sample", "is_active": true, "is_blocked": false,
            "churn": "HIGH", "churn_reasons": ["not_visited_for_60_days"], "lifetime_value_cents": 48_000 }],
        "next_cursor": null
    })))
)]
async fn list_clients(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<ListQuery>,
) -> Result<Answer, Problem> {
    let (limit, after) = (limit(asked.limit, PAGE)?, cursor::asked(asked.cursor.as_deref())?);
    let readers = [ClientList::NAME, ClientRecords::NAME];
    let reached = fresh.reach(&app, caller.org(), &readers).await?;
    let rows = page(&app, caller.org(), &asked.filter(), after, limit).await?;
    let last = cursor::last_of_full(&rows, limit);
    let next = last.map(|row| cursor::shown(row.registered_at, row.client_id));
    Ok(reached.mark(Answer::json(&json!({ "items": rows, "next_cursor": next }))?))
}

/// Clients as CSV; that they were taken out is an entry of the audit log
#[utoipa::path(
    get,
    path = "/v1/admin/clients/export.csv",
    tag = "people",
    params(ListQuery),
    responses((status = 200, description = "A line of names, then a line for each client", content_type = "text/csv"))
)]
async fn export_clients(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<ListQuery>,
) -> Result<Response, Problem> {
    let (org, filter) = (caller.org(), asked.filter());
    let after = cursor::asked(asked.cursor.as_deref())?;
    limit(asked.limit, PAGE)?;
    fresh.reach(&app, org, &[ClientList::NAME, ClientRecords::NAME]).await?;
    let read = move |after| {
        let (app, filter) = (AppState::clone(&app), filter.clone());
        async move { page(&app, org, &filter, after, PAGE).await }
    };
    let key = |last: &Item| (last.registered_at, last.client_id);
    let pages = Pages { start: after, key, size: PAGE };
    let (head, lines) = (client_search::header(), client_search::csv_rows);
    table::long("clients.csv", head, lines, pages, read).await
}

/// Judged as of now, by what the organisation decides.
pub(super) async fn page(
    app: &App,
    org: OrgId,
    filter: &Filter,
    after: Option<(chrono::DateTime<chrono::Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<Item>, Problem> {
    let holds = app.prices.of(app, org).await?;
    let judge = Judge { policy: &holds.book.policies.clients, now: app.now() };
    let mut tx = tenant::begin(&app.reads, org).await?;
    Ok(client_search::page(&mut tx, org, (filter, judge), after, limit).await?)
}
