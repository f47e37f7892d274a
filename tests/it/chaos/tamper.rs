//! Logs changed behind the program's back: its projections stop there, and the verifier names what was done.

use std::time::{Duration, Instant};

use domain::id::OrgId;
use projections::READERS;
use projections::history::checkpoint::{self, SigningKey};
use projections::history::verify::{Effort, Witnesses, verify};
use projections::tenant;
use sqlx::PgConnection;

use super::kill_jobs::LEASE;
use super::office::{Office, PATIENCE};
use super::tables::Tables;
use crate::harness::program::SIGNING_KEY;
use crate::harness::{Served, TestDb};

const LOOK: Duration = Duration::from_millis(10);

/// What is done to a log, what the projections say about it, and what the verifier finds.
struct Case {
    tampering: &'static [&'static str],
    said: &'static str,
    found: (&'static str, i64),
}

const CASES: [Case; 4] = [
    Case {
        tampering: &[
            "update events set payload = (payload::text || ' ')::json where org_id = $1 and position = 20",
        ],
        said: "position 20",
        found: ("changed", 20),
    },
    Case {
        tampering: &["delete from events where org_id = $1 and position = 20"],
        said: "after position 19 comes position 21",
        found: ("missing", 20),
    },
    Case {
        tampering: &[
            "update events set position = 100000 where org_id = $1 and position = 20",
            "update events set position = 20 where org_id = $1 and position = 21",
            "update events set position = 21 where org_id = $1 and position = 100000",
        ],
        said: "position 20",
        found: ("swapped", 20),
    },
    Case {
        tampering: &["delete from events where org_id = $1 and position > 30"],
        said: "ends at position 30",
        found: ("truncated", 31),
    },
];

fn key() -> SigningKey {
    SigningKey::parse(SIGNING_KEY).unwrap()
}

/// Has an organisation worked for a while, and signs what it wrote; the length of its log.
async fn worked(db: &TestDb, api: &Served) -> (OrgId, i64) {
    let office = Office::new(db.organisation().await, &mut db.admin().await).await;
    office.moved(vec![api.url.clone()]);
    let clients = office.open();
    office.progress(40).await;
    office.close(clients).await;
    let mut tx = tenant::begin(&db.app, office.org).await.unwrap();
    let signed = checkpoint::sign_head(&mut tx, office.org, &key(), runner::roles::now()).await;
    tx.commit().await.unwrap();
    let length = "select position from log_heads where org_id = $1";
    assert!(signed.unwrap().is_some());
    let length = sqlx::query_scalar(length).bind(office.org.as_uuid());
    (office.org, length.fetch_one(&mut db.admin().await).await.unwrap())
}

/// Waits until every projection has stopped following the log; what they say.
async fn halted(admin: &mut PgConnection, org: OrgId) -> Vec<String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let reasons: Vec<String> = sqlx::query_scalar(
            "select halted from projection_checkpoints where org_id = $1 and halted is not null",
        )
        .bind(org.as_uuid())
        .fetch_all(&mut *admin)
        .await
        .unwrap();
        if reasons.len() == READERS.len() {
            return reasons;
        }
        assert!(Instant::now() < deadline, "{reasons:?}");
        tokio::time::sleep(LOOK).await;
    }
}

async fn found(db: &TestDb, org: OrgId) -> Option<(&'static str, i64)> {
    let (witnesses, trusted) = (Witnesses::none(org), [key().public()]);
    let report = verify(&db.app, witnesses, &trusted, Effort::default(), |_, _| {}).await;
    let findings = report.unwrap().unwrap().findings;
    findings.first().map(|found| (found.code, found.defect.position()))
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_done_to_a_log_stops_its_projections_and_is_named() {
    let db = TestDb::new().await;
    let mut admin = db.admin().await;
    let api = Served::start("api", &db, &[]).await;
    let (untouched, length) = worked(&db, &api).await;
    let mut tampered = Vec::new();
    for case in CASES {
        let (org, _) = worked(&db, &api).await;
        for statement in case.tampering {
            sqlx::query(statement).bind(org.as_uuid()).execute(&mut admin).await.unwrap();
        }
        tampered.push((org, case));
    }

    let _jobs = Served::start("jobs", &db, &LEASE).await;
    for (org, case) in tampered {
        for reason in halted(&mut admin, org).await {
            assert!(reason.contains(case.said), "{}: {reason}", case.said);
        }
        assert_eq!(found(&db, org).await, Some(case.found));
    }
    Tables::of(&db, untouched).reach(length).await;
    assert_eq!(found(&db, untouched).await, None, "others go on");
}
