//! The parts of town by which visits are grouped on the board: boxes on the map, the first that holds a place names it.
//!
//! Where an organisation has not said otherwise, the parts of Edmonton hold.

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use super::point::{Point, millionths};
use crate::event::{EventSourced, domain_event};
use crate::input::free_text;
use crate::refusal::{Kind, Refusal};

/// More would not be seen on any board.
const MOST: usize = 50;

/// Where parking takes longer, whatever its box is.
const DOWNTOWN: &str = "Downtown";

/// Name, south, north, west and east of the parts that hold by default; source: the reference system.
const EDMONTON: [(&str, [f64; 4]); 6] = [
    (DOWNTOWN, [53.53, 53.57, -113.53, -113.47]),
    ("Whyte", [53.50, 53.53, -113.55, -113.48]),
    ("West", [53.50, 53.60, -113.68, -113.54]),
    ("South/Millwoods", [53.44, 53.52, -113.58, -113.44]),
    ("North/Castle Downs", [53.58, 53.68, -113.56, -113.42]),
    ("St. Albert", [53.60, 53.70, -113.72, -113.58]),
];

/// A part of town.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zone {
    /// As the board calls it.
    pub name: String,
    south_e6: i32,
    north_e6: i32,
    west_e6: i32,
    east_e6: i32,
}

impl Zone {
    /// From degrees; `None` if the box is off the map or holds nothing.
    pub fn of_degrees(name: &str, [south, north, west, east]: [f64; 4]) -> Option<Self> {
        Point::of_degrees(south, west)?;
        Point::of_degrees(north, east)?;
        (south < north && west < east).then(|| Self {
            name: name.to_owned(),
            south_e6: millionths(south),
            north_e6: millionths(north),
            west_e6: millionths(west),
            east_e6: millionths(east),
        })
    }

    /// South, north, west and east, in degrees.
    pub fn degrees(&self) -> [f64; 4] {
        [self.south_e6, self.north_e6, self.west_e6, self.east_e6]
            .map(|edge| f64::from(edge) / 1_000_000.0)
    }

    fn holds(&self, point: Point) -> bool {
        let (lat, lng) = point.millionths();
        (self.south_e6..=self.north_e6).contains(&lat)
            && (self.west_e6..=self.east_e6).contains(&lng)
    }
}

/// The parts that hold where nobody decided.
pub fn edmonton() -> Vec<Zone> {
    EDMONTON.iter().filter_map(|(name, edges)| Zone::of_degrees(name, *edges)).collect()
}

/// The parts of town of an organisation; `None` until it decided.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zones(Option<Vec<Zone>>);

impl Zones {
    /// Those that hold, in the order in which they are tried.
    pub fn all(&self) -> Vec<Zone> {
        self.0.clone().unwrap_or_else(edmonton)
    }
}

/// The part that `point` is in: the first whose box holds it.
pub fn zone_of(zones: &[Zone], point: Point) -> Option<&str> {
    zones.iter().find(|zone| zone.holds(point)).map(|zone| zone.name.as_str())
}

/// Whether parking takes longer there.
pub fn is_downtown(zones: &[Zone], point: Point) -> bool {
    zone_of(zones, point) == Some(DOWNTOWN)
}

/// What can be asked.
#[derive(Clone, Debug)]
pub enum ZonesCommand {
    /// Put these in the place of all there are.
    Replace {
        /// In the order in which they are tried.
        zones: Vec<Zone>,
        /// When it is asked.
        now: DateTime<Utc>,
    },
}

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ZonesEvent {
    /// The parts of town are others.
    Replaced {
        /// In the order in which they are tried.
        zones: Vec<Zone>,
        /// When.
        at: DateTime<Utc>,
    },
}
domain_event!(ZonesEvent, version = "1");

/// Why a command is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, IntoStaticStr)]
pub enum ZonesError {
    /// Too many.
    #[error("at most 50 zones")]
    #[strum(serialize = "dispatch_zones.too_many")]
    TooMany,
    /// A name that is empty, too long or there already.
    #[error("each zone has a name of its own of 1 to 60 characters")]
    #[strum(serialize = "dispatch_zones.bad_name")]
    BadName,
}

impl Refusal for ZonesError {
    fn kind(&self) -> Kind {
        Kind::Invalid
    }

    fn code(&self) -> &'static str {
        self.into()
    }
}

impl Zones {
    fn replace(&self, zones: Vec<Zone>, at: DateTime<Utc>) -> Result<Vec<ZonesEvent>, ZonesError> {
        if zones.len() > MOST {
            return Err(ZonesError::TooMany);
        }
        for (n, zone) in zones.iter().enumerate() {
            let name = free_text("name", &zone.name, 1..=60).map_err(|_| ZonesError::BadName)?;
            let is_its_own = zones[..n].iter().all(|other| other.name != name);
            if name != zone.name || !is_its_own {
                return Err(ZonesError::BadName);
            }
        }
        let is_so = self.0.as_ref() == Some(&zones);
        Ok(if is_so { Vec::new() } else { vec![ZonesEvent::Replaced { zones, at }] })
    }
}

impl Aggregate for Zones {
    const TYPE: &'static str = "dispatch_zones";
    type Command = ZonesCommand;
    type Event = ZonesEvent;
    type Error = ZonesError;
    type Services = ();

    async fn handle(
        &mut self,
        command: Self::Command,
        (): &Self::Services,
        sink: &EventSink<Self>,
    ) -> Result<(), Self::Error> {
        let ZonesCommand::Replace { zones, now } = command;
        for event in self.replace(zones, now)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: Self::Event) {
        let ZonesEvent::Replaced { zones, .. } = event;
        self.0 = Some(zones);
    }
}

impl EventSourced for Zones {}

#[cfg(test)]
mod tests {
    use cqrs_es::test::TestFramework;

    use super::*;

    fn replace(zones: Vec<Zone>) -> ZonesCommand {
        ZonesCommand::Replace { zones, now: DateTime::UNIX_EPOCH }
    }

    fn replaced(zones: Vec<Zone>) -> ZonesEvent {
        ZonesEvent::Replaced { zones, at: DateTime::UNIX_EPOCH }
    }

    fn zone(name: &str) -> Zone {
        Zone::of_degrees(name, [0.0, 1.0, 0.0, 1.0]).unwrap()
    }

    #[test]
    fn the_first_box_that_holds_a_place_names_it() {
        let zones = Zones::default().all();
        let of = |lat, lng| zone_of(&zones, Point::of_degrees(lat, lng).unwrap());
        assert_eq!(of(53.54, -113.49), Some("Downtown"));
        // Where two meet, the earlier counts.
        assert_eq!(of(53.53, -113.50), Some("Downtown"));
        assert_eq!(of(53.51, -113.50), Some("Whyte"));
        assert_eq!(of(53.45, -113.50), Some("South/Millwoods"));
        assert_eq!(of(51.0, -114.0), None);
        assert_eq!(zones.len(), 6);
    }

    #[test]
    fn all_are_replaced_at_once_and_the_same_again_is_nothing() {
        let test = TestFramework::<Zones>::with(());
        let zones = vec![zone("A"), zone("B")];
        test.given_no_previous_events()
            .when(replace(zones.clone()))
            .then_expect_events(vec![replaced(zones.clone())]);
        let test = TestFramework::<Zones>::with(());
        test.given(vec![replaced(zones.clone())]).when(replace(zones)).then_expect_events(vec![]);
        // None at all is a decision too.
        let test = TestFramework::<Zones>::with(());
        test.given_no_previous_events()
            .when(replace(vec![]))
            .then_expect_events(vec![replaced(vec![])]);
    }

    #[test]
    fn names_are_their_own_and_not_too_many() {
        let refused = |zones| {
            let test = TestFramework::<Zones>::with(());
            test.given_no_previous_events().when(replace(zones)).inspect_result().unwrap_err()
        };
        assert_eq!(refused(vec![zone("A"), zone("A")]), ZonesError::BadName);
        assert_eq!(refused(vec![zone(" A")]), ZonesError::BadName);
        assert_eq!(refused(vec![zone("")]), ZonesError::BadName);
        let many = (0..51).map(|n| zone(&n.to_string())).collect();
        assert_eq!(refused(many), ZonesError::TooMany);
        assert!(Zone::of_degrees("A", [1.0, 0.0, 0.0, 1.0]).is_none());
    }
}
