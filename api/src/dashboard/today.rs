//! The visits of today, cut for the start page.

use chrono::{DateTime, Timelike, Utc};
use chrono_tz::Tz;
use domain::scheduling::window::Window;
use projections::people::worker_list::Row as Worker;
use projections::scheduling::booking_list::Item;
use projections::scheduling::booking_list::figures::Figures;
use serde_json::{Value, json};
use uuid::Uuid;

/// Hours of the day by which visits are counted: from, and until.
const BANDS: [(u32, u32); 4] = [(8, 10), (10, 12), (12, 14), (14, 18)];

/// How many visits stand where.
pub(super) fn counted<'a>(visits: impl Iterator<Item = &'a Item>) -> Figures {
    let mut figures = Figures::default();
    for visit in visits {
        figures.bookings += 1;
        match visit.status.as_str() {
            "PENDING" => figures.pending += 1,
            "CONFIRMED" | "IN_PROGRESS" => figures.confirmed += 1,
            "DONE" => figures.done += 1,
            _ => figures.cancelled += 1,
        }
        if visit.status != "CANCELLED" {
            figures.booked_revenue_cents += visit.total_cents.unwrap_or_default();
        }
    }
    figures
}

fn totals(figures: &Figures) -> Value {
    json!({
        "total": figures.bookings,
        "pending": figures.pending,
        "confirmed": figures.confirmed,
        "done": figures.done,
        "cancelled": figures.cancelled,
    })
}

/// All of them, and those that begin in each part of the day on the clock of `zone`.
pub(super) fn status(visits: &[Item], zone: Tz) -> Value {
    let bands = BANDS.iter().map(|(from, until)| {
        let begins =
            |visit: &&Item| (*from..*until).contains(&visit.starts_at.with_timezone(&zone).hour());
        let mut band = totals(&counted(visits.iter().filter(begins)));
        band["label"] = format!("{from:02}–{until:02}").into();
        band
    });
    let bands: Vec<Value> = bands.collect();
    json!({ "totals": totals(&counted(visits.iter())), "bands": bands })
}

/// Whether each of `workers` could go now, and since when or from when on.
pub(super) fn availability(
    workers: &[Worker],
    (visits, away): (&[Item], &[(Window, Option<Uuid>)]),
    now: DateTime<Utc>,
) -> Vec<(bool, Value)> {
    let line = |worker: &Worker| {
        let on_site = visits.iter().filter(|visit| {
            matches!(visit.status.as_str(), "PENDING" | "CONFIRMED" | "IN_PROGRESS")
                && visit.crew.contains(&worker.worker_id)
        });
        let theirs =
            away.iter().filter(|(_, whose)| whose.is_none_or(|who| who == worker.worker_id));
        let busy = on_site
            .map(|visit| Window { starts_at: visit.starts_at, ends_at: visit.ends_at })
            .chain(theirs.map(|(window, _)| *window));
        let mut busy: Vec<Window> = busy.collect();
        busy.sort_by_key(|window| window.starts_at);
        // What follows without a gap keeps them as well.
        let free_at = busy.iter().fold(now, |at, window| {
            if window.starts_at <= at && at < window.ends_at { window.ends_at } else { at }
        });
        let available = free_at == now;
        let shown = json!({
            "worker_id": worker.worker_id,
            "name": worker.name,
            "available": available,
            "next_available_at": Some(free_at).filter(|_| !available),
        });
        (available, shown)
    };
    workers.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    fn visit(from: i64, status: &str, crew: u128) -> Item {
        Item {
            booking_id: Uuid::nil(),
            lead_id: None,
            client_id: None,
            starts_at: at(from),
            ends_at: at(from + 60),
            duration_minutes: 60,
            status: status.to_owned(),
            lead_name: "Zoë".to_owned(),
            lead_email: None,
            team_id: Uuid::nil(),
            assigned_worker_id: None,
            crew: vec![Uuid::from_u128(crew)],
            service_type: None,
            total_cents: Some(10_000),
            deposit_status: None,
            risk_band: None,
            origin: "staff".to_owned(),
            created_at: at(0),
            archived_at: None,
        }
    }

    #[test]
    fn visits_are_counted_where_they_stand_and_when_they_begin() {
        let visits =
            [visit(8 * 60, "DONE", 1), visit(9 * 60, "CANCELLED", 1), visit(600, "PENDING", 1)];
        let figures = counted(visits.iter());
        assert_eq!((figures.bookings, figures.booked_revenue_cents), (3, 20_000));
        let shown = status(&visits, chrono_tz::UTC);
        assert_eq!(shown["totals"]["total"], 3);
        assert_eq!(
            (&shown["bands"][0]["done"], &shown["bands"][0]["cancelled"]),
            (&json!(1), &json!(1))
        );
        assert_eq!(shown["bands"][1]["pending"], 1);
    }

    #[test]
    fn whoever_is_on_site_is_free_when_nothing_follows() {
        let worker = Worker {
            worker_id: Uuid::from_u128(1),
            name: "Wes".to_owned(),
            phone: "1".to_owned(),
            email: None,
            team: 1,
            hired_at: at(0),
            archived_at: None,
            role: None,
            skills: Vec::new(),
            rating_sum: 0,
            rating_count: 0,
            own_rate_cents: None,
            cert_ids: Vec::new(),
            cert_ends: Vec::new(),
            version: 1,
            position: 1,
        };
        let visits =
            [visit(60, "CONFIRMED", 1), visit(120, "PENDING", 1), visit(240, "PENDING", 1)];
        let free = |now: i64, away: &[(Window, Option<Uuid>)]| {
            let found = availability(std::slice::from_ref(&worker), (&visits, away), at(now));
            found[0].1["next_available_at"].clone()
        };
        assert_eq!(free(0, &[]), Value::Null);
        assert_eq!(free(60, &[]), json!(at(180)));
        let off = [(Window::of_minutes(at(180), 30), None)];
        assert_eq!(free(60, &off), json!(at(210)));
        let of_others = [(Window::of_minutes(at(180), 30), Some(Uuid::from_u128(2)))];
        assert_eq!(free(60, &of_others), json!(at(180)));
    }
}
