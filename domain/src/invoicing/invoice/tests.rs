//! The life of an invoice, given, when, then.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use proptest::prelude::*;
use uuid::Uuid;

use super::lines::NewLine;
use super::payment::{Method, Provider};
use super::*;
use crate::refusal::{Kind, Refusal};

fn at(hours: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::hours(hours)
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn line(cents: i64, tax_ppm: Option<u32>) -> NewLine {
    NewLine { description: "Deep clean".to_owned(), qty: 1, unit_price_cents: cents, tax_ppm }
}

fn terms(lines: Vec<NewLine>) -> Terms {
    Terms { lines, issue_date: day("1970-01-01"), due_date: Some(day("1970-01-15")), notes: None }
}

/// For 180 dollars and 5 % tax.
fn draft() -> Draft {
    Draft {
        invoice_id: Uuid::from_u128(1).into(),
        number: InvoiceNumber { year: 1970, count: 1 },
        order: Some(Uuid::from_u128(2).into()),
        client: Some(Uuid::from_u128(3).into()),
        lead: None,
        terms: terms(vec![line(18_000, Some(50_000))]),
        extras: Vec::new(),
        visit: Visit::default(),
        currency: Currency::Cad,
        by: None,
        now: at(0),
    }
}

fn after(commands: Vec<InvoiceCommand>) -> Invoice {
    let mut invoice = Invoice::default();
    let all = [InvoiceCommand::Draft(Box::new(draft()))].into_iter().chain(commands);
    for command in all {
        for event in invoice.decide(command).unwrap() {
            invoice.apply(event);
        }
    }
    invoice
}

fn stands(invoice: &Invoice) -> (Status, i64, i64) {
    let invoice = invoice.details().unwrap();
    (invoice.status, invoice.balance_cents(), invoice.overpaid_cents())
}

fn given(events: Vec<InvoiceEvent>) -> AggregateTestExecutor<Invoice> {
    TestFramework::with(()).given(events)
}

fn mail(link: u16) -> Mail {
    let link = NewLink { link, hash: format!("hash {link}") };
    Mail { recipient: Some("sam@example.org".to_owned()), link, portal: None }
}

fn send(hours: i64) -> InvoiceCommand {
    InvoiceCommand::Send { mail: mail(1), overdue_at: Some(at(15 * 24)), now: at(hours) }
}

fn pay(payment_id: &str, amount_cents: i64, hours: i64) -> InvoiceCommand {
    paying(payment_id, Some(amount_cents), hours)
}

fn paying(payment_id: &str, amount_cents: Option<i64>, hours: i64) -> InvoiceCommand {
    let (provider, method) = (Provider::Manual, Method::Cash);
    let received_at = at(hours);
    let payment_id = payment_id.to_owned();
    let money = Money { payment_id, provider, method, amount_cents, received_at };
    InvoiceCommand::Pay { money, reference: None, overdue_at: None, now: at(hours) }
}

fn refund(payment_id: &str, number: u128, amount_cents: i64, hours: i64) -> InvoiceCommand {
    let refund_id = Uuid::from_u128(number).into();
    let payment_id = payment_id.to_owned();
    InvoiceCommand::Refund { payment_id, refund_id, amount_cents, now: at(hours) }
}

fn credit(number: u128, amount_cents: i64) -> InvoiceCommand {
    let credit_id = Uuid::from_u128(number).into();
    let reason = Words::Said("a stain".to_owned());
    InvoiceCommand::Credit { credit_id, amount_cents, reason, now: at(9) }
}

fn void() -> InvoiceCommand {
    InvoiceCommand::Void { reason: Words::Said("twice".to_owned()), now: at(9) }
}

fn refused(invoice: &Invoice, command: InvoiceCommand) -> InvoiceError {
    invoice.decide(command).unwrap_err()
}

#[test]
fn where_it_stands_follows_from_what_was_paid() {
    assert_eq!(stands(&after(vec![])), (Status::Draft, 18_900, 0));
    let sent = after(vec![send(1)]);
    assert_eq!(stands(&sent), (Status::Sent, 18_900, 0));
    let partial = after(vec![send(1), pay("a", 5_000, 2)]);
    assert_eq!(stands(&partial), (Status::Partial, 13_900, 0));
    let paid = after(vec![send(1), pay("a", 5_000, 2), pay("b", 13_900, 3)]);
    assert_eq!(stands(&paid), (Status::Paid, 0, 0));
    let over = after(vec![send(1), pay("a", 20_000, 2)]);
    assert_eq!(stands(&over), (Status::Paid, 0, 1_100));
    // Somebody paid on the spot, before anything was sent.
    assert_eq!(stands(&after(vec![pay("a", 18_900, 2)])), (Status::Paid, 0, 0));
}

#[test]
fn money_counts_once_and_goes_back_once() {
    let twice = after(vec![send(1), pay("a", 5_000, 2), pay("a", 5_000, 3)]);
    assert_eq!(stands(&twice), (Status::Partial, 13_900, 0));
    let back = after(vec![
        send(1),
        pay("a", 5_000, 2),
        refund("a", 7, 2_000, 3),
        refund("a", 7, 2_000, 4),
    ]);
    assert_eq!(stands(&back), (Status::Partial, 15_900, 0));
    let all = after(vec![send(1), pay("a", 5_000, 2), refund("a", 7, 5_000, 3)]);
    assert_eq!(stands(&all), (Status::Sent, 18_900, 0));
    let error = refused(&back, refund("a", 8, 3_001, 5));
    assert_eq!(error.problems()[0].message, "Input should be from 1 to 3000");
    assert_eq!(refused(&back, refund("b", 8, 1, 5)), InvoiceError::NoSuchPayment);
    assert!(matches!(refused(&back, pay("b", 0, 5)), InvoiceError::AmountInvalid(_)));
}

#[test]
fn who_pays_what_is_due_pays_what_is_left_then_and_nothing_twice() {
    let rest = |id: &str, hours| paying(id, None, hours);
    let partial = after(vec![send(1), pay("a", 5_000, 2)]);
    let [InvoiceEvent::PaymentApplied { amount_cents, .. }] =
        &partial.decide(rest("b", 3)).unwrap()[..]
    else {
        panic!()
    };
    assert_eq!(*amount_cents, 13_900);
    let paid = after(vec![send(1), pay("a", 5_000, 2), rest("b", 3)]);
    assert_eq!(stands(&paid), (Status::Paid, 0, 0));
    assert_eq!(refused(&paid, rest("c", 4)), InvoiceError::NothingDue);
    // Told again, it is the same money.
    assert!(paid.decide(rest("b", 4)).unwrap().is_empty());
    assert_eq!(refused(&after(vec![send(1), void()]), rest("a", 10)), InvoiceError::Void);
}

#[test]
fn what_is_not_paid_when_its_last_day_is_over_is_overdue() {
    let mark = |hours| InvoiceCommand::MarkOverdue { now: at(hours) };
    let early = after(vec![send(1), mark(14 * 24)]);
    assert_eq!(stands(&early).0, Status::Sent);
    let late = after(vec![send(1), mark(15 * 24)]);
    assert_eq!(stands(&late).0, Status::Overdue);
    assert!(late.decide(mark(16 * 24)).unwrap().is_empty());
    let partial = after(vec![send(1), pay("a", 1, 2), mark(15 * 24)]);
    assert_eq!(
        (stands(&partial).0, partial.details().unwrap().is_overdue()),
        (Status::Partial, true)
    );
    let paid = after(vec![send(1), pay("a", 18_900, 2), mark(15 * 24)]);
    assert_eq!(stands(&paid).0, Status::Paid);
    // It was paid when the clock ran out, and the money went back later.
    let back = after(vec![send(1), pay("a", 18_900, 2), refund("a", 7, 18_900, 16 * 24)]);
    assert_eq!(stands(&back).0, Status::Overdue);
    assert_eq!(stands(&after(vec![mark(15 * 24)])).0, Status::Draft);
}

#[test]
fn only_a_draft_is_written_anew_or_thrown_away() {
    let edit = |cents| {
        let terms = terms(vec![line(cents, None)]);
        InvoiceCommand::Edit { terms, now: at(1) }
    };
    assert_eq!(stands(&after(vec![edit(10_000)])), (Status::Draft, 10_000, 0));
    let same = Terms { lines: vec![line(18_000, Some(50_000))], ..terms(vec![]) };
    let same = InvoiceCommand::Edit { terms: same, now: at(1) };
    assert!(after(vec![]).decide(same).unwrap().is_empty());
    let sent = after(vec![send(1)]);
    assert_eq!(refused(&sent, edit(1)), InvoiceError::IllegalState(Status::Sent));
    let discard = InvoiceCommand::Discard { now: at(2) };
    assert_eq!(refused(&sent, discard.clone()), InvoiceError::IllegalState(Status::Sent));
    let gone = after(vec![discard.clone()]);
    assert_eq!(stands(&gone).0, Status::Discarded);
    assert!(gone.decide(discard).unwrap().is_empty());
    assert!(refused(&gone, pay("a", 1, 3)).kind() == Kind::Rule);
}

#[test]
fn nothing_is_voided_that_was_paid() {
    let paid = after(vec![send(1), pay("a", 5_000, 2)]);
    assert_eq!(refused(&paid, void()), InvoiceError::HasPayments);
    let back = after(vec![send(1), pay("a", 5_000, 2), refund("a", 7, 5_000, 3), void()]);
    assert_eq!(stands(&back).0, Status::Void);
    assert_eq!(refused(&back, pay("b", 1, 9)), InvoiceError::Void);
    assert_eq!(refused(&back, send(9)), InvoiceError::Void);
    let silent = InvoiceCommand::Void { reason: Words::Said(" ".to_owned()), now: at(9) };
    assert_eq!(refused(&after(vec![send(1)]), silent), InvoiceError::ReasonRequired);
}

#[test]
fn credit_notes_carry_their_part_of_the_tax() {
    let some = after(vec![send(1), credit(1, 6_300), credit(2, 12_600)]);
    let invoice = some.details().unwrap();
    let tax: Vec<i64> = invoice.credits.iter().map(|one| one.tax_cents).collect();
    assert_eq!((stands(&some), tax), ((Status::Paid, 0, 0), vec![300, 600]));
    assert!(matches!(refused(&some, credit(3, 1)), InvoiceError::AmountInvalid(_)));
    let over = after(vec![send(1), pay("a", 18_900, 2), credit(1, 900)]);
    assert_eq!(stands(&over), (Status::Paid, 0, 900));
    assert_eq!(refused(&after(vec![]), credit(1, 1)), InvoiceError::IllegalState(Status::Draft));
}

#[test]
fn what_was_paid_before_the_visit_counts_for_one_invoice() {
    let mut with = draft();
    with.visit.deposits = vec![("pi:1".to_owned(), 4_000)];
    let events = write::draft(with).unwrap();
    let claims: Vec<Reservation> = events.iter().flat_map(Invoice::reservations).collect();
    let value = "pi:1".to_owned();
    assert!(claims.contains(&Reservation::Claim { scope: DEPOSITS, value: value.clone() }));
    let mut invoice = Invoice::default();
    for event in events {
        invoice.apply(event);
    }
    // It is no payment that would make the draft count.
    assert_eq!(stands(&invoice), (Status::Draft, 14_900, 0));
    for event in invoice.decide(send(1)).unwrap() {
        invoice.apply(event);
    }
    assert_eq!(stands(&invoice), (Status::Partial, 14_900, 0));
    let released = invoice.decide(void()).unwrap();
    let released: Vec<Reservation> = released.iter().flat_map(Invoice::reservations).collect();
    let order = Uuid::from_u128(2).to_string();
    let visit = Reservation::Release { scope: VISITS, value: order };
    assert_eq!(released, [Reservation::Release { scope: DEPOSITS, value }, visit]);
}

#[test]
fn another_price_than_was_promised_needs_a_reason() {
    let mut other = draft();
    other.visit.promised_cents = Some(10_500);
    let draft = |draft: Draft| InvoiceCommand::Draft(Box::new(draft));
    let error = refused(&Invoice::Absent, draft(other.clone()));
    assert_eq!(error, InvoiceError::PriceAdjustReasonRequired);
    other.visit.has_adjustment = true;
    assert!(Invoice::Absent.decide(draft(other.clone())).is_ok());
    // Extras that were agreed on are no deviation.
    other.visit = Visit { promised_cents: Some(18_000), ..Visit::default() };
    other.extras = vec![line(5_000, None)];
    assert!(Invoice::Absent.decide(draft(other.clone())).is_ok());
    let by = Uuid::from_u128(9).into();
    other.visit.invoiced_by = Some(by);
    assert_eq!(refused(&Invoice::Absent, draft(other)), InvoiceError::AlreadyInvoiced(by));
}

#[test]
fn a_visit_is_taken_by_its_invoice_until_that_counts_no_more() {
    let visit = |reservations: Vec<Reservation>| {
        let of_visit = reservations.into_iter().find(|one| match one {
            Reservation::Claim { scope, .. } | Reservation::Release { scope, .. } => {
                *scope == VISITS
            }
            _ => false,
        });
        of_visit.map(|one| matches!(one, Reservation::Claim { .. }))
    };
    let taken = |invoice: &Invoice, command| {
        let events = invoice.decide(command).unwrap();
        events.iter().find_map(|event| visit(Invoice::reservations(event)))
    };
    let mut beside = draft();
    beside.visit.additional = true;
    let written = after(vec![]);
    let issued = after(vec![InvoiceCommand::Issue { overdue_at: None, now: at(1) }]);
    let void = InvoiceCommand::Void { reason: Words::Forgotten, now: at(2) };
    for (invoice, command, expected) in [
        (&Invoice::Absent, InvoiceCommand::Draft(Box::new(draft())), Some(true)),
        (&Invoice::Absent, InvoiceCommand::Draft(Box::new(beside)), None),
        (&written, InvoiceCommand::Discard { now: at(2) }, Some(false)),
        (&issued, void, Some(false)),
    ] {
        assert_eq!(taken(invoice, command.clone()), expected, "{command:?}");
    }
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let bad = NewLine {
        description: " ".to_owned(),
        qty: 0,
        unit_price_cents: -1,
        tax_ppm: Some(1_000_001),
    };
    let draft = |lines| Draft { terms: terms(lines), ..draft() };
    let error = write::draft(draft(vec![line(1, None), bad])).unwrap_err();
    let fields: Vec<&str> = error.problems().iter().map(|one| one.field.as_str()).collect();
    let of_second =
        ["items.1.description", "items.1.qty", "items.1.unit_price_cents", "items.1.tax_rate"];
    assert_eq!(fields, of_second);
    assert!(write::draft(draft(vec![])).is_err());
    let mut dates = draft(vec![line(1, None)]);
    dates.terms.due_date = Some(day("1969-12-31"));
    assert_eq!(write::draft(dates).unwrap_err(), InvoiceError::DatesInvalid);
}

#[test]
fn nobody_is_reminded_twice_a_day_or_of_nothing() {
    let remind = |hours| InvoiceCommand::Remind {
        letter: Letter::Gentle,
        mail: mail(9),
        last_mail_at: None,
        once: Some("sam:1".to_owned()),
        overdue_at: None,
        now: at(hours),
    };
    let sent = after(vec![send(1)]);
    assert_eq!(refused(&sent, remind(24)), InvoiceError::MailedLately(at(1)));
    let events = sent.decide(remind(25)).unwrap();
    assert!(matches!(&events[1], InvoiceEvent::Mailed { letter: Letter::Gentle, link: 9, .. }));
    let claims = events.iter().flat_map(Invoice::reservations).collect::<Vec<_>>();
    assert_eq!(claims, [Reservation::Claim { scope: REMINDED, value: "sam:1".to_owned() }]);
    // Nor of two invoices of theirs.
    let other = |last| InvoiceCommand::Remind {
        letter: Letter::Gentle,
        mail: mail(9),
        last_mail_at: Some(at(last)),
        once: None,
        overdue_at: None,
        now: at(50),
    };
    assert_eq!(refused(&sent, other(27)), InvoiceError::RecipientMailedLately(Some(at(27))));
    assert!(sent.decide(other(26)).is_ok());
    let first = after(vec![]).decide(remind(1)).unwrap();
    assert!(matches!(&first[0], InvoiceEvent::Issued { .. }));
    assert!(matches!(&first[2], InvoiceEvent::Mailed { letter: Letter::Invoice, .. }));
    assert_eq!(refused(&after(vec![pay("a", 18_900, 1)]), remind(30)), InvoiceError::NothingDue);
    let mut nobody = mail(1);
    nobody.recipient = None;
    let nobody = InvoiceCommand::Send { mail: nobody, overdue_at: None, now: at(1) };
    assert_eq!(refused(&after(vec![]), nobody), InvoiceError::EmailMissing);
}

#[test]
fn several_addresses_lead_to_it_until_each_is_revoked() {
    let mint = |link| {
        let link = NewLink { link, hash: format!("hash {link}") };
        InvoiceCommand::MintLink { link, now: at(2) }
    };
    let revoke = InvoiceCommand::RevokeLink { link: 1, now: at(3) };
    let invoice = after(vec![send(1), mint(2), revoke.clone()]);
    let details = invoice.details().unwrap();
    assert!(details.link_of("hash 1").is_none() && details.link_of("hash 2").is_some());
    assert_eq!(details.next_link(), 3);
    assert!(invoice.decide(revoke).unwrap().is_empty());
    let unknown = InvoiceCommand::RevokeLink { link: 9, now: at(3) };
    assert_eq!(refused(&invoice, unknown), InvoiceError::NoSuchLink);
}

#[test]
fn a_reminder_that_nobody_asks_for_goes_out_once_and_not_within_a_day_of_another_letter() {
    let ask = |letter, link, not_before: Option<i64>, hours| InvoiceCommand::RemindOverdue {
        letter,
        mail: mail(link),
        not_before: not_before.map(at),
        once: format!("sam:{hours}"),
        now: at(hours),
    };
    let sent = after(vec![send(1)]);
    let told = |invoice: &Invoice, command| {
        let events = invoice.decide(command).unwrap();
        events.into_iter().find_map(|event| match event {
            InvoiceEvent::Mailed { once, .. } => Some(Ok(once.unwrap())),
            InvoiceEvent::ReminderPostponed { until, .. } => Some(Err(until)),
            _ => None,
        })
    };
    assert_eq!(told(&sent, ask(Letter::Gentle, 2, None, 20)), Some(Err(at(25))));
    assert_eq!(told(&sent, ask(Letter::Gentle, 2, None, 25)), Some(Ok("sam:25".to_owned())));
    // They have got a letter about another invoice.
    assert_eq!(told(&sent, ask(Letter::Gentle, 2, Some(40), 30)), Some(Err(at(40))));
    let reminded = after(vec![send(1), ask(Letter::Gentle, 2, None, 30)]);
    assert_eq!(told(&reminded, ask(Letter::Gentle, 3, None, 90)), None, "each once");
    assert_eq!(told(&reminded, ask(Letter::Second, 3, None, 90)), Some(Ok("sam:90".to_owned())));
    for settled in [pay("a", 18_900, 2), credit(1, 18_900)] {
        let paid = after(vec![send(1), settled]);
        assert_eq!(told(&paid, ask(Letter::Gentle, 2, None, 90)), None);
    }
    let events = sent.decide(ask(Letter::Gentle, 2, None, 25)).unwrap();
    let claims = events.iter().flat_map(Invoice::reservations).collect::<Vec<_>>();
    assert_eq!(claims, [Reservation::Claim { scope: REMINDED, value: "sam:25".to_owned() }]);
    let draft = after(vec![]);
    assert_eq!(told(&draft, ask(Letter::Gentle, 1, None, 90)), None);
    let gone = after(vec![send(1), void()]);
    assert_eq!(refused(&gone, ask(Letter::Gentle, 2, None, 90)), InvoiceError::Void);
}

#[test]
fn it_is_written_once() {
    let drafted = write::draft(draft()).unwrap();
    let again = InvoiceCommand::Draft(Box::new(draft()));
    given(drafted.clone()).when(again).then_expect_error(InvoiceError::AlreadyDrafted);
    let number = Reservation::Claim { scope: NUMBERS, value: "1970-000000001".to_owned() };
    let visit = Reservation::Claim { scope: VISITS, value: Uuid::from_u128(2).to_string() };
    assert_eq!(Invoice::reservations(&drafted[0]), [number.clone(), visit]);
    let nobodys = Draft { client: None, order: None, ..draft() };
    let drafted = write::draft(nobodys).unwrap();
    let own = Reservation::NewSubject(Uuid::from_u128(1).into());
    assert_eq!(Invoice::reservations(&drafted[0]), [number, own]);
}

fn any_command() -> impl Strategy<Value = InvoiceCommand> {
    let payment = prop::sample::select(vec!["a", "b", "c"]);
    prop_oneof![
        (1..400_i64).prop_map(send),
        (payment.clone(), -10..30_000_i64, 1..400_i64)
            .prop_map(|(id, cents, at)| pay(id, cents, at)),
        (payment, 1..9_u128, 1..20_000_i64, 1..400_i64)
            .prop_map(|(id, number, cents, at)| refund(id, number, cents, at)),
        (1..9_u128, 1..20_000_i64).prop_map(|(number, cents)| credit(number, cents)),
        (1..800_i64).prop_map(|hours| InvoiceCommand::MarkOverdue { now: at(hours) }),
        (1..5_000_i64).prop_map(|amount_cents| InvoiceCommand::CreditDeposit {
            currency: Currency::Cad,
            payment_id: "d".to_owned(),
            amount_cents,
            now: at(3)
        }),
        Just(void()),
        Just(InvoiceCommand::Discard { now: at(4) }),
    ]
}

proptest! {
    /// Whatever is asked, in whatever order.
    #[test]
    fn sums_always_agree(commands in prop::collection::vec(any_command(), 0..30)) {
        let mut invoice = after(vec![]);
        for command in commands {
            let Ok(events) = invoice.decide(command) else { continue };
            for event in events {
                invoice.apply(event);
            }
            let it = invoice.details().unwrap();
            let paid = it.paid_cents();
            prop_assert!(it.payments.iter().all(|one| (0..=one.amount_cents).contains(&one.refunded_cents)));
            prop_assert!((0..=it.totals.total_cents()).contains(&it.credited_cents()));
            let counts = !matches!(it.status, Status::Void | Status::Discarded);
            let left = if counts { it.payable_cents() - paid } else { 0 };
            prop_assert_eq!(it.balance_cents() - it.overpaid_cents(), left);
            prop_assert_eq!(it.balance_cents().min(it.overpaid_cents()), 0);
            let tax: i64 = it.credits.iter().map(|one| one.tax_cents).sum();
            prop_assert_eq!(tax, it.totals.tax_in(it.credited_cents()));
            match it.status {
                Status::Draft | Status::Discarded => prop_assert!(it.issued_at.is_none()),
                Status::Void => prop_assert_eq!(paid, 0),
                Status::Paid => prop_assert_eq!(it.balance_cents(), 0),
                Status::Partial => prop_assert!(paid > 0 && it.balance_cents() > 0),
                Status::Sent | Status::Overdue => prop_assert!(paid == 0 && it.balance_cents() > 0),
            }
        }
    }
}
