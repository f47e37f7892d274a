//! Reminders that nobody asks for: whoever has not paid in time is written to, each letter once, nobody twice within a day.

use commands::{CommandBus, CommandError, Context, RequestKey};
use domain::id::{InvoiceId, OrgId};
use domain::invoicing::invoice::status::{Bucket, Letter};
use domain::invoicing::invoice::{
    Details, Invoice, InvoiceCommand, InvoiceError, Mail, NewLink, PAUSE, REMINDED,
};
use domain::settings::feature::Feature;
use domain::settings::org::OrgSettings;
use projections::invoicing::invoice_list;
use projections::tenant;
use serde_json::Value;
use sqlx::PgPool;

use super::InvoiceLinks;
use super::letters::{Reader, reader};
use crate::payments::ProcessError;
use crate::state::Clock;

/// Writes them.
#[derive(Clone)]
pub struct Reminders {
    bus: CommandBus,
    db: PgPool,
    clock: Clock,
    links: InvoiceLinks,
}

impl std::fmt::Debug for Reminders {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reminders")
    }
}

impl Reminders {
    /// Reads and writes as whoever these are connected as.
    pub fn new(bus: CommandBus, db: PgPool, clock: Clock, links: InvoiceLinks) -> Self {
        Self { bus, db, clock, links }
    }

    /// Writes to whoever owes it, unless it is not the time for this letter, or the organisation writes none.
    pub async fn remind(
        &self,
        ctx: &Context,
        id: InvoiceId,
        letter: Letter,
    ) -> Result<(), ProcessError> {
        let org = ctx.org;
        let found = self.bus.load::<Invoice>(org, &id.to_string()).await?;
        let Some(invoice) = found.state.details() else { return Ok(()) };
        let settings = self.bus.load::<OrgSettings>(org, &org.to_string()).await?.state;
        if !settings.invoice_reminders || !settings.features().contain(Feature::Invoices) {
            return Ok(());
        }
        let now = chrono::SubsecRound::trunc_subsecs((self.clock)(), 6);
        let mut tx = tenant::begin(&self.db, org).await?;
        let registered = tenant::registered_zone(&mut tx, org).await?;
        let today = now.with_timezone(&settings.zone(&registered)).date_naive();
        let days = invoice.due_date.map_or(0, |due| (today - due).num_days());
        // Of an invoice that was overdue when it was sent, only what it has come to is written.
        if Bucket::of(days).map(Bucket::letter) != Some(letter) {
            return Ok(());
        }
        let Some(Reader { id: customer, email }) = reader(&self.bus, org, invoice).await? else {
            return Ok(());
        };
        let last = invoice_list::last_mail(&mut tx, org, customer).await?;
        drop(tx);
        let mail = self.mail(org, invoice, email);
        let once = format!("{customer}:{today}");
        let command = |not_before| InvoiceCommand::RemindOverdue {
            letter,
            mail: mail.clone(),
            not_before,
            once: once.clone(),
            now,
        };
        match self.give(ctx, id, command(last.map(|at| at + PAUSE))).await {
            // Another of their invoices was faster today.
            Err(CommandError::ClaimTaken { scope }) if scope == REMINDED => {
                let key = ctx.request.derived_id("later").to_string();
                let request = RequestKey::of(org, "reminders", &key, [0; 32]);
                let later = Context { request, ..ctx.clone() };
                told(self.give(&later, id, command(Some(now + PAUSE))).await)
            }
            done => told(done),
        }
    }

    fn mail(&self, org: OrgId, invoice: &Details, recipient: Option<String>) -> Mail {
        let link = invoice.next_link();
        let token = self.links.token(org, invoice.invoice_id, link);
        let link = NewLink { link, hash: self.links.hash(&token) };
        // Where addresses lead was known when it was sent.
        let portal = invoice.mails.iter().rev().find_map(|mail| mail.portal.clone());
        Mail { recipient, link, portal }
    }

    async fn give(
        &self,
        ctx: &Context,
        id: InvoiceId,
        command: InvoiceCommand,
    ) -> Result<(), CommandError<InvoiceError>> {
        self.bus.execute(ctx, &id.to_string(), command, |_: &Invoice| Value::Null).await.map(|_| ())
    }
}

/// Refused means that the matter was settled in the meantime, and erased that nobody is left to be written to.
fn told(done: Result<(), CommandError<InvoiceError>>) -> Result<(), ProcessError> {
    match done {
        Ok(()) | Err(CommandError::Refused(_) | CommandError::SubjectErased) => Ok(()),
        Err(error) => Err(ProcessError::Command(error.to_string())),
    }
}
