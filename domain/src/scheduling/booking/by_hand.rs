//! Deposits that staff took by hand, and what of them was given back.
//!
//! What came by card goes back by card, and what an invoice counted goes back there: both are told by others.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::error::BookingError;
use super::event::{BookingEvent, is_nothing};
use super::{Decision, DepositStatus, Details};
use crate::id::{BookingId, RefundId};
use crate::input::{Problems, text};

/// How the ids of payments begin that staff wrote down; what follows is the visit, and their reference.
pub const BY_HAND: &str = "manual:";

/// The id of a payment that staff took for a visit. References are those of a visit: "CASH" may stand at many.
pub(super) fn payment_id(booking: BookingId, reference: &str) -> String {
    format!("{BY_HAND}{booking}:{reference}")
}

/// What stands in the reference of a payment that staff took.
pub(super) fn reference(payment_id: &str) -> &str {
    let own = payment_id.strip_prefix(BY_HAND).unwrap_or(payment_id);
    // Those of older visits say no visit.
    match own.split_once(':') {
        Some((visit, reference)) if visit.parse::<BookingId>().is_ok() => reference,
        _ => own,
    }
}

/// What tells the deposits of a visit apart that staff took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference(String);

impl Reference {
    /// 1 to 40 letters, digits and any of `-_./#`.
    pub fn read(said: &str) -> Result<Self, Problems> {
        let said = text("reference", said, 1..=40)?;
        let is_code = |c: char| c.is_ascii_alphanumeric() || "-_./#".contains(c);
        if said.chars().all(is_code) {
            return Ok(Self(said));
        }
        Err(Problems::one("reference", "Input should be letters, digits and any of -_./#"))
    }
}

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
    /// How much went back by invoices that counted it, as far as was told here.
    #[serde(default)]
    pub refunded_cents: i64,
}

impl HandDeposit {
    /// What is left of it.
    pub const fn left_cents(&self) -> i64 {
        self.left_but(self.refunded_cents)
    }

    /// What is left of it where so much went back by invoices.
    const fn left_but(&self, refunded_cents: i64) -> i64 {
        self.amount_cents - self.returned_cents - refunded_cents
    }

    /// Everything that went back of it.
    pub const fn went_back_cents(&self) -> i64 {
        self.returned_cents + self.refunded_cents
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
    /// Until when what is asked for is awaited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<DateTime<Utc>>,
    /// When it was given back.
    pub returned_at: DateTime<Utc>,
    /// When that was written down.
    pub at: DateTime<Utc>,
}

/// Money that went back elsewhere: by card, or by the invoice that counted it.
#[derive(Clone, Debug)]
pub struct WentBack {
    /// Of which payment.
    pub payment_id: String,
    /// Told apart by this: telling of it twice changes nothing.
    pub refund_id: RefundId,
    /// How much.
    pub amount_cents: i64,
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
    /// How often money came for it in advance, or went back: what is asked for after that is another payment.
    pub fn deposit_moves(&self) -> i32 {
        let moves = self.paid.len() + self.refunds.len() + self.returns();
        i32::try_from(moves).unwrap_or(i32::MAX)
    }

    /// How often something was given back; whoever counts on what is left holds on to this.
    pub fn returns(&self) -> usize {
        self.by_hand.iter().map(|one| one.returns.len()).sum()
    }

    /// What is left of a payment in advance, of which so much came, and so much went back by invoices.
    pub fn left_of(&self, payment_id: &str, (came_cents, refunded_cents): (i64, i64)) -> i64 {
        let by_hand = self.hand(payment_id).map(|own| own.left_but(refunded_cents));
        by_hand.unwrap_or(came_cents)
    }

    pub(super) fn returned_cents(&self) -> i64 {
        let by_hand = self.by_hand.iter().map(HandDeposit::went_back_cents);
        by_hand.chain([self.refunded_cents]).fold(0, i64::saturating_add)
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
                refunded_cents: 0,
            });
        }
        self.paid.push((payment_id, amount_cents));
        // Of a visit that is over, or off, nothing is awaited any more.
        if !self.status.is_final() || short_cents == 0 {
            self.deposit_status = Some(DepositStatus::once_paid(short_cents));
        }
    }

    pub(super) fn gave_back(&mut self, it: &GivenBack) {
        if let Some(own) = self.by_hand.iter_mut().find(|own| own.payment_id == it.payment_id) {
            own.returned_cents += it.amount_cents;
            own.returns.insert(it.refund_id);
        }
        self.less_in_hand(it);
    }

    pub(super) fn refunded(&mut self, it: &GivenBack) {
        self.refunds.insert(it.refund_id);
        match self.by_hand.iter_mut().find(|own| own.payment_id == it.payment_id) {
            Some(own) => own.refunded_cents += it.amount_cents,
            None => self.refunded_cents = self.refunded_cents.saturating_add(it.amount_cents),
        }
        self.less_in_hand(it);
    }

    fn less_in_hand(&mut self, it: &GivenBack) {
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
        let told = WentBack { payment_id, refund_id, amount_cents };
        Ok(vec![BookingEvent::DepositReturned(self.given_back(told, (returned_at, at)))])
    }

    /// Taken note of whatever the state, as money that comes.
    pub(super) fn went_back(&self, told: WentBack, at: DateTime<Utc>) -> Vec<BookingEvent> {
        let is_ours = self.paid.iter().any(|(known, _)| *known == told.payment_id);
        if !is_ours || told.amount_cents < 1 || self.refunds.contains(&told.refund_id) {
            return Vec::new();
        }
        vec![BookingEvent::DepositRefunded(self.given_back(told, (at, at)))]
    }

    /// With what is left of all that was paid in advance, and how much of what is asked for is missing then.
    fn given_back(
        &self,
        told: WentBack,
        (returned_at, at): (DateTime<Utc>, DateTime<Utc>),
    ) -> GivenBack {
        let WentBack { payment_id, refund_id, amount_cents } = told;
        let left_cents = self.paid_cents().saturating_sub(amount_cents).max(0);
        let asked = self.deposit.as_ref().filter(|terms| terms.required);
        let asked = asked.and_then(|terms| terms.amount_cents).unwrap_or(0);
        let short_cents = (asked - left_cents).max(0);
        let due_at = self.deposit.as_ref().and_then(|terms| terms.due_at);
        GivenBack {
            payment_id,
            refund_id,
            amount_cents,
            left_cents,
            short_cents,
            due_at,
            returned_at,
            at,
        }
    }

    pub(super) fn deposit_taken(
        &self,
        Reference(said): Reference,
        amount_cents: i64,
        at: DateTime<Utc>,
    ) -> Decision {
        // One that was written down before ids said of which visit is the same.
        match self.by_hand.iter().find(|one| reference(&one.payment_id) == said) {
            None => {
                let payment_id = payment_id(self.requested.booking_id, &said);
                self.deposit_paid(payment_id, amount_cents, at)
            }
            Some(own) if own.amount_cents == amount_cents && own.left_cents() == amount_cents => {
                Ok(Vec::new())
            }
            // Somebody means other money.
            Some(_) => Err(BookingError::DepositReferenceTaken),
        }
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
            (it.paid_cents(), it.left_of("manual:ET-1", (7_000, 1_000)), it.returns()),
            (5_000, 4_000, 1)
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
    fn a_reference_is_that_of_one_visit_and_the_same_twice_is_one_payment() {
        let take = |reference: &str| BookingCommand::Deposit {
            step: DepositStep::Take {
                reference: Reference::read(reference).unwrap(),
                amount_cents: 7_000,
            },
            now: at(10),
        };
        let booking = details(&booked()).requested.booking_id;
        let taken = after(booked(), take(" CASH "));
        let it = details(&taken);
        assert_eq!(it.by_hand[0].payment_id, format!("manual:{booking}:CASH"));
        assert_eq!(reference(&it.by_hand[0].payment_id), "CASH");
        assert_eq!(after(taken.clone(), take("CASH")), taken);
        let other = BookingCommand::Deposit {
            step: DepositStep::Take {
                reference: Reference::read("CASH").unwrap(),
                amount_cents: 6_999,
            },
            now: at(10),
        };
        assert_eq!(refused(taken.clone(), other), BookingError::DepositReferenceTaken);
        assert_eq!(details(&after(taken, take("CASH/2"))).by_hand.len(), 2);
        let back = after(paid(), returned(1, None));
        assert_eq!(refused(back, take("ET-1")), BookingError::DepositReferenceTaken);
        // As it was written down before.
        let old = paid();
        assert_eq!(after(old.clone(), take("ET-1")), old);
        for wrong in ["", "Sam's", "a:b", &"x".repeat(41)] {
            let refusal = Reference::read(wrong).unwrap_err();
            assert_eq!(refusal.as_slice()[0].field, "reference", "{wrong}");
        }
    }

    #[test]
    fn what_went_back_elsewhere_is_paid_no_more_and_told_once() {
        let told = |payment: &str, refund: u128, amount_cents: i64| {
            let refund_id = RefundId::from(Uuid::from_u128(refund));
            let payment_id = payment.to_owned();
            let told = WentBack { payment_id, refund_id, amount_cents };
            BookingCommand::Deposit { step: DepositStep::Refunded(told), now: at(13) }
        };
        for payment in ["manual:ET-1", "pi_1"] {
            let paid = with(booked(), came(payment, (7_000, 0), 10));
            assert_eq!(after(paid.clone(), told("pi_2", 1, 2_000)), paid, "not ours");
            let part = after(paid, told(payment, 1, 2_000));
            let it = details(&part);
            assert_eq!((it.paid_cents(), it.deposit_left_cents()), (5_000, 2_000));
            assert_eq!(it.deposit_status, Some(DepositStatus::Pending));
            assert_eq!(after(part.clone(), told(payment, 1, 2_000)), part, "told again");
            let all = details(&after(part, told(payment, 2, 5_000)));
            assert_eq!((all.paid_cents(), all.deposit_status), (0, Some(DepositStatus::Returned)));
        }
        let all = after(paid(), told("manual:ET-1", 1, 7_000));
        assert!(matches!(refused(all, returned(1, None)), BookingError::Invalid(_)));
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
