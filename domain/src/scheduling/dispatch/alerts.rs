//! What on a day needs the eye of the dispatcher.
//!
//! An alert is the same for as long as what it is about is the same: its id is made of its kind, what to do and whom it
//! concerns. So whoever has seen it has seen it, however often the day is looked at.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use ring::digest::{SHA256, digest};
use serde::Serialize;
use strum::IntoStaticStr;
use uuid::Uuid;

use crate::scheduling::booking::{Party, Status};
use crate::scheduling::search::Obstacle;
use crate::scheduling::window::Window;

/// So long after its beginning a visit that nobody began is late.
pub const LATE_AFTER: TimeDelta = TimeDelta::minutes(15);

/// How urgent it is; the most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Now.
    Critical,
    /// Soon.
    Warn,
    /// To be known.
    Info,
}

/// What it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, IntoStaticStr)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum AlertKind {
    /// A team or a worker shall be in two places, or work in their time off.
    DoubleBooking,
    /// Nobody began, and the visit should have begun.
    LateWorker,
    /// The customer called a visit off today.
    ClientCancelledToday,
    /// More visits at once than there are workers.
    WorkerShortage,
    /// Somebody who has a subscription is not visited.
    VisitSkipped,
    /// A visit is for somebody whose bookings are not taken any more.
    ClientBlocked,
}

impl AlertKind {
    const fn severity(self) -> Severity {
        match self {
            Self::DoubleBooking => Severity::Critical,
            Self::LateWorker | Self::WorkerShortage | Self::VisitSkipped | Self::ClientBlocked => {
                Severity::Warn
            }
            Self::ClientCancelledToday => Severity::Info,
        }
    }

    /// What to do about it.
    const fn action(self) -> &'static str {
        match self {
            Self::DoubleBooking => "reassign",
            Self::LateWorker => "call_worker",
            Self::ClientCancelledToday => "fill_gap",
            Self::WorkerShortage => "reschedule",
            Self::VisitSkipped => "book_by_hand",
            Self::ClientBlocked => "decide",
        }
    }
}

/// Something that needs somebody's eye.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alert {
    /// Short, and the same as long as it is about the same.
    pub alert_id: String,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: AlertKind,
    /// How urgent.
    pub severity: Severity,
    /// What to do about it.
    pub action: &'static str,
    /// In words that name nobody.
    pub message: String,
    /// The visits it is about, by id.
    pub booking_ids: Vec<Uuid>,
    /// The workers it is about, by id.
    pub worker_ids: Vec<Uuid>,
    /// The subscription it is about, by id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscription_id: Option<Uuid>,
    /// Since when it holds.
    pub since: DateTime<Utc>,
}

/// A visit as far as alerts look at it.
#[derive(Clone, Debug)]
pub struct Visit {
    /// Which.
    pub booking: Uuid,
    /// Where it stands.
    pub status: Status,
    /// When.
    pub window: Window,
    /// The team that comes.
    pub team: Uuid,
    /// Who of them.
    pub crew: Vec<Uuid>,
    /// When it was called off and by whom, if it was.
    pub cancelled: Option<(DateTime<Utc>, Party)>,
    /// Whether no more bookings of its customer are taken.
    pub is_blocked: bool,
}

/// A visit of a subscription that is not made.
#[derive(Clone, Debug)]
pub struct Skipped {
    /// Of which.
    pub subscription: Uuid,
    /// On which day.
    pub date: NaiveDate,
    /// Why, in one word.
    pub reason: String,
    /// When that turned out.
    pub at: DateTime<Utc>,
}

/// A day as alerts look at it.
#[derive(Clone, Debug)]
pub struct Day<'a> {
    /// From its first instant.
    pub span: Window,
    /// Its visits, and those of other days that were called off on it.
    pub visits: &'a [Visit],
    /// Time off that touches it, with the teams and workers whose it is; none means everybody's.
    pub off: &'a [(Obstacle, Option<Uuid>)],
    /// Visits of subscriptions that are not made on it, or of which that turned out on it.
    pub skipped: &'a [Skipped],
    /// How many workers can be sent out.
    pub workers: usize,
    /// When it is looked at.
    pub now: DateTime<Utc>,
}

/// Everything that needs somebody's eye: the most urgent first, then in the order in which it began.
pub fn alerts(day: &Day<'_>) -> Vec<Alert> {
    let mut found = double_bookings(day);
    found.extend(day.visits.iter().filter_map(|visit| late(visit, day.now)));
    found.extend(day.visits.iter().filter_map(|visit| called_off(visit, day.span)));
    found.extend(day.visits.iter().filter_map(|visit| blocked(visit, day.now)));
    found.extend(shortage(day));
    found.extend(day.skipped.iter().map(skipped));
    found.sort_by(|a, b| {
        (a.severity, a.since, &a.alert_id).cmp(&(b.severity, b.since, &b.alert_id))
    });
    found
}

fn alert(
    kind: AlertKind,
    (mut booking_ids, mut worker_ids): (Vec<Uuid>, Vec<Uuid>),
    since: DateTime<Utc>,
    message: String,
) -> Alert {
    booking_ids.sort_unstable();
    booking_ids.dedup();
    worker_ids.sort_unstable();
    worker_ids.dedup();
    let ids = |ids: &[Uuid]| ids.iter().map(Uuid::to_string).collect::<Vec<_>>().join(",");
    Alert {
        alert_id: id(kind, &[&ids(&booking_ids), &ids(&worker_ids)]),
        kind,
        severity: kind.severity(),
        action: kind.action(),
        message,
        booking_ids,
        worker_ids,
        subscription_id: None,
        since,
    }
}

fn id(kind: AlertKind, about: &[&str]) -> String {
    let whole = [&[<&str>::from(kind), kind.action()], about].concat();
    let hash = digest(&SHA256, whole.join("|").as_bytes());
    hex::encode(&hash.as_ref()[..8])
}

fn skipped(visit: &Skipped) -> Alert {
    let Skipped { subscription, date, reason, at } = visit;
    let why = reason.replace('_', " ");
    let message = format!("The visit of a subscription on {date} is not made: {why}");
    let alert = alert(AlertKind::VisitSkipped, (Vec::new(), Vec::new()), *at, message);
    let about = [subscription.to_string(), date.to_string()];
    let alert_id = id(alert.kind, &about.each_ref().map(String::as_str));
    Alert { alert_id, subscription_id: Some(*subscription), ..alert }
}

/// Two visits at once can only have come from elsewhere, the log takes none; time off may be declared after a visit.
fn double_bookings(day: &Day<'_>) -> Vec<Alert> {
    let standing: Vec<&Visit> =
        day.visits.iter().filter(|visit| visit.status.takes_time()).collect();
    let mut found = Vec::new();
    for (n, one) in standing.iter().enumerate() {
        for other in &standing[n + 1..] {
            let both: Vec<Uuid> =
                one.crew.iter().copied().filter(|worker| other.crew.contains(worker)).collect();
            if one.window.overlaps(other.window) && (one.team == other.team || !both.is_empty()) {
                let since = one.window.starts_at.max(other.window.starts_at);
                let message = "Two visits at the same time".to_owned();
                let ids = (vec![one.booking, other.booking], both);
                found.push(alert(AlertKind::DoubleBooking, ids, since, message));
            }
        }
        for (block, whose) in day.off.iter().filter(|(block, _)| block.window.overlaps(one.window))
        {
            let away: Vec<Uuid> =
                one.crew.iter().copied().filter(|worker| Some(*worker) == *whose).collect();
            if whose.is_none_or(|whose| whose == one.team) || !away.is_empty() {
                let why = block.note.as_deref().unwrap_or("time off");
                let message = format!("A visit in time that is not worked: {why}");
                let since = one.window.starts_at.max(block.window.starts_at);
                found.push(alert(
                    AlertKind::DoubleBooking,
                    (vec![one.booking], away),
                    since,
                    message,
                ));
            }
        }
    }
    found.dedup_by(|a, b| a.alert_id == b.alert_id);
    found
}

fn late(visit: &Visit, now: DateTime<Utc>) -> Option<Alert> {
    let waits = matches!(visit.status, Status::Pending | Status::Confirmed);
    let since = visit.window.starts_at + LATE_AFTER;
    (waits && since <= now).then(|| {
        let ids = (vec![visit.booking], visit.crew.clone());
        let message = "Nobody has begun a visit that should have begun".to_owned();
        alert(AlertKind::LateWorker, ids, since, message)
    })
}

fn called_off(visit: &Visit, day: Window) -> Option<Alert> {
    let (at, by) = visit.cancelled?;
    let is_today = day.starts_at <= at && at < day.ends_at;
    (is_today && by == Party::Client).then(|| {
        let ids = (vec![visit.booking], visit.crew.clone());
        let message = "The customer called a visit off".to_owned();
        alert(AlertKind::ClientCancelledToday, ids, at, message)
    })
}

/// Somebody is to go there all the same, or the visit is to be called off: that is for people to decide.
fn blocked(visit: &Visit, now: DateTime<Utc>) -> Option<Alert> {
    let is_to_come = matches!(visit.status, Status::Pending | Status::Confirmed);
    (visit.is_blocked && is_to_come && now < visit.window.starts_at).then(|| {
        let ids = (vec![visit.booking], Vec::new());
        let message = "A visit for a client who is blocked".to_owned();
        alert(AlertKind::ClientBlocked, ids, visit.window.starts_at, message)
    })
}

/// At the first moment at which most visits are under way at once.
fn shortage(day: &Day<'_>) -> Option<Alert> {
    let standing = || day.visits.iter().filter(|visit| visit.status.takes_time());
    // Ends come before beginnings at the same instant.
    let mut steps: BTreeMap<(DateTime<Utc>, bool), usize> = BTreeMap::new();
    for visit in standing() {
        *steps.entry((visit.window.starts_at, true)).or_default() += 1;
        *steps.entry((visit.window.ends_at, false)).or_default() += 1;
    }
    let (mut now, mut most, mut since) = (0_usize, 0_usize, None);
    for ((at, begins), count) in steps {
        now = if begins { now + count } else { now.saturating_sub(count) };
        if now > most {
            (most, since) = (now, Some(at));
        }
    }
    let since = since.filter(|_| most > day.workers)?;
    let at_once = |visit: &&Visit| visit.window.starts_at <= since && since < visit.window.ends_at;
    let bookings = standing().filter(at_once).map(|visit| visit.booking).collect();
    let message = format!("{most} visits at once for {} workers", day.workers);
    Some(alert(AlertKind::WorkerShortage, (bookings, Vec::new()), since, message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduling::search::ObstacleKind;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    fn visit(n: u128, from: i64, status: Status) -> Visit {
        Visit {
            booking: Uuid::from_u128(n),
            status,
            window: Window::of_minutes(at(from), 60),
            team: Uuid::from_u128(100 + n),
            crew: vec![Uuid::from_u128(200 + n)],
            cancelled: None,
            is_blocked: false,
        }
    }

    fn found(visits: &[Visit], off: &[(Obstacle, Option<Uuid>)], now: i64) -> Vec<Alert> {
        let span = Window::of_minutes(at(0), 24 * 60);
        alerts(&Day { span, visits, off, skipped: &[], workers: 2, now: at(now) })
    }

    fn kinds(alerts: &[Alert]) -> Vec<AlertKind> {
        alerts.iter().map(|alert| alert.kind).collect()
    }

    #[test]
    fn a_visit_that_nobody_began_is_late_after_a_quarter_of_an_hour() {
        let visits = [visit(1, 60, Status::Confirmed), visit(2, 60, Status::InProgress)];
        assert_eq!(found(&visits, &[], 74), []);
        let late = found(&visits, &[], 75);
        assert_eq!(kinds(&late), [AlertKind::LateWorker]);
        assert_eq!((late[0].since, &late[0].booking_ids[..]), (at(75), &[Uuid::from_u128(1)][..]));
        // The same the next time somebody looks, and another for another visit.
        assert_eq!(found(&visits, &[], 90)[0].alert_id, late[0].alert_id);
        assert_eq!(late[0].alert_id.len(), 16);
        let other = found(&[visit(3, 60, Status::Pending)], &[], 90);
        assert_ne!(other[0].alert_id, late[0].alert_id);
    }

    #[test]
    fn each_visit_that_is_not_made_is_an_alert_of_its_own() {
        let skipped = |date: &str| Skipped {
            subscription: Uuid::from_u128(7),
            date: date.parse().unwrap(),
            reason: "slot_taken".to_owned(),
            at: at(5),
        };
        let skipped = [skipped("1970-01-01"), skipped("1970-01-08")];
        let span = Window::of_minutes(at(0), 24 * 60);
        let day = Day { span, visits: &[], off: &[], skipped: &skipped, workers: 2, now: at(9) };
        let found = alerts(&day);
        assert_eq!(kinds(&found), [AlertKind::VisitSkipped; 2]);
        assert_ne!(found[0].alert_id, found[1].alert_id);
        assert_eq!(found[0].subscription_id, Some(Uuid::from_u128(7)));
        assert!(found.iter().all(|one| one.message.ends_with("not made: slot taken")));
    }

    #[test]
    fn two_visits_at_once_of_a_team_or_a_worker_come_first() {
        let mut same_team = [visit(1, 60, Status::Confirmed), visit(2, 119, Status::Confirmed)];
        assert_eq!(found(&same_team, &[], 0), []);
        same_team[1].team = same_team[0].team;
        let mut all = same_team.to_vec();
        all.push(visit(3, 0, Status::Confirmed));
        let kinds = kinds(&found(&all, &[], 15));
        assert_eq!(kinds, [AlertKind::DoubleBooking, AlertKind::LateWorker]);
        let mut same_worker = [visit(1, 60, Status::Confirmed), visit(2, 119, Status::Pending)];
        same_worker[1].crew.push(same_worker[0].crew[0]);
        let double = found(&same_worker, &[], 0);
        assert_eq!(double[0].worker_ids, same_worker[0].crew);
        // What ends when the other begins, or is over, is not at once.
        same_worker[1].window = Window::of_minutes(at(120), 60);
        assert_eq!(found(&same_worker, &[], 0), []);
        same_team[1].status = Status::Cancelled;
        assert_eq!(found(&same_team, &[], 0), []);
    }

    #[test]
    fn time_off_that_was_declared_after_a_visit_is_double_booked() {
        let visits = [visit(1, 60, Status::Confirmed)];
        let block = Obstacle {
            kind: ObstacleKind::AvailabilityBlock,
            reference: "b".to_owned(),
            window: Window::of_minutes(at(90), 10),
            note: Some("sick".to_owned()),
        };
        let of = |whose| kinds(&found(&visits, &[(block.clone(), whose)], 0));
        assert_eq!(of(None), [AlertKind::DoubleBooking]);
        assert_eq!(of(Some(Uuid::from_u128(101))), [AlertKind::DoubleBooking]);
        assert_eq!(of(Some(Uuid::from_u128(201))), [AlertKind::DoubleBooking]);
        assert_eq!(of(Some(Uuid::from_u128(7))), []);
    }

    #[test]
    fn what_customers_call_off_today_is_told_and_what_staff_do_is_not() {
        let mut off = visit(1, 3 * 24 * 60, Status::Cancelled);
        off.cancelled = Some((at(30), Party::Client));
        assert_eq!(kinds(&found(&[off.clone()], &[], 40)), [AlertKind::ClientCancelledToday]);
        off.cancelled = Some((at(30), Party::Staff));
        assert_eq!(found(&[off.clone()], &[], 40), []);
        off.cancelled = Some((at(24 * 60), Party::Client));
        assert_eq!(found(&[off], &[], 40), []);
    }

    #[test]
    fn more_visits_at_once_than_workers_is_a_shortage() {
        let day = |third: i64| {
            [60, 70, third]
                .iter()
                .zip(1..)
                .map(|(from, n)| visit(n, *from, Status::Pending))
                .collect()
        };
        let together: Vec<Visit> = day(80);
        let alerts = found(&together, &[], 0);
        assert_eq!(kinds(&alerts), [AlertKind::WorkerShortage]);
        assert_eq!((alerts[0].booking_ids.len(), alerts[0].since), (3, at(80)));
        // One ends when the third begins.
        let apart: Vec<Visit> = day(120);
        assert_eq!(found(&apart, &[], 0), []);
    }

    #[test]
    fn a_visit_to_come_for_somebody_who_is_blocked_is_for_people_to_decide() {
        let blocked = |status| Visit { is_blocked: true, ..visit(1, 30, status) };
        let told = |status, now| kinds(&found(&[blocked(status)], &[], now));
        assert_eq!(told(Status::Confirmed, 0), [AlertKind::ClientBlocked]);
        assert_eq!(told(Status::Cancelled, 0), []);
        assert_eq!(told(Status::InProgress, 31), []);
    }
}
