//! What happens to a booking. Wire names and fields are frozen by the files in `tests/golden/`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};
use uuid::Uuid;

use super::addons::AddonLine;
use super::by_hand::GivenBack;
use super::party::{Confirmation, Party};
use super::placement::Placement;
use super::reason::ReasonCode;
use super::requested::Requested;
use crate::event::domain_event;
use crate::id::{AddressId, ClientId, WorkerId};
use crate::personal::Personal;
use crate::scheduling::terms::cancellation::{CancellationTerms, Settlement};
use crate::scheduling::terms::deposit::DepositTerms;
use crate::scheduling::terms::risk::Risk;

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum BookingEvent {
    /// Somebody asked for a visit; its time is taken from now on.
    Requested(Box<Requested>),
    /// How risky it is.
    RiskAssessed {
        /// The judgement.
        risk: Risk,
        /// When.
        at: DateTime<Utc>,
    },
    /// Whether money is asked for in advance.
    DepositDecided {
        /// The decision.
        deposit: DepositTerms,
        /// When.
        at: DateTime<Utc>,
    },
    /// What cancelling will cost.
    CancellationPolicyFixed {
        /// The promise.
        cancellation: CancellationTerms,
        /// When.
        at: DateTime<Utc>,
    },
    /// Somebody will come.
    Confirmed {
        /// What led to it.
        cause: Confirmation,
        /// When.
        at: DateTime<Utc>,
    },
    /// At another time, maybe by others.
    Rescheduled {
        /// As it is now.
        placement: Placement,
        /// As it was.
        before: Placement,
        /// Who wanted it.
        by: Party,
        /// What it costs them.
        fee_cents: i64,
        /// The version of the price book whose terms allowed it.
        decided_by: String,
        /// Why opening hours and distances were put aside.
        forced: Option<Personal<String>>,
        /// When.
        at: DateTime<Utc>,
    },
    /// By another team.
    TeamAssigned {
        /// As it is now.
        placement: Placement,
        /// As it was.
        before: Placement,
        /// When.
        at: DateTime<Utc>,
    },
    /// By these workers.
    CrewAssigned {
        /// As it is now.
        placement: Placement,
        /// As it was.
        before: Placement,
        /// When.
        at: DateTime<Utc>,
    },
    /// By nobody yet.
    CrewCleared {
        /// As it is now.
        placement: Placement,
        /// As it was.
        before: Placement,
        /// When.
        at: DateTime<Utc>,
    },
    /// Somebody is there.
    Started {
        /// Who was first, if it was one of the crew.
        worker: Option<WorkerId>,
        /// When.
        at: DateTime<Utc>,
    },
    /// It is clean.
    Completed {
        /// How long it took.
        actual_minutes: u32,
        /// When.
        at: DateTime<Utc>,
    },
    /// It is the time to remind the customer of it.
    ReminderDue {
        /// Of the visit at this time.
        starts_at: DateTime<Utc>,
        /// When.
        at: DateTime<Utc>,
    },
    /// Nobody began at the time that was promised.
    NoShow {
        /// Of the visit at this time.
        starts_at: DateTime<Utc>,
        /// When it was noticed.
        at: DateTime<Utc>,
    },
    /// Nobody will come.
    Cancelled {
        /// Who wanted it.
        by: Party,
        /// Why.
        reason: Option<Personal<String>>,
        /// What it comes to.
        settlement: Settlement,
        /// Who was to come.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        crew: Vec<WorkerId>,
        /// When.
        at: DateTime<Utc>,
    },
    /// The deposit was not paid in time.
    Expired {
        /// Who was to come.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        crew: Vec<WorkerId>,
        /// When.
        at: DateTime<Utc>,
    },
    /// The deposit can be paid.
    DepositRequested {
        /// The checkout at the payment provider.
        checkout_id: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// The deposit is paid, or part of it.
    DepositPaid {
        /// The payment at the provider.
        payment_id: String,
        /// How much.
        amount_cents: i64,
        /// How much of what was asked for is missing still.
        #[serde(default, skip_serializing_if = "is_nothing")]
        short_cents: i64,
        /// When.
        at: DateTime<Utc>,
    },
    /// What staff took was given back by hand, or part of it.
    DepositReturned(GivenBack),
    /// What was paid went back by card, or by the invoice that counted it: others booked that.
    DepositRefunded(GivenBack),
    /// A payment did not go through.
    DepositFailed {
        /// When.
        at: DateTime<Utc>,
    },
    /// It can no longer be paid.
    DepositExpired {
        /// When.
        at: DateTime<Utc>,
    },
    /// None is asked for any more.
    DepositWaived {
        /// As it is now.
        deposit: DepositTerms,
        /// When.
        at: DateTime<Utc>,
    },
    /// Staff know better how risky it is.
    RiskOverridden {
        /// As it is now.
        risk: Risk,
        /// As it was.
        before: Risk,
        /// Why.
        reason: Personal<String>,
        /// When.
        at: DateTime<Utc>,
    },
    /// Staff want another deposit, or none.
    DepositOverridden {
        /// As it is now.
        deposit: DepositTerms,
        /// As it was.
        before: DepositTerms,
        /// Why.
        reason: Personal<String>,
        /// When.
        at: DateTime<Utc>,
    },
    /// Staff promise something else about cancelling.
    CancellationPolicyOverridden {
        /// As it is now.
        cancellation: CancellationTerms,
        /// As it was.
        before: CancellationTerms,
        /// Why.
        reason: Personal<String>,
        /// When.
        at: DateTime<Utc>,
    },
    /// Whoever cancels gets everything back, or not after all.
    CancellationExceptionSet {
        /// Whether they do.
        granted: bool,
        /// Why.
        reason: Personal<String>,
        /// When.
        at: DateTime<Utc>,
    },
    /// What is cleaned beside.
    AddonsSet {
        /// All of them.
        lines: Vec<AddonLine>,
        /// How long the visit is planned for with them.
        planned_minutes: u32,
        /// What it costs with them, if that is known; old ones do not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        total_cents: Option<i64>,
        /// When.
        at: DateTime<Utc>,
    },
    /// Whether photos may be taken.
    PhotoConsentSet {
        /// Whether they may.
        consent: bool,
        /// When.
        at: DateTime<Utc>,
    },
    /// Why it took longer, or cost something else.
    ReasonLogged {
        /// What kind of reason, and which.
        code: ReasonCode,
        /// In words.
        note: Option<Personal<String>>,
        /// Told apart by this; old ones have none.
        reason_id: Option<Uuid>,
        /// Login id of staff; unknown of old ones.
        by: Option<String>,
        /// When.
        at: DateTime<Utc>,
    },
    /// What the visit itself costs, fixed by its first invoice.
    BaseChargeFixed {
        /// Without extras.
        amount_cents: i64,
        /// When.
        at: DateTime<Utc>,
    },
    /// It is for somebody else.
    ClientChanged {
        /// For whom.
        client: ClientId,
        /// Where, if it is known.
        address: Option<AddressId>,
        /// The same in words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<Personal<String>>,
        /// When.
        at: DateTime<Utc>,
    },
    /// It is somewhere else.
    AddressChanged {
        /// Where.
        address: AddressId,
        /// The same in words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<Personal<String>>,
        /// When.
        at: DateTime<Utc>,
    },
    /// Out of sight.
    Archived {
        /// When.
        at: DateTime<Utc>,
    },
    /// In sight again.
    Unarchived {
        /// When.
        at: DateTime<Utc>,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks for it")]
pub(super) const fn is_nothing(cents: &i64) -> bool {
    *cents == 0
}

domain_event!(
    BookingEvent,
    version = "1",
    "requested" = "2",
    "rescheduled" = "2",
    "reason_logged" = "2"
);

impl BookingEvent {
    /// When it happened.
    pub const fn at(&self) -> DateTime<Utc> {
        match self {
            Self::Requested(requested) => requested.at,
            Self::RiskAssessed { at, .. }
            | Self::DepositDecided { at, .. }
            | Self::CancellationPolicyFixed { at, .. }
            | Self::Confirmed { at, .. }
            | Self::Rescheduled { at, .. }
            | Self::TeamAssigned { at, .. }
            | Self::CrewAssigned { at, .. }
            | Self::CrewCleared { at, .. }
            | Self::Started { at, .. }
            | Self::Completed { at, .. }
            | Self::ReminderDue { at, .. }
            | Self::NoShow { at, .. }
            | Self::Cancelled { at, .. }
            | Self::Expired { at, .. }
            | Self::DepositRequested { at, .. }
            | Self::DepositPaid { at, .. }
            | Self::DepositReturned(GivenBack { at, .. })
            | Self::DepositRefunded(GivenBack { at, .. })
            | Self::DepositFailed { at }
            | Self::DepositExpired { at }
            | Self::DepositWaived { at, .. }
            | Self::RiskOverridden { at, .. }
            | Self::DepositOverridden { at, .. }
            | Self::CancellationPolicyOverridden { at, .. }
            | Self::CancellationExceptionSet { at, .. }
            | Self::AddonsSet { at, .. }
            | Self::PhotoConsentSet { at, .. }
            | Self::ReasonLogged { at, .. }
            | Self::BaseChargeFixed { at, .. }
            | Self::ClientChanged { at, .. }
            | Self::AddressChanged { at, .. }
            | Self::Archived { at }
            | Self::Unarchived { at } => *at,
        }
    }
}
