//! `PATCH /v1/admin/subscriptions/{id}`: rest, go on, end, come at other times.

use axum::extract::State;
use chrono::NaiveDate;
use commands::CommandError;
use domain::id::{ClientId, OrgId, SubscriptionId};
use domain::scheduling::booking::BookingError;
use domain::scheduling::subscription::plan::{Plan, Rhythm};
use domain::scheduling::subscription::{Details, Status, Subscription, SubscriptionCommand};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::super::sent::Sent;
use super::{EDIT, known, scheduling, shown};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::customers::survivor;
use crate::extract::Path;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(change_subscription), scheduling(EDIT).action("subscription.update"))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "status": "PAUSED", "status_reason": "Away until May" })))]
struct Change {
    /// `ACTIVE`, `PAUSED` or `CANCELED`. Not together with anything but its reason.
    #[schema(value_type = Option<String>)]
    status: Option<Status>,
    /// Up to 255 characters.
    status_reason: Option<String>,
    /// `WEEKLY`, `BIWEEKLY` or `MONTHLY`.
    #[schema(value_type = Option<String>)]
    frequency: Option<Rhythm>,
    /// 0 is Monday; `null` for that of the start. Setting it takes the day of the month away.
    #[serde(default)]
    #[schema(value_type = Option<u8>)]
    preferred_weekday: Sent<u8>,
    /// 1 to 31; `null` for that of the start. Setting it takes the weekday away.
    #[serde(default)]
    #[schema(value_type = Option<u8>)]
    preferred_day_of_month: Sent<u8>,
    /// The day of the next visit, on the clock of the organisation. Not together with anything else.
    next_run: Option<NaiveDate>,
}

/// Let a subscription rest, go on, end, or come at other times; what is left out stays
#[utoipa::path(
    patch,
    path = "/v1/admin/subscriptions/{subscription_id}",
    tag = "scheduling",
    params(("subscription_id" = Uuid, Path)),
    request_body = Change,
    responses(
        (status = 200, description = "The subscription", content_type = "application/json"),
        (status = 409, description = "`subscription.illegal_transition` or `subscription.not_running`")
    )
)]
async fn change_subscription(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<SubscriptionId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let change: Change = request.body()?;
    let (context, org) = (request.context(&caller), caller.org());
    let (it, _) = known(&app, org, id).await?;
    let (zone, now) = (app.settings.of(&app, org).await?.zone, app.now());
    let today = now.with_timezone(&zone).date_naive();
    let answer = |it: &Subscription| it.details().map_or(Value::Null, |it| shown(it, zone));
    let command = change.command(&it, (today, now))?;
    if change.status == Some(Status::Active) {
        must_be_welcome(&app, org, it.client).await?;
    }
    let done = app.bus.execute(&context, &id.to_string(), command, answer).await;
    let done = match (done, change.status) {
        // Nothing is written down any more about who was erased, and yet nobody comes.
        (Err(CommandError::SubjectErased), Some(Status::Canceled)) => {
            let command = SubscriptionCommand::Cancel { reason: None, now };
            app.bus.execute(&context, &id.to_string(), command, answer).await
        }
        (done, _) => done,
    };
    Ok(Answer::done(&done?))
}

/// Nobody comes to somebody who is blocked.
pub(super) async fn must_be_welcome(
    app: &App,
    org: OrgId,
    client: ClientId,
) -> Result<(), Problem> {
    if survivor::known(app, org, client).await?.blocked.is_some() {
        return Err(Problem::refused(&BookingError::ClientBlocked));
    }
    Ok(())
}

impl Change {
    /// The one thing that is asked for.
    fn command(
        &self,
        it: &Details,
        (today, now): (NaiveDate, chrono::DateTime<chrono::Utc>),
    ) -> Result<SubscriptionCommand, Problem> {
        let changes_plan = self.frequency.is_some()
            || !self.preferred_weekday.is_left_out()
            || !self.preferred_day_of_month.is_left_out();
        let asked = [self.status.is_some(), changes_plan, self.next_run.is_some()];
        if asked.iter().filter(|asked| **asked).count() != 1 {
            let message = "One of status, next_run, or the days: each in a request of its own";
            return Err(Problem::field("status", message));
        }
        if self.status_reason.is_some() && self.status.is_none() {
            return Err(Problem::field("status_reason", "Only together with status"));
        }
        let reason = self.status_reason.clone();
        match (self.status, self.next_run) {
            (Some(Status::Active), _) => Ok(SubscriptionCommand::Resume { today, now }),
            (Some(Status::Paused), _) => Ok(SubscriptionCommand::Pause { reason, now }),
            (Some(Status::Canceled), _) => Ok(SubscriptionCommand::Cancel { reason, now }),
            (Some(Status::Trial | Status::Incomplete), _) => {
                Err(Problem::field("status", "Input should be ACTIVE, PAUSED or CANCELED"))
            }
            (None, Some(date)) => Ok(SubscriptionCommand::MoveNextRun { date, today, now }),
            (None, None) => {
                Ok(SubscriptionCommand::ChangePlan { plan: self.plan(&it.plan), today, now })
            }
        }
    }

    fn plan(&self, before: &Plan) -> Plan {
        Plan {
            frequency: self.frequency.unwrap_or(before.frequency),
            preferred_weekday: self.preferred_weekday.over(before.preferred_weekday),
            preferred_day_of_month: self.preferred_day_of_month.over(before.preferred_day_of_month),
            ..before.clone()
        }
    }
}
