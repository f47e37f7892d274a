//! Why a booking says no.

use serde_json::{Value, json};

use super::status::Status;
use crate::input::{FieldProblem, Problems};
use crate::refusal::{Kind, Refusal};
use crate::scheduling::search::Obstacle;

/// Why a command is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
pub enum BookingError {
    /// There is none.
    #[error("there is no such booking")]
    #[strum(serialize = "booking.not_found")]
    NotFound,
    /// The id is in use.
    #[error("this booking was asked for before")]
    #[strum(serialize = "booking.already_requested")]
    AlreadyRequested,
    /// Nobody could come.
    #[error("the contact is incomplete")]
    #[strum(serialize = "booking.contact_missing")]
    ContactMissing(Problems),
    /// The customer may not book.
    #[error("this customer cannot book")]
    #[strum(serialize = "booking.client_blocked")]
    ClientBlocked,
    /// Too late.
    #[error("a visit cannot start in the past")]
    #[strum(serialize = "booking.start_in_past")]
    StartInPast,
    /// Sooner than anybody can come.
    #[error("this is sooner than anybody can come")]
    #[strum(serialize = "booking.too_soon")]
    TooSoon,
    /// Later than anybody plans.
    #[error("this is further ahead than visits are planned")]
    #[strum(serialize = "booking.too_far")]
    TooFar,
    /// Its day has not come.
    #[error("this visit is more than 12 hours ahead; move it if you are there already")]
    #[strum(serialize = "booking.not_yet")]
    NotYet,
    /// The team has enough to do.
    #[error("the team takes no more visits on that day")]
    #[strum(serialize = "booking.day_full")]
    DayFull,
    /// Something stands in the way.
    #[error("conflict_with_existing_booking")]
    #[strum(serialize = "booking.conflict")]
    Hindered(Vec<Obstacle>),
    /// The deposit comes first.
    #[error("the deposit must be paid before this booking can be confirmed")]
    #[strum(serialize = "booking.deposit_unpaid")]
    DepositUnpaid,
    /// No such deposit.
    #[error("this visit has no such deposit")]
    #[strum(serialize = "booking.deposit_not_found")]
    DepositNotFound,
    /// It goes back by the way it came.
    #[error("this deposit was paid by card and goes back by card")]
    #[strum(serialize = "booking.deposit_by_card")]
    DepositNotByHand,
    /// Another deposit of the visit has that reference.
    #[error("another deposit of this visit has this reference: give this one another")]
    #[strum(serialize = "booking.deposit_reference_taken")]
    DepositReferenceTaken,
    /// The state forbids it.
    #[error("a booking that is {0} does not allow this")]
    #[strum(serialize = "booking.illegal_state")]
    IllegalState(Status),
    /// Customers may not move visits here.
    #[error("visits cannot be moved online; please call")]
    #[strum(serialize = "booking.reschedule_not_allowed")]
    RescheduleNotAllowed,
    /// Too shortly before it.
    #[error("it is too late to move this visit")]
    #[strum(serialize = "booking.notice_too_short")]
    NoticeTooShort,
    /// Moved often enough.
    #[error("this visit was moved as often as it may be")]
    #[strum(serialize = "booking.reschedule_limit")]
    RescheduleLimit,
    /// Somebody of the crew does not work here.
    #[error("a worker of the crew is not active")]
    #[strum(serialize = "booking.worker_inactive")]
    WorkerInactive,
    /// Somebody of the crew is in another team.
    #[error("a worker of the crew belongs to another team")]
    #[strum(serialize = "booking.worker_other_team")]
    WorkerOtherTeam,
    /// Only the crew starts.
    #[error("there is no such booking")]
    #[strum(serialize = "booking.not_assigned")]
    NotAssigned,
    /// It must be said why.
    #[error("a reason of 1 to 500 characters is needed")]
    #[strum(serialize = "booking.reason_required")]
    ReasonRequired,
    /// Done is done.
    #[error("this booking is completed already")]
    #[strum(serialize = "booking.already_completed")]
    AlreadyCompleted,
    /// Something is left to do.
    #[error("the checklist is not complete")]
    #[strum(serialize = "booking.checklist_open")]
    ChecklistOpen,
    /// Such extras cannot be chosen.
    #[error("an extra is unknown, no longer offered, or named twice")]
    #[strum(serialize = "booking.addon_invalid")]
    AddonInvalid,
    /// A value is unusable.
    #[error("the input has unusable values")]
    #[strum(serialize = "booking.invalid")]
    Invalid(Problems),
    /// Nothing would change.
    #[error("nothing to change was supplied")]
    #[strum(serialize = "booking.nothing_supplied")]
    NothingSupplied,
}

impl From<Problems> for BookingError {
    fn from(problems: Problems) -> Self {
        Self::Invalid(problems)
    }
}

impl Refusal for BookingError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotFound | Self::NotAssigned | Self::DepositNotFound => Kind::NotFound,
            Self::ContactMissing(_)
            | Self::StartInPast
            | Self::TooSoon
            | Self::TooFar
            | Self::ReasonRequired
            | Self::Invalid(_)
            | Self::NothingSupplied => Kind::Invalid,
            Self::ClientBlocked => Kind::Forbidden,
            Self::DepositUnpaid
            | Self::WorkerInactive
            | Self::WorkerOtherTeam
            | Self::AlreadyCompleted
            | Self::ChecklistOpen
            | Self::AddonInvalid => Kind::Rule,
            Self::AlreadyRequested
            | Self::Hindered(_)
            | Self::DayFull
            | Self::IllegalState(_)
            | Self::DepositNotByHand
            | Self::DepositReferenceTaken
            | Self::NotYet
            | Self::RescheduleNotAllowed
            | Self::NoticeTooShort
            | Self::RescheduleLimit => Kind::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        self.into()
    }

    fn problems(&self) -> &[FieldProblem] {
        match self {
            Self::ContactMissing(problems) | Self::Invalid(problems) => problems.as_slice(),
            _ => &[],
        }
    }

    fn member(&self) -> Option<(&'static str, Value)> {
        match self {
            Self::Hindered(obstacles) => Some(("conflicts", json!(obstacles))),
            _ => None,
        }
    }
}
