//! What operators decide about read models is part of history, with its reason.

use projections::history::log;
use projections::tenant;
use serde_json::Value;

use super::House;
use crate::harness::Program;
use crate::harness::database::MASTER_KEY;

impl House {
    fn cli(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let (app, worker) = (self.db.url("cleaning_app"), self.db.url("cleaning_worker"));
        let environment = [
            ("APP_ENV", "dev"),
            ("DATABASE_URL", &*app),
            ("DATABASE_WORKER_URL", &*worker),
            ("PII_MASTER_KEY", MASTER_KEY),
        ];
        let output = Program::output(arguments, &environment);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }

    async fn newest(&self) -> (String, Value, Value) {
        let mut tx = tenant::begin(&self.db.app, self.org).await.unwrap();
        let head = log::head(&mut tx, self.org).await.unwrap().unwrap().position;
        let event = log::at(&mut tx, self.org, head).await.unwrap().unwrap();
        let read = |text: &str| serde_json::from_str(text).unwrap();
        (event.event_type.clone(), read(&event.payload), read(&event.metadata))
    }
}

#[tokio::test]
async fn a_halted_projection_goes_on_with_a_reason_only() {
    let house = House::new().await;
    house.fill(1).await;
    house.settle().await;
    let org = house.org.to_string();
    let resume = ["projections", "resume", "lead_list", "--org", &org];
    let with_reason = |reason| [&resume[..], &["--reason", reason]].concat();

    let (code, said) = house.cli(&with_reason("restored from backup"));
    assert!(code == Some(2) && said.contains("is not halted"), "{said}");
    house.tamper("update projection_checkpoints set halted = 'planted' where org_id = $1 and projection = 'lead_list'").await;
    assert_eq!(house.cli(&resume).0, Some(2));
    assert_eq!(house.cli(&with_reason("\u{200b}")).0, Some(2));
    assert_eq!(house.newest().await.0, "timeline_entry_added");

    assert_eq!(house.cli(&with_reason("restored from backup")), (Some(0), String::new()));
    let (kind, payload, metadata) = house.newest().await;
    assert_eq!(
        (kind.as_str(), &payload["projection"]),
        ("projection_resumed", &"lead_list".into())
    );
    assert_eq!(
        (&payload["reason"], &metadata["reason"]),
        (&"restored from backup".into(), &"restored from backup".into())
    );
    house.settle().await;
}
