//! Points in time and in the log, as people read and write them.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, TimeDelta, Timelike, Utc};
use serde::Deserialize;

use crate::clock;

/// An instant, shown on the clock of the page, with the time zone of that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Moment(DateTime<Utc>);

impl Moment {
    /// For machines, to the microsecond.
    pub(crate) fn exact(&self) -> String {
        self.0.to_rfc3339_opts(SecondsFormat::Micros, true)
    }

    /// The time of day alone, where the day is known.
    pub(crate) fn clock(&self) -> String {
        self.0.with_timezone(&clock::zone()).format("%H:%M").to_string()
    }

    /// The day alone.
    pub(crate) fn day(&self) -> String {
        self.0.with_timezone(&clock::zone()).format("%Y-%m-%d").to_string()
    }

    /// The last whole day before it, as a date field shows it.
    pub(crate) fn day_before(&self) -> String {
        (self.0 - TimeDelta::microseconds(1)).format("%Y-%m-%d").to_string()
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let local = self.0.with_timezone(&clock::zone());
        // Nobody comes at a second; the log has them.
        let shape = if local.second() == 0 { "%Y-%m-%d %H:%M %Z" } else { "%Y-%m-%d %H:%M:%S %Z" };
        write!(f, "{}", local.format(shape))
    }
}

/// What "as of" means to the API: a position as it is, a time (UTC unless it says otherwise) as an instant, a day as its
/// end. What is neither is handed on, so that the API says what is wrong with it.
pub(crate) fn as_of(text: &str) -> String {
    let bare = text.trim().trim_end_matches("UTC").trim_end();
    if let Ok(day) = bare.parse::<NaiveDate>() {
        return end_of(day);
    }
    let times = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"];
    let spaced = bare.replacen('T', " ", 1);
    let read = times.iter().find_map(|shape| NaiveDateTime::parse_from_str(&spaced, shape).ok());
    read.map_or_else(|| text.trim().to_owned(), |time| Moment(time.and_utc()).exact())
}

/// The first instant after a day, UTC.
pub(crate) fn after(day: NaiveDate) -> Option<String> {
    let next = day.succ_opt()?.and_hms_opt(0, 0, 0)?;
    Some(Moment(next.and_utc()).exact())
}

fn end_of(day: NaiveDate) -> String {
    format!("{day}T23:59:59.999999Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_write_times_in_several_ways() {
        assert_eq!(as_of(" 120 "), "120");
        assert_eq!(as_of("2026-11-24"), "2026-11-24T23:59:59.999999Z");
        assert_eq!(as_of("2026-11-24 02:46"), "2026-11-24T02:46:00.000000Z");
        assert_eq!(as_of("2026-11-24T02:46"), "2026-11-24T02:46:00.000000Z");
        assert_eq!(as_of("2026-11-24 02:46:07 UTC"), "2026-11-24T02:46:07.000000Z");
        assert_eq!(as_of("2026-11-24T02:46:00+01:00"), "2026-11-24T02:46:00+01:00");
        assert_eq!(as_of("yesterday"), "yesterday");
    }

    #[test]
    fn an_instant_shows_its_time_zone() {
        let moment: Moment = serde_json::from_str(r#""2026-11-24T02:46:07.5+01:00""#).unwrap();
        assert_eq!(moment.to_string(), "2026-11-24 01:46:07 UTC");
    }

    #[test]
    fn an_offer_that_ends_with_a_day_shows_that_day() {
        let end = after("2026-12-24".parse().unwrap()).unwrap();
        let moment: Moment = serde_json::from_value(end.into()).unwrap();
        assert_eq!(moment.day_before(), "2026-12-24");
    }
}
