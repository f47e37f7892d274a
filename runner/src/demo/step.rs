//! One command of the past, and the kinds of aggregates there are commands for.

use chrono::{DateTime, Utc};
use commands::{CommandBus, Context, RequestKey};
use domain::customers::client::{Client, ClientCommand};
use domain::event::EventSourced;
use domain::finance::category::{ExpenseCategory, ExpenseCategoryCommand};
use domain::finance::expense::{Expense, ExpenseCommand};
use domain::id::OrgId;
use domain::invoicing::invoice::{Invoice, InvoiceCommand};
use domain::people::worker::{Worker, WorkerCommand};
use domain::pricing::price_book::{PriceBook, PriceBookCommand};
use domain::recorded::Actor;
use domain::sales::lead::{Lead, LeadCommand};
use domain::scheduling::booking::{Booking, BookingCommand};
use domain::scheduling::subscription::{Subscription, SubscriptionCommand};
use domain::scheduling::team::{Team, TeamCommand};
use domain::scheduling::work_session::{WorkCommand, WorkSession};
use serde_json::Value;

use crate::organisations::system;

/// One command at its moment.
#[derive(Clone)]
pub(super) struct Step {
    pub(super) at: DateTime<Utc>,
    /// Of the aggregate.
    pub(super) id: String,
    pub(super) by_staff: bool,
    pub(super) act: Act,
}

/// A kind of aggregate, and which of them.
pub(super) type Target = (std::mem::Discriminant<Act>, String);

/// A command, by what kind of aggregate it is for.
#[derive(Clone)]
pub(super) enum Act {
    Lead(LeadCommand),
    Team(TeamCommand),
    Worker(WorkerCommand),
    Client(ClientCommand),
    Booking(BookingCommand),
    Subscription(SubscriptionCommand),
    Work(WorkCommand),
    PriceBook(PriceBookCommand),
    Invoice(InvoiceCommand),
    ExpenseCategory(ExpenseCategoryCommand),
    Expense(ExpenseCommand),
}

impl Step {
    pub(super) const fn staff(at: DateTime<Utc>, id: String, act: Act) -> Self {
        Self { at, id, by_staff: true, act }
    }

    pub(super) const fn public(at: DateTime<Utc>, id: String, act: Act) -> Self {
        Self { at, id, by_staff: false, act }
    }

    /// Which aggregate it is about.
    pub(super) fn target(&self) -> Target {
        (std::mem::discriminant(&self.act), self.id.clone())
    }

    /// Whether it is decided at once, on an aggregate that is in memory: whoever speaks of somebody else has to look for their
    /// key, and of two that want the same time the log may hold one back.
    pub(super) const fn is_decided_at_once(&self) -> bool {
        !matches!(
            self.act,
            Act::Booking(BookingCommand::Request(_) | BookingCommand::Place(_))
                | Act::Subscription(SubscriptionCommand::Start(_))
                | Act::Invoice(InvoiceCommand::Draft(_))
        )
    }

    /// Whether there was no such aggregate before.
    pub(super) const fn creates(&self) -> bool {
        matches!(
            self.act,
            Act::Lead(LeadCommand::Submit(_))
                | Act::Team(TeamCommand::Create { .. })
                | Act::Worker(WorkerCommand::Hire { .. })
                | Act::Client(ClientCommand::Register { .. })
                | Act::Booking(BookingCommand::Request(_))
                | Act::Subscription(SubscriptionCommand::Start(_))
                | Act::Work(WorkCommand::Start { .. })
                | Act::Invoice(InvoiceCommand::Draft(_))
                | Act::ExpenseCategory(ExpenseCategoryCommand::Add { .. })
                | Act::Expense(ExpenseCommand::Record { .. })
        )
    }

    pub(super) async fn take(
        self,
        bus: &CommandBus,
        org: OrgId,
        request: RequestKey,
    ) -> anyhow::Result<()> {
        let (kind, id, role) = if self.by_staff {
            ("staff", "demo", "dispatcher")
        } else {
            ("public", "anonymous", "public")
        };
        let actor = Actor { kind: kind.to_owned(), id: id.to_owned(), role: role.to_owned() };
        let ctx = Context { actor, recorded_at: Some(self.at), request, ..system(org, None) };
        let to = To { bus, ctx, creates: self.creates(), id: self.id };
        match self.act {
            Act::Lead(command) => to.give::<Lead>(command).await,
            Act::Team(command) => to.give::<Team>(command).await,
            Act::Worker(command) => to.give::<Worker>(command).await,
            Act::Client(command) => to.give::<Client>(command).await,
            Act::Booking(command) => to.give::<Booking>(command).await,
            Act::Subscription(command) => to.give::<Subscription>(command).await,
            Act::Work(command) => to.give::<WorkSession>(command).await,
            Act::PriceBook(command) => to.give::<PriceBook>(command).await,
            Act::Invoice(command) => to.give::<Invoice>(command).await,
            Act::ExpenseCategory(command) => to.give::<ExpenseCategory>(command).await,
            Act::Expense(command) => to.give::<Expense>(command).await,
        }
    }
}

/// Where a command goes.
struct To<'a> {
    bus: &'a CommandBus,
    ctx: Context,
    creates: bool,
    id: String,
}

impl To<'_> {
    async fn give<A: EventSourced>(self, command: A::Command) -> anyhow::Result<()>
    where
        A::Error: 'static,
    {
        let Self { bus, ctx, creates, id } = self;
        if creates {
            bus.create(&ctx, &id, command, |_: &A| Value::Null).await?;
        } else {
            bus.execute(&ctx, &id, command, |_: &A| Value::Null).await?;
        }
        Ok(())
    }
}
