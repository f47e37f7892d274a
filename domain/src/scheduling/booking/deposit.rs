//! A deposit goes with its visit: moved, it is due before it begins, and decided anew where the policies say so.

use super::command::Change;
use super::event::BookingEvent;
use super::status::Status;
use super::{Details, Party};
use crate::scheduling::terms::deposit::{self, Basis, DepositTerms, Downgrade, Facts};
use crate::scheduling::terms::risk::{Band, Risk};
use crate::scheduling::window::Window;

/// What is asked for in advance from now on, if that is something else than before.
pub(super) fn moved(booking: &Details, window: Window, change: &Change) -> Option<BookingEvent> {
    let (before, at) = (booking.deposit.as_ref()?, change.now);
    let decided = decided_anew(booking, window, change).unwrap_or_else(|| before.clone());
    let mut deposit = decided;
    // After the visit nobody is kept from coming.
    deposit.due_at = deposit.due_at.map(|due_at| due_at.min(window.starts_at));
    let owes = booking.owes_deposit() || (deposit.required && !before.required);
    (owes && deposit != *before).then_some(BookingEvent::DepositDecided { deposit, at })
}

/// What the policies say of the visit at its new time. Nothing of one that was promised already, for which somebody paid,
/// or about which somebody decided by hand.
fn decided_anew(booking: &Details, window: Window, change: &Change) -> Option<DepositTerms> {
    let policies = &change.policies;
    let before = booking.deposit.as_ref()?;
    let is_open = booking.status == Status::Pending && booking.paid_cents() == 0;
    let by_policy = before.basis != Basis::ManualOverride
        && !matches!(before.downgraded, Some(Downgrade::NobodyAtCheckout));
    if !policies.reschedule.reevaluate_deposit || !is_open || !by_policy {
        return None;
    }
    let low = Risk { score: 0, band: Band::Low, reasons: Vec::new() };
    let asked = &booking.requested;
    let facts = Facts {
        service: asked.service,
        total_cents: booking.total_cents(),
        ahead: window.starts_at - change.now,
        first_time: asked.first_time && asked.lead.is_some(),
        risk: booking.risk.as_ref().unwrap_or(&low),
    };
    let decided = deposit::decide(&policies.deposit, facts);
    let is_same = |one: &DepositTerms| {
        (one.required, one.amount_cents, one.permille, &one.reasons)
            == (decided.required, decided.amount_cents, decided.permille, &decided.reasons)
    };
    if is_same(before) {
        return None;
    }
    Some(match change.unpayable {
        Some(why) if decided.required => decided.downgraded(why),
        _ => due(decided, window, change),
    })
}

/// Whoever moves their own visit is at the checkout; whoever is told by the office is not.
fn due(decided: DepositTerms, window: Window, change: &Change) -> DepositTerms {
    let policy = &change.policies.deposit;
    match change.by {
        Party::Client => decided.due(policy, change.now),
        Party::Staff | Party::System => decided.due_before(window.starts_at, policy, change.now),
    }
}
