//! Time in which somebody could work: opening hours less holidays and time off.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate};
use chrono_tz::Tz;
use domain::scheduling::team::Details;
use domain::scheduling::window::Window;
use domain::settings::holiday::Holiday;

/// What is left of `day` once every one of `blocks` is taken out of it, in minutes.
pub(super) fn left(day: Window, blocks: &[Window]) -> i64 {
    let within = blocks.iter().filter(|block| block.overlaps(day));
    let mut within: Vec<Window> = within
        .map(|block| Window {
            starts_at: block.starts_at.max(day.starts_at),
            ends_at: block.ends_at.min(day.ends_at),
        })
        .collect();
    within.sort_by_key(|block| block.starts_at);
    let (mut taken, mut until) = (0, day.starts_at);
    for block in within {
        let from = block.starts_at.max(until);
        if block.ends_at > from {
            taken += (block.ends_at - from).num_minutes();
            until = block.ends_at;
        }
    }
    i64::from(day.minutes()) - taken
}

/// The days of a range on which the organisation keeps no holiday.
pub(super) fn working_days(
    (from, to): (NaiveDate, NaiveDate),
    holidays: &BTreeSet<Holiday>,
) -> Vec<NaiveDate> {
    let years = from.year()..=to.year();
    let kept: BTreeSet<NaiveDate> =
        years.flat_map(|year| holidays.iter().filter_map(move |one| one.in_year(year))).collect();
    from.iter_days().take_while(|day| *day <= to).filter(|day| !kept.contains(day)).collect()
}

/// When a team could be sent out on `day`: neither before it was made nor after it was archived.
pub(super) fn open(team: &Details, day: NaiveDate, zone: Tz) -> Option<Window> {
    let hours = team.working_time(day, zone)?;
    let until = team.archived_at.map_or(hours.ends_at, |end| end.min(hours.ends_at));
    Window::new(hours.starts_at.max(team.created_at), until)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};
    use proptest::prelude::*;
    use strum::VariantArray;

    use super::*;

    fn window(from: i64, until: i64) -> Window {
        let at = |minutes| DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes);
        Window { starts_at: at(from), ends_at: at(until) }
    }

    #[test]
    fn time_off_is_taken_out_once_however_often_it_was_declared() {
        let day = window(0, 540);
        assert_eq!(left(day, &[]), 540);
        assert_eq!(left(day, &[window(60, 120), window(90, 150), window(60, 70)]), 450);
        assert_eq!(left(day, &[window(-100, 30), window(500, 9_000)]), 470);
        assert_eq!(left(day, &[window(-5, 600)]), 0);
    }

    #[test]
    fn nobody_works_on_a_holiday() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let all = Holiday::VARIANTS.iter().copied().collect();
        let days = working_days((day("2029-12-24"), day("2030-01-02")), &all);
        assert_eq!(days.len(), 7);
        assert_eq!(working_days((day("2030-01-01"), day("2030-01-01")), &BTreeSet::new()).len(), 1);
    }

    proptest! {
        /// Minute by minute it comes to the same.
        #[test]
        fn what_is_left_is_what_no_block_holds(
            blocks in prop::collection::vec((-50_i64..150, 1_i64..60), 0..8),
        ) {
            let blocks: Vec<_> = blocks.into_iter().map(|(from, long)| (from, from + long)).collect();
            let free = (0..100).filter(|at| !blocks.iter().any(|(from, until)| from <= at && at < until));
            let windows: Vec<Window> = blocks.iter().map(|(from, until)| window(*from, *until)).collect();
            prop_assert_eq!(left(window(0, 100), &windows), i64::try_from(free.count()).unwrap());
        }
    }
}
