//! What an organisation knows about the ways between visits: when snow lies on the roads, and where parking is scarce.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::policies::Wrong;

/// What is added to the way as the crow flies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WayPolicy {
    /// Months with snow on the roads, from 1 to 12.
    pub winter_months: BTreeSet<u8>,
    /// What a way takes then, in thousandths of what it takes otherwise.
    pub winter_permille: u16,
    /// Minutes then beside, to clear the car.
    pub winter_minutes: u16,
    /// Minutes where parking is scarce.
    pub downtown_minutes: u16,
}

impl Default for WayPolicy {
    fn default() -> Self {
        Self {
            winter_months: [11, 12, 1, 2, 3].into(),
            winter_permille: 1_100,
            winter_minutes: 10,
            downtown_minutes: 15,
        }
    }
}

impl WayPolicy {
    /// Whether nothing else was decided: then it is not written down with every price book.
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    /// Names everything that cannot be meant, as it is sent.
    pub(super) fn check(&self, wrong: &mut Wrong) {
        wrong.unless(
            self.winter_months.iter().all(|month| (1..=12).contains(month)),
            "ways.winter_months",
            "Input should be months from 1 to 12",
        );
        wrong.unless(
            (1_000..=5_000).contains(&self.winter_permille),
            "ways.winter_multiplier",
            "Input should be from 1 to 5",
        );
        for (field, minutes) in [
            ("ways.winter_minutes", self.winter_minutes),
            ("ways.downtown_minutes", self.downtown_minutes),
        ] {
            wrong.unless(minutes <= 240, field, "Input should be from 0 to 240");
        }
    }
}
