//! A booking: one visit, from the moment somebody asks for it until it is clean, or nobody comes.
//!
//! 1. Its time is taken from the moment it is asked for until it is done or cancelled; whatever changes when or who comes
//!    takes the time anew in the same event. Two bookings that overlap cannot be written.
//! 2. Its terms are fixed when it is asked for. Whoever decides otherwise says why.
//! 3. PENDING, CONFIRMED, `IN_PROGRESS`, DONE, and CANCELLED from all but DONE; nothing leads back.
//! 4. Asking for what already holds changes nothing and is not an error.

pub mod addons;
mod by_hand;
mod change;
mod command;
mod deposit;
mod error;
mod event;
mod fold;
mod notice;
mod party;
mod place;
mod placement;
pub mod reason;
mod release;
mod request;
mod requested;
mod status;
#[cfg(test)]
mod tests;
pub mod view;

use std::collections::BTreeSet;

pub use by_hand::{BY_HAND, GivenBack, HandDeposit, Reference, Returned, WentBack};
use chrono::{DateTime, Utc};
pub use command::{BookingCommand, Change, Crew, CrewMember, DepositStep, Override, Request};
use cqrs_es::Aggregate;
pub use error::BookingError;
pub use event::BookingEvent;
pub use notice::check_notice;
pub use party::{Confirmation, Origin, Party};
pub use placement::Placement;
pub use requested::Requested;
use serde::{Deserialize, Serialize};
pub use status::{DepositStatus, Status};
use uuid::Uuid;

use self::addons::AddonLine;
use self::reason::ReasonCode;
use super::terms::cancellation::{CancellationTerms, Settlement};
use super::terms::deposit::DepositTerms;
use super::terms::risk::Risk;
use crate::event::{EventSourced, Reservation, decides};
use crate::id::{AddressId, BookingId, ClientId, LeadId, RefundId, SubjectId};
use crate::personal::Personal;

/// A booking as its answers show it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Booking {
    /// Nobody asked yet.
    #[default]
    Absent,
    /// Somebody did.
    Known(Box<Details>),
}

/// What is known about a booking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// What was asked for.
    pub requested: Requested,
    /// Where it stands.
    pub status: Status,
    /// When it is, and who comes.
    pub placement: Placement,
    /// For whom.
    pub client: Option<ClientId>,
    /// Where.
    pub address: Option<AddressId>,
    /// How risky it is.
    pub risk: Option<Risk>,
    /// Whether money is asked for in advance.
    pub deposit: Option<DepositTerms>,
    /// Where that stands.
    pub deposit_status: Option<DepositStatus>,
    /// The checkout it can be paid at.
    pub checkout_id: Option<String>,
    /// What was paid in advance, by the ids of the payments.
    pub paid: Vec<(String, i64)>,
    /// Of that, what staff took, and what of it was given back.
    #[serde(default)]
    pub by_hand: Vec<HandDeposit>,
    /// Of the rest, how much went back.
    #[serde(default)]
    pub refunded_cents: i64,
    /// Each time that money went back elsewhere, once.
    #[serde(default)]
    pub refunds: BTreeSet<RefundId>,
    /// What cancelling costs.
    pub cancellation: Option<CancellationTerms>,
    /// Whether everything is paid back whenever it is cancelled, and why.
    pub exception: Option<Personal<String>>,
    /// What cancelling came to.
    pub settlement: Option<Settlement>,
    /// What is cleaned beside.
    pub addons: Vec<AddonLine>,
    /// How long it is planned for with that.
    pub planned_minutes: u32,
    /// How long it took.
    pub actual_minutes: Option<u32>,
    /// How often the customer moved it.
    pub moved: u16,
    /// What that costs them beside.
    #[serde(default)]
    pub moving_fee_cents: i64,
    /// What the visit itself costs, once an invoice fixed it.
    pub base_charge_cents: Option<i64>,
    /// Why it took longer or cost something else, in order.
    #[serde(default)]
    pub reasons: Vec<Reason>,
    /// Whether photos may be taken.
    pub photo_consent: bool,
    /// Since when it is out of sight.
    pub archived_at: Option<DateTime<Utc>>,
    /// When anything last happened.
    pub updated_at: DateTime<Utc>,
}

/// Why it took longer, or cost something else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Told apart by this; old ones have none.
    pub reason_id: Option<Uuid>,
    /// What kind of reason, and which.
    pub code: ReasonCode,
    /// In words.
    pub note: Option<Personal<String>>,
    /// Login id of staff; unknown of old ones.
    pub by: Option<String>,
    /// When it was written down.
    pub at: DateTime<Utc>,
}

type Decision = Result<Vec<BookingEvent>, BookingError>;

impl Booking {
    /// What is known, if anybody asked.
    pub fn details(&self) -> Option<&Details> {
        match self {
            Self::Absent => None,
            Self::Known(details) => Some(details),
        }
    }

    fn decide(&self, command: BookingCommand) -> Decision {
        use BookingCommand as C;

        match (self, command) {
            (Self::Absent, C::Request(asked)) => request::request(*asked),
            (Self::Known(_), C::Request(_)) => Err(BookingError::AlreadyRequested),
            (Self::Absent, _) => Err(BookingError::NotFound),

            (Self::Known(booking), C::Confirm { now }) => booking.confirm(now),
            (Self::Known(booking), C::Place(change)) => booking.place(&change),
            (Self::Known(booking), C::Release { worker, now }) => Ok(booking.release(worker, now)),
            (Self::Known(booking), C::Start { worker, now }) => booking.start(worker, now),
            (Self::Known(booking), C::Complete { actual_minutes, checklist_open, now }) => {
                booking.complete(actual_minutes, checklist_open, now)
            }
            (Self::Known(booking), C::Remind { starts_at, now }) => {
                Ok(booking.remind(starts_at, now))
            }
            (Self::Known(booking), C::NoteNoShow { starts_at, now }) => {
                Ok(booking.note_no_show(starts_at, now))
            }
            (Self::Known(booking), C::Cancel { by, reason, now }) => {
                booking.cancel(by, reason.as_deref(), now)
            }
            (Self::Known(booking), C::Deposit { step, now }) => booking.deposit_step(step, now),
            (Self::Known(booking), C::Override { what, reason, now }) => {
                booking.override_terms(what, &reason, now)
            }
            (Self::Known(booking), C::SetAddons { offered, now }) => {
                booking.set_addons(offered, now)
            }
            (Self::Known(booking), C::SetPhotoConsent { consent, now }) => {
                Ok(unless(booking.photo_consent == consent, || BookingEvent::PhotoConsentSet {
                    consent,
                    at: now,
                }))
            }
            (Self::Known(booking), C::LogReason { code, note, reason_id, by, now }) => {
                booking.log_reason(code, note.as_deref(), (reason_id, by), now)
            }
            (Self::Known(booking), C::FixBaseCharge { amount_cents, now }) => {
                // Once fixed it stays: later invoices add their own lines.
                Ok(unless(booking.base_charge_cents.is_some(), || BookingEvent::BaseChargeFixed {
                    amount_cents,
                    at: now,
                }))
            }
            (Self::Known(booking), C::ChangeClient { client, address, place, now }) => {
                booking.change_client(client, (address, place), now)
            }
            (Self::Known(booking), C::ChangeAddress { address, place, now }) => {
                booking.change_address(address, place, now)
            }
            (Self::Known(booking), C::SetArchived { archived, now }) => {
                Ok(unless(booking.archived_at.is_some() == archived, || {
                    if archived {
                        BookingEvent::Archived { at: now }
                    } else {
                        BookingEvent::Unarchived { at: now }
                    }
                }))
            }
        }
    }
}

fn unless(holds: bool, event: impl FnOnce() -> BookingEvent) -> Vec<BookingEvent> {
    if holds { Vec::new() } else { vec![event()] }
}

impl Details {
    /// Words about it are sealed under the key of its customer: erasing them takes the words along.
    pub fn subject(&self) -> SubjectId {
        subject(self.client, self.requested.lead, self.requested.booking_id)
    }

    /// Who asked for an offer and was promised it, unless it is for somebody else by now.
    pub fn lead(&self) -> Option<LeadId> {
        self.requested.lead.filter(|_| self.client == self.requested.client)
    }

    /// What the visit costs with everything that is cleaned beside it, as it is now.
    pub fn total_cents(&self) -> Option<i64> {
        let beside = addons::cents(&self.addons);
        self.requested.base_cents().map(|base| base.saturating_add(beside))
    }

    /// What the customer owes beside for cancelling it late.
    pub fn cancellation_fee_cents(&self) -> i64 {
        self.settlement.map_or(0, |settled| settled.fee_cents)
    }

    /// Everything that was paid in advance and has not gone back.
    pub fn paid_cents(&self) -> i64 {
        let came = self.paid.iter().fold(0, |sum: i64, (_, cents)| sum.saturating_add(*cents));
        came.saturating_sub(self.returned_cents()).max(0)
    }

    fn words(&self, text: String) -> Personal<String> {
        Personal::of(self.subject(), text)
    }
}

/// Whose words the words about a booking are; only one that is nobody's has a key of its own.
fn subject(client: Option<ClientId>, lead: Option<LeadId>, booking: BookingId) -> SubjectId {
    let lead = || lead.map(|lead| lead.as_uuid().into());
    client.map(SubjectId::from).or_else(lead).unwrap_or_else(|| booking.as_uuid().into())
}

impl From<Requested> for Details {
    fn from(requested: Requested) -> Self {
        Self {
            status: Status::Pending,
            placement: requested.placement.clone(),
            client: requested.client,
            address: requested.address,
            risk: None,
            deposit: None,
            deposit_status: None,
            checkout_id: None,
            paid: Vec::new(),
            by_hand: Vec::new(),
            refunded_cents: 0,
            refunds: BTreeSet::new(),
            cancellation: None,
            exception: None,
            settlement: None,
            addons: Vec::new(),
            planned_minutes: requested.placement.window.minutes(),
            actual_minutes: None,
            moved: 0,
            moving_fee_cents: 0,
            base_charge_cents: None,
            reasons: Vec::new(),
            photo_consent: false,
            archived_at: None,
            updated_at: requested.at,
            requested,
        }
    }
}

impl Aggregate for Booking {
    const TYPE: &'static str = "booking";
    type Command = BookingCommand;
    type Event = BookingEvent;
    type Error = BookingError;
    type Services = ();

    decides!();

    fn apply(&mut self, event: Self::Event) {
        match (self, event) {
            (Self::Known(booking), event) => booking.fold(event),
            (absent @ Self::Absent, BookingEvent::Requested(requested)) => {
                *absent = Self::Known(Box::new(Details::from(*requested)));
            }
            // A stream starts with its request; reading must not fail on one that does not.
            (Self::Absent, _) => {}
        }
    }
}

impl EventSourced for Booking {
    fn reservations(event: &Self::Event) -> Vec<Reservation> {
        use BookingEvent as E;

        match event {
            E::Requested(requested) => {
                let Requested { client, lead, booking_id, .. } = **requested;
                let is_nobodys = client.is_none() && lead.is_none();
                let own = is_nobodys.then(|| booking_id.as_uuid().into());
                let own = own.map(Reservation::NewSubject).into_iter();
                own.chain(requested.placement.slots()).collect()
            }
            E::Rescheduled { placement, .. }
            | E::TeamAssigned { placement, .. }
            | E::CrewAssigned { placement, .. }
            | E::CrewCleared { placement, .. } => {
                std::iter::once(Reservation::ReleaseSlots).chain(placement.slots()).collect()
            }
            E::Completed { .. } | E::Cancelled { .. } | E::Expired { .. } => {
                vec![Reservation::ReleaseSlots]
            }
            E::RiskAssessed { .. }
            | E::DepositDecided { .. }
            | E::CancellationPolicyFixed { .. }
            | E::Confirmed { .. }
            | E::Started { .. }
            | E::ReminderDue { .. }
            | E::NoShow { .. }
            | E::DepositRequested { .. }
            | E::DepositPaid { .. }
            | E::DepositReturned(_)
            | E::DepositRefunded(_)
            | E::DepositFailed { .. }
            | E::DepositExpired { .. }
            | E::DepositWaived { .. }
            | E::RiskOverridden { .. }
            | E::DepositOverridden { .. }
            | E::CancellationPolicyOverridden { .. }
            | E::CancellationExceptionSet { .. }
            | E::AddonsSet { .. }
            | E::PhotoConsentSet { .. }
            | E::ReasonLogged { .. }
            | E::BaseChargeFixed { .. }
            | E::ClientChanged { .. }
            | E::AddressChanged { .. }
            | E::Archived { .. }
            | E::Unarchived { .. } => Vec::new(),
        }
    }
}
