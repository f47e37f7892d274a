//! One line of the list of bookings, and how each event changes it.

use chrono::{DateTime, Utc};
use domain::id::{ClientId, LeadId, WorkerId};
use domain::personal::PLACEHOLDER;
use domain::recorded::Recorded;
use domain::scheduling::booking::{BookingEvent, DepositStatus, Placement, Requested, Status};
use domain::scheduling::terms::deposit::DepositTerms;
use uuid::Uuid;

/// Whom a visit is for, readable. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Customer {
    pub(super) name: String,
    pub(super) email: Option<String>,
    pub(super) phone: Option<String>,
}

impl Customer {
    /// Somebody erased, or not known.
    pub(super) fn nobody() -> Self {
        Self { name: PLACEHOLDER.to_owned(), email: None, phone: None }
    }
}

/// Somebody whom visits are for, and who they turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) shown: Customer,
    pub(super) merged_into: Option<Uuid>,
}

impl std::fmt::Debug for Customer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Customer(..)")
    }
}

/// A row of `booking_list`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) booking_id: Uuid,
    pub(super) starts_at: DateTime<Utc>,
    pub(super) ends_at: DateTime<Utc>,
    pub(super) status: String,
    pub(super) team_id: Uuid,
    pub(super) lead_worker: Option<Uuid>,
    pub(super) crew: Vec<Uuid>,
    pub(super) client_id: Option<Uuid>,
    pub(super) lead_id: Option<Uuid>,
    pub(super) shown: Customer,
    pub(super) service: Option<String>,
    pub(super) total_cents: Option<i64>,
    pub(super) deposit_required: bool,
    pub(super) deposit_cents: Option<i64>,
    pub(super) deposit_status: Option<String>,
    pub(super) risk_band: Option<String>,
    pub(super) origin: String,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    pub(super) archived_at: Option<DateTime<Utc>>,
    pub(super) version: i32,
    pub(super) position: i64,
}

impl Row {
    /// The row of a visit that was just asked for.
    pub(super) fn requested(asked: &Requested, event: &Recorded) -> Self {
        let word = |word: &'static str| word.to_owned();
        let mut row = Self {
            booking_id: asked.booking_id.as_uuid(),
            starts_at: asked.at,
            ends_at: asked.at,
            status: Status::Pending.to_string(),
            team_id: Uuid::nil(),
            lead_worker: None,
            crew: Vec::new(),
            client_id: asked.client.map(ClientId::as_uuid),
            lead_id: asked.lead.map(LeadId::as_uuid),
            shown: Customer::nobody(),
            service: asked.service.map(|service| word(service.into())),
            total_cents: asked.total_cents,
            deposit_required: false,
            deposit_cents: None,
            deposit_status: None,
            risk_band: None,
            origin: word(asked.origin.into()),
            created_at: asked.at,
            updated_at: asked.at,
            archived_at: None,
            version: event.sequence,
            position: event.position,
        };
        row.placed(&asked.placement);
        row
    }

    /// Whose name it shows.
    pub(super) fn customer(&self) -> Option<Uuid> {
        self.client_id.or(self.lead_id)
    }

    /// What `happened` makes of the row.
    pub(super) fn apply(&mut self, happened: BookingEvent, event: &Recorded) {
        use BookingEvent as E;

        (self.version, self.position) = (event.sequence, event.position);
        self.updated_at = happened.at();
        match happened {
            E::RiskAssessed { risk, .. } | E::RiskOverridden { risk, .. } => {
                self.risk_band = Some(<&str>::from(risk.band).to_owned());
            }
            E::DepositDecided { deposit, .. }
            | E::DepositOverridden { deposit, .. }
            | E::DepositWaived { deposit, .. } => self.owes(&deposit),
            E::DepositRequested { .. } => self.deposit(DepositStatus::Pending),
            // Of a visit that is over, or off, nothing is awaited any more.
            E::DepositPaid { short_cents, .. } if !self.is_final() || short_cents == 0 => {
                self.deposit(DepositStatus::once_paid(short_cents));
            }
            E::DepositReturned(it) | E::DepositRefunded(it)
                if !self.is_final() || it.left_cents == 0 =>
            {
                self.deposit(DepositStatus::once_returned(it.left_cents, it.short_cents));
            }
            E::DepositFailed { .. } => self.deposit(DepositStatus::Failed),
            E::DepositExpired { .. } => self.deposit(DepositStatus::Expired),
            E::Confirmed { .. } => self.is_now(Status::Confirmed),
            E::Started { .. } => self.is_now(Status::InProgress),
            E::Completed { .. } => self.is_now(Status::Done),
            E::Cancelled { .. } | E::Expired { .. } => self.is_now(Status::Cancelled),
            E::Rescheduled { placement, .. }
            | E::TeamAssigned { placement, .. }
            | E::CrewAssigned { placement, .. }
            | E::CrewCleared { placement, .. } => self.placed(&placement),
            E::ClientChanged { client, .. } => self.client_id = Some(client.as_uuid()),
            E::AddonsSet { total_cents, .. } => {
                self.total_cents = total_cents.or(self.total_cents);
            }
            E::Archived { at } => self.archived_at = Some(at),
            E::Unarchived { .. } => self.archived_at = None,
            E::DepositPaid { .. }
            | E::DepositReturned(_)
            | E::DepositRefunded(_)
            | E::Requested(_)
            | E::CancellationPolicyFixed { .. }
            | E::ReminderDue { .. }
            | E::NoShow { .. }
            | E::CancellationPolicyOverridden { .. }
            | E::CancellationExceptionSet { .. }
            | E::PhotoConsentSet { .. }
            | E::ReasonLogged { .. }
            | E::BaseChargeFixed { .. }
            | E::AddressChanged { .. } => {}
        }
    }

    fn is_final(&self) -> bool {
        self.status.parse::<Status>().is_ok_and(Status::is_final)
    }

    fn placed(&mut self, placement: &Placement) {
        self.starts_at = placement.window.starts_at;
        self.ends_at = placement.window.ends_at;
        self.team_id = placement.team.as_uuid();
        self.lead_worker = placement.lead_worker.map(WorkerId::as_uuid);
        self.crew = placement.crew.iter().map(|worker| worker.as_uuid()).collect();
    }

    fn owes(&mut self, terms: &DepositTerms) {
        (self.deposit_required, self.deposit_cents) = (terms.required, terms.amount_cents);
        // What is paid stays paid, whatever is asked for.
        if self.deposit_status.as_deref() != Some(DepositStatus::Paid.into()) {
            let pending = || <&str>::from(DepositStatus::Pending).to_owned();
            self.deposit_status = terms.required.then(pending);
        }
    }

    fn deposit(&mut self, status: DepositStatus) {
        self.deposit_status = Some(status.to_string());
    }

    fn is_now(&mut self, status: Status) {
        self.status = status.to_string();
    }

    /// What a search looks through: name, e-mail, phone and id, in lower case.
    pub(super) fn search(&self) -> String {
        let Customer { name, email, phone } = &self.shown;
        let (email, phone) =
            (email.as_deref().unwrap_or_default(), phone.as_deref().unwrap_or_default());
        format!("{name}\n{email}\n{phone}\n{}", self.booking_id).to_lowercase()
    }
}
