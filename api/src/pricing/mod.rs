//! Prices and terms: what holds, how it is changed, and what everybody may know of it.

mod addons;
mod known;
mod policies;
mod price_book;
mod public;
mod services;
mod settings;
mod versions;

use commands::Done;
use domain::access::Permission;
use domain::id::OrgId;
use domain::pricing::price_book::{Edit, PriceBook, PriceBookCommand};
use serde_json::Value;

pub(crate) use self::known::{InForce, Known};
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::App;

/// Whoever sees the application sees what is charged.
const READ: &[Permission] = &[Permission::CoreView];
const PRICING: &[Permission] = &[Permission::PricingManage];
const POLICIES: &[Permission] = &[Permission::PoliciesManage];

pub(crate) fn routes() -> Routes {
    Routes::default()
        .merge(public::routes())
        .merge(services::routes())
        .merge(addons::routes())
        .merge(settings::routes())
        .merge(policies::routes())
        .merge(price_book::routes())
        .merge(versions::routes())
}

/// The book of an organisation with its draft, and its version.
async fn book(app: &App, org: OrgId) -> Result<(PriceBook, i32), Problem> {
    let loaded = app.bus.load::<PriceBook>(org, &org.to_string()).await?;
    Ok((loaded.state, loaded.version))
}

/// Makes a change; `answer` is asked about the book after it.
async fn edit(
    app: &App,
    (caller, request): (&Caller, &CommandRequest),
    edit: Edit,
    answer: impl Fn(&PriceBook) -> Value + Send,
) -> Result<Done, Problem> {
    let command = PriceBookCommand::Edit { edit, now: app.now() };
    run(app, (caller, request), command, answer).await
}

async fn run(
    app: &App,
    (caller, request): (&Caller, &CommandRequest),
    command: PriceBookCommand,
    answer: impl Fn(&PriceBook) -> Value + Send,
) -> Result<Done, Problem> {
    let (context, org) = (request.context(caller), caller.org());
    let done = app.bus.execute(&context, &org.to_string(), command, answer).await?;
    app.prices.changed(app, org).await;
    Ok(done)
}
