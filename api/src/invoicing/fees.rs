//! What moving and cancelling a visit costs beside, charged on its invoice.

use commands::{CommandBus, CommandError, Context};
use domain::id::BookingId;
use domain::invoicing::invoice::lines::NewLine;
use domain::invoicing::invoice::number::{InvoiceNumber, NUMBERS, VISITS};
use domain::invoicing::invoice::{Draft, Invoice, InvoiceCommand, Terms, Visit};
use domain::pricing::price_book::PriceBook;
use domain::scheduling::booking::{Booking, Details};
use domain::settings::org::OrgSettings;
use projections::tenant;
use serde_json::Value;
use sqlx::PgPool;

use super::numbering::{self, ATTEMPTS};
use crate::payments::ProcessError;
use crate::state::Clock;

/// A line for each of them.
pub(super) fn lines(booking: &Details, tax_ppm: Option<u32>) -> Vec<NewLine> {
    let fees = [
        ("Moving the visit", booking.moving_fee_cents),
        ("Cancelling the visit late", booking.cancellation_fee_cents()),
    ];
    let owed = fees.into_iter().filter(|(_, cents)| *cents > 0);
    let line = |(said, unit_price_cents): (&str, i64)| NewLine {
        description: said.to_owned(),
        qty: 1,
        unit_price_cents,
        tax_ppm,
    };
    owed.map(line).collect()
}

/// Writes the invoices of visits to which nobody went, for what that costs. They are drafts: the office sends them.
#[derive(Clone)]
pub struct FeeInvoices {
    bus: CommandBus,
    db: PgPool,
    clock: Clock,
}

impl std::fmt::Debug for FeeInvoices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FeeInvoices")
    }
}

impl FeeInvoices {
    /// Reads and writes as whoever these are connected as.
    pub fn new(bus: CommandBus, db: PgPool, clock: Clock) -> Self {
        Self { bus, db, clock }
    }

    /// Writes it, unless nothing is owed. Of a visit that had an invoice before it charges what cancelling costs alone, beside that
    /// one; an invoice that was written since has it.
    pub async fn charge(&self, ctx: &Context, order: BookingId) -> Result<(), ProcessError> {
        let found = self.bus.load::<Booking>(ctx.org, &order.to_string()).await?;
        let Some(booking) = found.state.details() else { return Ok(()) };
        let mut draft = self.draft(ctx, booking).await?;
        let (year, id) = (draft.number.year, draft.invoice_id.to_string());
        for _ in 0..ATTEMPTS {
            if let Some(other) = self.bus.holder(ctx.org, VISITS, &order.to_string()).await? {
                let other = self.bus.load::<Invoice>(ctx.org, &other).await?.state;
                let has_it = other.details().is_none_or(|it| it.visit_cancelled);
                if has_it || booking.cancellation_fee_cents() == 0 {
                    return Ok(());
                }
                // What moving cost stands first, and on the other one.
                draft.terms.lines.drain(..draft.terms.lines.len().saturating_sub(1));
                draft.visit.additional = true;
            }
            if draft.terms.lines.is_empty() {
                return Ok(());
            }
            draft.number = numbering::next(&self.bus, ctx.org, year).await?;
            let command = InvoiceCommand::Draft(Box::new(draft.clone()));
            match self.bus.create(ctx, &id, command, |_: &Invoice| Value::Null).await {
                // Somebody was faster: the number after theirs is still there, and their invoice of the visit may have it.
                Err(CommandError::ClaimTaken { scope }) if [NUMBERS, VISITS].contains(&&*scope) => {
                }
                // It was settled otherwise, or nobody is left who could owe it.
                Ok(_)
                | Err(
                    CommandError::ClaimTaken { .. }
                    | CommandError::Refused(_)
                    | CommandError::SubjectErased,
                ) => return Ok(()),
                Err(error) => return Err(ProcessError::Command(error.to_string())),
            }
        }
        Err(ProcessError::Command("no number could be taken".to_owned()))
    }

    async fn draft(&self, ctx: &Context, booking: &Details) -> Result<Draft, ProcessError> {
        use chrono::Datelike;

        let org = ctx.org;
        let book = self.bus.load::<PriceBook>(org, &org.to_string()).await?.state.published;
        let settings = self.bus.load::<OrgSettings>(org, &org.to_string()).await?.state;
        let mut tx = tenant::begin(&self.db, org).await?;
        let registered = tenant::registered_zone(&mut tx, org).await?;
        drop(tx);
        let now = chrono::SubsecRound::trunc_subsecs((self.clock)(), 6);
        let issue_date = now.with_timezone(&settings.zone(&registered)).date_naive();
        let due_date = book.policies.payment_terms.due(issue_date);
        let lines = lines(booking, book.usual_tax_ppm());
        Ok(Draft {
            invoice_id: ctx.request.derived_id("invoice").into(),
            number: InvoiceNumber { year: issue_date.year(), count: 0 },
            order: Some(booking.requested.booking_id),
            client: booking.client,
            lead: booking.lead(),
            terms: Terms { lines, issue_date, due_date, notes: None },
            extras: Vec::new(),
            visit: Visit { cancelled: true, ..Visit::default() },
            currency: settings.currency,
            by: None,
            now,
        })
    }
}
