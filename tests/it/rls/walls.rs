//! Every table, asked as each role of the program.

use chrono::TimeDelta;
use projections::tenant;
use serde_json::{Value, json};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Executor, PgConnection, Row};

use crate::harness::{App, Client, TestDb};

pub(super) const ROLES: [&str; 3] = ["cleaning_app", "cleaning_worker", "cleaning_auditor"];

/// Refused for lack of a privilege, or by a policy.
pub(super) const REFUSED: &str = "42501";

pub(super) async fn connect(db: &TestDb, role: &str) -> PgConnection {
    let options: PgConnectOptions = db.url(role).parse().unwrap();
    options.connect().await.unwrap()
}

/// Every table with an `org_id`, read from the catalogue, so that a new one cannot be forgotten.
pub(super) async fn tables(db: &mut PgConnection) -> Vec<String> {
    let rows = sqlx::query(
        "select format('%I.%I', n.nspname, c.relname) as name
         from pg_class c join pg_namespace n on n.oid = c.relnamespace
         join pg_attribute a on a.attrelid = c.oid and a.attname = 'org_id' and not a.attisdropped
         where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema')
         order by 1",
    )
    .fetch_all(db)
    .await
    .unwrap();
    rows.iter().map(|row| row.get("name")).collect()
}

pub(super) fn code(error: &sqlx::Error) -> String {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.unwrap_or_default().into_owned()
}

/// `statement` under a savepoint: its rows, or the code of its refusal.
pub(super) async fn attempt(db: &mut PgConnection, statement: &str) -> Result<u64, String> {
    db.execute("savepoint attempt").await.unwrap();
    let done = db.execute(statement).await;
    db.execute("rollback to attempt").await.unwrap();
    done.map(|done| done.rows_affected()).map_err(|error| code(&error))
}

/// Rows that the role sees, or none if it may not even look.
async fn seen(db: &mut PgConnection, table: &str, condition: &str) -> Option<i64> {
    db.execute("savepoint look").await.unwrap();
    let statement = format!("select count(*) from {table} where {condition}");
    let count = sqlx::query_scalar(&statement).fetch_one(&mut *db).await;
    db.execute("rollback to look").await.unwrap();
    match count {
        Ok(count) => Some(count),
        Err(error) => {
            assert_eq!(code(&error), REFUSED, "{table}: {error}");
            None
        }
    }
}

/// Two organisations with a row in every table that the program fills by itself, and the rest planted.
pub(super) async fn filled() -> App {
    let app = App::start().await;
    for (number, slug) in ["first", "second"].iter().enumerate() {
        let public = app.anyone().with("x-org", slug);
        let form = json!({
            "name": "Quilla", "phone": "1", "address": "a", "preferred_dates": ["x"], "estimate_snapshot": {},
            "structured_inputs": { "beds": 1, "baths": 1 },
        });
        let lead = public.post("/v1/leads", &form).await.ok().body["lead_id"].clone();
        let (owner, lead) = (app.staff_of(number, "owner"), lead.as_str().unwrap());
        let offer = json!({ "amount": 1, "expires_at": "2090-01-01T00:00:00Z" });
        let route = format!("/v1/admin/leads/{lead}/quotes");
        let quote = owner.post(&route, &offer).await.ok().body["quote_id"].clone();
        let send = format!("{route}/{}/send", quote.as_str().unwrap());
        owner.post(&send, &json!({})).await.ok();
        owner.post("/v1/admin/history/checkpoints", &json!({})).await.ok();
        let worker = json!({ "name": "Wes", "phone": "780-555-0101" });
        owner.post("/v1/admin/workers", &worker).await.ok();
        visited(&app, &owner).await;
        app.staff_of(number, "viewer").get("/v1/admin/events").await.is(403, "forbidden");
        let org = app.orgs[number].id;
        let host = format!("select tenant.put_host('{org}', '{slug}.example')");
        app.db.app.execute(host.as_str()).await.unwrap();
        // Bookings and broken events, which these commands do not make.
        let mut admin = app.db.admin().await;
        for statement in [
            format!(
                "insert into slots (org_id, resource, during, aggregate_type, aggregate_id)
                 values ('{org}', gen_random_uuid(), '[2026-01-01, 2026-01-02)', 'booking', 'b')"
            ),
            format!("insert into parked_streams values ('{org}', 'old', 'lead', 'l', 1, 'broken')"),
            format!("insert into skipped_events values ('{org}', 'old', 1, 'broken')"),
            format!(
                "insert into job_runs values ('{org}', 'old', '1970', 'one', 'done', null, now())"
            ),
            format!(
                "insert into accounting_exports values ('{org}', '1970-01-01', now(), 0, 'ab', 'invoice_number')"
            ),
            format!(
                "insert into deposit_refunds values ('{org}', 'manual:b:x', gen_random_uuid(), 1)"
            ),
        ] {
            admin.execute(statement.as_str()).await.unwrap();
        }
    }
    app.settle().await;
    app
}

/// Visits, once and again and again, with work at one of them and prices of the organisation's own.
#[expect(clippy::too_many_lines, reason = "a thing of every sort, one after the other")]
async fn visited(app: &App, owner: &Client) {
    let client = json!({ "name": "Cleo", "email": "cleo@example.org" });
    let cleo = owner.post("/v1/admin/clients", &client).await.ok().body["client_id"].clone();
    let (route, double) = (
        format!("/v1/admin/clients/{}", cleo.as_str().unwrap()),
        json!({
            "name": "Cleo", "email": "cleo.b@example.org",
        }),
    );
    let note = json!({ "kind": "COMPLAINT", "text": "late" });
    owner.post(&format!("{route}/notes"), &note).await.ok();
    owner.post(&format!("{route}/feedback"), &json!({ "rating": 2 })).await.ok();
    let double = owner.post("/v1/admin/clients", &double).await.ok().body["client_id"].clone();
    let merge = format!("/v1/admin/clients/{}/merge", double.as_str().unwrap());
    owner.post(&merge, &json!({ "into_client_id": cleo })).await.ok();
    let team = json!({ "name": "North" });
    let team = owner.post("/v1/admin/teams", &team).await.ok().body["team_id"].clone();
    let visit = json!({
        "team_id": team, "starts_at": "2090-01-02T10:00:00", "duration_minutes": 60,
        "force_reason": "asked for",
        "client": { "name": "Vera", "email": "vera@example.org" },
    });
    let visit = owner.post("/v1/admin/schedule/quick-create", &visit).await;
    let visit = visit.ok().body["booking_id"].as_str().unwrap().to_owned();
    owner.post(&format!("/v1/admin/bookings/{visit}/confirm"), &json!({})).await.ok();
    owner.post(&format!("/v1/orders/{visit}/time/start"), &json!({})).await.ok();
    let dirt = json!({ "kind": "TIME_OVERRUN", "code": "EXTRA_DIRT" });
    owner.post(&format!("/v1/orders/{visit}/reasons"), &dirt).await.ok();
    let template = json!({ "name": "Usual", "items": [{ "label": "Oven", "phase": "AFTER" }] });
    owner.post("/v1/admin/checklists/templates", &template).await.ok();
    owner.post(&format!("/v1/orders/{visit}/checklist/init"), &json!({})).await.ok();
    let form = "--p\r\nContent-Disposition: form-data; name=\"phase\"\r\n\r\nAFTER\r\n\
        --p\r\nContent-Disposition: form-data; name=\"admin_override\"\r\n\r\ntrue\r\n\
        --p\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nRIFF1234WEBPVP8 \r\n--p--\r\n";
    let sender = owner.with("content-type", "multipart/form-data; boundary=p");
    sender.post_raw(&format!("/v1/orders/{visit}/photos"), form).await.ok();
    let vic = json!({ "name": "Vic", "phone": "780-555-0133", "team_id": team });
    let vic = owner.post("/v1/admin/workers", &vic).await.ok().body["worker_id"].clone();
    let other = json!({
        "team_id": team, "starts_at": "2090-01-05T10:00:00", "duration_minutes": 60,
        "force_reason": "asked for", "client_id": cleo, "crew": [vic],
    });
    let other = owner.post("/v1/admin/schedule/quick-create", &other).await;
    let other = other.ok().body["booking_id"].as_str().unwrap().to_owned();
    owner.post(&format!("/v1/admin/bookings/{other}/confirm"), &json!({})).await.ok();
    let took = json!({ "actual_duration_minutes": 60 });
    owner.post(&format!("/v1/admin/bookings/{other}/complete"), &took).await.ok();
    let review = json!({ "booking_id": other, "rating": 5 });
    let reviews = format!("/v1/admin/workers/{}/reviews", vic.as_str().unwrap());
    owner.post(&reviews, &review).await.ok();
    let pin = json!({ "lat": 53.54, "lng": -113.49 });
    let desk = "/v1/admin/dispatcher";
    owner.put(&format!("{desk}/bookings/{visit}/location"), &pin).await.ok();
    let told = json!({
        "booking_id": visit, "target": "client", "channel": "sms", "template_id": "CLIENT_DONE",
    });
    owner.post(&format!("{desk}/notify"), &told).await.ok();
    seen_alert(app, owner, &team).await;
    let closed = json!({ "starts_at": "2090-02-01T00:00", "ends_at": "2090-02-02T00:00" });
    owner.post("/v1/admin/blackouts", &closed).await.ok();
    let weekly = json!({
        "client_id": cleo, "frequency": "WEEKLY",
        "start_date": app.now().date_naive(), "structured_inputs": { "beds": 1, "baths": 1 },
    });
    owner.post("/v1/admin/subscriptions", &weekly).await.ok();
    let invoice = json!({
        "client_id": cleo, "items": [{ "description": "Keys", "qty": 1, "unit_price_cents": 100 }],
    });
    let invoice = owner.post("/v1/admin/invoices", &invoice).await.ok().body["invoice_id"].clone();
    let paid = json!({ "amount_cents": 1, "method": "cash" });
    let route_of = format!("/v1/admin/invoices/{}/record-payment", invoice.as_str().unwrap());
    owner.post(&route_of, &paid).await.ok();
    let address = json!({ "address_text": "1 Elm Street" });
    owner.post(&format!("{route}/addresses"), &address).await.ok();
    let dispute = json!({ "booking_id": visit, "reason": "a stain" });
    owner.post("/v1/admin/disputes", &dispute).await.ok();
    let tax = json!({ "gst_rate": 0.05 });
    owner.patch("/v1/admin/pricing-settings", &tax).await.ok();
    kept(owner, &visit).await;
}

/// Books with a line of every sort.
async fn kept(owner: &Client, visit: &str) {
    let books = "/v1/admin/finance";
    let fuel = json!({ "name": "Fuel" });
    let fuel = owner.post(&format!("{books}/expense-categories"), &fuel).await;
    let fuel = fuel.ok().body["category_id"].clone();
    let spent = json!({
        "occurred_on": "2026-01-05", "category_id": fuel, "description": "Fuel", "amount_cents": 100,
    });
    owner.post(&format!("{books}/expenses"), &spent).await.ok();
    let budget = json!({ "month_yyyymm": "2026-01", "category_id": fuel, "amount_cents": 100 });
    owner.post(&format!("{books}/budgets"), &budget).await.ok();
    let cash = json!({ "as_of_date": "2026-01-05", "cash_cents": 100 });
    owner.post(&format!("{books}/cash_snapshots"), &cash).await.ok();
    let instalment = json!({ "tax_type": "GST", "due_on": "2026-04-30", "amount_cents": 100 });
    owner.post(&format!("{books}/taxes/instalments"), &instalment).await.ok();
    owner.post(&format!("{books}/periods/2020-01/close"), &json!({})).await.ok();
    let deposit = json!({ "amount_cents": 100, "reference": "r" });
    owner.post(&format!("/v1/admin/bookings/{visit}/deposit"), &deposit).await.ok();
    let client = json!({ "name": "Clay", "email": "clay@example.org" });
    let clay = owner.post("/v1/admin/clients", &client).await.ok().body["client_id"].clone();
    let invoice = json!({
        "client_id": clay, "items": [{ "description": "Keys", "qty": 1, "unit_price_cents": 100 }],
    });
    let invoice = owner.post("/v1/admin/invoices", &invoice).await;
    let invoice = invoice.ok().body["invoice_id"].as_str().unwrap().to_owned();
    let paid = json!({ "amount_cents": 105, "method": "cash" });
    owner.post(&format!("/v1/admin/invoices/{invoice}/record-payment"), &paid).await.ok();
}

/// A visit that is late, and that somebody has seen to be.
async fn seen_alert(app: &App, owner: &Client, team: &Value) {
    let starts_at = app.now() + TimeDelta::minutes(1);
    let date = starts_at.with_timezone(&domain::settings::zone::DEFAULT).date_naive();
    let late = json!({
        "team_id": team, "starts_at": starts_at, "duration_minutes": 60,
        "force_reason": "asked for", "client": { "name": "Vic", "email": "vic@example.org" },
    });
    owner.post("/v1/admin/schedule/quick-create", &late).await.ok();
    app.advance(TimeDelta::minutes(20));
    app.settle().await;
    let alerts = owner.get(&format!("/v1/admin/dispatcher/alerts?date={date}")).await;
    let id = alerts.ok().body["alerts"][0]["alert_id"].clone();
    let seen = json!({ "alert_id": id, "date": date });
    owner.post("/v1/admin/dispatcher/alerts/ack", &seen).await.ok();
}

#[tokio::test]
async fn every_table_of_an_organisation_is_protected_from_its_owner_too() {
    let db = TestDb::new().await;
    let mut admin = db.admin().await;
    let all = tables(&mut admin).await;
    assert!(all.len() >= 18, "{all:?}");
    for table in all {
        let row = sqlx::query(
            "select relrowsecurity, relforcerowsecurity,
                    (select count(*) from pg_policy p where p.polrelid = c.oid and 0 = any (p.polroles)
                       and pg_get_expr(p.polqual, p.polrelid) like '%org_id = tenant.current_org()%'
                       and pg_get_expr(p.polwithcheck, p.polrelid) like '%org_id = tenant.current_org()%') as keeping,
                    (select count(*) from pg_policy p join unnest(p.polroles) r (role) on true
                     where p.polrelid = c.oid and r.role <> 0
                       and r.role <> 'cleaning_definer'::regrole) as others
             from pg_class c where oid = $1::text::regclass",
        )
        .bind(&table)
        .fetch_one(&mut admin)
        .await
        .unwrap();
        assert!(row.get::<bool, _>("relrowsecurity"), "{table} is not protected");
        assert!(row.get::<bool, _>("relforcerowsecurity"), "{table} is open to its owner");
        assert_eq!((row.get::<i64, _>("keeping"), row.get::<i64, _>("others")), (1, 0), "{table}");
    }
}

#[tokio::test]
async fn without_an_organisation_every_table_is_empty_and_with_one_only_its_rows_are_there() {
    let app = filled().await;
    let mut admin = app.db.admin().await;
    let all = tables(&mut admin).await;
    let first = app.orgs[0].id.to_string();
    let mut unseen = all.clone();
    for role in ROLES {
        let mut db = connect(&app.db, role).await;
        for setting in
            ["", "set local app.current_org_id = ''", "set local app.current_org_id = 'x'"]
        {
            db.execute("begin").await.unwrap();
            db.execute(setting).await.unwrap();
            for table in &all {
                assert!(seen(&mut db, table, "true").await.unwrap_or(0) == 0, "{role} {table}");
            }
            db.execute("rollback").await.unwrap();
        }
        db.execute("begin").await.unwrap();
        db.execute(format!("set local app.current_org_id = '{first}'").as_str()).await.unwrap();
        for table in &all {
            let mine = seen(&mut db, table, &format!("org_id = '{first}'")).await;
            let theirs = seen(&mut db, table, &format!("org_id <> '{first}'")).await;
            assert_eq!(theirs.unwrap_or(0), 0, "{role} {table}");
            if mine.is_some_and(|rows| rows > 0) {
                unseen.retain(|name| name != table);
            }
        }
        db.execute("rollback").await.unwrap();
    }
    // What nobody may read at all, only functions, is shut without an organisation too.
    for table in unseen.clone() {
        let mut shut = true;
        for role in ROLES {
            let readable = "select has_table_privilege($1, $2, 'select')";
            let readable = sqlx::query_scalar::<_, bool>(readable).bind(role).bind(&table);
            shut &= !readable.fetch_one(&mut admin).await.unwrap();
        }
        if shut {
            unseen.retain(|name| *name != table);
        }
    }
    // A table without a row that somebody may see would not have put isolation to the test.
    assert_eq!(unseen, Vec::<String>::new());
}

#[tokio::test]
async fn rows_of_another_organisation_are_neither_made_nor_changed_nor_removed() {
    let app = filled().await;
    let mut admin = app.db.admin().await;
    let [first, second] = [app.orgs[0].id.to_string(), app.orgs[1].id.to_string()];
    for table in tables(&mut admin).await {
        // A row of the other one, offered again under a name of its own, and a row of one's own, given away.
        let bare = table.split_once('.').unwrap().1;
        let row: Option<String> = sqlx::query_scalar(&format!(
            "select row_to_json(t)::text from {table} t where org_id = '{second}' limit 1"
        ))
        .fetch_optional(&mut admin)
        .await
        .unwrap();
        for role in ROLES {
            let mut db = connect(&app.db, role).await;
            db.execute("begin").await.unwrap();
            db.execute(format!("set local app.current_org_id = '{first}'").as_str()).await.unwrap();
            if let Some(row) = &row {
                let insert = format!(
                    "insert into {table} select * from json_populate_record(null::{table}, '{}')",
                    row.replace('\'', "''")
                );
                assert_eq!(
                    attempt(&mut db, &insert).await,
                    Err(REFUSED.to_owned()),
                    "{role} {bare}"
                );
            }
            let foreign = format!("where org_id = '{second}'");
            for statement in [
                format!("update {table} set org_id = org_id {foreign}"),
                format!("delete from {table} {foreign}"),
            ] {
                match attempt(&mut db, &statement).await {
                    Ok(rows) => assert_eq!(rows, 0, "{role}: {statement}"),
                    Err(code) => assert_eq!(code, REFUSED, "{role}: {statement}"),
                }
            }
            let away = format!("update {table} set org_id = '{second}' where org_id = '{first}'");
            match attempt(&mut db, &away).await {
                Ok(rows) => assert_eq!(rows, 0, "{role}: {away}"),
                Err(code) => assert_eq!(code, REFUSED, "{role}: {away}"),
            }
            let truncate = format!("truncate {table} cascade");
            assert_eq!(attempt(&mut db, &truncate).await, Err(REFUSED.to_owned()), "{role} {bare}");
            db.execute("rollback").await.unwrap();
        }
    }
}

#[tokio::test]
async fn the_log_is_written_by_its_function_only_and_for_ones_own_organisation_only() {
    let app = filled().await;
    let [first, second] = [app.orgs[0].id.to_string(), app.orgs[1].id.to_string()];
    for role in ROLES {
        let mut tx = connect(&app.db, role).await;
        tx.execute("begin").await.unwrap();
        tx.execute(format!("set local app.current_org_id = '{first}'").as_str()).await.unwrap();
        for table in ["events", "commands", "log_heads", "claims", "slots"] {
            for statement in [
                format!("insert into {table} select * from {table} where false"),
                format!("update {table} set org_id = org_id where false"),
                format!("delete from {table} where false"),
            ] {
                let refused = attempt(&mut tx, &statement).await;
                assert_eq!(refused, Err(REFUSED.to_owned()), "{role}: {statement}");
            }
        }
        for (function, array) in [("append", true), ("append_alone", false)] {
            for (org, foreign) in [(&first, false), (&second, true)] {
                let call = call(&mut tx, function, org, array).await;
                let answer = attempt(&mut tx, &call).await;
                // Without the right to call it, not even for one's own.
                let refused = foreign || role == "cleaning_auditor";
                assert_eq!(
                    answer == Err(REFUSED.to_owned()),
                    refused,
                    "{role}: {call}: {answer:?}"
                );
            }
        }
        tx.execute("rollback").await.unwrap();
    }
}

/// A call of a function of the log for `org`, with nothing to write.
async fn call(db: &mut PgConnection, function: &str, org: &str, array: bool) -> String {
    let arguments: i64 =
        sqlx::query_scalar("select pronargs::bigint from pg_proc where oid = $1::text::regproc")
            .bind(format!("log.{function}"))
            .fetch_one(db)
            .await
            .unwrap();
    let rest = vec!["null"; usize::try_from(arguments - 1).unwrap()].join(", ");
    let org = if array { format!("array['{org}']::uuid[]") } else { format!("'{org}'::uuid") };
    format!("select log.{function}({org}, {rest})")
}

#[tokio::test]
async fn a_stream_is_read_in_ones_own_organisation_only() {
    let app = filled().await;
    let mut admin = app.db.admin().await;
    let lead: String = sqlx::query_scalar(
        "select aggregate_id from events where org_id = $1 and event_type = 'submitted'",
    )
    .bind(app.orgs[1].id.as_uuid())
    .fetch_one(&mut admin)
    .await
    .unwrap();
    for (org, rows) in [(0, 0_i64), (1, 3)] {
        let mut tx = tenant::begin(&app.db.app, app.orgs[org].id).await.unwrap();
        let count = "select count(*) from events where aggregate_id = $1 and sequence <= 3";
        let seen: i64 = sqlx::query_scalar(count).bind(&lead).fetch_one(&mut *tx).await.unwrap();
        assert_eq!(seen, rows);
    }
    let stream = |org: usize| {
        let one = "array['lead'], array['{lead}'], array[100], array[null::uuid]"
            .replace("{lead}", &lead);
        format!("select * from log.streams(array['{}'::uuid], {one})", app.orgs[org].id)
    };
    for role in ["cleaning_app", "cleaning_worker"] {
        let mut db = connect(&app.db, role).await;
        db.execute("begin").await.unwrap();
        let first = format!("set local app.current_org_id = '{}'", app.orgs[0].id);
        db.execute(first.as_str()).await.unwrap();
        assert_eq!(attempt(&mut db, &stream(1)).await, Err(REFUSED.to_owned()), "{role}");
        assert!(attempt(&mut db, &stream(0)).await.is_ok(), "{role}");
        db.execute("rollback").await.unwrap();
    }
    let mut auditor = connect(&app.db, "cleaning_auditor").await;
    auditor.execute("begin").await.unwrap();
    assert_eq!(attempt(&mut auditor, &stream(0)).await, Err(REFUSED.to_owned()));
}

#[tokio::test]
async fn the_roles_of_the_program_own_nothing_and_bypass_nothing() {
    let db = TestDb::new().await;
    let mut admin = db.admin().await;
    for role in ROLES.iter().chain(&["cleaning_definer", "cleaning_owner"]) {
        let row = sqlx::query("select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication, rolcanlogin from pg_roles where rolname = $1")
            .bind(role)
            .fetch_one(&mut admin)
            .await
            .unwrap();
        for right in ["rolsuper", "rolbypassrls", "rolcreaterole", "rolcreatedb", "rolreplication"]
        {
            assert!(!row.get::<bool, _>(right), "{role} has {right}");
        }
        // The role that sees across organisations is nobody's login.
        assert_eq!(
            row.get::<bool, _>("rolcanlogin"),
            *role != "cleaning_definer" && *role != "cleaning_owner",
            "{role}"
        );
    }
    for role in ROLES {
        let owned: i64 = sqlx::query_scalar(
            "select (select count(*) from pg_class where relowner = $1::text::regrole)
                  + (select count(*) from pg_proc where proowner = $1::text::regrole)
                  + (select count(*) from pg_namespace where nspowner = $1::text::regrole)
                  + (select count(*) from pg_auth_members where member = $1::text::regrole)",
        )
        .bind(role)
        .fetch_one(&mut admin)
        .await
        .unwrap();
        assert_eq!(owned, 0, "{role} owns something or belongs to a role");
    }
}

#[tokio::test]
async fn functions_that_see_everything_are_pinned_and_not_for_everybody() {
    let db = TestDb::new().await;
    let mut admin = db.admin().await;
    let rows = sqlx::query(
        "select p.oid::regprocedure::text as name, p.proowner::regrole::text as owner,
                coalesce(array_to_string(p.proconfig, ' '), '') as config,
                has_function_privilege('cleaning_auditor', p.oid, 'execute') as auditor,
                exists (select 1 from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee = 0) as everybody
         from pg_proc p join pg_namespace n on n.oid = p.pronamespace
         where p.prosecdef and n.nspname not in ('pg_catalog', 'information_schema')",
    )
    .fetch_all(&mut admin)
    .await
    .unwrap();
    assert!(rows.len() >= 10);
    let readable = ["tenant.organisations", "log.lagging", "log.progress"];
    for row in rows {
        let name: String = row.get("name");
        assert_eq!(row.get::<String, _>("owner"), "cleaning_definer", "{name}");
        assert!(row.get::<String, _>("config").contains("search_path="), "{name}");
        assert!(!row.get::<bool, _>("everybody"), "{name} may be called by everybody");
        let auditor = readable.iter().any(|known| name.starts_with(known));
        assert_eq!(row.get::<bool, _>("auditor"), auditor, "{name}");
    }
}
