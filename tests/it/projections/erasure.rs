//! An erased person is gone from the read models, and a rebuild afterwards makes the same rows.

use domain::id::OrgId;
use domain::sales::lead::view;
use projections::READERS;
use projections::sales::{lead_detail, lead_list};
use projections::{entity_timeline, tenant};
use uuid::Uuid;

use super::leads::{SECRETS, life};
use super::setting::{Setting, reader};
use crate::harness::database::keys;

#[tokio::test]
async fn erasing_wipes_the_rows_and_a_rebuild_finds_the_same() {
    let setting = Setting::new().await;
    let mut log = setting.log().await;
    let (gone, kept) = (Uuid::new_v4(), Uuid::new_v4());
    for lead in [gone, kept] {
        for event in life(lead) {
            log.lead(lead, &event).await;
        }
    }
    setting.settle(READERS).await;
    let before = setting.rows("lead_list").await.concat();
    assert!(SECRETS.iter().all(|secret| before.contains(secret)), "{before}");

    log.erase(gone).await;
    setting.settle(READERS).await;
    let live = setting.rows("lead_list").await;
    let of_gone = live.iter().find(|row| row.contains(&gone.to_string())).unwrap();
    assert!(SECRETS.iter().all(|secret| !of_gone.contains(secret)), "{of_gone}");
    assert!(live.concat().contains(SECRETS[0]), "the other lead stays");

    for (table, projection) in [
        ("lead_list", "lead_list"),
        ("lead_detail", "lead_detail"),
        ("entity_timeline", "entity_timeline"),
        ("audit_entries", "audit_log"),
    ] {
        let live = setting.rows(table).await;
        setting.forget(table, projection).await;
        setting.settle(&[reader(projection)]).await;
        assert_eq!(setting.rows(table).await, live, "{table}");
        assert!(!live.is_empty());
    }
}

/// All that the queries show of a lead as text, and in how many lines of the list its name is found.
async fn shown(setting: &Setting, org: OrgId, lead: Uuid) -> (String, i64) {
    let mut tx = tenant::begin(&setting.pool, org).await.unwrap();
    let found = lead_detail::find(&mut tx, &keys(), org, lead.into()).await.unwrap().unwrap();
    let id = lead.to_string();
    let stream = (org, "lead", id.as_str());
    let entries = entity_timeline::page(&mut tx, &keys(), stream, None, 100).await.unwrap();
    let filter = lead_list::Filter { query: Some("ZOË".to_owned()), ..Default::default() };
    let list = lead_list::page(&mut tx, org, &filter, lead_list::Start::Page(1)).await.unwrap();
    let state = serde_json::to_string(&view::detail(found.lead.details().unwrap(), 0)).unwrap();
    (state + &serde_json::to_string(&entries).unwrap(), list.total)
}

#[tokio::test]
async fn queries_open_what_is_left_and_no_more() {
    let setting = Setting::new().await;
    let mut log = setting.log().await;
    let lead = Uuid::new_v4();
    for event in life(lead) {
        log.lead(lead, &event).await;
    }
    setting.settle(READERS).await;
    let (text, total) = shown(&setting, log.org, lead).await;
    assert!(SECRETS.iter().all(|secret| text.contains(secret)), "{text}");
    assert_eq!(total, 1);

    // The key is gone at once, whether the read models have met the event or not.
    log.erase(lead).await;
    let (text, _) = shown(&setting, log.org, lead).await;
    assert!(SECRETS.iter().all(|secret| !text.contains(secret)), "{text}");
    assert!(text.contains("[erased]"));
    setting.settle(READERS).await;
    let (_, total) = shown(&setting, log.org, lead).await;
    assert_eq!(total, 0);
}
