//! When visits can be: three a day for every team, Sundays aside, with the pause between them that the terms ask for.

use chrono::{DateTime, Datelike, NaiveTime, TimeDelta, Utc, Weekday};
use chrono_tz::America::Edmonton;
use domain::scheduling::search;
use domain::scheduling::window::Window;
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use super::DAYS;
use super::names::TEAMS;

/// On the clock of the organisation.
const TIMES: [(u32, u32); 3] = [(9, 0), (11, 30), (14, 0)];

/// After the last of them, for whoever has it moved to the day.
const EVENING: (u32, u32) = (16, 30);

/// What every visit is planned for.
pub(super) const MINUTES: u32 = 120;

/// Visits are asked for up to this many days ahead.
const AHEAD: i64 = 12;

/// A time of a team, and when somebody asks for it.
#[derive(Clone, Copy)]
pub(super) struct Slot {
    /// Place among the teams.
    pub(super) crew: usize,
    pub(super) window: Window,
    /// The same evening, when the team has nothing else.
    pub(super) evening: Window,
    pub(super) asked: DateTime<Utc>,
}

/// So many of those that are asked for until `start` and [`DAYS`] later, in the order of being asked for.
pub(super) fn choose(visits: usize, start: DateTime<Utc>, rng: &mut StdRng) -> Option<Vec<Slot>> {
    let end = start + TimeDelta::days(DAYS);
    let first = start.with_timezone(&Edmonton).date_naive();
    let mut slots = Vec::new();
    for day in 2..DAYS + AHEAD {
        let date = first + TimeDelta::days(day);
        if date.weekday() == Weekday::Sun {
            continue;
        }
        let window = |(hour, minute)| {
            let time = NaiveTime::from_hms_opt(hour, minute, 0)?;
            Some(Window::of_minutes(search::instant(date, time, Edmonton), MINUTES))
        };
        let evening = window(EVENING)?;
        for (crew, _) in TEAMS.iter().enumerate() {
            for time in TIMES {
                let window = window(time)?;
                let hours = rng.random_range(20..AHEAD * 24);
                let asked =
                    (window.starts_at - TimeDelta::hours(hours)).max(start + TimeDelta::days(1));
                slots.push(Slot { crew, window, evening, asked });
            }
        }
    }
    slots.retain(|slot| slot.asked < end);
    slots.shuffle(rng);
    slots.truncate(visits);
    slots.sort_by_key(|slot| (slot.asked, slot.window.starts_at, slot.crew));
    Some(slots)
}
