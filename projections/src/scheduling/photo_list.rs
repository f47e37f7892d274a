//! Photos of visits, each as its aggregate folds it. Personal values stay sealed in the table and are opened when read.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use domain::id::{BookingId, OrgId, PhotoId, SubjectId};
use domain::personal;
use domain::recorded::Recorded;
use domain::scheduling::photos::{Photo, PhotoEvent, PhotoSet};
use domain::seal::{self, MasterKeys};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Batch, Parking, Poison, Projection, subject_keys};

/// Photos on a page at most.
pub const PAGE: i64 = 200;

/// Keeps the `photo_list` table.
#[derive(Debug)]
pub struct PhotoList;

impl Projection for PhotoList {
    const NAME: &'static str = "photo_list";
    const VERSION: i32 = 1;
    const TABLES: &'static [&'static str] = &["photo_list"];

    async fn apply(db: &mut PgConnection, batch: &Batch<'_>) -> Result<Vec<Poison>, sqlx::Error> {
        let bookings = batch.ids_of(PhotoSet::TYPE);
        if bookings.is_empty() {
            return Ok(Vec::new());
        }
        let mut sets = load(db, batch.org, &bookings).await?;
        let poison = fold(&mut sets, batch.events);
        write(db, batch.org, &sets).await?;
        Ok(poison)
    }
}

/// The photos of a visit, and the positions of the last events about those that changed.
#[derive(Debug, Default)]
struct Kept {
    set: PhotoSet,
    changed: HashMap<PhotoId, i64>,
}

type Sets = HashMap<Uuid, Kept>;

fn about(event: &PhotoEvent) -> PhotoId {
    match event {
        PhotoEvent::Uploaded { photo_id, .. }
        | PhotoEvent::Reviewed { photo_id, .. }
        | PhotoEvent::Deleted { photo_id, .. }
        | PhotoEvent::FilePurged { photo_id, .. }
        | PhotoEvent::PurgeFailed { photo_id, .. } => *photo_id,
    }
}

fn fold(sets: &mut Sets, events: &[&Recorded]) -> Vec<Poison> {
    let mut parking = Parking::default();
    for &event in events {
        if event.aggregate_type != PhotoSet::TYPE || parking.holds(event) {
            continue;
        }
        let decoded = event.of::<PhotoSet>();
        let Some(happened) = parking.unless_broken(event, decoded) else { continue };
        let Ok(id) = event.aggregate_id.parse() else {
            parking.park(event, "the id of photos is that of their booking");
            continue;
        };
        let (photo, kept) = (about(&happened), sets.entry(id).or_default());
        let is_known = kept.set.photos.iter().any(|one| one.photo_id == photo);
        if !is_known && !matches!(happened, PhotoEvent::Uploaded { .. }) {
            parking.park(event, "the photo never came in");
            continue;
        }
        kept.set.apply(happened);
        kept.changed.insert(photo, event.position);
    }
    parking.into_poison()
}

async fn load(db: &mut PgConnection, org: OrgId, bookings: &[Uuid]) -> Result<Sets, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select booking_id, photo::text as "photo!" from photo_list
           where org_id = $1 and booking_id = any($2) order by uploaded_at, photo_id"#,
        org.as_uuid(),
        bookings,
    )
    .fetch_all(db)
    .await?;
    let mut sets = Sets::new();
    for row in rows {
        let photo = serde_json::from_str(&row.photo).map_err(unreadable)?;
        sets.entry(row.booking_id).or_default().set.photos.push(photo);
    }
    Ok(sets)
}

async fn write(db: &mut PgConnection, org: OrgId, sets: &Sets) -> Result<(), sqlx::Error> {
    let changed = |kept: &Kept, photo: &Photo| kept.changed.get(&photo.photo_id).copied();
    let mut rows: Vec<(&Photo, i64)> = sets
        .values()
        .flat_map(|kept| kept.set.photos.iter().filter_map(|one| Some((one, changed(kept, one)?))))
        .collect();
    rows.sort_unstable_by_key(|(photo, _)| photo.photo_id);
    let photos = rows.iter().map(|(photo, _)| serde_json::to_string(photo));
    let photos = photos.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    let statuses: Vec<&str> = rows.iter().map(|(photo, _)| photo.review.status.into()).collect();
    sqlx::query!(
        "insert into photo_list (org_id, photo_id, booking_id, subject_id, review_status, needs_retake, is_there,
             uploaded_at, position, photo)
         select $1, r.id, r.booking, r.subject, r.status, r.retake, r.there, r.at, r.position, r.photo::json
         from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::boolean[], $7::boolean[],
                     $8::timestamptz[], $9::bigint[], $10::text[])
              r (id, booking, subject, status, retake, there, at, position, photo)
         on conflict (org_id, photo_id) do update
         set review_status = excluded.review_status, needs_retake = excluded.needs_retake,
             is_there = excluded.is_there, position = excluded.position, photo = excluded.photo",
        org.as_uuid(),
        &rows.iter().map(|(photo, _)| photo.photo_id.as_uuid()).collect::<Vec<_>>(),
        &rows.iter().map(|(photo, _)| photo.booking.as_uuid()).collect::<Vec<_>>(),
        &rows.iter().map(|(photo, _)| photo.name.subject().as_uuid()).collect::<Vec<_>>(),
        &statuses as &[&str],
        &rows.iter().map(|(photo, _)| photo.review.needs_retake).collect::<Vec<_>>(),
        &rows.iter().map(|(photo, _)| photo.is_there()).collect::<Vec<_>>(),
        &rows.iter().map(|(photo, _)| photo.uploaded_at).collect::<Vec<_>>(),
        &rows.iter().map(|(_, position)| *position).collect::<Vec<_>>(),
        &photos,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// What the office still has to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// Whatever nobody looked at.
    Pending,
    /// What is wanted once more.
    NeedsRetake,
    /// Every photo.
    All,
}

/// How many photos wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// For somebody to look at them.
    pub pending: i64,
    /// For somebody to take them once more.
    pub needs_retake: i64,
    /// All there are.
    pub total: i64,
}

/// Counts the photos of an organisation.
pub async fn counts(db: &mut PgConnection, org: OrgId) -> Result<Counts, sqlx::Error> {
    sqlx::query_as!(
        Counts,
        r#"select count(*) filter (where review_status = 'PENDING') as "pending!",
                  count(*) filter (where needs_retake) as "needs_retake!", count(*) as "total!"
           from photo_list where org_id = $1 and is_there"#,
        org.as_uuid(),
    )
    .fetch_one(db)
    .await
}

/// Photos that can be seen, the latest first, behind the one that `after` names by time and id.
///
/// The keys are read in the same transaction: who has been erased by now is erased in the answer.
pub async fn page(
    db: &mut PgConnection,
    masters: &MasterKeys,
    org: OrgId,
    waiting: Waiting,
    (after, limit): (Option<(DateTime<Utc>, Uuid)>, i64),
) -> Result<Vec<Photo>, sqlx::Error> {
    let (at, id) = after.unzip();
    let rows = sqlx::query_scalar!(
        "select photo from photo_list
         where org_id = $1 and is_there and (not $2 or review_status = 'PENDING') and (not $3 or needs_retake)
           and ($4::timestamptz is null or (uploaded_at, photo_id) < ($4, $5))
         order by uploaded_at desc, photo_id desc limit $6",
        org.as_uuid(),
        waiting == Waiting::Pending,
        waiting == Waiting::NeedsRetake,
        at,
        id,
        limit,
    )
    .fetch_all(&mut *db)
    .await?;
    let mut subjects = Vec::new();
    for photo in &rows {
        personal::subjects_in(photo, &mut subjects);
    }
    let keys = subject_keys::load(db, masters, org, &subjects).await?;
    let opened = rows.into_iter().map(|mut photo: Value| {
        seal::open_all(&mut photo, &keys).map_err(|error| sqlx::Error::Decode(error.into()))?;
        serde_json::from_value(photo).map_err(unreadable)
    });
    opened.collect()
}

/// The visit that a photo shows, if there is such a photo.
pub async fn booking_of(
    db: &mut PgConnection,
    org: OrgId,
    photo: PhotoId,
) -> Result<Option<BookingId>, sqlx::Error> {
    let found = sqlx::query_scalar!(
        "select booking_id from photo_list where org_id = $1 and photo_id = $2 and is_there",
        org.as_uuid(),
        photo.as_uuid(),
    );
    Ok(found.fetch_optional(db).await?.map(BookingId::from))
}

/// Photos of the home of one person that were not deleted yet.
pub async fn of_subject(
    db: &mut PgConnection,
    org: OrgId,
    subject: SubjectId,
) -> Result<Vec<(BookingId, PhotoId)>, sqlx::Error> {
    let rows = sqlx::query!(
        "select booking_id, photo_id from photo_list where org_id = $1 and subject_id = $2 and is_there",
        org.as_uuid(),
        subject.as_uuid(),
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.booking_id.into(), row.photo_id.into())).collect())
}

/// Whether nobody has used the link before; from now on somebody has.
pub async fn use_link(
    db: &mut PgConnection,
    org: OrgId,
    link: Uuid,
    (expires_at, now): (DateTime<Utc>, DateTime<Utc>),
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select photos.use_link($1, $2, $3, $4) as "first!""#,
        org.as_uuid(),
        link,
        expires_at,
        now,
    )
    .fetch_one(db)
    .await
}

fn unreadable(error: serde_json::Error) -> sqlx::Error {
    sqlx::Error::Decode(error.into())
}

#[cfg(test)]
mod tests {
    use domain::personal::Personal;
    use domain::scheduling::checklist::Phase;
    use domain::scheduling::photos::{DeletionCause, ImageType};

    use super::*;
    use crate::fixture::{LEAD as ID, at, recorded};

    fn log() -> Vec<Recorded> {
        let photo_id = Uuid::from_u128(3).into();
        let key = || "orders/o/b/f.jpg".to_owned();
        let events = [
            PhotoEvent::Uploaded {
                photo_id,
                booking: ID.into(),
                phase: Phase::After,
                content_type: ImageType::Jpeg,
                size: 7,
                sha256: "00".repeat(32),
                key: key(),
                name: Personal::of(ID.into(), "kitchen.jpg".to_owned()),
                by: "owner".to_owned(),
                worker: None,
                despite_consent: false,
                at: at(1),
            },
            PhotoEvent::Deleted {
                photo_id,
                size: 7,
                key: key(),
                cause: DeletionCause::Asked,
                by: "owner".to_owned(),
                at: at(2),
            },
        ];
        let numbered = (1..).zip(&events);
        numbered.map(|(n, e)| recorded::<PhotoSet>(i64::from(n), n, ID, e)).collect()
    }

    #[test]
    fn rows_are_what_the_aggregate_folds_and_what_never_came_in_is_parked() {
        let (log, mut sets) = (log(), Sets::new());
        assert_eq!(fold(&mut sets, &log.iter().collect::<Vec<_>>()), []);
        let kept = &sets[&ID];
        assert_eq!((kept.set.photos.len(), kept.set.there().count()), (1, 0));
        assert_eq!(kept.changed[&Uuid::from_u128(3).into()], 2);
        let text = serde_json::to_string(&kept.set.photos[0]).unwrap();
        assert!(text.contains("$sealed") && !text.contains("kitchen"), "{text}");
        assert_eq!(fold(&mut Sets::new(), &[&log[1]])[0].reason, "the photo never came in");
    }
}
