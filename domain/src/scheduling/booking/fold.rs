//! What a booking is after everything that happened to it.

use super::event::BookingEvent;
use super::party::Party;
use super::placement::Placement;
use super::status::{DepositStatus, Status};
use super::{Details, Reason};
use crate::id::AddressId;
use crate::personal::Personal;
use crate::scheduling::terms::deposit::DepositTerms;

impl Details {
    pub(super) fn fold(&mut self, event: BookingEvent) {
        use BookingEvent as E;

        self.updated_at = event.at();
        match event {
            E::Requested(_) | E::ReminderDue { .. } | E::NoShow { .. } => {}
            E::ReasonLogged { code, note, reason_id, by, at } => {
                self.reasons.push(Reason { reason_id, code, note, by, at });
            }
            E::RiskAssessed { risk, .. } | E::RiskOverridden { risk, .. } => self.risk = Some(risk),
            E::DepositDecided { deposit, .. }
            | E::DepositOverridden { deposit, .. }
            | E::DepositWaived { deposit, .. } => self.set_deposit(deposit),
            E::CancellationPolicyFixed { cancellation, .. }
            | E::CancellationPolicyOverridden { cancellation, .. } => {
                self.cancellation = Some(cancellation);
            }
            E::CancellationExceptionSet { granted, reason, .. } => {
                self.exception = granted.then_some(reason);
            }
            E::Confirmed { .. } => self.status = Status::Confirmed,
            E::Started { .. } => self.status = Status::InProgress,
            E::Completed { actual_minutes, .. } => {
                (self.status, self.actual_minutes) = (Status::Done, Some(actual_minutes));
            }
            E::Cancelled { settlement, .. } => {
                (self.status, self.settlement) = (Status::Cancelled, Some(settlement));
            }
            E::Expired { .. } => self.status = Status::Cancelled,
            E::Rescheduled { placement, by, fee_cents, .. } => {
                self.moved(by, fee_cents);
                self.placed(placement);
            }
            E::TeamAssigned { placement, .. }
            | E::CrewAssigned { placement, .. }
            | E::CrewCleared { placement, .. } => self.placed(placement),
            E::DepositRequested { checkout_id, .. } => {
                self.checkout_id = Some(checkout_id);
                self.deposit_status = Some(DepositStatus::Pending);
            }
            E::DepositPaid { payment_id, amount_cents, short_cents, at } => {
                self.took(payment_id, amount_cents, (short_cents, at));
            }
            E::DepositReturned(it) => self.gave_back(&it),
            E::DepositRefunded(it) => self.refunded(&it),
            E::DepositFailed { .. } => self.deposit_status = Some(DepositStatus::Failed),
            E::DepositExpired { .. } => self.deposit_status = Some(DepositStatus::Expired),
            E::AddonsSet { lines, planned_minutes, .. } => {
                (self.addons, self.planned_minutes) = (lines, planned_minutes);
            }
            E::PhotoConsentSet { consent, .. } => self.photo_consent = consent,
            E::BaseChargeFixed { amount_cents, .. } => self.base_charge_cents = Some(amount_cents),
            E::ClientChanged { client, address, place, .. } => {
                (self.client, self.address) = (Some(client), address);
                self.requested.place = place;
            }
            E::AddressChanged { address, place, .. } => self.elsewhere(address, place),
            E::Archived { at } => self.archived_at = Some(at),
            E::Unarchived { .. } => self.archived_at = None,
        }
    }

    fn elsewhere(&mut self, address: AddressId, place: Option<Personal<String>>) {
        self.address = Some(address);
        self.requested.place = place.or(self.requested.place.take());
    }

    fn moved(&mut self, by: Party, fee_cents: i64) {
        self.moved += u16::from(by == Party::Client);
        self.moving_fee_cents = self.moving_fee_cents.saturating_add(fee_cents);
    }

    fn placed(&mut self, placement: Placement) {
        let before = i64::from(self.placement.window.minutes());
        let longer = i64::from(placement.window.minutes()) - before;
        let planned = u32::try_from(i64::from(self.planned_minutes) + longer).unwrap_or(0);
        self.planned_minutes = planned.max(placement.window.minutes());
        self.placement = placement;
    }

    fn set_deposit(&mut self, deposit: DepositTerms) {
        // What is paid stays paid, whatever is asked for.
        if self.deposit_status != Some(DepositStatus::Paid) {
            self.deposit_status = deposit.required.then_some(DepositStatus::Pending);
        }
        self.deposit = Some(deposit);
    }
}
