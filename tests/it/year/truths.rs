//! What must hold after everything that is asked, seen from the log and from what the log holds on to.

use std::collections::HashMap;

use super::books::Books;
use super::money::Money;
use crate::harness::App;

/// Where a visit stands, told from its events alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stands {
    Pending,
    Confirmed,
    InProgress,
    Done,
    Cancelled,
}

use Stands::{Cancelled, Confirmed, Done, InProgress, Pending};

/// What an event makes of a visit, if it says where it stands; `None` for an event that may not come then.
fn after(stands: Option<Stands>, event: &str) -> Option<Stands> {
    match (event, stands) {
        ("requested", None) => Some(Pending),
        ("confirmed", Some(Pending)) => Some(Confirmed),
        ("started", Some(Confirmed)) => Some(InProgress),
        ("completed", Some(Confirmed | InProgress)) => Some(Done),
        ("cancelled", Some(Pending | Confirmed | InProgress)) | ("expired", Some(Pending)) => {
            Some(Cancelled)
        }
        ("rescheduled" | "team_assigned", Some(Pending | Confirmed))
        | ("crew_assigned" | "crew_cleared", Some(Pending | Confirmed | InProgress)) => stands,
        ("addons_set", Some(Done | Cancelled))
        | (
            "requested" | "confirmed" | "started" | "completed" | "cancelled" | "expired"
            | "rescheduled" | "team_assigned" | "crew_assigned" | "crew_cleared",
            _,
        ) => None,
        (_, stands) => stands,
    }
}

/// What is known of the log so far.
#[derive(Default)]
pub(super) struct Truths {
    position: i64,
    visits: HashMap<String, Stands>,
    paid: HashMap<String, i64>,
    money: Money,
    books: Books,
}

impl Truths {
    /// Reads on where it stood, and holds all of it against the rules.
    pub(super) async fn check(&mut self, app: &App, said: &str) {
        // What people are shown follows; so does what jobs do at once.
        app.settle().await;
        let mut db = app.db.admin().await;
        let org = app.orgs[0].id.as_uuid();
        let events: Vec<(i64, String, String, String, serde_json::Value)> = sqlx::query_as(
            "select position, aggregate_type, aggregate_id, event_type, payload::jsonb from events
             where org_id = $1 and position > $2 order by position",
        )
        .bind(org)
        .bind(self.position)
        .fetch_all(&mut db)
        .await
        .unwrap();
        for (position, kind, id, event, payload) in events {
            assert_eq!(position, self.position + 1, "a hole in the log: {said}");
            self.position = position;
            match kind.as_str() {
                "booking" => self.booking(id, &event, &payload, said),
                "invoice" => self.money.invoice(&id, &event, &payload, said),
                "dispute" => self.money.dispute(&id, &event, &payload, said),
                _ => {}
            }
        }
        self.money.check(&mut db, org, said).await;
        self.books.check(&mut db, app, &self.money, said).await;
        // Who holds time: every visit that is still to come or going on, and no other.
        let holders: Vec<String> = sqlx::query_scalar(
            "select distinct aggregate_id from slots where org_id = $1 and aggregate_type = 'booking'",
        )
        .bind(org)
        .fetch_all(&mut db)
        .await
        .unwrap();
        for holder in &holders {
            let stands = self.visits.get(holder);
            let is_open = matches!(stands, Some(Pending | Confirmed | InProgress));
            assert!(is_open, "{holder} is {stands:?} and holds time: {said}");
        }
        let open =
            self.visits.values().filter(|stands| !matches!(stands, Done | Cancelled)).count();
        assert_eq!(holders.len(), open, "somebody who is to come holds no time: {said}");
        let overlapping: i64 = sqlx::query_scalar(
            "select count(*) from slots a join slots b on b.org_id = a.org_id and b.resource = a.resource
             and b.aggregate_id > a.aggregate_id and b.during && a.during where a.org_id = $1",
        )
        .bind(org)
        .fetch_one(&mut db)
        .await
        .unwrap();
        assert_eq!(overlapping, 0, "two at the same time: {said}");
    }

    fn booking(&mut self, id: String, event: &str, payload: &serde_json::Value, said: &str) {
        let before = self.visits.get(&id).copied();
        let Some(stands) = after(before, event) else {
            panic!("{event} came when the visit was {before:?}: {said}");
        };
        match event {
            "deposit_paid" => {
                let amount = payload["amount_cents"].as_i64().unwrap();
                assert!(amount > 0, "{said}");
                *self.paid.entry(id.clone()).or_default() += amount;
            }
            "deposit_returned" => {
                let amount = payload["amount_cents"].as_i64().unwrap();
                let paid = self.paid.entry(id.clone()).or_default();
                *paid -= amount;
                assert!(amount > 0 && *paid >= 0, "more went back than came: {said}");
            }
            "cancelled" => {
                let refund = payload["settlement"]["refund_cents"].as_i64().unwrap();
                let paid = self.paid.get(&id).copied().unwrap_or_default();
                assert!((0..=paid).contains(&refund), "{refund} of {paid} paid back: {said}");
            }
            "completed" => assert!(payload["actual_minutes"].as_u64().unwrap() > 0, "{said}"),
            _ => {}
        }
        self.visits.insert(id, stands);
    }
}
