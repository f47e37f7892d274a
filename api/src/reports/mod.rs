//! Reports: figures over time, each from named facts, as of now or of any moment before, with the rows and events behind it.
//!
//! A day is one on the clock of the organisation, and a figure belongs to the day on which what it counts happened: what is
//! told late corrects the day it belongs to. An answer says up to which position of the log it knows; asked as of that
//! position again, it is the same.

mod addons;
mod asked;
mod clients;
mod cohorts;
mod explain;
mod financial_summary;
mod funnel;
mod geo;
mod metrics;
mod periods;
mod pnl;
mod receivables;
mod report;
mod revenue;
mod selling;
mod then;
mod time;
mod utilisation;

use domain::access::Permission;
use domain::settings::feature::Feature;

use crate::route::{Routes, Rule, staff};

const FINANCE: &[Permission] = &[Permission::FinanceView];
const ADMIN: &[Permission] = &[Permission::AdminManage];
const SETTINGS: &[Permission] = &[Permission::SettingsManage];

/// What says nothing about money, or about single customers.
const REPORTS: &[Permission] = &[Permission::FinanceView, Permission::ReportsView];

pub(crate) fn routes() -> Routes {
    Routes::default()
        .merge(revenue::routes())
        .merge(receivables::routes())
        .merge(pnl::routes())
        .merge(utilisation::routes())
        .merge(funnel::routes())
        .merge(selling::routes())
        .merge(cohorts::routes())
        .merge(clients::routes())
        .merge(geo::routes())
        .merge(metrics::routes())
        .merge(financial_summary::routes())
        .merge(addons::routes())
}

/// Every report can be taken out as a table, and that it was read is noted.
const fn report(permissions: &'static [Permission], feature: Feature) -> Rule {
    staff(permissions).feature(feature).leaves("report.read")
}
