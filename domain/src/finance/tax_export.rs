//! What was taken out for the tax office: of which time, how much it was, and by which digest it is recognised.

use chrono::{DateTime, NaiveDate, Utc};
use cqrs_es::Aggregate;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use super::{Decision, FinanceError};
use crate::event::{EventSourced, decides, domain_event};

/// Lines of what was taken out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Payments, and what went back of them.
    pub payments: u64,
    /// Expenses.
    pub expenses: u64,
    /// Instalments.
    pub instalments: u64,
}

/// What can be asked.
#[derive(Clone, Debug)]
pub enum TaxExportCommand {
    /// Note that it was taken out.
    Note {
        /// First day.
        from: NaiveDate,
        /// Last day.
        to: NaiveDate,
        /// Its lines.
        counts: Counts,
        /// Of the whole file, in hexadecimal.
        sha256: String,
        /// When it is asked.
        now: DateTime<Utc>,
    },
}

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum TaxExportEvent {
    /// It was taken out.
    Generated {
        /// First day.
        from: NaiveDate,
        /// Last day.
        to: NaiveDate,
        /// Its lines.
        counts: Counts,
        /// Of the whole file, in hexadecimal.
        sha256: String,
        /// When.
        at: DateTime<Utc>,
    },
}
domain_event!(TaxExportEvent, version = "1");

/// Something that was taken out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TaxExport {
    /// Not yet.
    #[default]
    Absent,
    /// It was; its digest.
    Generated {
        /// Of the whole file, in hexadecimal.
        sha256: String,
    },
}

impl TaxExport {
    fn decide(&self, command: TaxExportCommand) -> Decision<TaxExportEvent> {
        let TaxExportCommand::Note { from, to, counts, sha256, now } = command;
        match self {
            Self::Absent => {
                Ok(vec![TaxExportEvent::Generated { from, to, counts, sha256, at: now }])
            }
            Self::Generated { .. } => Err(FinanceError::AlreadyRecorded),
        }
    }
}

impl Aggregate for TaxExport {
    const TYPE: &'static str = "tax_export";
    type Command = TaxExportCommand;
    type Event = TaxExportEvent;
    type Error = FinanceError;
    type Services = ();

    decides!();

    fn apply(&mut self, event: Self::Event) {
        let TaxExportEvent::Generated { sha256, .. } = event;
        *self = Self::Generated { sha256 };
    }
}

impl EventSourced for TaxExport {}

#[cfg(test)]
mod tests {
    use cqrs_es::test::TestFramework;

    use super::*;

    #[test]
    fn each_export_is_noted_once() {
        let [from, to] = ["2026-01-01", "2026-03-31"].map(|day| day.parse().unwrap());
        let (counts, sha256, at) = (Counts::default(), "ab".to_owned(), DateTime::UNIX_EPOCH);
        let note = TaxExportCommand::Note { from, to, counts, sha256: sha256.clone(), now: at };
        let noted = TaxExportEvent::Generated { from, to, counts, sha256, at };
        let given =
            |events: Vec<TaxExportEvent>| TestFramework::<TaxExport>::with(()).given(events);
        given(vec![]).when(note.clone()).then_expect_events(vec![noted.clone()]);
        given(vec![noted]).when(note).then_expect_error(FinanceError::AlreadyRecorded);
    }
}
