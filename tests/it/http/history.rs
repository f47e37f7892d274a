//! What auditors and operators read: history, the log, signed heads, what staff did, what followed.

use domain::chain;
use projections::history::checkpoint::{Checkpoint, Signature};
use serde_json::{Value, json};
use sqlx::Row;

use super::{id_in, with_lead};
use crate::harness::app::signing_key;

#[tokio::test]
async fn history_tells_who_what_why_and_from_which_request_with_before_and_after() {
    let (_app, lead, owner) = with_lead().await;
    let traced = owner.with("x-request-id", "web-17").with("x-correlation-id", "call-3");
    traced.post(&format!("{lead}/status"), &json!({ "status": "CONTACTED" })).await.ok();
    let route = format!("/v1/admin/history/lead/{}", id_in(&lead));
    let history = owner.get(&route).await;
    let items = history.ok().body["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    assert_eq!(items[0]["after"]["submitted"]["contact"]["name"], "Quilla Zembrowski");
    let change = &items[1];
    assert_eq!((&change["event_type"], &change["sequence"]), (&json!("contacted"), &json!(2)));
    assert_eq!(
        (&change["before"]["status"], &change["after"]["status"]),
        (&json!("NEW"), &json!("CONTACTED"))
    );
    let text = change.to_string();
    for wanted in ["web-17", "call-3", "\"staff\"", "\"owner\""] {
        assert!(text.contains(wanted), "{wanted} is not in {text}");
    }
    let page = owner.get(&format!("{route}?limit=1")).await.body;
    assert_eq!(page["next_after"], 1);
    let next = owner.get(&format!("{route}?limit=1&after=1")).await.body;
    assert_eq!(next["items"][0], *change);
    owner.get("/v1/admin/history/boat/1").await.is(404, "not_found");
    owner.get("/v1/admin/history/lead/nobody").await.is(404, "not_found");
    assert_eq!(owner.get(&format!("{route}?limit=501")).await.fields(), ["limit"]);
}

#[tokio::test]
async fn the_log_is_read_in_order_without_gaps_and_sealed() {
    let (app, lead, owner) = with_lead().await;
    for number in 0..5 {
        let entry = json!({ "action": format!("step {number}") });
        owner.post(&format!("{lead}/timeline"), &entry).await.ok();
    }
    let (mut after, mut positions, mut hashes) = (0, Vec::new(), Vec::new());
    loop {
        let page = owner.get(&format!("/v1/admin/events?after={after}&limit=3")).await;
        assert_eq!(page.ok().body["head"], app.position(0).await);
        assert!(!page.text.contains("Quilla") && !page.text.contains("step 1"));
        for item in page.body["items"].as_array().unwrap() {
            positions.push(item["position"].as_i64().unwrap());
            hashes.push(item["hash"].as_str().unwrap().to_owned());
            assert!(serde_json::from_str::<Value>(item["payload"].as_str().unwrap()).is_ok());
        }
        let Some(next) = page.body["next_after"].as_i64() else { break };
        after = next;
    }
    assert_eq!(positions, (1..=7).collect::<Vec<_>>());
    assert!(hashes.iter().all(|hash| hash.len() == 64));
    assert_eq!(chain::genesis(app.orgs[0].id).len(), 32);
    let before = owner.get("/v1/admin/events?after=-1").await;
    assert_eq!(before.is(422, "validation_failed").fields(), ["after"]);
    let beyond = owner.get("/v1/admin/events?after=7").await.body;
    assert_eq!((&beyond["items"], &beyond["next_after"]), (&json!([]), &Value::Null));
}

#[tokio::test]
async fn a_head_is_signed_once_and_the_public_key_proves_it() {
    let (app, lead, owner) = with_lead().await;
    let route = "/v1/admin/history/checkpoints";
    let first = owner.post(route, &json!({})).await;
    let again = owner.post(route, &json!({})).await;
    assert_eq!(first.ok().body, again.ok().body);
    owner.patch(&lead, &json!({ "notes": "n" })).await.ok();
    let second = owner.post(route, &json!({})).await;
    let listed = owner.get(route).await;
    assert_eq!(listed.ok().body["items"], json!([second.body, first.body]));
    let last = owner.get("/v1/admin/events?after=2").await.body["items"][0]["hash"].clone();
    assert_eq!(second.body["hash"], last);

    let mut checkpoint: Checkpoint = serde_json::from_value(second.body).unwrap();
    assert_eq!((checkpoint.org, checkpoint.position), (app.orgs[0].id, 3));
    let trusted = [signing_key().public()];
    assert_eq!(checkpoint.check(&trusted), Signature::Good);
    checkpoint.hash[0] ^= 1;
    assert_eq!(checkpoint.check(&trusted), Signature::Bad);
    assert_eq!(owner.get(&format!("{route}?limit=1")).await.body["next_cursor"], 3);
}

#[tokio::test]
async fn a_broken_chain_is_not_signed() {
    let (app, _lead, owner) = with_lead().await;
    let mut admin = app.db.admin().await;
    sqlx::query("update events set event_type = 'contacted' where org_id = $1 and position = 2")
        .bind(app.orgs[0].id.as_uuid())
        .execute(&mut admin)
        .await
        .unwrap();
    let refused = owner.post("/v1/admin/history/checkpoints", &json!({})).await;
    refused.is(409, "chain_broken");
}

#[tokio::test]
async fn what_staff_did_is_audited_and_the_guides_statement_reads_it() {
    let (app, lead, owner) = with_lead().await;
    let go = json!({ "status": "CONTACTED" });
    owner.with("x-request-id", "audit-1").post(&format!("{lead}/status"), &go).await.ok();
    app.settle().await;
    let logs = owner.get("/v1/admin/audit-logs?action=lead.status_change").await;
    let items = logs.ok().body["items"].as_array().unwrap();
    assert_eq!(items.len(), 1);
    assert_eq!(
        (&items[0]["request_id"], &items[0]["outcome"]),
        (&json!("audit-1"), &json!("success"))
    );
    assert_eq!(
        (&items[0]["admin_role"], &items[0]["resource_id"]),
        (&json!("owner"), &json!(id_in(&lead)))
    );
    assert_eq!(owner.get("/v1/admin/audit-logs?resource_type=boat").await.body["items"], json!([]));
    assert_eq!(owner.get("/v1/admin/audit-logs?color=1").await.fields(), ["color"]);

    // As the operations guide has it, but for the organisation.
    let guide = "SELECT
  created_at,
  admin_role,
  action,
  resource_type,
  resource_id,
  metadata
FROM admin_audit_logs
WHERE org_id = 'org-789'
ORDER BY created_at DESC
LIMIT 50;";
    let mut tx = projections::tenant::begin(&app.db.app, app.orgs[0].id).await.unwrap();
    assert!(sqlx::query(guide).fetch_all(&mut *tx).await.unwrap().is_empty());
    let here = guide.replace("org-789", &app.orgs[0].id.to_string());
    let rows = sqlx::query(&here).fetch_all(&mut *tx).await.unwrap();
    assert_eq!(rows[0].get::<String, _>("action"), "lead.status_change");
    let there = guide.replace("org-789", &app.orgs[1].id.to_string());
    assert!(sqlx::query(&there).fetch_all(&mut *tx).await.unwrap().is_empty());
}

#[tokio::test]
async fn effects_and_dead_letters_are_listed() {
    let (app, lead, owner) = with_lead().await;
    let effects = owner.get("/v1/admin/effects").await;
    let items = effects.ok().body["items"].as_array().unwrap();
    assert_eq!(items.len(), 1);
    assert_eq!(items[0]["kind"], "email.request_received");
    assert_eq!(
        (&items[0]["state"], &items[0]["reason"]),
        (&json!("suppressed"), &json!("email_off"))
    );
    assert_eq!((&items[0]["cause"], &items[0]["attempts"]), (&json!(2), &json!(1)));
    assert!(!effects.text.contains("Quilla"));
    assert_eq!(owner.get("/v1/admin/effects?state=dead").await.body["items"], json!([]));
    assert_eq!(
        owner.get("/v1/admin/effects?state=lost").await.is(422, "validation_failed").fields(),
        ["state"]
    );
    // A second one, and both in pages of one.
    app.anyone().post("/v1/leads", &super::form()).await.ok();
    app.settle().await;
    let first = owner.get("/v1/admin/effects?limit=1").await.body;
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = owner.get(&format!("/v1/admin/effects?limit=1&cursor={cursor}")).await.body;
    assert_eq!(second["items"][0], items[0]);
    assert_eq!(first["items"][0]["cause"], 3);

    let letters = owner.get("/v1/admin/queue/dlq?kind=all&limit=5&offset=0").await;
    let empty = json!({ "items": [], "total": 0, "outbox_dead_count": 0, "export_dead_count": 0 });
    assert_eq!(letters.ok().body, empty);
    for query in ["kind=letters", "limit=101", "offset=-1"] {
        let field = query.split('=').next().unwrap();
        assert_eq!(owner.get(&format!("/v1/admin/queue/dlq?{query}")).await.fields(), [field]);
    }
    assert!(!lead.is_empty());
}
