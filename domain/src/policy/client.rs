//! What follows from what happens to clients, and to people: others are told, by commands that are given at once.

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;

use super::office::{Matter, told};
use super::{Intent, TimerCommand};
use crate::customers::client::{Client, ClientEvent};
use crate::id::{ClientId, SubjectId};
use crate::subject::{ErasureReason, Subject};

/// So many stars of five, or fewer, are a matter for the office.
const NOT_CONTENT: u8 = 2;

/// Everything that follows from what happened to a client.
pub fn client_intents(client: ClientId, event: &ClientEvent) -> Vec<Intent> {
    use ClientEvent as E;
    match event {
        E::Blocked { at, .. } => vec![pause(client, *at)],
        E::Unblocked { .. } => vec![Intent::CancelTimer { key: pausing(client) }],
        E::Merged { into, at, .. } => vec![
            Intent::SetTimer {
                key: format!("absorb_client:{client}"),
                fires_at: *at,
                aggregate_type: Client::TYPE,
                aggregate_id: into.to_string(),
                command: TimerCommand::AbsorbClient { other: client },
            },
            // If whoever stays is blocked, so are the subscriptions of whoever went.
            pause(*into, *at),
        ],
        E::FeedbackRecorded { feedback_id, rating, .. } if *rating <= NOT_CONTENT => {
            let client = client.to_string();
            vec![told(Matter::NegativeReview, &feedback_id.to_string(), &client)]
        }
        E::Registered { .. }
        | E::ContactChanged { .. }
        | E::Archived { .. }
        | E::Restored { .. }
        | E::AddressAdded { .. }
        | E::AddressChanged { .. }
        | E::AddressArchived { .. }
        | E::AddressRestored { .. }
        | E::TagsSet { .. }
        | E::NoteAdded { .. }
        | E::FeedbackRecorded { .. }
        | E::Absorbed { .. } => Vec::new(),
    }
}

/// Whoever was merged into somebody who is erased is the same person.
pub(super) fn erases_merged(subject: SubjectId, reason: &str) -> Intent {
    Intent::SetTimer {
        key: format!("erase_merged:{subject}"),
        // The event does not say when it was; there is nothing to wait for.
        fires_at: DateTime::UNIX_EPOCH,
        aggregate_type: Subject::TYPE,
        aggregate_id: subject.to_string(),
        // Once, reasons were any words.
        command: TimerCommand::EraseMerged {
            reason: reason.parse().unwrap_or(ErasureReason::Asked),
        },
    }
}

fn pausing(client: ClientId) -> String {
    format!("pause_subscriptions:{client}")
}

fn pause(client: ClientId, at: DateTime<Utc>) -> Intent {
    Intent::SetTimer {
        key: pausing(client),
        fires_at: at,
        aggregate_type: Client::TYPE,
        aggregate_id: client.to_string(),
        command: TimerCommand::PauseSubscriptions,
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::personal::Personal;

    fn id(number: u128) -> ClientId {
        Uuid::from_u128(number).into()
    }

    #[test]
    fn a_block_pauses_subscriptions_unless_it_is_lifted_before() {
        let (client_id, at) = (id(1), DateTime::UNIX_EPOCH);
        let reason = Personal::of(client_id.into(), "x".to_owned());
        let blocked = client_intents(id(1), &ClientEvent::Blocked { client_id, reason, at });
        let [Intent::SetTimer { key, command: TimerCommand::PauseSubscriptions, .. }] =
            &blocked[..]
        else {
            panic!("{blocked:?}")
        };
        let lifted = client_intents(id(1), &ClientEvent::Unblocked { client_id, at });
        assert_eq!(lifted, [Intent::CancelTimer { key: key.clone() }]);
    }

    #[test]
    fn whoever_stays_is_told_who_went() {
        let (client_id, into, at) = (id(1), id(2), DateTime::UNIX_EPOCH);
        let told = client_intents(id(1), &ClientEvent::Merged { client_id, into, at });
        let other = id(1);
        assert!(matches!(&told[0], Intent::SetTimer { aggregate_id, command, .. }
            if *aggregate_id == id(2).to_string() && *command == TimerCommand::AbsorbClient { other }));
    }
}
