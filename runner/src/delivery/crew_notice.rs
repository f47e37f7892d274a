//! What workers are told about their visits.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use domain::id::{BookingId, OrgId, WorkerId};
use domain::personal::PLACEHOLDER;
use domain::policy::CrewNews;
use domain::scheduling::booking::{Booking, Details, Status};
use projections::people::worker_list::WorkerList;
use projections::{Projection, engine, tenant};
use serde::Deserialize;
use tokio::time::Instant;

use super::email::Letter;
use super::notice::worker;
use super::visit::when;
use super::{Attempt, Delivery, Due, SOON};

/// So long after the beginning of a visit it helps to know that nobody goes there.
const ON_THE_WAY: TimeDelta = TimeDelta::hours(1);

/// What the effect says; the rest is looked up when it is sent.
#[derive(Deserialize)]
struct Ordered {
    booking_id: BookingId,
    worker_id: WorkerId,
    news: CrewNews,
    /// When the visit is or was, where its own time is not meant.
    starts_at: Option<DateTime<Utc>>,
}

impl Delivery {
    /// Writes to the worker, unless it is not so any more or they are not here any more. It names no customer: that is at the
    /// portal.
    pub(super) async fn crew_notice(&self, effect: &Due) -> Result<Attempt, sqlx::Error> {
        let Ok(ordered) = Ordered::deserialize(&effect.payload) else {
            return Ok(Attempt::Permanent("the effect says too little".to_owned()));
        };
        if !self.email.is_on() {
            return Ok(Attempt::Suppressed("email_off"));
        }
        let (org, now) = (OrgId::from(effect.org_id), (self.clock)());
        let found = match self.bus.load::<Booking>(org, &ordered.booking_id.to_string()).await {
            Ok(found) => found.state,
            Err(error) => return Ok(Attempt::Temporary(error.to_string())),
        };
        let Some(visit) = found.details() else {
            return Ok(Attempt::Permanent("there is no such visit".to_owned()));
        };
        if let Some(why) = needless(&ordered, visit, now) {
            return Ok(Attempt::Suppressed(why));
        }
        let known =
            engine::wait_for(&self.db, org, &[WorkerList::NAME], effect.cause, Instant::now());
        if known.await? != engine::Waited::Reached {
            return Ok(Attempt::Postponed(now + SOON));
        }
        let mut tx = tenant::begin(&self.db, org).await?;
        // Whoever was archived is not told where to go.
        let found = worker(&mut tx, org, ordered.worker_id, Some(false)).await?;
        drop(tx);
        let Some((name, address)) = found else {
            return Ok(Attempt::Suppressed("not_here_any_more"));
        };
        if name == PLACEHOLDER {
            return Ok(Attempt::Suppressed("subject_erased"));
        }
        let Some(address) = address else { return Ok(Attempt::Suppressed("no_email_address")) };
        let starts_at = ordered.starts_at.unwrap_or(visit.placement.window.starts_at);
        let zone = self.zone(org).await?;
        let (subject, text) = words(ordered.news, &name, (starts_at, zone));
        Ok(self.email.send(effect.effect_id, Letter { name, address, subject, text }).await)
    }
}

/// Why nobody has to be told that any more.
fn needless(ordered: &Ordered, visit: &Details, now: DateTime<Utc>) -> Option<&'static str> {
    let Ordered { worker_id, news, starts_at, .. } = ordered;
    let begins = visit.placement.window.starts_at;
    // Whoever is on the way turns back for a while yet.
    let late = if *news == CrewNews::Cancelled { ON_THE_WAY } else { TimeDelta::zero() };
    if starts_at.unwrap_or(begins) + late <= now {
        return Some("too_late");
    }
    let goes = visit.placement.crew.contains(worker_id);
    let is_to_come = matches!(visit.status, Status::Pending | Status::Confirmed);
    match news {
        CrewNews::Assigned | CrewNews::Moved if !is_to_come => Some("nobody_goes"),
        CrewNews::Assigned | CrewNews::Moved if !goes => Some("others_go"),
        // Another letter says where it was moved after that.
        CrewNews::Moved if *starts_at != Some(begins) => Some("moved_again"),
        // Another letter says that they go there after all.
        CrewNews::Removed if goes && is_to_come => Some("back_again"),
        CrewNews::Cancelled if is_to_come => Some("not_cancelled"),
        _ => None,
    }
}

fn words(
    news: CrewNews,
    name: &str,
    (starts_at, zone): (DateTime<Utc>, Tz),
) -> (&'static str, String) {
    let when = when(starts_at, zone);
    let (subject, said) = match news {
        CrewNews::Assigned => ("A new visit for you", "you go to a visit"),
        CrewNews::Moved => {
            ("A visit of yours is at another time", "a visit of yours is at a new time")
        }
        CrewNews::Removed => ("A visit less for you", "you do not go to this visit any more"),
        CrewNews::Cancelled => {
            ("A visit of yours is cancelled", "nobody goes to this visit any more")
        }
    };
    let text = format!("Hello {name},\n\n{said}: {when}.\n\nAll about it is at your portal.\n");
    (subject, text)
}
