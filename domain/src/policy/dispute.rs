//! What follows from what happens to a dispute: money goes back, and is not owed again.

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;

use super::office::{Matter, told as office};
use super::{Intent, TimerCommand};
use crate::id::DisputeId;
use crate::invoicing::invoice::Invoice;
use crate::payments::dispute::{Decided, DisputeEvent, Part, Source, Way};
use crate::payments::payment::Payment;

/// Everything that follows from what happened to a dispute.
pub fn dispute_intents(dispute: DisputeId, event: &DisputeEvent) -> Vec<Intent> {
    match event {
        DisputeEvent::Decided(decided) => {
            let by_card = decided.refunds.iter().filter(|part| part.by == Way::Card);
            let back = by_card.map(|part| sent_back(dispute, part, decided.at));
            credited(dispute, decided).into_iter().chain(back).collect()
        }
        // Whoever opens it in the office knows.
        DisputeEvent::Opened(opened) if opened.source != Source::Staff => {
            let id = dispute.to_string();
            vec![office(Matter::DisputeOpened, &id, &id)]
        }
        DisputeEvent::Opened(_)
        | DisputeEvent::FactsCollected { .. }
        | DisputeEvent::Closed { .. } => Vec::new(),
    }
}

fn sent_back(dispute: DisputeId, part: &Part, fires_at: DateTime<Utc>) -> Intent {
    Intent::SetTimer {
        key: format!("dispute_refund:{dispute}:{}", part.payment_id),
        fires_at,
        aggregate_type: Payment::TYPE,
        aggregate_id: part.payment_id.clone(),
        command: TimerCommand::RefundDisputed { dispute, amount_cents: part.amount_cents },
    }
}

fn credited(dispute: DisputeId, decided: &Decided) -> Option<Intent> {
    let invoice = decided.invoice.filter(|_| decided.credit_cents > 0)?;
    Some(Intent::SetTimer {
        key: format!("dispute_credit:{dispute}"),
        fires_at: decided.at,
        aggregate_type: Invoice::TYPE,
        aggregate_id: invoice.to_string(),
        command: TimerCommand::CreditDisputed { dispute, amount_cents: decided.credit_cents },
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::payments::dispute::Ruling;

    #[test]
    fn money_that_came_by_card_goes_back_and_the_invoice_is_credited() {
        let part = |payment: &str, by| Part { payment_id: payment.to_owned(), amount_cents: 5, by };
        let decided = Decided {
            ruling: Ruling::PartialRefund,
            amount_cents: 10,
            base_cents: Some(100),
            before_cents: 0,
            after_cents: 10,
            refunds: vec![part("pi:1", Way::Card), part("cash", Way::Hand)],
            invoice: Some(Uuid::from_u128(2).into()),
            credit_cents: 10,
            note: None,
            by: "owner".to_owned(),
            at: DateTime::UNIX_EPOCH,
        };
        let follows = |decided: &Decided| {
            let event = DisputeEvent::Decided(Box::new(decided.clone()));
            dispute_intents(Uuid::from_u128(1).into(), &event)
        };
        let commands: Vec<_> = follows(&decided)
            .into_iter()
            .map(|intent| match intent {
                Intent::SetTimer { aggregate_id, command, .. } => (aggregate_id, command),
                other => panic!("{other:?}"),
            })
            .collect();
        let dispute = Uuid::from_u128(1).into();
        assert_eq!(
            commands,
            [
                (
                    Uuid::from_u128(2).to_string(),
                    TimerCommand::CreditDisputed { dispute, amount_cents: 10 }
                ),
                ("pi:1".to_owned(), TimerCommand::RefundDisputed { dispute, amount_cents: 5 }),
            ]
        );
        let nothing = Decided { refunds: Vec::new(), credit_cents: 0, ..decided };
        assert_eq!(follows(&nothing), []);
    }
}
