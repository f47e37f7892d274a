//! What the desk of the dispatcher tells somebody about a visit.

use domain::id::{OrgId, WorkerId};
use domain::personal::PLACEHOLDER;
use domain::scheduling::dispatch::notice::{Notice, Target, Template};
use projections::people::worker_list;
use projections::scheduling::booking_list;
use projections::tenant;
use sqlx::PgConnection;

use super::email::Letter;
use super::{Attempt, Delivery, Due};

/// Whom to write to, as of now.
pub(super) type Addressee = (String, Option<String>);

impl Delivery {
    /// Sends it to whoever it is for by now, unless they were erased or their address was taken away meanwhile.
    pub(super) async fn dispatch_notice(&self, effect: &Due) -> Result<Attempt, sqlx::Error> {
        if !self.email.is_on() {
            return Ok(Attempt::Suppressed("email_off"));
        }
        let Ok(notice) = serde_json::from_value::<Notice>(effect.payload.clone()) else {
            return Ok(Attempt::Permanent("the effect says too little".to_owned()));
        };
        let Ok(template) = notice.template.parse::<Template>() else {
            return Ok(Attempt::Permanent("there is no such text".to_owned()));
        };
        let Some((name, address)) = self.addressee(effect.org_id.into(), &notice).await? else {
            return Ok(Attempt::Temporary("nobody of that id is listed yet".to_owned()));
        };
        if name == PLACEHOLDER {
            return Ok(Attempt::Suppressed("subject_erased"));
        }
        let Some(address) = address else { return Ok(Attempt::Suppressed("no_email_address")) };
        let (subject, text) = template.text(notice.locale, &name, notice.minutes);
        Ok(self.email.send(effect.effect_id, Letter { name, address, subject, text }).await)
    }

    async fn addressee(
        &self,
        org: OrgId,
        notice: &Notice,
    ) -> Result<Option<Addressee>, sqlx::Error> {
        let mut tx = tenant::begin(&self.db, org).await?;
        match (notice.target, notice.worker) {
            (Target::Client, _) => {
                let found = booking_list::addressee(&mut tx, org, notice.booking_id).await?;
                Ok(found.map(|one| (one.name, one.email)))
            }
            (Target::Worker, Some(id)) => worker(&mut tx, org, id, None).await,
            (Target::Worker, None) => Ok(None),
        }
    }
}

/// How a worker is written to, whether or not they are `archived` where nothing is said about that.
pub(super) async fn worker(
    db: &mut PgConnection,
    org: OrgId,
    id: WorkerId,
    archived: Option<bool>,
) -> Result<Option<Addressee>, sqlx::Error> {
    let query = Some(id.to_string());
    let filter = worker_list::Filter { query, archived, ..worker_list::Filter::default() };
    let found = worker_list::page(db, org, &filter, None, 1).await?;
    Ok(found.into_iter().next().map(|row| (row.name, row.email)))
}
