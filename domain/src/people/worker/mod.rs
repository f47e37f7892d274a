//! A worker: who they are, with which team they go out, whether they are sent out at all, and their portal login.
//!
//! 1. They are hired once, under a key of their own.
//! 2. An archived worker does not sign in and gets no password; reinstating brings them back without one.
//! 3. A new password, another team and the archive end every session at once.
//! 4. Asking for what already holds changes nothing.
//! 5. With whom they went out when, and what an hour cost when, stays known: payroll looks back.
//! 6. How well they do is what reviews say, one for each visit, and nobody types it in.
//!
//! The password itself stands in a side table, as does the phone they sign in with: no two of an organisation share one.

mod command;
mod entry;
mod event;
pub mod file;
mod profile;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Days, NaiveDate, Utc};
use cqrs_es::Aggregate;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use self::command::{Opening, WorkerCommand, WorkerError};
pub use self::event::WorkerEvent;
use self::file::File;
pub use self::profile::{Changes, Profile};
use crate::event::{EventSourced, Reservation, decides};
use crate::id::{SubjectId, WorkerId};
use crate::input::Problems;
use crate::personal::Personal;

/// A team as the screens and exports know it: 1, 2, 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TeamNumber(i32);

impl TeamNumber {
    /// The team that every organisation has.
    pub const FIRST: Self = Self(1);

    /// A number from 1.
    pub const fn parse(number: i32) -> Option<Self> {
        if number >= 1 { Some(Self(number)) } else { None }
    }

    /// The number itself.
    pub const fn get(self) -> i32 {
        self.0
    }
}

/// Somebody who cleans, once hired.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Worker {
    /// Never hired.
    #[default]
    Absent,
    /// Works here, or did.
    Hired(Box<Details>),
}

/// What is known of a worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// Who.
    pub worker_id: WorkerId,
    /// Who they are.
    pub profile: Personal<Profile>,
    /// With whom they go out.
    pub team: TeamNumber,
    /// When they were hired.
    pub hired_at: DateTime<Utc>,
    /// Since when they are sent out no more.
    pub archived_at: Option<DateTime<Utc>>,
    /// With whom they will go out, and from which day on.
    #[serde(default)]
    pub planned_transfer: Option<(TeamNumber, NaiveDate)>,
    /// What else is written down about them.
    #[serde(default)]
    pub file: File,
}

/// Days by which a transfer may lie back.
const BACK: u64 = 31;

type Decision = Result<Vec<WorkerEvent>, WorkerError>;

impl Worker {
    /// What is known, once hired.
    pub fn details(&self) -> Option<&Details> {
        match self {
            Self::Absent => None,
            Self::Hired(details) => Some(details),
        }
    }

    fn decide(&self, command: WorkerCommand) -> Decision {
        use WorkerCommand as C;
        match (self, command) {
            (Self::Absent, C::Hire { worker_id, profile, team, opening, now }) => {
                let profile = Personal::of(worker_id.into(), profile);
                let hired = WorkerEvent::Hired { worker_id, profile, team, at: now };
                opened(hired, (worker_id, now), opening)
            }
            (Self::Absent, _) => Err(WorkerError::NotFound),
            (Self::Hired(worker), command) => worker.decide(command),
        }
    }
}

/// `hired`, and what their file begins with.
fn opened(hired: WorkerEvent, (id, now): (WorkerId, DateTime<Utc>), opening: Opening) -> Decision {
    let (mut events, mut wrong) = (vec![hired], Problems::default());
    for entry in opening.entries() {
        match File::default().decide(id, entry, (String::new(), now)) {
            Ok(written) => events.extend(written),
            Err(WorkerError::Invalid(problems)) => wrong.absorb(problems),
            Err(other) => return Err(other),
        }
    }
    Ok(wrong.or(events)?)
}

impl Details {
    fn decide(&self, command: WorkerCommand) -> Decision {
        use WorkerCommand as C;
        let worker_id = self.worker_id;
        match (command, self.archived_at) {
            (C::Hire { .. }, _) => Err(WorkerError::AlreadyHired),
            (C::Change { changes, team: None, .. }, _) if changes.is_empty() => {
                Err(WorkerError::NothingSupplied)
            }
            (C::Change { changes, team, now }, _) => Ok(self.change(changes, team, now)),
            (C::Transfer { to, effective, today, now }, _) => {
                self.transfer(to, (effective, today), now)
            }
            (C::TransferDue { to, effective, now }, _) => {
                let is_due = self.planned_transfer == Some((to, effective));
                Ok(if is_due { self.moved(to, Some(effective), now) } else { Vec::new() })
            }
            (C::File { entry, by, now }, _) => self.file.decide(worker_id, entry, (by, now)),
            (C::ExpireCertificate { cert_id, now }, _) => self.file.expire(worker_id, cert_id, now),
            (C::IssuePassword { .. } | C::ChangePassword, Some(_)) => Err(WorkerError::Archived),
            (C::IssuePassword { expires_at }, None) => {
                Ok(vec![WorkerEvent::PasswordIssued { worker_id, expires_at }])
            }
            (C::ChangePassword, None) => Ok(vec![WorkerEvent::PasswordChanged { worker_id }]),
            (C::Archive { now }, None) => Ok(vec![WorkerEvent::Archived { worker_id, at: now }]),
            (C::Reinstate { now }, Some(_)) => {
                Ok(vec![WorkerEvent::Reinstated { worker_id, at: now }])
            }
            // Already so.
            (C::Archive { .. }, Some(_)) | (C::Reinstate { .. }, None) => Ok(Vec::new()),
        }
    }

    fn change(
        &self,
        changes: Changes,
        team: Option<TeamNumber>,
        at: DateTime<Utc>,
    ) -> Vec<WorkerEvent> {
        let worker_id = self.worker_id;
        let before = self.profile.open();
        let profile = before.map(|before| changes.on(before));
        let profile = profile.filter(|after| Some(after) != before).map(|after| {
            let profile = Personal::of(worker_id.into(), after);
            WorkerEvent::ProfileChanged { worker_id, profile, at }
        });
        let moved = team.map(|to| self.moved(to, None, at)).unwrap_or_default();
        profile.into_iter().chain(moved).collect()
    }

    /// From now on, or from a day on that may be to come.
    fn transfer(
        &self,
        to: TeamNumber,
        (effective, today): (NaiveDate, NaiveDate),
        at: DateTime<Utc>,
    ) -> Decision {
        let worker_id = self.worker_id;
        entry::near("effective", effective)?;
        if effective.checked_add_days(Days::new(BACK)).is_some_and(|until| until < today) {
            return Err(WorkerError::TransferTooEarly);
        }
        if effective <= today {
            return Ok(self.moved(to, Some(effective), at));
        }
        if self.planned_transfer == Some((to, effective)) {
            return Ok(Vec::new());
        }
        if to == self.team {
            let dropped = WorkerEvent::TransferDropped { worker_id, at };
            return Ok(self.planned_transfer.map(|_| dropped).into_iter().collect());
        }
        Ok(vec![WorkerEvent::TransferPlanned { worker_id, to, effective, at }])
    }

    /// To another team at once; whatever was planned is no longer.
    fn moved(
        &self,
        to: TeamNumber,
        effective: Option<NaiveDate>,
        at: DateTime<Utc>,
    ) -> Vec<WorkerEvent> {
        let (worker_id, from) = (self.worker_id, self.team);
        if from == to {
            let dropped = WorkerEvent::TransferDropped { worker_id, at };
            return self.planned_transfer.map(|_| dropped).into_iter().collect();
        }
        vec![WorkerEvent::Transferred { worker_id, from, to, effective, at }]
    }
}

impl Aggregate for Worker {
    const TYPE: &'static str = "worker";
    type Command = WorkerCommand;
    type Event = WorkerEvent;
    type Error = WorkerError;
    type Services = ();

    decides!();

    fn apply(&mut self, event: Self::Event) {
        match (self, event) {
            (this, WorkerEvent::Hired { worker_id, profile, team, at }) => {
                *this = Self::Hired(Box::new(Details {
                    worker_id,
                    profile,
                    team,
                    hired_at: at,
                    archived_at: None,
                    planned_transfer: None,
                    file: File::default(),
                }));
            }
            (Self::Hired(worker), WorkerEvent::ProfileChanged { profile, .. }) => {
                worker.profile = profile;
            }
            (Self::Hired(worker), WorkerEvent::Transferred { to, .. }) => {
                (worker.team, worker.planned_transfer) = (to, None);
            }
            (Self::Hired(worker), WorkerEvent::TransferPlanned { to, effective, .. }) => {
                worker.planned_transfer = Some((to, effective));
            }
            (Self::Hired(worker), WorkerEvent::TransferDropped { .. }) => {
                worker.planned_transfer = None;
            }
            (Self::Hired(worker), WorkerEvent::Archived { at, .. }) => {
                worker.archived_at = Some(at);
            }
            (Self::Hired(worker), WorkerEvent::Reinstated { .. }) => worker.archived_at = None,
            (Self::Hired(worker), event) => worker.file.apply(event),
            (Self::Absent, _) => {}
        }
    }
}

impl EventSourced for Worker {
    fn reservations(event: &Self::Event) -> Vec<Reservation> {
        match event {
            WorkerEvent::Hired { worker_id, .. } => {
                vec![Reservation::NewSubject((*worker_id).into())]
            }
            WorkerEvent::ProfileChanged { .. }
            | WorkerEvent::Transferred { .. }
            | WorkerEvent::TransferPlanned { .. }
            | WorkerEvent::TransferDropped { .. }
            | WorkerEvent::Qualified { .. }
            | WorkerEvent::RateChanged { .. }
            | WorkerEvent::OnboardingStepSet { .. }
            | WorkerEvent::CertificateAdded { .. }
            | WorkerEvent::CertificateExpired { .. }
            | WorkerEvent::CertificateArchived { .. }
            | WorkerEvent::NoteAdded { .. }
            | WorkerEvent::IncidentReported { .. }
            | WorkerEvent::Reviewed { .. }
            | WorkerEvent::Announced { .. }
            | WorkerEvent::PasswordIssued { .. }
            | WorkerEvent::PasswordChanged { .. }
            | WorkerEvent::Archived { .. }
            | WorkerEvent::Reinstated { .. } => Vec::new(),
        }
    }

    /// What the next request of the worker must already be held to.
    fn beside(event: &Self::Event) -> Option<Value> {
        let login = |profile: &Personal<Profile>| profile.open().map(Profile::login);
        Some(match event {
            WorkerEvent::Hired { worker_id, profile, team, .. } => json!({
                "do": "portal.put_worker", "worker_id": worker_id, "phone": login(profile), "team": team,
            }),
            WorkerEvent::ProfileChanged { worker_id, profile, .. } => json!({
                "do": "portal.put_phone", "worker_id": worker_id, "phone": login(profile),
            }),
            WorkerEvent::Transferred { worker_id, to, at, .. } => json!({
                "do": "portal.move_worker", "worker_id": worker_id, "team": to, "at": at,
            }),
            WorkerEvent::PasswordIssued { worker_id, .. } => {
                json!({ "do": "portal.revoke_all", "holder_id": worker_id, "reason": "password_reset" })
            }
            WorkerEvent::PasswordChanged { worker_id } => json!({
                "do": "portal.revoke_all", "holder_id": worker_id, "reason": "password_changed",
            }),
            WorkerEvent::Archived { worker_id, at } => {
                json!({ "do": "portal.end_worker", "worker_id": worker_id, "at": at })
            }
            WorkerEvent::Reinstated { worker_id, .. } => {
                json!({ "do": "portal.restore_worker", "worker_id": worker_id })
            }
            WorkerEvent::TransferPlanned { .. }
            | WorkerEvent::TransferDropped { .. }
            | WorkerEvent::Qualified { .. }
            | WorkerEvent::RateChanged { .. }
            | WorkerEvent::OnboardingStepSet { .. }
            | WorkerEvent::CertificateAdded { .. }
            | WorkerEvent::CertificateExpired { .. }
            | WorkerEvent::CertificateArchived { .. }
            | WorkerEvent::NoteAdded { .. }
            | WorkerEvent::IncidentReported { .. }
            | WorkerEvent::Reviewed { .. }
            | WorkerEvent::Announced { .. } => return None,
        })
    }

    fn subjects(&self) -> Vec<SubjectId> {
        self.details().map(|worker| worker.worker_id.into()).into_iter().collect()
    }
}
