//! What went back of deposits through the invoices that counted them.
//!
//! No read model: it is written with the event that tells of it, for whoever counts on what is left.

use domain::id::OrgId;
use sqlx::PgPool;

use crate::tenant;

/// How much of a payment that was, in cents.
pub async fn total(db: &PgPool, org: OrgId, payment_id: &str) -> Result<i64, sqlx::Error> {
    let mut tx = tenant::begin(db, org).await?;
    sqlx::query_scalar!(
        r#"select coalesce(sum(amount_cents), 0)::bigint as "cents!" from deposit_refunds
           where org_id = $1 and payment_id = $2"#,
        org.as_uuid(),
        payment_id,
    )
    .fetch_one(&mut *tx)
    .await
}
