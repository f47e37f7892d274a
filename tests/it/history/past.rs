//! Looking back: at a moment, at a list, at one lead.

use domain::sales::lead::Lead;
use projections::history::moment::{self, Moment, MomentError};
use projections::history::{entity, past};
use projections::sales::lead_list::{self, Filter, LeadList, Page, Start};
use projections::{Reader, tenant};
use sqlx::PgConnection;
use sqlx::postgres::PgPoolOptions;

use super::House;
use crate::harness::database::keys;

async fn page(db: &mut PgConnection, house: &House) -> Page {
    lead_list::page(db, house.org, &Filter::default(), Start::Page(1)).await.unwrap()
}

#[tokio::test]
async fn an_instant_means_the_last_event_until_then() {
    let house = House::new().await;
    house.fill(4).await;
    // Simulated times, an hour apart, two events at a time.
    house
        .tamper("update events set recorded_at = 'epoch'::timestamptz + (position / 2) * interval '1 hour' where org_id = $1")
        .await;
    let mut tx = tenant::begin(&house.db.app, house.org).await.unwrap();
    for (hours, expected) in [(0, 1), (1, 3), (2, 5), (8, 17), (100, 17)] {
        for (minutes, expected) in [(-1, expected - 2), (0, expected), (59, expected)] {
            let instant = chrono::DateTime::UNIX_EPOCH
                + chrono::TimeDelta::minutes(i64::from(hours) * 60 + minutes);
            let found =
                moment::resolve(&mut tx, house.org, Moment::Instant(instant)).await.unwrap();
            let expected = if hours == 100 { 17 } else { i64::from(expected).max(0) };
            assert_eq!(found, expected, "{hours} h {minutes} min");
        }
    }
    let later = moment::resolve(&mut tx, house.org, Moment::Position(18)).await;
    assert!(matches!(later, Err(MomentError::NotReached { asked: 18, head: 17 })));
}

#[tokio::test]
async fn the_list_as_of_a_position_is_the_list_that_was_there() {
    let house = House::new().await;
    // One connection, so that statements prepared on it meet live and temporary tables in turn.
    let options = PgPoolOptions::new().max_connections(1);
    let pool = options.connect(&house.db.url("cleaning_app")).await.unwrap();
    let mut seen = Vec::new();
    for name in ["Ann", "Bob", "Cem"] {
        let (lead, _) = house.lead(name).await;
        let position = house.contacted(lead).await;
        house.settle().await;
        let mut tx = tenant::begin(&pool, house.org).await.unwrap();
        seen.push((position, page(&mut tx, &house).await));
    }
    let reader = Reader::of::<LeadList>();
    for _ in 0..2 {
        for (position, expected) in &seen {
            let mut tx = tenant::begin(&pool, house.org).await.unwrap();
            let what = (&reader, lead_list::KINDS);
            past::travel(&mut tx, &keys(), house.org, what, *position).await.unwrap();
            assert_eq!(&page(&mut tx, &house).await, expected, "as of {position}");
            tx.rollback().await.unwrap();
            let mut tx = tenant::begin(&pool, house.org).await.unwrap();
            assert_eq!(page(&mut tx, &house).await.total, 3, "live");
        }
    }
}

#[tokio::test]
async fn a_lead_as_of_a_position_is_the_lead_that_was_there() {
    let house = House::new().await;
    let (lead, first) = house.lead("Ann").await;
    let second = house.contacted(lead).await;
    let mut tx = tenant::begin(&house.db.app, house.org).await.unwrap();
    let mut told = Vec::new();
    for position in [first - 1, first, second] {
        let id = lead.to_string();
        let then = entity::as_of::<Lead>(&mut tx, &keys(), house.org, &id, position).await.unwrap();
        told.push(
            then.map(|then| (then.version, then.state.details().unwrap().status.to_string())),
        );
    }
    let expected = [None, Some((1, "NEW".to_owned())), Some((2, "CONTACTED".to_owned()))];
    assert_eq!(told, expected);
}
