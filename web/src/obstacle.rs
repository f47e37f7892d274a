//! What stands in the way of a visit, in words.

use std::fmt;

use serde::Deserialize;

use crate::moment::Moment;

/// Something that is there already, as the API names it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Obstacle {
    kind: String,
    #[serde(default)]
    reference: String,
    starts_at: Moment,
    ends_at: Moment,
    #[serde(default)]
    note: Option<String>,
}

impl Obstacle {
    /// The page about it, if it is a visit that may be known.
    pub(crate) fn page(&self) -> Option<String> {
        let is_visit = matches!(self.kind.as_str(), "booking" | "worker_booking");
        let known = is_visit && !self.reference.is_empty();
        known.then(|| format!("/bookings/{}", self.reference))
    }

    fn what(&self) -> &str {
        match self.kind.as_str() {
            "booking" => "The team is at another visit",
            "worker_booking" => "One of the workers is at another visit",
            "blackout" => "No visits are taken",
            "availability_block" => "Somebody has time off",
            "external_block" => "Another calendar says that the time is taken",
            "outside_hours" => "The team does not work at that time",
            _ => "The time is taken",
        }
    }

    /// Why, where somebody wrote it down; of visits the API names ids, which tell people nothing.
    fn reason(&self) -> Option<&str> {
        let is_off =
            matches!(self.kind.as_str(), "blackout" | "availability_block" | "external_block");
        self.note.as_deref().filter(|note| is_off && !note.is_empty())
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what())?;
        // Of hours the API tells those of the visit that was asked for.
        if self.kind != "outside_hours" {
            write!(f, ", {} to {}", self.starts_at, self.ends_at)?;
        }
        self.reason().map_or(Ok(()), |reason| write!(f, " ({reason})"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_visit_in_the_way_is_told_in_words_and_leads_to_its_page() {
        let visit = json!({
            "kind": "booking", "reference": "0198", "starts_at": "2030-03-04T16:00:00Z",
            "ends_at": "2030-03-04T18:00:00Z", "note": "team 0197",
        });
        let visit = Obstacle::deserialize(&visit).unwrap();
        let said = "The team is at another visit, 2030-03-04 16:00 UTC to 2030-03-04 18:00 UTC";
        assert_eq!(visit.to_string(), said);
        assert_eq!(visit.page().as_deref(), Some("/bookings/0198"));
    }

    #[test]
    fn what_is_no_visit_has_no_page() {
        let hours = json!({
            "kind": "outside_hours", "reference": "", "starts_at": "2030-03-04T16:00:00Z",
            "ends_at": "2030-03-04T18:00:00Z", "note": "the team does not work then",
        });
        let hours = Obstacle::deserialize(&hours).unwrap();
        assert_eq!(hours.to_string(), "The team does not work at that time");
        assert_eq!(hours.page(), None);
        let off = json!({
            "kind": "blackout", "reference": "0196", "starts_at": "2030-03-04T16:00:00Z",
            "ends_at": "2030-03-04T18:00:00Z", "note": "van",
        });
        let off = Obstacle::deserialize(&off).unwrap();
        assert!(off.to_string().ends_with("18:00 UTC (van)"), "{off}");
        assert_eq!(off.page(), None);
    }
}
