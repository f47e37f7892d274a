//! Money that goes back by the way it came.

use api::StripeError;
use commands::{Context, RequestKey};
use domain::id::{OrgId, RefundId};
use domain::payments::payment::{Payment, PaymentCommand};
use domain::recorded::Actor;
use serde::Deserialize;
use serde_json::Value;

use super::{Attempt, Delivery, Due};

/// What the effect says.
#[derive(Deserialize)]
struct Ordered {
    payment_id: String,
    refund_id: RefundId,
    amount_cents: i64,
}

impl Delivery {
    /// Asks Stripe to send it back, and takes note of what it says.
    pub(super) async fn send_back(&self, effect: &Due) -> Result<Attempt, sqlx::Error> {
        let org = OrgId::from(effect.org_id);
        let Ok(ordered) = serde_json::from_value::<Ordered>(effect.payload.clone()) else {
            return Ok(Attempt::Permanent("the effect says too little".to_owned()));
        };
        let Some(stripe) = &self.stripe else {
            return Ok(Attempt::Temporary(
                "nobody is paid back by card: STRIPE_SECRET_KEY is not set".to_owned(),
            ));
        };
        let Ok(found) = self.bus.load::<Payment>(org, &ordered.payment_id).await else {
            return Ok(Attempt::Temporary("the payment cannot be read".to_owned()));
        };
        let payment = found.state.details();
        let is_wanted =
            payment.is_some_and(|it| it.wanted.iter().any(|(id, _)| *id == ordered.refund_id));
        if !is_wanted {
            return Ok(Attempt::Suppressed("went_back_already"));
        }
        let Some(intent) = payment.and_then(|it| it.intent()) else {
            return Ok(Attempt::Temporary("the id of the payment is not known yet".to_owned()));
        };
        let key = effect.effect_id.to_string();
        let now = chrono::SubsecRound::trunc_subsecs((self.clock)(), 6);
        let refund_id = ordered.refund_id;
        let (command, attempt) = match stripe.refund(intent, ordered.amount_cents, &key).await {
            Ok(()) => (PaymentCommand::ConfirmRefund { refund_id, now }, Attempt::Delivered),
            Err(error @ StripeError::Refused { .. }) => {
                let refuse = PaymentCommand::RefuseRefund { refund_id, now };
                (refuse, Attempt::Permanent(error.to_string()))
            }
            // Nobody asked, so it is no attempt: else a bad hour would be the end of all that waits.
            Err(StripeError::LeftAlone { until }) => return Ok(Attempt::Postponed(until)),
            Err(error) => return Ok(Attempt::Temporary(error.to_string())),
        };
        let noted = self.note(org, effect, &ordered.payment_id, command).await;
        Ok(if noted { attempt } else { Attempt::Temporary("it cannot be noted".to_owned()) })
    }

    async fn note(&self, org: OrgId, effect: &Due, id: &str, command: PaymentCommand) -> bool {
        let ctx = Context {
            org,
            actor: Actor {
                kind: "system".to_owned(),
                id: "delivery".to_owned(),
                role: "system".to_owned(),
            },
            request_id: format!("effect-{}", effect.effect_id),
            correlation_id: effect.correlation_id.clone(),
            causation_id: None,
            reason: None,
            action: None,
            via: None,
            request: RequestKey::of(org, "delivery", &effect.effect_id.to_string(), [0; 32]),
            expected_version: None,
            beside: Vec::new(),
            recorded_at: None,
        };
        let noted = self.bus.execute(&ctx, id, command, |_: &Payment| Value::Null).await;
        if let Err(error) = &noted {
            tracing::warn!(%error, "what became of a refund cannot be noted");
        }
        noted.is_ok()
    }
}
