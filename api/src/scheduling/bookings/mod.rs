//! Visits: asked for by anybody, everything else by staff.

pub(super) mod addons;
mod bulk;
mod changes;
mod client;
mod create;
mod customer;
mod deposit;
mod detail;
mod free;
mod list;
mod own;
mod placing;
mod portal;
mod public;
mod returned;
mod terms;

use commands::{CommandError, Context, Done};
use domain::access::Permission;
use domain::id::{BookingId, OrgId};
use domain::scheduling::booking::{Booking, BookingCommand, BookingError, Details, view};
use serde_json::Value;

pub(super) use self::changes::cancel;
pub(super) use self::placing::{Placing, STAFF, place};
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::App;

const VIEW: &[Permission] = &[Permission::BookingsView];
const EDIT: &[Permission] = &[Permission::BookingsEdit];

pub(super) fn routes() -> Routes {
    Routes::default()
        .merge(public::routes())
        .merge(create::routes())
        .merge(list::routes())
        .merge(detail::routes())
        .merge(placing::routes())
        .merge(changes::routes())
        .merge(bulk::routes())
        .merge(terms::routes())
        .merge(client::routes())
        .merge(deposit::routes())
        .merge(returned::routes())
        .merge(own::routes())
        .merge(portal::routes())
}

/// Carries out a command on a booking; the answer is the booking.
pub(super) async fn run(
    app: &App,
    context: &Context,
    id: BookingId,
    command: BookingCommand,
) -> Result<Done, CommandError<BookingError>> {
    app.bus.execute(context, &id.to_string(), command, shown).await
}

/// From the aggregate alone: a command asks nothing of the read side.
fn shown(booking: &Booking) -> Value {
    let mut shown = booking.details().map_or(Value::Null, view::booking);
    domain::personal::reveal(&mut shown);
    shown
}

/// A booking as it is now.
pub(crate) async fn known(app: &App, org: OrgId, id: BookingId) -> Result<Details, Problem> {
    Ok(known_at(app, org, id).await?.0)
}

/// A booking as it is now, and its version, for whoever decides on what is there.
pub(crate) async fn known_at(
    app: &App,
    org: OrgId,
    id: BookingId,
) -> Result<(Details, i32), Problem> {
    let found = app.bus.load::<Booking>(org, &id.to_string()).await?;
    let known = found.state.details().cloned();
    Ok((known.ok_or_else(|| Problem::refused(&BookingError::NotFound))?, found.version))
}
