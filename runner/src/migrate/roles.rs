//! The database roles: who owns, who reads and writes, and that none of them bypasses row-level security.

use secrecy::{ExposeSecret, SecretString};
use sqlx::{Executor, PgConnection};

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
    db.execute(ROLES).await?;
    for login in logins {
        let statement: String = sqlx::query_scalar(
            "select format('alter role %I login password %L', $1::text, $2::text)",
        )
        .bind(&login.role)
        .bind(login.password.expose_secret())
        .fetch_one(&mut *db)
        .await?;
        db.execute(statement.as_str()).await?;
    }
    Ok(())
}
