//! The plan of the organisation: what it is, how much of it is used, and holding commands to it.

mod account;
mod usage;

use chrono::{DateTime, NaiveDate, Utc};
use commands::{Beside, CommandBus, CommandError, LoadError};
use domain::billing::account::Account;
use domain::billing::plan::{Counted, Limits, OverLimit};
use domain::id::OrgId;
use serde_json::json;

use crate::problem::Problem;
use crate::route::Routes;
use crate::state::App;

/// How the database says that the plan does not allow a command.
const OVER_LIMIT: &str = "PL402";

pub(crate) fn routes() -> Routes {
    Routes::default().merge(account::routes()).merge(usage::routes())
}

/// What the plan of `org` allows now.
pub(crate) async fn limits(bus: &CommandBus, org: OrgId) -> Result<Limits, LoadError> {
    let account = bus.load::<Account>(org, &org.to_string()).await?.state;
    Ok(account.effective_plan().limits())
}

/// Goes beside the events of a command that makes a worker active, and undoes it if there are then too many.
pub(crate) async fn hold_workers(app: &App, org: OrgId) -> Result<Beside, Problem> {
    let limit = limits(&app.bus, org).await?.of(Counted::Workers);
    let counted: &str = Counted::Workers.into();
    Ok(Beside(json!({ "do": "plan.hold_workers", "counted": counted, "limit": limit })))
}

/// Goes beside the events of a command that makes a booking, and undoes it if there are then too many in the month.
pub(crate) async fn add_booking(
    bus: &CommandBus,
    org: OrgId,
    now: DateTime<Utc>,
) -> Result<Beside, LoadError> {
    let limit = limits(bus, org).await?.of(Counted::Bookings);
    let (counted, month): (&str, _) = (Counted::Bookings.into(), usage::month(now));
    Ok(Beside(json!({
        "do": "plan.add", "counted": counted, "month": month, "more": 1, "limit": limit,
    })))
}

/// Goes beside the events of a command that takes in `bytes` to keep, and undoes it if there are then too many.
pub(crate) async fn add_bytes(
    bus: &CommandBus,
    org: OrgId,
    bytes: i64,
) -> Result<Beside, LoadError> {
    let limit = limits(bus, org).await?.of(Counted::StorageBytes);
    let counted: &str = Counted::StorageBytes.into();
    // What is kept is kept in every month alike.
    Ok(Beside(json!({
        "do": "plan.add", "counted": counted, "month": NaiveDate::default(), "more": bytes, "limit": limit,
    })))
}

/// What to answer when a command was not carried out that `counted` was held to.
pub(crate) fn over_limit<E>(error: CommandError<E>, counted: Counted) -> Problem
where
    Problem: From<CommandError<E>>,
{
    if is_over_limit(&error) { Problem::refused(&OverLimit::from(counted)) } else { error.into() }
}

/// Whether the plan was what stood against it.
pub(crate) fn is_over_limit<E>(error: &CommandError<E>) -> bool {
    matches!(error, CommandError::RolledBack { code } if code == OVER_LIMIT)
}
