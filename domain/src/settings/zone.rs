//! Time zones: where the days of an organisation begin and end.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

/// Of an organisation that named none that exists.
pub const DEFAULT: Tz = Tz::America__Edmonton;

/// The zone of that name; names are those of the IANA database, upper and lower case as there.
pub fn find(name: &str) -> Option<Tz> {
    name.parse().ok()
}

/// The first instant of `day` in `zone`, also where a clock that is put forward leaves out midnight.
pub fn start_of(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let midnight = day.and_time(NaiveTime::MIN);
    // No clock is put forward by more than a few hours.
    let mut moments = (0..=24).map(|quarters| midnight + TimeDelta::minutes(15 * quarters));
    let first = moments.find_map(|at| zone.from_local_datetime(&at).earliest());
    first.map_or_else(|| midnight.and_utc(), |at| at.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_has_the_name_of_the_iana_database() {
        assert_eq!(find("America/Edmonton"), Some(DEFAULT));
        for none in ["", "Mars/Olympus", "america/edmonton ", "+07:00"] {
            assert_eq!(find(none), None, "{none}");
        }
    }

    #[test]
    fn a_day_begins_at_midnight_on_the_clocks_of_its_zone() {
        let start = |day: &str, zone| start_of(day.parse().unwrap(), zone).to_rfc3339();
        assert_eq!(start("2026-01-10", DEFAULT), "2026-01-10T07:00:00+00:00");
        assert_eq!(start("2026-07-10", DEFAULT), "2026-07-10T06:00:00+00:00");
        // In Beirut the clock was put forward at midnight: that day began at one.
        assert_eq!(start("2024-03-31", Tz::Asia__Beirut), "2024-03-30T22:00:00+00:00");
        // In Havana midnight came twice; the day began with the first.
        assert_eq!(start("2024-11-03", Tz::America__Havana), "2024-11-03T04:00:00+00:00");
    }
}
