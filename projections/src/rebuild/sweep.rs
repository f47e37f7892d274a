//! Removes what rebuilds that were killed have left behind.

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};

use super::shadow::{self, Shadow};
use crate::READERS;

/// Drops every new table that nobody is filling any more, and returns whose they were.
///
/// Such tables are nobody's business but that of their rebuild: no erasure reaches them, and no query reads them.
pub async fn sweep(owner: &PgConnectOptions) -> Result<Vec<&'static str>, sqlx::Error> {
    let mut owner = shadow::owner(owner).await?;
    let mut swept = Vec::new();
    for reader in READERS.iter().filter(|reader| reader.is_rebuildable()) {
        let shadow = Shadow::of(reader);
        // Whoever fills them holds the claim; it ends with the connection.
        if exists(&mut owner, &shadow).await? && shadow.claim(&mut owner).await? {
            shadow.drop(&mut owner).await?;
            swept.push(reader.name);
        }
    }
    owner.close().await?;
    Ok(swept)
}

async fn exists(owner: &mut PgConnection, shadow: &Shadow) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(r#"select to_regnamespace($1) is not null as "exists!""#, shadow.schema)
        .fetch_one(owner)
        .await
}
