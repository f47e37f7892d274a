//! The letter that says that money has come.

use domain::id::{InvoiceId, OrgId};
use domain::personal::PLACEHOLDER;
use projections::invoicing::invoice_list;
use projections::tenant;
use serde::Deserialize;

use super::email::Letter;
use super::invoice::amount;
use super::{Attempt, Delivery, Due};

/// What the effect says.
#[derive(Deserialize)]
struct Ordered {
    invoice_id: InvoiceId,
    payment_id: String,
}

impl Delivery {
    /// Thanks whoever has paid, once for each payment, with what it was and what is left.
    pub(super) async fn receipt(&self, effect: &Due) -> Result<Attempt, sqlx::Error> {
        let org = OrgId::from(effect.org_id);
        let Ok(ordered) = serde_json::from_value::<Ordered>(effect.payload.clone()) else {
            return Ok(Attempt::Permanent("the effect says too little".to_owned()));
        };
        let mut tx = tenant::begin(&self.db, org).await?;
        let found = invoice_list::find(&mut tx, &self.keys, org, ordered.invoice_id).await?;
        drop(tx);
        let Some(found) = found else {
            return Ok(Attempt::Temporary("the invoice is not listed yet".to_owned()));
        };
        let invoice = &found.invoice;
        let paid = invoice.payments.iter().find(|one| one.payment_id == ordered.payment_id);
        let Some(paid) = paid else {
            return Ok(Attempt::Temporary("the payment is not listed yet".to_owned()));
        };
        let name = found.customer.name;
        if name == PLACEHOLDER {
            return Ok(Attempt::Suppressed("subject_erased"));
        }
        let Some(address) = found.customer.email else {
            return Ok(Attempt::Suppressed("no_email_address"));
        };
        let (number, currency): (_, &str) = (invoice.number, invoice.currency.into());
        let (came, left) = (amount(paid.amount_cents), amount(invoice.balance_cents()));
        let text = format!(
            "Hello {name},\n\nthank you: we have received {came} {currency} for invoice {number}.\n\nLeft to pay: {left} \
             {currency}\n\nYou find the receipt under the address that we sent you with the invoice.\n"
        );
        let subject = "We have received your payment";
        Ok(self.email.send(effect.effect_id, Letter { name, address, subject, text }).await)
    }
}
