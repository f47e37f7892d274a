//! Many visits changed by one request: the usual commands for each, and what became of each.

use axum::extract::State;
use commands::{Context, RequestKey};
use domain::id::{BookingId, TeamId};
use domain::scheduling::booking::{BookingCommand, Status};
use domain::settings::feature::Feature;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::super::DISPATCH;
use super::placing::{Placing, STAFF, place};
use super::{changes, known, run};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::problem::Problem;
use crate::rate::Rate;
use crate::route::{Key, Routes, staff};
use crate::state::{App, AppState};

/// More takes longer than anybody waits for one answer.
const MOST: usize = 100;

pub(super) fn routes() -> Routes {
    let bulk = staff(DISPATCH).feature(Feature::Schedule).action("booking.bulk");
    let bulk = bulk.key(Key::Required).rate(Rate::Action("booking.bulk"));
    Routes::default().add(routes!(bulk_change), bulk)
}

/// Where many visits can be moved to at once.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Wanted {
    /// Promised.
    Confirmed,
    /// Called off.
    Cancelled,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "booking_ids": ["0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d"], "status": "CONFIRMED", "send_reminder": true })))]
struct BulkBody {
    /// 1 to 100 visits, each once.
    #[schema(value_type = Vec<String>)]
    booking_ids: Vec<BookingId>,
    /// The team that shall come; those who were to come do not.
    #[schema(value_type = Option<String>)]
    team_id: Option<TeamId>,
    status: Option<Wanted>,
    /// Must be said where visits are called off.
    reason: Option<String>,
    /// Remind customers of visits that are confirmed; each of each time once.
    #[serde(default)]
    send_reminder: bool,
}

/// Change many visits at once
///
/// Each is changed by itself: what one refuses does not keep the others. Under the same key nothing is done twice.
#[utoipa::path(
    post,
    path = "/v1/admin/bookings/bulk",
    tag = "scheduling",
    request_body = BulkBody,
    responses((status = 200, description = "What became of each, in the order in which they were named", content_type = "application/json", example = json!({
        "updated": 1, "failed": 1, "reminders_sent": 1, "outcomes": [
            { "booking_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "outcome": "done", "reminded": true, "status": null, "code": null },
            { "booking_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2e", "outcome": "failed", "reminded": false, "status": 404, "code": "booking.not_found" }
        ]
    })))
)]
async fn bulk_change(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let body: BulkBody = request.body()?;
    body.check()?;
    let context = request.context(&caller);
    let mut outcomes = Vec::with_capacity(body.booking_ids.len());
    let (mut updated, mut failed, mut reminders, mut position) = (0, 0, 0, None);
    for id in &body.booking_ids {
        let mut one = One { app: &app, context: &context, id: *id, position: None };
        let fate = one.change(&body).await;
        let (is_done, reminded) = (fate.is_ok(), fate.as_ref().is_ok_and(|reminded| *reminded));
        updated += u32::from(is_done);
        failed += u32::from(!is_done);
        reminders += u32::from(reminded);
        position = position.max(one.position);
        outcomes.push(told(*id, reminded, fate.err().as_ref()));
    }
    let answer = Answer::json(&json!({
        "updated": updated, "failed": failed, "reminders_sent": reminders, "outcomes": outcomes,
    }))?;
    Ok(match position {
        Some(position) => answer.reaching(position, false),
        None => answer,
    })
}

fn told(id: BookingId, reminded: bool, problem: Option<&Problem>) -> Value {
    json!({
        "booking_id": id,
        "outcome": if problem.is_none() { "done" } else { "failed" },
        "reminded": reminded,
        "status": problem.map(|problem| problem.status().as_u16()),
        "code": problem.map(Problem::code),
    })
}

impl BulkBody {
    fn check(&self) -> Result<(), Problem> {
        if !(1..=MOST).contains(&self.booking_ids.len()) {
            return Err(Problem::field("booking_ids", "Input should be 1 to 100 ids"));
        }
        let mut ids = self.booking_ids.clone();
        ids.sort_unstable();
        ids.dedup();
        if ids.len() < self.booking_ids.len() {
            return Err(Problem::field("booking_ids", "Each should be named once"));
        }
        if self.team_id.is_none() && self.status.is_none() && !self.send_reminder {
            return Err(Problem::field("status", "Nothing to change"));
        }
        let called_off = matches!(self.status, Some(Wanted::Cancelled));
        if called_off && self.reason.as_deref().is_none_or(|why| why.trim().is_empty()) {
            return Err(Problem::field("reason", "Field required where visits are called off"));
        }
        Ok(())
    }
}

/// One of them.
struct One<'a> {
    app: &'a App,
    context: &'a Context,
    id: BookingId,
    position: Option<i64>,
}

impl One<'_> {
    /// Each command has an identity of its own, made of that of the request: repeated, each is answered and not carried out.
    fn part(&self, what: &str) -> Context {
        let request = &self.context.request;
        let command_id = request.derived_id(&format!("{}:{what}", self.id)).into();
        let request = RequestKey { command_id, ..*request };
        Context { request, expected_version: None, ..self.context.clone() }
    }

    /// Whether the customer is reminded, too.
    async fn change(&mut self, body: &BulkBody) -> Result<bool, Problem> {
        known(self.app, self.context.org, self.id).await?;
        if let Some(team) = body.team_id {
            let (context, wanted) = (self.part("team"), Placing::of_team(team));
            let answer = place(self.app, &context, self.id, wanted, STAFF).await?;
            self.position = self.position.max(answer.position());
        }
        let now = self.app.now();
        match body.status {
            None => {}
            Some(Wanted::Confirmed) => {
                let command = BookingCommand::Confirm { now };
                let done = run(self.app, &self.part("status"), self.id, command).await?;
                self.position = self.position.max(Some(done.position));
            }
            Some(Wanted::Cancelled) => {
                let (context, why) = (self.part("status"), body.reason.clone());
                let answer = changes::cancel(self.app, &context, self.id, why).await?;
                self.position = self.position.max(answer.position());
            }
        }
        if body.send_reminder { self.remind().await } else { Ok(false) }
    }

    /// Whoever does not expect anybody is not reminded.
    async fn remind(&mut self) -> Result<bool, Problem> {
        let booking = known(self.app, self.context.org, self.id).await?;
        let (starts_at, now) = (booking.placement.window.starts_at, self.app.now());
        let command = BookingCommand::Remind { starts_at, now };
        let done = run(self.app, &self.part("reminder"), self.id, command).await?;
        self.position = self.position.max(Some(done.position));
        Ok(booking.status == Status::Confirmed && starts_at > now)
    }
}
