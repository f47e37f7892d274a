//! Visits as workers have them at their portal: those they go to, and what they do there.

mod announcements;
mod checklist;
mod disputes;
mod extras;
mod list;
mod photos;
mod record;
mod work;

use domain::id::{BookingId, WorkerId};
use domain::scheduling::booking::{Booking, BookingError, Details};
use domain::scheduling::team::Team;
use domain::settings::feature::Feature;

use crate::identity::PortalCaller;
use crate::problem::Problem;
use crate::route::{Routes, Rule, worker};
use crate::state::App;

pub(super) fn routes() -> Routes {
    Routes::default()
        .merge(list::routes())
        .merge(record::routes())
        .merge(work::routes())
        .merge(extras::routes())
        .merge(checklist::routes())
        .merge(disputes::routes())
        .merge(photos::routes())
        .merge(announcements::routes())
}

const fn at_work() -> Rule {
    worker().feature(Feature::Schedule)
}

/// Who this is; nobody in particular at the login that a team shares.
fn me(caller: &PortalCaller) -> Option<WorkerId> {
    (!caller.is_shared).then(|| caller.holder.into())
}

/// A visit that they go to, and its version. Others are answered as ones that do not exist.
async fn job(app: &App, caller: &PortalCaller, id: BookingId) -> Result<(Details, i32), Problem> {
    let found = app.bus.load::<Booking>(caller.org, &id.to_string()).await?;
    let nothing = || Problem::refused(&BookingError::NotFound);
    let booking = found.state.details().cloned().ok_or_else(nothing)?;
    let goes = match me(caller) {
        Some(worker) => booking.placement.crew.contains(&worker),
        None => is_of_team(app, caller, &booking).await?,
    };
    if goes { Ok((booking, found.version)) } else { Err(nothing()) }
}

async fn is_of_team(app: &App, caller: &PortalCaller, booking: &Details) -> Result<bool, Problem> {
    let team = booking.placement.team.to_string();
    let found = app.bus.load::<Team>(caller.org, &team).await?;
    Ok(found.state.details().map(|team| team.number) == caller.team)
}
