//! Letters to the office: somebody has to know, or to do something.

use domain::id::OrgId;
use domain::policy::Matter;
use domain::settings::org::Legal;
use serde::Deserialize;

use super::email::Letter;
use super::{Attempt, Delivery, Due};

/// What the effect says.
#[derive(Deserialize)]
struct Ordered {
    matter: Matter,
    reference: String,
}

impl Delivery {
    /// Writes to the address in the imprint; nothing of a person stands in it.
    pub(super) async fn office_notice(&self, effect: &Due) -> Result<Attempt, sqlx::Error> {
        let org = OrgId::from(effect.org_id);
        let Ok(Ordered { matter, reference }) = serde_json::from_value(effect.payload.clone())
        else {
            return Ok(Attempt::Permanent("the effect says too little".to_owned()));
        };
        let (settings, _) = self.settings(org).await?;
        let Some(address) = settings.legal.get(&Legal::Email).cloned() else {
            return Ok(Attempt::Suppressed("no_office_address"));
        };
        let (subject, said) = words(matter);
        let text = format!("{said}\n\nReference: {reference}\n");
        let name = "Office".to_owned();
        Ok(self.email.send(effect.effect_id, Letter { name, address, subject, text }).await)
    }
}

const fn words(matter: Matter) -> (&'static str, &'static str) {
    match matter {
        Matter::PaidTooLate => (
            "A deposit came too late",
            "A deposit was paid after its visit was called off. The money goes back by itself.",
        ),
        Matter::PaidForNothing => (
            "A void invoice was paid",
            "An invoice was paid that does not count any more. The money goes back by itself.",
        ),
        Matter::RefundRefused => (
            "Money could not be sent back",
            "The provider does not send back money that is to go back. Please pay it back by hand.",
        ),
        Matter::NoShow => (
            "Nobody began a visit",
            "A visit was promised, and half an hour after its beginning nobody has begun it.",
        ),
        Matter::HighValueLead => (
            "Somebody asks for an expensive visit",
            "A request came in whose estimate is as high as that of an expensive visit.",
        ),
        Matter::NegativeReview => (
            "A customer was not content with a visit",
            "A customer gave one or two stars of five. Please find out what happened.",
        ),
        Matter::DisputeOpened => (
            "A customer is not content",
            "A dispute was opened. Please find out what happened and decide it.",
        ),
    }
}
