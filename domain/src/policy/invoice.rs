//! What follows from what happens to an invoice: letters, the clock of its last day, and what the visit is charged for.

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use serde_json::json;

use super::{Intent, TimerCommand};
use crate::id::InvoiceId;
use crate::invoicing::invoice::lines::Totals;
use crate::invoicing::invoice::{Drafted, Invoice, InvoiceEvent};
use crate::scheduling::booking::Booking;

/// The kind of the letters about invoices.
pub const INVOICE_LETTER: &str = "email.invoice";

/// Everything that follows from what happened to an invoice.
pub fn invoice_intents(invoice: InvoiceId, event: &InvoiceEvent) -> Vec<Intent> {
    use InvoiceEvent as E;

    match event {
        E::Drafted(drafted) => charged(invoice, drafted).into_iter().collect(),
        E::Issued { overdue_at, .. } => {
            overdue_at.map(|fires_at| overdue(invoice, fires_at)).into_iter().collect()
        }
        // The address in it is made again when it is written: nothing that opens it is kept.
        E::Mailed { letter, recipient, link, portal, .. } => vec![Intent::Effect {
            kind: INVOICE_LETTER,
            dedupe_key: format!("{INVOICE_LETTER}:{invoice}:{link}"),
            payload: json!({
                "invoice_id": invoice, "letter": letter, "recipient": recipient, "link": link,
                "portal": portal,
            }),
        }],
        E::Voided { .. } => vec![Intent::CancelTimer { key: key(invoice) }],
        E::DraftEdited { .. }
        | E::Discarded { .. }
        | E::LinkMinted { .. }
        | E::LinkRevoked { .. }
        | E::PaymentApplied { .. }
        | E::DepositCredited { .. }
        | E::DepositReleased { .. }
        | E::PaymentRefunded { .. }
        | E::BecameOverdue { .. }
        | E::Credited { .. } => Vec::new(),
    }
}

fn key(invoice: InvoiceId) -> String {
    format!("invoice_overdue:{invoice}")
}

fn overdue(invoice: InvoiceId, fires_at: DateTime<Utc>) -> Intent {
    Intent::SetTimer {
        key: key(invoice),
        fires_at,
        aggregate_type: Invoice::TYPE,
        aggregate_id: invoice.to_string(),
        command: TimerCommand::MarkInvoiceOverdue,
    }
}

/// The first invoice of a visit says what the visit itself costs; the visit knows whether it is the first.
fn charged(invoice: InvoiceId, drafted: &Drafted) -> Option<Intent> {
    let booking = drafted.order?;
    let amount_cents = Totals::of(&drafted.lines).subtotal_cents;
    Some(Intent::SetTimer {
        key: format!("base_charge:{invoice}"),
        fires_at: drafted.at,
        aggregate_type: Booking::TYPE,
        aggregate_id: booking.to_string(),
        command: TimerCommand::FixBaseCharge { amount_cents },
    })
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use uuid::Uuid;

    use super::*;
    use crate::invoicing::invoice::status::Letter;
    use crate::personal::Personal;

    fn follows(event: &InvoiceEvent) -> Vec<Intent> {
        invoice_intents(Uuid::from_u128(1).into(), event)
    }

    #[test]
    fn a_clock_runs_for_what_has_a_last_day_until_it_does_not_count() {
        let at = DateTime::UNIX_EPOCH;
        let due = at + TimeDelta::days(14);
        let issued = follows(&InvoiceEvent::Issued { overdue_at: Some(due), at });
        let [Intent::SetTimer { key, fires_at, .. }] = &issued[..] else { panic!("{issued:?}") };
        assert_eq!(*fires_at, due);
        assert_eq!(follows(&InvoiceEvent::Issued { overdue_at: None, at }), []);
        let void = follows(&InvoiceEvent::Voided { reason: None, order: None, at });
        assert_eq!(void, [Intent::CancelTimer { key: key.clone() }]);
    }

    #[test]
    fn each_letter_is_sent_once() {
        let recipient = Personal::of(Uuid::from_u128(2).into(), "sam@example.org".to_owned());
        let mailed = |link| InvoiceEvent::Mailed {
            letter: Letter::Invoice,
            recipient: recipient.clone(),
            link,
            portal: None,
            at: DateTime::UNIX_EPOCH,
        };
        let keys = [1, 1, 2].map(|link| match &follows(&mailed(link))[..] {
            [Intent::Effect { dedupe_key, .. }] => dedupe_key.clone(),
            other => panic!("{other:?}"),
        });
        assert!(keys[0] == keys[1] && keys[1] != keys[2]);
    }
}
