//! Why a command was refused, in words that HTTP can be made of without the domain knowing HTTP.

use serde_json::Value;

use crate::input::FieldProblem;

/// What sort of refusal it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The thing does not exist for this caller.
    NotFound,
    /// The request breaks a business rule, whatever the state.
    Rule,
    /// A value is unusable.
    Invalid,
    /// The state forbids it.
    Conflict,
    /// This caller may not.
    Forbidden,
    /// What the organisation pays for does not allow it.
    OverPlan,
}

/// A domain error that can be answered to a caller.
pub trait Refusal: std::error::Error {
    /// What sort of refusal it is.
    fn kind(&self) -> Kind;

    /// Stable machine name, `<aggregate>.<reason>`.
    fn code(&self) -> &'static str;

    /// The unusable fields, if that is the reason.
    fn problems(&self) -> &[FieldProblem] {
        &[]
    }

    /// One more member of the answer and its name, where a sentence cannot say everything.
    fn member(&self) -> Option<(&'static str, Value)> {
        None
    }
}
