//! The invoices of a month as an accountant takes them: written once when the month is over, and by which digest the file is
//! recognised.

use chrono::{DateTime, NaiveDate, Utc};
use cqrs_es::Aggregate;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use super::Decision;
use super::error::FinanceError;
use super::month::Month;
use crate::event::{EventSourced, decides, domain_event};

/// What the file is called that is handed out. Source: the jobs of the business, 11.6.
pub const KIND: &str = "accounting_export_v1";

/// What can be asked.
#[derive(Clone, Debug)]
pub enum AccountingExportCommand {
    /// Note that it was written; of several who write it at once the first one's counts.
    Note {
        /// Of which month.
        month: Month,
        /// Its lines, without that of the names.
        row_count: u64,
        /// Of the whole table, in hexadecimal.
        sha256: String,
        /// When it is asked.
        now: DateTime<Utc>,
    },
}

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AccountingExportEvent {
    /// It was written.
    Generated {
        /// Of which month.
        month: Month,
        /// Its first day.
        from: NaiveDate,
        /// Its last day.
        to: NaiveDate,
        /// Its lines, without that of the names.
        row_count: u64,
        /// Of the whole table, in hexadecimal.
        sha256: String,
        /// When.
        at: DateTime<Utc>,
    },
}
domain_event!(AccountingExportEvent, version = "1");

/// What was written of one month. Its id is the month.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccountingExport {
    /// Not yet.
    #[default]
    Absent,
    /// It was; its digest.
    Generated {
        /// Of the whole table, in hexadecimal.
        sha256: String,
    },
}

impl AccountingExport {
    #[expect(clippy::unnecessary_wraps, reason = "as every aggregate decides")]
    fn decide(&self, command: AccountingExportCommand) -> Decision<AccountingExportEvent> {
        let AccountingExportCommand::Note { month, row_count, sha256, now } = command;
        let (from, to, at) = (month.first(), month.last(), now);
        Ok(match self {
            Self::Absent => {
                vec![AccountingExportEvent::Generated { month, from, to, row_count, sha256, at }]
            }
            Self::Generated { .. } => Vec::new(),
        })
    }
}

impl Aggregate for AccountingExport {
    const TYPE: &'static str = "accounting_export";
    type Command = AccountingExportCommand;
    type Event = AccountingExportEvent;
    type Error = FinanceError;
    type Services = ();

    decides!();

    fn apply(&mut self, event: Self::Event) {
        let AccountingExportEvent::Generated { sha256, .. } = event;
        *self = Self::Generated { sha256 };
    }
}

impl EventSourced for AccountingExport {}

#[cfg(test)]
mod tests {
    use cqrs_es::test::TestFramework;

    use super::*;

    #[test]
    fn a_month_is_written_once_whoever_writes_it() {
        let month: Month = "2026-02".parse().unwrap();
        let at = DateTime::UNIX_EPOCH;
        let note = |sha256: &str, row_count| {
            let sha256 = sha256.to_owned();
            AccountingExportCommand::Note { month, row_count, sha256, now: at }
        };
        let [from, to] = ["2026-02-01", "2026-02-28"].map(|day| day.parse().unwrap());
        let sha256 = "ab".to_owned();
        let noted = AccountingExportEvent::Generated { month, from, to, row_count: 3, sha256, at };
        let given = |events: Vec<AccountingExportEvent>| {
            TestFramework::<AccountingExport>::with(()).given(events)
        };
        given(vec![]).when(note("ab", 3)).then_expect_events(vec![noted.clone()]);
        given(vec![noted]).when(note("cd", 4)).then_expect_events(vec![]);
    }
}
