//! What cannot be told of the past, as problems.

use projections::history::checkpoint::SignError;
use projections::history::entity::FoldError;
use projections::history::moment::MomentError;
use projections::history::past::PastError;

use super::{Code, Problem};

impl From<MomentError> for Problem {
    fn from(error: MomentError) -> Self {
        match error {
            MomentError::Database(error) => error.into(),
            MomentError::Malformed | MomentError::NotReached { .. } => {
                Self::field("as_of", error.to_string())
            }
        }
    }
}

impl From<SignError> for Problem {
    fn from(error: SignError) -> Self {
        match error {
            SignError::Database(error) => error.into(),
            found @ (SignError::Broken(_) | SignError::Attempts(_)) => {
                tracing::error!(%found, "the chain is broken, its head is not signed");
                Self::new(Code::ChainBroken).detail(found.to_string())
            }
        }
    }
}

impl From<FoldError> for Problem {
    fn from(error: FoldError) -> Self {
        match error {
            FoldError::Database(error) => error.into(),
            FoldError::Unreadable { .. } => Self::internal(&error),
        }
    }
}

impl From<PastError> for Problem {
    fn from(error: PastError) -> Self {
        match error {
            PastError::Database(error) => error.into(),
            PastError::TooMuch => Self::field("as_of", error.to_string()),
            PastError::NotRebuildable(_) => Self::internal(&error),
        }
    }
}
