//! The account: its plan, and letting it rest.

use axum::extract::State;
use domain::access::Permission;
use domain::billing::account::{Account, AccountCommand};
use domain::id::OrgId;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::usage;
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::AppState;

/// Whoever sees the application sees what it may be used for.
const READ: &[Permission] = &[Permission::CoreView];

/// Whoever keeps the books decides about the plan.
pub(super) const FINANCE: &[Permission] = &[Permission::FinanceView];

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(billing_status), staff(READ))
        .add(routes!(pause_plan), staff(FINANCE).action("billing.pause"))
        .add(routes!(resume_plan), staff(FINANCE).action("billing.resume"))
}

/// The plan, and how much of it is used
#[utoipa::path(
    get,
    path = "/v1/billing/status",
    tag = "billing",
    responses((status = 200, description = "`plan_id` is what was subscribed to, `effective_plan_id` what counts: a paused or unpaid plan counts as `free`", content_type = "application/json", example = json!({
        "org_id": "00000000-0000-0000-0000-000000000001", "plan_id": "pro", "effective_plan_id": "pro", "status": "active", "paused": false, "pause_reason_code": null,
        "price_cents": 9900, "currency": "usd",
        "limits": { "workers": 50, "bookings": 500, "storage_bytes": 21_474_836_480_i64 },
        "usage": { "workers": 8, "bookings": 41, "storage_bytes": 0 }
    })))
)]
async fn billing_status(State(app): State<AppState>, caller: Caller) -> Result<Answer, Problem> {
    let org = caller.org();
    let account = app.bus.load::<Account>(org, &org.to_string()).await?;
    let used = usage::used(&app, org, usage::month(app.now())).await?;
    let mut body = shown(org, &account.state);
    body["usage"] = usage::shown(&used);
    // What is used changes without the account.
    Answer::json(&body)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "reason_code": "SEASON_OVER" })))]
struct Reason {
    /// 1 to 64 letters, digits, `-` and `_`; kept in upper case.
    reason_code: String,
}

/// Let the plan rest; the limits of the free plan count until it goes on
#[utoipa::path(
    post,
    path = "/v1/billing/pause",
    tag = "billing",
    request_body = Reason,
    responses((status = 200, description = "The account", content_type = "application/json"))
)]
async fn pause_plan(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let Reason { reason_code } = request.body()?;
    change(&app, &caller, &request, AccountCommand::Pause { reason_code }).await
}

/// Let the plan go on
#[utoipa::path(
    post,
    path = "/v1/billing/resume",
    tag = "billing",
    request_body = Reason,
    responses((status = 200, description = "The account", content_type = "application/json"))
)]
async fn resume_plan(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let Reason { reason_code } = request.body()?;
    change(&app, &caller, &request, AccountCommand::Resume { reason_code }).await
}

async fn change(
    app: &AppState,
    caller: &Caller,
    request: &CommandRequest,
    command: AccountCommand,
) -> Result<Answer, Problem> {
    let (context, org) = (request.context(caller), caller.org());
    let answer = |account: &Account| shown(org, account);
    Ok(Answer::done(&app.bus.execute(&context, &org.to_string(), command, answer).await?))
}

fn shown(org: OrgId, account: &Account) -> Value {
    let counts = account.effective_plan();
    let status: &str = account.status.into();
    json!({
        "org_id": org,
        "plan_id": account.plan.key(),
        "effective_plan_id": counts.key(),
        "status": status,
        "paused": account.paused.is_some(),
        "pause_reason_code": account.paused,
        "price_cents": account.plan.price_cents(),
        "currency": "usd",
        "limits": counts.limits(),
    })
}
