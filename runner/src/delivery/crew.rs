//! Whoever was archived is taken off the visits that are to come, one after the other. Visits that were stay as they were.

use chrono::SubsecRound as _;
use commands::{CommandError, Context, RequestKey};
use domain::id::{BookingId, OrgId, WorkerId};
use domain::people::worker::Worker;
use domain::recorded::Actor;
use domain::scheduling::booking::{Booking, BookingCommand};
use projections::scheduling::booking_list::{BookingList, crew};
use projections::{Projection, engine, tenant};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

use super::{Attempt, Delivery, Due, SOON};

/// Who does this, as the log calls them.
const SYSTEM: &str = "crews";

/// Visits looked for at once.
const BATCH: i64 = 200;

/// Who was archived.
#[derive(Deserialize)]
struct Cleared {
    worker_id: WorkerId,
}

impl Delivery {
    /// Takes them off every visit, once all visits are known. Whoever was reinstated meanwhile stays.
    pub(super) async fn clear_crews(&self, effect: &Due) -> Result<Attempt, sqlx::Error> {
        let Ok(Cleared { worker_id }) = serde_json::from_value::<Cleared>(effect.payload.clone())
        else {
            return Ok(Attempt::Permanent("the effect says too little".to_owned()));
        };
        let (org, now) = (OrgId::from(effect.org_id), (self.clock)().trunc_subsecs(6));
        let names = [BookingList::NAME];
        let known = engine::wait_for(&self.db, org, &names, effect.cause, Instant::now());
        if known.await? != engine::Waited::Reached {
            return Ok(Attempt::Postponed(now + SOON));
        }
        let worker = match self.bus.load::<Worker>(org, &worker_id.to_string()).await {
            Ok(worker) => worker.state,
            Err(error) => return Ok(Attempt::Temporary(error.to_string())),
        };
        if worker.details().is_some_and(|worker| worker.archived_at.is_none()) {
            return Ok(Attempt::Suppressed("reinstated"));
        }
        let mut tx = tenant::begin(&self.db, org).await?;
        let visits = crew::to_come(&mut tx, org, worker_id, (now, BATCH)).await?;
        drop(tx);
        let more = i64::try_from(visits.len()).is_ok_and(|count| count == BATCH);
        for booking in visits {
            let command = BookingCommand::Release { worker: worker_id, now };
            if let Err(why) = self.release(effect, booking, command).await {
                return Ok(Attempt::Temporary(why));
            }
        }
        // The rest is found when the list shows what was done here.
        Ok(if more { Attempt::Postponed(now + SOON) } else { Attempt::Delivered })
    }

    async fn release(
        &self,
        effect: &Due,
        booking: BookingId,
        command: BookingCommand,
    ) -> Result<(), String> {
        let org = OrgId::from(effect.org_id);
        let key = format!("{}:{booking}", effect.effect_id);
        let system = || "system".to_owned();
        let context = Context {
            org,
            actor: Actor { kind: system(), id: SYSTEM.to_owned(), role: system() },
            request_id: format!("effect-{}", effect.effect_id),
            correlation_id: effect.correlation_id.clone(),
            causation_id: Some(effect.cause.to_string()),
            reason: None,
            action: None,
            via: None,
            request: RequestKey::of(org, SYSTEM, &key, [0; 32]),
            expected_version: None,
            beside: Vec::new(),
            recorded_at: None,
        };
        let nothing = |_: &Booking| Value::Null;
        match self.bus.execute(&context, &booking.to_string(), command, nothing).await {
            // What was settled meanwhile is settled, and of whom nobody knows any more nothing is said.
            Ok(_) | Err(CommandError::Refused(_) | CommandError::SubjectErased) => Ok(()),
            Err(error) => Err(format!("not released: {error}")),
        }
    }
}
