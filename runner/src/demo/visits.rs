//! Visits, each with a whole life. What lies behind the last day is cut off later, and so there are visits in every state.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use domain::id::{BookingId, ClientId};
use domain::pricing::prices;
use domain::sales::estimate::CleaningType;
use domain::scheduling::booking::{
    self, BookingCommand, Change, CrewMember, DepositStep, Origin, Party, Request,
};
use domain::scheduling::terms::deposit::Downgrade;
use domain::scheduling::terms::policies::BookingPolicies;
use domain::scheduling::terms::risk::History;
use domain::scheduling::window::Window;
use domain::scheduling::work_session::WorkCommand;
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use uuid::Uuid;

use super::calendar::{MINUTES, Slot};
use super::clients::Customer;
use super::leads::Won;
use super::staff::Crew;
use super::step::{Act, Step};

/// Of this many days the time on site is told.
const CLOCKED: TimeDelta = TimeDelta::days(14);

/// What staff ask in advance where a first visit worries them.
const DEPOSIT_CENTS: i64 = 5_000;

/// What becomes of a visit, if there is time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Done,
    /// Long ago, and nobody wants to see it any more.
    Archived,
    /// Paid for in advance, and done.
    Paid,
    /// From the evening to another time of the day, and done.
    Moved,
    CancelledByClient,
    CancelledByStaff,
    /// The deposit never came.
    Expired,
    /// Nobody has promised to come.
    Pending,
}

impl Fate {
    const fn of(roll: u32) -> Self {
        match roll {
            0..70 => Self::Done,
            70..73 => Self::Archived,
            73..77 => Self::Paid,
            77..81 => Self::Moved,
            81..88 => Self::CancelledByClient,
            88..91 => Self::CancelledByStaff,
            91..93 => Self::Expired,
            _ => Self::Pending,
        }
    }
}

/// Writes the visits of one organisation.
pub(super) struct Visits<'a> {
    pub(super) rng: &'a mut StdRng,
    pub(super) end: DateTime<Utc>,
    pub(super) steps: &'a mut Vec<Step>,
    pub(super) crews: &'a [Crew],
    pub(super) customers: &'a [Customer],
    /// Whoever accepted an offer and was not visited yet, the first first.
    pub(super) won: Vec<Won>,
    pub(super) known: HashMap<ClientId, Known>,
    pub(super) evenings: HashSet<(usize, DateTime<Utc>)>,
}

/// What the organisation knows of a customer.
#[derive(Default)]
pub(super) struct Known {
    promised: Option<DateTime<Utc>>,
    cancelled: Vec<DateTime<Utc>>,
}

impl Known {
    fn history(&self, at: DateTime<Utc>) -> History {
        let cancelled = self.cancelled.iter().filter(|then| **then < at).count();
        History {
            was_visited: self.promised.is_some_and(|then| then < at),
            cancelled: u32::try_from(cancelled).unwrap_or(u32::MAX),
            postal_code: None,
        }
    }
}

impl Visits<'_> {
    /// One visit for each of `slots`, which are in the order of being asked for.
    pub(super) fn write(mut self, slots: &[Slot]) -> Option<()> {
        for slot in slots {
            self.visit(slot)?;
        }
        Some(())
    }

    #[expect(clippy::too_many_lines, reason = "a life, from its beginning to its end")]
    fn visit(&mut self, slot: &Slot) -> Option<()> {
        let is_past = slot.window.ends_at < self.end;
        let fate = match Fate::of(self.rng.random_range(0..100)) {
            Fate::Pending if is_past => Fate::Done,
            // One team has one evening a day.
            Fate::Moved if !self.evenings.insert((slot.crew, slot.evening.starts_at)) => Fate::Done,
            fate => fate,
        };
        let booking_id = BookingId::from(Uuid::from_u128(self.rng.random()));
        let request = self.request(booking_id, slot, fate)?;
        let (client, lead) = (request.client?, request.crew.lead);
        let mut life = Life { id: booking_id, steps: &mut *self.steps };
        life.push(slot.asked, BookingCommand::Request(Box::new(request)));
        let known = self.known.entry(client).or_default();
        let confirmed = slot.asked + TimeDelta::hours(2);
        match fate {
            Fate::Pending => return Some(()),
            Fate::Expired => {
                let now = slot.asked + TimeDelta::minutes(31);
                life.push(now, BookingCommand::Deposit { step: DepositStep::Expire, now });
                known.cancelled.push(now);
                return Some(());
            }
            Fate::Paid => {
                let now = slot.asked + TimeDelta::minutes(12);
                let payment_id = format!("demo-{booking_id}");
                let step = DepositStep::Pay { payment_id, amount_cents: DEPOSIT_CENTS };
                life.push(now, BookingCommand::Deposit { step, now });
            }
            _ => {}
        }
        // What is paid in advance is promised by that, unless somebody has to look at the customer first.
        life.push(confirmed, BookingCommand::Confirm { now: confirmed });
        let now = confirmed + TimeDelta::hours(1);
        match fate {
            Fate::CancelledByClient | Fate::CancelledByStaff => {
                let (by, reason) = if fate == Fate::CancelledByClient {
                    (Party::Client, "Not at home that week")
                } else {
                    (Party::Staff, "The van broke down")
                };
                life.push(now, BookingCommand::Cancel { by, reason: Some(reason.to_owned()), now });
                known.cancelled.push(now);
                return Some(());
            }
            Fate::Moved => life.push(now, BookingCommand::Place(Box::new(moved(slot.window, now)))),
            _ => {}
        }
        known.promised.get_or_insert(confirmed);
        let begins = slot.window.starts_at + TimeDelta::minutes(self.rng.random_range(0..8));
        let minutes = self.rng.random_range(95..140_u32);
        let ends = begins + TimeDelta::minutes(minutes.into());
        life.push(begins, BookingCommand::Start { worker: lead, now: begins });
        let complete =
            BookingCommand::Complete { actual_minutes: minutes, checklist_open: false, now: ends };
        if begins > self.end - CLOCKED {
            life.clock(lead, begins, ends);
        }
        life.push(ends, complete);
        if fate == Fate::Archived {
            let now = ends + TimeDelta::days(20);
            life.push(now, BookingCommand::SetArchived { archived: true, now });
        }
        Some(())
    }

    fn request(&mut self, booking_id: BookingId, slot: &Slot, fate: Fate) -> Option<Request> {
        let crew = self.crews.get(slot.crew)?;
        let there = self.customers.iter().filter(|customer| customer.since < slot.asked);
        let there: Vec<_> = there.collect();
        let customer = there.choose(self.rng)?;
        let won = self.won.first().filter(|won| won.at < slot.asked).map(|won| won.lead);
        if won.is_some() {
            self.won.remove(0);
        }
        let size = if self.rng.random_bool(0.4) { 2 } else { 1 };
        let chosen: Vec<_> = crew.workers.choose_multiple(self.rng, size).copied().collect();
        let member = |worker| CrewMember { worker, team: crew.team, is_active: true };
        let (service, cents) = if self.rng.random_bool(0.75) {
            (CleaningType::Standard, self.rng.random_range(110..190) * 100)
        } else {
            (CleaningType::Deep, self.rng.random_range(210..340) * 100)
        };
        let has_deposit = matches!(fate, Fate::Expired | Fate::Paid);
        Some(Request {
            booking_id,
            origin: Origin::Staff,
            client: Some(customer.client),
            lead: won,
            address: None,
            subscription: None,
            place: Some(customer.place.clone()),
            missing_contact: Vec::new(),
            is_blocked: false,
            block_override: None,
            team: crew.team,
            crew: booking::Crew {
                lead: chosen.first().copied(),
                members: chosen.into_iter().map(member).collect(),
            },
            window: if fate == Fate::Moved { slot.evening } else { slot.window },
            service: Some(service),
            total_cents: Some(cents),
            price_book: None,
            addons: Vec::new(),
            obstacles: Vec::new(),
            forced: None,
            history: self.known.entry(customer.client).or_default().history(slot.asked),
            policies: BookingPolicies::default(),
            decided_by: prices::economy_v1().name(),
            named_deposit_cents: has_deposit.then_some(DEPOSIT_CENTS),
            unpayable: (!has_deposit).then_some(Downgrade::StripeUnavailable),
            now: slot.asked,
        })
    }
}

/// The steps of one visit.
struct Life<'a> {
    id: BookingId,
    steps: &'a mut Vec<Step>,
}

impl Life<'_> {
    fn push(&mut self, at: DateTime<Utc>, command: BookingCommand) {
        self.steps.push(Step::staff(at, self.id.to_string(), Act::Booking(command)));
    }

    /// The time on site, with a reason if it was much.
    fn clock(
        &mut self,
        worker: Option<domain::id::WorkerId>,
        begins: DateTime<Utc>,
        ends: DateTime<Utc>,
    ) {
        let mut push = |at, command| {
            self.steps.push(Step::staff(at, self.id.to_string(), Act::Work(command)));
        };
        let (booking, planned_minutes) = (self.id, MINUTES);
        push(begins, WorkCommand::Start { booking, worker, planned_minutes, now: begins });
        let threshold_permille = 1_200;
        push(
            ends,
            WorkCommand::Finish { planned_minutes, threshold_permille, overrun: None, now: ends },
        );
    }
}

fn moved(window: Window, now: DateTime<Utc>) -> Change {
    Change {
        window: Some(window),
        team: None,
        crew: None,
        obstacles: Vec::new(),
        by: Party::Staff,
        forced: None,
        policies: BookingPolicies::default(),
        decided_by: prices::economy_v1().name(),
        unpayable: None,
        now,
    }
}
