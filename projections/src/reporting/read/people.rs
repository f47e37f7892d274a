//! What people and addresses are called, what customers said, and who is whom.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::scheduling::window::Window;
use sqlx::PgConnection;
use uuid::Uuid;

use super::At;

/// What those of `people` were called who were known.
pub async fn names(
    db: &mut PgConnection,
    at: At<'_>,
    people: &[Uuid],
) -> Result<HashMap<Uuid, String>, sqlx::Error> {
    let rows = sqlx::query!(
        "select subject_id, name from name_versions
         where org_id = $1 and position <= $2 and (until is null or until > $2) and subject_id = any($3)",
        at.org.as_uuid(),
        at.position,
        people,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.subject_id, row.name)).collect())
}

/// What staff called those of `addresses` that were known.
pub async fn labels(
    db: &mut PgConnection,
    at: At<'_>,
    addresses: &[Uuid],
) -> Result<HashMap<Uuid, String>, sqlx::Error> {
    let rows = sqlx::query!(
        "select address_id, label from address_versions
         where org_id = $1 and position <= $2 and (until is null or until > $2) and address_id = any($3)",
        at.org.as_uuid(),
        at.position,
        addresses,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.address_id, row.label)).collect())
}

/// Clients who turned out to be others.
#[derive(Clone, Debug, Default)]
pub struct Merges(HashMap<Uuid, Uuid>);

impl Merges {
    /// Who `client` turned out to be in the end; whoever was never merged is themselves.
    pub fn survivor(&self, client: Uuid) -> Uuid {
        let mut found = client;
        // Nobody is merged into somebody who was merged into them; if the log said so, it would end here all the same.
        for _ in 0..=self.0.len() {
            match self.0.get(&found) {
                Some(into) => found = *into,
                None => break,
            }
        }
        found
    }
}

/// Every merge that was known.
pub async fn merges(db: &mut PgConnection, at: At<'_>) -> Result<Merges, sqlx::Error> {
    let rows = sqlx::query!(
        "select client_id, into_id from merge_facts where org_id = $1 and position <= $2 order by position",
        at.org.as_uuid(),
        at.position,
    )
    .fetch_all(db)
    .await?;
    Ok(Merges(rows.into_iter().map(|row| (row.client_id, row.into_id)).collect()))
}

/// What a customer said of a visit.
#[derive(Clone, Copy, Debug)]
pub struct Review {
    /// Of which.
    pub booking_id: Uuid,
    /// 1 is worst, 5 is best.
    pub rating: i32,
    /// When.
    pub at: DateTime<Utc>,
    /// The event that says so.
    pub position: i64,
}

/// Everything that was said of visits in `window`.
pub async fn reviews(
    db: &mut PgConnection,
    at: At<'_>,
    window: Window,
) -> Result<Vec<Review>, sqlx::Error> {
    sqlx::query_as!(
        Review,
        r#"select booking_id as "booking_id!", rating, at, position from review_facts
           where org_id = $1 and position <= $2 and at >= $3 and at < $4 and booking_id is not null order by position"#,
        at.org.as_uuid(),
        at.position,
        window.starts_at,
        window.ends_at,
    )
    .fetch_all(db)
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_was_merged_is_whoever_stayed_in_the_end() {
        let [one, two, three] = [1, 2, 3].map(Uuid::from_u128);
        let merges = Merges(HashMap::from([(one, two), (two, three)]));
        assert_eq!([one, two, three].map(|id| merges.survivor(id)), [three; 3]);
        assert_eq!(Merges(HashMap::from([(one, two), (two, one)])).survivor(three), three);
    }
}
