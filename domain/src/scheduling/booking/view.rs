//! A booking as clients read it.

use serde_json::{Value, json};

use super::{Details, HandDeposit, Placement, by_hand};
use crate::scheduling::terms::cancellation::CancellationTerms;
use crate::scheduling::terms::deposit::DepositTerms;

/// Of the shape of `policy_snapshot`.
const SNAPSHOT_VERSION: &str = "2024-09-01";

/// The whole booking.
pub fn booking(booking: &Details) -> Value {
    let deposit = booking.deposit.as_ref();
    let risk = booking.risk.as_ref();
    json!({
        "booking_id": booking.requested.booking_id,
        "status": booking.status,
        "starts_at": booking.placement.window.starts_at,
        "ends_at": booking.placement.window.ends_at,
        "duration_minutes": booking.placement.window.minutes(),
        "planned_minutes": booking.planned_minutes,
        "actual_duration_minutes": booking.actual_minutes,
        "team_id": booking.placement.team,
        "assigned_worker_id": booking.placement.lead_worker,
        "crew": booking.placement.crew,
        "client_id": booking.client,
        "address_id": booking.address,
        "address_text": booking.requested.place,
        "lead_id": booking.lead(),
        "subscription_id": booking.requested.subscription,
        "origin": booking.requested.origin,
        "service_type": booking.requested.service,
        "total_cents": booking.total_cents(),
        "base_price_cents": booking.requested.base_cents(),
        "price_book": booking.requested.price_book,
        "base_charge_cents": booking.base_charge_cents,
        "moving_fee_cents": booking.moving_fee_cents,
        "deposit_required": deposit.is_some_and(|terms| terms.required),
        "deposit_cents": deposit.and_then(|terms| terms.amount_cents),
        "deposit_policy": deposit.map(|terms| terms.reasons.as_slice()).unwrap_or_default(),
        "deposit_status": booking.deposit_status,
        "paid_cents": booking.paid_cents(),
        "hand_deposits": booking.by_hand.iter().map(hand).collect::<Vec<_>>(),
        "policy_snapshot": snapshot(booking),
        "risk_score": risk.map_or(0, |risk| risk.score),
        "risk_band": risk.map(|risk| risk.band),
        "risk_reasons": risk.map(|risk| risk.reasons.as_slice()).unwrap_or_default(),
        "cancellation_exception": booking.exception.is_some(),
        "cancellation_exception_note": booking.exception,
        "settlement": booking.settlement,
        "addons": booking.addons,
        "consent_photos": booking.photo_consent,
        "archived_at": booking.archived_at,
        "created_at": booking.requested.at,
        "updated_at": booking.updated_at,
    })
}

/// A deposit that staff took, and what was given back of it.
fn hand(deposit: &HandDeposit) -> Value {
    json!({
        "payment_id": deposit.payment_id,
        "reference": by_hand::reference(&deposit.payment_id),
        "amount_cents": deposit.amount_cents,
        "returned_cents": deposit.went_back_cents(),
        "paid_at": deposit.paid_at,
    })
}

/// What was promised when the visit was asked for, or put in its place since.
fn snapshot(booking: &Details) -> Value {
    let asked = &booking.requested;
    let Placement { window, .. } = &asked.placement;
    let minutes = (window.starts_at - asked.at).num_minutes();
    json!({
        "version": SNAPSHOT_VERSION,
        "evaluated_at": asked.at,
        "lead_time_hours": tenths(minutes * 10 / 60),
        "service_type": asked.service,
        "price_book": asked.decided_by,
        "total_amount_cents": asked.total_cents,
        "first_time_client": asked.first_time,
        "deposit": booking.deposit.as_ref().map(deposit),
        "cancellation": booking.cancellation.as_ref().map(cancellation),
    })
}

fn deposit(terms: &DepositTerms) -> Value {
    json!({
        "required": terms.required,
        "amount_cents": terms.amount_cents,
        "percent_applied": terms.permille.map(|share| f64::from(share) / 1000.0),
        "reasons": terms.reasons,
        "basis": terms.basis,
        "downgraded_reason": terms.downgraded,
    })
}

fn cancellation(terms: &CancellationTerms) -> Value {
    let (free, partial) = (f64::from(terms.free_hours), f64::from(terms.partial_hours));
    json!({
        "rules": terms.rules,
        "windows": [
            { "label": "free", "start_hours_before": free, "end_hours_before": null, "refund_percent": 100 },
            { "label": "partial", "start_hours_before": partial, "end_hours_before": free,
              "refund_percent": terms.partial_percent },
            { "label": "late", "start_hours_before": 0.0, "end_hours_before": partial,
              "refund_percent": terms.late_percent },
        ],
    })
}

/// Shown only: nothing is ever computed with it.
fn tenths(count: i64) -> f64 {
    i32::try_from(count).map_or(f64::from(i32::MAX), |count| f64::from(count) / 10.0)
}
