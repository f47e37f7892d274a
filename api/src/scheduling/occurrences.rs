//! A visit of a subscription becomes a booking, or is skipped and says why.
//!
//! 1. Each day of a subscription has one booking at most: its id is made of both.
//! 2. One that fails concerns no other. What is away for a while is tried again; everything else is noted on the day.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use commands::{CommandBus, CommandError, Context, LoadError, RequestKey};
use domain::customers::client::Details as Client;
use domain::id::{BookingId, OrgId, SubscriptionId, TeamId};
use domain::pricing::book::Book;
use domain::pricing::price_book::PriceBook;
use domain::scheduling::booking::{Booking, BookingCommand, BookingError, Crew, Origin, Request};
use domain::scheduling::search::{self, Obstacle, ObstacleKind};
use domain::scheduling::subscription::{
    Details, SkipReason, Status, Subscription, SubscriptionCommand, SubscriptionError,
};
use domain::scheduling::terms::deposit::Downgrade;
use domain::scheduling::window::Window;
use domain::settings::org::OrgSettings;
use projections::scheduling::booking_list;
use projections::tenant;
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

use super::{facts, slots};
use crate::billing::{add_booking, is_over_limit};
use crate::customers::survivor::survivor;
use crate::state::Clock;

/// A visit whose service the catalogue does not know takes so long.
const USUAL_MINUTES: u32 = 120;

/// How often a note is tried while others change the subscription.
const ATTEMPTS: usize = 5;

/// Books what subscriptions have promised.
pub struct Occurrences {
    bus: CommandBus,
    reads: PgPool,
    clock: Clock,
}

/// What became of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Somebody will come.
    Booked(BookingId),
    /// Nobody will.
    Skipped(SkipReason),
    /// There is nothing to decide about it, or not any more.
    Settled,
}

/// Why a day could not be decided about; to be tried again.
#[derive(Debug, thiserror::Error)]
pub enum OccurrenceError {
    /// Something could not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Something could not be read.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The booking could be neither made nor refused.
    #[error(transparent)]
    Booking(#[from] CommandError<BookingError>),
    /// What was decided could not be noted.
    #[error(transparent)]
    Subscription(#[from] CommandError<SubscriptionError>),
}

impl Occurrences {
    /// Reads and writes as whoever these are connected as.
    pub fn new(bus: CommandBus, reads: PgPool, clock: Clock) -> Self {
        Self { bus, reads, clock }
    }

    /// Decides about the visit of `id` on `date`, if it is that day's turn.
    pub async fn book(
        &self,
        ctx: &Context,
        id: SubscriptionId,
        date: NaiveDate,
    ) -> Result<Outcome, OccurrenceError> {
        let found = self.bus.load::<Subscription>(ctx.org, &id.to_string()).await?;
        let is_its_turn = |it: &&Details| {
            it.next_run == date && matches!(it.status, Status::Active | Status::Trial)
        };
        let Some(it) = found.state.details().filter(is_its_turn) else {
            return Ok(Outcome::Settled);
        };
        let zone = self.zone(ctx.org).await?;
        let today = (self.clock)().with_timezone(&zone).date_naive();
        if date < today {
            return self.skip(ctx, (it, found.version), (date, today), SkipReason::Missed).await;
        }
        let client = survivor(&self.bus, ctx.org, it.client).await?;
        let Some(client) = client.filter(Client::is_known) else {
            // Nobody is left to be visited.
            let cancel = SubscriptionCommand::Cancel { reason: None, now: self.now() };
            self.note(ctx, (id, found.version), cancel).await?;
            return Ok(Outcome::Settled);
        };
        match self.request(ctx, it, (date, zone), &client).await? {
            Ok(booking) => {
                let now = self.now();
                let command = SubscriptionCommand::Schedule { date, booking, today, now };
                let is_ours = self.note(ctx, (id, found.version), command).await?;
                Ok(if is_ours { Outcome::Booked(booking) } else { Outcome::Settled })
            }
            Err(why) => self.skip(ctx, (it, found.version), (date, today), why).await,
        }
    }

    fn now(&self) -> DateTime<Utc> {
        chrono::SubsecRound::trunc_subsecs((self.clock)(), 6)
    }

    async fn skip(
        &self,
        ctx: &Context,
        (it, version): (&Details, i32),
        (date, today): (NaiveDate, NaiveDate),
        reason: SkipReason,
    ) -> Result<Outcome, OccurrenceError> {
        let command = SubscriptionCommand::Skip { date, reason, today, now: self.now() };
        let is_ours = self.note(ctx, (it.subscription_id, version), command).await?;
        Ok(if is_ours { Outcome::Skipped(reason) } else { Outcome::Settled })
    }

    /// Whether it was for us to note: of several who decide about one day at once, whoever notes it first has decided it.
    async fn note(
        &self,
        ctx: &Context,
        (id, version): (SubscriptionId, i32),
        command: SubscriptionCommand,
    ) -> Result<bool, CommandError<SubscriptionError>> {
        let mut ctx = of_its_own(ctx, "subscription.visit");
        ctx.expected_version = Some(version);
        for _ in 0..ATTEMPTS {
            let (id, nothing) = (id.to_string(), |_: &Subscription| Value::Null);
            match self.bus.execute(&ctx, &id, command.clone(), nothing).await {
                Ok(_) => return Ok(true),
                Err(CommandError::Refused(_)) => return Ok(false),
                Err(CommandError::VersionMismatch { .. }) => {}
                Err(error) => return Err(error),
            }
            // Something happened meanwhile. If the day is still to be decided about, it is ours to decide.
            let found = self.bus.load::<Subscription>(ctx.org, &id).await?;
            let is_open = found.state.details().is_some_and(|it| match &command {
                SubscriptionCommand::Schedule { date, .. }
                | SubscriptionCommand::Skip { date, .. } => it.next_run == *date,
                _ => true,
            });
            if !is_open {
                return Ok(false);
            }
            ctx.expected_version = Some(found.version);
        }
        Err(CommandError::Conflict)
    }

    /// The clock of the organisation.
    async fn zone(&self, org: OrgId) -> Result<Tz, OccurrenceError> {
        let settings = self.bus.load::<OrgSettings>(org, &org.to_string()).await?.state;
        let mut tx = tenant::begin(&self.reads, org).await?;
        Ok(settings.zone(&tenant::registered_zone(&mut tx, org).await?))
    }

    /// Asks the log for one team after another.
    async fn request(
        &self,
        ctx: &Context,
        it: &Details,
        (date, zone): (NaiveDate, Tz),
        client: &Client,
    ) -> Result<Result<BookingId, SkipReason>, OccurrenceError> {
        let org = ctx.org;
        let holds = self.bus.load::<PriceBook>(org, &org.to_string()).await?.state;
        let booking_id = booking_of(it.subscription_id, date);
        let window = Window::of_minutes(starts_at(date, zone), minutes(&holds.published, it));
        let request = self.asked((org, it, client), booking_id, window, &holds).await?;
        let one_more = add_booking(&self.bus, org, self.now()).await?;
        let policy = &holds.published.policies.scheduling;
        let mut is_open = false;
        for team in slots::active(&self.reads, org).await? {
            if !facts::is_open(&team, window, zone) {
                continue;
            }
            let wish = facts::Wish { team: Some(&team), workers: &[], window, zone };
            let obstacles = facts::obstacles(&self.reads, org, wish).await?;
            if obstacles.iter().any(|one| is_off(one, window)) {
                continue;
            }
            is_open = true;
            let asked = Request { team: team.team_id, obstacles, ..request.clone() };
            let mut ctx = of_its_own(ctx, "booking.create");
            ctx.beside.push(one_more.clone());
            ctx.beside.extend(facts::hold_day(policy, team.team_id, window.starts_at, zone));
            let command = BookingCommand::Request(Box::new(asked));
            let id = booking_id.to_string();
            let done = self.bus.create(&ctx, &id, command, |_: &Booking| Value::Null).await;
            if let Some(decided) = decided(done.map(|_| booking_id), booking_id)? {
                return Ok(decided);
            }
        }
        Ok(Err(if is_open { SkipReason::SlotTaken } else { SkipReason::Closed }))
    }

    /// The booking, all but its team.
    async fn asked(
        &self,
        (org, it, client): (OrgId, &Details, &Client),
        booking_id: BookingId,
        window: Window,
        holds: &PriceBook,
    ) -> Result<Request, OccurrenceError> {
        let mut tx = tenant::begin(&self.reads, org).await?;
        let whose = Some(client.client_id);
        let history = booking_list::history(&mut tx, org, whose, None).await?;
        let home = client.addresses.iter().find(|one| one.archived_at.is_none());
        let words = home.and_then(|one| one.address.open()).map(|address| address.text.clone());
        Ok(Request {
            booking_id,
            origin: Origin::Subscription,
            client: whose,
            lead: None,
            address: home.map(|one| one.address_id),
            subscription: Some(it.subscription_id),
            place: words,
            missing_contact: Vec::new(),
            is_blocked: client.blocked.is_some(),
            block_override: None,
            team: TeamId::from(Uuid::nil()),
            crew: Crew::default(),
            window,
            service: it.plan.base_service_type.parse().ok(),
            total_cents: Some(it.price_cents),
            price_book: it.price_book.clone(),
            addons: Vec::new(),
            obstacles: Vec::new(),
            forced: None,
            history,
            policies: holds.published.policies.clone(),
            decided_by: holds.prices().name(),
            named_deposit_cents: None,
            unpayable: Some(Downgrade::NobodyAtCheckout),
            now: self.now(),
        })
    }
}

/// What asking for a team came to; `None` if another team may still come.
fn decided(
    done: Result<BookingId, CommandError<BookingError>>,
    booking: BookingId,
) -> Result<Option<Result<BookingId, SkipReason>>, CommandError<BookingError>> {
    Ok(Some(match done {
        // Somebody got so far before, and no further.
        Ok(_) | Err(CommandError::Refused(BookingError::AlreadyRequested)) => Ok(booking),
        Err(CommandError::SlotTaken { .. } | CommandError::Refused(BookingError::Hindered(_))) => {
            return Ok(None);
        }
        Err(error) if facts::is_day_full(&error) => return Ok(None),
        Err(error) if is_over_limit(&error) => Err(SkipReason::PlanLimit),
        Err(CommandError::Refused(BookingError::ClientBlocked)) => Err(SkipReason::ClientBlocked),
        Err(CommandError::Refused(BookingError::StartInPast)) => Err(SkipReason::Missed),
        Err(CommandError::Refused(_) | CommandError::SubjectErased) => Err(SkipReason::Refused),
        Err(error) => return Err(error),
    }))
}

/// Whether it is a holiday or another time at which the team does not work.
fn is_off(obstacle: &Obstacle, window: Window) -> bool {
    let is_time_off =
        matches!(obstacle.kind, ObstacleKind::Blackout | ObstacleKind::AvailabilityBlock);
    is_time_off && obstacle.hinders(window, TimeDelta::zero())
}

/// The same however often it is asked for.
fn booking_of(subscription: SubscriptionId, date: NaiveDate) -> BookingId {
    Uuid::new_v5(&subscription.as_uuid(), date.to_string().as_bytes()).into()
}

/// When a visit on a day begins: at nine.
pub(super) fn starts_at(date: NaiveDate, zone: Tz) -> DateTime<Utc> {
    search::instant(date, NaiveTime::from_hms_opt(9, 0, 0).unwrap_or_default(), zone)
}

/// As long as the service of that name usually takes.
fn minutes(book: &Book, it: &Details) -> u32 {
    let named = book.services.iter().find(|one| one.name == it.plan.base_service_type);
    named.map_or(USUAL_MINUTES, |service| service.default_duration_minutes)
}

/// A request that follows from another one.
fn of_its_own(ctx: &Context, action: &str) -> Context {
    Context {
        request: RequestKey::fresh(),
        action: Some(action.to_owned()),
        expected_version: None,
        beside: Vec::new(),
        ..ctx.clone()
    }
}
