//! Letters about invoices.

use domain::id::{InvoiceId, OrgId};
use domain::invoicing::invoice::Details;
use domain::invoicing::invoice::status::{Letter as Kind, Status};
use projections::invoicing::invoice_list;
use projections::tenant;
use serde::Deserialize;

use super::email::Letter;
use super::{Attempt, Delivery, Due};

/// What the effect says; the rest is looked up when it is sent.
#[derive(Deserialize)]
struct Ordered {
    invoice_id: InvoiceId,
    letter: Kind,
    link: u16,
    portal: Option<String>,
}

impl Delivery {
    /// Writes to whoever is to pay, unless there is nothing to pay any more.
    pub(super) async fn invoice_letter(&self, effect: &Due) -> Result<Attempt, sqlx::Error> {
        let org = OrgId::from(effect.org_id);
        let Ok(ordered) = serde_json::from_value::<Ordered>(effect.payload.clone()) else {
            return Ok(Attempt::Permanent("the effect says too little".to_owned()));
        };
        let payload = self.open(org, effect.payload.clone()).await?;
        let Some(address) =
            payload.pointer("/recipient/$personal/value").and_then(|it| it.as_str())
        else {
            return Ok(Attempt::Suppressed("subject_erased"));
        };
        let mut tx = tenant::begin(&self.db, org).await?;
        let found = invoice_list::find(&mut tx, &self.keys, org, ordered.invoice_id).await?;
        drop(tx);
        let Some(found) = found else {
            return Ok(Attempt::Temporary("the invoice is not listed yet".to_owned()));
        };
        if let Some(why) = needless(ordered.letter, &found.invoice) {
            return Ok(Attempt::Suppressed(why));
        }
        let Some(portal) = ordered.portal else {
            return Ok(Attempt::Suppressed("portal_address_unknown"));
        };
        let token = self.links.token(org, ordered.invoice_id, ordered.link);
        let link = format!("{portal}/i/{token}");
        let name = found.customer.name;
        let text = text(ordered.letter, &found.invoice, &name, &link);
        let (address, subject) = (address.to_owned(), subject(ordered.letter));
        Ok(self.email.send(effect.effect_id, Letter { name, address, subject, text }).await)
    }
}

impl Delivery {
    /// Says that a card was refused, once for each invoice.
    pub(super) async fn payment_failed(&self, effect: &Due) -> Result<Attempt, sqlx::Error> {
        let org = OrgId::from(effect.org_id);
        let Some(id) = effect.payload["invoice_id"].as_str().and_then(|id| id.parse().ok()) else {
            return Ok(Attempt::Permanent("the effect says too little".to_owned()));
        };
        let mut tx = tenant::begin(&self.db, org).await?;
        let found = invoice_list::find(&mut tx, &self.keys, org, id).await?;
        drop(tx);
        let Some(found) = found else {
            return Ok(Attempt::Temporary("the invoice is not listed yet".to_owned()));
        };
        if let Some(why) = needless(Kind::Reminder, &found.invoice) {
            return Ok(Attempt::Suppressed(why));
        }
        let Some(address) = found.customer.email else {
            return Ok(Attempt::Suppressed("no_email_address"));
        };
        let (name, number) = (found.customer.name, found.invoice.number);
        let text = format!(
            "Hello {name},\n\nyour card was not accepted for invoice {number}. You can try again, or pay in another way, under the \
             address that we sent you with it.\n"
        );
        let subject = "Your payment did not go through";
        Ok(self.email.send(effect.effect_id, Letter { name, address, subject, text }).await)
    }
}

/// Why a letter need not be written any more.
fn needless(letter: Kind, invoice: &Details) -> Option<&'static str> {
    match (invoice.status, letter) {
        (Status::Void | Status::Discarded, _) => Some("invoice_void"),
        // Whoever has paid at once still gets the invoice.
        (Status::Paid, Kind::Invoice) => None,
        (Status::Paid, _) => Some("invoice_paid"),
        _ => None,
    }
}

const fn subject(letter: Kind) -> &'static str {
    match letter {
        Kind::Invoice => "Your invoice",
        Kind::Reminder => "A reminder of your invoice",
        Kind::Gentle => "Your invoice is past due",
        Kind::Second => "Second reminder: your invoice is past due",
        Kind::Final => "Final reminder: your invoice is past due",
    }
}

fn text(letter: Kind, invoice: &Details, name: &str, link: &str) -> String {
    let (number, currency): (_, &str) = (invoice.number, invoice.currency.into());
    let said = match letter {
        Kind::Invoice => "here is your invoice",
        Kind::Reminder => "this is a reminder of your invoice",
        Kind::Gentle => "maybe it slipped your mind: your invoice is past due",
        Kind::Second => "your invoice is past due, and we have not received your payment",
        Kind::Final => "this is our last reminder: your invoice is long past due",
    };
    let due = match invoice.due_date {
        Some(due) => format!("Due: {due}\n"),
        None => String::new(),
    };
    format!(
        "Hello {name},\n\n{said}: {number}.\n\nTo pay: {balance} {currency}\n{due}\nSee it, and pay it, here:\n\n{link}\n",
        balance = amount(invoice.balance_cents()),
    )
}

pub(super) fn amount(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}
