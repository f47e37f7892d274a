//! The life of a dispute, given, when, then.

use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::invoicing::invoice::Words;
use crate::refusal::{Kind, Refusal};

fn at(hours: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + chrono::TimeDelta::hours(hours)
}

fn new(source: Source) -> New {
    New {
        dispute_id: Uuid::from_u128(1).into(),
        source,
        opened_by: "staff".to_owned(),
        booking: None,
        invoice: Some(Uuid::from_u128(2).into()),
        payment_id: None,
        amount_cents: None,
        reason: Some(Words::Said("A stain was left".to_owned())),
        subject: Uuid::from_u128(3).into(),
    }
}

fn open(source: Source) -> DisputeCommand {
    DisputeCommand::Open { new: new(source), now: at(0) }
}

fn facts() -> DisputeCommand {
    let facts = Facts { photo_refs: vec!["p".to_owned()], ..Facts::default() };
    DisputeCommand::CollectFacts { facts: Some(facts), by: "staff".to_owned(), now: at(1) }
}

fn left(payment: &str, cents: i64, by: Way) -> Left {
    Left { payment_id: payment.to_owned(), cents, by }
}

/// An invoice of 189 dollars, paid in two parts.
fn standing() -> Standing {
    let invoice = Invoiced {
        invoice: Uuid::from_u128(2).into(),
        creditable_cents: 18_900,
        credited_cents: 0,
        overpaid_cents: 0,
    };
    Standing {
        base_cents: Some(18_900),
        refunded_cents: 0,
        left: vec![left("pi:1", 10_000, Way::Card), left("cash", 8_900, Way::Hand)],
        invoice: Some(invoice),
    }
}

fn ruled(ruling: Ruling, amount_cents: Option<i64>, standing: Standing) -> DisputeCommand {
    let (note, by) = (None, "owner".to_owned());
    let decision = Decision { ruling, amount_cents, note, by, standing };
    DisputeCommand::Decide { decision, now: at(2) }
}

fn after(commands: Vec<DisputeCommand>) -> Dispute {
    let mut dispute = Dispute::default();
    for command in commands {
        for event in dispute.decide(command).unwrap() {
            dispute.apply(event);
        }
    }
    dispute
}

fn status(dispute: &Dispute) -> Status {
    dispute.details().unwrap().status
}

fn decided(dispute: &Dispute) -> &Decided {
    dispute.details().unwrap().decided.as_ref().unwrap()
}

#[test]
fn it_is_opened_found_out_decided_and_closed_each_once() {
    let all = [open(Source::Staff), facts(), ruled(Ruling::NoRefund, None, standing())];
    let dispute = after(all.to_vec());
    assert_eq!(status(&dispute), Status::Decided);
    assert_eq!(dispute.decide(facts()), Err(DisputeError::FactsFrozen));
    let again = ruled(Ruling::NoRefund, None, standing());
    assert_eq!(dispute.decide(again), Err(DisputeError::IllegalState(Status::Decided)));
    let close = DisputeCommand::Close { now: at(3) };
    let closed = after([&all[..], std::slice::from_ref(&close)].concat());
    assert_eq!(status(&closed), Status::Closed);
    assert_eq!(closed.decide(close), Ok(vec![]));
    assert_eq!(closed.decide(facts()), Err(DisputeError::FactsFrozen));
}

#[test]
fn nothing_is_decided_or_closed_before_its_time() {
    let opened = after(vec![open(Source::Worker)]);
    let decide = || ruled(Ruling::NoRefund, None, standing());
    assert_eq!(opened.decide(decide()), Err(DisputeError::FactsMissing));
    let close = DisputeCommand::Close { now: at(3) };
    assert_eq!(opened.decide(close.clone()), Err(DisputeError::IllegalState(Status::Open)));
    assert_eq!(opened.decide(open(Source::Worker)), Ok(vec![]));
    for command in [facts(), decide(), close] {
        assert_eq!(Dispute::Absent.decide(command), Err(DisputeError::NotFound));
    }
}

#[test]
fn people_say_why_and_about_what_and_banks_do_not() {
    let refused = |change: fn(&mut New)| {
        let mut new = new(Source::Staff);
        change(&mut new);
        Dispute::Absent.decide(DisputeCommand::Open { new, now: at(0) }).unwrap_err()
    };
    assert_eq!(refused(|new| new.reason = None), DisputeError::ReasonRequired);
    let spaces = |new: &mut New| new.reason = Some(Words::Said(" ".to_owned()));
    assert_eq!(refused(spaces), DisputeError::ReasonRequired);
    assert_eq!(refused(|new| new.invoice = None), DisputeError::TargetRequired);
    let both = |new: &mut New| new.booking = Some(Uuid::from_u128(9).into());
    assert_eq!(refused(both), DisputeError::TargetRequired);
    let mut bank = new(Source::Stripe);
    (bank.reason, bank.booking) = (None, Some(Uuid::from_u128(9).into()));
    let events = Dispute::Absent.decide(DisputeCommand::Open { new: bank, now: at(0) }).unwrap();
    assert_eq!(Dispute::reservations(&events[0]), []);
}

#[test]
fn what_people_dispute_is_taken_until_it_is_over() {
    let opened = Dispute::Absent.decide(open(Source::Staff)).unwrap();
    let [Reservation::Claim { value, .. }] = &Dispute::reservations(&opened[0])[..] else {
        panic!("{opened:?}")
    };
    let end = DisputeCommand::CloseAtBank { won: true, now: at(4) };
    let closed = after(vec![open(Source::Staff)]).decide(end).unwrap();
    let released = Reservation::Release { scope: DISPUTED, value: value.clone() };
    assert_eq!(Dispute::reservations(&closed[0]), [released]);
}

#[test]
fn the_bank_closes_whatever_was_decided_and_once() {
    let mut dispute = after(vec![open(Source::Stripe)]);
    let end = |won| DisputeCommand::CloseAtBank { won, now: at(4) };
    for event in dispute.decide(end(false)).unwrap() {
        dispute.apply(event);
    }
    assert_eq!(
        dispute.details().map(|it| (it.status, it.won)),
        Some((Status::Closed, Some(false)))
    );
    assert_eq!(dispute.decide(end(true)), Ok(vec![]));
}

#[test]
fn money_goes_back_by_card_first_and_is_not_owed_again() {
    let ready = [open(Source::Staff), facts()];
    let some = ruled(Ruling::PartialRefund, Some(12_000), standing());
    let dispute = after([&ready[..], &[some]].concat());
    let told = decided(&dispute);
    let parts: Vec<_> = told.refunds.iter().map(|one| (one.amount_cents, one.by)).collect();
    assert_eq!(parts, [(10_000, Way::Card), (2_000, Way::Hand)]);
    assert_eq!((told.before_cents, told.after_cents, told.credit_cents), (0, 12_000, 12_000));

    // What came in too much is not owed anyway.
    let mut over = standing();
    over.invoice.as_mut().unwrap().overpaid_cents = 1_000;
    let dispute = after([&ready[..], &[ruled(Ruling::FullRefund, None, over)]].concat());
    assert_eq!((decided(&dispute).amount_cents, decided(&dispute).credit_cents), (18_900, 17_900));

    let mut before = standing();
    before.refunded_cents = 15_000;
    let dispute = after([&ready[..], &[ruled(Ruling::FullRefund, None, before)]].concat());
    assert_eq!((decided(&dispute).amount_cents, decided(&dispute).after_cents), (3_900, 18_900));
}

#[test]
fn amounts_that_are_not_possible_are_refused() {
    let dispute = after(vec![open(Source::Staff), facts()]);
    let kind = |ruling, cents, standing| match dispute.decide(ruled(ruling, cents, standing)) {
        Err(error) => (error.kind(), error.code()),
        Ok(events) => panic!("{events:?}"),
    };
    let invalid = (Kind::Invalid, "dispute.amount_invalid");
    for (ruling, cents) in [
        (Ruling::NoRefund, Some(1)),
        (Ruling::PartialRefund, None),
        (Ruling::PartialRefund, Some(0)),
        (Ruling::PartialRefund, Some(-1)),
        (Ruling::PartialRefund, Some(18_901)),
        (Ruling::PartialRefund, Some(i64::MAX)),
        (Ruling::FullRefund, Some(1)),
        (Ruling::CreditNote, None),
        (Ruling::CreditNote, Some(18_901)),
    ] {
        assert_eq!(kind(ruling, cents, standing()), invalid, "{ruling} {cents:?}");
    }
    let unknown = Standing { base_cents: None, ..standing() };
    assert_eq!(kind(Ruling::FullRefund, None, unknown).1, "dispute.base_unknown");
    let unpaid = Standing { left: Vec::new(), ..standing() };
    assert_eq!(kind(Ruling::FullRefund, None, unpaid).1, "dispute.nothing_to_refund");
    let alone = Standing { invoice: None, ..standing() };
    assert_eq!(kind(Ruling::CreditNote, Some(1), alone).1, "dispute.invoice_required");
}

#[test]
fn facts_are_bounded() {
    let dispute = after(vec![open(Source::Staff)]);
    let long = "x".repeat(70_000);
    for facts in [
        Facts { photo_refs: vec!["p".to_owned(); 101], ..Facts::default() },
        Facts { photo_refs: vec![String::new()], ..Facts::default() },
        Facts { time_log: Some(json!(long)), ..Facts::default() },
        Facts { checklist_snapshot: Some(json!({ "a": "\u{0}" })), ..Facts::default() },
        Facts { time_log: Some(json!({ "a": [{ "$erased": {} }] })), ..Facts::default() },
    ] {
        let command =
            DisputeCommand::CollectFacts { facts: Some(facts), by: "s".to_owned(), now: at(1) };
        assert_eq!(dispute.decide(command).unwrap_err().code(), "dispute.facts_invalid");
    }
}

proptest! {
    /// Whatever was paid: never more goes back than was charged or is left, and the parts add up.
    #[test]
    fn what_goes_back_adds_up(
        base in 0..1_000_000_i64, refunded in 0..1_000_000_i64, overpaid in 0..1_000_i64,
        parts in proptest::collection::vec(-5..500_000_i64, 0..6), asked in proptest::option::of(-1..1_100_000_i64),
        full in any::<bool>(),
    ) {
        let numbered = parts.iter().enumerate();
        let all: Vec<Left> =
            numbered.map(|(n, cents)| left(&n.to_string(), *cents, Way::Card)).collect();
        let mut stands = standing();
        (stands.base_cents, stands.refunded_cents, stands.left) = (Some(base), refunded, all);
        stands.invoice.as_mut().unwrap().overpaid_cents = overpaid;
        let ruling = if full { Ruling::FullRefund } else { Ruling::PartialRefund };
        let dispute = after(vec![open(Source::Staff), facts()]);
        if let Ok(events) = dispute.decide(ruled(ruling, asked, stands)) {
            let DisputeEvent::Decided(it) = &events[0] else { panic!() };
            let sum: i64 = it.refunds.iter().map(|one| one.amount_cents).sum();
            prop_assert_eq!(sum, it.amount_cents);
            prop_assert!(it.amount_cents > 0 && it.amount_cents <= base - refunded);
            prop_assert!(it.refunds.iter().all(|one| one.amount_cents > 0));
            prop_assert!(it.credit_cents <= it.amount_cents && it.credit_cents <= 18_900);
        }
    }
}
