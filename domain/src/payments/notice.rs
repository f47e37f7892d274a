//! What Stripe tells, as far as it matters here: nothing of the person who paid is read.
//!
//! Messages come in any order and any number of times. Each says how an object stands, so that is folded, never the order.

use chrono::{DateTime, Datelike, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// No payment is larger.
const MOST: i64 = 10_000_000_000;

/// Messages are made in these years.
const YEARS: std::ops::Range<i32> = 2000..2200;

/// Stands for an amount that is none: below zero, or more than anybody pays.
const ODD: i64 = -1;

/// A message, without anything personal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The same each time it is sent.
    pub event_id: String,
    /// What it is about, `charge.refunded`.
    pub kind: String,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// The checkout, `cs_…`.
    pub session: Option<String>,
    /// The payment, `pi_…`.
    pub intent: Option<String>,
    /// The dispute, `dp_…` or `du_…`.
    pub dispute: Option<String>,
    /// How much.
    pub amount_cents: Option<i64>,
    /// How much went back, in all.
    pub refunded_cents: Option<i64>,
    /// Three letters, upper case.
    pub currency: Option<String>,
    /// Where the object stands, in the words of the provider.
    pub status: Option<String>,
    /// Why it failed, in a word of the provider.
    pub failure: Option<String>,
    /// What we wrote on it when it was made.
    pub org: Option<String>,
    /// As above.
    pub invoice: Option<String>,
    /// As above.
    pub booking: Option<String>,
    /// As above: the payment it belongs to.
    pub command: Option<String>,
}

impl Notice {
    /// Reads a message; `None` if it is none.
    pub fn parse(json: &Value) -> Option<Self> {
        let text = |at: &str| json.pointer(at).and_then(Value::as_str).map(str::to_owned);
        let event_id = text("/id").filter(|id| is_word(id))?;
        let kind = text("/type").filter(|kind| is_word(kind))?;
        let created = json.get("created").and_then(Value::as_i64)?;
        let created = DateTime::from_timestamp(created, 0)?;
        let created = Some(created).filter(|at| YEARS.contains(&at.year()))?;
        let object = json.pointer("/data/object")?;
        let of = |name: &str| object.get(name).and_then(Value::as_str).filter(|it| is_word(it));
        // Objects may stand in each other, or be named by their ids.
        let reference = |name: &str| {
            let at = object.get(name)?;
            let id = at.as_str().or_else(|| at.get("id")?.as_str());
            id.filter(|id| is_word(id)).map(str::to_owned)
        };
        let cents = |name: &str| {
            let said = object.get(name).filter(|said| !said.is_null())?;
            Some(said.as_i64().filter(|cents| (0..=MOST).contains(cents)).unwrap_or(ODD))
        };
        let sort = kind.split('.').next().unwrap_or_default();
        let own = of("id").map(str::to_owned);
        let (mut session, mut intent, mut dispute) = (None, reference("payment_intent"), None);
        let mut amount_cents = cents("amount");
        match kind.as_str() {
            "checkout.session.completed" | "checkout.session.expired" => {
                (session, amount_cents) = (own, cents("amount_total"));
            }
            _ if kind.starts_with("charge.dispute.") => dispute = own,
            _ if sort == "payment_intent" => {
                intent = own;
                let received = cents("amount_received").filter(|cents| *cents != 0);
                amount_cents = received.or(amount_cents);
            }
            _ if sort == "invoice" => amount_cents = cents("amount_paid"),
            _ => {}
        }
        let meta = |name: &str| {
            let said = object.get("metadata")?.get(name)?.as_str()?;
            is_word(said).then(|| said.to_owned())
        };
        Some(Self {
            event_id,
            created,
            session,
            intent,
            dispute,
            amount_cents,
            refunded_cents: cents("amount_refunded"),
            currency: of("currency").map(str::to_uppercase),
            status: of("payment_status").or_else(|| of("status")).map(str::to_owned),
            failure: object
                .pointer("/last_payment_error/code")
                .and_then(Value::as_str)
                .filter(|code| is_word(code))
                .map(str::to_owned),
            org: meta("org_id"),
            invoice: meta("invoice_id"),
            booking: meta("booking_id"),
            command: meta("command_id"),
            kind,
        })
    }

    /// Whether its amounts can be amounts of a payment.
    pub fn is_sound(&self) -> bool {
        let said = [self.amount_cents, self.refunded_cents];
        said.iter().flatten().all(|cents| *cents != ODD)
    }
}

/// Ids and words of the provider: nothing that somebody wrote.
fn is_word(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
    (1..=255).contains(&text.len()) && text.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_and_amounts_are_read_and_nobody_who_paid() {
        let message = json!({
            "id": "evt_1", "type": "checkout.session.completed", "created": 1_700_000_000,
            "data": { "object": {
                "id": "cs_1", "payment_intent": "pi_1", "amount_total": 18_900, "currency": "cad",
                "payment_status": "paid", "customer_details": { "email": "zoe@example.org", "name": "Zoë" },
                "metadata": { "invoice_id": "0190", "org_id": "0001" },
            } },
        });
        let notice = Notice::parse(&message).unwrap();
        assert_eq!(
            (notice.session.as_deref(), notice.intent.as_deref()),
            (Some("cs_1"), Some("pi_1"))
        );
        assert_eq!((notice.amount_cents, notice.currency.as_deref()), (Some(18_900), Some("CAD")));
        let kept = serde_json::to_string(&notice).unwrap();
        assert!(!kept.contains("zoe") && !kept.contains("Zoë"), "{kept}");
        assert_eq!(serde_json::from_str::<Notice>(&kept).unwrap(), notice);
    }

    #[test]
    fn amounts_that_nobody_pays_are_recognised() {
        let of = |amount: Value, refunded: Value| {
            let message = json!({
                "id": "evt_1", "type": "charge.refunded", "created": 1_700_000_000,
                "data": { "object": { "amount": amount, "amount_refunded": refunded } },
            });
            Notice::parse(&message).unwrap().is_sound()
        };
        assert!(of(json!(1), json!(MOST)) && of(json!(0), Value::Null));
        for odd in
            [json!(-1), json!(MOST + 1), json!(i64::MIN), json!(u64::MAX), json!(1.5), json!("1")]
        {
            assert!(!of(odd.clone(), json!(1)) && !of(json!(1), odd.clone()), "{odd}");
        }
    }

    #[test]
    fn what_has_no_id_or_no_object_is_no_message() {
        for bad in [
            json!({}),
            json!({ "id": "evt_1", "type": "x", "created": 1_700_000_000 }),
            json!({ "id": "a b", "type": "x", "created": 1_700_000_000, "data": { "object": {} } }),
            json!({ "id": "evt_1", "type": "x", "created": 0, "data": { "object": {} } }),
            json!({ "id": "evt_1", "type": "x", "created": i64::MAX, "data": { "object": {} } }),
            json!({ "id": "evt_1", "type": "x", "created": 200_000_000_000_i64, "data": { "object": {} } }),
        ] {
            assert_eq!(Notice::parse(&bad), None);
        }
    }
}
