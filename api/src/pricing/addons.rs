//! Extras that can be had with any visit.

use axum::extract::State;
use domain::id::AddonId;
use domain::pricing::catalogue::{Addon, AddonChange};
use domain::pricing::price_book::{Edit, PriceBook};
use domain::settings::feature::Feature;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::services::PageQuery;
use super::{PRICING, READ, book, edit};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::cursor::{continued, part};
use crate::extract::{Parameters, Path, limit};
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::AppState;

/// Extras on a page at most.
const PAGE: i64 = 100;

pub(super) fn routes() -> Routes {
    let manage = staff(PRICING).feature(Feature::Pricing);
    Routes::default()
        .add(routes!(list_addons), staff(READ).feature(Feature::Pricing))
        .add(routes!(create_addon), manage.action("addon.create"))
        .add(routes!(change_addon), manage.action("addon.update"))
}

pub(super) fn shown(addon: &Addon) -> Value {
    json!(addon)
}

fn addon_of(book: &PriceBook, id: AddonId) -> Value {
    book.edited().addon(id).map_or(Value::Null, shown)
}

/// Extras in the order in which they were made, those of the draft if one is open
#[utoipa::path(
    get,
    path = "/v1/admin/addons",
    tag = "pricing",
    params(PageQuery),
    responses((status = 200, description = "One page; `X-Next-Cursor` says where the next begins", content_type = "application/json"))
)]
async fn list_addons(
    State(app): State<AppState>,
    caller: Caller,
    Parameters(asked): Parameters<PageQuery>,
) -> Result<Answer, Problem> {
    let limit = limit(asked.limit, PAGE)?;
    let (book, version) = book(&app, caller.org()).await?;
    let (addons, next) = part(&book.edited().addons, asked.cursor, limit);
    let addons: Vec<Value> = addons.iter().map(shown).collect();
    Ok(continued(Answer::json(&addons)?.version(version), next.as_deref()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "code": "garage", "name": "Garage", "price_cents": 5000, "default_minutes": 45 })))]
struct NewAddon {
    /// 1 to 100 lower-case letters, digits, `-` and `_`; no other add-on of the organisation has it. It stays for ever.
    code: String,
    /// 1 to 255 characters.
    name: String,
    /// For one; 0 if left out.
    price_cents: Option<i64>,
    /// How much longer one takes; 0 if left out.
    default_minutes: Option<u32>,
    /// Whether it can be chosen; `true` if left out.
    is_active: Option<bool>,
}

/// Offer an extra
#[utoipa::path(
    post,
    path = "/v1/admin/addons",
    tag = "pricing",
    request_body = NewAddon,
    responses(
        (status = 201, description = "The add-on", content_type = "application/json"),
        (status = 409, description = "`addon.code_taken` or `price_book.full`")
    )
)]
async fn create_addon(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let NewAddon { code, name, price_cents, default_minutes, is_active } = request.body()?;
    let id = request.context(&caller).request.derived_id("addon").into();
    let new = AddonChange { name: Some(name), price_cents, default_minutes, is_active };
    let add = Edit::AddAddon(id, code, new);
    let done = edit(&app, (&caller, &request), add, |book| addon_of(book, id)).await?;
    Ok(Answer::done(&done).created())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "price_cents": 3500 })))]
struct AddonBody {
    /// 1 to 255 characters.
    name: Option<String>,
    /// For one.
    price_cents: Option<i64>,
    /// How much longer one takes.
    default_minutes: Option<u32>,
    /// Whether it can be chosen.
    is_active: Option<bool>,
}

/// Offer an extra otherwise; what is left out stays, and visits keep what they were promised
#[utoipa::path(
    patch,
    path = "/v1/admin/addons/{addon_id}",
    tag = "pricing",
    params(("addon_id" = Uuid, Path)),
    request_body = AddonBody,
    responses((status = 200, description = "The add-on", content_type = "application/json"))
)]
async fn change_addon(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<AddonId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let AddonBody { name, price_cents, default_minutes, is_active } = request.body()?;
    let change = AddonChange { name, price_cents, default_minutes, is_active };
    let change = Edit::ChangeAddon(id, change);
    let done = edit(&app, (&caller, &request), change, |book| addon_of(book, id)).await?;
    Ok(Answer::done(&done))
}
