//! Puts the new tables in the place of the live ones, in one transaction.

use std::time::Duration;

use domain::id::OrgId;
use domain::seal::MasterKeys;
use sqlx::{Connection, PgConnection};
use tokio::time::sleep;

use super::RebuildError;
use super::advance::advance;
use super::shadow::{Shadow, run};
use crate::engine::build;

/// Whoever reads the tables must not queue up behind the switch for long, so it gives way and tries again.
const LOCK_TIMEOUT: &str = "set local lock_timeout = '1s'";
const ATTEMPTS: u32 = 30;
const PAUSE: Duration = Duration::from_millis(300);

/// Switches; nothing has changed if this fails.
pub(super) async fn switch(
    owner: &mut PgConnection,
    shadow: &Shadow,
    masters: &MasterKeys,
) -> Result<(), RebuildError> {
    for _ in 0..ATTEMPTS {
        match attempt(owner, shadow, masters).await {
            Err(RebuildError::Database(error)) if is_busy(&error) => sleep(PAUSE).await,
            other => return other,
        }
    }
    Err(RebuildError::Busy)
}

/// A lock that did not come in time, or a deadlock that was broken.
fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| code == "55P03" || code == "40P01")
}

async fn attempt(
    owner: &mut PgConnection,
    shadow: &Shadow,
    masters: &MasterKeys,
) -> Result<(), RebuildError> {
    let mut tx = owner.begin().await?;
    run(&mut tx, LOCK_TIMEOUT).await?;
    let behind = stop_the_worker(&mut tx, shadow).await?;
    for (org, live) in behind {
        run(&mut tx, &format!("set local app.current_org_id = '{org}'")).await?;
        advance(&mut tx, shadow, masters, org, live).await?;
    }
    run(&mut tx, "set local app.current_org_id = ''").await?;
    for table in shadow.reader.tables {
        run(&mut tx, &format!("lock table read.{table} in access exclusive mode")).await?;
    }
    swap_tables(&mut tx, shadow).await?;
    take_over_checkpoints(&mut tx, shadow).await?;
    build::rebuilt(&mut tx, &shadow.reader).await?;
    tx.commit().await?;
    Ok(())
}

/// From here to the end of the transaction the live tables stand still; whoever held their lease must renew it.
///
/// Returns where the new tables are behind, and how far the live ones are.
async fn stop_the_worker(
    db: &mut PgConnection,
    shadow: &Shadow,
) -> Result<Vec<(OrgId, i64)>, sqlx::Error> {
    run(db, "set local role cleaning_definer").await?;
    let rows = sqlx::query!(
        "select org_id, projection, position from projection_checkpoints
         where projection in ($1, $2) order by org_id, projection for update",
        shadow.reader.name,
        shadow.checkpoint,
    )
    .fetch_all(&mut *db)
    .await?;
    run(db, "set local role cleaning_owner").await?;
    sqlx::query!(
        "update projection_owners set term = term + 1 where projection = $1",
        shadow.reader.name,
    )
    .execute(db)
    .await?;

    let position_of_new = |org| {
        let of = rows.iter().find(|row| row.org_id == org && row.projection == shadow.checkpoint);
        of.map_or(0, |row| row.position)
    };
    let live = rows.iter().filter(|row| row.projection == shadow.reader.name);
    let behind = live.filter(|row| position_of_new(row.org_id) < row.position);
    Ok(behind.map(|row| (row.org_id.into(), row.position)).collect())
}

/// Views follow tables by identity, not by name, so those on the live tables are made again on the new ones.
async fn swap_tables(db: &mut PgConnection, shadow: &Shadow) -> Result<(), sqlx::Error> {
    // With nothing on the path, definitions spell out every schema.
    run(db, "set local search_path = pg_catalog").await?;
    let mut views = Vec::new();
    for table in shadow.reader.tables {
        views.extend(views_on(&mut *db, &format!("read.{table}")).await?);
    }
    let retired = format!("{}_retired", shadow.schema);
    run(db, &format!("create schema {retired}")).await?;
    for table in shadow.reader.tables {
        run(db, &format!("alter table read.{table} set schema {retired}")).await?;
        run(db, &format!("alter table {}.{table} set schema read", shadow.schema)).await?;
    }
    for view in views {
        run(db, &view).await?;
    }
    run(db, &format!("drop schema {retired} cascade")).await?;
    run(db, "set local search_path = read, public").await
}

/// The statements that make each view on `table` again.
async fn views_on(db: &mut PgConnection, table: &str) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select distinct format('create or replace view %I.%I %s as %s', n.nspname, v.relname,
                                  'with (' || array_to_string(v.reloptions, ', ') || ')',
                                  pg_get_viewdef(v.oid)) as "text!"
           from pg_depend d
           join pg_rewrite r on r.oid = d.objid
           join pg_class v on v.oid = r.ev_class and v.relkind = 'v'
           join pg_namespace n on n.oid = v.relnamespace
           where d.classid = 'pg_rewrite'::regclass and d.refobjid = $1::text::regclass"#,
        table,
    )
    .fetch_all(db)
    .await
}

/// What is noted about the new tables becomes what is noted about the live ones.
async fn take_over_checkpoints(db: &mut PgConnection, shadow: &Shadow) -> Result<(), sqlx::Error> {
    run(db, "set local role cleaning_definer").await?;
    sqlx::query!(
        "insert into projection_checkpoints (org_id, projection, position, hash, term, halted)
         select n.org_id, $1, n.position, n.hash, n.term, n.halted
         from projection_checkpoints n where n.projection = $2
         on conflict (org_id, projection) do update
         set position = excluded.position, hash = excluded.hash, halted = excluded.halted, updated_at = now()",
        shadow.reader.name,
        shadow.checkpoint,
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!("delete from parked_streams where projection = $1", shadow.reader.name)
        .execute(&mut *db)
        .await?;
    sqlx::query!(
        "update parked_streams set projection = $1 where projection = $2",
        shadow.reader.name,
        shadow.checkpoint,
    )
    .execute(&mut *db)
    .await?;
    run(db, "set local role cleaning_owner").await
}
