//! What somebody could try who has got hold of a connection that belongs to one organisation.

use futures::TryStreamExt;
use serde_json::{Value, json};
use sqlx::postgres::PgPoolCopyExt;
use sqlx::{Executor, PgConnection, Row};

use super::walls::{REFUSED, ROLES, attempt, code, connect, filled, tables};
use crate::harness::App;

/// Everything of the second organisation that must not be told to the first.
struct Theirs {
    org: String,
    user: String,
    session: String,
    email: String,
    refresh: String,
    lead: String,
}

impl Theirs {
    async fn of(app: &App) -> Self {
        let owner = app.staff_of(1, "owner");
        let email = "victim@second.example".to_owned();
        let body = json!({ "email": email, "role": "owner" });
        let made = owner.post("/v1/iam/users", &body).await;
        let body = json!({ "email": email, "password": made.ok().body["temp_password"] });
        app.anyone().post("/v1/auth/login", &body).await.ok();
        let mut admin = app.db.admin().await;
        let org = app.orgs[1].id;
        let one = "select s.session_id::text, s.user_id::text, encode(s.refresh_hash, 'hex') as refresh,
                          (select lead_id::text from read.lead_list l where l.org_id = s.org_id limit 1) as lead
                   from sessions s where s.org_id = $1";
        let row = sqlx::query(one).bind(org.as_uuid()).fetch_one(&mut admin).await.unwrap();
        Self {
            org: org.to_string(),
            user: row.get("user_id"),
            session: row.get("session_id"),
            refresh: row.get("refresh"),
            lead: row.get("lead"),
            email,
        }
    }

    /// What a function that is called with `sent` must not answer.
    fn assert_hidden(&self, answer: &str, sent: &str) {
        let all = [&self.org, &self.user, &self.session, &self.email, &self.refresh, &self.lead];
        for secret in all.into_iter().filter(|secret| !sent.contains(secret.as_str())) {
            assert!(!answer.contains(secret.as_str()), "{sent} answers {answer}");
        }
    }
}

/// A digest of every row of an organisation, and of everybody who may sign in.
async fn digest(db: &mut PgConnection, org: &str) -> Vec<(String, Option<String>)> {
    let mut all = Vec::new();
    let of_people = ("public.users".to_owned(), "true".to_owned());
    let of_org = tables(db).await.into_iter().map(|table| (table, format!("org_id = '{org}'")));
    for (table, condition) in of_org.chain([of_people]) {
        let digest = format!(
            "select md5(string_agg(t::text, '' order by t::text)) from {table} t where {condition}"
        );
        all.push((table, sqlx::query_scalar(&digest).fetch_one(&mut *db).await.unwrap()));
    }
    all
}

pub(super) async fn begin(db: &mut PgConnection, org: &str) {
    db.execute(format!("begin; set local app.current_org_id = '{org}'").as_str()).await.unwrap();
}

/// An argument by what it is called and what it takes, all of it the other organisation's.
fn argument(name: &str, kind: &str, theirs: &Theirs) -> String {
    let Theirs { org, user, session, email, refresh, lead } = theirs;
    let text = |value: &str| format!("'{value}'");
    match kind {
        "uuid" if name.contains("org") => text(org),
        "uuid" if name.contains("user") => text(user),
        "uuid" if name.contains("session") => text(session),
        "uuid" => text(lead),
        "uuid[]" if name.contains("org") => format!("array['{org}'::uuid]"),
        "uuid[]" => format!("array['{lead}'::uuid]"),
        "text" if name.contains("mail") => text(email),
        "text" if name.contains("username") => text("owner-second"),
        "text" if name.contains("host") => text("second.example"),
        "text" if name.contains("role") => text("owner"),
        "text" if name.ends_with("_id") => text(lead),
        "text" if name.ends_with("type") => text("lead"),
        "text" => text("second"),
        "text[]" if name.ends_with("_id") => format!("array['{lead}']"),
        "text[]" if name.contains("projection") => "array['lead_list']".to_owned(),
        "text[]" => "array['lead']".to_owned(),
        "bytea" => format!("decode('{refresh}', 'hex')"),
        "bytea[]" => format!("array[decode('{refresh}', 'hex')]"),
        "json" | "jsonb" => text("[]"),
        "boolean" => "true".to_owned(),
        "boolean[]" => "array[true]".to_owned(),
        "timestamp with time zone" | "date" => text("2090-01-01"),
        "interval" => text("1 day"),
        "integer[]" | "bigint[]" => "array[1]".to_owned(),
        "integer" | "bigint" | "smallint" => "100".to_owned(),
        other => panic!("say what a function that takes {name} {other} is to be attacked with"),
    }
}

/// Calls of every function that sees across organisations, with the other organisation's ids.
async fn calls(admin: &mut PgConnection, role: &str, theirs: &Theirs) -> Vec<String> {
    let rows = sqlx::query(
        "select p.oid::regproc::text as name, p.prosrc as source, p.pronargs::int as inputs,
                coalesce(p.proargnames, '{}') as names,
                array(select format_type(t, null) from unnest(p.proargtypes::oid[]) t) as kinds
         from pg_proc p join pg_namespace n on n.oid = p.pronamespace
         where p.prosecdef and n.nspname not in ('pg_catalog', 'information_schema')
           and p.prorettype <> 'trigger'::regtype and has_function_privilege($1, p.oid, 'execute')
         order by 1",
    )
    .bind(role)
    .fetch_all(admin)
    .await
    .unwrap();
    let mut calls = Vec::new();
    for row in rows {
        let (name, source): (String, String) = (row.get("name"), row.get("source"));
        let (names, kinds): (Vec<String>, Vec<String>) = (row.get("names"), row.get("kinds"));
        let call = |change: Option<&str>| {
            let arguments =
                names.iter().zip(&kinds).map(|(name, kind)| match (kind.as_str(), change) {
                    ("jsonb", Some(change)) => format!("'{change}'"),
                    (kind, _) => argument(name, kind, theirs),
                });
            let arguments: Vec<_> = arguments.collect();
            format!("select row_to_json(f)::text as told from {name}({}) f", arguments.join(", "))
        };
        calls.push(call(None));
        // A function that carries out changes is given each one that it knows.
        for action in source.split("when '").skip(1).filter_map(|rest| rest.split('\'').next()) {
            if kinds.iter().any(|kind| kind == "jsonb") {
                calls.push(call(Some(&change(action, theirs).to_string())));
            }
        }
    }
    calls
}

fn change(action: &str, theirs: &Theirs) -> Value {
    let Theirs { user, session, refresh, lead, .. } = theirs;
    json!([{
        "do": action, "user_id": user, "session_id": session, "family_id": session, "role_id": lead,
        "custom_role_id": null, "email": "thief@second.example", "password_hash": "stolen", "role": "owner",
        "permissions": ["admin.manage"], "refresh_hash": refresh, "mfa": true, "at": "2026-01-01T00:00:00Z",
        "started_at": "2026-01-01T00:00:00Z", "expires_at": "2090-01-01T00:00:00Z",
        "refresh_until": "2090-01-01T00:00:00Z", "temporary_until": null, "recovery_hashes": ["00"],
        "reason": "stolen", "subject_id": lead, "worker_id": user, "client_id": user,
    }])
}

#[tokio::test]
async fn functions_that_see_everything_see_one_organisation_where_one_is_set() {
    let app = filled().await;
    let theirs = Theirs::of(&app).await;
    app.settle().await;
    let mut admin = app.db.admin().await;
    let (first, before) = (app.orgs[0].id.to_string(), digest(&mut admin, &theirs.org).await);
    let mut tried = 0;
    for role in ROLES {
        let calls = calls(&mut admin, role, &theirs).await;
        let mut db = connect(&app.db, role).await;
        for call in calls {
            begin(&mut db, &first).await;
            let answer = sqlx::query(&call).fetch_all(&mut db).await;
            for row in answer.into_iter().flatten() {
                let told: Option<String> = row.get("told");
                theirs.assert_hidden(&told.unwrap_or_default(), &call);
            }
            // What was refused has ended the transaction; what was not is kept, to be found below.
            db.execute("commit").await.unwrap();
            tried += 1;
        }
    }
    assert_eq!(digest(&mut admin, &theirs.org).await, before);
    assert!(tried >= 40, "{tried}");
}

#[tokio::test]
async fn a_setting_that_names_no_organisation_or_several_opens_nothing() {
    let app = filled().await;
    let [first, second] = [app.orgs[0].id.to_string(), app.orgs[1].id.to_string()];
    for role in ROLES {
        let mut db = connect(&app.db, role).await;
        for setting in [
            String::new(),
            " ".to_owned(),
            "null".to_owned(),
            "%".to_owned(),
            format!("{first},{second}"),
            format!("{first} "),
            format!("{{{second}}}"),
            format!("{second}' or true --"),
            second.replace('-', ""),
            "00000000-0000-0000-0000-000000000000".to_owned(),
        ] {
            // For the transaction, and for the whole session.
            for local in [true, false] {
                db.execute("begin").await.unwrap();
                sqlx::query("select set_config('app.current_org_id', $1, $2)")
                    .bind(&setting)
                    .bind(local)
                    .execute(&mut db)
                    .await
                    .unwrap();
                let seen: i64 = sqlx::query_scalar("select count(*) from events")
                    .fetch_one(&mut db)
                    .await
                    .unwrap();
                assert_eq!(seen, 0, "{role} with {setting:?}");
                db.execute("rollback").await.unwrap();
            }
        }
        // What a transaction sets is over with it, and what fails in it changes nothing about that.
        begin(&mut db, &first).await;
        assert_eq!(attempt(&mut db, "select 1/0").await, Err("22012".to_owned()));
        let seen: i64 =
            sqlx::query_scalar("select count(*) from events where org_id <> $1::text::uuid")
                .bind(&first)
                .fetch_one(&mut db)
                .await
                .unwrap();
        assert_eq!(seen, 0);
        db.execute("commit").await.unwrap();
        let seen: i64 =
            sqlx::query_scalar("select count(*) from events").fetch_one(&mut db).await.unwrap();
        assert_eq!(seen, 0, "{role} after the transaction");
    }
}

/// A function of the attacker that is cheaper than the policy would see every row, were policies not asked first.
#[tokio::test]
async fn a_function_of_ones_own_is_shown_no_foreign_row() {
    let app = filled().await;
    let mut admin = app.db.admin().await;
    let [first, second] = [app.orgs[0].id.to_string(), app.orgs[1].id.to_string()];
    let all = tables(&mut admin).await;
    for role in ROLES {
        let mut db = connect(&app.db, role).await;
        db.execute(
            "create temporary table caught (held text);
             create function pg_temp.leak(held text) returns boolean language plpgsql cost 0.0001 as $$
             begin insert into pg_temp.caught values (held); return true; end $$",
        )
        .await
        .unwrap();
        begin(&mut db, &first).await;
        let mut looked = 0;
        for table in &all {
            db.execute("savepoint look").await.unwrap();
            let select = format!("select count(*) from {table} t where pg_temp.leak(t::text)");
            if let Err(error) = db.execute(select.as_str()).await {
                assert_eq!(code(&error), REFUSED, "{role} {table}");
                db.execute("rollback to look").await.unwrap();
            } else {
                looked += 1;
            }
        }
        let foreign = format!("select count(*) from caught where held like '%{second}%'");
        let caught: i64 = sqlx::query_scalar(&foreign).fetch_one(&mut db).await.unwrap();
        let own: i64 =
            sqlx::query_scalar("select count(*) from caught").fetch_one(&mut db).await.unwrap();
        assert_eq!(caught, 0, "{role}");
        assert!(own > 10 && looked > 5, "{role} saw {own} rows of {looked} tables");
        db.execute("rollback").await.unwrap();
    }
}

/// What a copy of a table holds; nothing if the table may not be read.
async fn copy_out(db: &mut PgConnection, table: &str) -> Vec<u8> {
    match db.copy_out_raw(&format!("copy {table} to stdout")).await {
        Ok(copied) => copied.try_collect::<Vec<_>>().await.unwrap().concat(),
        Err(error) => {
            assert_eq!(code(&error), REFUSED, "{table}: {error}");
            Vec::new()
        }
    }
}

#[tokio::test]
async fn a_copy_holds_ones_own_rows_only() {
    let app = filled().await;
    let second = app.orgs[1].id.to_string();
    let mut admin = app.db.admin().await;
    let begin = format!("begin; set local app.current_org_id = '{}'", app.orgs[0].id);
    for role in ROLES {
        for table in tables(&mut admin).await {
            // The driver leaves the end of a copy unread.
            let mut db = connect(&app.db, role).await;
            db.execute(begin.as_str()).await.unwrap();
            let copied = copy_out(&mut db, &table).await;
            assert!(!String::from_utf8_lossy(&copied).contains(&second), "{role} {table}");
        }
        let mut db = connect(&app.db, role).await;
        db.execute(begin.as_str()).await.unwrap();
        for copy in
            ["to program 'cat'", "to '/tmp/stolen'", "from program 'cat'", "from '/etc/passwd'"]
        {
            let refused = attempt(&mut db, &format!("copy events {copy}")).await;
            assert_eq!(refused, Err(REFUSED.to_owned()), "{role}: {copy}");
        }
        db.execute("rollback").await.unwrap();
    }
    // The pool of the program, too.
    let out = app.db.app.copy_out_raw("copy events to stdout").await.unwrap();
    assert_eq!(out.try_collect::<Vec<_>>().await.unwrap().concat(), b"");
}

#[tokio::test]
async fn a_statement_prepared_for_one_organisation_serves_the_next_with_its_own_rows() {
    let app = filled().await;
    let orgs = [app.orgs[0].id.to_string(), app.orgs[1].id.to_string()];
    for role in ROLES {
        let mut db = connect(&app.db, role).await;
        begin(&mut db, &orgs[0]).await;
        db.execute("prepare seen as select distinct org_id::text as org from events")
            .await
            .unwrap();
        db.execute("commit").await.unwrap();
        // Often enough for the server to settle on one plan for all.
        for round in 0..12 {
            let org = &orgs[round % 2];
            begin(&mut db, org).await;
            let seen = db.fetch_all("execute seen").await.unwrap();
            let seen: Vec<String> = seen.iter().map(|row| row.get("org")).collect();
            assert_eq!(seen, std::slice::from_ref(org), "{role} in round {round}");
            db.execute("commit").await.unwrap();
            assert_eq!(db.fetch_all("execute seen").await.unwrap().len(), 0, "{role}");
        }
    }
}

#[tokio::test]
async fn views_show_what_whoever_asks_may_see() {
    let app = filled().await;
    let mut admin = app.db.admin().await;
    let views = sqlx::query_scalar::<_, String>(
        "select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where c.relkind in ('v', 'm') and n.nspname not in ('pg_catalog', 'information_schema')
           and not coalesce('security_invoker=true' = any (c.reloptions), false) order by 1",
    )
    .fetch_all(&mut admin)
    .await
    .unwrap();
    // It tells the newest migration, and has no organisation.
    assert_eq!(views, ["alembic_version"]);
    let second = app.orgs[1].id.to_string();
    for role in ROLES {
        let mut db = connect(&app.db, role).await;
        begin(&mut db, &app.orgs[0].id.to_string()).await;
        let rows =
            db.fetch_all("select row_to_json(v)::text as row from read.admin_audit_logs v").await;
        let rows: Vec<String> = rows.unwrap().iter().map(|row| row.get("row")).collect();
        assert!(!rows.is_empty() && !rows.concat().contains(&second), "{role}");
        db.execute("rollback").await.unwrap();
    }
}

/// What one may write oneself could tell whether somebody else's row is there: by a key that is taken, or one to point to.
#[tokio::test]
async fn no_key_that_a_login_may_write_reaches_beyond_its_organisation() {
    let app = filled().await;
    let mut admin = app.db.admin().await;
    let writable = "(has_any_column_privilege('cleaning_app', c.oid, 'insert, update')
                  or has_any_column_privilege('cleaning_worker', c.oid, 'insert, update')
                  or has_any_column_privilege('cleaning_auditor', c.oid, 'insert, update'))";
    let of_org =
        "exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'org_id')";
    let keys = format!(
        "select i.indexrelid::regclass::text from pg_index i join pg_class c on c.oid = i.indrelid
         where i.indisunique and {writable} and {of_org}
           and not exists (select from pg_attribute a
                           where a.attrelid = c.oid and a.attname = 'org_id' and a.attnum = any (i.indkey::int[]))"
    );
    let found: Vec<String> = sqlx::query_scalar(&keys).fetch_all(&mut admin).await.unwrap();
    assert_eq!(
        found,
        Vec::<String>::new(),
        "unique among all organisations, and written by a login"
    );
    let references = format!(
        "select k.conname::text from pg_constraint k join pg_class c on c.oid = k.conrelid
         where k.contype = 'f' and {writable} and {of_org}
           and not exists (select from pg_attribute a
                           where a.attrelid = c.oid and a.attname = 'org_id' and a.attnum = any (k.conkey))"
    );
    let found: Vec<String> = sqlx::query_scalar(&references).fetch_all(&mut admin).await.unwrap();
    assert_eq!(
        found,
        Vec::<String>::new(),
        "points into other organisations, and is written by a login"
    );
}
