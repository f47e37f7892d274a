//! What was tried has a chain of its own, and the signed heads of the log hold that to its word too.

use domain::attempt::{Attempt, Outcome};
use projections::history::checkpoint::{self, Checkpoint};
use projections::tenant;
use serde_json::json;
use uuid::Uuid;

use super::{House, at, signing};
use crate::harness::Program;
use crate::harness::program::SIGNING_KEY;

/// What an administrator of the server can do, whatever the tables say.
const UNGUARDED: &str = "set session_replication_role = replica";

impl House {
    /// So many refusals.
    async fn refused(&self, count: usize) {
        let entries = (0..count).map(|_| {
            let attempt =
                Attempt::of_program(Uuid::now_v7(), self.org, "a.b", Outcome::Denied, &json!({}));
            json!({
                "audit_id": attempt.audit_id, "admin_role": attempt.admin_role,
                "actor": attempt.actor, "action": attempt.action,
                "resource_type": attempt.resource_type, "metadata": attempt.metadata,
                "outcome": "denied",
            })
        });
        let entries: serde_json::Value = entries.collect();
        let mut tx = tenant::begin(&self.db.app, self.org).await.unwrap();
        sqlx::query("select audit.note($1, $2::json)")
            .bind(self.org.as_uuid())
            .bind(entries)
            .execute(&mut *tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }

    async fn sign(&self) -> Result<Option<Checkpoint>, checkpoint::SignError> {
        let mut tx = tenant::begin(&self.db.app, self.org).await.unwrap();
        let signed = checkpoint::sign_head(&mut tx, self.org, &signing::key(), at(0)).await;
        tx.commit().await.unwrap();
        signed
    }

    /// As the owner of the tables, with everything that holds even them put aside.
    async fn forge(&self, statements: &[String]) {
        let mut admin = self.admin().await;
        sqlx::raw_sql(UNGUARDED).execute(&mut admin).await.unwrap();
        let own = format!("set role cleaning_owner; set app.current_org_id = '{}'", self.org);
        sqlx::raw_sql(&own).execute(&mut admin).await.unwrap();
        for statement in statements {
            sqlx::raw_sql(statement).execute(&mut admin).await.unwrap();
        }
    }

    /// How `cleaning history verify` ends and what it says.
    fn proof(&self, more: &[&str]) -> (Option<i32>, String) {
        let app = self.db.url("cleaning_app");
        let set =
            [("APP_ENV", "dev"), ("DATABASE_URL", &*app), ("HISTORY_SIGNING_KEY", SIGNING_KEY)];
        let output = Program::output(&[&["history", "verify"], more].concat(), &set);
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    }
}

/// Cuts off everything behind `number`, and makes the head fit.
fn cut_behind(number: i64) -> Vec<String> {
    vec![
        format!("delete from audit_attempts where number > {number}"),
        format!(
            "update audit_heads h set number = {number}, hash = a.row_hash
             from audit_attempts a where a.org_id = h.org_id and a.number = {number}"
        ),
    ]
}

#[tokio::test]
async fn what_was_changed_removed_or_cut_off_is_named_by_the_program() {
    for (tampering, found) in [
        (
            vec!["update audit_attempts set outcome = 'success' where number = 2".to_owned()],
            "attempt 2 [attempt_changed]",
        ),
        (
            vec!["delete from audit_attempts where number = 2".to_owned()],
            "attempt 2 [attempt_missing]",
        ),
        (
            vec!["delete from audit_attempts where number = 4".to_owned()],
            "attempt 4 [attempts_truncated]",
        ),
        (cut_behind(2), "attempt 3 [attempts_truncated]"),
    ] {
        let house = House::new().await;
        house.fill(1).await;
        house.refused(4).await;
        let signed = house.sign().await.unwrap().unwrap();
        assert_eq!(signed.attempts.map(|attempts| attempts.number), Some(4));
        assert_eq!(house.proof(&[]).0, Some(0), "{}", house.proof(&[]).1);
        house.forge(&tampering).await;
        let (code, said) = house.proof(&[]);
        assert_eq!((code, said.contains(found)), (Some(1), true), "{tampering:?}: {said}");
    }
}

#[tokio::test]
async fn a_chain_that_was_made_anew_is_not_the_one_that_was_signed() {
    let house = House::new().await;
    house.fill(1).await;
    house.refused(3).await;
    let kept = house.sign().await.unwrap().unwrap();
    // Everything is written again, by the very function that wrote it, and the checkpoint in the database is gone.
    let anew = [
        "delete from audit_attempts".to_owned(),
        "delete from audit_heads".to_owned(),
        "delete from chain_checkpoints".to_owned(),
    ];
    house.forge(&anew).await;
    house.refused(3).await;
    assert_eq!(house.proof(&[]).0, Some(0), "nobody here knows better");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), serde_json::to_string(&kept).unwrap()).unwrap();
    let (code, said) = house.proof(&["--checkpoints", file.path().to_str().unwrap()]);
    assert!(code == Some(1) && said.contains("attempt 3 [attempt_changed]"), "{said}");
}

#[tokio::test]
async fn a_log_that_stands_still_is_signed_again_for_what_was_tried() {
    let house = House::new().await;
    house.fill(1).await;
    house.sign().await.unwrap();
    house.refused(1).await;
    let (one, again) = (house.sign().await.unwrap().unwrap(), house.sign().await.unwrap().unwrap());
    assert_eq!((one.position, one.attempts.map(|known| known.number)), (5, Some(1)));
    assert_eq!(one, again, "the same heads are signed once");
    let mut tx = tenant::begin(&house.db.app, house.org).await.unwrap();
    let page = checkpoint::list(&mut tx, house.org, None, 1).await.unwrap();
    assert_eq!(page.len(), 2, "a page ends between positions");
    assert_eq!(page[0], one);
}

#[tokio::test]
async fn what_does_not_hold_behind_the_last_signature_is_not_signed() {
    let house = House::new().await;
    house.fill(1).await;
    house.refused(2).await;
    house.sign().await.unwrap();
    house.refused(2).await;
    house.forge(&["update audit_attempts set actor = 'x' where number = 3".to_owned()]).await;
    let refused = house.sign().await.unwrap_err().to_string();
    assert_eq!(refused, "not signed: entry 3 of what was tried is changed");
    let house = House::new().await;
    house.refused(3).await;
    house.sign().await.unwrap();
    house.forge(&cut_behind(1)).await;
    let refused = house.sign().await.unwrap_err().to_string();
    assert_eq!(refused, "not signed: entry 4 of what was tried is truncated");
}

#[tokio::test]
async fn checkpoints_of_before_still_count_and_are_followed_by_those_of_now() {
    let house = House::new().await;
    house.fill(1).await;
    house.refused(1).await;
    let now = house.sign().await.unwrap().unwrap();
    let first = signing::key().sign(house.org, (now.position, now.hash), None, at(0));
    house
        .forge(&[format!(
            "delete from chain_checkpoints;
             insert into chain_checkpoints (org_id, position, hash, signed_at, key_id, signature)
             values ('{}', {}, decode('{}', 'hex'), '{}', '{}', decode('{}', 'hex'))",
            house.org,
            first.position,
            hex::encode(first.hash),
            first.signed_at,
            first.key_id,
            hex::encode(&first.signature),
        )])
        .await;
    let (code, said) = house.proof(&[]);
    assert!(code == Some(0) && said.contains("by 1 of its witnesses"), "{said}");
    house.sign().await.unwrap();
    let mut tx = tenant::begin(&house.db.app, house.org).await.unwrap();
    let kept = checkpoint::list(&mut tx, house.org, None, 50).await.unwrap();
    assert_eq!(kept, [now, first]);
    house.forge(&cut_behind(0)).await;
    let (code, said) = house.proof(&[]);
    assert!(code == Some(1) && said.contains("attempt 1 [attempts_truncated]"), "{said}");
}
