//! The smallest aggregate there is, with events of about 400 bytes: what is measured with it is the log, not business.

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use domain::event::EventSourced;
use domain::refusal::{Kind, Refusal};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Noted {
    text: String,
}

impl DomainEvent for Noted {
    fn event_type(&self) -> String {
        "noted".to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}

#[derive(Debug, thiserror::Error)]
#[error("never")]
pub(crate) struct Never;

impl Refusal for Never {
    fn kind(&self) -> Kind {
        Kind::Rule
    }

    fn code(&self) -> &'static str {
        "note.never"
    }
}

/// Counts what was noted.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Note {
    lines: u32,
}

impl Aggregate for Note {
    const TYPE: &'static str = "note";
    type Command = ();
    type Event = Noted;
    type Error = Never;
    type Services = ();

    async fn handle(&mut self, (): (), (): &(), sink: &EventSink<Self>) -> Result<(), Never> {
        let text = format!("{:0>200}", self.lines);
        sink.write(Noted { text }, self).await;
        Ok(())
    }

    fn apply(&mut self, _: Noted) {
        self.lines += 1;
    }
}

impl EventSourced for Note {}
