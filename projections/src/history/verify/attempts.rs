//! Adds to the report on a log what was found in the other chain of its organisation, that of what was tried.

use super::{Defect, FINDINGS, Finding, Report, Witness};
use crate::audit_log::{Known, Verified};

impl Report {
    /// `known` is what was known about the chain from elsewhere.
    pub(super) fn add_attempts(&mut self, verified: Verified, known: &[(Known, Witness)]) {
        self.attempts = Some(verified.number);
        // Entries hash where the log stood. With a log that is not what it was, they cannot be what they were.
        let is_log_whole = self.is_clean();
        let end = verified.number;
        let cut = known.iter().filter(|(known, _)| known.number > end);
        let witness = cut.max_by_key(|(known, _)| known.number).map(|(_, witness)| witness);
        for found in verified.findings {
            let number = found.number;
            let defect = match found.found {
                "changed" if is_log_whole => Defect::AttemptChanged { number },
                "changed" => continue,
                "missing" => Defect::AttemptMissing { number },
                "unlinked" => Defect::AttemptUnlinked { number },
                _ => {
                    let witness = witness.cloned().unwrap_or(Witness::Head);
                    Defect::AttemptsTruncated { number, witness }
                }
            };
            if self.findings.len() < FINDINGS {
                self.findings.push(Finding::new(self.org, defect));
            } else {
                self.unlisted += 1;
            }
        }
    }
}
