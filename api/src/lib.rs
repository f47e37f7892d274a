//! HTTP: reads a request, asks the write side or the read side, answers.

mod answer;
mod audit;
mod billing;
mod caller;
mod captcha;
mod checkpoints;
pub mod circuit;
mod command;
mod cookies;
mod cursor;
mod customers;
mod dashboard;
mod edge;
mod effects;
mod estimate;
mod events;
mod extract;
mod finance;
mod freshness;
mod health;
mod history;
mod identity;
mod invoicing;
mod jobs;
mod json;
mod leads;
mod limits;
mod metrics;
mod monitors;
mod openapi;
mod organisation;
mod payments;
mod people;
mod pricing;
mod problem;
mod proxies;
mod rate;
mod reports;
mod request;
mod route;
mod scheduling;
mod search;
mod serve;
mod session;
mod settings;
mod state;
mod subjects;
mod table;
mod trace;
mod unread;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;

pub use self::audit::ClientAddress;
pub use self::captcha::CaptchaOptions;
pub use self::edge::{Cors, EdgeOptions, OriginError};
pub use self::health::{Backup, Health, Revision, answer as monitored, watch_lag};
pub use self::identity::{
    BasicPair, LinkError, Links, Lives, Lockout, Made, PasswordCost, PortalPolicy, SharedLogin,
    StaffPolicy, TokenKeyError, Tokens, Wanted,
};
pub use self::invoicing::{FeeInvoices, InvoiceLinks, Reminders};
pub use self::limits::Limits;
pub use self::metrics::{Scrape, install_recorder};
pub use self::monitors::{Monitors, monitoring};
pub use self::payments::{
    PaymentInbox, PaymentOptions, PaymentProcess, ProcessError, Stripe, StripeError, StripeOptions,
};
pub use self::proxies::Proxies;
pub use self::rate::{PerMinute, RateLimiter, RateOptions, Redis, RedisUrlError};
pub use self::route::Declared;
pub use self::scheduling::{OccurrenceError, Occurrences, Outcome, PhotoOptions, Photos};
pub use self::serve::serve;
pub use self::settings::{Email, Entry, Flag, Installation};
pub use self::state::{App, AppState, Clock, Options};

use self::problem::{Code, Problem};
use self::route::Routes;

/// Every route, one module per resource.
pub fn router(state: AppState) -> Router {
    let router = routes().into_router(&state);
    let router = if state.docs { router.merge(openapi::routes()) } else { router };
    router
        .fallback(route::unknown)
        .method_not_allowed_fallback(async || Problem::new(Code::MethodNotAllowed))
        .layer(DefaultBodyLimit::max(state.edge.room.limits.body))
        .layer(from_fn_with_state(Arc::clone(&state), settings::tell_zone))
        .layer(from_fn_with_state(Arc::clone(&state), audit::around))
        .layer(from_fn_with_state(Arc::clone(&state.edge), edge::edge))
        .with_state(state)
}

/// The OpenAPI document of this build.
pub fn document() -> serde_json::Value {
    openapi::document(&routes().into_openapi(), &declared())
}

/// What every route asks of its callers.
pub fn declared() -> Vec<Declared> {
    routes().declared()
}

fn routes() -> Routes {
    Routes::default()
        .merge(health::routes())
        .merge(problem::routes())
        .merge(session::routes())
        .merge(identity::routes())
        .merge(settings::routes())
        .merge(estimate::routes())
        .merge(pricing::routes())
        .merge(leads::routes())
        .merge(billing::routes())
        .merge(people::routes())
        .merge(customers::routes())
        .merge(scheduling::routes())
        .merge(search::routes())
        .merge(dashboard::routes())
        .merge(invoicing::routes())
        .merge(payments::routes())
        .merge(reports::routes())
        .merge(finance::routes())
        .merge(audit::routes())
        .merge(subjects::routes())
        .merge(history::routes())
        .merge(events::routes())
        .merge(checkpoints::routes())
        .merge(effects::routes())
        .merge(jobs::routes())
}
