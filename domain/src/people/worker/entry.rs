//! What can be written into the file of a worker, and what of it is taken down.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};

use super::command::WorkerError;
use super::event::WorkerEvent;
use super::file::{CertificateStatus, File, OnboardingStep, Severity};
use crate::id::{BookingId, CertificateId, WorkerId, WorkerNoteId};
use crate::input::{Problems, free_text, text};
use crate::personal::Personal;

/// Of each kind of entry at most.
const MOST: usize = 500;

/// Highest rate of an hour.
const MOST_CENTS: i64 = 100_000;

/// Something to write into the file, as it was typed.
#[derive(Clone, Debug)]
pub enum Entry {
    /// What they are, and what they can do; what is `None` stays.
    Qualify {
        /// What they are called; empty for nothing.
        role: Option<String>,
        /// What they can do.
        skills: Option<Vec<String>>,
    },
    /// What an hour costs.
    Rate {
        /// How much.
        cents: i64,
        /// From which day on.
        effective: NaiveDate,
    },
    /// A step of the way in.
    Onboarding {
        /// Which.
        step: OnboardingStep,
        /// Whether it is done.
        done: bool,
    },
    /// A certificate.
    Certificate {
        /// Which.
        cert_id: CertificateId,
        /// What it says.
        name: String,
        /// Whether it holds.
        status: CertificateStatus,
        /// Since which day.
        issued_at: Option<NaiveDate>,
        /// Its last day.
        expires_at: Option<NaiveDate>,
    },
    /// A certificate is put away.
    ArchiveCertificate {
        /// Which.
        cert_id: CertificateId,
    },
    /// A note.
    Note {
        /// Told apart by this.
        note_id: WorkerNoteId,
        /// At which visit.
        booking: Option<BookingId>,
        /// In words.
        words: String,
    },
    /// An incident.
    Incident {
        /// Told apart by this.
        note_id: WorkerNoteId,
        /// At which visit.
        booking: Option<BookingId>,
        /// How bad.
        severity: Severity,
        /// In words.
        words: String,
    },
    /// How well they did.
    Review {
        /// At which visit.
        booking: BookingId,
        /// From 1 to 5.
        rating: u8,
        /// In words.
        comment: Option<String>,
    },
    /// Something the office tells them.
    Announce {
        /// Told apart by this.
        note_id: WorkerNoteId,
        /// In words.
        words: String,
    },
}

/// Dates of working lives: what lies further away is a slip of the pen.
pub(super) fn near(field: &str, date: NaiveDate) -> Result<(), WorkerError> {
    if (1900..=2200).contains(&date.year()) {
        return Ok(());
    }
    Err(Problems::one(field, "Input should be a near date").into())
}

impl File {
    pub(super) fn decide(
        &self,
        worker_id: WorkerId,
        entry: Entry,
        (by, at): (String, DateTime<Utc>),
    ) -> Result<Vec<WorkerEvent>, WorkerError> {
        let own = |words| Personal::of(worker_id.into(), words);
        Ok(match entry {
            Entry::Qualify { role, skills } => return self.qualify(worker_id, role, skills, at),
            Entry::Rate { cents, effective } if self.is_news(cents, effective)? => {
                vec![WorkerEvent::RateChanged { worker_id, cents, effective, at }]
            }
            Entry::Rate { .. } => Vec::new(),
            Entry::Onboarding { step, done } if self.onboarding.contains(&step) == done => {
                Vec::new()
            }
            Entry::Onboarding { step, done } => {
                vec![WorkerEvent::OnboardingStepSet { worker_id, step, done, by, at }]
            }
            Entry::Certificate { cert_id, name, status, issued_at, expires_at } => {
                let name = own(self.certified(&name, issued_at, expires_at)?);
                vec![WorkerEvent::CertificateAdded {
                    worker_id,
                    cert_id,
                    name,
                    status,
                    issued_at,
                    expires_at,
                    at,
                }]
            }
            Entry::ArchiveCertificate { cert_id } => {
                if self.certificate(cert_id)?.archived_at.is_some() {
                    return Ok(Vec::new());
                }
                vec![WorkerEvent::CertificateArchived { worker_id, cert_id, at }]
            }
            Entry::Note { note_id, booking, words } => {
                has_room(self.notes.len())?;
                let text = own(free_text("text", &words, 1..=2000)?);
                vec![WorkerEvent::NoteAdded { worker_id, note_id, booking, text, by, at }]
            }
            Entry::Incident { note_id, booking, severity, words } => {
                has_room(self.notes.len())?;
                let text = own(free_text("text", &words, 1..=2000)?);
                vec![WorkerEvent::IncidentReported {
                    worker_id,
                    note_id,
                    booking,
                    severity,
                    text,
                    by,
                    at,
                }]
            }
            Entry::Review { booking, rating, comment } => {
                let comment = self.reviewed(booking, rating, comment)?.map(own);
                vec![WorkerEvent::Reviewed { worker_id, booking, rating, comment, by, at }]
            }
            Entry::Announce { note_id, words } => {
                let text = own(free_text("message", &words, 1..=1000)?);
                vec![WorkerEvent::Announced { worker_id, note_id, text, by, at }]
            }
        })
    }

    /// The name of a certificate, if it can be one.
    fn certified(
        &self,
        name: &str,
        issued_at: Option<NaiveDate>,
        expires_at: Option<NaiveDate>,
    ) -> Result<String, WorkerError> {
        has_room(self.certificates.len())?;
        let name = text("name", name, 1..=120)?;
        for (field, date) in [("issued_at", issued_at), ("expires_at", expires_at)] {
            date.map_or(Ok(()), |date| near(field, date))?;
        }
        if issued_at.zip(expires_at).is_some_and(|(issued, expires)| expires < issued) {
            let message = "Input should not be before issued_at";
            return Err(Problems::one("expires_at", message).into());
        }
        Ok(name)
    }

    /// Whether a rate is another one than they have.
    fn is_news(&self, cents: i64, effective: NaiveDate) -> Result<bool, WorkerError> {
        if !(0..=MOST_CENTS).contains(&cents) {
            let message = format!("Input should be from 0 to {MOST_CENTS}");
            return Err(Problems::one("hourly_rate_cents", message).into());
        }
        near("effective", effective)?;
        has_room(self.rates.len())?;
        Ok(self.rates.last() != Some(&(effective, cents)))
    }

    /// What is said in a review, if it may be given.
    fn reviewed(
        &self,
        booking: BookingId,
        rating: u8,
        comment: Option<String>,
    ) -> Result<Option<String>, WorkerError> {
        if self.reviews.contains_key(&booking) {
            return Err(WorkerError::AlreadyReviewed);
        }
        if !(1..=5).contains(&rating) {
            return Err(Problems::one("rating", "Input should be from 1 to 5").into());
        }
        let comment = comment.map(|words| free_text("comment", &words, 0..=1000));
        Ok(comment.transpose()?.filter(|words| !words.is_empty()))
    }

    fn qualify(
        &self,
        worker_id: WorkerId,
        role: Option<String>,
        skills: Option<Vec<String>>,
        at: DateTime<Utc>,
    ) -> Result<Vec<WorkerEvent>, WorkerError> {
        if role.is_none() && skills.is_none() {
            return Err(WorkerError::NothingSupplied);
        }
        let role = match role {
            Some(role) => Some(text("role", &role, 0..=60)?).filter(|role| !role.is_empty()),
            None => self.role.clone(),
        };
        let skills = match skills {
            Some(skills) => read_skills(&skills)?,
            None => self.skills.clone(),
        };
        if (&role, &skills) == (&self.role, &self.skills) {
            return Ok(Vec::new());
        }
        Ok(vec![WorkerEvent::Qualified { worker_id, role, skills, at }])
    }

    /// A certificate runs out after its last day, unless it was put away or did not hold anyway.
    pub(super) fn expire(
        &self,
        worker_id: WorkerId,
        cert_id: CertificateId,
        at: DateTime<Utc>,
    ) -> Result<Vec<WorkerEvent>, WorkerError> {
        let certificate = self.certificate(cert_id)?;
        let over = |last: NaiveDate| {
            last.checked_add_days(Days::new(1)).is_some_and(|next| next <= at.date_naive())
        };
        let holds =
            matches!(certificate.status, CertificateStatus::Active | CertificateStatus::Pending);
        let is_over =
            certificate.archived_at.is_none() && holds && certificate.expires_at.is_some_and(over);
        let expired = WorkerEvent::CertificateExpired { worker_id, cert_id, at };
        Ok(if is_over { vec![expired] } else { Vec::new() })
    }
}

fn has_room(count: usize) -> Result<(), WorkerError> {
    if count < MOST { Ok(()) } else { Err(WorkerError::FileFull) }
}

/// Words like `window_cleaning`, each once and in order.
fn read_skills(given: &[String]) -> Result<Vec<String>, Problems> {
    if given.len() > 30 {
        return Err(Problems::one("skills", "At most 30"));
    }
    let mut skills = BTreeSet::new();
    for (place, skill) in given.iter().enumerate() {
        let field = format!("skills.{place}");
        let word = text(&field, skill, 1..=40)?.to_lowercase().replace([' ', '-'], "_");
        if !word.chars().all(|one| one.is_alphanumeric() || one == '_') {
            return Err(Problems::one(field, "Input should be a word like window_cleaning"));
        }
        skills.insert(word);
    }
    Ok(skills.into_iter().collect())
}
