//! A client's own visits, at their portal: seen, put off, called off.

use axum::extract::State;
use domain::id::BookingId;
use domain::personal;
use domain::scheduling::booking::{Booking, BookingCommand, BookingError, Details, Party, Status};
use projections::scheduling::booking_detail::{self, BookingDetail};
use projections::scheduling::booking_list::{self, ALWAYS, BookingList, Filter, Order, PAGE};
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::super::{continued, photos};
use super::known;
use super::placing::{self, Placing};
use crate::answer::Answer;
use crate::command::CommandRequest;
use crate::cursor;
use crate::customers::survivor;
use crate::customers::words::{Said, record_feedback};
use crate::extract::{Parameters, Path, limit};
use crate::freshness::Freshness;
use crate::identity::PortalCaller;
use crate::problem::Problem;
use crate::route::{Routes, client};
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(own_bookings), client())
        .add(routes!(own_booking), client())
        .add(routes!(own_orders), client())
        .add(routes!(own_order), client())
        .add(routes!(review_own), client().action("client.review"))
        .add(routes!(put_off), client().action("booking.reschedule"))
        .add(routes!(call_off), client().action("booking.cancel"))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct OwnQuery {
    /// `X-Next-Cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 500, else 50.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
}

/// One's own visits, the latest first
#[utoipa::path(
    get,
    path = "/v1/client/portal/bookings",
    tag = "portal",
    params(OwnQuery),
    responses((status = 200, description = "One page; `X-Next-Cursor` leads to the next", content_type = "application/json", example = json!([
        { "order_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "status": "CONFIRMED", "starts_at": "2030-03-04T17:00:00Z", "duration_minutes": 120 }
    ])))
)]
async fn own_bookings(
    State(app): State<AppState>,
    caller: PortalCaller,
    fresh: Freshness,
    Parameters(asked): Parameters<OwnQuery>,
) -> Result<Answer, Problem> {
    list(&app, &caller, fresh, &asked).await
}

/// One's own visits, the latest first; as `/v1/client/portal/bookings`
#[utoipa::path(
    get,
    path = "/client/orders",
    tag = "portal",
    params(OwnQuery),
    responses((status = 200, description = "One page; `X-Next-Cursor` leads to the next", content_type = "application/json"))
)]
async fn own_orders(
    State(app): State<AppState>,
    caller: PortalCaller,
    fresh: Freshness,
    Parameters(asked): Parameters<OwnQuery>,
) -> Result<Answer, Problem> {
    list(&app, &caller, fresh, &asked).await
}

async fn list(
    app: &App,
    caller: &PortalCaller,
    fresh: Freshness,
    asked: &OwnQuery,
) -> Result<Answer, Problem> {
    let (limit, after) = (limit(asked.limit, PAGE)?, cursor::asked(asked.cursor.as_deref())?);
    let reached = fresh.reach(app, caller.org, &[BookingList::NAME]).await?;
    let filter = Filter {
        between: ALWAYS,
        status: Vec::new(),
        team: None,
        worker: None,
        client: Some(caller.holder),
        query: None,
        archived: false,
    };
    let mut tx = tenant::begin(&app.reads, caller.org).await?;
    let items =
        booking_list::page(&mut tx, caller.org, &filter, (Order::Latest, after), limit).await?;
    let next = cursor::last_of_full(&items, limit)
        .map(|last| cursor::shown(last.starts_at, last.booking_id));
    let lines = items.iter().map(|item| {
        json!({
            "order_id": item.booking_id,
            "status": item.status,
            "starts_at": item.starts_at,
            "duration_minutes": item.duration_minutes,
        })
    });
    let answer = Answer::json(&lines.collect::<Vec<_>>())?;
    Ok(reached.mark(continued(answer, next.as_deref())))
}

/// One of one's own visits
#[utoipa::path(
    get,
    path = "/v1/client/portal/bookings/{booking_id}",
    tag = "portal",
    params(("booking_id" = Uuid, Path)),
    responses((status = 200, description = "The visit; `ETag` is its version. A deposit that is asked for is paid by card at the checkout that `POST` to `pay_link` opens", content_type = "application/json"))
)]
async fn own_booking(
    State(app): State<AppState>,
    caller: PortalCaller,
    fresh: Freshness,
    Path(id): Path<BookingId>,
) -> Result<Answer, Problem> {
    one(&app, &caller, fresh, id).await
}

/// One of one's own visits; as `/v1/client/portal/bookings/{booking_id}`
#[utoipa::path(
    get,
    path = "/client/orders/{order_id}",
    tag = "portal",
    params(("order_id" = Uuid, Path)),
    responses((status = 200, description = "The visit; `ETag` is its version. A deposit that is asked for is paid by card at the checkout that `POST` to `pay_link` opens", content_type = "application/json"))
)]
async fn own_order(
    State(app): State<AppState>,
    caller: PortalCaller,
    fresh: Freshness,
    Path(id): Path<BookingId>,
) -> Result<Answer, Problem> {
    one(&app, &caller, fresh, id).await
}

async fn one(
    app: &App,
    caller: &PortalCaller,
    fresh: Freshness,
    id: BookingId,
) -> Result<Answer, Problem> {
    let reached = fresh.reach(app, caller.org, &[BookingDetail::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, caller.org).await?;
    let found = booking_detail::find(&mut tx, &app.keys, caller.org, id).await?;
    drop(tx);
    let not_found = || Problem::refused(&BookingError::NotFound);
    let found = found.ok_or_else(not_found)?;
    let whose = found.booking.details().and_then(|booking| booking.client);
    if !survivor::is_of(app, caller.org, whose, caller.holder.into()).await? {
        return Err(not_found());
    }
    let mut shown = told(&found.booking);
    // What has no photos yet says so, and what nobody agreed to shows none.
    let photos = photos::set(app, caller.org, id).await?.there().count();
    let agreed = found.booking.details().is_some_and(|booking| booking.photo_consent);
    let owes = found
        .booking
        .details()
        .is_some_and(|booking| booking.deposit_left_cents() > 0 && !booking.status.is_final());
    if owes && app.stripe.is_some() {
        shown["pay_link"] = format!("/v1/client/portal/bookings/{id}/pay").into();
    }
    shown["photos_available"] = (agreed && photos > 0).into();
    shown["photos_count"] = if agreed { photos } else { 0 }.into();
    let answer = Answer::json(&shown)?;
    // Photos come and go without the visit.
    Ok(reached.mark(if photos == 0 { answer.version(found.version) } else { answer }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "rating": 5, "comment": "Spotless" })))]
struct ReviewBody {
    /// 1 to 5.
    rating: i64,
    /// Up to 2000 characters.
    comment: Option<String>,
}

/// Say how a visit of one's own was, once
#[utoipa::path(
    post,
    path = "/client/orders/{order_id}/review",
    tag = "portal",
    params(("order_id" = Uuid, Path)),
    request_body = ReviewBody,
    responses(
        (status = 200, description = "What was said", content_type = "application/json"),
        (status = 409, description = "`client.feedback_exists`. `booking.illegal_state`: the visit is not done")
    )
)]
async fn review_own(
    State(app): State<AppState>,
    caller: PortalCaller,
    Path(id): Path<BookingId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let ReviewBody { rating, comment } = request.body()?;
    let status = must_own(&app, &caller, id).await?.status;
    if status != Status::Done {
        return Err(Problem::refused(&BookingError::IllegalState(status)));
    }
    let said = Said {
        client: caller.holder.into(),
        booking: Some(id),
        rating,
        comment,
        by: Party::Client,
    };
    record_feedback(&app, &caller.context(&request), said).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "starts_at": "2030-03-04T13:00:00" })))]
struct PutOff {
    /// With an offset, or on the clock of the organisation.
    starts_at: String,
    /// 1 to 10080; the visit stays as long as it is if this is left out.
    duration_minutes: Option<u32>,
}

/// Have one's own visit at another time, as often and as late as the policy allows
#[utoipa::path(
    post,
    path = "/v1/client/bookings/{booking_id}/reschedule",
    tag = "portal",
    params(("booking_id" = Uuid, Path)),
    request_body = PutOff,
    responses(
        (status = 200, description = "The visit", content_type = "application/json"),
        (status = 409, description = "`booking.conflict`: `conflicts` says what is there. `booking.day_full`. Too late, or too often")
    )
)]
async fn put_off(
    State(app): State<AppState>,
    caller: PortalCaller,
    Path(id): Path<BookingId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let PutOff { starts_at, duration_minutes } = request.body()?;
    must_own(&app, &caller, id).await?;
    let wanted = Placing::at(starts_at, duration_minutes);
    placing::place(&app, &caller.context(&request), id, wanted, (Party::Client, told)).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CallOff {
    /// Up to 500 characters.
    reason: Option<String>,
}

/// Call one's own visit off; `settlement` says what is paid back, and what is owed
#[utoipa::path(
    post,
    path = "/v1/client/bookings/{booking_id}/cancel",
    tag = "portal",
    params(("booking_id" = Uuid, Path)),
    request_body = CallOff,
    responses(
        (status = 200, description = "The visit", content_type = "application/json"),
        (status = 409, description = "`booking.illegal_state`")
    )
)]
async fn call_off(
    State(app): State<AppState>,
    caller: PortalCaller,
    Path(id): Path<BookingId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let CallOff { reason } = request.body()?;
    must_own(&app, &caller, id).await?;
    let command = BookingCommand::Cancel { by: Party::Client, reason, now: app.now() };
    let done = app.bus.execute(&caller.context(&request), &id.to_string(), command, told).await?;
    Ok(Answer::done(&done))
}

/// A visit of somebody else is answered as one that does not exist.
pub(super) async fn must_own(
    app: &App,
    caller: &PortalCaller,
    id: BookingId,
) -> Result<Details, Problem> {
    let booking = known(app, caller.org, id).await?;
    if survivor::is_of(app, caller.org, booking.client, caller.holder.into()).await? {
        Ok(booking)
    } else {
        Err(Problem::refused(&BookingError::NotFound))
    }
}

/// What a client may know of their own visit: neither what staff think of the risk, nor who else is sent.
fn told(booking: &Booking) -> Value {
    let Some(booking) = booking.details() else { return Value::Null };
    let (asked, window) = (&booking.requested, booking.placement.window);
    let deposit = booking.deposit.as_ref();
    let mut told = json!({
        "order_id": asked.booking_id,
        "status": booking.status,
        "starts_at": window.starts_at,
        "ends_at": window.ends_at,
        "duration_minutes": window.minutes(),
        "address_text": asked.place,
        "service_type": asked.service,
        "total_cents": booking.total_cents(),
        "deposit_required": deposit.is_some_and(|terms| terms.required),
        "deposit_cents": deposit.and_then(|terms| terms.amount_cents),
        "deposit_status": booking.deposit_status,
        "settlement": booking.settlement,
        "pay_link": null,
    });
    personal::reveal(&mut told);
    told
}
