//! Deposits that staff took by hand, and what of them was given back.
//!
//! What came by card goes back by card, and what an invoice counted goes back there: both are told by others.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::error::BookingError;
use super::event::{BookingEvent, is_nothing};
use super::{Decision, DepositStatus, Details};
use crate::id::RefundId;
use crate::input::Problems;

/// How the ids of payments begin that staff wrote down; what follows is their reference.
pub const BY_HAND: &str = "manual:";

/// A deposit that staff took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandDeposit {
    /// Told apart by this.
    pub payment_id: String,
    /// How much came.
    pub amount_cents: i64,
    /// When.
    pub paid_at: DateTime<Utc>,
    /// How much of it was given back.
    pub returned_cents: i64,
    /// Each time once.
    pub returns: BTreeSet<RefundId>,
}

impl HandDeposit {
    /// What is left of it.
    pub const fn left_cents(&self) -> i64 {
        self.amount_cents - self.returned_cents
    }
}

/// What was given back of a deposit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenBack {
    /// Which payment.
    pub payment_id: String,
    /// Told apart by this.
    pub refund_id: RefundId,
    /// How much of it.
    pub amount_cents: i64,
    /// How much is left of all that was paid in advance.
    pub left_cents: i64,
    /// How much of what is asked for is missing with that.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub short_cents: i64,
    /// When it was given back.
    pub returned_at: DateTime<Utc>,
    /// When that was written down.
    pub at: DateTime<Utc>,
}

/// Money that is said to have been given back by hand.
#[derive(Clone, Debug)]
pub struct Returned {
    /// Of which deposit.
    pub payment_id: String,
    /// Told apart by this: returning twice with the same changes nothing.
    pub refund_id: RefundId,
    /// How much; `None` is all that is left.
    pub amount_cents: Option<i64>,
    /// When it was given back.
    pub returned_at: DateTime<Utc>,
}

impl Details {
    /// How often something was given back; whoever counts on what is left holds on to this.
    pub fn returns(&self) -> usize {
        self.by_hand.iter().map(|one| one.returns.len()).sum()
    }

    /// What is left of a payment in advance, of which so much came.
    pub fn left_of(&self, payment_id: &str, came_cents: i64) -> i64 {
        self.hand(payment_id).map_or(came_cents, HandDeposit::left_cents)
    }

    pub(super) fn returned_cents(&self) -> i64 {
        self.by_hand.iter().fold(0, |sum, one| sum.saturating_add(one.returned_cents))
    }

    fn hand(&self, payment_id: &str) -> Option<&HandDeposit> {
        self.by_hand.iter().find(|one| one.payment_id == payment_id)
    }

    pub(super) fn took(
        &mut self,
        payment_id: String,
        amount_cents: i64,
        (short_cents, paid_at): (i64, DateTime<Utc>),
    ) {
        if payment_id.starts_with(BY_HAND) {
            self.by_hand.push(HandDeposit {
                payment_id: payment_id.clone(),
                amount_cents,
                paid_at,
                returned_cents: 0,
                returns: BTreeSet::new(),
            });
        }
        self.paid.push((payment_id, amount_cents));
        self.deposit_status = Some(DepositStatus::once_paid(short_cents));
    }

    pub(super) fn gave_back(&mut self, it: &GivenBack) {
        if let Some(own) = self.by_hand.iter_mut().find(|own| own.payment_id == it.payment_id) {
            own.returned_cents += it.amount_cents;
            own.returns.insert(it.refund_id);
        }
        // Of a visit that is over, or off, nothing is awaited any more.
        if !self.status.is_final() || it.left_cents == 0 {
            let status = DepositStatus::once_returned(it.left_cents, it.short_cents);
            self.deposit_status = Some(status);
        }
    }

    pub(super) fn deposit_returned(&self, asked: Returned, at: DateTime<Utc>) -> Decision {
        let Returned { payment_id, refund_id, amount_cents, returned_at } = asked;
        let Some(own) = self.hand(&payment_id) else {
            let by_card = self.paid.iter().any(|(known, _)| *known == payment_id);
            return Err(if by_card {
                BookingError::DepositNotByHand
            } else {
                BookingError::DepositNotFound
            });
        };
        if own.returns.contains(&refund_id) {
            return Ok(Vec::new());
        }
        let left = own.left_cents();
        if left < 1 {
            return Err(Problems::one("amount_cents", "Nothing is left of it").into());
        }
        let amount_cents = amount_cents.unwrap_or(left);
        if !(1..=left).contains(&amount_cents) {
            let message = format!("Input should be from 1 to {left}");
            return Err(Problems::one("amount_cents", message).into());
        }
        if returned_at < own.paid_at {
            let message = "Input should not be before the deposit came";
            return Err(Problems::one("returned_at", message).into());
        }
        let left_cents = self.paid_cents() - amount_cents;
        let asked = self.deposit.as_ref().filter(|terms| terms.required);
        let asked = asked.and_then(|terms| terms.amount_cents).unwrap_or(0);
        let short_cents = (asked - left_cents).max(0);
        Ok(vec![BookingEvent::DepositReturned(GivenBack {
            payment_id,
            refund_id,
            amount_cents,
            left_cents,
            short_cents,
            returned_at,
            at,
        })])
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use uuid::Uuid;

    use super::super::tests::{at, booked, came, folded, refused, with};
    use super::super::{BookingCommand, DepositStep};
    use super::*;

    fn returned(refund: u128, amount_cents: Option<i64>) -> BookingCommand {
        let refund_id = RefundId::from(Uuid::from_u128(refund));
        let payment_id = "manual:ET-1".to_owned();
        let asked = Returned { payment_id, refund_id, amount_cents, returned_at: at(12) };
        BookingCommand::Deposit { step: DepositStep::Return(asked), now: at(13) }
    }

    fn paid() -> Vec<BookingEvent> {
        with(booked(), came("manual:ET-1", (7_000, 0), 10))
    }

    fn after(events: Vec<BookingEvent>, command: BookingCommand) -> Vec<BookingEvent> {
        let more = folded(events.clone()).decide(command).unwrap();
        [events, more].concat()
    }

    fn details(events: &[BookingEvent]) -> Details {
        folded(events.to_vec()).details().unwrap().clone()
    }

    #[test]
    fn what_was_given_back_is_paid_no_more_and_never_more_than_came() {
        let part = after(paid(), returned(1, Some(2_000)));
        let it = details(&part);
        assert_eq!(
            (it.paid_cents(), it.left_of("manual:ET-1", 7_000), it.returns()),
            (5_000, 5_000, 1)
        );
        assert_eq!(
            (it.deposit_status, it.deposit_left_cents()),
            (Some(DepositStatus::Pending), 2_000)
        );
        assert_eq!(after(part.clone(), returned(1, Some(2_000))), part, "told again");
        for wrong in [5_001, 0, -1] {
            let refusal = refused(part.clone(), returned(2, Some(wrong)));
            assert!(matches!(refusal, BookingError::Invalid(_)), "{refusal:?}");
        }
        let all = after(part, returned(2, None));
        let it = details(&all);
        assert_eq!((it.paid_cents(), it.deposit_status), (0, Some(DepositStatus::Returned)));
        assert!(it.owes_deposit());
        assert!(matches!(refused(all, returned(3, None)), BookingError::Invalid(_)));
    }

    #[test]
    fn only_what_somebody_took_is_given_back_and_not_before_it_came() {
        let unknown = refused(booked(), returned(1, None));
        assert_eq!(unknown, BookingError::DepositNotFound);
        let by_card = with(booked(), came("pi_1", (7_000, 0), 10));
        let asked = Returned {
            payment_id: "pi_1".to_owned(),
            refund_id: RefundId::from(Uuid::from_u128(1)),
            amount_cents: None,
            returned_at: at(12),
        };
        let step =
            |asked| BookingCommand::Deposit { step: DepositStep::Return(asked), now: at(13) };
        assert_eq!(refused(by_card, step(asked.clone())), BookingError::DepositNotByHand);
        let early = Returned {
            payment_id: "manual:ET-1".to_owned(),
            returned_at: at(10) - TimeDelta::seconds(1),
            ..asked
        };
        assert!(matches!(refused(paid(), step(early)), BookingError::Invalid(_)));
    }
}
