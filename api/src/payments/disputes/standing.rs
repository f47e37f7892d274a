//! How it stands with the money that a dispute is about, as the log knows it now.

use domain::id::{InvoiceId, OrgId};
use domain::invoicing::invoice::number::VISITS;
use domain::invoicing::invoice::status::Status;
use domain::invoicing::invoice::{Details as Bill, Invoice};
use domain::payments::dispute::{Details, Invoiced, Left, Standing, Way};
use domain::payments::payment::Payment;
use domain::scheduling::booking::{Booking, Details as Visit};
use projections::finance::deposit_refunds;

use crate::problem::Problem;
use crate::state::App;

/// Of the invoice, else of what was paid before the visit.
pub(super) async fn of(app: &App, org: OrgId, dispute: &Details) -> Result<Standing, Problem> {
    let opened = &dispute.opened;
    let mut invoice = opened.invoice;
    if let (None, Some(booking)) = (invoice, opened.booking) {
        let holder = app.bus.holder(org, VISITS, &booking.to_string()).await?;
        invoice = holder.and_then(|id| id.parse::<InvoiceId>().ok());
    }
    if let Some(invoice) = invoice {
        let found = app.bus.load::<Invoice>(org, &invoice.to_string()).await?;
        if let Some(bill) = found.state.details().filter(|bill| counts(bill)) {
            return of_invoice(app, org, bill).await;
        }
    }
    let Some(booking) = opened.booking else { return Ok(Standing::default()) };
    let found = app.bus.load::<Booking>(org, &booking.to_string()).await?;
    match found.state.details() {
        Some(visit) => of_visit(app, org, visit).await,
        None => Ok(Standing::default()),
    }
}

const fn counts(bill: &Bill) -> bool {
    matches!(bill.status, Status::Sent | Status::Partial | Status::Paid | Status::Overdue)
}

async fn of_invoice(app: &App, org: OrgId, bill: &Bill) -> Result<Standing, Problem> {
    let mut left = Vec::new();
    for payment in &bill.payments {
        left.push(of_payment(app, org, &payment.payment_id, payment.net_cents()).await?.0);
    }
    let invoiced = Invoiced {
        invoice: bill.invoice_id,
        creditable_cents: bill.payable_cents(),
        credited_cents: bill.credited_cents(),
        overpaid_cents: bill.overpaid_cents(),
    };
    Ok(Standing {
        base_cents: Some(bill.totals.total_cents()),
        refunded_cents: bill.payments.iter().map(|one| one.refunded_cents).sum(),
        left: sorted(left),
        invoice: Some(invoiced),
    })
}

async fn of_visit(app: &App, org: OrgId, visit: &Visit) -> Result<Standing, Problem> {
    let (mut left, mut refunded_cents) = (Vec::new(), 0_i64);
    for (payment_id, came) in &visit.paid {
        let by_invoices = deposit_refunds::total(&app.reads, org, payment_id).await?;
        let kept = visit.left_of(payment_id, (*came, by_invoices));
        let (one, refunded) = of_payment(app, org, payment_id, kept).await?;
        left.push(one);
        refunded_cents = refunded_cents.saturating_add(refunded).saturating_add(came - kept);
    }
    Ok(Standing {
        base_cents: visit.base_charge_cents.or(visit.total_cents()),
        refunded_cents,
        left: sorted(left),
        invoice: None,
    })
}

/// What is left of a payment, and what went back of it; one that no provider took is with us in notes and coins.
async fn of_payment(
    app: &App,
    org: OrgId,
    payment_id: &str,
    net_cents: i64,
) -> Result<(Left, i64), Problem> {
    let found = app.bus.load::<Payment>(org, payment_id).await?;
    let (cents, by, refunded) = match found.state.details() {
        Some(payment) => {
            let cents = payment.returnable_cents().min(net_cents);
            (cents, Way::Card, payment.refunded_cents())
        }
        None => (net_cents, Way::Hand, 0),
    };
    Ok((Left { payment_id: payment_id.to_owned(), cents, by }, refunded))
}

/// What goes back by itself goes first.
fn sorted(mut left: Vec<Left>) -> Vec<Left> {
    left.sort_by_key(|one| one.by == Way::Hand);
    left
}
