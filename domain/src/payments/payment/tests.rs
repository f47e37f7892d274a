//! What comes of a payment, whatever is told in whatever order.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
}

fn new(references: &[&str]) -> New {
    New {
        payment_id: "p".to_owned(),
        target: Target::Invoice { invoice: Uuid::from_u128(1).into() },
        amount_cents: 5_000,
        currency: Currency::Cad,
        references: references.iter().map(|one| (*one).to_owned()).collect(),
    }
}

fn note(references: &[&str], fact: Fact) -> PaymentCommand {
    PaymentCommand::Note { new: new(references), fact, now: at(9) }
}

fn after(commands: Vec<PaymentCommand>) -> Payment {
    let mut payment = Payment::default();
    for command in commands {
        for event in payment.decide(command).unwrap_or_default() {
            payment.apply(event);
        }
    }
    payment
}

fn success() -> PaymentCommand {
    note(&["pi_1"], Fact::Succeeded { amount_cents: 5_000, received_at: at(1) })
}

fn completed() -> PaymentCommand {
    note(&["cs_1", "pi_1"], Fact::Succeeded { amount_cents: 5_000, received_at: at(1) })
}

fn refund(total_cents: i64) -> PaymentCommand {
    note(&["pi_1"], Fact::Refunded { amount_cents: 5_000, total_cents, received_at: at(1) })
}

fn failure() -> PaymentCommand {
    note(&["pi_1"], Fact::Failed { code: Some("card_declined".to_owned()) })
}

/// All that matters of it.
fn stands(payment: &Payment) -> (Status, i64, i64) {
    let it = payment.details().unwrap();
    (it.status, it.amount_cents, it.refunded_cents())
}

#[test]
fn checkout_and_payment_are_one() {
    let both = after(vec![completed(), success()]);
    assert_eq!(stands(&both), (Status::Succeeded, 5_000, 0));
    assert_eq!(both.details().unwrap().references, ["cs_1", "pi_1"]);
    assert!(both.decide(success()).unwrap().is_empty());
    let linked = PaymentEvent::Linked { reference: "pi_1".to_owned(), at: at(1) };
    let claim = Reservation::Claim { scope: REFERENCES, value: "pi_1".to_owned() };
    assert_eq!(Payment::reservations(&linked), [claim]);
}

#[test]
fn a_late_failure_never_undoes_a_success() {
    let late = after(vec![success()]).decide(failure()).unwrap();
    assert!(matches!(late[..], [PaymentEvent::LateFailureIgnored { .. }]));
    assert_eq!(stands(&after(vec![failure(), success()])).0, Status::Succeeded);
    assert_eq!(stands(&after(vec![success(), failure()])).0, Status::Succeeded);
    let expired = note(&["cs_1"], Fact::Expired);
    assert_eq!(stands(&after(vec![success(), expired.clone()])).0, Status::Succeeded);
    assert_eq!(stands(&after(vec![expired, success()])).0, Status::Succeeded);
}

#[test]
fn what_went_back_is_counted_by_its_total() {
    assert_eq!(stands(&after(vec![success(), refund(2_000)])), (Status::Succeeded, 5_000, 2_000));
    assert_eq!(stands(&after(vec![refund(2_000), success()])), (Status::Succeeded, 5_000, 2_000));
    assert_eq!(stands(&after(vec![success(), refund(5_000), refund(2_000)])).2, 5_000);
    assert_eq!(stands(&after(vec![success(), refund(9_000)])).2, 5_000);
}

#[test]
fn what_is_wanted_back_goes_back_once() {
    let refund_id = Uuid::from_u128(7).into();
    let want = |amount_cents| PaymentCommand::RequestRefund {
        refund_id,
        amount_cents,
        reason: RefundReason::Staff,
        now: at(2),
    };
    let wanted = after(vec![success(), want(Some(3_000)), want(Some(3_000))]);
    assert_eq!(wanted.details().unwrap().refundable_cents(), 2_000);
    // The provider answers, and its message comes too.
    let confirm = PaymentCommand::ConfirmRefund { refund_id, now: at(3) };
    let back = after(vec![success(), want(Some(3_000)), confirm.clone(), refund(3_000), confirm]);
    assert_eq!(stands(&back), (Status::Succeeded, 5_000, 3_000));
    assert!(back.details().unwrap().wanted.is_empty());
    let told = after(vec![success(), want(Some(3_000)), refund(3_000)]);
    assert_eq!((stands(&told).2, told.details().unwrap().refundable_cents()), (3_000, 2_000));
    let other = PaymentCommand::RequestRefund {
        refund_id: Uuid::from_u128(8).into(),
        amount_cents: Some(2_001),
        reason: RefundReason::Staff,
        now: at(4),
    };
    assert_eq!(told.decide(other), Err(PaymentError::RefundTooLarge));
    let unpaid = after(vec![failure()]);
    assert_eq!(unpaid.decide(want(None)), Err(PaymentError::NothingToRefund));
}

#[test]
fn a_dispute_that_is_told_of_when_it_is_over_has_begun_before() {
    let closed = note(
        &["pi_1"],
        Fact::DisputeClosed { dispute: "dp_1".to_owned(), amount_cents: 4_000, won: false },
    );
    let opened =
        note(&["pi_1"], Fact::Disputed { dispute: "dp_1".to_owned(), amount_cents: 4_000 });
    let ended = [("dp_1".to_owned(), 4_000, Some(false))];
    let paid = after(vec![success()]);
    let told: Vec<&'static str> =
        paid.decide(closed.clone()).unwrap().iter().map(Into::into).collect();
    assert_eq!(told, ["disputed", "dispute_closed"]);
    for order in [
        vec![closed.clone(), opened.clone()],
        vec![opened.clone(), closed.clone(), opened],
        vec![closed.clone(), closed],
    ] {
        let payment = after([vec![success()], order].concat());
        assert_eq!(payment.details().unwrap().disputes, ended);
    }
}

#[test]
fn its_currency_never_changes() {
    let mut dollars = new(&["pi_1"]);
    dollars.currency = Currency::Usd;
    let fact = Fact::Succeeded { amount_cents: 5_000, received_at: at(1) };
    let command = PaymentCommand::Note { new: dollars, fact, now: at(2) };
    assert_eq!(after(vec![success()]).decide(command), Err(PaymentError::CurrencyDiffers));
}

proptest! {
    /// Every message once to five times, in any order.
    #[test]
    fn any_order_and_number_of_messages_comes_to_the_same(order in prop::collection::vec(0..6_usize, 0..30)) {
        let all = [completed(), success(), failure(), refund(1_000), refund(4_000), note(&["cs_1"], Fact::Expired)];
        let mut told: Vec<PaymentCommand> = order.iter().map(|n| all[*n].clone()).collect();
        told.extend(all.clone());
        let (shuffled, ordered) = (after(told), after(all.to_vec()));
        prop_assert_eq!(stands(&shuffled), stands(&ordered));
        prop_assert_eq!(stands(&ordered), (Status::Succeeded, 5_000, 4_000));
        let (mut one, mut other) = (shuffled.details().unwrap().references.clone(), ordered.details().unwrap().references.clone());
        one.sort();
        other.sort();
        prop_assert_eq!(one, other);
    }
}
