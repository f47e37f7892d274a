//! A subscription: a visit that comes again and again until somebody ends it.
//!
//! 1. Each local date gives one occurrence at most: it becomes a booking, or it is skipped and says why. One that fails
//!    holds up no other.
//! 2. Dates that passed while nobody ran it are not made up for: the next one is the first that lies ahead.
//! 3. Words about it are sealed under the key of its client: erasing them takes the words along.
//! 4. ACTIVE and PAUSED lead to each other, TRIAL and INCOMPLETE to ACTIVE, everything to CANCELED; nothing leads back.

mod command;
mod event;
pub mod plan;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Days, NaiveDate, Utc};
pub use command::{Origin, SubscriptionCommand, SubscriptionError};
use cqrs_es::Aggregate;
pub use event::{SkipReason, Status, SubscriptionEvent};
use serde::{Deserialize, Serialize};

use self::plan::Plan;
use crate::event::{EventSourced, decides};
use crate::id::{ClientId, SubscriptionId};
use crate::input::free_text;
use crate::personal::Personal;

/// A subscription as its answers show it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Subscription {
    /// Not yet.
    #[default]
    Absent,
    /// Begun.
    Known(Box<Details>),
}

/// What is known about a subscription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// The aggregate's own id.
    pub subscription_id: SubscriptionId,
    /// Whose.
    pub client: ClientId,
    /// Where it stands.
    pub status: Status,
    /// Why, in words.
    pub status_reason: Option<Personal<String>>,
    /// When its visits are.
    pub plan: Plan,
    /// What each of them costs.
    pub price_cents: i64,
    /// The version of the price book it was priced by.
    pub price_book: Option<String>,
    /// The local date of its next visit.
    pub next_run: NaiveDate,
    /// When it began.
    pub created_at: DateTime<Utc>,
}

/// Two years.
const LONGEST_AHEAD: Days = Days::new(731);

type Decision = Result<Vec<SubscriptionEvent>, SubscriptionError>;

impl Subscription {
    /// What is known, if it was begun.
    pub fn details(&self) -> Option<&Details> {
        match self {
            Self::Absent => None,
            Self::Known(details) => Some(details),
        }
    }

    fn decide(&self, command: SubscriptionCommand) -> Decision {
        use SubscriptionCommand as C;

        match (self, command) {
            (Self::Absent, C::Start(origin)) => start(origin),
            (Self::Known(_), C::Start(_)) => Err(SubscriptionError::AlreadyStarted),
            (Self::Absent, _) => Err(SubscriptionError::NotFound),

            (Self::Known(it), C::Pause { reason, now }) => {
                it.become_status(Status::Paused, reason.as_deref(), now)
            }
            (Self::Known(it), C::Resume { today, now }) => it.resume(today, now),
            (Self::Known(it), C::Cancel { reason, now }) => {
                it.become_status(Status::Canceled, reason.as_deref(), now)
            }
            (Self::Known(it), C::ChangePlan { plan, today, now }) => {
                it.change_plan(plan, today, now)
            }
            (Self::Known(it), C::MoveNextRun { date, today, now }) => {
                it.move_next(date, today, now)
            }
            (Self::Known(it), C::Schedule { date, booking, today, now }) => {
                it.run(date, today, |next| SubscriptionEvent::OccurrenceScheduled {
                    date,
                    booking,
                    next_run: next,
                    at: now,
                })
            }
            (Self::Known(it), C::Skip { date, reason, today, now }) => {
                it.run(date, today, |next| SubscriptionEvent::OccurrenceSkipped {
                    date,
                    reason,
                    next_run: next,
                    at: now,
                })
            }
        }
    }
}

fn start(origin: Origin) -> Decision {
    let plan = origin.plan.checked()?;
    within_reach(plan.start_date, origin.today)?;
    if origin.price_cents < 0 {
        return Err(SubscriptionError::BadPrice);
    }
    Ok(vec![SubscriptionEvent::Started {
        subscription_id: origin.subscription_id,
        client: origin.client,
        next_run: plan.first_on_or_after(plan.start_date.max(origin.today)),
        plan,
        price_cents: origin.price_cents,
        price_book: origin.price_book,
        at: origin.now,
    }])
}

/// Neither over nor so far away that somebody mistyped the year.
fn within_reach(date: NaiveDate, today: NaiveDate) -> Result<(), SubscriptionError> {
    if date < today {
        return Err(SubscriptionError::DateInPast);
    }
    if today.checked_add_days(LONGEST_AHEAD).is_some_and(|last| date > last) {
        return Err(SubscriptionError::DateTooFar);
    }
    Ok(())
}

impl Details {
    fn become_status(&self, to: Status, reason: Option<&str>, at: DateTime<Utc>) -> Decision {
        if self.status == to {
            return Ok(Vec::new());
        }
        if !self.status.next().contains(&to) {
            return Err(SubscriptionError::IllegalTransition { from: self.status, to });
        }
        let reason = reason.map(|why| free_text("status_reason", why, 0..=255)).transpose();
        let reason = reason.map_err(|_| SubscriptionError::BadReason)?;
        let reason =
            reason.filter(|why| !why.is_empty()).map(|why| Personal::of(self.client.into(), why));
        Ok(vec![match to {
            Status::Canceled => SubscriptionEvent::Cancelled { reason, at },
            _ => SubscriptionEvent::Paused { reason, at },
        }])
    }

    fn resume(&self, today: NaiveDate, at: DateTime<Utc>) -> Decision {
        if self.status == Status::Active {
            return Ok(Vec::new());
        }
        if !self.status.next().contains(&Status::Active) {
            let (from, to) = (self.status, Status::Active);
            return Err(SubscriptionError::IllegalTransition { from, to });
        }
        // Nobody comes for the visits that were paused away.
        Ok(vec![SubscriptionEvent::Resumed { next_run: self.ahead(self.next_run, today), at }])
    }

    fn change_plan(&self, plan: Plan, today: NaiveDate, at: DateTime<Utc>) -> Decision {
        self.must_go_on()?;
        let plan = plan.checked()?;
        if plan == self.plan {
            return Ok(Vec::new());
        }
        let next_run =
            plan.first_on_or_after(plan.start_date.max(today.succ_opt().unwrap_or(today)));
        Ok(vec![SubscriptionEvent::PlanChanged { plan, next_run, at }])
    }

    fn move_next(&self, date: NaiveDate, today: NaiveDate, at: DateTime<Utc>) -> Decision {
        self.must_go_on()?;
        within_reach(date, today)?;
        if date == self.next_run {
            return Ok(Vec::new());
        }
        Ok(vec![SubscriptionEvent::NextRunMoved { next_run: date, at }])
    }

    /// One occurrence; asking again for one that is past changes nothing.
    fn run(
        &self,
        date: NaiveDate,
        today: NaiveDate,
        event: impl FnOnce(NaiveDate) -> SubscriptionEvent,
    ) -> Decision {
        if date < self.next_run {
            return Ok(Vec::new());
        }
        if !matches!(self.status, Status::Active | Status::Trial) {
            return Err(SubscriptionError::NotRunning(self.status));
        }
        if date > self.next_run {
            return Err(SubscriptionError::NotDue);
        }
        Ok(vec![event(self.ahead(self.plan.after(date), today))])
    }

    /// `date`, or the first one of the plan that does not lie behind.
    fn ahead(&self, date: NaiveDate, today: NaiveDate) -> NaiveDate {
        let mut date = date;
        while date < today {
            date = self.plan.after(date);
        }
        date
    }

    fn must_go_on(&self) -> Result<(), SubscriptionError> {
        if self.status == Status::Canceled {
            return Err(SubscriptionError::NotRunning(self.status));
        }
        Ok(())
    }
}

impl Aggregate for Subscription {
    const TYPE: &'static str = "subscription";
    type Command = SubscriptionCommand;
    type Event = SubscriptionEvent;
    type Error = SubscriptionError;
    type Services = ();

    decides!();

    fn apply(&mut self, event: Self::Event) {
        use SubscriptionEvent as E;

        match (self, event) {
            (
                absent @ Self::Absent,
                E::Started { subscription_id, client, plan, price_cents, price_book, next_run, at },
            ) => {
                *absent = Self::Known(Box::new(Details {
                    subscription_id,
                    client,
                    status: Status::Active,
                    status_reason: None,
                    plan,
                    price_cents,
                    price_book,
                    next_run,
                    created_at: at,
                }));
            }
            (Self::Known(it), event) => match event {
                E::Paused { reason, .. } => {
                    (it.status, it.status_reason) = (Status::Paused, reason);
                }
                E::Cancelled { reason, .. } => {
                    (it.status, it.status_reason) = (Status::Canceled, reason);
                }
                E::Resumed { next_run, .. } => {
                    (it.status, it.status_reason, it.next_run) = (Status::Active, None, next_run);
                }
                E::PlanChanged { plan, next_run, .. } => (it.plan, it.next_run) = (plan, next_run),
                E::NextRunMoved { next_run, .. }
                | E::OccurrenceScheduled { next_run, .. }
                | E::OccurrenceSkipped { next_run, .. } => it.next_run = next_run,
                E::Started { .. } => {}
            },
            // A stream starts with its beginning; reading must not fail on one that does not.
            (Self::Absent, _) => {}
        }
    }
}

impl EventSourced for Subscription {}
