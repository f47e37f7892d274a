//! `GET /v1/admin/clients/{id}`: one client, and how they stand.

use axum::extract::State;
use domain::customers::client::{Client, ClientError};
use domain::id::ClientId;
use projections::Projection;
use projections::customers::client_list::ClientList;
use projections::customers::client_records::ClientRecords;
use projections::customers::client_search::Filter;
use serde_json::{Value, json};
use utoipa_axum::routes;

use super::{list, shown};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::extract::Path;
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::AppState;

/// Of a line of the list: what is known beside who they are.
const STANDING: [&str; 9] = [
    "visits",
    "last_visit_at",
    "lifetime_value_cents",
    "complaints",
    "average_rating",
    "frequent_complaints",
    "low_rater",
    "churn",
    "churn_reasons",
];

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(client), staff(super::READ))
}

/// One client; `standing` is how they stand today, with everything of whoever was merged into them
#[utoipa::path(
    get,
    path = "/v1/admin/clients/{client_id}",
    tag = "people",
    params(("client_id" = Uuid, Path)),
    responses((status = 200, description = "The client; `ETag` is its version", content_type = "application/json"))
)]
async fn client(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Path(id): Path<ClientId>,
) -> Result<Answer, Problem> {
    let org = caller.org();
    let reached = fresh.reach(&app, org, &[ClientList::NAME, ClientRecords::NAME]).await?;
    let found = app.bus.load::<Client>(org, &id.to_string()).await?;
    let details = found.state.details();
    let details = details.ok_or_else(|| Problem::refused(&ClientError::NotFound))?;
    let filter = Filter { client: Some(id), ..Filter::default() };
    let line = list::page(&app, org, &filter, None, 1).await?.pop();
    let mut body = shown(details);
    body["standing"] = line.map_or(Value::Null, |line| {
        let mut line = json!(line);
        let kept = STANDING.map(|name| (name.to_owned(), line[name].take()));
        Value::Object(kept.into_iter().collect())
    });
    let answer = Answer::json(&body)?;
    // Erasing a person changes what is shown but not the version.
    Ok(reached.mark(if details.is_known() { answer.version(found.version) } else { answer }))
}
