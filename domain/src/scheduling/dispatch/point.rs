//! A place on the map, in millionths of a degree: a decimetre, which is nearer than anybody parks.

use serde::{Deserialize, Serialize};

/// Millionths in a degree.
const MILLION: f64 = 1_000_000.0;

/// Mean radius of the earth.
const EARTH_KM: f64 = 6_371.0;

/// A place on the map.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    lat_e6: i32,
    lng_e6: i32,
}

/// Never printed: it is somebody's home.
impl std::fmt::Debug for Point {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Point(..)")
    }
}

impl Point {
    /// From degrees; `None` off the map.
    pub fn of_degrees(lat: f64, lng: f64) -> Option<Self> {
        let on_map = (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lng);
        on_map.then(|| Self { lat_e6: millionths(lat), lng_e6: millionths(lng) })
    }

    /// Northwards from the equator, in degrees.
    pub fn lat(self) -> f64 {
        f64::from(self.lat_e6) / MILLION
    }

    /// Eastwards from Greenwich, in degrees.
    pub fn lng(self) -> f64 {
        f64::from(self.lng_e6) / MILLION
    }

    pub(super) const fn millionths(self) -> (i32, i32) {
        (self.lat_e6, self.lng_e6)
    }

    /// Along the great circle.
    pub fn kilometres_to(self, other: Self) -> f64 {
        let (from, to) = (self.lat().to_radians(), other.lat().to_radians());
        let (up, along) = ((to - from) / 2.0, (other.lng() - self.lng()).to_radians() / 2.0);
        let chord = up.sin().powi(2) + from.cos() * to.cos() * along.sin().powi(2);
        2.0 * EARTH_KM * chord.clamp(0.0, 1.0).sqrt().asin()
    }
}

/// Degrees of the map fit: 180 million are well within an `i32`.
#[expect(clippy::cast_possible_truncation, reason = "checked to be on the map before")]
pub(super) fn millionths(degrees: f64) -> i32 {
    (degrees * MILLION).round() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_on_the_map() {
        assert!(Point::of_degrees(53.54, -113.49).is_some());
        for (lat, lng) in [(90.1, 0.0), (0.0, -180.1), (f64::NAN, 0.0), (0.0, f64::INFINITY)] {
            assert!(Point::of_degrees(lat, lng).is_none(), "{lat} {lng}");
        }
    }

    #[test]
    fn a_degree_northwards_is_a_hundred_and_eleven_kilometres() {
        let at = |lat| Point::of_degrees(lat, -113.0).unwrap();
        let way = at(53.0).kilometres_to(at(54.0));
        assert!((111.0..111.5).contains(&way), "{way}");
        assert!(at(53.0).kilometres_to(at(53.0)).abs() < f64::EPSILON);
        let around = Point::of_degrees(0.0, 0.0).unwrap();
        let way = around.kilometres_to(Point::of_degrees(0.0, 180.0).unwrap());
        assert!((20_000.0..20_040.0).contains(&way), "{way}");
    }
}
