//! Kinds of service, and what can be had with each.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::id::{ServiceAddonId, ServiceTypeId};
use domain::pricing::book::Book;
use domain::pricing::catalogue::{PricingModel, ServiceAddonChange, ServiceChange, ServiceType};
use domain::pricing::price_book::{Edit, PriceBook, PriceBookError};
use domain::settings::feature::Feature;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{PRICING, READ, book, edit};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::cursor::{continued, part};
use crate::extract::{Parameters, Path, limit};
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::AppState;

/// Services on a page at most.
const PAGE: i64 = 100;

pub(super) fn routes() -> Routes {
    let read = staff(READ).feature(Feature::PricingServiceTypes);
    let manage = staff(PRICING).feature(Feature::PricingServiceTypes);
    Routes::default()
        .add(routes!(list_service_types), read)
        .add(routes!(create_service_type), manage.action("service_type.create"))
        .add(routes!(service_type), read)
        .add(routes!(change_service_type), manage.action("service_type.update"))
        .add(routes!(retire_service_type), manage.action("service_type.retire"))
        .add(routes!(create_service_addon), manage.action("service_addon.create"))
        .add(routes!(change_service_addon), manage.action("service_addon.update"))
        .add(routes!(retire_service_addon), manage.action("service_addon.retire"))
}

pub(super) fn shown(service: &ServiceType) -> Value {
    json!(service)
}

/// The service, as a change would find it.
fn service_of(book: &PriceBook, id: ServiceTypeId) -> Value {
    book.edited().service(id).map_or(Value::Null, shown)
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PageQuery {
    /// `X-Next-Cursor` of the page before.
    pub(super) cursor: Option<usize>,
    /// 1 to 100, else 50.
    #[param(minimum = 1, maximum = 100)]
    pub(super) limit: Option<i64>,
}

/// Kinds of service in the order in which they were made, those of the draft if one is open
#[utoipa::path(
    get,
    path = "/v1/admin/service-types",
    tag = "pricing",
    params(PageQuery),
    responses((status = 200, description = "One page; `X-Next-Cursor` says where the next begins", content_type = "application/json"))
)]
async fn list_service_types(
    State(app): State<AppState>,
    caller: Caller,
    Parameters(asked): Parameters<PageQuery>,
) -> Result<Answer, Problem> {
    let limit = limit(asked.limit, PAGE)?;
    let (book, version) = book(&app, caller.org()).await?;
    let (services, next) = part(&book.edited().services, asked.cursor, limit);
    let services: Vec<Value> = services.iter().map(shown).collect();
    Ok(continued(Answer::json(&services)?.version(version), next.as_deref()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "name": "Standard clean", "base_price_cents": 12_000 })))]
struct ServiceBody {
    /// 1 to 120 characters; no other service of the organisation is called so, in any case.
    name: Option<String>,
    /// Whether it can be chosen; `true` if it is new.
    active: Option<bool>,
    /// 15 to 10080; 120 if it is new.
    default_duration_minutes: Option<u32>,
    /// `flat` or `hourly`; `flat` if it is new.
    #[schema(value_type = Option<String>)]
    pricing_model: Option<PricingModel>,
    /// Of a visit; 0 if it is new.
    base_price_cents: Option<i64>,
    /// On top of that, if it is charged by the hour.
    hourly_rate_cents: Option<i64>,
    /// Three letters; that of the price book if it is new.
    currency: Option<String>,
}

impl From<ServiceBody> for ServiceChange {
    fn from(body: ServiceBody) -> Self {
        Self {
            name: body.name,
            active: body.active,
            default_duration_minutes: body.default_duration_minutes,
            pricing_model: body.pricing_model,
            base_price_cents: body.base_price_cents,
            hourly_rate_cents: body.hourly_rate_cents,
            currency: body.currency,
        }
    }
}

/// Offer a kind of service
///
/// Without an open draft this, like every change of the price book, is published at once.
#[utoipa::path(
    post,
    path = "/v1/admin/service-types",
    tag = "pricing",
    request_body = ServiceBody,
    responses(
        (status = 201, description = "The service", content_type = "application/json"),
        (status = 409, description = "`service_type.name_taken` or `price_book.full`")
    )
)]
async fn create_service_type(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let body: ServiceBody = request.body()?;
    // The same for a repetition, which must be told of the same service.
    let id = request.context(&caller).request.derived_id("service_type").into();
    let add = Edit::AddService(id, body.into());
    let done = edit(&app, (&caller, &request), add, |book| service_of(book, id)).await?;
    Ok(Answer::done(&done).created())
}

/// One kind of service
#[utoipa::path(
    get,
    path = "/v1/admin/service-types/{service_type_id}",
    tag = "pricing",
    params(("service_type_id" = Uuid, Path)),
    responses((status = 200, description = "The service; `ETag` is the version of the price book", content_type = "application/json"))
)]
async fn service_type(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ServiceTypeId>,
) -> Result<Answer, Problem> {
    let (book, version) = book(&app, caller.org()).await?;
    let service = book.edited().service(id);
    let service = service.ok_or_else(|| Problem::refused(&PriceBookError::ServiceNotFound))?;
    Ok(Answer::json(&shown(service))?.version(version))
}

/// Offer a kind of service otherwise; what is left out stays
#[utoipa::path(
    patch,
    path = "/v1/admin/service-types/{service_type_id}",
    tag = "pricing",
    params(("service_type_id" = Uuid, Path)),
    request_body = ServiceBody,
    responses(
        (status = 200, description = "The service", content_type = "application/json"),
        (status = 409, description = "`service_type.name_taken`")
    )
)]
async fn change_service_type(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ServiceTypeId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let change = Edit::ChangeService(id, request.body::<ServiceBody>()?.into());
    let done = edit(&app, (&caller, &request), change, |book| service_of(book, id)).await?;
    Ok(Answer::done(&done))
}

/// Offer a kind of service no more; versions that were published keep it
#[utoipa::path(
    delete,
    path = "/v1/admin/service-types/{service_type_id}",
    tag = "pricing",
    params(("service_type_id" = Uuid, Path)),
    responses((status = 204, description = "It is not offered"))
)]
async fn retire_service_type(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ServiceTypeId>,
    request: CommandRequest,
) -> Result<Response, Problem> {
    edit(&app, (&caller, &request), Edit::RetireService(id), |_| Value::Null).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "name": "Inside of the oven", "price_cents": 3000 })))]
struct ServiceAddonBody {
    /// 1 to 120 characters.
    name: Option<String>,
    /// 0 if it is new.
    price_cents: Option<i64>,
    /// Whether it can be chosen; `true` if it is new.
    active: Option<bool>,
}

impl From<ServiceAddonBody> for ServiceAddonChange {
    fn from(ServiceAddonBody { name, price_cents, active }: ServiceAddonBody) -> Self {
        Self { name, price_cents, active }
    }
}

fn addon_of(book: &Book, id: ServiceAddonId) -> Value {
    book.service_addon(id).map_or(Value::Null, |(service, addon)| {
        let mut shown = json!(addon);
        shown["service_type_id"] = json!(service.service_type_id);
        shown
    })
}

/// Offer something with a kind of service
#[utoipa::path(
    post,
    path = "/v1/admin/service-types/{service_type_id}/addons",
    tag = "pricing",
    params(("service_type_id" = Uuid, Path)),
    request_body = ServiceAddonBody,
    responses(
        (status = 201, description = "The add-on", content_type = "application/json"),
        (status = 409, description = "`price_book.full`")
    )
)]
async fn create_service_addon(
    State(app): State<AppState>,
    caller: Caller,
    Path(service): Path<ServiceTypeId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let body: ServiceAddonBody = request.body()?;
    let id = request.context(&caller).request.derived_id("service_addon").into();
    let add = Edit::AddServiceAddon(service, id, body.into());
    let done = edit(&app, (&caller, &request), add, |book| addon_of(book.edited(), id)).await?;
    Ok(Answer::done(&done).created())
}

/// Offer it otherwise; what is left out stays
#[utoipa::path(
    patch,
    path = "/v1/admin/service-addons/{service_addon_id}",
    tag = "pricing",
    params(("service_addon_id" = Uuid, Path)),
    request_body = ServiceAddonBody,
    responses((status = 200, description = "The add-on", content_type = "application/json"))
)]
async fn change_service_addon(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ServiceAddonId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let change = Edit::ChangeServiceAddon(id, request.body::<ServiceAddonBody>()?.into());
    let done = edit(&app, (&caller, &request), change, |book| addon_of(book.edited(), id)).await?;
    Ok(Answer::done(&done))
}

/// Offer it no more
#[utoipa::path(
    delete,
    path = "/v1/admin/service-addons/{service_addon_id}",
    tag = "pricing",
    params(("service_addon_id" = Uuid, Path)),
    responses((status = 204, description = "It is not offered"))
)]
async fn retire_service_addon(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ServiceAddonId>,
    request: CommandRequest,
) -> Result<Response, Problem> {
    edit(&app, (&caller, &request), Edit::RetireServiceAddon(id), |_| Value::Null).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
