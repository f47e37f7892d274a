//! Photos of visits: taken in, looked at, handed out by links that last a minute, deleted.

mod keeping;
pub(in crate::scheduling) mod links;
mod office;
mod own;
pub(in crate::scheduling) mod taking;

use std::sync::Arc;

use chrono::TimeDelta;
use domain::access::Permission;
use domain::id::{BookingId, OrgId, PhotoId};
use domain::personal;
use domain::scheduling::photos::{Photo, PhotoSet};
use domain::settings::feature::Feature;
use object_store::ObjectStore;
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::known;
use crate::problem::Problem;
use crate::route::{Routes, Rule, staff};
use crate::state::App;

/// Whoever sends people out, and whoever is on site.
const WORK: &[Permission] = &[Permission::BookingsStatus, Permission::BookingsAssign];

/// Whoever looks after how well it is done.
const QUALITY: &[Permission] = &[Permission::QualityManage];

pub(super) fn routes() -> Routes {
    Routes::default()
        .merge(taking::routes())
        .merge(office::routes())
        .merge(links::routes())
        .merge(own::routes())
}

const fn scheduling(permissions: &'static [Permission]) -> Rule {
    staff(permissions).feature(Feature::Schedule)
}

/// What an installation decides about photos.
pub struct PhotoOptions {
    /// Where their files are kept.
    pub store: Arc<dyn ObjectStore>,
    /// Signs links to them.
    pub secret: SecretString,
    /// How long such a link works.
    pub life: TimeDelta,
    /// Whether it works only for the browser that it was made for.
    pub is_bound: bool,
    /// Whether it works only once.
    pub once: bool,
    /// Bytes of a photo at most.
    pub most_bytes: u64,
}

/// The same at work.
pub struct Photos {
    store: Arc<dyn ObjectStore>,
    key: hmac::Key,
    life: TimeDelta,
    is_bound: bool,
    once: bool,
    most_bytes: u64,
}

impl Photos {
    /// Signs links with a key made of the secret, so that whatever else the secret signs is no link.
    pub fn new(options: PhotoOptions) -> Self {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, options.secret.expose_secret().as_bytes());
        let key = hmac::Key::new(
            hmac::HMAC_SHA256,
            hmac::sign(&secret, b"links to photos of visits").as_ref(),
        );
        let PhotoOptions { store, life, is_bound, once, most_bytes, .. } = options;
        Self { store, key, life, is_bound, once, most_bytes }
    }
}

/// A photo as staff and workers read it.
fn shown(photo: &Photo) -> Value {
    let (review, deletion) = (&photo.review, photo.deletion.as_ref());
    let mut shown = json!({
        "photo_id": photo.photo_id,
        "order_id": photo.booking,
        "phase": photo.phase,
        "filename": format!("{}.{}", photo.photo_id, photo.content_type.extension()),
        "original_filename": photo.name,
        "content_type": photo.content_type,
        "size_bytes": photo.size,
        "sha256": photo.sha256,
        "uploaded_by": photo.by,
        "worker_id": photo.worker,
        "created_at": photo.uploaded_at,
        "review_status": review.status,
        "review_comment": review.comment,
        "reviewed_by": review.by,
        "reviewed_at": review.at,
        "needs_retake": review.needs_retake,
        "deleted_at": deletion.map(|one| one.at),
        "deletion_cause": deletion.map(|one| one.cause),
        "file_purged_at": deletion.and_then(|one| one.purged_at),
        "purge_failed_attempts": deletion.and_then(|one| one.failed_attempts),
    });
    personal::reveal(&mut shown);
    shown
}

/// What the aggregate says of one photo after a command.
fn told(set: &PhotoSet, id: PhotoId) -> Value {
    set.photos.iter().find(|one| one.photo_id == id).map_or(Value::Null, shown)
}

/// Its photos.
pub(in crate::scheduling) async fn set(
    app: &App,
    org: OrgId,
    id: BookingId,
) -> Result<PhotoSet, Problem> {
    Ok(app.bus.load::<PhotoSet>(org, &id.to_string()).await?.state)
}

/// Photos of a visit that can be seen, as whoever is on site reads them.
pub(in crate::scheduling) async fn listed(
    app: &App,
    org: OrgId,
    id: BookingId,
) -> Result<Vec<Value>, Problem> {
    Ok(set(app, org, id).await?.there().map(shown).collect())
}
