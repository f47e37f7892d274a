//! The messages of Stripe about an organisation, for whoever reconciles.

use axum::extract::State;
use chrono::{DateTime, Utc};
use domain::access::Permission;
use domain::id::{BookingId, InvoiceId};
use domain::settings::feature::Feature;
use projections::tenant;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa_axum::routes;

use crate::answer::Answer;
use crate::caller::Caller;
use crate::cursor::{self, continued};
use crate::extract::{Parameters, limit};
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::AppState;

/// Messages on a page at most.
const PAGE: i64 = 500;

const VIEW: &[Permission] = &[Permission::FinanceView];

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(stripe_events), staff(VIEW).feature(Feature::Finance))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct MessagesQuery {
    #[param(value_type = Option<String>)]
    invoice_id: Option<InvoiceId>,
    #[param(value_type = Option<String>)]
    booking_id: Option<BookingId>,
    /// `received`, `applied`, `ignored`, `parked`, `failed` or `dead`.
    status: Option<String>,
    /// `X-Next-Cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 500, else 50.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
}

#[derive(Serialize)]
struct Message {
    event_id: String,
    #[serde(rename = "type")]
    kind: String,
    created_at: DateTime<Utc>,
    processed_status: String,
    last_error: Option<String>,
    payment_id: Option<String>,
    invoice_id: Option<String>,
    booking_id: Option<String>,
    attempts: i32,
}

/// What Stripe told about this organisation, the latest first
#[utoipa::path(
    get,
    path = "/v1/admin/finance/reconcile/stripe-events",
    tag = "invoicing",
    params(MessagesQuery),
    responses((status = 200, description = "One page; `X-Next-Cursor` says where the next begins", content_type = "application/json", example = json!({
        "items": []
    })))
)]
async fn stripe_events(
    State(app): State<AppState>,
    caller: Caller,
    Parameters(asked): Parameters<MessagesQuery>,
) -> Result<Answer, Problem> {
    let states = ["received", "applied", "ignored", "parked", "failed", "dead"];
    if asked.status.as_deref().is_some_and(|status| !states.contains(&status)) {
        return Err(Problem::field("status", format!("Input should be {}", states.join(", "))));
    }
    let (org, limit) = (caller.org(), limit(asked.limit, PAGE)?);
    let read = |text: &str| {
        let (micros, id) = cursor::opened(text)?.split_once('~')?;
        Some((DateTime::from_timestamp_micros(micros.parse().ok()?)?, id.to_owned()))
    };
    let before = asked.cursor.as_deref().map(|text| {
        read(text).ok_or_else(|| Problem::field("cursor", "Not a next_cursor of this list"))
    });
    let (at, id) = before.transpose()?.unzip();
    let mut tx = tenant::begin(&app.reads, org).await?;
    let items = sqlx::query_as!(
        Message,
        r#"select event_id as "event_id!", kind as "kind!", created_at as "created_at!", state as "processed_status!",
                  reason as last_error, payment_id, invoice_id, booking_id, attempts as "attempts!"
           from payments.messages($1, $2, $3, $4, $5, $6, $7)"#,
        org.as_uuid(),
        asked.invoice_id.map(|id| id.to_string()),
        asked.booking_id.map(|id| id.to_string()),
        asked.status,
        at,
        id,
        i32::try_from(limit).unwrap_or(50),
    )
    .fetch_all(&mut *tx)
    .await?;
    let next = cursor::last_of_full(&items, limit)
        .map(|last| format!("{}~{}", last.created_at.timestamp_micros(), last.event_id))
        .map(|row| cursor::sealed(&row));
    Ok(continued(Answer::json(&json!({ "items": items }))?, next.as_deref()))
}
