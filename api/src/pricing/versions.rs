//! The versions of the price book that were published.

use axum::extract::State;
use domain::pricing::price_book::{PriceBookError, prices};
use domain::scheduling::terms::policies_wire;
use domain::settings::feature::Feature;
use projections::pricing::price_book_versions::{self, PAGE, PriceBookVersions, Row};
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa_axum::routes;

use super::{READ, settings};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::cursor::continued;
use crate::extract::{Parameters, Path, limit};
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    let read = staff(READ).feature(Feature::Pricing);
    Routes::default().add(routes!(list_versions), read).add(routes!(price_book_version), read)
}

fn shown(row: &Row) -> Value {
    json!({
        "version": row.number,
        "price_book": format!("price-book/v{}", row.number),
        "hash": row.hash,
        "published_at": row.published_at,
        "position": row.position,
    })
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct VersionsQuery {
    /// `X-Next-Cursor` of the page before.
    cursor: Option<i32>,
    /// 1 to 200, else 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// Versions of the price book, the newest first
#[utoipa::path(
    get,
    path = "/v1/admin/price-book/versions",
    tag = "pricing",
    params(VersionsQuery),
    responses((status = 200, description = "One page; `X-Next-Cursor` says where the next begins", content_type = "application/json", example = json!([
        { "version": 1, "price_book": "price-book/v1", "hash": "sha256:…", "published_at": "2026-11-20T17:00:00Z", "position": 214 }
    ])))
)]
async fn list_versions(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<VersionsQuery>,
) -> Result<Answer, Problem> {
    let (org, limit) = (caller.org(), limit(asked.limit, PAGE)?);
    let reached = fresh.reach(&app, org, &[PriceBookVersions::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let rows = price_book_versions::page(&mut tx, org, asked.cursor, limit).await?;
    let full = i64::try_from(rows.len()).is_ok_and(|count| count == limit);
    let next = rows.last().filter(|_| full).map(|row| row.number.to_string());
    let versions: Vec<Value> = rows.iter().map(shown).collect();
    Ok(reached.mark(continued(Answer::json(&versions)?, next.as_deref())))
}

/// A version of the price book, and everything it says
#[utoipa::path(
    get,
    path = "/v1/admin/price-book/versions/{version}",
    tag = "pricing",
    params(("version" = i32, Path)),
    responses((status = 200, description = "It never changes", content_type = "application/json"))
)]
async fn price_book_version(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Path(number): Path<i32>,
) -> Result<Answer, Problem> {
    let org = caller.org();
    let reached = fresh.reach(&app, org, &[PriceBookVersions::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let found = price_book_versions::find(&mut tx, org, number).await?;
    let (row, book) = found.ok_or_else(|| Problem::refused(&PriceBookError::VersionNotFound))?;
    let mut body = shown(&row);
    let prices = prices(u32::try_from(row.number).unwrap_or_default(), &book);
    body["config_hash"] = json!(prices.hash());
    body["settings"] = settings::shown(&book);
    body["service_types"] = json!(book.services);
    body["addons"] = json!(book.addons);
    body["booking_policies"] = policies_wire::shown(&book.policies);
    Ok(reached.mark(Answer::json(&body)?))
}
