//! History through the persistence trait of `cqrs-es`.

use std::collections::HashMap;

use cqrs_es::persist::{PersistedEventRepository, PersistedEventStore, SerializedEvent};
use cqrs_es::{AggregateContext, EventEnvelope, EventStore};
use domain::sales::lead::{Lead, LeadEvent, Status};
use projections::history::repository::LogRepository;
use serde_json::json;

use super::House;
use crate::harness::database::keys;

/// The position of every event of a lead, and who asked if it says so, as a replay shows them.
async fn replayed(house: &House) -> Vec<(i64, Option<String>)> {
    let mut stream = repository(house).stream_all_events::<Lead>().await.unwrap();
    let mut seen = Vec::new();
    while let Some(event) = stream.next::<Lead>(&[]).await {
        let EventEnvelope { payload, metadata, .. } = event.unwrap();
        let name = match payload {
            LeadEvent::Submitted(submitted) => {
                submitted.contact.open().map(|contact| contact.name.clone())
            }
            _ => None,
        };
        seen.push((metadata["position"].parse().unwrap(), name));
    }
    seen
}

fn repository(house: &House) -> LogRepository {
    LogRepository::new(house.db.app.clone(), house.org, keys())
}

#[tokio::test]
async fn a_replay_shows_every_event_in_the_order_of_the_log() {
    let house = House::new().await;
    let (ann, _) = house.lead("Ann").await;
    house.lead("Bob").await;
    house.contacted(ann).await;

    let rows = replayed(&house).await;
    let names: Vec<_> = rows.iter().filter_map(|(_, name)| name.as_deref()).collect();
    assert_eq!(names, ["Ann", "Bob"]);
    assert_eq!(rows.len(), 3);
    assert!(rows.is_sorted_by(|a, b| a.0 < b.0), "{rows:?}");

    house.erase(ann).await;
    let names: Vec<_> = replayed(&house).await.into_iter().filter_map(|(_, name)| name).collect();
    assert_eq!(names, ["Bob"]);
}

#[tokio::test]
async fn an_aggregate_loads_as_the_bus_left_it_and_cannot_be_written_this_way() {
    let house = House::new().await;
    let (lead, _) = house.lead("Ann").await;
    house.contacted(lead).await;

    let store = PersistedEventStore::<_, Lead>::new_event_store(repository(&house));
    let mut context = store.load_aggregate(&lead.to_string()).await.unwrap();
    assert_eq!(context.aggregate().details().unwrap().status, Status::Contacted);

    let event = SerializedEvent::new(
        lead.to_string(),
        3,
        "lead".into(),
        "lost".into(),
        "1".into(),
        json!({}),
        json!(HashMap::<String, String>::new()),
    );
    let head = house.head().await;
    let refused = repository(&house).persist::<Lead>(&[event], None).await.unwrap_err();
    assert!(refused.to_string().contains("command bus"), "{refused}");
    assert_eq!(house.head().await, head);
}
