//! What staff tried: every refusal leaves an entry, nothing of what was sent is in it, and nobody changes it afterwards.

use chrono::TimeDelta;
use domain::attempt::{Attempt, Outcome};
use projections::audit_log::{self, Known};
use projections::tenant;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Executor, PgConnection, Row};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::{id_in, with_lead};
use crate::harness::database::MASTER_KEY;
use crate::harness::logins::PASSWORD;
use crate::harness::{App, Client, Program};

const LOGS: &str = "/v1/admin/audit-logs";
const SOME: &str = "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d";

/// Entries, newest first, but for the first of each organisation.
async fn entries(owner: &Client, query: &str) -> Vec<Value> {
    let page = owner.get(&format!("{LOGS}?limit=200&{query}")).await;
    let mut all = page.ok().body["items"].as_array().unwrap().clone();
    all.retain(|entry| entry["action"] != "organisation.register");
    all
}

/// The text of every entry about what left no event, as it stands in the database.
async fn stored(app: &App) -> String {
    let text = "select coalesce(string_agg(a::text, ' '), '') from audit_attempts a";
    sqlx::query_scalar(text).fetch_one(&mut app.db.admin().await).await.unwrap()
}

async fn run(db: &mut PgConnection, statement: &str) -> Result<u64, String> {
    let done = db.execute(statement).await;
    done.map(|done| done.rows_affected())
        .map_err(|error| error.as_database_error().unwrap().code().unwrap().into_owned())
}

/// A token of a member whose session was ended.
async fn put_out(app: &App) -> (Client, String) {
    let owner = app.staff("owner");
    let body = json!({ "email": "gone@example.org", "role": "viewer" });
    let made = owner.post("/v1/iam/users", &body).await.ok().body.clone();
    let login = json!({ "email": "gone@example.org", "password": made["temp_password"] });
    let tokens = app.anyone().post("/v1/auth/login", &login).await.ok().body.clone();
    let token = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    let member = app.anyone().with("authorization", &token);
    member.post("/v1/auth/logout", &json!({})).await.ok();
    (member, made["user_id"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn every_command_of_staff_has_a_name_and_a_denial_leaves_one_entry() {
    let app = App::start().await;
    let (gone, user) = put_out(&app).await;
    let owner = app.staff("owner");
    let commands: Vec<_> = api::declared()
        .into_iter()
        .filter(|route| route.needs_login() && route.method != "GET")
        .collect();
    assert!(commands.len() >= 15);
    for route in &commands {
        let name = format!("{} {}", route.method, route.path);
        let action = route.action.unwrap_or_else(|| panic!("{name} has no action"));
        let mut path = route.path.clone();
        while let Some((start, rest)) = path.clone().split_once('{') {
            path = format!("{start}{SOME}{}", rest.split_once('}').unwrap().1);
        }
        let method: Method = route.method.parse().unwrap();
        let secret = b"{\"password\":\"planted-secret\"}".to_vec();
        for _ in 0..3 {
            let answer = gone.send(method.clone(), &path, Some(secret.clone())).await;
            answer.is(401, "unauthenticated");
        }
        let told = entries(&owner, &format!("outcome=denied&action={action}&actor={user}")).await;
        let told: Vec<_> =
            told.iter().filter(|entry| entry["metadata"]["route"] == *route.path).collect();
        assert_eq!(told.len(), 1, "{name}");
        assert_eq!(told[0]["status_code"], 401, "{name}");
        assert_eq!(told[0]["metadata"]["method"], route.method);
        let named = route.path.contains('{').then_some(SOME);
        assert_eq!(told[0]["resource_id"].as_str(), named, "{name}");
    }
    assert!(!stored(&app).await.contains("planted-secret"));
}

#[tokio::test]
async fn what_a_role_may_not_do_is_noted_once_a_minute_with_how_often_it_was_tried() {
    let (app, lead, owner) = with_lead().await;
    let viewer = app.staff("viewer").with("user-agent", "Mozilla/5.0 (Planted)");
    let change = json!({ "status": "CONTACTED" });
    for _ in 0..3 {
        viewer.post(&format!("{lead}/status"), &change).await.is(403, "forbidden");
    }
    app.advance(TimeDelta::seconds(60));
    viewer.post(&format!("{lead}/status"), &change).await.is(403, "forbidden");
    viewer.get(LOGS).await.is(403, "forbidden");
    let told = entries(&owner, "outcome=denied").await;
    let actions: Vec<_> = told.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["audit_logs.read", "lead.status_change", "lead.status_change"]);
    assert_eq!(told[1]["metadata"]["left_out"], 2);
    let entry = &told[2];
    assert_eq!(entry["metadata"]["left_out"], Value::Null);
    assert_eq!((&entry["admin_role"], &entry["status_code"]), (&json!("viewer"), &json!(403)));
    assert_eq!(entry["actor_user_id"], entry["actor"]);
    assert_eq!(
        (&entry["resource_type"], &entry["resource_id"]),
        (&json!("lead"), &json!(id_in(&lead)))
    );
    assert_eq!(entry["client_ip"], "127.0.0.0/24");
    assert_eq!(entry["user_agent_hash"].as_str().unwrap().len(), 16);
    assert!(!stored(&app).await.contains("Planted"));
    // Reads that are allowed leave nothing, and neither do visitors.
    owner.get(&lead).await.ok();
    app.anyone().get("/v1/admin/leads").await.is(401, "unauthenticated");
    app.anyone().post("/v1/leads", &json!({})).await.is(422, "validation_failed");
    assert_eq!(entries(&owner, "").await.len(), told.len());
}

#[tokio::test]
async fn commands_that_are_rejected_are_told_without_what_they_said() {
    let (app, lead, owner) = with_lead().await;
    let planted = "planted@example.net 780-555-9999";
    let status = format!("{lead}/status");
    owner
        .post(&status, &json!({ "status": "WON", "note": planted }))
        .await
        .is(422, "validation_failed");
    owner.post(&status, &json!({ "status": "LOST" })).await.is(400, "lead.loss_reason_missing");
    owner.post_raw(&status, b"{\"status\":".to_vec()).await.is(400, "malformed_json");
    owner
        .with("if-match", "\"9\"")
        .patch(&lead, &json!({ "notes": planted }))
        .await
        .is(412, "version_mismatch");
    owner.patch("/v1/admin/leads/planted@example.net", &json!({ "notes": "n" })).await;
    owner
        .patch(&format!("/v1/admin/leads/{SOME}"), &json!({ "notes": planted }))
        .await
        .is(404, "lead.not_found");
    let told = entries(&owner, "outcome=rejected").await;
    let told: Vec<_> = told
        .iter()
        .rev()
        .map(|entry| {
            let text = |value: &Value| value.as_str().unwrap_or("none").to_owned();
            (text(&entry["metadata"]["code"]), text(&entry["resource_id"]))
        })
        .collect();
    let id = id_in(&lead);
    let expected = [
        ("validation_failed", id),
        ("lead.loss_reason_missing", id),
        ("malformed_json", id),
        ("version_mismatch", id),
        ("not_found", "none"),
        ("lead.not_found", SOME),
    ];
    let expected: Vec<_> =
        expected.iter().map(|(code, id)| ((*code).to_owned(), (*id).to_owned())).collect();
    assert_eq!(told, expected);
    assert!(!stored(&app).await.contains("planted"));
}

#[tokio::test]
async fn failed_logins_of_those_who_exist_are_noted_and_so_is_being_locked_out() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let wrong = app.anyone().signed_in("admin-first", "planted-guess");
    for _ in 0..10 {
        wrong.get("/v1/admin/whoami").await.is(401, "unauthenticated");
    }
    wrong.get("/v1/admin/whoami").await.is(429, "too_many_attempts");
    app.anyone()
        .signed_in("planted-name", PASSWORD)
        .get("/v1/admin/whoami")
        .await
        .is(401, "unauthenticated");
    let told = entries(&owner, "action=auth.login_failed").await;
    assert_eq!(told.len(), 10);
    assert!(
        told.iter().all(|entry| entry["outcome"] == "denied" && entry["admin_role"] == "admin")
    );
    assert_eq!(entries(&owner, "action=auth.locked_out").await.len(), 1);

    // A member, by address; the other organisation hears nothing of it.
    let body = json!({ "email": "dana@example.org", "role": "viewer" });
    let made = owner.post("/v1/iam/users", &body).await.ok().body.clone();
    let login = json!({ "email": "dana@example.org", "password": "planted-guess" });
    app.anyone().post("/v1/auth/login", &login).await.is(401, "unauthenticated");
    let query = format!("action=auth.login_failed&actor={}", made["user_id"].as_str().unwrap());
    assert_eq!(entries(&owner, &query).await.len(), 1);
    assert_eq!(entries(&app.staff_of(1, "owner"), "").await, Vec::<Value>::new());
    let stored = stored(&app).await;
    assert!(!stored.contains("planted") && !stored.contains("dana"));
}

#[tokio::test]
async fn what_was_done_and_what_was_tried_stand_in_one_order_and_the_guide_reads_both() {
    let (app, lead, owner) = with_lead().await;
    let note = |text: &str| json!({ "action": text });
    for number in 0..4 {
        owner.post(&format!("{lead}/timeline"), &note(&format!("done {number}"))).await.ok();
        owner.post(&format!("{lead}/timeline"), &note("")).await.is(422, "lead.invalid");
    }
    app.settle().await;
    let all = entries(&owner, "").await;
    let outcomes: Vec<_> = all.iter().map(|entry| entry["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["rejected", "success"].repeat(4));
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = owner.get(&format!("{LOGS}?limit=3{cursor}")).await.ok().body.clone();
        paged.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(paged[..8], all);
    owner.get(&format!("{LOGS}?cursor=x")).await.is(422, "validation_failed");

    let done = &all[1];
    assert_eq!((&done["status_code"], &done["client_ip"]), (&json!(200), &json!("127.0.0.0/24")));
    assert_eq!(done["actor_user_id"], done["actor"]);
    let event = owner.get(done["links"]["event"].as_str().unwrap()).await;
    assert_eq!(event.ok().body["items"][0]["position"], done["position"]);
    let history = owner.get(done["links"]["history"].as_str().unwrap()).await.ok().body.clone();
    let last = history["items"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["event_id"], done["event_id"]);
    assert!(!done["after"].is_null());
    assert!(!done.to_string().contains("Quilla") && !done.to_string().contains("done 3"));

    let mut tx = tenant::begin(&app.db.app, app.orgs[0].id).await.unwrap();
    let guide = format!(
        "SELECT created_at, admin_role, action, resource_type, resource_id, metadata
         FROM admin_audit_logs WHERE org_id = '{}' ORDER BY created_at DESC LIMIT 50;",
        app.orgs[0].id
    );
    let rows = sqlx::query(&guide).fetch_all(&mut *tx).await.unwrap();
    // The two reads of the links above left the system too.
    assert_eq!(rows.len(), 11);
    let actions: Vec<String> = rows[..2].iter().map(|row| row.get("action")).collect();
    assert_eq!(actions, ["history.export", "events.export"]);
}

#[tokio::test]
async fn a_change_is_told_before_and_after() {
    let (app, lead, owner) = with_lead().await;
    owner.post(&format!("{lead}/status"), &json!({ "status": "CONTACTED" })).await.ok();
    let role = json!({ "name": "Night", "key": "night", "permissions": ["bookings.view"] });
    owner.post("/v1/admin/iam/roles", &role).await.ok();
    app.settle().await;
    let told = entries(&owner, "action=lead.status_change").await;
    assert_eq!(
        (&told[0]["before"]["status"], &told[0]["after"]["status"]),
        (&json!("NEW"), &json!("CONTACTED"))
    );
    let told = entries(&owner, "resource_type=staff").await;
    assert!(told[0]["after"].to_string().contains("bookings.view"), "{}", told[0]);
}

/// Three entries, and the chain as it was found.
async fn chained(app: &App) -> Known {
    let viewer = app.staff("viewer");
    for path in [LOGS, "/v1/admin/effects", "/v1/admin/events"] {
        viewer.get(path).await.is(403, "forbidden");
    }
    let verified = verify(app, None).await;
    assert!(verified.is_clean() && verified.entries == 3, "{verified:?}");
    Known { number: verified.number, hash: verified.hash }
}

async fn verify(app: &App, known: Option<Known>) -> audit_log::Verified {
    let org = app.orgs[0].id;
    let mut tx = tenant::begin(&app.db.app, org).await.unwrap();
    audit_log::verify(&mut tx, org, known.as_slice()).await.unwrap()
}

#[tokio::test]
async fn an_entry_that_was_changed_removed_or_cut_off_is_found() {
    for (tampering, number, found) in [
        ("update audit_attempts set outcome = 'success' where number = 2", 2, "changed"),
        ("update audit_attempts set metadata = '{}' where number = 1", 1, "changed"),
        ("update audit_attempts set created_at = created_at - interval '1 day' where number = 3", 3, "changed"),
        ("update events set hash = sha256('x') where position = 1", 1, "changed"),
        ("delete from audit_attempts where number = 2", 2, "missing"),
        ("delete from audit_attempts where number = 1", 1, "missing"),
        ("delete from audit_attempts where number = 3", 3, "truncated"),
        ("with gone as (delete from audit_attempts where number = 3 returning *)
          update audit_heads h set number = 2, hash = gone.prev_hash from gone where h.org_id = gone.org_id", 3, "truncated"),
    ] {
        let app = App::start().await;
        let known = chained(&app).await;
        let mut admin = app.db.admin().await;
        // What an administrator of the server can do, whatever the tables say.
        run(&mut admin, "set session_replication_role = replica").await.unwrap();
        run(&mut admin, tampering).await.unwrap();
        let verified = verify(&app, Some(known)).await;
        let first = verified.findings.first();
        assert_eq!(first.map(|one| (one.number, one.found)), Some((number, found)), "{tampering}");
    }
}

#[tokio::test]
async fn entries_are_added_by_their_function_and_changed_by_nobody() {
    let app = App::start().await;
    chained(&app).await;
    let org = app.orgs[0].id;
    for role in ["cleaning_app", "cleaning_worker", "cleaning_auditor", "cleaning_owner"] {
        let mut db = app.db.admin().await;
        let begin = format!("set role {role}; set app.current_org_id = '{org}'");
        db.execute(begin.as_str()).await.unwrap();
        for statement in [
            "update audit_attempts set outcome = 'success'",
            "delete from audit_attempts",
            "truncate audit_attempts",
        ] {
            assert_eq!(
                run(&mut db, statement).await,
                Err("42501".to_owned()),
                "{role} {statement}"
            );
        }
        if role != "cleaning_owner" {
            let insert = "insert into audit_attempts select * from audit_attempts";
            assert_eq!(run(&mut db, insert).await, Err("42501".to_owned()), "{role}");
            let foreign = format!("select audit.note('{}', '[]')", app.orgs[1].id);
            assert_eq!(run(&mut db, &foreign).await, Err("42501".to_owned()), "{role}");
        }
    }
    assert_eq!(verify(&app, None).await.entries, 3);
}

#[tokio::test]
async fn entries_wait_while_the_database_is_away_and_are_stored_once() {
    let app = App::start().await;
    let directory = tempfile::tempdir().unwrap();
    let spool = directory.path().join("spool.jsonl");
    let org = app.orgs[0].id;
    let attempt = |action: &str| {
        Attempt::of_program(Uuid::now_v7(), org, action, Outcome::Denied, &json!({}))
    };
    let pool = app.db.worker.clone();
    let tasks = TaskTracker::new();
    let attempts = commands::attempts::Attempts::start(pool.clone(), Some(&spool), &tasks).unwrap();
    let mut elsewhere = app.db.elsewhere().await;
    let name = app.db.name();
    let away = format!("alter database {name} allow_connections false");
    elsewhere.execute(away.as_str()).await.unwrap();
    let end =
        format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'");
    elsewhere.execute(end.as_str()).await.unwrap();
    // Safe in the file: durable, though not stored.
    assert!(attempts.note(attempt("first.try")).await);
    assert!(attempts.note(attempt("second.try")).await);
    // The process ends before the database is back.
    drop(attempts);
    tasks.close();
    tasks.wait().await;

    let back = format!("alter database {name} allow_connections true");
    elsewhere.execute(back.as_str()).await.unwrap();
    let tasks = TaskTracker::new();
    let attempts = commands::attempts::Attempts::start(pool, Some(&spool), &tasks).unwrap();
    assert!(attempts.note(attempt("third.try")).await);
    drop(attempts);
    tasks.close();
    tasks.wait().await;
    let actions = "select string_agg(action, ' ' order by number) from audit_attempts";
    let told: String =
        sqlx::query_scalar(actions).fetch_one(&mut app.db.admin().await).await.unwrap();
    assert_eq!(told, "first.try second.try third.try");
    assert!(std::fs::read(&spool).unwrap().is_empty());
    assert!(verify(&app, None).await.is_clean());
}

#[tokio::test]
async fn the_audit_log_is_taken_out_as_csv_and_that_is_an_entry_too() {
    let (app, lead, owner) = with_lead().await;
    for number in 0..3 {
        owner
            .post(&format!("{lead}/timeline"), &json!({ "action": format!("{number}") }))
            .await
            .ok();
    }
    app.staff("viewer").get(LOGS).await.is(403, "forbidden");
    app.settle().await;
    let path = format!("{LOGS}/export.csv");
    app.staff("viewer").get(&path).await.is(403, "forbidden");
    let file = owner.get(&path).await;
    assert_eq!(file.ok().header("content-type"), Some("text/csv; charset=utf-8"));
    let lines: Vec<_> = file.text.lines().collect();
    assert!(lines[0].starts_with("created_at,outcome,action,admin_role,actor,"));
    // The first of the organisation, three that were done, two that were denied.
    assert_eq!(lines.len(), 1 + 6, "{}", file.text);
    assert!(lines[1].contains(",denied,audit.export,viewer,"), "{}", file.text);
    let denied = owner.get(&format!("{path}?outcome=denied")).await;
    assert_eq!(denied.ok().text.lines().count(), 1 + 2);
    owner.get(&format!("{path}?cursor=1")).await.is(422, "validation_failed");
    let told = entries(&owner, "action=audit.export&outcome=success").await;
    assert_eq!(told.len(), 2);
    assert_eq!((&told[0]["admin_role"], &told[0]["status_code"]), (&json!("owner"), &json!(200)));
}

#[tokio::test]
async fn whoever_wants_to_know_can_have_the_chain_recomputed() {
    let app = App::start().await;
    chained(&app).await;
    app.settle().await;
    let owner = app.staff("owner");
    let route = format!("{LOGS}/verify");
    let proof = owner.get(&route).await.ok().body.clone();
    assert_eq!((&proof["ok"], &proof["attempts"]["entries"]), (&json!(true), &json!(3)));
    assert_eq!(proof["events"]["head"]["position"], app.position(0).await);
    assert_eq!(proof["events"]["read_model"]["matches"], true);
    let hash = proof["attempts"]["hash"].as_str().unwrap().to_owned();
    let mut admin = app.db.admin().await;
    run(&mut admin, "set session_replication_role = replica").await.unwrap();
    run(
        &mut admin,
        "with gone as (delete from audit_attempts where number = 3 returning *)
         update audit_heads h set number = 2, hash = gone.prev_hash from gone where h.org_id = gone.org_id",
    )
    .await
    .unwrap();
    // An end that was cut off neatly is found by whoever wrote it down.
    assert_eq!(owner.get(&route).await.ok().body["ok"], true);
    let proof = owner.get(&format!("{route}?number=3&hash={hash}")).await.ok().body.clone();
    assert_eq!(proof["ok"], false);
    assert_eq!(proof["attempts"]["findings"][0]["found"], "truncated");
    assert_eq!(owner.get(&format!("{route}?number=3")).await.fields(), ["hash"]);
    app.staff("dispatcher").get(&route).await.is(403, "forbidden");
}

#[tokio::test]
async fn a_timeline_shows_events_what_went_out_and_what_was_tried() {
    let (app, lead, owner) = with_lead().await;
    owner.post(&format!("{lead}/status"), &json!({ "status": "CONTACTED" })).await.ok();
    app.staff("viewer")
        .post(&format!("{lead}/status"), &json!({ "status": "LOST" }))
        .await
        .is(403, "forbidden");
    app.settle().await;
    let route = format!("/v1/admin/timeline/lead/{}", id_in(&lead));
    let all = owner.get(&route).await.ok().body.clone();
    let items = all["items"].as_array().unwrap();
    let told: Vec<_> = items
        .iter()
        .map(|item| {
            (
                item["kind"].as_str().unwrap(),
                item["name"].as_str().unwrap(),
                item["state"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("attempt", "lead.status_change", "denied"),
        ("event", "contacted", "recorded"),
        ("effect", "email.request_received", "suppressed"),
        ("event", "submitted", "recorded"),
    ];
    assert_eq!(told, expected);
    assert_eq!(items[1]["details"]["action"], "lead.status_change");
    assert!(!all.to_string().contains("Quilla"));
    let mut paged = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = owner.get(&format!("{route}?limit=2{cursor}")).await.ok().body.clone();
        paged.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(paged, *items);
    // What is tried with an id that nothing has does not make it something.
    owner
        .patch(&format!("/v1/admin/leads/{SOME}"), &json!({ "notes": "n" }))
        .await
        .is(404, "lead.not_found");
    owner.get(&format!("/v1/admin/timeline/lead/{SOME}")).await.is(404, "not_found");
    app.staff_of(1, "owner").get(&route).await.is(404, "not_found");
}

#[tokio::test]
async fn operators_prove_list_export_and_prune_it_on_the_command_line() {
    let app = App::start().await;
    chained(&app).await;
    let (app_url, admin_url) = (app.db.url("cleaning_app"), app.db.admin_url());
    let environment = [
        ("DATABASE_URL", app_url.as_str()),
        ("DATABASE_MIGRATION_URL", admin_url.as_str()),
        ("PII_MASTER_KEY", MASTER_KEY),
        ("AUDIT_RETENTION_DAYS", "1"),
    ];
    let told = |arguments: &[&str]| {
        let all = [&["audit"], arguments].concat();
        let output = Program::output(&all, &environment);
        let text = String::from_utf8(output.stdout).unwrap();
        (output.status.code(), text + &String::from_utf8(output.stderr).unwrap())
    };
    let (code, text) = told(&["list", "--org", "first", "--outcome", "denied"]);
    assert_eq!((code, text.lines().count()), (Some(0), 3), "{text}");
    let (code, text) = told(&["export", "--org", "first"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains(",success,audit.export,operator,cli,"), "{text}");

    // Two of the four have grown old.
    let mut admin = app.db.admin().await;
    run(&mut admin, "set session_replication_role = replica").await.unwrap();
    let age =
        "update audit_attempts set created_at = created_at - interval '2 days' where number <= 2";
    run(&mut admin, age).await.unwrap();
    run(&mut admin, "set session_replication_role = origin").await.unwrap();
    let (_, text) = told(&["prune", "--org", "first", "--dry-run"]);
    assert!(text.contains("2 entries would be removed, up to number 2"), "{text}");
    assert_eq!(told(&["verify", "--org", "first"]).0, Some(1));
    let (code, text) = told(&["prune", "--org", "first"]);
    assert_eq!(code, Some(0), "{text}");
    let (code, text) = told(&["verify", "--org", "first"]);
    assert!(code == Some(0) && text.contains("2 entries, 2 pruned, 4:"), "{text}");
    assert_eq!(told(&["prune", "--org", "first"]), (Some(0), String::new()));

    // The log tells of it, and more than it tells nobody removes.
    app.settle().await;
    let told = entries(&app.staff("owner"), "action=audit.prune").await;
    assert_eq!((&told[0]["metadata"]["through"], &told[0]["actor"]), (&json!(2), &json!("cli")));
    let mut owner = app.db.admin().await;
    let become_owner =
        format!("set role cleaning_owner; set app.current_org_id = '{}'", app.orgs[0].id);
    owner.execute(become_owner.as_str()).await.unwrap();
    let more = "delete from audit_attempts where number = 3";
    assert_eq!(run(&mut owner, more).await, Err("42501".to_owned()));
}
