//! What can be asked of a booking, with the facts that decide it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::addons::Offered;
use super::by_hand::{Reference, Returned, WentBack};
use super::party::{Origin, Party};
use super::reason::ReasonCode;
use crate::id::{AddressId, BookingId, ClientId, LeadId, SubscriptionId, TeamId, WorkerId};
use crate::sales::estimate::CleaningType;
use crate::scheduling::search::Obstacle;
use crate::scheduling::terms::deposit::Downgrade;
use crate::scheduling::terms::policies::BookingPolicies;
use crate::scheduling::terms::risk::{Band, History};
use crate::scheduling::window::Window;

/// What can be asked.
#[derive(Clone, Debug)]
pub enum BookingCommand {
    /// Ask for a visit.
    Request(Box<Request>),
    /// Promise to come.
    Confirm {
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Come at another time, or let others come.
    Place(Box<Change>),
    /// Somebody who was to come comes no more; what has begun or is over stays as it is.
    Release {
        /// Who.
        worker: WorkerId,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Somebody is there.
    Start {
        /// Who, if it is one of the workers.
        worker: Option<WorkerId>,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// It is clean.
    Complete {
        /// How long it took.
        actual_minutes: u32,
        /// Whether a checklist that must be done is not.
        checklist_open: bool,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Remind the customer, if anybody comes at that time.
    Remind {
        /// Of the visit at this time.
        starts_at: DateTime<Utc>,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Note that nobody began, if nobody did.
    NoteNoShow {
        /// Of the visit at this time.
        starts_at: DateTime<Utc>,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Do not come.
    Cancel {
        /// Who asks.
        by: Party,
        /// Why; staff must say.
        reason: Option<String>,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Something about the deposit.
    Deposit {
        /// What.
        step: DepositStep,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Decide otherwise than the policies did.
    Override {
        /// What.
        what: Override,
        /// Why.
        reason: String,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Choose all extras anew.
    SetAddons {
        /// As the catalogue has them today.
        offered: Vec<Offered>,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Whether photos may be taken.
    SetPhotoConsent {
        /// Whether they may.
        consent: bool,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Say why it took longer, or cost something else.
    LogReason {
        /// Which reason.
        code: ReasonCode,
        /// In words.
        note: Option<String>,
        /// To be told apart by.
        reason_id: Uuid,
        /// Login id of staff.
        by: Option<String>,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Fix what the visit itself costs.
    FixBaseCharge {
        /// Without extras.
        amount_cents: i64,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// It is for somebody else.
    ChangeClient {
        /// For whom.
        client: ClientId,
        /// Where, if it is known.
        address: Option<AddressId>,
        /// The same in words.
        place: Option<String>,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// It is somewhere else; the place belongs to the customer.
    ChangeAddress {
        /// Where.
        address: AddressId,
        /// The same in words.
        place: Option<String>,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Put it out of sight, or back.
    SetArchived {
        /// Whether it shall be out of sight.
        archived: bool,
        /// When it is asked.
        now: DateTime<Utc>,
    },
}

/// A visit somebody asks for, and everything known about it.
#[derive(Clone, Debug)]
pub struct Request {
    /// The aggregate's own id.
    pub booking_id: BookingId,
    /// From where it comes.
    pub origin: Origin,
    /// For whom.
    pub client: Option<ClientId>,
    /// What becomes a booking.
    pub lead: Option<LeadId>,
    /// Where.
    pub address: Option<AddressId>,
    /// What it is one occurrence of.
    pub subscription: Option<SubscriptionId>,
    /// Where, in words, if no address of the customer is named.
    pub place: Option<String>,
    /// Names of the fields without which nobody could come.
    pub missing_contact: Vec<&'static str>,
    /// Whether the customer is blocked.
    pub is_blocked: bool,
    /// Why staff let a blocked customer book.
    pub block_override: Option<String>,
    /// By whom.
    pub team: TeamId,
    /// By whom of them.
    pub crew: Crew,
    /// When.
    pub window: Window,
    /// What is cleaned.
    pub service: Option<CleaningType>,
    /// What it will cost.
    pub total_cents: Option<i64>,
    /// The version of the price book it was priced by.
    pub price_book: Option<String>,
    /// What is cleaned beside, as the catalogue has it today.
    pub addons: Vec<Offered>,
    /// What stands in the way, other visits aside: those the log knows.
    pub obstacles: Vec<Obstacle>,
    /// Why opening hours and the distance to other visits are put aside.
    pub forced: Option<String>,
    /// What is known about the customer.
    pub history: History,
    /// As they are now.
    pub policies: BookingPolicies,
    /// The version of the price book they stand in.
    pub decided_by: String,
    /// The deposit that staff named.
    pub named_deposit_cents: Option<i64>,
    /// Why a deposit cannot be paid.
    pub unpayable: Option<Downgrade>,
    /// When it is asked.
    pub now: DateTime<Utc>,
}

/// The workers who come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crew {
    /// Who leads.
    pub lead: Option<WorkerId>,
    /// Everybody, the leader included, as they are now.
    pub members: Vec<CrewMember>,
}

/// A worker as far as a visit is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrewMember {
    /// Who.
    pub worker: WorkerId,
    /// Their team on that day.
    pub team: TeamId,
    /// Whether they work here.
    pub is_active: bool,
}

/// Another time, another team, another crew; what is `None` stays as it is.
#[derive(Clone, Debug)]
pub struct Change {
    /// When.
    pub window: Option<Window>,
    /// By whom.
    pub team: Option<TeamId>,
    /// By whom of them; another team without a crew comes without one.
    pub crew: Option<Crew>,
    /// What stands in the way, other visits aside: those the log knows.
    pub obstacles: Vec<Obstacle>,
    /// Who asks.
    pub by: Party,
    /// Why opening hours and the distance to other visits are put aside.
    pub forced: Option<String>,
    /// As they are now.
    pub policies: BookingPolicies,
    /// The version of the price book they stand in.
    pub decided_by: String,
    /// Why a deposit cannot be paid.
    pub unpayable: Option<Downgrade>,
    /// When it is asked.
    pub now: DateTime<Utc>,
}

/// What happens to a deposit.
#[derive(Clone, Debug)]
pub enum DepositStep {
    /// It can be paid.
    Request {
        /// The checkout at the payment provider.
        checkout_id: String,
    },
    /// It was paid.
    Pay {
        /// The payment at the provider: paying twice with the same changes nothing.
        payment_id: String,
        /// How much.
        amount_cents: i64,
    },
    /// Staff took it.
    Take {
        /// Taking twice with the same changes nothing.
        reference: Reference,
        /// How much.
        amount_cents: i64,
    },
    /// What staff took was given back.
    Return(Returned),
    /// Money went back elsewhere.
    Refunded(WentBack),
    /// It was not.
    Fail,
    /// It was not, and the time is over.
    Expire,
    /// It cannot be paid.
    Waive(Downgrade),
}

/// What staff decide otherwise.
#[derive(Clone, Copy, Debug)]
pub enum Override {
    /// How risky it is.
    Risk {
        /// In words.
        band: Band,
        /// In points.
        score: u16,
    },
    /// How much is asked for in advance; nothing means none.
    Deposit {
        /// How much.
        amount_cents: i64,
    },
    /// What part is paid back.
    Cancellation {
        /// Up to this many hours ahead it is free.
        free_hours: u16,
        /// Up to this many hours a part is paid back.
        partial_hours: u16,
        /// That part.
        partial_percent: u8,
    },
    /// Whether everything is paid back whenever it is cancelled.
    CancellationException {
        /// Whether it is.
        granted: bool,
    },
}
