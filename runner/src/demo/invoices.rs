//! What visits that are done are invoiced for, and what becomes of it: most is paid, by hand and in time; some late, in part or
//! never, and one invoice was a mistake.

use std::collections::HashMap;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::America::Edmonton;
use domain::id::{BookingId, InvoiceId};
use domain::invoicing::invoice::lines::{NewLine, share};
use domain::invoicing::invoice::number::InvoiceNumber;
use domain::invoicing::invoice::payment::{Method, Provider};
use domain::invoicing::invoice::{Draft, InvoiceCommand, Money, Terms, Visit, Words};
use domain::sales::estimate::CleaningType;
use domain::scheduling::booking::{BookingCommand, DepositStep, Request};
use domain::scheduling::search;
use domain::settings::org::Currency;
use domain::settings::zone;
use rand::Rng;
use rand::rngs::StdRng;
use uuid::Uuid;

use super::step::{Act, Step};

/// As the terms of the demo say.
const DUE: TimeDelta = TimeDelta::days(14);

/// GST, in parts per million.
const TAX_PPM: u32 = 50_000;

/// On the clock of the organisation somebody writes the invoices of the day, and in the morning what came in since. What is
/// done at once is also written at once.
const EVENING: (u32, u32) = (20, 0);
const MORNING: (u32, u32) = (9, 0);

/// This one was written by mistake.
const VOID: usize = 4;

/// A visit that is done.
struct Done {
    order: BookingId,
    request: Request,
    deposits: Vec<(String, i64)>,
    /// When its invoice is written.
    at: DateTime<Utc>,
}

/// A time of the day of `at`.
fn clock(at: DateTime<Utc>, (hour, minute): (u32, u32)) -> Option<DateTime<Utc>> {
    let day = at.with_timezone(&Edmonton).date_naive();
    Some(search::instant(day, NaiveTime::from_hms_opt(hour, minute, 0)?, Edmonton))
}

/// Every visit of `steps` that is done, in the order in which they are invoiced.
fn done(steps: &[Step]) -> Vec<Done> {
    let (mut asked, mut all) = (HashMap::new(), Vec::new());
    for step in steps {
        let Act::Booking(command) = &step.act else { continue };
        match command {
            BookingCommand::Request(request) => {
                asked.insert(&step.id, ((**request).clone(), Vec::new()));
            }
            BookingCommand::Deposit {
                step: DepositStep::Pay { payment_id, amount_cents }, ..
            } => {
                if let Some((_, deposits)) = asked.get_mut(&step.id) {
                    deposits.push((payment_id.clone(), *amount_cents));
                }
            }
            BookingCommand::Complete { now, .. } => {
                let Some((request, deposits)) = asked.remove(&step.id) else { continue };
                let at = clock(*now, EVENING).filter(|at| at > now);
                let at = at.unwrap_or(*now + TimeDelta::hours(3));
                all.push(Done { order: request.booking_id, request, deposits, at });
            }
            _ => {}
        }
    }
    all.sort_by_key(|done| (done.at, done.order));
    all
}

/// What becomes of an invoice.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Paid,
    /// After somebody was reminded.
    Late,
    Part,
    Never,
    Void,
}

impl Fate {
    const fn of(roll: u32) -> Self {
        match roll {
            0..85 => Self::Paid,
            85..91 => Self::Late,
            91..95 => Self::Part,
            _ => Self::Never,
        }
    }
}

/// Invoices every visit of `steps` that is done between `since` and `end`.
pub(super) fn write(
    (since, end): (DateTime<Utc>, DateTime<Utc>),
    rng: &mut StdRng,
    steps: &mut Vec<Step>,
) -> Option<()> {
    let mut numbers = HashMap::<i32, InvoiceNumber>::new();
    let done = done(steps);
    for (place, done) in
        done.into_iter().filter(|done| since < done.at && done.at < end).enumerate()
    {
        let issued_on = done.at.with_timezone(&Edmonton).date_naive();
        let year = issued_on.year();
        let number = InvoiceNumber::after(numbers.get(&year).copied(), year);
        numbers.insert(year, number);
        let fate = match Fate::of(rng.random_range(0..100)) {
            _ if place == VOID => Fate::Void,
            fate => fate,
        };
        let cents = done.request.total_cents?;
        let total = cents + share(cents, TAX_PPM.into(), 1_000_000);
        let early: i64 = done.deposits.iter().map(|(_, cents)| cents).sum();
        let invoice_id = InvoiceId::from(Uuid::from_u128(rng.random()));
        let after = (issued_on + DUE).succ_opt()?;
        let bill = Bill {
            id: invoice_id,
            at: done.at,
            overdue_at: zone::start_of(after, Edmonton),
            due_cents: total - early,
        };
        let draft = draft(done, (invoice_id, number), issued_on, cents)?;
        bill.push(steps, bill.at, InvoiceCommand::Draft(Box::new(draft)));
        bill.live(fate, rng, steps);
    }
    Some(())
}

fn draft(
    done: Done,
    (invoice_id, number): (InvoiceId, InvoiceNumber),
    issue_date: NaiveDate,
    cents: i64,
) -> Option<Draft> {
    let description = match done.request.service? {
        CleaningType::Deep => "Deep clean",
        _ => "Standard clean",
    };
    let line = NewLine {
        description: description.to_owned(),
        qty: 1,
        unit_price_cents: cents,
        tax_ppm: Some(TAX_PPM),
    };
    Some(Draft {
        invoice_id,
        number,
        order: Some(done.order),
        client: done.request.client,
        lead: None,
        terms: Terms {
            lines: vec![line],
            issue_date,
            due_date: Some(issue_date + DUE),
            notes: None,
        },
        extras: Vec::new(),
        visit: Visit { promised_cents: Some(cents), deposits: done.deposits, ..Visit::default() },
        currency: Currency::default(),
        by: None,
        now: done.at,
    })
}

/// An invoice that is written.
struct Bill {
    id: InvoiceId,
    at: DateTime<Utc>,
    overdue_at: DateTime<Utc>,
    /// What is left to pay after what was paid before the visit.
    due_cents: i64,
}

impl Bill {
    fn push(&self, steps: &mut Vec<Step>, at: DateTime<Utc>, command: InvoiceCommand) {
        steps.push(Step::staff(at, self.id.to_string(), Act::Invoice(command)));
    }

    fn live(&self, fate: Fate, rng: &mut StdRng, steps: &mut Vec<Step>) {
        let overdue_at = Some(self.overdue_at);
        let now = self.at + TimeDelta::minutes(30);
        self.push(steps, now, InvoiceCommand::Issue { overdue_at, now });
        // What comes in before the last day is written down before that is over.
        let hours = rng.random_range(3..13 * 24);
        let (soon, late) =
            (now + TimeDelta::hours(hours), self.overdue_at + TimeDelta::hours(hours));
        if matches!(fate, Fate::Late | Fate::Never) {
            let now = self.overdue_at;
            self.push(steps, now, InvoiceCommand::MarkOverdue { now });
        }
        match fate {
            Fate::Paid => self.pay(self.due_cents, soon, rng, steps),
            Fate::Late => self.pay(self.due_cents, late, rng, steps),
            Fate::Part => self.pay(self.due_cents / 2, soon, rng, steps),
            Fate::Never => {}
            Fate::Void => {
                let now = self.at + TimeDelta::hours(3);
                let reason = Words::Said("The visit was a present".to_owned());
                self.push(steps, now, InvoiceCommand::Void { reason, now });
            }
        }
    }

    /// Written down by hand; what was paid before the visit may have been all of it.
    fn pay(&self, cents: i64, received_at: DateTime<Utc>, rng: &mut StdRng, steps: &mut Vec<Step>) {
        let method = match rng.random_range(0..10) {
            0..6 => Method::Etransfer,
            6..8 => Method::Cash,
            8 => Method::Card,
            _ => Method::Other,
        };
        let morning = clock(received_at + TimeDelta::days(1), MORNING);
        let Some(now) = morning.filter(|_| cents > 0) else { return };
        let money = Money {
            payment_id: Uuid::from_u128(rng.random()).to_string(),
            provider: Provider::Manual,
            method,
            amount_cents: Some(cents),
            received_at,
        };
        let overdue_at = Some(self.overdue_at);
        let pay = InvoiceCommand::Pay { money, reference: None, overdue_at, now };
        self.push(steps, now, pay);
    }
}
