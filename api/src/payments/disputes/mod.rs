//! Disputes: somebody says that something is wrong, and it is decided what comes of it.

mod changes;
mod list;
mod standing;

use commands::{CommandError, Context, Done};
use domain::access::Permission;
use domain::id::{DisputeId, OrgId};
use domain::invoicing::invoice::Words;
use domain::payments::dispute::{
    DISPUTED, Details, Dispute, DisputeCommand, DisputeError, New, view,
};
use domain::settings::feature::Feature;
use serde_json::Value;

use crate::problem::Problem;
use crate::route::{Routes, Rule, staff};
use crate::state::App;

const VIEW: &[Permission] = &[Permission::InvoicesView];
const EDIT: &[Permission] = &[Permission::InvoicesEdit];
const DECIDE: &[Permission] = &[Permission::FinanceManage];

pub(super) fn routes() -> Routes {
    Routes::default().merge(list::routes()).merge(changes::routes())
}

const fn disputes(permissions: &'static [Permission]) -> Rule {
    staff(permissions).feature(Feature::Invoices)
}

/// From the aggregate alone.
fn shown(dispute: &Dispute) -> Value {
    dispute.details().map_or(Value::Null, told)
}

fn told(dispute: &Details) -> Value {
    let mut shown = view::dispute(dispute);
    domain::personal::reveal(&mut shown);
    shown
}

/// A dispute as it is now.
async fn known(app: &App, org: OrgId, id: DisputeId) -> Result<Details, Problem> {
    let found = app.bus.load::<Dispute>(org, &id.to_string()).await?;
    let known = found.state.details().cloned();
    known.ok_or_else(|| Problem::refused(&DisputeError::NotFound))
}

/// Opens one; of several that people open about the same thing at once, one is.
pub(crate) async fn open(app: &App, context: &Context, new: New) -> Result<Done, Problem> {
    let id = new.dispute_id.to_string();
    let command = |reason| {
        let new = New { reason, ..new.clone() };
        DisputeCommand::Open { new, now: app.now() }
    };
    let opened = match app.bus.create(context, &id, command(new.reason.clone()), shown).await {
        // Nothing is written down any more about who was erased, but that something is wrong is.
        Err(CommandError::SubjectErased) => {
            app.bus.create(context, &id, command(Some(Words::Forgotten)), shown).await
        }
        opened => opened,
    };
    match opened {
        Err(CommandError::ClaimTaken { scope }) if scope == DISPUTED => {
            Err(Problem::refused(&DisputeError::AlreadyOpen))
        }
        opened => Ok(opened?),
    }
}
