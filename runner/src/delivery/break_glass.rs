//! Word to whoever watches over the installation that somebody may write although it is read-only.

use domain::identity::break_glass::BreakGlassStarted;

use super::email::Letter;
use super::{Attempt, Delivery, Due};

impl Delivery {
    /// Tells which organisation, why and until when; who it was stands in the audit log.
    pub(super) async fn break_glass_started(&self, effect: &Due) -> Attempt {
        let Some(address) = self.watch.clone() else {
            return Attempt::Suppressed("no_notification_address");
        };
        let Ok(started) = serde_json::from_value::<BreakGlassStarted>(effect.payload.clone())
        else {
            return Attempt::Permanent("the effect says too little".to_owned());
        };
        let BreakGlassStarted { session_id, reason, expires_at } = started;
        let letter = Letter {
            name: String::new(),
            address,
            subject: "Somebody may write although the installation is read-only",
            text: format!(
                "A break-glass session began.\n\n\
                 Organisation: {org}\nSession: {session_id}\nReason: {reason}\nEnds: {until}\n\n\
                 Who began it and what is written under it stands in the audit log.\n",
                org = effect.org_id,
                until = expires_at.format("%Y-%m-%d %H:%M UTC"),
            ),
        };
        self.email.send(effect.effect_id, letter).await
    }
}
