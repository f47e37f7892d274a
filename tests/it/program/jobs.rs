//! Single jobs run by hand.

use serde_json::{Value, json};

use crate::harness::database::MASTER_KEY;
use crate::harness::logins::{PASSWORD, org};
use crate::harness::{Client, Program, Served, TestDb};

/// The lines that jobs told, and the exit code.
fn run(db: &TestDb, jobs: &[&str]) -> (Option<i32>, Vec<Value>) {
    let arguments = [&["jobs", "run", "--once", "--json"], jobs].concat();
    let url = db.url("cleaning_worker");
    let environment =
        [("APP_ENV", "dev"), ("DATABASE_WORKER_URL", &*url), ("PII_MASTER_KEY", MASTER_KEY)];
    let output = Program::output(&arguments, &environment);
    let told = String::from_utf8(output.stdout).unwrap();
    let lines = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (output.status.code(), lines)
}

#[tokio::test]
async fn one_pass_does_what_there_is_to_do_and_says_how_much() {
    let db = TestDb::new().await;
    let org = org(&db, "first").await;
    let api = Served::start("api", &db, &[("DEFAULT_ORG_ID", &org.id.to_string())]).await;
    let lead = json!({
        "name": "Ada", "phone": "780-555-0101", "address": "1 Elm Street", "postal_code": "T5A 0A1",
        "preferred_dates": ["Monday"], "structured_inputs": { "beds": 2, "baths": 1 },
        "estimate_snapshot": { "total_before_tax": 105.0 },
    });
    let answer = Client::new(&api.url).post("/v1/leads", &lead).await;
    assert_eq!(answer.status, 201, "{}", answer.text);

    let (code, told) = run(&db, &["--job", "projections"]);
    assert_eq!((code, &told[0]["job"]), (Some(0), &json!("projections")), "{told:?}");
    assert!(told[0]["done"].as_u64().unwrap() > 0, "{told:?}");
    let leads = Client::new(&api.url)
        .signed_in(&format!("owner-{}", org.slug), PASSWORD)
        .get("/v1/admin/leads")
        .await;
    assert_eq!(leads.ok().body["items"].as_array().unwrap().len(), 1);

    // The request-received mail, which is off: it is put aside as suppressed.
    let (_, told) = run(&db, &["--job", "outbox-delivery", "--job", "timers"]);
    let expected = [
        json!({ "job": "outbox-delivery", "ok": true, "done": 1 }),
        json!({ "job": "timers", "ok": true, "done": 0 }),
    ];
    assert_eq!(told, expected);
    let (_, told) = run(&db, &[]);
    let done: Vec<_> = told.iter().map(|line| (&line["job"], &line["done"])).collect();
    let nothing = json!(0);
    let jobs = [
        "projections",
        "outbox-delivery",
        "timers",
        "checkpoints",
        "projection-rebuilds",
        "storage-janitor",
        "accounting-export",
    ];
    let jobs = jobs.map(Value::from);
    assert_eq!(done, jobs.iter().map(|job| (job, &nothing)).collect::<Vec<_>>());
}

#[tokio::test]
async fn beside_a_running_process_its_read_models_are_left_to_it() {
    let db = TestDb::new().await;
    db.organisation().await;
    let jobs = Served::start("jobs", &db, &[]).await;
    let owned = "select count(*) from projection_owners";
    while sqlx::query_scalar::<_, i64>(owned).fetch_one(&mut db.admin().await).await.unwrap() == 0 {
        tokio::task::yield_now().await;
    }
    let (code, told) = run(&db, &["--job", "projections"]);
    assert_eq!((code, &told[0]["elsewhere"]), (Some(0), &json!(true)), "{told:?}");
    drop(jobs);
}

#[test]
fn a_job_nobody_knows_is_refused_with_the_names_of_all() {
    let output = Program::output(&["jobs", "run", "--job", "gcal-sync", "--once"], &[]);
    assert_eq!(output.status.code(), Some(2));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains("projections, outbox-delivery, timers"), "{errors}");
    let output = Program::output(&["jobs", "list"], &[]);
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "projections\noutbox-delivery\ntimers\ncheckpoints\nprojection-rebuilds\nstorage-janitor\naccounting-export"
    );
}

#[tokio::test]
async fn a_job_that_fails_is_told_and_fails_the_command() {
    let away = [
        ("APP_ENV", "dev"),
        ("DATABASE_WORKER_URL", "postgres://cleaning_worker@127.0.0.1:1/cleaning"),
        ("PII_MASTER_KEY", MASTER_KEY),
    ];
    let output = Program::output(&["jobs", "run", "--once", "--json", "--job", "timers"], &away);
    assert_eq!(output.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&told["job"], &told["ok"]), (&json!("timers"), &json!(false)));
}

#[tokio::test]
async fn a_job_that_is_to_go_on_ends_when_it_is_told_to() {
    let db = TestDb::new().await;
    let (url, job) = (db.url("cleaning_worker"), ["jobs", "run", "--job", "timers"]);
    let environment =
        [("APP_ENV", "dev"), ("DATABASE_WORKER_URL", &*url), ("PII_MASTER_KEY", MASTER_KEY)];
    let mut program = Program::start(&job, &environment);
    assert_eq!(program.line("running "), "timers");
    assert!(program.stop().success());
}

#[tokio::test]
async fn health_is_what_the_address_answers() {
    let db = TestDb::new().await;
    let api = Served::start("api", &db, &[]).await;
    let ask = |url: &str| Program::output(&["health", "--url", url], &[]).status.code();
    assert_eq!(ask(&format!("{}/healthz", api.url)), Some(0));
    assert_eq!(ask(&format!("{}/v1/nowhere", api.url)), Some(1));
    assert_eq!(ask("http://127.0.0.1:1/healthz"), Some(1));
}

#[tokio::test]
async fn messages_of_stripe_that_are_nobodys_are_listed_for_the_operator() {
    let db = TestDb::new().await;
    let org = org(&db, "first").await;
    let listed = |arguments: &[&str]| {
        let url = db.url("cleaning_worker");
        let environment =
            [("APP_ENV", "dev"), ("DATABASE_WORKER_URL", &*url), ("PII_MASTER_KEY", MASTER_KEY)];
        let output = Program::output(&[&["jobs", "unclaimed"], arguments].concat(), &environment);
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, told) = listed(&["--json"]);
    let none: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((code, none), (Some(0), json!({ "count": 0, "items": [] })));

    let take = "select payments.receive($1, '\\x00', 'charge.refunded', '{}', now() + $2 * interval '1 second', now())";
    let settle = "select payments.settle($1, $2, $3, $4, null, $5, null, now() + interval '1 day')";
    for (n, (id, state, reason, owner)) in [
        ("evt_1", "parked", "nobody_knows_it", None),
        ("evt_2", "dead", "nobody_knows_it", None),
        ("evt_3", "ignored", "", None),
        ("evt_4", "parked", "currency_differs", Some(org.id.as_uuid())),
    ]
    .into_iter()
    .enumerate()
    {
        let seconds = f64::from(u32::try_from(n).unwrap());
        sqlx::query(take).bind(id).bind(seconds).execute(&db.app).await.unwrap();
        let settled = sqlx::query(settle).bind(id).bind(state).bind(reason).bind(owner);
        settled.bind("some-invoice").execute(&db.app).await.unwrap();
    }
    let (code, told) = listed(&["--json"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    let ids: Vec<_> =
        told["items"].as_array().unwrap().iter().map(|one| one["event_id"].clone()).collect();
    assert_eq!(
        (code, &told["count"], ids),
        (Some(1), &json!(2), vec![json!("evt_2"), json!("evt_1")])
    );
    assert_eq!(
        (&told["items"][0]["state"], &told["items"][0]["invoice_id"]),
        (&json!("dead"), &json!("some-invoice"))
    );
    let (_, told) = listed(&["-n", "1"]);
    let lines: Vec<_> = told.lines().collect();
    assert_eq!(lines.len(), 2, "{told}");
    assert!(lines[0].contains("evt_2") && lines[0].contains("nobody_knows_it"), "{told}");
    assert_eq!(lines[1], "2 messages belong to no organisation");

    let jobs = Served::start("jobs", &db, &[]).await;
    let gauge = "stripe_messages_unclaimed 2";
    loop {
        let scraped = Client::new(&jobs.url).get("/metrics").await;
        if scraped.ok().text.lines().any(|line| line == gauge) {
            return;
        }
        tokio::task::yield_now().await;
    }
}
