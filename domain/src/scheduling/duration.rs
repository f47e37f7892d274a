//! How long a visit is planned for.

use crate::sales::estimate::CleaningType;

/// Visits are planned in steps of half an hour.
const STEP: i64 = 30;

/// `hundredths` of an hour as minutes: the next half hour up, held to what visits of `service` take at least and at most.
pub fn of_hours(hundredths: i64, service: Option<CleaningType>) -> u32 {
    let steps = hundredths.clamp(1, 100_000).div_euclid(50) + i64::from(hundredths % 50 != 0);
    let (least, most) = bounds(service);
    u32::try_from((steps * STEP).clamp(least, most)).unwrap_or(u32::MAX)
}

/// Minutes at least and at most.
const fn bounds(service: Option<CleaningType>) -> (i64, i64) {
    match service {
        Some(CleaningType::Standard) => (60, 240),
        Some(CleaningType::Deep) => (90, 360),
        Some(CleaningType::MoveOutEmpty | CleaningType::MoveInEmpty) => (150, 420),
        None => (30, 540),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_become_half_hours_up_within_the_bounds_of_the_service() {
        use CleaningType as C;
        for (hundredths, service, minutes) in [
            (1, None, 30),
            (350, None, 210),
            (351, None, 240),
            (2000, None, 540),
            (10, Some(C::Standard), 60),
            (500, Some(C::Standard), 240),
            (350, Some(C::Deep), 210),
            (100, Some(C::MoveInEmpty), 150),
            (10_000, Some(C::MoveOutEmpty), 420),
        ] {
            assert_eq!(of_hours(hundredths, service), minutes, "{hundredths} {service:?}");
        }
    }
}
