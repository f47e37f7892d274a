//! What somebody could become or make who has got hold of a login of the program, and what the server tells by the way.

use std::collections::BTreeSet;

use runner::rls::WITHOUT_ORGANISATION;
use sqlx::{Executor, PgConnection, Row};

use super::attacks::begin;
use super::walls::{REFUSED, ROLES, attempt, code, connect, filled};
use crate::harness::App;

/// What no login may do, whatever organisation is set.
const FORBIDDEN: [&str; 21] = [
    "create schema mine",
    "alter table events disable row level security",
    "alter table events no force row level security",
    "drop policy events_org_isolation on events",
    "create policy mine on events using (true)",
    "create trigger mine before insert on chain_checkpoints execute function identity.forget()",
    "create rule mine as on insert to chain_checkpoints do nothing",
    "alter function tenant.current_org() rename to mine",
    "create or replace function tenant.current_org() returns uuid language sql as 'select null::uuid'",
    "call tenant.protect('events')",
    "call tenant.open_to_definer('events')",
    "set session_replication_role = replica",
    "alter database template1 set app.current_org_id = 'x'",
    "alter role cleaning_owner login",
    "create role mine",
    "grant cleaning_definer to cleaning_app",
    "select pg_read_file('/etc/passwd')",
    "select lo_import('/etc/passwd')",
    "select * from pg_authid",
    "select * from pg_statistic",
    "truncate events",
];

/// Functions that see every organisation and in which temporary objects of the caller come first.
const UNPINNED: &str = "
    select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where p.prosecdef and n.nspname not in ('pg_catalog', 'information_schema')
      and not exists (select from unnest(p.proconfig) c where c ~ '^search_path=.*, pg_temp$')";

#[tokio::test]
async fn nobody_becomes_somebody_else_or_makes_anything_that_lasts() {
    let app = filled().await;
    let first = app.orgs[0].id.to_string();
    let mut admin = app.db.admin().await;
    let me: String =
        sqlx::query_scalar("select current_user::text").fetch_one(&mut admin).await.unwrap();
    let schemas: Vec<String> = sqlx::query_scalar(
        "select nspname::text from pg_namespace where nspname !~ '^pg_(toast|temp)' order by 1",
    )
    .fetch_all(&mut admin)
    .await
    .unwrap();
    for role in ROLES {
        let mut db = connect(&app.db, role).await;
        let others = ROLES.iter().filter(|other| **other != role).copied();
        let others =
            others.chain(["cleaning_owner", "cleaning_definer", "pg_read_all_data", me.as_str()]);
        let mut tries: Vec<String> = others
            .flat_map(|other| {
                [format!("set role {other}"), format!("set session authorization {other}")]
            })
            .collect();
        tries.extend(schemas.iter().flat_map(|schema| {
            [
                format!("create table {schema}.mine (x int)"),
                format!("create function {schema}.mine() returns int language sql as 'select 1'"),
            ]
        }));
        tries.extend(FORBIDDEN.map(str::to_owned));
        begin(&mut db, &first).await;
        for statement in &tries {
            let refused = attempt(&mut db, statement).await;
            let is = matches!(
                refused.as_ref().map_err(String::as_str),
                Err("42501" | "42939" | "22023" | "0L000" | "0LP01")
            );
            assert!(is, "{role}: {statement}: {refused:?}");
        }
        // Turned off, security refuses instead of giving way.
        db.execute("set local row_security = off").await.unwrap();
        assert_eq!(
            attempt(&mut db, "select * from events").await,
            Err(REFUSED.to_owned()),
            "{role}"
        );
        db.execute("rollback").await.unwrap();
        // Becoming a superuser is refused by name.
        let rise = attempt_alone(&mut db, &format!("alter role {role} superuser")).await;
        assert_eq!(rise, Some(REFUSED.to_owned()), "{role}");
        let rise = attempt_alone(&mut db, &format!("alter role {role} bypassrls")).await;
        assert_eq!(rise, Some(REFUSED.to_owned()), "{role}");
    }
}

async fn attempt_alone(db: &mut PgConnection, statement: &str) -> Option<String> {
    db.execute(statement).await.err().map(|error| code(&error))
}

async fn count(db: &mut PgConnection, statement: &str) -> i64 {
    sqlx::query_scalar(statement).fetch_one(db).await.unwrap()
}

/// Makes temporary things by the names that functions and policies use.
async fn forge(db: &mut PgConnection) {
    for table in ["organizations", "staff_logins", "memberships", "sessions", "users", "log_heads"]
    {
        let copy =
            format!("create temporary table {table} as select * from public.{table} where false");
        // Who may not read it cannot copy it; a table by that name is forged all the same.
        if db.execute(copy.as_str()).await.is_err() {
            let bare = format!("create temporary table {table} (org_id uuid, x text)");
            db.execute(bare.as_str()).await.unwrap();
        }
    }
    db.execute(
        "create domain pg_temp.uuid as pg_catalog.text;
         create type pg_temp.text as enum ('a');
         create function pg_temp.current_setting(name pg_catalog.text, missing boolean) returns pg_catalog.text
             language sql as $$ select 'forged'::pg_catalog.text $$",
    )
    .await
    .unwrap();
}

/// Tables and types of one's own that are called like those that trusted functions and policies use.
#[tokio::test]
async fn what_is_called_like_a_table_or_type_of_ours_fools_no_function_and_no_policy() {
    let app = filled().await;
    let first = app.orgs[0].id.to_string();
    let mut admin = app.db.admin().await;
    let unpinned: Vec<String> = sqlx::query_scalar(UNPINNED).fetch_all(&mut admin).await.unwrap();
    assert_eq!(
        unpinned,
        Vec::<String>::new(),
        "temporary objects come before those of the function"
    );
    for role in ROLES {
        let mut db = connect(&app.db, role).await;
        forge(&mut db).await;
        for path in [
            "pg_temp, read, public",
            "pg_temp, pg_catalog, read, public",
            "pg_temp, tenant, read, public",
        ] {
            db.execute(format!("set search_path = {path}").as_str()).await.unwrap();
            begin(&mut db, &first).await;
            let seen = count(&mut db, "select count(distinct org_id) from public.events").await;
            assert_eq!(seen, 1, "{role} with {path}");
            db.execute("commit").await.unwrap();
            let seen = count(&mut db, "select count(*) from public.events").await;
            assert_eq!(seen, 0, "{role} with {path}");
            let known = count(&mut db, "select count(*) from tenant.organisations()").await;
            assert_eq!(known, 2, "{role} with {path}");
        }
    }
}

#[tokio::test]
async fn statistics_of_the_server_tell_no_values() {
    let app = filled().await;
    let mut admin = app.db.admin().await;
    admin.execute("analyze").await.unwrap();
    for role in ROLES {
        let mut db = connect(&app.db, role).await;
        for org in [None, Some(app.orgs[0].id.to_string())] {
            let org = org.unwrap_or_default();
            begin(&mut db, &org).await;
            let told: Vec<String> = sqlx::query_scalar(
                "select distinct schemaname || '.' || tablename from pg_stats
                 where schemaname not in ('pg_catalog', 'information_schema')",
            )
            .fetch_all(&mut db)
            .await
            .unwrap();
            let told: BTreeSet<_> = told.iter().map(String::as_str).collect();
            // What belongs to no organisation may be read anyway.
            let rest: Vec<_> =
                told.iter().filter(|table| !WITHOUT_ORGANISATION.contains(table)).collect();
            assert!(rest.is_empty(), "{role}: {rest:?}");
            // Statements of others are hidden, and those of one's own role carry no values.
            let shown: i64 = sqlx::query_scalar(
                "select count(*) from pg_stat_activity
                 where datname = current_database() and pid <> pg_backend_pid() and query ilike '%quilla%'",
            )
            .fetch_one(&mut db)
            .await
            .unwrap();
            assert_eq!(shown, 0, "{role}");
            db.execute("rollback").await.unwrap();
        }
    }
}

#[tokio::test]
async fn who_is_erased_in_one_organisation_still_signs_in_to_another() {
    let app = App::start().await;
    let mut admin = app.db.admin().await;
    let [first, second] = [app.orgs[0].id, app.orgs[1].id];
    let user = uuid::Uuid::now_v7();
    let left = "select (select count(*) from memberships where user_id = $1), (select count(*) from users where user_id = $1)";
    sqlx::query("insert into users (user_id, email, password_hash, must_change_password) values ($1, 'both@example.org', 'x', false)")
        .bind(user)
        .execute(&mut admin)
        .await
        .unwrap();
    for org in [first, second] {
        for statement in [
            "insert into memberships (org_id, user_id, role) values ($1, $2, 'viewer')",
            "insert into subject_keys (org_id, subject_id, master_version, wrapped) values ($1, $2, 1, 'x')",
        ] {
            sqlx::query(statement)
                .bind(org.as_uuid())
                .bind(user)
                .execute(&mut admin)
                .await
                .unwrap();
        }
    }
    for (org, memberships, people) in [(first, 1_i64, 1_i64), (second, 0, 0)] {
        let erase = "delete from subject_keys where org_id = $1 and subject_id = $2";
        sqlx::query(erase).bind(org.as_uuid()).bind(user).execute(&mut admin).await.unwrap();
        let row = sqlx::query(left).bind(user).fetch_one(&mut admin).await.unwrap();
        assert_eq!((row.get::<i64, _>(0), row.get::<i64, _>(1)), (memberships, people));
    }
}
