//! What has happened to a worker.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::TeamNumber;
use super::file::{CertificateStatus, OnboardingStep, Severity};
use super::profile::Profile;
use crate::event::domain_event;
use crate::id::{BookingId, CertificateId, WorkerId, WorkerNoteId};
use crate::personal::Personal;

/// What has happened.
#[derive(
    Clone, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr, strum::VariantNames,
)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum WorkerEvent {
    /// Somebody was taken in.
    Hired {
        /// Who.
        worker_id: WorkerId,
        /// Who they are.
        profile: Personal<Profile>,
        /// With whom they go out.
        team: TeamNumber,
        /// When.
        at: DateTime<Utc>,
    },
    /// Name, phone or address is another.
    ProfileChanged {
        /// Who.
        worker_id: WorkerId,
        /// Who they are from now on.
        profile: Personal<Profile>,
        /// When.
        at: DateTime<Utc>,
    },
    /// They go out with others.
    Transferred {
        /// Who.
        worker_id: WorkerId,
        /// With whom they went out.
        from: TeamNumber,
        /// With whom they go out.
        to: TeamNumber,
        /// From which day on, if that was said; else from when it happened.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        effective: Option<NaiveDate>,
        /// When.
        at: DateTime<Utc>,
    },
    /// They will go out with others.
    TransferPlanned {
        /// Who.
        worker_id: WorkerId,
        /// With whom.
        to: TeamNumber,
        /// From which day on.
        effective: NaiveDate,
        /// When it was decided.
        at: DateTime<Utc>,
    },
    /// They will not after all.
    TransferDropped {
        /// Who.
        worker_id: WorkerId,
        /// When it was decided.
        at: DateTime<Utc>,
    },
    /// What they are here, and what they can do.
    Qualified {
        /// Who.
        worker_id: WorkerId,
        /// What they are called.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        role: Option<String>,
        /// What they can do, each once and in order.
        skills: Vec<String>,
        /// When.
        at: DateTime<Utc>,
    },
    /// An hour of theirs costs something else.
    RateChanged {
        /// Who.
        worker_id: WorkerId,
        /// How much.
        cents: i64,
        /// From which day on.
        effective: NaiveDate,
        /// When it was decided.
        at: DateTime<Utc>,
    },
    /// A step of the way in was taken, or taken back.
    OnboardingStepSet {
        /// Who.
        worker_id: WorkerId,
        /// Which.
        step: OnboardingStep,
        /// Whether it is done.
        done: bool,
        /// Who says so.
        by: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// They have shown a certificate.
    CertificateAdded {
        /// Who.
        worker_id: WorkerId,
        /// Which.
        cert_id: CertificateId,
        /// What it says.
        name: Personal<String>,
        /// Whether it holds.
        status: CertificateStatus,
        /// Since which day.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        issued_at: Option<NaiveDate>,
        /// Its last day.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_at: Option<NaiveDate>,
        /// When it was written down.
        at: DateTime<Utc>,
    },
    /// Its last day is over.
    CertificateExpired {
        /// Who.
        worker_id: WorkerId,
        /// Which.
        cert_id: CertificateId,
        /// When.
        at: DateTime<Utc>,
    },
    /// It is put away.
    CertificateArchived {
        /// Who.
        worker_id: WorkerId,
        /// Which.
        cert_id: CertificateId,
        /// When.
        at: DateTime<Utc>,
    },
    /// Somebody wrote something down about them.
    NoteAdded {
        /// Who.
        worker_id: WorkerId,
        /// Told apart by this.
        note_id: WorkerNoteId,
        /// At which visit, if at one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        booking: Option<BookingId>,
        /// In words.
        text: Personal<String>,
        /// Who wrote it.
        by: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// Something went wrong.
    IncidentReported {
        /// Who.
        worker_id: WorkerId,
        /// Told apart by this.
        note_id: WorkerNoteId,
        /// At which visit, if at one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        booking: Option<BookingId>,
        /// How bad.
        severity: Severity,
        /// In words.
        text: Personal<String>,
        /// Who reported it.
        by: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// Somebody says how well they did.
    Reviewed {
        /// Who.
        worker_id: WorkerId,
        /// At which visit.
        booking: BookingId,
        /// From 1 to 5.
        rating: u8,
        /// In words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        comment: Option<Personal<String>>,
        /// Who says so.
        by: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// The office tells them something.
    Announced {
        /// Whom.
        worker_id: WorkerId,
        /// Told apart by this.
        note_id: WorkerNoteId,
        /// In words.
        text: Personal<String>,
        /// Who tells it.
        by: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// Staff made a password for one use.
    PasswordIssued {
        /// For whom.
        worker_id: WorkerId,
        /// When it stops working.
        expires_at: DateTime<Utc>,
    },
    /// They chose a password.
    PasswordChanged {
        /// Who.
        worker_id: WorkerId,
    },
    /// They are sent out no more.
    Archived {
        /// Who.
        worker_id: WorkerId,
        /// When.
        at: DateTime<Utc>,
    },
    /// They are sent out again.
    Reinstated {
        /// Who.
        worker_id: WorkerId,
        /// When.
        at: DateTime<Utc>,
    },
}
domain_event!(WorkerEvent, version = "1");
