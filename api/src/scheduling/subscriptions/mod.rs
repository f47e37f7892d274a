//! Subscriptions: begun, found, changed, and their visits booked.

mod begin;
mod changes;
mod list;
mod own;
mod run;

use chrono_tz::Tz;
use domain::access::Permission;
use domain::id::{OrgId, SubscriptionId};
use domain::scheduling::subscription::{Details, Status, Subscription, SubscriptionError};
use domain::settings::feature::Feature;
use serde_json::{Value, json};

use super::occurrences;
use crate::problem::Problem;
use crate::route::{Routes, Rule, staff};
use crate::state::App;

const VIEW: &[Permission] = &[Permission::BookingsView];
const EDIT: &[Permission] = &[Permission::BookingsEdit];
const ADMIN: &[Permission] = &[Permission::AdminManage];

pub(super) fn routes() -> Routes {
    Routes::default()
        .merge(begin::routes())
        .merge(list::routes())
        .merge(changes::routes())
        .merge(run::routes())
        .merge(own::routes())
}

const fn scheduling(permissions: &'static [Permission]) -> Rule {
    staff(permissions).feature(Feature::Schedule)
}

/// A subscription as clients read it; words about it are sealed or open as they are in `it`.
fn shown(it: &Details, zone: Tz) -> Value {
    let next = (it.status != Status::Canceled).then_some(it.next_run);
    let mut shown = json!({
        "subscription_id": it.subscription_id,
        "client_id": it.client,
        "status": it.status,
        "status_reason": it.status_reason,
        "frequency": it.plan.frequency,
        "start_date": it.plan.start_date,
        "preferred_weekday": it.plan.preferred_weekday,
        "preferred_day_of_month": it.plan.preferred_day_of_month,
        "base_service_type": it.plan.base_service_type,
        "base_price": it.price_cents,
        "price_book": it.price_book,
        "next_run": next,
        "next_run_at": next.map(|date| occurrences::starts_at(date, zone)),
        "created_at": it.created_at,
    });
    domain::personal::reveal(&mut shown);
    shown
}

/// A subscription as it is now, and its version.
async fn known(app: &App, org: OrgId, id: SubscriptionId) -> Result<(Details, i32), Problem> {
    let found = app.bus.load::<Subscription>(org, &id.to_string()).await?;
    let known = found.state.details().cloned();
    let known = known.ok_or_else(|| Problem::refused(&SubscriptionError::NotFound))?;
    Ok((known, found.version))
}
