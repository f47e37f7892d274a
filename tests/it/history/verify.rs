//! A planted change, skip, swap or removed tail is found in the database and in an export, and named.

use projections::history::checkpoint::{self, SigningKey};
use projections::history::export;
use projections::history::verify::{Anchor, Effort, Report, Witnesses, verify, verify_export};
use projections::tenant;

use super::{House, at};

fn key() -> SigningKey {
    SigningKey::parse("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=").unwrap()
}

impl House {
    /// Verifies in small steps, so that defects fall on and between them.
    async fn verified(&self) -> Report {
        let effort = Effort { events: 7, bytes: 1 << 20 };
        let trusted = [key().public()];
        let witnesses = Witnesses::none(self.org);
        verify(&self.db.app, witnesses, &trusted, effort, |_, _| {}).await.unwrap().unwrap()
    }

    async fn found(&self) -> Vec<(&'static str, i64)> {
        let findings = self.verified().await.findings;
        findings.iter().map(|found| (found.code, found.defect.position())).collect()
    }

    async fn signed(&self) {
        let mut tx = tenant::begin(&self.db.app, self.org).await.unwrap();
        checkpoint::sign_head(&mut tx, self.org, &key(), at(0)).await.unwrap().unwrap();
        tx.commit().await.unwrap();
    }

    async fn exported(&self) -> Vec<u8> {
        let mut file = Vec::new();
        let key = key();
        export::write(&self.db.app, self.org, Some(&key), at(0), &mut file, |_, _| {})
            .await
            .unwrap();
        file
    }
}

#[tokio::test]
async fn an_untouched_log_is_clean_and_confirmed_by_its_checkpoints() {
    let house = House::new().await;
    house.fill(5).await;
    house.signed().await;
    house.fill(5).await;
    house.signed().await;
    house.signed().await;
    let report = house.verified().await;
    assert!(report.is_clean(), "{:?}", report.findings);
    assert_eq!((report.events, report.confirmed_by, report.confirmed_upto), (41, 2, 41));
}

#[tokio::test]
async fn a_changed_byte_is_found() {
    let house = House::new().await;
    house.fill(5).await;
    house
        .tamper("update events set payload = (payload::text || ' ')::json where org_id = $1 and position = 8")
        .await;
    assert_eq!(house.found().await, [("changed", 8)]);
}

#[tokio::test]
async fn a_removed_event_is_found_with_the_stream_it_is_missing_from() {
    let house = House::new().await;
    house.fill(5).await;
    house.tamper("delete from events where org_id = $1 and position = 7").await;
    assert_eq!(house.found().await, [("missing", 7), ("sequence_broken", 8)]);
}

#[tokio::test]
async fn a_swapped_pair_is_found() {
    let house = House::new().await;
    house.fill(5).await;
    for (from, to) in [(4, 1000), (15, 4), (1000, 15)] {
        let swap =
            format!("update events set position = {to} where org_id = $1 and position = {from}");
        house.tamper(&swap).await;
    }
    assert_eq!(house.found().await, [("swapped", 4)]);
}

#[tokio::test]
async fn a_removed_tail_is_found_even_if_the_head_was_moved_with_it() {
    let house = House::new().await;
    house.fill(5).await;
    house.signed().await;
    house.tamper("delete from events where org_id = $1 and position > 18").await;
    assert_eq!(house.found().await, [("truncated", 19)]);
    house
        .tamper(
            "update log_heads h set position = e.position, hash = e.hash
             from events e where h.org_id = $1 and e.org_id = $1 and e.position = 18",
        )
        .await;
    assert_eq!(house.found().await, [("truncated", 19)]);
}

#[tokio::test]
async fn a_broken_chain_is_not_signed() {
    let house = House::new().await;
    house.fill(2).await;
    house.tamper("delete from events where org_id = $1 and position = 3").await;
    let mut tx = tenant::begin(&house.db.app, house.org).await.unwrap();
    let signed = checkpoint::sign_head(&mut tx, house.org, &key(), at(0)).await;
    assert!(signed.unwrap_err().to_string().contains("after position 2 comes position 4"));
}

#[tokio::test]
async fn an_export_proves_itself_and_a_database() {
    let house = House::new().await;
    house.fill(6).await;
    let file = house.exported().await;
    let trusted = [key().public()];
    let mut witnesses = Witnesses::none(house.org);
    let (header, report) = verify_export(file.as_slice(), &trusted, &[], |event| {
        witnesses.add_anchors([Anchor::exported(event)]);
    })
    .unwrap();
    assert!(report.is_clean(), "{:?}", report.findings);
    assert_eq!((header.org, report.events, report.confirmed_upto), (house.org, 25, 25));

    // Whoever rewrites an event together with everything after it is still found by the export.
    house.fill(1).await;
    house.tamper("update events set hash = sha256(hash) where org_id = $1 and position = 9").await;
    let report = verify(&house.db.app, witnesses, &trusted, Effort::default(), |_, _| {}).await;
    let report = report.unwrap().unwrap();
    let found: Vec<_> = report.findings.iter().map(|f| (f.code, f.defect.position())).collect();
    assert_eq!(found, [("hash_changed", 9)]);
}

#[tokio::test]
async fn a_damaged_log_is_exported_unsigned() {
    let house = House::new().await;
    house.fill(2).await;
    house.tamper("delete from events where org_id = $1 and position = 3").await;
    let file = house.exported().await;
    let (_, report) = verify_export(file.as_slice(), &[key().public()], &[], |_| {}).unwrap();
    let codes: Vec<_> = report.findings.iter().map(|found| found.code).collect();
    assert_eq!(codes, ["missing", "sequence_broken", "unsigned"]);
}

#[tokio::test]
async fn another_organisation_sees_no_log_at_all() {
    let house = House::new().await;
    house.fill(1).await;
    let stranger = Witnesses::none(uuid::Uuid::now_v7().into());
    let report = verify(&house.db.app, stranger, &[], Effort::default(), |_, _| {}).await.unwrap();
    assert!(report.is_none());
}
