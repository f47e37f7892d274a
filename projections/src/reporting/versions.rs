//! Rows that say from which position of the log on they held, and until which: what is, and what was.

use std::collections::{BTreeMap, BTreeSet};

use domain::id::OrgId;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::PgConnection;
use uuid::Uuid;

/// One such row.
pub(super) trait Version: Clone + Serialize + DeserializeOwned {
    /// Where they are kept. A word of SQL.
    const TABLE: &'static str;
    /// What is told apart. A word of SQL.
    const ID: &'static str;

    /// Which thing it says something about.
    fn id(&self) -> Uuid;
    /// From which position on, and before which.
    fn span(&mut self) -> (&mut i64, &mut Option<i64>);
}

/// The last rows of the things that a batch is about, and those that they follow.
#[derive(Debug)]
pub(super) struct Versions<R> {
    last: BTreeMap<Uuid, R>,
    past: Vec<R>,
    changed: BTreeSet<Uuid>,
}

impl<R> Default for Versions<R> {
    fn default() -> Self {
        Self { last: BTreeMap::new(), past: Vec::new(), changed: BTreeSet::new() }
    }
}

impl<R: Version> Versions<R> {
    /// Those of `ids` as they are.
    pub(super) async fn load(
        db: &mut PgConnection,
        org: OrgId,
        ids: &[Uuid],
    ) -> Result<Self, sqlx::Error> {
        let (table, id) = (R::TABLE, R::ID);
        let sql = format!(
            "select to_json(v)::text from {table} v where org_id = $1 and {id} = any($2) and until is null"
        );
        let rows: Vec<String> =
            sqlx::query_scalar(&sql).bind(org.as_uuid()).bind(ids).fetch_all(db).await?;
        let read = |row: &String| serde_json::from_str::<R>(row).map(|row| (row.id(), row));
        let last = rows.iter().map(read).collect::<Result<_, _>>();
        let last = last.map_err(|error| sqlx::Error::Decode(error.into()))?;
        Ok(Self { last, past: Vec::new(), changed: BTreeSet::new() })
    }

    /// What is known of it last.
    pub(super) fn get(&self, id: Uuid) -> Option<&R> {
        self.last.get(&id)
    }

    /// It is so from `position` on.
    pub(super) fn put(&mut self, mut row: R, position: i64) {
        (*row.span().0, *row.span().1) = (position, None);
        let id = row.id();
        self.changed.insert(id);
        if let Some(mut before) = self.last.insert(id, row)
            && *before.span().0 != position
        {
            *before.span().1 = Some(position);
            self.past.push(before);
        }
    }

    /// All rows of the batch, those that are followed first.
    #[cfg(test)]
    pub(super) fn rows(&self) -> Vec<&R> {
        self.past.iter().chain(self.last.values()).collect()
    }

    /// Puts what has changed in the place of what was last.
    pub(super) async fn write(self, db: &mut PgConnection, org: OrgId) -> Result<(), sqlx::Error> {
        if self.changed.is_empty() {
            return Ok(());
        }
        let (table, id) = (R::TABLE, R::ID);
        let changed: Vec<Uuid> = self.changed.iter().copied().collect();
        let sql =
            format!("delete from {table} where org_id = $1 and {id} = any($2) and until is null");
        sqlx::query(&sql).bind(org.as_uuid()).bind(&changed).execute(&mut *db).await?;
        let last = self.last.into_iter().filter(|(id, _)| self.changed.contains(id));
        let rows: Vec<R> = self.past.into_iter().chain(last.map(|(_, row)| row)).collect();
        insert(db, table, &rows).await
    }
}

/// Adds `rows`, whose fields are the columns of `table`, a word of SQL.
pub(super) async fn insert(
    db: &mut PgConnection,
    table: &str,
    rows: &[impl Serialize],
) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let rows = serde_json::to_string(rows).map_err(|error| sqlx::Error::Encode(error.into()))?;
    let sql = format!(
        "insert into {table} select r.* from json_populate_recordset(null::{table}, $1::json) r"
    );
    sqlx::query(&sql).bind(rows).execute(db).await?;
    Ok(())
}
