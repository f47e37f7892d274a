//! A proposal for visits that nobody is to make yet, and why one is not carried out.

use std::str::FromStr;

use strum::IntoStaticStr;
use uuid::Uuid;

use crate::id::BookingId;
use crate::refusal::{Kind, Refusal};

/// What is proposed, and about which state of the visit: another state is another proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProposalId {
    /// About which visit.
    pub booking: BookingId,
    /// As it was when it was proposed.
    pub version: i32,
}

impl std::fmt::Display for ProposalId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "assign-{}-{}", self.booking.as_uuid().simple(), self.version)
    }
}

/// The text is no proposal of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a proposal")]
pub struct NoProposal;

impl FromStr for ProposalId {
    type Err = NoProposal;

    fn from_str(text: &str) -> Result<Self, NoProposal> {
        let parts = text.strip_prefix("assign-").and_then(|rest| rest.split_once('-'));
        let (booking, version) = parts.ok_or(NoProposal)?;
        let booking: Uuid = booking.parse().map_err(|_| NoProposal)?;
        let version = version.parse().map_err(|_| NoProposal)?;
        Ok(Self { booking: booking.into(), version })
    }
}

/// Why a proposal is not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, IntoStaticStr)]
pub enum PlanError {
    /// It is about another visit, or none.
    #[error("suggestion_mismatch")]
    #[strum(serialize = "optimization.suggestion_mismatch")]
    Mismatch,
    /// Somebody is to make the visit by now.
    #[error("booking_already_assigned")]
    #[strum(serialize = "optimization.booking_already_assigned")]
    AlreadyAssigned,
    /// The visit has changed since.
    #[error("suggestion_stale")]
    #[strum(serialize = "optimization.suggestion_stale")]
    Stale,
    /// Another team is to come.
    #[error("team_mismatch")]
    #[strum(serialize = "optimization.team_mismatch")]
    TeamMismatch,
    /// Whoever was chosen is not free, or not of the team.
    #[error("worker_not_in_candidates")]
    #[strum(serialize = "optimization.worker_not_in_candidates")]
    NotACandidate,
    /// Nobody is free.
    #[error("no_candidate_workers")]
    #[strum(serialize = "optimization.no_candidate_workers")]
    NoCandidates,
}

impl Refusal for PlanError {
    fn kind(&self) -> Kind {
        Kind::Conflict
    }

    fn code(&self) -> &'static str {
        self.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proposal_is_read_as_it_was_written_and_is_another_after_a_change() {
        let one = ProposalId { booking: Uuid::from_u128(7).into(), version: 3 };
        assert_eq!(one.to_string().parse(), Ok(one));
        assert_ne!(one.to_string(), ProposalId { version: 4, ..one }.to_string());
        for bad in ["", "assign", "assign-x-1", "assign-00000000000000000000000000000007-", "7-1"] {
            assert_eq!(bad.parse::<ProposalId>(), Err(NoProposal), "{bad}");
        }
    }
}
