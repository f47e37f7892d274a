//! `POST /v1/admin/subscriptions/run`: books now what would be booked by itself.

use axum::extract::State;
use chrono::Days;
use domain::policy::VISITS_AHEAD;
use projections::scheduling::subscription_list::{self, SubscriptionList};
use projections::{Projection, tenant};
use serde_json::{Value, json};
use utoipa_axum::routes;

use super::super::occurrences::Outcome;
use super::{ADMIN, scheduling};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::{Key, Routes};
use crate::state::AppState;

/// Of one request; the rest is booked by the next, or by itself.
const MOST: i64 = 100;

pub(super) fn routes() -> Routes {
    // Whatever is booked is not booked again: a repetition needs no key.
    let run = scheduling(ADMIN).action("subscription.run").key(Key::Ignored);
    Routes::default().add(routes!(run_subscriptions), run)
}

/// Book the visits of the coming week now, up to 100; repeating it books nothing twice
#[utoipa::path(
    post,
    path = "/v1/admin/subscriptions/run",
    tag = "scheduling",
    responses((status = 200, description = "`days` says what became of each; one that failed concerns no other and is tried again by itself", content_type = "application/json", example = json!({
        "processed": 2, "created_orders": 1, "days": [
            { "subscription_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "date": "2030-03-04", "outcome": "booked", "booking_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2e", "reason": null },
            { "subscription_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2f", "date": "2030-03-04", "outcome": "skipped", "booking_id": null, "reason": "slot_taken" }
        ]
    })))
)]
async fn run_subscriptions(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let (context, org) = (request.context(&caller), caller.org());
    let today = app.today(org).await?;
    let ahead = u64::try_from(VISITS_AHEAD.num_days()).unwrap_or_default();
    let until = today.checked_add_days(Days::new(ahead)).unwrap_or(today);
    fresh.reach(&app, org, &[SubscriptionList::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let due = subscription_list::due(&mut tx, org, until, MOST).await?;
    drop(tx);
    let (mut days, mut created) = (Vec::with_capacity(due.len()), 0);
    for (id, date) in due {
        let (outcome, booking, reason) = match app.occurrences.book(&context, id, date).await {
            Ok(Outcome::Booked(booking)) => {
                created += 1;
                ("booked", Some(booking), Value::Null)
            }
            Ok(Outcome::Skipped(reason)) => ("skipped", None, json!(reason)),
            Ok(Outcome::Settled) => continue,
            Err(error) => {
                tracing::warn!(subscription = %id, %date, %error, "a visit is not booked");
                ("failed", None, "unavailable".into())
            }
        };
        days.push(json!({
            "subscription_id": id, "date": date, "outcome": outcome, "booking_id": booking, "reason": reason,
        }));
    }
    Answer::json(&json!({ "processed": days.len(), "created_orders": created, "days": days }))
}
