//! What was said about a client, page by page.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::id::{ClientId, OrgId};
use domain::personal;
use domain::seal::{self, MasterKeys};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::subject_keys;

/// Notes, or words of a client, on a page at most.
pub const PAGE: i64 = 200;

/// Something that was written down; its words are open, or erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteRow {
    /// Of its event in the log.
    pub position: i64,
    /// Told apart by this.
    pub note_id: Uuid,
    /// `NOTE`, `COMPLAINT` or `PRAISE`.
    pub kind: String,
    /// In words.
    pub text: Value,
    /// Login id of staff.
    pub made_by: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
}

/// How they said it was; the words are open, or erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedbackRow {
    /// Of its event in the log.
    pub position: i64,
    /// Told apart by this.
    pub feedback_id: Uuid,
    /// About which visit.
    pub booking_id: Option<Uuid>,
    /// 1 to 5.
    pub rating: i16,
    /// In words.
    pub comment: Option<Value>,
    /// `client` or `staff`.
    pub made_by: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// What was written down about a client, of one kind or of all, the latest first.
///
/// The keys are read in the same transaction: who has been erased by now is erased in the answer.
pub async fn notes(
    db: &mut PgConnection,
    masters: &MasterKeys,
    (org, client): (OrgId, ClientId),
    kind: Option<&str>,
    (before, limit): (Option<i64>, i64),
) -> Result<Vec<NoteRow>, sqlx::Error> {
    let mut rows = sqlx::query_as!(
        NoteRow,
        "select position, note_id, kind, text, made_by, at from client_notes
         where org_id = $1 and client_id = $2 and ($3::text is null or kind = $3)
           and ($4::bigint is null or position < $4)
         order by position desc limit $5",
        org.as_uuid(),
        client.as_uuid(),
        kind,
        before,
        limit,
    )
    .fetch_all(&mut *db)
    .await?;
    let words = rows.iter_mut().map(|row| &mut row.text);
    open(db, masters, org, words.collect()).await?;
    Ok(rows)
}

/// How a client said it was, the latest first.
pub async fn feedback(
    db: &mut PgConnection,
    masters: &MasterKeys,
    (org, client): (OrgId, ClientId),
    (before, limit): (Option<i64>, i64),
) -> Result<Vec<FeedbackRow>, sqlx::Error> {
    let mut rows = sqlx::query_as!(
        FeedbackRow,
        "select position, feedback_id, booking_id, rating, comment, made_by, at from client_feedback
         where org_id = $1 and client_id = $2 and ($3::bigint is null or position < $3)
         order by position desc limit $4",
        org.as_uuid(),
        client.as_uuid(),
        before,
        limit,
    )
    .fetch_all(&mut *db)
    .await?;
    let words = rows.iter_mut().filter_map(|row| row.comment.as_mut());
    open(db, masters, org, words.collect()).await?;
    Ok(rows)
}

/// How many visits were, or are to be, at each of a client's addresses.
pub async fn usage(
    db: &mut PgConnection,
    org: OrgId,
    addresses: &[Uuid],
) -> Result<HashMap<Uuid, i64>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select address_id as "address_id!", count(*) as "visits!" from client_visits
           where org_id = $1 and address_id = any($2) group by address_id"#,
        org.as_uuid(),
        addresses,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.address_id, row.visits)).collect())
}

async fn open(
    db: &mut PgConnection,
    masters: &MasterKeys,
    org: OrgId,
    words: Vec<&mut Value>,
) -> Result<(), sqlx::Error> {
    let mut subjects = Vec::new();
    for one in &words {
        personal::subjects_in(one, &mut subjects);
    }
    let keys = subject_keys::load(db, masters, org, &subjects).await?;
    for one in words {
        seal::open_all(one, &keys).map_err(|error| sqlx::Error::Decode(error.into()))?;
        personal::reveal(one);
    }
    Ok(())
}
