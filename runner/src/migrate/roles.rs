//! The database roles: who owns, who reads and writes, and that none of them bypasses row-level security.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::{Executor, PgConnection};

use super::scram;

/// "tuple concurrently updated" has no code of its own.
const CONCURRENTLY: &str = "XX000";

/// Enough for a dozen migrators at once, and over in a second if the trouble is another.
const ATTEMPTS: u32 = 20;

const PAUSE: Duration = Duration::from_millis(50);

/// A role of the program and the password it logs in with.
#[derive(Clone, Debug)]
pub struct Login {
    /// `cleaning_app`, `cleaning_worker` or `cleaning_auditor`.
    pub role: String,
    /// Its password.
    pub password: SecretString,
}

/// Roles belong to the whole server; several databases may be migrated at once, so finding one made meanwhile is fine.
const ROLES: &str = "
    do $$
    declare r text;
    begin
        foreach r in array array['cleaning_owner nologin noinherit', 'cleaning_definer nologin', 'cleaning_app login',
                                 'cleaning_worker login', 'cleaning_auditor login'] loop
            if not exists (select 1 from pg_roles where rolname = split_part(r, ' ', 1)) then
                begin
                    execute 'create role ' || r || ' nosuperuser nobypassrls nocreatedb nocreaterole';
                exception when duplicate_object or unique_violation then null;
                end;
            end if;
        end loop;
        if not pg_has_role('cleaning_owner', 'cleaning_definer', 'member') then
            grant cleaning_definer to cleaning_owner;
        end if;
        execute format('alter database %I owner to cleaning_owner', current_database());
        execute format('alter database %I set search_path = read, public', current_database());
        execute format('grant connect, temporary on database %I to cleaning_app, cleaning_worker, cleaning_auditor',
                       current_database());
    end $$;
    alter schema public owner to cleaning_owner;";

pub(super) async fn is_superuser(db: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select rolsuper from pg_roles where rolname = current_user")
        .fetch_one(db)
        .await
}

pub(super) async fn ensure(db: &mut PgConnection, logins: &[Login]) -> Result<(), sqlx::Error> {
    repeated(db, ROLES).await?;
    for login in logins {
        // The server is told only what it needs to recognise the password: no log or statistic can hold it.
        let verifier = scram::verifier(login.password.expose_secret(), rand::random());
        let statement: String = sqlx::query_scalar(
            "select format('alter role %I login password %L', $1::text, $2::text)",
        )
        .bind(&login.role)
        .bind(verifier)
        .fetch_one(&mut *db)
        .await?;
        repeated(db, &statement).await?;
    }
    Ok(())
}

/// Roles are shared by all databases of a server, so two migrators can get in each other's way.
async fn repeated(db: &mut PgConnection, statements: &str) -> Result<(), sqlx::Error> {
    for _ in 1..ATTEMPTS {
        match db.execute(statements).await {
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(CONCURRENTLY) => {
                tokio::time::sleep(PAUSE).await;
            }
            done => return done.map(drop),
        }
    }
    db.execute(statements).await.map(drop)
}
