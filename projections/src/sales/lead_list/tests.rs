//! The fold of the list against the aggregate's own, whole, cut anywhere, and after an erasure.

use cqrs_es::Aggregate;
use domain::sales::lead::view;
use domain::seal;
use serde_json::{Value, json};

use super::*;
use crate::fixture::{LEAD, erased, keys, life, logged, org};

fn folded(events: &[Recorded], keys: &SubjectKeys) -> RowsById {
    let mut rows = RowsById::new();
    let events: Vec<&Recorded> = events.iter().collect();
    assert_eq!(fold(&mut rows, &events, keys), []);
    rows
}

fn item(row: &Row) -> Value {
    json!({
        "lead_id": row.lead_id, "name": row.name, "email": row.email, "phone": row.phone,
        "postal_code": row.postal_code, "preferred_dates": row.preferred_dates, "notes": row.notes,
        "loss_reason": row.loss_reason, "source": row.source, "campaign": row.campaign, "keyword": row.keyword,
        "landing_page": row.landing_page, "created_at": row.created_at, "updated_at": row.updated_at,
        "referrer": row.referrer, "status": row.status, "referral_code": row.referral_code,
        "referred_by_code": row.referred_by_code, "referral_credits": row.referral_credits,
    })
}

/// What a command would answer after `events`.
fn answered(events: &[Recorded], keys: &SubjectKeys) -> Value {
    let mut lead = Lead::default();
    for event in events {
        lead.apply(event.open::<Lead>(keys).unwrap().unwrap());
    }
    view::item(lead.details().unwrap(), 0)
}

#[test]
fn the_list_shows_what_commands_answer_after_every_event_with_and_without_the_key() {
    let log = logged(&life());
    for keys in [keys(), SubjectKeys::new()] {
        for end in 1..=log.len() {
            let rows = folded(&log[..end], &keys);
            assert_eq!(item(&rows[&LEAD]), answered(&log[..end], &keys), "after {end}");
        }
    }
}

#[test]
fn an_erasure_leaves_what_a_rebuild_without_the_key_makes() {
    let log = logged(&life());
    for end in 1..=log.len() {
        let mut log = log[..end].to_vec();
        log.push(erased(100));
        let row = folded(&log, &keys()).remove(&LEAD).unwrap();
        assert_eq!(Some(&row), folded(&log, &SubjectKeys::new()).get(&LEAD), "after {end}");
        let text = item(&row).to_string() + &row.search();
        assert!(["Zo", "Zü", "0199"].iter().all(|part| !text.contains(part)), "{text}");
    }
}

#[test]
fn where_the_log_is_cut_into_batches_does_not_matter() {
    let log = logged(&life());
    let whole = folded(&log, &keys());
    for cut in 0..log.len() {
        let mut rows = RowsById::new();
        for part in [&log[..cut], &log[cut..]] {
            fold(&mut rows, &part.iter().collect::<Vec<_>>(), &keys());
        }
        assert_eq!(rows, whole, "cut at {cut}");
    }
}

#[test]
fn the_fold_of_a_stream_stops_at_an_event_that_does_not_decode() {
    let mut log = logged(&life());
    log[2].payload = r#"{"type":"notes_changed","notes":"Zoë"}"#.to_owned();
    let mut rows = RowsById::new();
    let poison = fold(&mut rows, &log.iter().collect::<Vec<_>>(), &keys());
    assert_eq!(poison.len(), 1);
    assert_eq!((poison[0].position, rows[&LEAD].position), (3, 2));
    assert!(!poison[0].reason.contains("Zoë"), "{}", poison[0].reason);
}

#[test]
fn a_value_sealed_for_somebody_else_parks_the_stream() {
    let log = logged(&life()[..1]);
    let other = seal::SubjectKey::new(org(), LEAD.into(), [4; 32]);
    let mut rows = RowsById::new();
    let poison = fold(&mut rows, &[&log[0]], &SubjectKeys::from([(LEAD.into(), other)]));
    assert_eq!((poison.len(), rows.len()), (1, 0));
}

#[test]
fn a_search_finds_letters_beyond_ascii_in_any_case() {
    let rows = folded(&logged(&life()[..1]), &keys());
    let search = rows[&LEAD].search();
    for part in ["ÅNGSTRÖM", "zoe@EXAMPLE", "555 01", &LEAD.to_string()] {
        assert!(search.contains(&part.to_lowercase()), "{part} in {search}");
    }
}

#[test]
fn debug_output_shows_nobody() {
    let rows = folded(&logged(&life()), &keys());
    assert!(!format!("{:?}", rows[&LEAD]).contains("Zo"));
}
