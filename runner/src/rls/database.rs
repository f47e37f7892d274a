//! The tables and policies of a database, every schema of it, and the logins that none of them holds.

use std::collections::HashMap;

use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::{ConnectOptions, Connection, Row};

use super::{Bypass, Inventory, LOGINS, Policy, Table, keeps_apart};

/// Tables and what else holds rows. Temporary ones are seen by their session only.
const TABLES: &str = "
    select c.oid::bigint as oid, n.nspname::text as schema, c.relname::text as name,
           c.relrowsecurity as enabled, c.relforcerowsecurity as forced,
           exists (select from pg_attribute a
                   where a.attrelid = c.oid and a.attname = 'org_id' and not a.attisdropped) as org_id
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'm', 'f') and n.nspname not in ('pg_catalog', 'information_schema')
      and n.nspname !~ '^pg_(toast|temp)' and c.relpersistence <> 't'
    order by n.nspname, c.relname";

/// A policy that only restricts what others let through opens nothing, whatever it says.
const POLICIES: &str = "
    select p.polrelid::bigint as oid, p.polname::text as name, not p.polpermissive as restricts,
           coalesce(pg_get_expr(p.polqual, p.polrelid), '') as reads,
           coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '') as writes,
           exists (select from unnest(p.polroles) r (role)
                   where r.role = 0
                      or exists (select from pg_roles l
                                 where l.rolname = any ($1) and pg_has_role(l.oid, r.role, 'member'))) as for_logins
    from pg_policy p order by p.polrelid, p.polname";

/// Superusers are members of every role; that they are superusers says it all.
const BYPASSES: &str = "
    select l.rolname::text as role,
           case when l.rolsuper then 'superuser'
                when l.rolbypassrls then 'BYPASSRLS'
                else (select 'may act as ' || string_agg(o.rolname, ', ' order by o.rolname) from pg_roles o
                      where pg_has_role(l.oid, o.oid, 'member')
                        and (o.rolbypassrls or o.rolname = 'cleaning_definer'
                             or exists (select from pg_class c
                                        join pg_attribute a on a.attrelid = c.oid and a.attname = 'org_id'
                                        where c.relowner = o.oid and c.relkind in ('r', 'p')
                                          and c.relpersistence <> 't'))) end as because
    from pg_roles l where l.rolname = any ($1) order by l.rolname";

/// Looks at the database behind an address. The login of the address is held to the same as those of the processes.
pub async fn inspect(connect: &PgConnectOptions) -> Result<Inventory, sqlx::Error> {
    let mut db = connect.clone().application_name("cleaning rls audit").connect().await?;
    let me: String = sqlx::query_scalar("select current_user::text").fetch_one(&mut db).await?;
    let mut logins: Vec<String> = LOGINS.map(ToOwned::to_owned).to_vec();
    if !logins.contains(&me) {
        logins.push(me);
    }
    let mut policies: HashMap<i64, Vec<Policy>> = HashMap::new();
    for row in sqlx::query(POLICIES).bind(&logins).fetch_all(&mut db).await? {
        policies.entry(row.try_get("oid")?).or_default().push(policy(&row)?);
    }
    let mut tables = Vec::new();
    for row in sqlx::query(TABLES).fetch_all(&mut db).await? {
        tables.push(Table {
            schema: row.try_get("schema")?,
            name: row.try_get("name")?,
            org_id: row.try_get("org_id")?,
            enabled: row.try_get("enabled")?,
            forced: row.try_get("forced")?,
            policies: policies.remove(&row.try_get("oid")?).unwrap_or_default(),
        });
    }
    let mut bypasses = Vec::new();
    for row in sqlx::query(BYPASSES).bind(&logins).fetch_all(&mut db).await? {
        if let Some(because) = row.try_get("because")? {
            bypasses.push(Bypass { role: row.try_get("role")?, because });
        }
    }
    db.close().await?;
    Ok(Inventory { tables, bypasses })
}

fn policy(row: &PgRow) -> Result<Policy, sqlx::Error> {
    let (reads, writes): (String, String) = (row.try_get("reads")?, row.try_get("writes")?);
    // Without one of its own, writing is held to the condition of reading.
    let keeps = |condition: &str| condition.is_empty() || keeps_apart(condition);
    let nothing = reads.is_empty() && writes.is_empty();
    Ok(Policy {
        name: row.try_get("name")?,
        for_logins: row.try_get("for_logins")?,
        keeps_apart: row.try_get("restricts")? || (keeps(&reads) && keeps(&writes) && !nothing),
    })
}
