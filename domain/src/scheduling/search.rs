//! Which times are free: opening hours in the organisation's zone, minus everything that stands in the way.
//!
//! 1. Opening hours are local; everything else is instants. A day is as long as its zone makes it.
//! 2. Visits keep their buffer from each other; time off and blocks need none.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use super::window::Window;
use crate::settings::zone::start_of;

/// Most times that the public is offered at once.
const OFFERED: usize = 3;

/// Fewer than this inside the hours somebody wants are filled up with others.
const ENOUGH: usize = 2;

/// What can stand in the way of a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ObstacleKind {
    /// Another visit of the team.
    Booking,
    /// Another visit of one of the crew.
    WorkerBooking,
    /// The team does not work then.
    Blackout,
    /// Vacation, sickness, training or a holiday of the organisation, the team or the worker.
    AvailabilityBlock,
    /// An entry of an imported calendar.
    ExternalBlock,
    /// Before opening or after closing.
    OutsideHours,
}

impl ObstacleKind {
    /// Whether a visit keeps its buffer from it.
    const fn needs_buffer(self) -> bool {
        matches!(self, Self::Booking | Self::WorkerBooking)
    }
}

/// Something that stands in the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Obstacle {
    /// What it is.
    pub kind: ObstacleKind,
    /// Which one: an id, or empty where there is none.
    pub reference: String,
    /// When.
    #[serde(flatten)]
    pub window: Window,
    /// In words that name no customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Obstacle {
    /// Whether a visit in `window` with `buffer` around it runs into this.
    pub fn hinders(&self, window: Window, buffer: TimeDelta) -> bool {
        let around = if self.kind.needs_buffer() { buffer } else { TimeDelta::zero() };
        self.window.widened(around).overlaps(window)
    }
}

/// When a team works on one weekday, local time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpeningHours {
    /// First moment.
    pub opens: NaiveTime,
    /// First moment after; not later than `opens` means closed.
    pub closes: NaiveTime,
}

impl Default for OpeningHours {
    /// Nine to six.
    fn default() -> Self {
        let at = |hour| NaiveTime::MIN + TimeDelta::hours(hour);
        Self { opens: at(9), closes: at(18) }
    }
}

impl OpeningHours {
    /// The working time on `date`; `None` if closed.
    pub fn on(self, date: NaiveDate, zone: Tz) -> Option<Window> {
        Window::new(instant(date, self.opens, zone), instant(date, self.closes, zone))
            .filter(|_| self.opens < self.closes)
    }
}

/// A local moment as an instant: the first of two, and the next that exists for one that was skipped.
pub fn instant(date: NaiveDate, time: NaiveTime, zone: Tz) -> DateTime<Utc> {
    let local = date.and_time(time);
    // No zone skips more than a day.
    let existing = (0..=24 * 4).find_map(|quarters| {
        zone.from_local_datetime(&(local + TimeDelta::minutes(15 * quarters))).earliest()
    });
    existing.map_or_else(|| local.and_utc(), |at| at.with_timezone(&Utc))
}

/// Whether a clock in `zone` never shows that moment, because it is put forward past it.
pub fn is_skipped(moment: NaiveDateTime, zone: Tz) -> bool {
    zone.from_local_datetime(&moment).earliest().is_none()
}

/// A day from its first instant to the first of the next, on the clock of a zone.
pub fn whole_day(date: NaiveDate, zone: Tz) -> Window {
    let next = date.succ_opt().unwrap_or(date);
    Window { starts_at: start_of(date, zone), ends_at: start_of(next, zone) }
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// How long the visit takes.
    pub minutes: u32,
    /// Minutes between two times that are offered.
    pub step: u16,
    /// Kept free around every other visit.
    pub buffer: TimeDelta,
    /// Nothing before this.
    pub earliest: DateTime<Utc>,
    /// Nothing after this.
    pub latest: DateTime<Utc>,
}

/// Every start on a working day at which nothing stands in the way, in order.
pub fn free_starts(day: Window, obstacles: &[Obstacle], wanted: Wanted) -> Vec<DateTime<Utc>> {
    let step = TimeDelta::minutes(wanted.step.max(1).into());
    let near: Vec<_> = obstacles.iter().filter(|one| one.hinders(day, wanted.buffer)).collect();
    let mut free = Vec::new();
    let mut start = day.starts_at;
    loop {
        let visit = Window::of_minutes(start, wanted.minutes);
        if visit.ends_at > day.ends_at {
            return free;
        }
        let hindered = near.iter().any(|one| one.hinders(visit, wanted.buffer));
        let is_bookable = (wanted.earliest..=wanted.latest).contains(&start);
        if is_bookable && !hindered {
            free.push(start);
        }
        start += step;
    }
}

/// What the public is offered of the free starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// At most three.
    pub starts: Vec<DateTime<Utc>>,
    /// What to say if they are not what was asked for.
    pub clarifier: Option<&'static str>,
}

/// Picks at most three, inside `hours` (local, from and until) if there are enough.
pub fn offer(free: &[DateTime<Utc>], hours: Option<(u32, u32)>, zone: Tz) -> Offer {
    let Some((from, until)) = hours else {
        let starts: Vec<_> = free.iter().copied().take(OFFERED).collect();
        let clarifier = starts.is_empty().then_some("No free time on this day. Another day?");
        return Offer { starts, clarifier };
    };
    let inside = |start: &&DateTime<Utc>| {
        let local = start.with_timezone(&zone);
        (from..until).contains(&local.hour())
    };
    let mut starts: Vec<_> = free.iter().filter(inside).copied().take(OFFERED).collect();
    if starts.len() >= ENOUGH {
        return Offer { starts, clarifier: None };
    }
    let others = free.iter().filter(|start| !inside(start)).copied();
    let missing = OFFERED - starts.len();
    starts.extend(others.take(missing));
    starts.sort_unstable();
    let clarifier = if starts.is_empty() {
        "No free time on this day. Another day?"
    } else {
        "Little is free in the hours you asked for; other times of the day are shown as well."
    };
    Offer { starts, clarifier: Some(clarifier) }
}

#[cfg(test)]
mod tests {
    use chrono_tz::America::Edmonton;

    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn hours(opens: u32, closes: u32) -> OpeningHours {
        let at = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
        OpeningHours { opens: at(opens), closes: at(closes) }
    }

    fn wanted(minutes: u32) -> Wanted {
        let buffer = TimeDelta::minutes(30);
        let (earliest, latest) = (DateTime::UNIX_EPOCH, DateTime::<Utc>::MAX_UTC);
        Wanted { minutes, step: 30, buffer, earliest, latest }
    }

    fn visit(kind: ObstacleKind, day: Window, from: i64, until: i64) -> Obstacle {
        let at = |minutes| day.starts_at + TimeDelta::minutes(minutes);
        let window = Window { starts_at: at(from), ends_at: at(until) };
        Obstacle { kind, reference: "x".to_owned(), window, note: None }
    }

    #[test]
    fn a_visit_ends_before_closing() {
        let day = hours(9, 12).on(date("2026-03-04"), Edmonton).unwrap();
        let starts = free_starts(day, &[], wanted(120));
        assert_eq!(starts.len(), 3);
        assert_eq!(starts[0].to_rfc3339(), "2026-03-04T16:00:00+00:00");
        assert_eq!(hours(18, 9).on(date("2026-03-04"), Edmonton), None);
    }

    #[test]
    fn visits_keep_their_distance_and_time_off_needs_none() {
        let day = hours(9, 13).on(date("2026-03-04"), Edmonton).unwrap();
        let busy = visit(ObstacleKind::Booking, day, 60, 120);
        // Half an hour before and after: the first visit must end at 9:30, the next may start at 11:30.
        let starts = free_starts(day, std::slice::from_ref(&busy), wanted(30));
        let minutes = |start: &DateTime<Utc>| (*start - day.starts_at).num_minutes();
        assert_eq!(starts.iter().map(minutes).collect::<Vec<_>>(), [0, 150, 180, 210]);
        let off = Obstacle { kind: ObstacleKind::Blackout, ..busy };
        let starts = free_starts(day, &[off], wanted(30));
        assert_eq!(starts.iter().map(minutes).collect::<Vec<_>>(), [0, 30, 120, 150, 180, 210]);
    }

    #[test]
    fn a_visit_of_the_evening_before_blocks_the_morning() {
        let day = hours(0, 4).on(date("2026-03-04"), Edmonton).unwrap();
        let late = visit(ObstacleKind::Booking, day, -120, 45);
        assert_eq!(
            free_starts(day, &[late], wanted(30))[0],
            day.starts_at + TimeDelta::minutes(90)
        );
    }

    #[test]
    fn nothing_earlier_than_now_is_offered() {
        let day = hours(9, 12).on(date("2026-03-04"), Edmonton).unwrap();
        let late = Wanted { earliest: day.starts_at + TimeDelta::minutes(31), ..wanted(60) };
        assert_eq!(free_starts(day, &[], late).len(), 3);
    }

    #[test]
    fn the_night_the_clocks_change_is_an_hour_shorter_or_longer() {
        let night = hours(0, 6);
        let spring = night.on(date("2026-03-08"), Edmonton).unwrap();
        let autumn = night.on(date("2026-11-01"), Edmonton).unwrap();
        assert_eq!((spring.minutes(), autumn.minutes()), (300, 420));
        // Half past two does not exist on that night: the next moment that does is three.
        let skipped = NaiveTime::from_hms_opt(2, 30, 0).unwrap();
        let three = NaiveTime::from_hms_opt(3, 0, 0).unwrap();
        let day = date("2026-03-08");
        assert_eq!(instant(day, skipped, Edmonton), instant(day, three, Edmonton));
    }

    #[test]
    fn too_few_in_the_wanted_hours_are_filled_up_with_others() {
        let day = hours(9, 18).on(date("2026-03-04"), Edmonton).unwrap();
        let free = free_starts(day, &[], wanted(60));
        let morning = offer(&free, Some((9, 12)), Edmonton);
        assert_eq!((morning.starts.len(), morning.clarifier), (3, None));
        let evening = offer(&free, Some((17, 18)), Edmonton);
        assert_eq!(evening.starts.len(), 3);
        assert!(evening.clarifier.is_some());
        assert!(offer(&[], None, Edmonton).starts.is_empty());
        assert!(offer(&[], None, Edmonton).clarifier.is_some());
    }
}
