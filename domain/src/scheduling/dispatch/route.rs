//! How long the way takes where nobody can be asked: as the crow flies, at the pace of a town, slower in winter and downtown.

use serde::Serialize;

use super::point::Point;
use crate::scheduling::terms::policies::WayPolicy;

/// What a car makes through the town on average.
const KM_PER_HOUR: f64 = 35.0;

/// Nobody parks, rings and is let in faster.
const LEAST_MINUTES: u32 = 5;

/// What was added to the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Adjustment {
    /// Why.
    pub reason: &'static str,
    /// How much.
    pub minutes: u32,
}

/// A way as it is estimated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// Along the great circle.
    pub metres: u32,
    /// Without what was added.
    pub base_minutes: u32,
    /// With it.
    pub minutes: u32,
    /// What was added, in order.
    pub adjustments: Vec<Adjustment>,
}

/// The way from one place to another in a month from 1 to 12.
pub fn estimate(
    (from, to): (Point, Point),
    month: u32,
    is_downtown: bool,
    policy: &WayPolicy,
) -> Estimate {
    let km = from.kilometres_to(to);
    let base_minutes = whole((km / KM_PER_HOUR * 60.0).ceil()).max(LEAST_MINUTES);
    let is_winter = policy.winter_months.iter().any(|one| u32::from(*one) == month);
    // Rounded up, in whole numbers.
    let slower = (base_minutes * u32::from(policy.winter_permille)).div_ceil(1_000);
    let winter = slower.saturating_sub(base_minutes) + u32::from(policy.winter_minutes);
    let mut adjustments = vec![
        Adjustment { reason: "winter", minutes: if is_winter { winter } else { 0 } },
        Adjustment {
            reason: "downtown",
            minutes: if is_downtown { policy.downtown_minutes.into() } else { 0 },
        },
    ];
    adjustments.retain(|one| one.minutes > 0);
    let added: u32 = adjustments.iter().map(|one| one.minutes).sum();
    Estimate {
        metres: whole((km * 1_000.0).round()),
        base_minutes,
        minutes: base_minutes + added,
        adjustments,
    }
}

/// No way on earth is longer than 21,000 km.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a distance on earth in metres fits, and is not negative"
)]
fn whole(number: f64) -> u32 {
    number as u32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(lat: f64, lng: f64) -> Point {
        Point::of_degrees(lat, lng).unwrap()
    }

    #[test]
    fn the_pace_of_the_town_and_what_winter_and_downtown_add() {
        // Just short of 35 km northwards: an hour.
        let usual = WayPolicy::default();
        let way = (at(53.0, -113.5), at(53.314_7, -113.5));
        let summer = estimate(way, 7, false, &usual);
        assert_eq!((summer.base_minutes, summer.minutes, summer.metres / 1_000), (60, 60, 34));
        let winter = estimate(way, 12, true, &usual);
        assert_eq!((winter.base_minutes, winter.minutes), (60, 60 + 6 + 10 + 15));
        let added: Vec<_> =
            winter.adjustments.iter().map(|one| (one.reason, one.minutes)).collect();
        assert_eq!(added, [("winter", 16), ("downtown", 15)]);
        let mild = WayPolicy {
            winter_months: [7].into(),
            winter_permille: 1_015,
            winter_minutes: 0,
            downtown_minutes: 0,
        };
        assert_eq!(estimate(way, 12, true, &mild).adjustments, []);
        assert_eq!(estimate(way, 7, true, &mild).minutes, 60 + 1, "a little is a minute");
        assert_eq!(estimate((way.0, way.0), 7, false, &usual).minutes, 5);
        assert_eq!(estimate((way.0, way.0), 3, false, &usual).minutes, 5 + 1 + 10);
    }

    proptest! {
        #[test]
        fn it_is_as_far_back_and_never_faster_in_winter(
            (a, b) in ((-89.0..89.0, -179.0..179.0), (-89.0..89.0, -179.0..179.0)), month in 1_u32..=12,
        ) {
            let (a, b) = (at(a.0, a.1), at(b.0, b.1));
            let usual = WayPolicy::default();
            let way = |way| estimate(way, month, false, &usual);
            let (there, back) = (way((a, b)), way((b, a)));
            prop_assert!(there.metres.abs_diff(back.metres) <= 1);
            prop_assert!(there.minutes >= estimate((a, b), 6, false, &usual).minutes);
            prop_assert!(there.base_minutes >= 5);
        }
    }
}
