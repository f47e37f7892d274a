//! Invoices: written, sent, paid, corrected; and as whoever is to pay sees them.

mod books;
mod bulk;
mod changes;
mod detail;
mod documents;
mod draft;
mod export;
mod fees;
mod letters;
mod lines;
mod link;
mod list;
mod numbering;
mod overdue;
mod own;
mod payments;
mod public;
mod queue;
mod reminders;

use chrono::{DateTime, Utc};
use commands::{CommandError, Context, Done};
use domain::access::Permission;
use domain::finance::month::Month;
use domain::id::{InvoiceId, OrgId};
use domain::invoicing::invoice::{Details, Invoice, InvoiceCommand, InvoiceError, view};
use domain::settings::feature::Feature;
use domain::settings::org::OrgSettings;
use domain::settings::zone;
use serde_json::Value;

pub(crate) use self::documents::Sheets;
pub(crate) use self::draft::left_of;
pub use self::fees::FeeInvoices;
pub use self::link::InvoiceLinks;
pub(crate) use self::numbering::Numbering;
pub(crate) use self::public::opened;
pub use self::reminders::Reminders;
use crate::finance::while_open;
use crate::problem::Problem;
use crate::route::{Routes, Rule, staff};
use crate::state::App;

const VIEW: &[Permission] = &[Permission::InvoicesView];
const DETAIL: &[Permission] = &[Permission::FinanceView];
const EDIT: &[Permission] = &[Permission::InvoicesEdit];
const SEND: &[Permission] = &[Permission::InvoicesSend];
const RECORD: &[Permission] = &[Permission::PaymentsRecord];
const EXPORTS: &[Permission] = &[Permission::ExportsRun];

pub(crate) fn routes() -> Routes {
    Routes::default()
        .merge(list::routes())
        .merge(export::routes())
        .merge(overdue::routes())
        .merge(bulk::routes())
        .merge(draft::routes())
        .merge(detail::routes())
        .merge(documents::routes())
        .merge(changes::routes())
        .merge(letters::routes())
        .merge(payments::routes())
        .merge(own::routes())
        .merge(books::routes())
        .merge(queue::routes())
        .merge(public::routes())
}

const fn invoices(permissions: &'static [Permission]) -> Rule {
    staff(permissions).feature(Feature::Invoices)
}

/// An invoice as it is now, and its version.
pub(crate) async fn known(app: &App, org: OrgId, id: InvoiceId) -> Result<(Details, i32), Problem> {
    let found = app.bus.load::<Invoice>(org, &id.to_string()).await?;
    let known = found.state.details().cloned();
    let known = known.ok_or_else(|| Problem::refused(&InvoiceError::NotFound))?;
    Ok((known, found.version))
}

/// Carries out a command on an invoice; the answer is the invoice.
async fn run(
    app: &App,
    context: &Context,
    id: InvoiceId,
    command: InvoiceCommand,
) -> Result<Done, CommandError<InvoiceError>> {
    app.bus.execute(context, &id.to_string(), command, shown).await
}

/// From the aggregate alone: a command asks nothing of the read side.
fn shown(invoice: &Invoice) -> Value {
    invoice.details().map_or(Value::Null, told)
}

fn told(invoice: &Details) -> Value {
    let mut shown = view::invoice(invoice);
    domain::personal::reveal(&mut shown);
    shown
}

/// From when on an invoice is overdue: the midnight after its last day, on the clock of the organisation.
async fn overdue_at(
    app: &App,
    org: OrgId,
    invoice: &Details,
) -> Result<Option<DateTime<Utc>>, Problem> {
    let zone = app.settings.of(app, org).await?.zone;
    let after = invoice.due_date.and_then(|due| due.succ_opt());
    Ok(after.map(|day| zone::start_of(day, zone)))
}

/// The context of a command that may let an invoice count from its date of issue: not in a month whose books are closed.
async fn counting(app: &App, context: &Context, invoice: &Details) -> Result<Context, Problem> {
    let mut context = context.clone();
    let draft = invoice.issued_at.is_none().then(|| Month::of(invoice.issue_date));
    while_open(app, &mut context, draft).await?;
    Ok(context)
}

/// The settings of the organisation, as they are now.
pub(crate) async fn settings(app: &App, org: OrgId) -> Result<OrgSettings, Problem> {
    Ok(app.bus.load::<OrgSettings>(org, &org.to_string()).await?.state)
}
