//! Work on site: an order is a visit, as whoever is there calls it.

pub(super) mod checklist;
mod checklists;
mod extras;
mod reasons;
mod templates;
pub(super) mod time;

use commands::Context;
use domain::access::Permission;
use domain::id::{BookingId, OrgId};
use domain::scheduling::booking::{Booking, BookingCommand, BookingError, Details};
use domain::scheduling::checklist::run::Checklist;
use domain::settings::feature::Feature;
use serde_json::Value;

use crate::problem::Problem;
use crate::route::{Routes, Rule, staff};
use crate::state::App;

const VIEW: &[Permission] = &[Permission::BookingsView];

/// Whoever sends people out, and whoever is on site.
const WORK: &[Permission] = &[Permission::BookingsStatus, Permission::BookingsAssign];

/// Whoever decides how things are done here.
const SETUP: &[Permission] = &[Permission::SettingsManage];

pub(super) fn routes() -> Routes {
    Routes::default()
        .merge(extras::routes())
        .merge(reasons::routes())
        .merge(time::routes())
        .merge(checklist::routes())
        .merge(templates::routes())
        .merge(checklists::routes())
}

const fn scheduling(permissions: &'static [Permission]) -> Rule {
    staff(permissions).feature(Feature::Schedule)
}

/// A visit as it is now, and its version.
async fn known(app: &App, org: OrgId, id: BookingId) -> Result<(Details, i32), Problem> {
    let found = app.bus.load::<Booking>(org, &id.to_string()).await?;
    let known = found.state.details().cloned();
    let known = known.ok_or_else(|| Problem::refused(&BookingError::NotFound))?;
    Ok((known, found.version))
}

/// Whether something on the checklist of a visit is left to do that must be done before it is.
pub(super) async fn checklist_open(app: &App, org: OrgId, id: BookingId) -> Result<bool, Problem> {
    if !app.prices.of(app, org).await?.book.policies.work.checklist_required {
        return Ok(false);
    }
    let found = app.bus.load::<Checklist>(org, &id.to_string()).await?;
    Ok(found.state.is_open())
}

/// Carries out on the visit what follows from something else.
pub(super) async fn follow(
    app: &App,
    ctx: &Context,
    id: BookingId,
    command: BookingCommand,
) -> Result<(), commands::CommandError<BookingError>> {
    let context = Context {
        request: commands::RequestKey::fresh(),
        expected_version: None,
        beside: Vec::new(),
        ..ctx.clone()
    };
    app.bus.execute(&context, &id.to_string(), command, |_: &Booking| Value::Null).await?;
    Ok(())
}
