//! What an organisation has decided about work at visits.

use serde::{Deserialize, Serialize};

use crate::input::Problems;

/// How visits are worked on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WorkPolicy {
    /// Work that takes longer than this share of what was planned needs a reason, in thousandths.
    pub overrun_permille: u32,
    /// Whether a visit is done only when its checklist is.
    pub checklist_required: bool,
    /// Whether a visit is done when its work is finished.
    pub finish_completes: bool,
    /// Whether customers are thanked by mail for a visit, and asked how it was; left out where they are.
    #[serde(skip_serializing_if = "is_so")]
    pub thanks: bool,
}

impl Default for WorkPolicy {
    fn default() -> Self {
        Self {
            overrun_permille: 1200,
            checklist_required: false,
            finish_completes: true,
            thanks: true,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks")]
const fn is_so(holds: &bool) -> bool {
    *holds
}

impl WorkPolicy {
    /// Names everything that cannot be meant, as it is sent.
    pub(super) fn check(&self) -> Result<(), Problems> {
        let message = "Input should be from 1 to 10";
        if (1000..=10_000).contains(&self.overrun_permille) {
            return Ok(());
        }
        Err(Problems::one("work.overrun_threshold", message))
    }
}
