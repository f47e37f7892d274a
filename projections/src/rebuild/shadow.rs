//! The tables beside the live ones: made like them, in a schema of their own.

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor, PgConnection};

use crate::Reader;

/// Where one projection is rebuilt. All names come from constants of this program, none from outside.
#[derive(Clone, Debug)]
pub(super) struct Shadow {
    pub(super) reader: Reader,
    pub(super) schema: String,
    pub(super) checkpoint: String,
}

impl Shadow {
    pub(super) fn of(reader: &Reader) -> Self {
        let name = reader.name;
        Self {
            reader: *reader,
            schema: format!("rebuild_{name}"),
            checkpoint: format!("{name}.rebuild"),
        }
    }

    /// Whether nobody else rebuilds the same; holds for as long as the connection.
    pub(super) async fn claim(&self, owner: &mut PgConnection) -> Result<bool, sqlx::Error> {
        sqlx::query_scalar!(
            r#"select pg_try_advisory_lock(hashtextextended($1, 0)) as "claimed!""#,
            self.checkpoint,
        )
        .fetch_one(owner)
        .await
    }

    /// Makes empty tables, after removing what an earlier rebuild may have left behind.
    pub(super) async fn create(&self, owner: &mut PgConnection) -> Result<(), sqlx::Error> {
        self.drop(owner).await?;
        let mut tx = owner.begin().await?;
        let schema = &self.schema;
        run(&mut tx, &format!("create schema {schema}")).await?;
        let grant = "to cleaning_app, cleaning_worker, cleaning_auditor";
        run(&mut tx, &format!("grant usage on schema {schema} {grant}")).await?;
        for table in self.reader.tables {
            self.create_table(&mut tx, table).await?;
        }
        tx.commit().await
    }

    /// Names of indexes and constraints become those of the live table, for later migrations to find.
    async fn create_table(&self, db: &mut PgConnection, table: &str) -> Result<(), sqlx::Error> {
        let (live, new) = (format!("read.{table}"), format!("{}.{table}", self.schema));
        run(db, &format!("create table {new} (like {live} including all excluding indexes)"))
            .await?;
        let constraints = sqlx::query_scalar!(
            r#"select format('add constraint %I %s', conname, pg_get_constraintdef(oid)) as "text!"
               from pg_constraint where conrelid = $1::text::regclass and contype in ('p', 'u', 'x') order by conname"#,
            live,
        )
        .fetch_all(&mut *db)
        .await?;
        for constraint in constraints {
            run(db, &format!("alter table {new} {constraint}")).await?;
        }
        let indexes = sqlx::query_scalar!(
            r#"select replace(pg_get_indexdef(i.indexrelid), ' ON ' || $1 || ' ', ' ON ' || $2 || ' ') as "text!"
               from pg_index i
               where i.indrelid = $1::text::regclass
                 and not exists (select from pg_constraint c where c.conindid = i.indexrelid)
               order by i.indexrelid"#,
            live,
            new,
        )
        .fetch_all(&mut *db)
        .await?;
        for index in indexes {
            run(db, &index).await?;
        }
        run(db, &format!("call tenant.protect('{new}')")).await?;
        let grants = sqlx::query_scalar!(
            r#"select format('grant %s on %s to %s', a.privilege_type, $2::text, a.grantee::regrole) as "text!"
               from pg_class c cross join aclexplode(c.relacl) a
               where c.oid = $1::text::regclass and a.grantee <> c.relowner"#,
            live,
            new,
        )
        .fetch_all(&mut *db)
        .await?;
        for grant in grants {
            run(db, &grant).await?;
        }
        Ok(())
    }

    /// Counts the new rows for the planner, which otherwise takes the tables for empty.
    pub(super) async fn analyze(&self, owner: &mut PgConnection) -> Result<(), sqlx::Error> {
        for table in self.reader.tables {
            run(owner, &format!("analyze {}.{table}", self.schema)).await?;
        }
        Ok(())
    }

    /// Removes the tables and everything noted about them.
    pub(super) async fn drop(&self, owner: &mut PgConnection) -> Result<(), sqlx::Error> {
        let mut tx = owner.begin().await?;
        run(&mut tx, &format!("drop schema if exists {} cascade", self.schema)).await?;
        sqlx::query!("delete from projection_owners where projection = $1", self.checkpoint)
            .execute(&mut *tx)
            .await?;
        // Only this role sees the checkpoints of all organisations.
        run(&mut tx, "set local role cleaning_definer").await?;
        for forget in ["projection_checkpoints", "parked_streams"] {
            let delete = format!("delete from public.{forget} where projection = $1");
            sqlx::query(&delete).bind(&self.checkpoint).execute(&mut *tx).await?;
        }
        tx.commit().await
    }
}

/// A connection as the owner of the tables.
pub(super) async fn owner(options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    let mut owner = options.connect().await?;
    run(&mut owner, "set role cleaning_owner").await?;
    Ok(owner)
}

pub(super) async fn run(db: &mut PgConnection, statement: &str) -> Result<(), sqlx::Error> {
    db.execute(statement).await.map(|_| ())
}
