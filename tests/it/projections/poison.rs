//! An event that cannot be applied stops its stream for that projection, and nothing else.

use std::sync::atomic::{AtomicBool, Ordering};

use domain::sales::lead::LeadEvent;
use projections::entity_timeline::EntityTimeline;
use projections::{Batch, Parking, Poison, Projection, Reader};
use sqlx::PgConnection;
use uuid::Uuid;

use super::leads::{at, noted, submitted};
use super::log::STAFF;
use super::setting::{Setting, reader};

/// A timeline that cannot apply `odd` events until it was repaired, and panics on `bad` ones.
struct Picky;

static REPAIRED: AtomicBool = AtomicBool::new(false);

impl Projection for Picky {
    const NAME: &'static str = "picky";
    const VERSION: i32 = 1;
    const TABLES: &'static [&'static str] = &["entity_timeline"];

    async fn apply(db: &mut PgConnection, batch: &Batch<'_>) -> Result<Vec<Poison>, sqlx::Error> {
        let mut parking = Parking::default();
        let mut fit = Vec::new();
        for &event in batch.events {
            assert_ne!(event.event_type, "bad");
            let is_odd = event.event_type == "odd" && !REPAIRED.load(Ordering::SeqCst);
            if is_odd && !parking.holds(event) {
                parking.park(event, "odd");
            }
            if !parking.holds(event) {
                fit.push(event);
            }
        }
        EntityTimeline::apply(db, &batch.with(&fit)).await?;
        Ok(parking.into_poison())
    }
}

#[tokio::test]
async fn a_parked_stream_waits_while_others_go_on_and_a_retry_replays_it() {
    let setting = Setting::new().await;
    let mut log = setting.log().await;
    let picky = [Reader::of::<Picky>()];
    log.append(("thing", "a"), "even", "{}", STAFF).await;
    let odd = log.append(("thing", "a"), "odd", "{}", STAFF).await;
    log.append(("thing", "b"), "even", "{}", STAFF).await;
    log.fill(20).await;
    let later = log.append(("thing", "a"), "even", "{}", STAFF).await;
    setting.settle(&picky).await;
    let expected: Vec<i64> = (1..=later).filter(|p| *p != odd && *p != later).collect();
    assert_eq!(setting.timeline(log.org).await, expected);
    assert_eq!(setting.parked(log.org).await, [(odd, "odd".to_owned(), 1)]);

    log.decide("parked_retried", "picky", ("thing", "a"), odd).await;
    setting.settle(&picky).await;
    assert_eq!(setting.parked(log.org).await, [(odd, "odd".to_owned(), 2)]);

    REPAIRED.store(true, Ordering::SeqCst);
    let last = log.decide("parked_retried", "picky", ("thing", "a"), odd).await;
    setting.settle(&picky).await;
    assert_eq!(setting.parked(log.org).await, []);
    assert_eq!(setting.timeline(log.org).await, (1..=last).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_panic_parks_the_stream_and_tells_no_values() {
    let setting = Setting::new().await;
    let mut log = setting.log().await;
    log.append(("thing", "a"), "even", "{}", STAFF).await;
    let bad = log.append(("thing", "b"), "bad", r#"{"secret":"Zoë"}"#, STAFF).await;
    log.append(("thing", "a"), "even", "{}", STAFF).await;
    setting.settle(&[Reader::of::<Picky>()]).await;
    assert_eq!(setting.timeline(log.org).await, [1, 3]);
    let parked = setting.parked(log.org).await;
    assert_eq!(parked[0].0, bad);
    assert!(parked[0].1.contains("panicked") && !parked[0].1.contains("Zoë"), "{parked:?}");
}

#[tokio::test]
async fn data_that_the_database_refuses_parks_the_stream_and_a_skip_leaves_the_event_out_for_ever()
{
    let setting = Setting::new().await;
    let mut log = setting.log().await;
    let (lead, other) = (Uuid::new_v4(), Uuid::new_v4());
    let list = [reader("lead_list")];
    log.lead(lead, &submitted(lead)).await;
    // Text of the database cannot hold this, sealed JSON can.
    let nul = log.lead(lead, &noted(lead, "Zoë\0")).await;
    log.lead(lead, &LeadEvent::Contacted { at: at(9) }).await;
    log.lead(other, &submitted(other)).await;
    setting.settle(&list).await;
    let parked = setting.parked(log.org).await;
    assert_eq!((parked.len(), parked[0].0), (1, nul));
    assert!(parked[0].1.contains("22021") && !parked[0].1.contains("Zoë"), "{parked:?}");
    assert_eq!(setting.rows("lead_list").await.len(), 2, "the part before it and the other lead");

    log.decide("parked_skipped", "lead_list", ("lead", lead), nul + 1).await;
    setting.settle(&list).await;
    assert_eq!(setting.parked(log.org).await.len(), 1, "that was another position");

    log.decide("parked_skipped", "lead_list", ("lead", lead), nul).await;
    setting.settle(&list).await;
    assert_eq!(setting.parked(log.org).await, []);
    let rows = setting.rows("lead_list").await;
    assert!(rows.iter().any(|row| row.contains("CONTACTED")), "{rows:?}");

    setting.forget("lead_list", "lead_list").await;
    setting.settle(&list).await;
    assert_eq!(setting.rows("lead_list").await, rows, "a rebuild honours the skip");
    assert_eq!(setting.parked(log.org).await, []);
}

#[tokio::test]
async fn an_event_whose_origin_is_unreadable_is_parked() {
    let setting = Setting::new().await;
    let mut log = setting.log().await;
    log.append(("thing", "a"), "even", "{}", "{}").await;
    log.append(("thing", "b"), "even", "{}", STAFF).await;
    setting.settle(&[reader("entity_timeline")]).await;
    assert_eq!(setting.timeline(log.org).await, [2]);
    assert_eq!(setting.parked(log.org).await.len(), 1);
}
