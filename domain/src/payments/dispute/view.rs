//! A dispute as clients read it; personal values are still to be revealed.

use serde_json::{Value, json};

use super::Details;

/// Everything that the dispute itself knows.
pub fn dispute(it: &Details) -> Value {
    let opened = &it.opened;
    json!({
        "dispute_id": opened.dispute_id,
        "status": it.status,
        "source": opened.source,
        "opened_by": opened.opened_by,
        "booking_id": opened.booking,
        "invoice_id": opened.invoice,
        "payment_id": opened.payment_id,
        "amount_cents": opened.amount_cents,
        "reason": opened.reason,
        "opened_at": opened.at,
        "facts": it.facts,
        "facts_at": it.facts_at,
        "decision": it.decided.as_ref().map(|decided| json!({
            "decision": decided.ruling,
            "amount_cents": decided.amount_cents,
            "base_cents": decided.base_cents,
            "before_cents": decided.before_cents,
            "after_cents": decided.after_cents,
            "refunds": decided.refunds,
            "invoice_id": decided.invoice,
            "credit_cents": decided.credit_cents,
            "note": decided.note,
            "decided_by": decided.by,
            "decided_at": decided.at,
        })),
        "closed_at": it.closed_at,
        "won": it.won,
        "updated_at": it.updated_at,
    })
}
