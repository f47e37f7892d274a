//! What follows from what happens to a payment: it is carried to what it is for, and money that is to go back goes back.

use cqrs_es::Aggregate;
use serde_json::json;

use super::office::{Matter, told as office};
use super::{Intent, TimerCommand};
use crate::payments::payment::{Payment, PaymentEvent, RefundReason, Target};

/// The kind of the request that sends money back.
pub const STRIPE_REFUND: &str = "stripe.refund";

/// The kind of the letter that says that a card was refused.
pub const PAYMENT_FAILED: &str = "email.payment_failed";

/// Everything that follows from what happened to a payment.
#[expect(clippy::needless_pass_by_value, reason = "an id, as those of other policies are")]
pub fn payment_intents(payment: String, event: &PaymentEvent) -> Vec<Intent> {
    use PaymentEvent as E;

    // Whoever was told usually carries it on at once; this is for when that somebody died.
    let settle = |what: String| Intent::SetTimer {
        key: format!("payment:{payment}:{what}"),
        fires_at: event.at(),
        aggregate_type: Payment::TYPE,
        aggregate_id: payment.clone(),
        command: TimerCommand::SettlePayment,
    };
    match event {
        E::Succeeded { .. } => vec![settle("succeeded".to_owned())],
        E::Expired { .. } => vec![settle("expired".to_owned())],
        E::Refunded { total_cents, .. } => vec![settle(format!("refunded {total_cents}"))],
        E::RefundRequested { refund_id, amount_cents, reason, .. } => {
            let back = Intent::Effect {
                kind: STRIPE_REFUND,
                dedupe_key: format!("{STRIPE_REFUND}:{refund_id}"),
                payload: json!({
                    "payment_id": payment, "refund_id": refund_id, "amount_cents": amount_cents,
                }),
            };
            let told = match reason {
                RefundReason::PaidTooLate => Some(Matter::PaidTooLate),
                RefundReason::InvoiceVoid => Some(Matter::PaidForNothing),
                RefundReason::VisitCancelled | RefundReason::Staff | RefundReason::Dispute => None,
            };
            let told = told.map(|matter| office(matter, &refund_id.to_string(), &payment));
            [back].into_iter().chain(told).collect()
        }
        E::RefundRefused { refund_id, .. } => {
            vec![office(Matter::RefundRefused, &refund_id.to_string(), &payment)]
        }
        E::Failed { target: Target::Invoice { invoice }, .. } => vec![Intent::Effect {
            kind: PAYMENT_FAILED,
            dedupe_key: format!("{PAYMENT_FAILED}:{invoice}"),
            payload: json!({ "invoice_id": invoice }),
        }],
        E::Disputed { dispute, .. } => vec![settle(format!("disputed {dispute}"))],
        E::DisputeClosed { dispute, .. } => vec![settle(format!("dispute closed {dispute}"))],
        E::Failed { .. }
        | E::Initiated { .. }
        | E::Linked { .. }
        | E::LateFailureIgnored { .. } => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use uuid::Uuid;

    use super::*;
    use crate::payments::payment::RefundReason;

    #[test]
    fn money_is_sent_back_once_and_a_refused_card_is_told_once_for_an_invoice() {
        let at = DateTime::UNIX_EPOCH;
        let wanted = PaymentEvent::RefundRequested {
            refund_id: Uuid::from_u128(1).into(),
            amount_cents: 5,
            reason: RefundReason::Staff,
            at,
        };
        let [one, two] = ["a", "b"].map(|payment| payment_intents(payment.to_owned(), &wanted));
        let key = |intents: &[Intent]| match intents {
            [Intent::Effect { dedupe_key, .. }] => dedupe_key.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(key(&one), key(&two));
        // Whoever pays too late is told of in the office.
        let late = PaymentEvent::RefundRequested {
            refund_id: Uuid::from_u128(1).into(),
            amount_cents: 5,
            reason: RefundReason::PaidTooLate,
            at,
        };
        assert_eq!(payment_intents("a".to_owned(), &late).len(), 2);
        let target = Target::Invoice { invoice: Uuid::from_u128(2).into() };
        let failed = PaymentEvent::Failed { target, code: None, at };
        let [one, two] = ["a", "b"].map(|payment| payment_intents(payment.to_owned(), &failed));
        assert_eq!(key(&one), key(&two));
    }
}
