//! Who is told by letter what becomes of a visit: its customer, and the workers who were to go there.
//!
//! Names and addresses are looked up when a letter is sent, so none of them is old.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use strum::{Display, EnumString, IntoStaticStr};

use super::Intent;
use super::office::{Matter, told};
use crate::id::{BookingId, ClientId, WorkerId};
use crate::scheduling::booking::{BookingEvent, Origin, Placement};

/// The kind of the mail that tells customers that somebody will come.
pub const BOOKING_CONFIRMED: &str = "email.booking_confirmed";

/// The kind of the mail that reminds customers of it.
pub const BOOKING_REMINDER: &str = "email.booking_reminder";

/// The kind of the mail that tells customers that a visit is asked for and not promised yet.
pub const BOOKING_PENDING: &str = "email.booking_pending";

/// The kind of the mail that tells customers that a visit is at another time.
pub const BOOKING_MOVED: &str = "email.booking_moved";

/// The kind of the mail that tells customers that nobody comes, and what becomes of their money.
pub const BOOKING_CANCELLED: &str = "email.booking_cancelled";

/// The kind of the mail that tells customers that nobody comes because their deposit did not.
pub const BOOKING_EXPIRED: &str = "email.booking_expired";

/// The kind of the mail that thanks customers, and asks how it was.
pub const BOOKING_COMPLETED: &str = "email.booking_completed";

/// The kind of the mail that tells a worker what changed about a visit of theirs.
pub const CREW_NOTICE: &str = "email.crew_notice";

/// What changed for a worker.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Display, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CrewNews {
    /// They go there.
    Assigned,
    /// They go there at another time.
    Moved,
    /// They do not go there any more.
    Removed,
    /// Nobody goes there any more.
    Cancelled,
}

/// The letters that follow from what happened to a booking.
pub(super) fn letters(booking: BookingId, event: &BookingEvent) -> Vec<Intent> {
    use BookingEvent as E;

    let about = |kind, key: String| letter(kind, key, json!({ "booking_id": booking }));
    match event {
        E::Requested(asked) => {
            let asks_themselves = matches!(asked.origin, Origin::Public | Origin::Client);
            let pending = || about(BOOKING_PENDING, format!("{BOOKING_PENDING}:{booking}"));
            let crew = crew(booking, None, Some(&asked.placement), asked.at);
            asks_themselves.then(pending).into_iter().chain(crew).collect()
        }
        E::Confirmed { .. } => {
            vec![about(BOOKING_CONFIRMED, format!("{BOOKING_CONFIRMED}:{booking}"))]
        }
        E::ReminderDue { starts_at, .. } => {
            let key = format!("{BOOKING_REMINDER}:{booking}@{}", starts_at.timestamp());
            vec![about(BOOKING_REMINDER, key)]
        }
        E::Rescheduled { placement, before, at, .. } => {
            let starts_at = placement.window.starts_at;
            let key = format!("{BOOKING_MOVED}:{booking}@{}", at.timestamp_micros());
            let payload = json!({ "booking_id": booking, "starts_at": starts_at });
            let moved =
                (starts_at != before.window.starts_at).then(|| letter(BOOKING_MOVED, key, payload));
            let crew = crew(booking, Some(before), Some(placement), *at);
            moved.into_iter().chain(crew).collect()
        }
        E::TeamAssigned { placement, before, at }
        | E::CrewAssigned { placement, before, at }
        | E::CrewCleared { placement, before, at } => {
            crew(booking, Some(before), Some(placement), *at)
        }
        E::Completed { .. } => {
            vec![about(BOOKING_COMPLETED, format!("{BOOKING_COMPLETED}:{booking}"))]
        }
        E::Cancelled { settlement, crew, at, .. } => {
            let payload = json!({
                "booking_id": booking,
                "refund_cents": settlement.refund_cents,
                "fee_cents": settlement.fee_cents,
            });
            let once = format!("{BOOKING_CANCELLED}:{booking}");
            let customer = letter(BOOKING_CANCELLED, once, payload);
            std::iter::once(customer).chain(nobody_goes(booking, crew, *at)).collect()
        }
        E::Expired { crew, at } => {
            let customer = about(BOOKING_EXPIRED, format!("{BOOKING_EXPIRED}:{booking}"));
            std::iter::once(customer).chain(nobody_goes(booking, crew, *at)).collect()
        }
        E::ClientChanged { client, .. } => vec![promised_to(booking, *client)],
        E::NoShow { starts_at, .. } => {
            let about = format!("{booking}@{}", starts_at.timestamp());
            vec![told(Matter::NoShow, &about, &booking.to_string())]
        }
        _ => Vec::new(),
    }
}

/// Whoever it is for now has not been told that somebody comes; nothing is sent while nobody does.
fn promised_to(booking: BookingId, client: ClientId) -> Intent {
    let key = format!("{BOOKING_CONFIRMED}:{booking}:{client}");
    letter(BOOKING_CONFIRMED, key, json!({ "booking_id": booking }))
}

fn letter(kind: &'static str, dedupe_key: String, payload: Value) -> Intent {
    Intent::Effect { kind, dedupe_key, payload }
}

fn nobody_goes(booking: BookingId, crew: &[WorkerId], at: DateTime<Utc>) -> Vec<Intent> {
    let told = crew.iter().map(|worker| notice((booking, at), *worker, CrewNews::Cancelled, None));
    told.collect()
}

/// What each worker has to know of a change.
fn crew(
    booking: BookingId,
    before: Option<&Placement>,
    after: Option<&Placement>,
    at: DateTime<Utc>,
) -> Vec<Intent> {
    let of =
        |placement: Option<&Placement>| placement.map_or(&[][..], |it| it.crew.as_slice()).to_vec();
    let (went, goes) = (of(before), of(after));
    let [began, begins] = [before, after].map(|one| one.map(|it| it.window.starts_at));
    let news = |worker: &WorkerId| match (went.contains(worker), began != begins) {
        (false, _) => Some(CrewNews::Assigned),
        (true, true) => Some(CrewNews::Moved),
        (true, false) => None,
    };
    let told = goes.iter().filter_map(|worker| Some((*worker, news(worker)?, begins)));
    // Whoever does not go any more knows the visit by the time that it was at.
    let gone = went.iter().filter(|worker| !goes.contains(worker));
    let gone = gone.map(|worker| (*worker, CrewNews::Removed, began));
    let all = told.chain(gone);
    all.map(|(worker, news, when)| notice((booking, at), worker, news, when)).collect()
}

/// `starts_at` is that of the visit that is told of, where its own may have changed by the time somebody reads it.
fn notice(
    (booking, at): (BookingId, DateTime<Utc>),
    worker: WorkerId,
    news: CrewNews,
    starts_at: Option<DateTime<Utc>>,
) -> Intent {
    let once = format!("{CREW_NOTICE}:{booking}:{worker}:{news}@{}", at.timestamp_micros());
    let about = json!({
        "booking_id": booking, "worker_id": worker, "news": news, "starts_at": starts_at,
    });
    letter(CREW_NOTICE, once, about)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use uuid::Uuid;

    use super::*;
    use crate::scheduling::booking::Party;
    use crate::scheduling::terms::cancellation::{Notice, Settlement};
    use crate::scheduling::window::Window;

    fn at(hours: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(hours)
    }

    fn worker(number: u128) -> WorkerId {
        Uuid::from_u128(number).into()
    }

    fn placed(hours: i64, crew: &[u128]) -> Placement {
        Placement {
            team: Uuid::from_u128(2).into(),
            window: Window::of_minutes(at(hours), 120),
            buffer_minutes: 30,
            lead_worker: None,
            crew: crew.iter().map(|one| worker(*one)).collect(),
        }
    }

    fn rescheduled(before: Placement, placement: Placement) -> BookingEvent {
        let (by, fee_cents, forced) = (Party::Staff, 0, None);
        let (decided_by, at) = ("economy/v1".to_owned(), at(1));
        BookingEvent::Rescheduled { placement, before, by, fee_cents, decided_by, forced, at }
    }

    fn told(event: &BookingEvent) -> Vec<(&'static str, Value)> {
        let letters = letters(Uuid::from_u128(1).into(), event);
        let said = letters.into_iter().map(|intent| match intent {
            Intent::Effect { kind, mut payload, .. } => (kind, payload["news"].take()),
            other => panic!("{other:?}"),
        });
        said.collect()
    }

    #[test]
    fn each_worker_is_told_what_changed_for_them_and_nothing_else() {
        let (before, placement) = (placed(100, &[1, 2]), placed(100, &[2, 3]));
        let event = BookingEvent::CrewAssigned { placement, before, at: at(1) };
        assert_eq!(
            told(&event),
            [(CREW_NOTICE, json!("assigned")), (CREW_NOTICE, json!("removed"))]
        );
        let (before, placement) = (placed(100, &[1]), placed(200, &[1]));
        let event = rescheduled(before, placement);
        assert_eq!(told(&event), [(BOOKING_MOVED, Value::Null), (CREW_NOTICE, json!("moved"))]);
    }

    #[test]
    fn a_visit_that_is_only_longer_is_at_the_same_time() {
        let (before, mut placement) = (placed(100, &[]), placed(100, &[]));
        placement.window = Window::of_minutes(at(100), 240);
        let event = rescheduled(before, placement);
        assert_eq!(told(&event), []);
    }

    #[test]
    fn everybody_is_told_that_nobody_goes() {
        let (refund_percent, refund_cents, fee_cents) = (100, 7_000, 0);
        let settlement =
            Settlement { notice: Notice::Free, refund_percent, refund_cents, fee_cents };
        let crew = vec![worker(1), worker(2)];
        let event =
            BookingEvent::Cancelled { by: Party::Staff, reason: None, settlement, crew, at: at(1) };
        let cancelled = (CREW_NOTICE, json!("cancelled"));
        let all = [(BOOKING_CANCELLED, Value::Null), cancelled.clone(), cancelled.clone()];
        assert_eq!(told(&event), all);
        let expired = BookingEvent::Expired { crew: vec![worker(1)], at: at(1) };
        assert_eq!(told(&expired), [(BOOKING_EXPIRED, Value::Null), cancelled]);
    }

    #[test]
    fn whoever_is_taken_off_knows_the_visit_by_the_time_that_it_was_at() {
        let (before, placement) = (placed(100, &[1]), placed(200, &[2]));
        let event = rescheduled(before, placement);
        let letters = letters(Uuid::from_u128(1).into(), &event);
        let when = |intent: &Intent| match intent {
            Intent::Effect { kind: CREW_NOTICE, payload, .. } => payload["starts_at"].clone(),
            other => panic!("{other:?}"),
        };
        let [goes, gone] = [&letters[1], &letters[2]].map(when);
        assert_eq!((goes, gone), (json!(at(200)), json!(at(100))));
    }

    #[test]
    fn the_same_news_twice_are_two_letters_and_the_same_event_is_one() {
        let key = |now| {
            let (before, placement) = (placed(100, &[]), placed(100, &[3]));
            let event = BookingEvent::CrewAssigned { placement, before, at: at(now) };
            match letters(Uuid::from_u128(1).into(), &event).remove(0) {
                Intent::Effect { dedupe_key, .. } => dedupe_key,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(key(1), key(1));
        assert_ne!(key(1), key(2));
    }
}
