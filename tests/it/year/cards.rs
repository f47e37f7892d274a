//! People who pay by card, the bank that asks for money back, and Stripe that tells of it: now and then late, or twice.

use chrono::TimeDelta;
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use serde_json::{Value, json};

use crate::harness::App;
use crate::harness::client::Answer;
use crate::harness::stripe::{FakeStripe, SECRET, signature};

/// A checkout that was paid.
struct Charge {
    /// Which of the checkouts of Stripe.
    session: usize,
    intent: String,
    cents: i64,
    /// What staff sent back at the site of Stripe.
    by_staff: i64,
    /// While the bank has it, and once it has decided.
    dispute: Option<(String, bool)>,
}

/// What Stripe knows.
pub(super) struct Cards {
    stripe: FakeStripe,
    charges: Vec<Charge>,
    messages: u32,
}

impl Cards {
    pub(super) fn of(stripe: FakeStripe) -> Self {
        Self { stripe, charges: Vec::new(), messages: 0 }
    }

    /// How many checkouts were opened.
    pub(super) fn opened(&self) -> usize {
        self.stripe.sessions().len()
    }

    /// Something happens at Stripe, and it tells so; `None` if nothing can.
    pub(super) async fn happen(
        &mut self,
        what: &str,
        app: &App,
        rng: &mut StdRng,
    ) -> Option<(String, Answer)> {
        let (kind, object) = match what {
            "pay" => self.pay(rng)?,
            "refund" => self.refund(rng)?,
            "dispute" => self.dispute(rng)?,
            "verdict" => self.verdict(rng)?,
            other => panic!("nothing like {other} happens at Stripe"),
        };
        Some(self.tell(kind, &object, app, rng).await)
    }

    /// Pays one of the latest checkouts.
    fn pay(&mut self, rng: &mut StdRng) -> Option<(&'static str, Value)> {
        let sessions = self.stripe.sessions();
        let is_paid = |n: &usize| self.charges.iter().any(|one| one.session == *n);
        let open: Vec<usize> = (0..sessions.len()).rev().filter(|n| !is_paid(n)).take(4).collect();
        let session = *open.choose(rng)?;
        let asked = &sessions[session];
        let cents = asked["line_items[0][price_data][unit_amount]"].parse().unwrap();
        let metadata: serde_json::Map<String, Value> = asked
            .iter()
            .filter_map(|(name, value)| {
                let name = name.strip_prefix("metadata[")?.strip_suffix(']')?;
                Some((name.to_owned(), json!(value)))
            })
            .collect();
        let intent = format!("pi_{session}");
        self.charges.push(Charge {
            session,
            intent: intent.clone(),
            cents,
            by_staff: 0,
            dispute: None,
        });
        // Either of them may be told first, or alone.
        Some(if rng.random_bool(0.7) {
            let object = json!({
                "id": format!("cs_test_{}", session + 1), "payment_intent": intent, "amount_total": cents,
                "currency": "cad", "payment_status": "paid", "metadata": metadata,
            });
            ("checkout.session.completed", object)
        } else {
            let object = json!({
                "id": intent, "amount": cents, "amount_received": cents, "currency": "cad",
                "status": "succeeded", "metadata": metadata,
            });
            ("payment_intent.succeeded", object)
        })
    }

    /// What went back of a charge, whoever sent it.
    fn back(&self, charge: &Charge) -> i64 {
        let asked = self.stripe.refunds();
        let own = asked.iter().filter(|one| one["payment_intent"] == charge.intent);
        charge.by_staff + own.map(|one| one["amount"].parse::<i64>().unwrap()).sum::<i64>()
    }

    /// Sends part of a charge back, or all of it, at the site of Stripe.
    fn refund(&mut self, rng: &mut StdRng) -> Option<(&'static str, Value)> {
        let left = |one: &Charge| one.cents - self.back(one);
        let some: Vec<(usize, i64)> = (self.charges.iter().enumerate())
            .filter(|(_, one)| one.dispute.is_none())
            .map(|(n, one)| (n, left(one)))
            .filter(|(_, left)| *left > 0)
            .collect();
        let (n, left) = *some.choose(rng)?;
        let part = if rng.random_bool(0.3) { left } else { rng.random_range(1..=left) };
        self.charges[n].by_staff += part;
        let charge = &self.charges[n];
        Some((
            "charge.refunded",
            json!({
                "id": format!("ch_{}", charge.intent), "payment_intent": charge.intent, "amount": charge.cents,
                "amount_refunded": self.back(charge), "currency": "cad", "status": "succeeded",
            }),
        ))
    }

    /// The bank takes what is left of a charge.
    fn dispute(&mut self, rng: &mut StdRng) -> Option<(&'static str, Value)> {
        let left = |one: &Charge| one.cents - self.back(one);
        let some: Vec<usize> = (self.charges.iter().enumerate())
            .filter(|(_, one)| one.dispute.is_none() && left(one) > 0)
            .map(|(n, _)| n)
            .collect();
        let n = *some.choose(rng)?;
        let dispute = format!("dp_{n}");
        let object = self.disputed(n, &dispute, "needs_response");
        self.charges[n].dispute = Some((dispute, false));
        Some(("charge.dispute.created", object))
    }

    /// The bank decides.
    fn verdict(&mut self, rng: &mut StdRng) -> Option<(&'static str, Value)> {
        let is_open = |one: &Charge| matches!(&one.dispute, Some((_, false)));
        let some: Vec<usize> =
            (0..self.charges.len()).filter(|n| is_open(&self.charges[*n])).collect();
        let n = *some.choose(rng)?;
        let (dispute, is_over) = self.charges[n].dispute.as_mut().unwrap();
        *is_over = true;
        let dispute = dispute.clone();
        let status = if rng.random_bool(0.5) { "won" } else { "lost" };
        Some(("charge.dispute.closed", self.disputed(n, &dispute, status)))
    }

    fn disputed(&self, n: usize, dispute: &str, status: &str) -> Value {
        let charge = &self.charges[n];
        json!({
            "id": dispute, "payment_intent": charge.intent, "amount": charge.cents - self.back(charge),
            "currency": "cad", "status": status,
        })
    }

    async fn tell(
        &mut self,
        kind: &str,
        object: &Value,
        app: &App,
        rng: &mut StdRng,
    ) -> (String, Answer) {
        self.messages += 1;
        let late = if rng.random_bool(0.1) { rng.random_range(0..40) } else { 0 };
        let created = (app.now() - TimeDelta::days(late)).timestamp();
        let body = json!({
            "id": format!("evt_{}", self.messages), "type": kind, "created": created,
            "data": { "object": object },
        })
        .to_string();
        let header = signature(SECRET, app.now().timestamp(), &body);
        let sender = app.anyone().with("stripe-signature", &header);
        let path = "/v1/payments/stripe/webhook";
        if rng.random_bool(0.2) {
            sender.post_raw(path, body.clone()).await.ok();
        }
        let answer = sender.post_raw(path, body.clone()).await;
        (format!("POST {path} {body}"), answer)
    }
}
