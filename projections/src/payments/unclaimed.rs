//! Messages of the payment provider that belong to no organisation that is known: for the operator, whom every organisation is
//! the same to. Nothing of the people who paid is kept of them.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

/// A message that is nobody's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unclaimed {
    /// Its id at the provider.
    pub event_id: String,
    /// What it tells.
    pub kind: String,
    /// When the provider made it.
    pub created_at: DateTime<Utc>,
    /// When it came in.
    pub received_at: DateTime<Utc>,
    /// `received`, `parked`, `failed`, or `dead` once nobody tries any more.
    pub state: String,
    /// Why.
    pub reason: Option<String>,
    /// How often it was tried by the jobs.
    pub attempts: i32,
    /// The invoice that it names.
    pub invoice_id: Option<String>,
    /// The visit that it names.
    pub booking_id: Option<String>,
}

/// The latest of them first, behind `before`.
pub async fn page(
    pool: &PgPool,
    before: Option<(DateTime<Utc>, String)>,
    limit: i32,
) -> Result<Vec<Unclaimed>, sqlx::Error> {
    let (at, id) = before.unzip();
    sqlx::query_as!(
        Unclaimed,
        r#"select event_id as "event_id!", kind as "kind!", created_at as "created_at!", received_at as "received_at!",
                  state as "state!", reason, attempts as "attempts!", invoice_id, booking_id
           from payments.unclaimed($1, $2, $3)"#,
        at,
        id,
        limit,
    )
    .fetch_all(pool)
    .await
}

/// How many there are.
pub async fn count(pool: &PgPool) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(r#"select payments.count_unclaimed() as "count!""#).fetch_one(pool).await
}
