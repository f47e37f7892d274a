//! A client's own subscriptions, at their portal: begun, seen, paused, ended.

use axum::extract::State;
use chrono::NaiveDate;
use chrono_tz::Tz;
use domain::id::{ClientId, ServiceTypeId, SubscriptionId};
use domain::scheduling::subscription::plan::Rhythm;
use domain::scheduling::subscription::{
    Details, Status, Subscription, SubscriptionCommand, SubscriptionError,
};
use projections::customers::client_list::{self, ClientList};
use projections::scheduling::subscription_list::{self, Filter, PAGE, SubscriptionList};
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::begin::{Source, Wanted};
use super::changes::must_be_welcome;
use super::{known, shown};
use crate::answer::Answer;
use crate::command::CommandRequest;
use crate::cursor::{self, continued};
use crate::customers::survivor;
use crate::extract::{Parameters, Path, limit};
use crate::freshness::Freshness;
use crate::identity::PortalCaller;
use crate::problem::Problem;
use crate::route::{Routes, client};
use crate::state::AppState;

/// What is for staff: what they wrote down, and by which version of their prices.
const NOT_TOLD: [&str; 3] = ["status_reason", "price_book", "client_id"];

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(own_subscriptions), client())
        .add(routes!(begin_own), client().action("subscription.create"))
        .add(routes!(change_own), client().action("subscription.update"))
}

fn told(it: &Details, zone: Tz) -> Value {
    let mut told = shown(it, zone);
    if let Some(fields) = told.as_object_mut() {
        for name in NOT_TOLD {
            fields.remove(name);
        }
    }
    told
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct OwnQuery {
    /// `X-Next-Cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 200, else 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// One's own subscriptions, whichever began last first
#[utoipa::path(
    get,
    path = "/client/subscriptions",
    tag = "portal",
    params(OwnQuery),
    responses((status = 200, description = "One page; `X-Next-Cursor` leads to the next", content_type = "application/json", example = json!([
        { "subscription_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "status": "ACTIVE", "frequency": "WEEKLY", "base_price": 12_000, "next_run": "2030-03-11" }
    ])))
)]
async fn own_subscriptions(
    State(app): State<AppState>,
    caller: PortalCaller,
    fresh: Freshness,
    Parameters(asked): Parameters<OwnQuery>,
) -> Result<Answer, Problem> {
    let (org, limit) = (caller.org, limit(asked.limit, PAGE)?);
    let after = cursor::asked(asked.cursor.as_deref())?;
    let zone = app.settings.of(&app, org).await?.zone;
    let reached = fresh.reach(&app, org, &[SubscriptionList::NAME, ClientList::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let clients = client_list::with_family(&mut tx, org, caller.holder.into()).await?;
    let filter = Filter { status: None, clients };
    let rows = subscription_list::page(&mut tx, org, &filter, after, limit).await?;
    let next = cursor::last_of_full(&rows, limit).map(|row| &row.subscription);
    let next = next.map(|it| cursor::shown(it.created_at, it.subscription_id.as_uuid()));
    let lines: Vec<Value> = rows.iter().map(|row| told(&row.subscription, zone)).collect();
    Ok(reached.mark(continued(Answer::json(&lines)?, next.as_deref())))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "frequency": "WEEKLY", "start_date": "2030-03-04", "base_service_type": "Standard clean" })))]
struct OwnSubscription {
    /// `WEEKLY`, `BIWEEKLY` or `MONTHLY`.
    #[schema(value_type = String)]
    frequency: Rhythm,
    /// No visit is earlier; on the clock of the organisation, today at the earliest and two years ahead at most.
    start_date: NaiveDate,
    /// 0 is Monday; that of the start if left out. Not of monthly visits.
    preferred_weekday: Option<u8>,
    /// 1 to 31, the last day of shorter months; that of the start if left out. Of monthly visits only.
    preferred_day_of_month: Option<u8>,
    /// What is cleaned, and therefore what it costs: a service of the catalogue; the first of this and the two below that is
    /// there decides.
    #[schema(value_type = Option<String>)]
    service_type_id: Option<ServiceTypeId>,
    /// The same by its name.
    base_service_type: Option<String>,
    /// Or an estimate of these.
    #[schema(value_type = Option<Object>)]
    structured_inputs: Option<Value>,
}

/// Let a visit come again and again; what it costs is what the catalogue says
#[utoipa::path(
    post,
    path = "/client/subscriptions",
    tag = "portal",
    request_body = OwnSubscription,
    responses(
        (status = 201, description = "The subscription", content_type = "application/json"),
        (status = 404, description = "`service_type.not_found`")
    )
)]
async fn begin_own(
    State(app): State<AppState>,
    caller: PortalCaller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let wanted: OwnSubscription = request.body()?;
    let client = survivor::known(&app, caller.org, ClientId::from(caller.holder)).await?;
    let named = (wanted.service_type_id, wanted.base_service_type, wanted.structured_inputs);
    let source = match named {
        (Some(id), ..) => Source::Service(id),
        (None, Some(name), _) => Source::Named(name),
        (None, None, Some(inputs)) => Source::Inputs(inputs),
        (None, None, None) => {
            let missing = "Either this, base_service_type, or structured_inputs";
            return Err(Problem::field("service_type_id", missing));
        }
    };
    let wanted = Wanted {
        frequency: wanted.frequency,
        start_date: wanted.start_date,
        days: (wanted.preferred_weekday, wanted.preferred_day_of_month),
        source,
    };
    wanted.begin(&app, &caller.context(&request), &client, told).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "status": "PAUSED", "status_reason": "Away until May" })))]
struct OwnChange {
    /// `ACTIVE`, `PAUSED` or `CANCELED`.
    #[schema(value_type = String)]
    status: Status,
    /// Up to 255 characters.
    status_reason: Option<String>,
}

/// Let one's own subscription rest, go on, or end
#[utoipa::path(
    patch,
    path = "/client/subscriptions/{subscription_id}",
    tag = "portal",
    params(("subscription_id" = Uuid, Path)),
    request_body = OwnChange,
    responses(
        (status = 200, description = "The subscription", content_type = "application/json"),
        (status = 409, description = "`subscription.illegal_transition`")
    )
)]
async fn change_own(
    State(app): State<AppState>,
    caller: PortalCaller,
    Path(id): Path<SubscriptionId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let OwnChange { status, status_reason: reason } = request.body()?;
    let (org, now) = (caller.org, app.now());
    let (it, _) = known(&app, org, id).await?;
    if !survivor::is_of(&app, org, Some(it.client), caller.holder.into()).await? {
        return Err(Problem::refused(&SubscriptionError::NotFound));
    }
    let zone = app.settings.of(&app, org).await?.zone;
    let today = now.with_timezone(&zone).date_naive();
    let command = match status {
        Status::Active => SubscriptionCommand::Resume { today, now },
        Status::Paused => SubscriptionCommand::Pause { reason, now },
        Status::Canceled => SubscriptionCommand::Cancel { reason, now },
        Status::Trial | Status::Incomplete => {
            return Err(Problem::field("status", "Input should be ACTIVE, PAUSED or CANCELED"));
        }
    };
    if status == Status::Active {
        must_be_welcome(&app, org, it.client).await?;
    }
    let answer = |it: &Subscription| it.details().map_or(Value::Null, |it| told(it, zone));
    let context = caller.context(&request);
    Ok(Answer::done(&app.bus.execute(&context, &id.to_string(), command, answer).await?))
}
