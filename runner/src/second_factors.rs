//! The secrets of second factors, sealed anew when the master key changes.

use domain::identity::totp_binding;
use domain::seal::MasterKeys;
use sqlx::PgPool;

/// How many are looked for at a time.
const BATCH: i32 = 200;

/// Seals every secret by the current master key and returns how many were not.
///
/// A secret that its owner replaces meanwhile is left to them: what is written is compared with what was read. Safe to stop and
/// start again.
pub async fn reseal(db: &PgPool, masters: &MasterKeys) -> anyhow::Result<u64> {
    let mut resealed = 0;
    loop {
        let stale = sqlx::query!(
            r#"select user_id as "user_id!", totp_secret as "totp_secret!" from identity.stale_totp($1, $2)"#,
            masters.current(),
            BATCH,
        )
        .fetch_all(db)
        .await?;
        if stale.is_empty() {
            return Ok(resealed);
        }
        for row in stale {
            let binding = totp_binding(row.user_id.into());
            let secret = masters.open_secret(&binding, &row.totp_secret)?;
            let sealed = masters.seal_secret(&binding, &secret, rand::random())?;
            sqlx::query!(
                "select identity.reseal_totp($1, $2, $3)",
                row.user_id,
                row.totp_secret,
                sealed
            )
            .execute(db)
            .await?;
            resealed += 1;
        }
    }
}
