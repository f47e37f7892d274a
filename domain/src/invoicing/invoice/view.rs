//! An invoice as clients read it.

use serde_json::{Value, json};

use super::Details;
use super::lines::Line;
use super::payment::Applied;
use crate::id::{ClientId, LeadId};

/// One line of a list.
pub fn item(invoice: &Details) -> Value {
    json!({
        "invoice_id": invoice.invoice_id,
        "invoice_number": invoice.number.to_string(),
        "order_id": invoice.order,
        "customer_id": customer(invoice),
        "status": invoice.status,
        "issue_date": invoice.issue_date,
        "due_date": invoice.due_date,
        "currency": invoice.currency,
        "subtotal_cents": invoice.totals.subtotal_cents,
        "taxable_subtotal_cents": invoice.totals.taxable_cents,
        "tax_cents": invoice.totals.tax_cents,
        "total_cents": invoice.totals.total_cents(),
        "paid_cents": invoice.paid_cents(),
        "credited_cents": invoice.credited_cents(),
        "balance_due_cents": invoice.balance_cents(),
        "overpaid_cents": invoice.overpaid_cents(),
        "is_overdue": invoice.is_overdue(),
        "created_at": invoice.created_at,
        "updated_at": invoice.updated_at,
    })
}

/// The whole invoice; personal values are still to be revealed.
pub fn invoice(invoice: &Details) -> Value {
    let mut all = item(invoice);
    let items = invoice.lines.iter().enumerate();
    let credits = invoice.credits.iter().map(|one| {
        json!({
            "credit_id": one.credit_id, "amount_cents": one.amount_cents, "tax_cents": one.tax_cents,
            "reason": one.reason, "created_at": one.at,
        })
    });
    let links = invoice.links.iter().map(
        |one| json!({ "link_id": one.link, "created_at": one.at, "revoked_at": one.revoked_at }),
    );
    let mails = invoice.mails.iter().map(
        |one| json!({ "email_type": one.letter, "recipient": one.recipient, "created_at": one.at }),
    );
    let more = json!({
        "tax_rate_basis": invoice.totals.basis().map(ten_thousandths),
        "notes": invoice.notes,
        "void_reason": invoice.void_reason,
        "issued_at": invoice.issued_at,
        "created_by": invoice.created_by,
        "items": items.map(|(place, line)| line_of(place, line)).collect::<Vec<_>>(),
        "payments": invoice.payments.iter().map(|one| payment(invoice, one)).collect::<Vec<_>>(),
        "credits": credits.collect::<Vec<_>>(),
        "links": links.collect::<Vec<_>>(),
        "email_events": mails.collect::<Vec<_>>(),
        "public_link": null,
        "customer": null,
        "booking": null,
    });
    if let (Some(all), Value::Object(more)) = (all.as_object_mut(), more) {
        all.extend(more);
    }
    all
}

/// Clients first, who may once have been leads.
pub fn customer(invoice: &Details) -> Option<uuid::Uuid> {
    let lead = invoice.lead.map(LeadId::as_uuid);
    invoice.client.map(ClientId::as_uuid).or(lead)
}

fn line_of(place: usize, line: &Line) -> Value {
    json!({
        "item_id": place + 1,
        "description": line.description,
        "qty": line.qty,
        "unit_price_cents": line.unit_price_cents,
        "line_total_cents": line.net_cents(),
        "tax_rate": line.tax_ppm.map(rate),
        "tax_cents": line.tax_cents(),
    })
}

/// One payment.
pub fn payment(invoice: &Details, one: &Applied) -> Value {
    let provider = one.provider.map_or("deposit", Into::into);
    json!({
        "payment_id": one.payment_id,
        "provider": provider,
        "provider_ref": null,
        "method": one.method,
        "amount_cents": one.amount_cents,
        "refunded_cents": one.refunded_cents,
        "currency": invoice.currency,
        "status": "SUCCEEDED",
        "received_at": one.received_at,
        "reference": one.reference,
        "created_at": one.at,
    })
}

/// Shown only: nothing is ever computed with it.
fn rate(ppm: u32) -> f64 {
    f64::from(ppm) / 1_000_000.0
}

fn ten_thousandths(count: i64) -> f64 {
    i32::try_from(count).map_or(1.0, |count| f64::from(count) / 10_000.0)
}
