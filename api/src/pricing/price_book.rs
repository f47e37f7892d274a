//! The draft of the price book: opened, published, discarded.

use axum::extract::State;
use domain::pricing::price_book::{PriceBook, PriceBookCommand};
use domain::settings::feature::Feature;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa_axum::routes;

use super::{PRICING, READ, book, run};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::AppState;

/// Where publishing is also asked for by older clients.
const PUBLISH: &str = "/v1/admin/price-book/publish";

pub(super) fn routes() -> Routes {
    let manage = staff(PRICING).feature(Feature::Pricing);
    Routes::default()
        .add(routes!(show_price_book), staff(READ).feature(Feature::Pricing))
        .add(routes!(open_draft), manage.action("price_book.draft"))
        .add(routes!(discard_draft), manage.action("price_book.discard"))
        .add(routes!(publish), manage.action("price_book.publish"))
        .add(routes!(reload_pricing), manage.action("price_book.publish").alias_of(PUBLISH))
}

fn shown(book: &PriceBook) -> Value {
    let prices = book.prices();
    json!({
        "version": book.version,
        "price_book": prices.name(),
        "config_hash": prices.hash(),
        "published_at": book.published_at,
        "has_draft": book.draft.is_some(),
        "differs": book.draft.as_ref().is_some_and(|draft| *draft != book.published),
    })
}

/// Which version of the price book holds, and whether a draft is open
#[utoipa::path(
    get,
    path = "/v1/admin/price-book",
    tag = "pricing",
    responses((status = 200, description = "`version` 0 is the built-in book", content_type = "application/json", example = json!({
        "version": 2, "price_book": "price-book/v2", "config_hash": "sha256:…", "published_at": "2026-11-20T17:00:00Z",
        "has_draft": true, "differs": true
    })))
)]
async fn show_price_book(State(app): State<AppState>, caller: Caller) -> Result<Answer, Problem> {
    let (book, version) = book(&app, caller.org()).await?;
    Ok(Answer::json(&shown(&book))?.version(version))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Collect changes from now on, instead of publishing each
#[utoipa::path(
    post,
    path = "/v1/admin/price-book/draft",
    tag = "pricing",
    responses((status = 200, description = "The price book", content_type = "application/json"))
)]
async fn open_draft(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let Nothing {} = request.body()?;
    let command = PriceBookCommand::OpenDraft { now: app.now() };
    Ok(Answer::done(&run(&app, (&caller, &request), command, shown).await?))
}

/// Forget what was collected
#[utoipa::path(
    delete,
    path = "/v1/admin/price-book/draft",
    tag = "pricing",
    responses((status = 200, description = "The price book", content_type = "application/json"))
)]
async fn discard_draft(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let command = PriceBookCommand::DiscardDraft { now: app.now() };
    Ok(Answer::done(&run(&app, (&caller, &request), command, shown).await?))
}

/// Let what was collected hold from now on, as a new version
#[utoipa::path(
    post,
    path = "/v1/admin/price-book/publish",
    tag = "pricing",
    responses((status = 200, description = "The price book", content_type = "application/json"))
)]
async fn publish(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let Nothing {} = request.body()?;
    let command = PriceBookCommand::Publish { now: app.now() };
    Ok(Answer::done(&run(&app, (&caller, &request), command, shown).await?))
}

/// Let what was collected hold from now on, for older clients
#[utoipa::path(
    post,
    path = "/v1/admin/pricing/reload",
    tag = "pricing",
    responses((status = 202, description = "The price book", content_type = "application/json"))
)]
async fn reload_pricing(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let Nothing {} = request.body()?;
    let command = PriceBookCommand::Publish { now: app.now() };
    Ok(Answer::done(&run(&app, (&caller, &request), command, shown).await?).accepted())
}
