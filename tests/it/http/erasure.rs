//! A person is forgotten everywhere at once, and nothing else changes.

use projections::history::verify::{Effort, Witnesses, verify};
use projections::rebuild::{Rebuild, Switch};
use serde_json::{Value, json};
use sqlx::{PgConnection, Row};
use tokio_util::sync::CancellationToken;

use super::{form, form_of, id_in, with_lead};
use crate::harness::database::keys;
use crate::harness::{App, Client};

/// Every text of the form, and what staff wrote about the person; long enough not to stand in an id by chance.
const TRACES: [&str; 20] = [
    "quilla",
    "zembrowski",
    "555-7731",
    "5557731",
    "xylophone",
    "T5J 9Q9",
    "friday dawn",
    "gnome hides",
    "behind barn",
    "bertil",
    "lavender",
    "whisper",
    "prefers mondays",
    "grumpy neighbour",
    "zanzibar",
    "wendeline",
    "olympia",
    "moonshine",
    "ask_quokka",
    "rosalind",
];

async fn erase(app: &App, owner: &Client, id: &str) -> Value {
    let route = format!("/v1/admin/subjects/{id}/erase");
    let reason = json!({ "reason": "asked" });
    app.following(owner.post(&route, &reason)).await.ok().body.clone()
}

async fn found(db: &mut PgConnection) -> Vec<String> {
    search(db, &TRACES).await
}

/// Where in the whole database any trace is found, as `table.column`, read as somebody who may read everything.
pub(super) async fn search(db: &mut PgConnection, traces: &[&str]) -> Vec<String> {
    let columns = sqlx::query(
        "select format('%I.%I', n.nspname, c.relname) as name, a.attname::text as attribute
         from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
         where c.relkind in ('r', 'p', 'm') and a.attnum > 0 and not a.attisdropped
           and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')",
    )
    .fetch_all(&mut *db)
    .await
    .unwrap();
    assert!(columns.len() > 100, "the whole catalogue");
    let patterns: Vec<String> = traces.iter().map(|trace| format!("%{trace}%")).collect();
    let mut found = Vec::new();
    for column in columns {
        let (table, column): (String, String) = (column.get("name"), column.get("attribute"));
        // Binary columns too: as escaped text they still show plain letters.
        let statement = format!(
            r#"select count(*) from {table} where case when pg_typeof("{column}") = 'bytea'::regtype
               then encode("{column}"::text::bytea, 'escape') else "{column}"::text end ilike any ($1)"#
        );
        let hits: i64 =
            sqlx::query_scalar(&statement).bind(&patterns).fetch_one(&mut *db).await.unwrap();
        if hits > 0 {
            found.push(format!("{table}.{column}"));
        }
    }
    found
}

/// A lead with something in every place where words about a person may stand.
async fn busy() -> (App, String, Client) {
    let (app, lead, owner) = with_lead().await;
    let entry = json!({ "action": "Called", "note": "prefers mondays" });
    owner.post(&format!("{lead}/timeline"), &entry).await.ok();
    let offer = json!({
        "amount": 18_500, "service_type": "For aunt Rosalind",
        "metadata": { "seen": "grumpy neighbour" },
    });
    let quote = owner.post(&format!("{lead}/quotes"), &offer).await;
    let quote = quote.ok().body["quote_id"].as_str().unwrap().to_owned();
    let note = json!({ "note": "prefers mondays" });
    owner.post(&format!("{lead}/quotes/{quote}/followups"), &note).await.ok();
    let lost =
        json!({ "status": "LOST", "loss_reason": "grumpy neighbour", "notes": "prefers mondays" });
    owner.patch(&lead, &lost).await.ok();
    app.settle().await;
    (app, lead, owner)
}

#[tokio::test]
async fn nothing_of_an_erased_person_is_left_in_the_database() {
    let (app, lead, owner) = Box::pin(busy()).await;
    let mut admin = app.db.admin().await;
    // The search finds what is there: lists and reports are the only tables with readable words.
    let before = found(&mut admin).await;
    assert!(before.contains(&"read.lead_list.name".to_owned()), "{before:?}");
    let lists = [
        "read.lead_list.",
        "read.booking_customers.",
        "read.invoice_customers.",
        "read.lead_versions.",
        "read.name_versions.",
    ];
    let is_listed = |place: &String| lists.iter().any(|list| place.starts_with(list));
    assert!(before.iter().all(is_listed), "{before:?}");
    let told = erase(&app, &owner, id_in(&lead)).await;
    assert_eq!(told["complete"], true);
    assert_eq!(found(&mut admin).await, Vec::<String>::new());
}

#[tokio::test]
async fn every_route_shows_the_placeholder_and_keeps_the_facts() {
    let (app, lead, owner) = Box::pin(busy()).await;
    let id = id_in(&lead);
    erase(&app, &owner, id).await;
    app.settle().await;
    let head = app.position(0).await;
    for route in [
        lead.clone(),
        format!("{lead}?as_of=2"),
        format!("{lead}?as_of={}", head - 1),
        format!("{lead}/quotes"),
        "/v1/admin/leads".to_owned(),
        "/v1/admin/leads?as_of=3".to_owned(),
        format!("/v1/admin/history/lead/{id}"),
        format!("/v1/admin/history/subject/{id}"),
        "/v1/admin/events".to_owned(),
        "/v1/admin/audit-logs".to_owned(),
        "/v1/admin/effects".to_owned(),
        "/v1/admin/queue/dlq".to_owned(),
    ] {
        let answer = owner.get(&route).await;
        let text = answer.ok().text.to_lowercase();
        for trace in TRACES {
            assert!(!text.contains(&trace.to_lowercase()), "{route} shows {trace}");
        }
        let shows_people = route.contains("leads") || route.contains("history/lead");
        assert_eq!(shows_people, text.contains("[erased]"), "{route}: {text}");
    }
    let shown = owner.get(&lead).await;
    assert_eq!((&shown.body["name"], &shown.body["status"]), (&json!("[erased]"), &json!("LOST")));
    assert_eq!(shown.body["estimate_snapshot"]["total_before_tax"], json!(105.0));
    assert_eq!(owner.get(&format!("{lead}/quotes")).await.body["items"][0]["amount"], 18_500);
    let searched = owner.get("/v1/admin/leads?query=quilla").await;
    assert_eq!(searched.body["total"], 0);
}

#[tokio::test]
async fn what_is_over_cannot_be_changed_and_erasing_again_changes_nothing() {
    let (app, lead, owner) = Box::pin(busy()).await;
    let keyed = owner.with("idempotency-key", "before");
    let entry = json!({ "action": "Called", "note": "prefers mondays" });
    keyed.post(&format!("{lead}/timeline"), &entry).await.ok();
    erase(&app, &owner, id_in(&lead)).await;
    let head = app.position(0).await;
    owner.patch(&lead, &json!({ "notes": "again" })).await.is(410, "subject_erased");
    owner.post(&format!("{lead}/timeline"), &entry).await.is(410, "subject_erased");
    let offer = json!({ "amount": 1, "metadata": { "a": "b" } });
    owner.post(&format!("{lead}/quotes"), &offer).await.is(410, "subject_erased");
    // A repeat of what was done before is told again, without the words.
    let again = keyed.post(&format!("{lead}/timeline"), &entry).await;
    assert!(!again.text.contains("prefers") && !again.text.contains("Quilla"), "{}", again.text);
    erase(&app, &owner, id_in(&lead)).await;
    assert_eq!(app.position(0).await, head);
    let nobody = "/v1/admin/subjects/0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d/erase";
    owner.post(nobody, &json!({ "reason": "asked" })).await.is(404, "not_found");
    assert_eq!(owner.post(nobody, &json!({})).await.fields(), ["reason"]);
    // The same person may come back as somebody new.
    app.anyone().post("/v1/leads", &form()).await.ok();
}

#[tokio::test]
async fn the_chain_holds_and_read_models_made_anew_are_the_same() {
    let (app, lead, owner) = Box::pin(busy()).await;
    app.anyone().post("/v1/leads", &form_of("Otto", "780 4")).await.ok();
    erase(&app, &owner, id_in(&lead)).await;
    app.settle().await;
    let witnesses = Witnesses::none(app.orgs[0].id);
    let effort = Effort { events: 100, bytes: 1 << 20 };
    let report = verify(&app.db.app, witnesses, &[], effort, |_, _| {}).await.unwrap().unwrap();
    assert!(report.is_clean(), "{:?}", report.findings);
    assert_eq!(report.events, u64::try_from(app.position(0).await).unwrap());
    for name in ["lead_list", "lead_detail", "entity_timeline", "audit_log"] {
        let rebuild = Rebuild {
            owner: app.db.admin_url().parse().unwrap(),
            pool: &app.db.worker,
            masters: &keys(),
            reader: projections::reader(name).unwrap(),
            switch: Switch::Never,
        };
        let done = rebuild.run(&CancellationToken::new(), &mut |_| {}).await.unwrap();
        assert_eq!(done.differing, 0, "{name}: {:?}", done.differences);
    }
}
