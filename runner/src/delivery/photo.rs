//! Files of photos that were deleted are removed, and photos of whoever was erased are deleted.

use chrono::SubsecRound as _;
use commands::{CommandBus, CommandError, Context, RequestKey};
use domain::id::{BookingId, OrgId, PhotoId, SubjectId};
use domain::recorded::Actor;
use domain::scheduling::photos::{DeletionCause, PhotoCommand, PhotoError, PhotoSet};
use object_store::ObjectStoreExt;
use object_store::path::Path;
use projections::scheduling::photo_list::{self, PhotoList};
use projections::{Projection, engine, tenant};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

use super::{Attempt, Delivery, Due, PHOTO_ATTEMPTS, PHOTO_PAUSE};

/// Who does this, as the log calls them.
const SYSTEM: &str = "photos";

/// The file of a photo that was deleted.
#[derive(Deserialize)]
struct Purge {
    booking_id: BookingId,
    photo_id: PhotoId,
    key: String,
}

/// Whoever was erased.
#[derive(Deserialize)]
struct Forget {
    subject_id: SubjectId,
}

impl Delivery {
    /// Removes a file and notes that it is gone; the last time that fails is noted too.
    pub(super) async fn purge_photo(&self, effect: &Due) -> Attempt {
        let Ok(Purge { booking_id, photo_id, key }) =
            serde_json::from_value::<Purge>(effect.payload.clone())
        else {
            return Attempt::Permanent("the effect says too little".to_owned());
        };
        let now = (self.clock)().trunc_subsecs(6);
        match self.store.delete(&Path::from(key)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {
                let command = PhotoCommand::Purged { photo_id, now };
                match self.tell_photos(effect, booking_id, "purged", command).await {
                    Ok(()) => Attempt::Delivered,
                    Err(why) => Attempt::Temporary(why),
                }
            }
            Err(error) => {
                tracing::warn!(error = %error, photo = %photo_id, "a file cannot be removed");
                if effect.attempts >= PHOTO_ATTEMPTS {
                    let attempts = u32::try_from(effect.attempts).unwrap_or_default();
                    let command = PhotoCommand::PurgeFailed { photo_id, attempts, now };
                    if let Err(why) = self.tell_photos(effect, booking_id, "failed", command).await
                    {
                        tracing::warn!(why, photo = %photo_id, "nor can that be noted");
                    }
                }
                Attempt::Temporary("the store did not remove the file".to_owned())
            }
        }
    }

    /// Deletes every photo of somebody who was erased, once all of them are known.
    pub(super) async fn forget_photos(&self, effect: &Due) -> Result<Attempt, sqlx::Error> {
        let Ok(Forget { subject_id }) = serde_json::from_value::<Forget>(effect.payload.clone())
        else {
            return Ok(Attempt::Permanent("the effect says too little".to_owned()));
        };
        let (org, now) = (OrgId::from(effect.org_id), (self.clock)().trunc_subsecs(6));
        let known =
            engine::wait_for(&self.db, org, &[PhotoList::NAME], effect.cause, Instant::now());
        if known.await? != engine::Waited::Reached {
            return Ok(Attempt::Postponed(now + PHOTO_PAUSE));
        }
        let mut tx = tenant::begin(&self.db, org).await?;
        let photos = photo_list::of_subject(&mut tx, org, subject_id).await?;
        drop(tx);
        for (booking, photo_id) in photos {
            let (cause, by) = (DeletionCause::Erased, SYSTEM.to_owned());
            let command = PhotoCommand::Delete { photo_id, cause, worker: None, by, now };
            let what = format!("forget:{photo_id}");
            if let Err(why) = self.tell_photos(effect, booking, &what, command).await {
                return Ok(Attempt::Temporary(why));
            }
        }
        Ok(Attempt::Delivered)
    }

    async fn tell_photos(
        &self,
        effect: &Due,
        booking: BookingId,
        what: &str,
        command: PhotoCommand,
    ) -> Result<(), String> {
        let context = context(effect, what);
        match tell(&self.bus, &context, booking, command).await {
            // What was settled meanwhile is settled.
            Ok(()) | Err(CommandError::Refused(_)) => Ok(()),
            Err(error) => Err(format!("not noted: {error}")),
        }
    }
}

fn context(effect: &Due, what: &str) -> Context {
    let org = OrgId::from(effect.org_id);
    let key = format!("{}:{what}", effect.effect_id);
    let system = || "system".to_owned();
    Context {
        org,
        actor: Actor { kind: system(), id: SYSTEM.to_owned(), role: system() },
        request_id: format!("effect-{}", effect.effect_id),
        correlation_id: effect.correlation_id.clone(),
        causation_id: Some(effect.cause.to_string()),
        reason: None,
        action: None,
        via: None,
        request: RequestKey::of(org, SYSTEM, &key, [0; 32]),
        expected_version: None,
        beside: Vec::new(),
        recorded_at: None,
    }
}

async fn tell(
    bus: &CommandBus,
    context: &Context,
    booking: BookingId,
    command: PhotoCommand,
) -> Result<(), CommandError<PhotoError>> {
    let nothing = |_: &PhotoSet| Value::Null;
    bus.execute(context, &booking.to_string(), command, nothing).await?;
    Ok(())
}
