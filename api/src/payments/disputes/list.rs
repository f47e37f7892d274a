//! Disputes that there are, and one of them with what became of the money.

use axum::extract::State;
use domain::id::{BookingId, DisputeId, InvoiceId, OrgId};
use domain::payments::dispute::status::Status;
use domain::payments::dispute::{Details, DisputeError, Way};
use domain::payments::payment::Payment;
use domain::personal::PLACEHOLDER;
use projections::payments::dispute_list::{self, DisputeList, Filter, PAGE};
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use strum::VariantNames;
use utoipa_axum::routes;

use super::super::refund_of;
use super::{VIEW, disputes, told};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::cursor::{self, continued};
use crate::extract::{Parameters, Path, limit};
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(list_disputes), disputes(VIEW))
        .add(routes!(dispute), disputes(VIEW))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct DisputesQuery {
    /// `OPEN`, `FACTS_COLLECTED`, `DECIDED` or `CLOSED`.
    status: Option<String>,
    #[param(value_type = Option<String>)]
    booking_id: Option<BookingId>,
    #[param(value_type = Option<String>)]
    invoice_id: Option<InvoiceId>,
    /// `X-Next-Cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 100, else 50.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
}

/// Disputes, the latest first
#[utoipa::path(
    get,
    path = "/v1/admin/disputes",
    tag = "invoicing",
    params(DisputesQuery),
    responses((status = 200, description = "One page; `X-Next-Cursor` says where the next begins", content_type = "application/json", example = json!({
        "items": []
    })))
)]
async fn list_disputes(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<DisputesQuery>,
) -> Result<Answer, Problem> {
    let status = asked.status.as_deref().map(str::parse::<Status>).transpose().map_err(|_| {
        Problem::field("status", format!("Input should be {}", Status::VARIANTS.join(", ")))
    })?;
    let (org, limit) = (caller.org(), limit(asked.limit, PAGE)?);
    let after = cursor::asked(asked.cursor.as_deref())?;
    let reached = fresh.reach(&app, org, &[DisputeList::NAME]).await?;
    let filter = Filter { status, booking: asked.booking_id, invoice: asked.invoice_id };
    let mut tx = tenant::begin(&app.reads, org).await?;
    let items = dispute_list::page(&mut tx, &app.keys, org, filter, (after, limit)).await?;
    let next = cursor::last_of_full(&items, limit).map(|last| {
        let opened = &last.dispute.opened;
        cursor::shown(opened.at, opened.dispute_id.as_uuid())
    });
    let lines: Vec<Value> = items.iter().map(|item| told(&item.dispute)).collect();
    let answer = Answer::json(&json!({ "items": lines }))?;
    Ok(reached.mark(continued(answer, next.as_deref())))
}

/// One dispute, with what became of the money that goes back
#[utoipa::path(
    get,
    path = "/v1/admin/disputes/{dispute_id}",
    tag = "invoicing",
    params(("dispute_id" = Uuid, Path)),
    responses((status = 200, description = "The dispute; `ETag` is its version; of each part in `decision.refunds` its `state` is told: `due`, `on_its_way`, `returned`, `refused` or `by_hand`", content_type = "application/json"))
)]
async fn dispute(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Path(id): Path<DisputeId>,
) -> Result<Answer, Problem> {
    let org = caller.org();
    let reached = fresh.reach(&app, org, &[DisputeList::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let found = dispute_list::find(&mut tx, &app.keys, org, id).await?;
    drop(tx);
    let found = found.ok_or_else(|| Problem::refused(&DisputeError::NotFound))?;
    let mut body = told(&found.dispute);
    for (place, state) in fates(&app, org, &found.dispute).await?.into_iter().enumerate() {
        body["decision"]["refunds"][place]["state"] = state;
    }
    let answer = Answer::json(&body)?;
    // Erasing a person changes what is shown but not the version.
    let is_erased = body["reason"] == PLACEHOLDER;
    Ok(reached.mark(if is_erased { answer } else { answer.version(found.version) }))
}

/// What became of each part.
async fn fates(app: &App, org: OrgId, dispute: &Details) -> Result<Vec<Value>, Problem> {
    let mut fates = Vec::new();
    let parts = dispute.decided.iter().flat_map(|decided| &decided.refunds);
    for part in parts {
        if part.by == Way::Hand {
            fates.push(json!("by_hand"));
            continue;
        }
        let payment = app.bus.load::<Payment>(org, &part.payment_id).await?;
        let refund = refund_of(org, dispute.opened.dispute_id, &part.payment_id);
        let fate = payment.state.details().and_then(|payment| payment.fate(refund));
        fates.push(fate.map_or_else(|| json!("due"), |fate| json!(fate)));
    }
    Ok(fates)
}
