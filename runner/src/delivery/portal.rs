//! The link into the portal of clients, on its way to the mailbox of one.

use chrono::{DateTime, Utc};
use domain::id::PortalSessionId;
use serde::Deserialize;
use sqlx::types::Json;

use super::email::Letter;
use super::{Attempt, Delivery, Due};

/// What the effect says; the rest is kept sealed until the link is used.
#[derive(Deserialize)]
struct Ordered {
    session_id: PortalSessionId,
    portal: String,
    expires_at: DateTime<Utc>,
}

impl Delivery {
    /// Sends a link, unless it would arrive too late or was used, taken back or voided meanwhile.
    pub(super) async fn portal_link(&self, effect: &Due) -> Result<Attempt, sqlx::Error> {
        if !self.email.is_on() {
            return Ok(Attempt::Suppressed("email_off"));
        }
        let Ok(ordered) = serde_json::from_value::<Ordered>(effect.payload.clone()) else {
            return Ok(Attempt::Permanent("the effect says too little".to_owned()));
        };
        if ordered.expires_at <= (self.clock)() {
            return Ok(Attempt::Suppressed("link_expired"));
        }
        let sealed = sqlx::query_scalar!(
            r#"select portal.link_to_send($1, $2) as "sealed: Json<serde_json::Value>""#,
            effect.org_id,
            ordered.session_id.as_uuid()
        )
        .fetch_one(&self.db)
        .await?;
        let Some(Json(sealed)) = sealed else { return Ok(Attempt::Suppressed("link_void")) };
        let opened = self.open(effect.org_id.into(), sealed).await?;
        let Some(mail) = opened.pointer("/$personal/value") else {
            return Ok(Attempt::Suppressed("subject_erased"));
        };
        let text = |name: &str| mail[name].as_str().unwrap_or_default().to_owned();
        let (name, until) = (text("name"), ordered.expires_at.format("%Y-%m-%d %H:%M UTC"));
        let letter = Letter {
            text: format!(
                "Hello {name},\n\nthis link lets you in, once, until {until}:\n\n\
                 {portal}/client/login/callback?token={token}\n\n\
                 If you did not ask for it, leave it alone: nobody gets in without it.\n",
                portal = ordered.portal,
                token = text("token"),
            ),
            name,
            address: text("email"),
            subject: "Your link to sign in",
        };
        Ok(self.email.send(effect.effect_id, letter).await)
    }
}
