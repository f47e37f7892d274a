//! Teams, workers, clients and their visits: some of every state, made by commands at their moments.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use chrono_tz::America::Edmonton;
use domain::customers::client::{ClientCommand, Contact};
use domain::id::{BookingId, ClientId, SubscriptionId, TeamId, WorkerId};
use domain::people::worker::{Profile, TeamNumber, WorkerCommand};
use domain::pricing::prices;
use domain::sales::estimate::CleaningType;
use domain::scheduling::booking::{
    BookingCommand, Change, Crew, CrewMember, DepositStep, Origin, Party, Request,
};
use domain::scheduling::search;
use domain::scheduling::subscription::plan::{Plan, Rhythm};
use domain::scheduling::subscription::{Origin as Subscribed, SubscriptionCommand};
use domain::scheduling::team::TeamCommand;
use domain::scheduling::terms::deposit::Downgrade;
use domain::scheduling::terms::policies::BookingPolicies;
use domain::scheduling::terms::risk::History;
use domain::scheduling::window::Window;
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use uuid::Uuid;

use super::{Act, DAYS, FAMILY, GIVEN, STREETS, Step};

/// Teams of a demo organisation.
const TEAMS: [&str; 2] = ["North", "South"];

/// Clients who are visited.
const CLIENTS: usize = 10;

/// What becomes of a visit.
#[derive(Clone, Copy)]
enum Fate {
    Pending,
    Confirmed,
    Moved,
    Done,
    InProgress,
    Cancelled,
    Expired,
    Archived,
}

/// Days after the first on which visits start, and what becomes of each; the last days are still to come.
const VISITS: [(i64, Fate); 22] = [
    (10, Fate::Done),
    (14, Fate::Done),
    (18, Fate::Cancelled),
    (23, Fate::Done),
    (29, Fate::Done),
    (34, Fate::Archived),
    (40, Fate::Done),
    (46, Fate::Expired),
    (52, Fate::Done),
    (57, Fate::Cancelled),
    (63, Fate::Done),
    (69, Fate::Done),
    (75, Fate::Done),
    (81, Fate::Done),
    (DAYS - 1, Fate::InProgress),
    (DAYS + 1, Fate::Confirmed),
    (DAYS + 2, Fate::Confirmed),
    (DAYS + 3, Fate::Moved),
    (DAYS + 4, Fate::Pending),
    (DAYS + 6, Fate::Cancelled),
    (DAYS + 8, Fate::Confirmed),
    (DAYS + 9, Fate::Pending),
];

/// A team and the worker who goes out with it.
#[derive(Clone, Copy)]
struct Pair {
    team: TeamId,
    worker: WorkerId,
}

/// Writes the visits of one organisation.
pub(super) struct Visits<'a> {
    pub(super) rng: &'a mut StdRng,
    pub(super) start: DateTime<Utc>,
    pub(super) steps: &'a mut Vec<Step>,
}

impl Visits<'_> {
    /// Everything, as far as the names allow.
    pub(super) fn write(mut self) -> Option<()> {
        let pairs = [self.pair(0)?, self.pair(1)?];
        let mut clients = Vec::with_capacity(CLIENTS);
        for number in 0..CLIENTS {
            clients.push(self.client(number)?);
        }
        for (number, (day, fate)) in VISITS.into_iter().enumerate() {
            self.visit((day, fate), pairs[number % 2], clients[number % CLIENTS])?;
        }
        self.subscriptions(&clients)
    }

    /// One that goes on, one that rests and one that has ended.
    fn subscriptions(&mut self, clients: &[ClientId]) -> Option<()> {
        let rhythms = [Rhythm::Weekly, Rhythm::Biweekly, Rhythm::Monthly];
        for (number, (client, frequency)) in clients.iter().zip(rhythms).enumerate() {
            let at = self.end() - TimeDelta::hours(30 - i64::try_from(number).ok()?);
            let subscription_id = SubscriptionId::from(self.id());
            let today = at.with_timezone(&Edmonton).date_naive();
            let start = SubscriptionCommand::Start(Subscribed {
                subscription_id,
                client: *client,
                plan: Plan {
                    frequency,
                    // Nothing is booked before somebody has looked around.
                    start_date: today + TimeDelta::days(16),
                    preferred_weekday: None,
                    preferred_day_of_month: None,
                    base_service_type: "standard".to_owned(),
                },
                price_cents: 9_450,
                price_book: Some(prices::economy_v1().name()),
                today,
                now: at,
            });
            self.push(at, true, &subscription_id, Act::Subscription(start));
            let now = at + TimeDelta::hours(12);
            let end = match frequency {
                Rhythm::Weekly => continue,
                Rhythm::Biweekly => {
                    let reason = Some("Away until spring".to_owned());
                    SubscriptionCommand::Pause { reason, now }
                }
                Rhythm::Monthly => SubscriptionCommand::Cancel { reason: None, now },
            };
            self.push(now, true, &subscription_id, Act::Subscription(end));
        }
        Some(())
    }

    fn id(&mut self) -> Uuid {
        Uuid::from_u128(self.rng.random())
    }

    fn push(&mut self, at: DateTime<Utc>, by_staff: bool, id: &impl ToString, act: Act) {
        self.steps.push(Step { at, id: id.to_string(), by_staff, act });
    }

    fn pair(&mut self, place: usize) -> Option<Pair> {
        let minute = i64::try_from(place).ok()? * 5 + 1;
        let at = self.start + TimeDelta::minutes(minute);
        let team = TeamId::from(self.id());
        let number = i32::try_from(place).ok()? + 1;
        let name = TEAMS.get(place)?.to_string();
        let create = TeamCommand::Create { team_id: team, number, name, now: at };
        self.push(at, true, &team, Act::Team(create));
        let worker = WorkerId::from(self.id());
        let (given, family) = (GIVEN.choose(self.rng)?, FAMILY.choose(self.rng)?);
        let name = format!("{given} {family}");
        let profile = Profile::parse(&name, &format!("780-555-01{number:02}"), None).ok()?;
        let (at, team_number) = (at + TimeDelta::minutes(1), TeamNumber::parse(number)?);
        let hire = WorkerCommand::Hire { worker_id: worker, profile, team: team_number, now: at };
        self.push(at, true, &worker, Act::Worker(hire));
        Some(Pair { team, worker })
    }

    fn client(&mut self, number: usize) -> Option<ClientId> {
        let at = self.start + TimeDelta::minutes(30 + i64::try_from(number).ok()?);
        let client_id = ClientId::from(self.id());
        let (given, family) = (GIVEN.choose(self.rng)?, FAMILY.choose(self.rng)?);
        let name = format!("{given} {family}");
        let email = format!("{}.client{number}@example.org", given.to_lowercase());
        let contact =
            Contact::parse(&name, &email, Some(&format!("780-555-02{number:02}"))).ok()?;
        let register = ClientCommand::Register { client_id, contact, now: at };
        self.push(at, true, &client_id, Act::Client(register));
        Some(client_id)
    }

    fn visit(&mut self, (day, fate): (i64, Fate), pair: Pair, client: ClientId) -> Option<()> {
        let booking_id = BookingId::from(self.id());
        // Whoever is there now came on the last afternoon.
        let hour = if matches!(fate, Fate::InProgress) { 16 } else { 10 };
        let window = self.window(day, hour)?;
        let asked = (window.starts_at - TimeDelta::days(5)).min(self.end() - TimeDelta::hours(6));
        let request = self.request((booking_id, client, pair), window, (asked, fate))?;
        self.push(
            asked,
            true,
            &booking_id,
            Act::Booking(BookingCommand::Request(Box::new(request))),
        );
        let (confirmed, starts_at) = (asked + TimeDelta::hours(2), window.starts_at);
        let mut later = |at, command| self.push(at, true, &booking_id, Act::Booking(command));
        if matches!(fate, Fate::Pending) {
            return Some(());
        }
        if matches!(fate, Fate::Expired) {
            let now = asked + TimeDelta::minutes(31);
            later(now, BookingCommand::Deposit { step: DepositStep::Expire, now });
            return Some(());
        }
        later(confirmed, BookingCommand::Confirm { now: confirmed });
        match fate {
            Fate::Done | Fate::Archived => {
                let now = starts_at + TimeDelta::minutes(115);
                later(
                    starts_at,
                    BookingCommand::Start { worker: Some(pair.worker), now: starts_at },
                );
                let (actual_minutes, checklist_open) = (115, false);
                later(now, BookingCommand::Complete { actual_minutes, checklist_open, now });
                if matches!(fate, Fate::Archived) {
                    let now = now + TimeDelta::days(1);
                    later(now, BookingCommand::SetArchived { archived: true, now });
                }
            }
            Fate::InProgress => {
                later(
                    starts_at,
                    BookingCommand::Start { worker: Some(pair.worker), now: starts_at },
                );
            }
            Fate::Cancelled => {
                let now = confirmed + TimeDelta::hours(1);
                let reason = Some("Not at home that week".to_owned());
                later(now, BookingCommand::Cancel { by: Party::Client, reason, now });
            }
            Fate::Moved => {
                let now = confirmed + TimeDelta::hours(1);
                let change = moved(Window::of_minutes(starts_at + TimeDelta::hours(4), 120), now);
                later(now, BookingCommand::Place(Box::new(change)));
            }
            Fate::Pending | Fate::Confirmed | Fate::Expired => {}
        }
        Some(())
    }

    fn end(&self) -> DateTime<Utc> {
        self.start + TimeDelta::days(DAYS)
    }

    /// Two hours, on the clock of the organisation.
    fn window(&self, day: i64, hour: u32) -> Option<Window> {
        let date = (self.start + TimeDelta::days(day)).date_naive();
        // The first day begins at midnight UTC, which is the evening before there.
        let date = if hour > 12 { date.pred_opt()? } else { date };
        let at = search::instant(date, NaiveTime::from_hms_opt(hour, 0, 0)?, Edmonton);
        Some(Window::of_minutes(at, 120))
    }

    fn request(
        &mut self,
        (booking_id, client, pair): (BookingId, ClientId, Pair),
        window: Window,
        (now, fate): (DateTime<Utc>, Fate),
    ) -> Option<Request> {
        let Pair { team, worker } = pair;
        let member = CrewMember { worker, team, is_active: true };
        let number: u16 = self.rng.random_range(1..400);
        let street = STREETS.choose(self.rng)?;
        let service = [CleaningType::Standard, CleaningType::Standard, CleaningType::Deep];
        let awaits_deposit = matches!(fate, Fate::Expired);
        Some(Request {
            booking_id,
            origin: Origin::Staff,
            client: Some(client),
            lead: None,
            address: None,
            subscription: None,
            place: Some(format!("{number} {street}")),
            missing_contact: Vec::new(),
            is_blocked: false,
            block_override: None,
            team,
            crew: Crew { lead: Some(worker), members: vec![member] },
            window,
            service: service.choose(self.rng).copied(),
            total_cents: Some(self.rng.random_range(95..320) * 100),
            price_book: None,
            addons: Vec::new(),
            obstacles: Vec::new(),
            forced: None,
            history: History::default(),
            policies: BookingPolicies::default(),
            decided_by: prices::economy_v1().name(),
            named_deposit_cents: awaits_deposit.then_some(5_000),
            unpayable: (!awaits_deposit).then_some(Downgrade::StripeUnavailable),
            now,
        })
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
        now,
    }
}
