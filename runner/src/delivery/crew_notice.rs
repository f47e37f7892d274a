//! What workers are told about their visits.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use domain::id::{BookingId, OrgId, WorkerId};
use domain::personal::PLACEHOLDER;
use domain::policy::CrewNews;
use projections::people::worker_list::{self, WorkerList};
use projections::scheduling::booking_list::{self, Addressee, BookingList};
use projections::{Projection, engine, tenant};
use serde::Deserialize;
use tokio::time::Instant;

use super::email::Letter;
use super::{Attempt, Delivery, Due, SOON};

/// What the effect says; the rest is looked up when it is sent.
#[derive(Deserialize)]
struct Ordered {
    booking_id: BookingId,
    worker_id: WorkerId,
    news: CrewNews,
}

impl Delivery {
    /// Writes to the worker, unless the visit is over or they are not here any more. It names no customer: that is at the portal.
    pub(super) async fn crew_notice(&self, effect: &Due) -> Result<Attempt, sqlx::Error> {
        let Ok(Ordered { booking_id, worker_id, news }) = Ordered::deserialize(&effect.payload)
        else {
            return Ok(Attempt::Permanent("the effect says too little".to_owned()));
        };
        if !self.email.is_on() {
            return Ok(Attempt::Suppressed("email_off"));
        }
        let (org, now) = (OrgId::from(effect.org_id), (self.clock)());
        let names = [BookingList::NAME, WorkerList::NAME];
        let known = engine::wait_for(&self.db, org, &names, effect.cause, Instant::now());
        if known.await? != engine::Waited::Reached {
            return Ok(Attempt::Postponed(now + SOON));
        }
        let mut tx = tenant::begin(&self.db, org).await?;
        let visit = booking_list::addressee(&mut tx, org, booking_id).await?;
        let query = Some(worker_id.to_string());
        let filter = worker_list::Filter { query, ..worker_list::Filter::default() };
        let worker = worker_list::page(&mut tx, org, &filter, None, 1).await?.into_iter().next();
        drop(tx);
        let Some(Addressee { starts_at, .. }) = visit else {
            return Ok(Attempt::Temporary("the booking is not listed yet".to_owned()));
        };
        // Whoever was archived is not told where to go.
        let Some(worker) = worker else { return Ok(Attempt::Suppressed("not_here_any_more")) };
        if worker.name == PLACEHOLDER {
            return Ok(Attempt::Suppressed("subject_erased"));
        }
        let Some(address) = worker.email else {
            return Ok(Attempt::Suppressed("no_email_address"));
        };
        if starts_at <= now {
            return Ok(Attempt::Suppressed("too_late"));
        }
        let (subject, text) = words(news, &worker.name, (starts_at, self.zone(org).await?));
        let letter = Letter { name: worker.name, address, subject, text };
        Ok(self.email.send(effect.effect_id, letter).await)
    }
}

fn words(
    news: CrewNews,
    name: &str,
    (starts_at, zone): (DateTime<Utc>, Tz),
) -> (&'static str, String) {
    let when = starts_at.with_timezone(&zone).format("%A, %-d %B %Y at %H:%M");
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
