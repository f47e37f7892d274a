//! What the program says about a log that was tampered with, and that it signs none.

use projections::history::checkpoint::SigningKey;
use projections::history::log;
use projections::tenant;
use serde_json::Value;
use uuid::Uuid;

use super::{House, at};
use crate::harness::Program;
use crate::harness::program::SIGNING_KEY;

/// How it ended and what it said.
pub(super) struct Told {
    pub(super) code: Option<i32>,
    pub(super) said: String,
}

impl Told {
    fn json(&self) -> Value {
        serde_json::from_str(&self.said).unwrap()
    }
}

impl House {
    pub(super) fn run(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Told {
        let app = self.db.url("cleaning_app");
        let all = [&[("APP_ENV", "dev"), ("DATABASE_URL", &*app)], environment].concat();
        let output = Program::output(arguments, &all);
        Told { code: output.status.code(), said: String::from_utf8(output.stdout).unwrap() }
    }

    fn keyed(&self, arguments: &[&str]) -> Told {
        self.run(arguments, &[("HISTORY_SIGNING_KEY", SIGNING_KEY)])
    }

    /// Exports the log; the exit code and the last line.
    fn last_line(&self) -> (Option<i32>, Value) {
        let told = self.keyed(&["events", "export", "--org", &self.org.to_string()]);
        (told.code, serde_json::from_str(told.said.lines().last().unwrap()).unwrap())
    }

    /// Makes chain and head fit whatever is stored, as somebody who may write everything can.
    async fn relink(&self) {
        let mut tx = tenant::begin(&self.db.app, self.org).await.unwrap();
        let events = log::page(&mut tx, self.org, 0, log::PAGE).await.unwrap();
        let mut admin = self.admin().await;
        let mut hash = domain::chain::genesis(self.org);
        for event in events {
            hash = event.expected_hash(&hash);
            sqlx::query("update events set hash = $3 where org_id = $1 and position = $2")
                .bind(self.org.as_uuid())
                .bind(event.position)
                .bind(hash.to_vec())
                .execute(&mut admin)
                .await
                .unwrap();
        }
        self.tamper(
            "update log_heads h set position = e.position, hash = e.hash from events e
             where h.org_id = $1 and e.org_id = $1
               and e.position = (select max(position) from events where org_id = $1)",
        )
        .await;
    }
}

#[tokio::test]
async fn no_export_is_signed_that_a_stored_checkpoint_contradicts() {
    let tampering = [
        "delete from events where org_id = $1 and position > 5",
        "update events set payload = (payload::text || ' ')::json where org_id = $1 and position = 4",
    ];
    for statement in tampering {
        let house = House::new().await;
        house.fill(2).await;
        let (code, end) = house.last_line();
        assert_eq!((code, end["checkpoint"].is_object()), (Some(0), true), "{end}");
        assert_eq!(house.keyed(&["history", "checkpoint"]).code, Some(0));
        house.tamper(statement).await;
        house.relink().await;
        let (code, end) = house.last_line();
        assert_eq!((code, end["head"].is_object()), (Some(1), true), "{statement}: {end}");
    }
}

#[tokio::test]
async fn a_checkpoint_of_an_organisation_that_is_gone_is_a_finding() {
    let house = House::new().await;
    let gone = Uuid::now_v7();
    let key = SigningKey::parse(SIGNING_KEY).unwrap();
    let kept = tempfile::NamedTempFile::new().unwrap();
    let line = serde_json::to_string(&key.sign(gone.into(), (9, [7; 32]), None, at(0))).unwrap();
    std::fs::write(kept.path(), line).unwrap();
    let verify = ["history", "verify", "--checkpoints", kept.path().to_str().unwrap()];
    let told = house.keyed(&verify);
    assert_eq!(told.code, Some(1), "{}", told.said);
    let named = format!("organisation {gone}: 0 events, NOT CLEAN");
    assert!(told.said.contains(&named) && told.said.contains("[truncated]"), "{}", told.said);

    // Whoever asks about one organisation is told about that one.
    let org = house.org.to_string();
    assert_eq!(house.keyed(&[&verify[..], &["--org", &org]].concat()).code, Some(0));
}

#[tokio::test]
async fn signatures_that_nobody_checked_confirm_nothing() {
    let house = House::new().await;
    for _ in 0..2 {
        house.fill(1).await;
        assert_eq!(house.keyed(&["history", "checkpoint"]).code, Some(0));
    }
    let told = house.run(&["history", "verify"], &[]).said;
    assert!(told.contains("2 signatures were not checked: no key"), "{told}");
    assert!(!told.contains("confirmed up to"), "{told}");
    let report =
        house.run(&["history", "verify", "--json"], &[]).json()["organisations"][0].clone();
    assert_eq!((&report["confirmed_by"], &report["unchecked_signatures"]), (&0.into(), &2.into()));

    let told = house.keyed(&["history", "verify"]).said;
    assert!(told.contains("confirmed up to position 9 by 2 of its witnesses"), "{told}");
    assert!(!told.contains("not checked"), "{told}");
}

#[tokio::test]
async fn a_log_without_a_head_is_a_finding_and_the_others_are_verified() {
    let house = House::new().await;
    house.fill(1).await;
    let (empty, whole) = (house.db.organisation().await, house.db.organisation().await);
    house.tamper("delete from log_heads where org_id = $1").await;
    for table in ["log_heads", "events"] {
        sqlx::query(&format!("delete from {table} where org_id = $1"))
            .bind(empty.as_uuid())
            .execute(&mut house.admin().await)
            .await
            .unwrap();
    }
    let told = house.keyed(&["history", "verify", "--json"]);
    assert_eq!(told.code, Some(1), "{}", told.said);
    let reports = told.json()["organisations"].clone();
    let found = |org: domain::id::OrgId| {
        let reports = reports.as_array().unwrap();
        let report = reports.iter().find(|one| one["org"] == org.to_string()).unwrap();
        (report["events"].clone(), report["findings"][0]["code"].clone())
    };
    assert_eq!(found(house.org), (5.into(), "headless".into()));
    assert_eq!(found(empty), (0.into(), "headless".into()));
    assert_eq!(found(whole), (1.into(), Value::Null));
}
