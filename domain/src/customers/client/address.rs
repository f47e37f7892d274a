//! Where a client is visited.

use serde::{Deserialize, Serialize};

use crate::input::{self, Problems};

/// Addresses of one client, archived ones included.
pub(super) const MOST: usize = 50;

/// What the first address is called if nobody says otherwise, and the others.
const LABELS: [&str; 2] = ["Primary", "Custom"];

/// Sealed as a whole. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// What staff call it.
    pub label: String,
    /// As it is written on a letter.
    pub text: String,
    /// How to get in, for example.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// Where on the map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spot: Option<Spot>,
}

/// A place on the map, in millionths of a degree.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spot {
    /// North of the equator.
    pub lat: i32,
    /// East of Greenwich.
    pub lng: i32,
}

impl Spot {
    /// From degrees; `None` if there is no such place.
    pub fn of_degrees(lat: f64, lng: f64) -> Option<Self> {
        Some(Self { lat: millionths(lat, 90.0)?, lng: millionths(lng, 180.0)? })
    }

    /// In degrees.
    pub fn degrees(self) -> (f64, f64) {
        (f64::from(self.lat) / 1e6, f64::from(self.lng) / 1e6)
    }
}

fn millionths(degrees: f64, most: f64) -> Option<i32> {
    let fits = degrees.is_finite() && degrees.abs() <= most;
    #[expect(clippy::cast_possible_truncation, reason = "at most 180 million")]
    fits.then(|| (degrees * 1e6).round() as i32)
}

/// An address as somebody typed it; what is `None` was left out.
#[derive(Clone, Default)]
pub struct AddressInput {
    /// See [`Address::label`].
    pub label: Option<String>,
    /// See [`Address::text`].
    pub text: Option<String>,
    /// See [`Address::notes`]; empty removes them.
    pub notes: Option<String>,
    /// Degrees; both or neither.
    pub spot: (Option<f64>, Option<f64>),
}

impl AddressInput {
    /// A new address; it is the first of the client, or it is not.
    pub fn parse(&self, is_first: bool) -> Result<Address, Problems> {
        let mut problems = Problems::default();
        let text = problems.take(read_text(self.text.as_deref().unwrap_or_default()));
        let parts = self.parts(&mut problems);
        let label = parts.label.unwrap_or_else(|| LABELS[usize::from(!is_first)].to_owned());
        problems.or(Address {
            label,
            text: text.unwrap_or_default(),
            notes: parts.notes.filter(|notes| !notes.is_empty()),
            spot: parts.spot,
        })
    }

    /// `before` with what was typed in place of what was there.
    pub fn on(&self, before: &Address) -> Result<Address, Problems> {
        let mut problems = Problems::default();
        let text = self.text.as_deref().and_then(|text| problems.take(read_text(text)));
        let parts = self.parts(&mut problems);
        // Words that changed lead somewhere else: the old place on the map is not where they are.
        let is_elsewhere = text.as_ref().is_some_and(|text| *text != before.text);
        let kept = before.spot.filter(|_| !is_elsewhere);
        problems.or(Address {
            label: parts.label.unwrap_or_else(|| before.label.clone()),
            text: text.unwrap_or_else(|| before.text.clone()),
            notes: parts.notes.or_else(|| before.notes.clone()).filter(|notes| !notes.is_empty()),
            spot: parts.spot.or(kept),
        })
    }

    /// Whether nothing was typed.
    pub fn is_empty(&self) -> bool {
        self.label.is_none()
            && self.text.is_none()
            && self.notes.is_none()
            && self.spot == (None, None)
    }

    fn parts(&self, problems: &mut Problems) -> Parts {
        let label = self.label.as_deref().map(str::trim).filter(|label| !label.is_empty());
        let label = label.and_then(|label| problems.take(input::text("label", label, 1..=50)));
        let notes = self.notes.as_deref();
        let notes =
            notes.and_then(|notes| problems.take(input::free_text("notes", notes, 0..=500)));
        let spot = match self.spot {
            (None, None) => None,
            (Some(lat), Some(lng)) => {
                let spot = Spot::of_degrees(lat, lng);
                if spot.is_none() {
                    problems.push("lat", "Input should be a place in degrees");
                }
                spot
            }
            (Some(_), None) => {
                problems.push("lng", "Field required");
                None
            }
            (None, Some(_)) => {
                problems.push("lat", "Field required");
                None
            }
        };
        Parts { label, notes, spot }
    }
}

struct Parts {
    label: Option<String>,
    /// Empty: none any more.
    notes: Option<String>,
    spot: Option<Spot>,
}

fn read_text(raw: &str) -> Result<String, Problems> {
    input::free_text("address_text", raw, 1..=500)
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Address(..)")
    }
}

impl std::fmt::Debug for Spot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Spot(..)")
    }
}

impl std::fmt::Debug for AddressInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AddressInput(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(label: &str, text: &str) -> AddressInput {
        AddressInput {
            label: Some(label.to_owned()),
            text: Some(text.to_owned()),
            ..AddressInput::default()
        }
    }

    #[test]
    fn the_first_is_called_primary_and_the_others_custom_unless_somebody_says_otherwise() {
        assert_eq!(typed(" ", "1 Elm").parse(true).unwrap().label, "Primary");
        assert_eq!(typed("", "1 Elm").parse(false).unwrap().label, "Custom");
        assert_eq!(typed("Cabin", " 1 Elm ").parse(true).unwrap().text, "1 Elm");
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let mut input = typed(&"l".repeat(51), &"t".repeat(501));
        input.notes = Some("n".repeat(501));
        input.spot = (Some(91.0), Some(0.0));
        let wrong = input.parse(true).unwrap_err();
        let fields: Vec<_> = wrong.as_slice().iter().map(|one| one.field.as_str()).collect();
        assert_eq!(fields, ["address_text", "label", "notes", "lat"]);
        input.spot = (Some(1.0), None);
        assert_eq!(input.parse(true).unwrap_err().as_slice()[3].field, "lng");
        assert!(AddressInput::default().parse(true).is_err(), "an address has words");
    }

    #[test]
    fn what_is_left_out_stays_and_other_words_lead_to_another_place() {
        let mut input = typed("Home", "1 Elm");
        input.spot = (Some(53.544_389), Some(-113.490_927));
        input.notes = Some("ring twice".to_owned());
        let before = input.parse(true).unwrap();
        assert_eq!(before.spot.unwrap().degrees(), (53.544_389, -113.490_927));
        let called = AddressInput { label: Some("Old home".to_owned()), ..AddressInput::default() };
        let after = called.on(&before).unwrap();
        assert_eq!(
            (after.label.as_str(), after.spot, &after.notes),
            ("Old home", before.spot, &before.notes)
        );
        let moved = AddressInput { text: Some("2 Oak".to_owned()), ..AddressInput::default() };
        assert_eq!(moved.on(&before).unwrap().spot, None);
        let quiet = AddressInput { notes: Some(String::new()), ..AddressInput::default() };
        assert_eq!(quiet.on(&before).unwrap().notes, None);
    }
}
