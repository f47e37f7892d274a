//! An aggregate that does whatever a test wants done to the log.

use chrono::{DateTime, Utc};
use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use domain::event::{EventSourced, Reservation};
use domain::refusal::{Kind, Refusal};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Clone, Debug)]
pub(crate) enum Ask {
    /// One event that reserves nothing: alone it takes the short way into the log.
    Note(String),
    /// The same event by the long way, which every batch takes.
    NoteTogether(String),
    /// Several events at once.
    Notes(u32),
    /// A claim.
    Claim(String),
    /// Gives the claim back.
    Release(String),
    /// A slot, in place of those held so far.
    Book { resource: Uuid, from: DateTime<Utc>, until: DateTime<Utc> },
    /// Nothing.
    Nothing,
    /// A text that no database takes.
    Poison,
    /// A refusal.
    Refuse,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Happened {
    Noted { text: String, together: bool },
    Claimed { value: String },
    Released { value: String },
    Booked { resource: Uuid, from: DateTime<Utc>, until: DateTime<Utc> },
}

impl DomainEvent for Happened {
    fn event_type(&self) -> String {
        let name = match self {
            Self::Noted { .. } => "noted",
            Self::Claimed { .. } => "claimed",
            Self::Released { .. } => "released",
            Self::Booked { .. } => "booked",
        };
        name.to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("refused")]
pub(crate) struct Refused;

impl Refusal for Refused {
    fn kind(&self) -> Kind {
        Kind::Rule
    }

    fn code(&self) -> &'static str {
        "probe.refused"
    }
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Probe {
    pub(crate) texts: Vec<String>,
}

impl Aggregate for Probe {
    const TYPE: &'static str = "probe";
    type Command = Ask;
    type Event = Happened;
    type Error = Refused;
    type Services = ();

    async fn handle(&mut self, ask: Ask, (): &(), sink: &EventSink<Self>) -> Result<(), Refused> {
        let noted = |text, together| Happened::Noted { text, together };
        let events = match ask {
            Ask::Note(text) => vec![noted(text, false)],
            Ask::NoteTogether(text) => vec![noted(text, true)],
            Ask::Notes(count) => (0..count).map(|n| noted(n.to_string(), false)).collect(),
            Ask::Claim(value) => vec![Happened::Claimed { value }],
            Ask::Release(value) => vec![Happened::Released { value }],
            Ask::Book { resource, from, until } => vec![Happened::Booked { resource, from, until }],
            Ask::Nothing => vec![],
            // Written as \u0000, which the column's check for JSON lets pass and the claim's text does not.
            Ask::Poison => vec![Happened::Claimed { value: "\0".to_owned() }],
            Ask::Refuse => return Err(Refused),
        };
        for event in events {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: Happened) {
        if let Happened::Noted { text, .. } = event {
            self.texts.push(text);
        }
    }
}

impl EventSourced for Probe {
    fn reservations(event: &Happened) -> Vec<Reservation> {
        match event {
            Happened::Noted { together: false, .. } => vec![],
            Happened::Noted { together: true, .. } => vec![Reservation::ReleaseSlots],
            Happened::Claimed { value } => {
                vec![Reservation::Claim { scope: "probe.value", value: value.clone() }]
            }
            Happened::Released { value } => {
                vec![Reservation::Release { scope: "probe.value", value: value.clone() }]
            }
            Happened::Booked { resource, from, until } => vec![
                Reservation::ReleaseSlots,
                Reservation::Slot { resource: *resource, from: *from, until: *until },
            ],
        }
    }
}
