//! Instants as callers write them: with an offset, or as the clock of the organisation shows them.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, SubsecRound, Utc};
use chrono_tz::Tz;
use domain::scheduling::search;
use domain::scheduling::window::Window;
use domain::settings::zone as clocks;

use crate::problem::Problem;

/// No calendar of ours is filled further.
const YEARS: std::ops::RangeInclusive<i32> = 2000..=2200;

/// Longest visit, in minutes: a week.
pub(super) const LONGEST: u32 = 7 * 24 * 60;

/// Reads an instant; one without an offset is on the clock of `zone`: of two, the first, and none that it skips.
pub(crate) fn read(field: &str, text: &str, zone: Tz) -> Result<DateTime<Utc>, Problem> {
    let at = DateTime::parse_from_rfc3339(text).map(|at| at.with_timezone(&Utc)).ok();
    let local = local(text).filter(|_| at.is_none());
    if local.is_some_and(|moment| search::is_skipped(moment, zone)) {
        let message = format!("No clock in {zone} shows this time: it is put forward past it");
        return Err(Problem::field(field, message));
    }
    let at = at.or_else(|| local.map(|at| search::instant(at.date(), at.time(), zone)));
    at.filter(|at| YEARS.contains(&at.year())).map(|at| at.trunc_subsecs(6)).ok_or_else(|| {
        Problem::field(
            field,
            "Input should be a time like 2030-01-31T09:00:00, with or without an offset",
        )
    })
}

fn local(text: &str) -> Option<NaiveDateTime> {
    let shapes = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"];
    shapes.into_iter().find_map(|shape| NaiveDateTime::parse_from_str(text, shape).ok())
}

/// A visit of so many minutes.
pub(super) fn visit(starts_at: DateTime<Utc>, minutes: u32) -> Result<Window, Problem> {
    if (1..=LONGEST).contains(&minutes) {
        return Ok(Window::of_minutes(starts_at, minutes));
    }
    let message = format!("Input should be from 1 to {LONGEST}");
    Err(Problem::field("duration_minutes", message))
}

/// A visit from one instant to another.
pub(super) fn span(starts_at: DateTime<Utc>, ends_at: DateTime<Utc>) -> Result<Window, Problem> {
    let window = Window::new(starts_at, ends_at).filter(|window| window.minutes() <= LONGEST);
    window.ok_or_else(|| {
        Problem::field("ends_at", "Input should be later than starts_at, by a week at most")
    })
}

/// A day that our calendars reach.
pub(crate) fn near(field: &str, date: NaiveDate) -> Result<NaiveDate, Problem> {
    let is_near = YEARS.contains(&date.year());
    is_near.then_some(date).ok_or_else(|| Problem::field(field, "Input should be a near date"))
}

/// The days `from` and `to` on the clock of `zone`, both included.
pub(crate) fn days(from: NaiveDate, to: NaiveDate, zone: Tz) -> Result<Window, Problem> {
    let (from, after) = (near("from", from)?, near("to", to)?.succ_opt());
    let until = after.map(|after| clocks::start_of(after, zone));
    let span = until.and_then(|until| Window::new(clocks::start_of(from, zone), until));
    span.ok_or_else(|| Problem::field("to", "Input should not be before from"))
}

#[cfg(test)]
mod tests {
    use chrono_tz::America::Edmonton;

    use super::*;

    #[test]
    fn a_time_without_an_offset_is_on_the_clock_of_the_organisation() {
        let at = |text: &str| read("starts_at", text, Edmonton).unwrap().to_rfc3339();
        assert_eq!(at("2030-03-04T10:00:00"), "2030-03-04T17:00:00+00:00");
        assert_eq!(at("2030-03-04T10:00"), "2030-03-04T17:00:00+00:00");
        assert_eq!(at("2030-03-04T10:00:00Z"), "2030-03-04T10:00:00+00:00");
        // Shown twice in that night: the first of both.
        assert_eq!(at("2030-11-03T01:30:00"), "2030-11-03T07:30:00+00:00");
        // Skipped by the clock in that night.
        let skipped = "2030-03-10T02:30:00";
        for bad in
            [skipped, "", "tomorrow", "2030-03-04", "9999-01-01T00:00:00", "1970-01-01T00:00:00Z"]
        {
            assert!(read("starts_at", bad, Edmonton).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_day_is_as_long_as_its_zone_makes_it() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let spring = days(day("2030-03-10"), day("2030-03-10"), Edmonton).unwrap();
        assert_eq!(spring.minutes(), 23 * 60);
        assert!(days(day("2030-03-10"), day("2030-03-09"), Edmonton).is_err());
    }
}
