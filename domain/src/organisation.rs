//! An organisation: one cleaning business, and what was decided about running its own log.
//!
//! 1. It is registered once; that is the first event of its log.
//! 2. A decision to retry or skip an event that a read model could not apply, or to let it follow the log again, is part
//!    of its history.

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};

use crate::event::{EventSourced, domain_event};
use crate::input::{free_text, text};
use crate::refusal::{Kind, Refusal};

/// What can be asked.
#[derive(Clone, Debug)]
pub enum OrganisationCommand {
    /// Open its log.
    Register(Profile),
    /// Try an event again that a read model could not apply.
    RetryParked(ParkedStream),
    /// Let a read model go on without an event that it could not apply.
    SkipParked(ParkedStream),
    /// Let a read model follow the log again that it could not follow any further.
    ResumeProjection(HaltedProjection),
    /// Announce that old entries of the audit log are removed.
    PruneAudit(Pruned),
}

/// What everybody may know about an organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Short name in addresses and headers: lower-case letters, digits, hyphens.
    pub slug: String,
    /// Name on screens.
    pub name: String,
    /// IANA time zone.
    pub timezone: String,
}

/// A stream that one read model has stopped at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedStream {
    /// Name of the read model.
    pub projection: String,
    /// Kind of the aggregate.
    pub aggregate_type: String,
    /// Which one.
    pub aggregate_id: String,
    /// The event it stopped at.
    pub position: i64,
    /// Why this was decided.
    pub reason: String,
}

/// A read model that could not follow the log any further, until it was mended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HaltedProjection {
    /// Name of the read model.
    pub projection: String,
    /// Why this was decided.
    pub reason: String,
}

/// Entries of the audit log that were no events, and are gone because they were old.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pruned {
    /// Number of the last of them.
    pub through: i64,
    /// What their chain said there, in hexadecimal digits: the next entry goes on from it.
    pub hash: String,
    /// How many there were.
    pub entries: i64,
    /// They were older than this.
    pub before: DateTime<Utc>,
}

/// What has happened.
#[derive(
    Clone, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr, strum::VariantNames,
)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum OrganisationEvent {
    /// Its log was opened.
    Registered(Profile),
    /// A parked event is to be tried again.
    ParkedRetried(ParkedStream),
    /// A parked event is left out of one read model.
    ParkedSkipped(ParkedStream),
    /// A read model was let follow the log again.
    ProjectionResumed(HaltedProjection),
    /// Old entries of the audit log are removed.
    AuditPruned(Pruned),
}
domain_event!(OrganisationEvent, version = "1");

/// Why a command is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
pub enum OrganisationError {
    /// It was registered before.
    #[error("this organisation is registered already")]
    #[strum(serialize = "organisation.already_registered")]
    AlreadyRegistered,
    /// The slug is not usable in an address.
    #[error("a slug is 2 to 63 lower-case letters, digits and hyphens")]
    #[strum(serialize = "organisation.bad_slug")]
    BadSlug,
    /// The name is missing or too long.
    #[error("a name has 1 to 200 characters")]
    #[strum(serialize = "organisation.bad_name")]
    BadName,
    /// Skipping and retrying must be explained.
    #[error("a reason of 1 to 500 characters is needed")]
    #[strum(serialize = "organisation.no_reason")]
    NoReason,
}

impl Refusal for OrganisationError {
    fn kind(&self) -> Kind {
        match self {
            Self::AlreadyRegistered => Kind::Conflict,
            Self::BadSlug | Self::BadName | Self::NoReason => Kind::Invalid,
        }
    }

    fn code(&self) -> &'static str {
        self.into()
    }
}

/// Whether it exists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Organisation {
    /// Not yet.
    #[default]
    Absent,
    /// Registered.
    Open,
}

impl Organisation {
    fn decide(&self, command: OrganisationCommand) -> Result<OrganisationEvent, OrganisationError> {
        match (self, command) {
            (Self::Open, OrganisationCommand::Register(_)) => {
                Err(OrganisationError::AlreadyRegistered)
            }
            (Self::Absent, OrganisationCommand::Register(profile)) => {
                Self::check(&profile)?;
                Ok(OrganisationEvent::Registered(profile))
            }
            (_, OrganisationCommand::RetryParked(parked)) => {
                explained(&parked.reason)?;
                Ok(OrganisationEvent::ParkedRetried(parked))
            }
            (_, OrganisationCommand::SkipParked(parked)) => {
                explained(&parked.reason)?;
                Ok(OrganisationEvent::ParkedSkipped(parked))
            }
            (_, OrganisationCommand::ResumeProjection(halted)) => {
                explained(&halted.reason)?;
                Ok(OrganisationEvent::ProjectionResumed(halted))
            }
            (_, OrganisationCommand::PruneAudit(pruned)) => {
                Ok(OrganisationEvent::AuditPruned(pruned))
            }
        }
    }
}

impl Organisation {
    /// Whether `profile` can be registered.
    pub fn check(profile: &Profile) -> Result<(), OrganisationError> {
        let slug_fits = (2..=63).contains(&profile.slug.len())
            && profile
                .slug
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !slug_fits {
            return Err(OrganisationError::BadSlug);
        }
        text("name", &profile.name, 1..=200).map_err(|_| OrganisationError::BadName)?;
        Ok(())
    }
}

fn explained(reason: &str) -> Result<(), OrganisationError> {
    free_text("reason", reason, 1..=500).map_err(|_| OrganisationError::NoReason)?;
    Ok(())
}

impl Aggregate for Organisation {
    const TYPE: &'static str = "organisation";
    type Command = OrganisationCommand;
    type Event = OrganisationEvent;
    type Error = OrganisationError;
    type Services = ();

    async fn handle(
        &mut self,
        command: Self::Command,
        (): &Self::Services,
        sink: &EventSink<Self>,
    ) -> Result<(), Self::Error> {
        let event = self.decide(command)?;
        sink.write(event, self).await;
        Ok(())
    }

    fn apply(&mut self, event: Self::Event) {
        match event {
            OrganisationEvent::Registered(_) => *self = Self::Open,
            OrganisationEvent::ParkedRetried(_)
            | OrganisationEvent::ParkedSkipped(_)
            | OrganisationEvent::ProjectionResumed(_)
            | OrganisationEvent::AuditPruned(_) => {}
        }
    }
}

impl EventSourced for Organisation {}
