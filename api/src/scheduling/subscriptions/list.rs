//! Subscriptions, one of them, and its days.

use std::str::FromStr;

use axum::extract::State;
use domain::id::{ClientId, SubscriptionId};
use domain::scheduling::subscription::Status;
use projections::customers::client_list::{self, ClientList};
use projections::scheduling::subscription_list::{self, Filter, PAGE, SubscriptionList, Visit};
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa_axum::routes;

use super::{VIEW, known, scheduling, shown};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::cursor::{self, continued};
use crate::extract::{Parameters, Path, limit};
use crate::freshness::Freshness;
use crate::problem::{Code, Problem};
use crate::route::Routes;
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    let view = scheduling(VIEW);
    Routes::default()
        .add(routes!(list_subscriptions), view)
        .add(routes!(subscription), view)
        .add(routes!(subscription_visits), view)
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// `ACTIVE`, `PAUSED`, `CANCELED`, `TRIAL` or `INCOMPLETE`.
    status: Option<String>,
    #[param(value_type = Option<String>)]
    client_id: Option<ClientId>,
    /// `X-Next-Cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 200, else 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

fn visit(visit: &Visit) -> Value {
    let outcome = if visit.booking_id.is_some() { "booked" } else { "skipped" };
    json!({
        "date": visit.date,
        "outcome": outcome,
        "booking_id": visit.booking_id,
        "reason": visit.reason,
        "decided_at": visit.at,
    })
}

/// Subscriptions, whichever began last first
#[utoipa::path(
    get,
    path = "/v1/admin/subscriptions",
    tag = "scheduling",
    params(ListQuery),
    responses(
        (status = 200, description = "One page; `X-Next-Cursor` says where the next begins. `last_visit` tells of days on which nobody comes", content_type = "application/json", example = json!([
            { "subscription_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "client_name": "Sam Sample", "status": "ACTIVE", "frequency": "WEEKLY",
              "base_price": 12_000, "next_run": "2030-03-11",
              "last_visit": { "date": "2030-03-04", "outcome": "skipped", "booking_id": null, "reason": "slot_taken", "decided_at": "2030-02-25T12:00:00Z" } }
        ])),
        (status = 400, description = "Unknown status")
    )
)]
async fn list_subscriptions(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<ListQuery>,
) -> Result<Answer, Problem> {
    let (org, limit) = (caller.org(), limit(asked.limit, PAGE)?);
    let status = asked.status.as_deref().map(Status::from_str).transpose();
    let status = status.map_err(|_| Problem::new(Code::InvalidStatus))?;
    let after = cursor::asked(asked.cursor.as_deref())?;
    let zone = app.settings.of(&app, org).await?.zone;
    let reached = fresh.reach(&app, org, &[SubscriptionList::NAME, ClientList::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let clients = match asked.client_id {
        Some(client) => client_list::with_family(&mut tx, org, client).await?,
        None => Vec::new(),
    };
    let filter = Filter { status, clients };
    let rows = subscription_list::page(&mut tx, org, &filter, after, limit).await?;
    let clients: Vec<_> = rows.iter().map(|row| row.subscription.client.as_uuid()).collect();
    let names = client_list::names(&mut tx, org, &clients).await?;
    tx.rollback().await?;
    let full = i64::try_from(rows.len()).is_ok_and(|count| count == limit);
    let next = rows.last().filter(|_| full).map(|row| &row.subscription);
    let next = next.map(|it| cursor::shown(it.created_at, it.subscription_id.as_uuid()));
    let line = |row: &subscription_list::Row| {
        let mut line = shown(&row.subscription, zone);
        // Words are for whoever looks at one of them.
        if let Some(fields) = line.as_object_mut() {
            fields.remove("status_reason");
        }
        line["client_name"] = json!(names.get(&row.subscription.client.as_uuid()));
        line["last_visit"] = json!(row.last.as_ref().map(visit));
        line["updated_at"] = json!(row.updated_at);
        line
    };
    let lines: Vec<Value> = rows.iter().map(line).collect();
    Ok(reached.mark(continued(Answer::json(&lines)?, next.as_deref())))
}

/// One subscription
#[utoipa::path(
    get,
    path = "/v1/admin/subscriptions/{subscription_id}",
    tag = "scheduling",
    params(("subscription_id" = Uuid, Path)),
    responses((status = 200, description = "The subscription; `ETag` is its version", content_type = "application/json"))
)]
async fn subscription(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<SubscriptionId>,
) -> Result<Answer, Problem> {
    let org = caller.org();
    let (it, version) = known(&app, org, id).await?;
    let zone = app.settings.of(&app, org).await?.zone;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let names = client_list::names(&mut tx, org, &[it.client.as_uuid()]).await?;
    let mut body = shown(&it, zone);
    body["client_name"] = json!(names.get(&it.client.as_uuid()));
    Ok(Answer::json(&body)?.version(version))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct VisitsQuery {
    /// `X-Next-Cursor` of the page before.
    cursor: Option<i64>,
    /// 1 to 200, else 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// The days of a subscription that were decided about, the latest first
#[utoipa::path(
    get,
    path = "/v1/admin/subscriptions/{subscription_id}/visits",
    tag = "scheduling",
    params(("subscription_id" = Uuid, Path), VisitsQuery),
    responses((status = 200, description = "One page; `X-Next-Cursor` says where the next begins. A day on which nobody comes says why", content_type = "application/json", example = json!([
        { "date": "2030-03-04", "outcome": "booked", "booking_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "reason": null, "decided_at": "2030-02-25T12:00:00Z" }
    ])))
)]
async fn subscription_visits(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Path(id): Path<SubscriptionId>,
    Parameters(asked): Parameters<VisitsQuery>,
) -> Result<Answer, Problem> {
    let (org, limit) = (caller.org(), limit(asked.limit, PAGE)?);
    known(&app, org, id).await?;
    let reached = fresh.reach(&app, org, &[SubscriptionList::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let rows = subscription_list::visits(&mut tx, org, id, asked.cursor, limit).await?;
    let full = i64::try_from(rows.len()).is_ok_and(|count| count == limit);
    let next = rows.last().filter(|_| full).map(|row| row.position.to_string());
    let lines: Vec<Value> = rows.iter().map(visit).collect();
    Ok(reached.mark(continued(Answer::json(&lines)?, next.as_deref())))
}
