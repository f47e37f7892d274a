//! What is in the file of a worker beside who they are: what they can do, what they have shown, what was said about them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

use super::command::WorkerError;
pub use super::entry::Entry;
use super::event::WorkerEvent;
use crate::id::{BookingId, CertificateId, WorkerNoteId};
use crate::personal::Personal;

/// Announcements that are kept to be read.
const ANNOUNCED: usize = 20;

/// A step of the way in.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    IntoStaticStr,
    EnumString,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum OnboardingStep {
    /// Their papers are here.
    DocsReceived,
    /// Somebody has asked about them.
    BackgroundCheck,
    /// They know how it is done.
    TrainingCompleted,
    /// They have done it once.
    FirstBookingDone,
}

/// Whether a certificate holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CertificateStatus {
    /// It does.
    Active,
    /// It is on its way.
    Pending,
    /// Its last day is over.
    Expired,
    /// It was taken away.
    Revoked,
}

/// How bad it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Severity {
    /// Hardly.
    Low,
    /// Somewhat.
    Medium,
    /// Very.
    High,
}

/// What is written down about somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// What they are called.
    pub role: Option<String>,
    /// What they can do.
    pub skills: Vec<String>,
    /// What an hour costs, from which day on; the latest last.
    pub rates: Vec<(NaiveDate, i64)>,
    /// Steps of the way in that were taken.
    pub onboarding: BTreeSet<OnboardingStep>,
    /// What they have shown.
    pub certificates: Vec<Certificate>,
    /// What was written down about them, in order.
    pub notes: Vec<Note>,
    /// How well they did, visit by visit.
    pub reviews: BTreeMap<BookingId, Review>,
    /// What the office told them last, in order.
    pub announcements: Vec<Announcement>,
}

/// Something they have shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// Told apart by this.
    pub cert_id: CertificateId,
    /// What it says.
    pub name: Personal<String>,
    /// Whether it holds.
    pub status: CertificateStatus,
    /// Since which day.
    pub issued_at: Option<NaiveDate>,
    /// Its last day.
    pub expires_at: Option<NaiveDate>,
    /// Since when it is put away.
    pub archived_at: Option<DateTime<Utc>>,
}

/// Something that was written down about them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Told apart by this.
    pub note_id: WorkerNoteId,
    /// How bad it was, if something went wrong.
    pub severity: Option<Severity>,
    /// At which visit.
    pub booking: Option<BookingId>,
    /// In words.
    pub text: Personal<String>,
    /// Who wrote it.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// How well they did at one visit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// From 1 to 5.
    pub rating: u8,
    /// In words.
    pub comment: Option<Personal<String>>,
    /// Who says so.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// Something the office told them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// Told apart by this.
    pub note_id: WorkerNoteId,
    /// In words.
    pub text: Personal<String>,
    /// When.
    pub at: DateTime<Utc>,
}

impl File {
    /// What an hour costs on a day, if anybody decided that.
    pub fn rate_cents(&self, on: NaiveDate) -> Option<i64> {
        let valid = self.rates.iter().filter(|(from, _)| *from <= on);
        // Of two that begin on one day, the later decision holds.
        let last = valid.enumerate().max_by_key(|(place, (from, _))| (*from, *place));
        last.map(|(_, (_, cents))| *cents)
    }

    /// The sum of all reviews, and how many there are.
    pub fn rating(&self) -> (u64, u32) {
        let sum = self.reviews.values().map(|one| u64::from(one.rating)).sum();
        (sum, u32::try_from(self.reviews.len()).unwrap_or(u32::MAX))
    }

    /// Those that were not put away.
    pub fn kept_certificates(&self) -> impl Iterator<Item = &Certificate> {
        self.certificates.iter().filter(|one| one.archived_at.is_none())
    }

    pub(super) fn certificate(&self, id: CertificateId) -> Result<&Certificate, WorkerError> {
        let found = self.certificates.iter().find(|one| one.cert_id == id);
        found.ok_or(WorkerError::CertificateNotFound)
    }

    fn edit(&mut self, id: CertificateId, change: impl FnOnce(&mut Certificate)) {
        if let Some(found) = self.certificates.iter_mut().find(|one| one.cert_id == id) {
            change(found);
        }
    }

    pub(super) fn apply(&mut self, event: WorkerEvent) {
        use WorkerEvent as E;

        match event {
            E::Qualified { role, skills, .. } => (self.role, self.skills) = (role, skills),
            E::RateChanged { cents, effective, .. } => self.rates.push((effective, cents)),
            E::OnboardingStepSet { step, done: true, .. } => {
                self.onboarding.insert(step);
            }
            E::OnboardingStepSet { step, done: false, .. } => {
                self.onboarding.remove(&step);
            }
            E::CertificateAdded { cert_id, name, status, issued_at, expires_at, .. } => {
                let archived_at = None;
                let one = Certificate { cert_id, name, status, issued_at, expires_at, archived_at };
                self.certificates.push(one);
            }
            E::CertificateExpired { cert_id, .. } => {
                self.edit(cert_id, |one| one.status = CertificateStatus::Expired);
            }
            E::CertificateArchived { cert_id, at, .. } => {
                self.edit(cert_id, |one| one.archived_at = Some(at));
            }
            E::NoteAdded { note_id, booking, text, by, at, .. } => {
                self.notes.push(Note { note_id, severity: None, booking, text, by, at });
            }
            E::IncidentReported { note_id, booking, severity, text, by, at, .. } => {
                let severity = Some(severity);
                self.notes.push(Note { note_id, severity, booking, text, by, at });
            }
            E::Reviewed { booking, rating, comment, by, at, .. } => {
                self.reviews.insert(booking, Review { rating, comment, by, at });
            }
            E::Announced { note_id, text, at, .. } => {
                self.announcements.push(Announcement { note_id, text, at });
                let old = self.announcements.len().saturating_sub(ANNOUNCED);
                self.announcements.drain(..old);
            }
            E::Hired { .. }
            | E::ProfileChanged { .. }
            | E::Transferred { .. }
            | E::TransferPlanned { .. }
            | E::TransferDropped { .. }
            | E::PasswordIssued { .. }
            | E::PasswordChanged { .. }
            | E::Archived { .. }
            | E::Reinstated { .. } => {}
        }
    }
}
