//! Every event of money as the ledger books it.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use cqrs_es::Aggregate;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::finance::expense::{ExpenseEvent, Terms};
use crate::finance::month::Month;
use crate::finance::period::PeriodEvent;
use crate::invoicing::invoice::lines::Line as Item;
use crate::invoicing::invoice::number::InvoiceNumber;
use crate::invoicing::invoice::payment::{Method, Provider};
use crate::invoicing::invoice::{Drafted, Invoice, InvoiceEvent};
use crate::payments::payment::{PaymentEvent, Target};
use crate::personal::Personal;

fn at(days: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_290_400, 0).unwrap() + TimeDelta::days(days)
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn id() -> InvoiceId {
    Uuid::from_u128(2).into()
}

fn drafted(lines: Vec<(i64, Option<u32>)>) -> InvoiceEvent {
    let item = |(unit_price_cents, tax_ppm)| Item {
        description: Personal::of(Uuid::nil().into(), "x".to_owned()),
        qty: 1,
        unit_price_cents,
        tax_ppm,
    };
    InvoiceEvent::Drafted(Box::new(Drafted {
        invoice_id: id(),
        number: InvoiceNumber { year: 2026, count: 1 },
        order: None,
        additional: false,
        visit_cancelled: false,
        client: None,
        lead: None,
        subject: Uuid::nil().into(),
        lines: lines.into_iter().map(item).collect(),
        issue_date: day("2026-01-05"),
        due_date: None,
        currency: Currency::Cad,
        notes: None,
        by: None,
        at: at(0),
    }))
}

fn issued(days: i64) -> InvoiceEvent {
    InvoiceEvent::Issued { overdue_at: None, at: at(days) }
}

fn paid(payment_id: &str, amount_cents: i64, days: i64) -> InvoiceEvent {
    InvoiceEvent::PaymentApplied {
        payment_id: payment_id.to_owned(),
        provider: Provider::Manual,
        method: Method::Cash,
        reference: None,
        amount_cents,
        received_at: at(days),
        at: at(days),
    }
}

fn refunded(payment_id: &str, amount_cents: i64, days: i64) -> InvoiceEvent {
    InvoiceEvent::PaymentRefunded {
        payment_id: payment_id.to_owned(),
        refund_id: Uuid::from_u128(u128::try_from(days).unwrap()).into(),
        amount_cents,
        deposit_of: None,
        at: at(days),
    }
}

fn books() -> Books {
    Books::of("UTC".to_owned())
}

/// What all events of an invoice make.
fn all(books: &Books, events: &[InvoiceEvent]) -> Posted {
    let mut book = InvoiceBook::of(&events[0]).unwrap();
    let mut posted = Posted::default();
    for event in events {
        let one = book.post(books, event, |_| false);
        assert!(one.balances(), "{event:?}: {one:?}");
        posted.entries.extend(one.entries);
        posted.taxed.extend(one.taxed);
    }
    posted
}

/// Debit less credit, by account.
fn balances(posted: &Posted) -> BTreeMap<Account, i64> {
    let mut balances = BTreeMap::new();
    for line in posted.entries.iter().flat_map(|entry| &entry.lines) {
        *balances.entry(line.account).or_insert(0) += line.debit_cents - line.credit_cents;
    }
    balances.retain(|_, cents| *cents != 0);
    balances
}

fn is(posted: &Posted, wanted: &[(Account, i64)]) {
    assert_eq!(balances(posted), wanted.iter().copied().collect());
}

#[test]
fn an_invoice_is_owed_when_it_counts_and_the_last_payment_has_the_rest_of_its_tax() {
    let mut events = vec![drafted(vec![(10_010, Some(50_000))])];
    assert_eq!(all(&books(), &events), Posted::default());
    events.extend([issued(2), paid("a", 3_504, 3), paid("b", 3_504, 4), paid("c", 3_503, 40)]);
    let posted = all(&books(), &events);
    is(
        &posted,
        &[(Account::Cash, 10_511), (Account::Revenue, -10_010), (Account::TaxPayable, -501)],
    );
    let taxed: Vec<_> = posted.taxed.iter().map(|one| one.tax_cents).collect();
    assert_eq!((taxed.as_slice(), taxed.iter().sum::<i64>()), (&[167, 167, 167][..], 501));
    let days: Vec<_> = posted.entries.iter().map(|entry| entry.day.to_string()).collect();
    assert_eq!(days, ["2026-01-05", "2026-01-04", "2026-01-05", "2026-02-10"]);
}

#[test]
fn what_goes_back_is_owed_again_and_takes_its_tax_along() {
    let events = [
        drafted(vec![(10_000, Some(50_000))]),
        issued(1),
        paid("a", 10_500, 2),
        refunded("a", 2_100, 3),
    ];
    let posted = all(&books(), &events);
    assert_eq!(balances(&posted)[&Account::Receivable], 2_100);
    let taxed: Vec<_> = posted.taxed.iter().map(|one| (one.amount_cents, one.tax_cents)).collect();
    assert_eq!(taxed, [(10_500, 500), (-2_100, -100)]);
}

#[test]
fn credits_and_voids_take_back_what_was_earned_on_their_own_day() {
    let credited = InvoiceEvent::Credited {
        credit_id: Uuid::from_u128(1).into(),
        amount_cents: 2_100,
        tax_cents: 100,
        reason: None,
        at: at(9),
    };
    let events = [drafted(vec![(10_000, Some(50_000))]), issued(1), credited.clone()];
    is(
        &all(&books(), &events),
        &[(Account::Receivable, 8_400), (Account::Revenue, -8_000), (Account::TaxPayable, -400)],
    );
    let void = InvoiceEvent::Voided { reason: None, order: None, at: at(90) };
    let posted = all(&books(), &[events.to_vec(), vec![void.clone()]].concat());
    is(&posted, &[]);
    assert_eq!(posted.entries.last().unwrap().day, day("2026-04-01"));
    // A draft never counted.
    let posted = all(&books(), &[drafted(vec![(1, None)]), void]);
    assert_eq!(posted, Posted::default());
}

#[test]
fn a_deposit_counts_when_its_invoice_does_and_is_given_back() {
    let payment_id = "pi:1".to_owned();
    let credited = InvoiceEvent::DepositCredited {
        payment_id: payment_id.clone(),
        amount_cents: 5_250,
        at: at(0),
    };
    let released = InvoiceEvent::DepositReleased { payment_id, amount_cents: 5_250, at: at(8) };
    let draft = [drafted(vec![(10_000, Some(50_000))]), credited];
    assert_eq!(all(&books(), &draft), Posted::default());
    let counted = [draft.to_vec(), vec![issued(1)]].concat();
    let posted = all(&books(), &counted);
    is(
        &posted,
        &[
            (Account::CustomerDeposits, 5_250),
            (Account::Receivable, 5_250),
            (Account::Revenue, -10_000),
            (Account::TaxPayable, -500),
        ],
    );
    assert_eq!((posted.taxed[0].amount_cents, posted.taxed[0].tax_cents), (5_250, 250));
    let posted = all(&books(), &[counted, vec![released]].concat());
    assert_eq!(posted.taxed.iter().map(|one| one.tax_cents).sum::<i64>(), 0);
    assert_eq!(balances(&posted).get(&Account::CustomerDeposits), None);
}

#[test]
fn money_by_card_is_the_customers_until_an_invoice_is_counted_against_it() {
    let initiated = PaymentEvent::Initiated {
        payment_id: "pi:1".to_owned(),
        target: Target::Invoice { invoice: id() },
        amount_cents: 100,
        currency: Currency::Cad,
        at: at(0),
    };
    let came = PaymentEvent::Succeeded { amount_cents: 100, received_at: at(0), at: at(1) };
    let back = PaymentEvent::Refunded { amount_cents: 40, total_cents: 40, at: at(2) };
    let disputed = PaymentEvent::Disputed { dispute: "d".to_owned(), amount_cents: 60, at: at(3) };
    let lost = PaymentEvent::DisputeClosed { dispute: "d".to_owned(), won: false, at: at(4) };
    let mut book = PaymentBook::of(&initiated).unwrap();
    let mut posted = Posted::default();
    for (event, wanted) in [
        (&came, &[(Account::StripeClearing, 100), (Account::CustomerDeposits, -100)][..]),
        (&back, &[(Account::StripeClearing, 60), (Account::CustomerDeposits, -60)][..]),
        (&disputed, &[(Account::DisputedFunds, 60), (Account::CustomerDeposits, -60)][..]),
        (&lost, &[(Account::DisputeLosses, 60), (Account::CustomerDeposits, -60)][..]),
    ] {
        posted.entries.extend(book.post(&books(), event).entries);
        is(&posted, wanted);
    }
    // Told again, nothing is held back any more.
    assert_eq!(book.post(&books(), &lost), Posted::default());
}

#[test]
fn what_was_spent_is_booked_corrected_and_taken_back() {
    let terms = |cents: i64, method: Option<&str>| Terms {
        occurred_on: day("2026-01-07"),
        category_id: Uuid::from_u128(3).into(),
        vendor: None,
        description: "x".to_owned(),
        amount_cents: cents,
        tax_cents: 5,
        receipt_url: None,
        payment_method: method.map(str::to_owned),
        paid_on: None,
    };
    let (expense_id, currency) = (Uuid::from_u128(4).into(), Currency::Cad);
    let recorded = ExpenseEvent::Recorded {
        expense_id,
        terms: terms(100, None),
        currency,
        by: None,
        at: at(0),
    };
    let corrected = ExpenseEvent::Corrected {
        expense_id,
        terms: terms(90, Some("card")),
        before: terms(100, None),
        currency,
        at: at(1),
    };
    let voided =
        ExpenseEvent::Voided { expense_id, before: terms(90, Some("card")), currency, at: at(2) };
    let mut posted = expense(&books(), &recorded);
    is(
        &posted,
        &[(Account::Expense, 100), (Account::TaxRecoverable, 5), (Account::AccountsPayable, -105)],
    );
    posted.entries.extend(expense(&books(), &corrected).entries);
    is(&posted, &[(Account::Expense, 90), (Account::TaxRecoverable, 5), (Account::Cash, -95)]);
    posted.entries.extend(expense(&books(), &voided).entries);
    is(&posted, &[]);
    assert!(posted.balances() && posted.entries.iter().all(|entry| entry.day == day("2026-01-07")));
}

#[test]
fn what_is_paid_later_is_owed_until_then_whatever_was_closed() {
    let mut books = books();
    let owed = Terms {
        occurred_on: day("2026-01-07"),
        category_id: Uuid::from_u128(3).into(),
        vendor: None,
        description: "x".to_owned(),
        amount_cents: 100,
        tax_cents: 5,
        receipt_url: None,
        payment_method: None,
        paid_on: None,
    };
    let (card, later) = (Some("card".to_owned()), Some(day("2026-02-03")));
    let terms = Terms { payment_method: card, paid_on: later, ..owed.clone() };
    let (expense_id, currency) = (Uuid::from_u128(4).into(), Currency::Cad);
    let recorded =
        ExpenseEvent::Recorded { expense_id, terms: owed.clone(), currency, by: None, at: at(0) };
    let mut posted = expense(&books, &recorded);
    books.period(&PeriodEvent::Closed { month: "2026-01".parse().unwrap(), at: at(31) });
    let before = owed.clone();
    let paid =
        ExpenseEvent::Paid { expense_id, terms: terms.clone(), before, currency, at: at(33) };
    let settled = expense(&books, &paid);
    assert_eq!(settled.entries.iter().map(|one| one.day).collect::<Vec<_>>(), [day("2026-02-03")]);
    posted.entries.extend(settled.entries);
    is(&posted, &[(Account::Expense, 100), (Account::TaxRecoverable, 5), (Account::Cash, -105)]);
    // Paid on another day, and then not at all: only money moves, on the days on which it was said to.
    let again = Terms { paid_on: Some(day("2026-02-05")), ..terms.clone() };
    let unpaid = Terms { payment_method: None, paid_on: None, ..terms.clone() };
    let otherwise = |terms: &Terms, before: &Terms| {
        let (terms, before) = (terms.clone(), before.clone());
        let at = at(35);
        let event = ExpenseEvent::PaymentCorrected { expense_id, terms, before, currency, at };
        expense(&books, &event)
    };
    let moved = otherwise(&again, &terms);
    let days: Vec<_> = moved.entries.iter().map(|one| one.day).collect();
    assert_eq!(days, [day("2026-02-03"), day("2026-02-05")]);
    is(&moved, &[]);
    let owed = otherwise(&unpaid, &again);
    is(&owed, &[(Account::AccountsPayable, -105), (Account::Cash, 105)]);
    // Written down at once, or taken back as it was, it comes to the same.
    let at_once =
        ExpenseEvent::Recorded { expense_id, terms: terms.clone(), currency, by: None, at: at(0) };
    let at_once = expense(&self::books(), &at_once);
    let days: Vec<_> = at_once.entries.iter().map(|one| one.day).collect();
    assert_eq!(days, [day("2026-01-07"), day("2026-02-03")]);
    posted.entries.extend(
        expense(&books, &ExpenseEvent::Voided { expense_id, before: terms, currency, at: at(40) })
            .entries,
    );
    is(&posted, &[]);
}

#[test]
fn nothing_is_booked_into_a_closed_month() {
    let mut books = books();
    let january: Month = "2026-01".parse().unwrap();
    books.period(&PeriodEvent::Closed { month: january, at: at(31) });
    let events = [drafted(vec![(10_000, None)]), issued(40), paid("late", 10_000, 41)];
    let days = |books: &Books| {
        let posted = all(books, &events);
        posted.entries.iter().map(|entry| entry.day.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(days(&books), ["2026-02-10", "2026-02-11"]);
    books.period(&PeriodEvent::Closed { month: january.next(), at: at(60) });
    assert_eq!(days(&books), ["2026-03-01", "2026-03-01"]);
    books.period(&PeriodEvent::Reopened { month: january, at: at(61) });
    assert_eq!(days(&books)[0], "2026-01-05");
}

#[test]
fn a_day_is_that_of_the_clock_of_the_organisation() {
    let books = Books::of("America/Edmonton".to_owned());
    assert_eq!(books.local("2026-01-01T06:59:59Z".parse().unwrap()), day("2025-12-31"));
    assert_eq!(books.local("2026-01-01T07:00:00Z".parse().unwrap()), day("2026-01-01"));
}

/// Something that may happen to an invoice, whether it can or not.
#[derive(Clone, Debug)]
enum Step {
    Issue,
    Pay(i64),
    Refund(usize, i64),
    Credit(i64),
    Deposit(i64),
    Void,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        Just(Step::Issue),
        (1..20_000_i64).prop_map(Step::Pay),
        (0..6_usize, 1..20_000_i64).prop_map(|(which, cents)| Step::Refund(which, cents)),
        (1..20_000_i64).prop_map(Step::Credit),
        (1..20_000_i64).prop_map(Step::Deposit),
        Just(Step::Void),
    ]
}

/// What the aggregate itself decides when it is asked for all of this.
fn lived(lines: Vec<(i64, Option<u32>)>, steps: Vec<Step>) -> (Vec<InvoiceEvent>, Invoice) {
    use crate::invoicing::invoice::{InvoiceCommand as C, Money, Words};
    let first = drafted(lines);
    let (mut events, mut state) = (vec![first.clone()], Invoice::default());
    state.apply(first);
    for (n, step) in (1_i64..).zip(steps) {
        let now = at(n);
        let known = state.details().unwrap().payments.clone();
        let command = match step {
            Step::Issue => C::Issue { overdue_at: None, now },
            Step::Pay(amount_cents) => {
                let money = Money {
                    payment_id: format!("p{n}"),
                    provider: Provider::Manual,
                    method: Method::Cash,
                    amount_cents: Some(amount_cents),
                    received_at: now,
                };
                C::Pay { money, reference: None, overdue_at: None, now }
            }
            Step::Refund(which, cents) => {
                let Some(payment) = known.get(which) else { continue };
                let amount_cents = cents.min(payment.net_cents());
                let refund_id = Uuid::from_u128(u128::try_from(n).unwrap()).into();
                C::Refund { payment_id: payment.payment_id.clone(), refund_id, amount_cents, now }
            }
            Step::Credit(amount_cents) => {
                let credit_id = Uuid::from_u128(u128::try_from(n).unwrap()).into();
                C::Credit { credit_id, amount_cents, reason: Words::Forgotten, now }
            }
            Step::Deposit(amount_cents) => {
                let payment_id = format!("d{n}");
                C::CreditDeposit { payment_id, amount_cents, currency: Currency::Cad, now }
            }
            Step::Void => C::Void { reason: Words::Forgotten, now },
        };
        for event in state.decide(command).unwrap_or_default() {
            state.apply(event.clone());
            events.push(event);
        }
    }
    (events, state)
}

proptest! {
    #[test]
    fn whatever_happens_to_an_invoice_the_ledger_balances_and_agrees_with_it(
        lines in prop::collection::vec((0..30_000_i64, prop::option::of(0..200_000_u32)), 1..5),
        steps in prop::collection::vec(step(), 0..14),
    ) {
        let (events, state) = lived(lines, steps);
        let posted = all(&books(), &events);
        prop_assert!(posted.balances());
        let invoice = state.details().unwrap();
        let counts = invoice.issued_at.is_some() && invoice.void_reason.is_none()
            && !events.iter().any(|event| matches!(event, InvoiceEvent::Voided { .. }));
        let balances = balances(&posted);
        let of = |account| balances.get(&account).copied().unwrap_or(0);
        if counts {
            prop_assert_eq!(of(Account::Receivable), invoice.payable_cents() - invoice.paid_cents());
        } else {
            prop_assert_eq!(of(Account::Receivable), 0);
            prop_assert_eq!((of(Account::Revenue), of(Account::TaxPayable)), (0, 0));
        }
        // All that was paid of it carries all of its tax, and nothing carries more.
        let taxed: i64 = posted.taxed.iter().map(|one| one.tax_cents).sum();
        let tax = -of(Account::TaxPayable);
        if counts && invoice.paid_cents() >= invoice.payable_cents() && invoice.credits.is_empty() {
            prop_assert_eq!(taxed, tax);
        }
        if counts && invoice.credits.is_empty() {
            prop_assert!((0..=tax).contains(&taxed), "{} of {}", taxed, tax);
        }
    }
}
