//! What follows from what the desk tells people: that it is sent.

use serde_json::json;
use uuid::Uuid;

use super::Intent;
use crate::scheduling::dispatch::notice::{NoticeEvent, Outcome};

/// The kind of the mail by which the desk tells somebody something about a visit.
pub const DISPATCH_NOTICE: &str = "email.dispatch_notice";

/// Everything that follows from a notice: what could be sent is, once. Names and addresses are looked up when it is.
pub fn notice_intents(_: Uuid, event: &NoticeEvent) -> Vec<Intent> {
    let NoticeEvent::Told(notice) = event;
    match notice.outcome {
        Outcome::Queued => vec![Intent::Effect {
            kind: DISPATCH_NOTICE,
            dedupe_key: format!("{DISPATCH_NOTICE}:{}", notice.notice_id),
            payload: json!(notice),
        }],
        Outcome::Failed => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::scheduling::dispatch::notice::{Channel, Failure, Notice, Target};
    use crate::settings::org::Language;

    #[test]
    fn what_could_be_sent_is_sent_once_and_what_could_not_is_not() {
        let notice = |outcome| {
            NoticeEvent::Told(Box::new(Notice {
                notice_id: Uuid::from_u128(1),
                booking_id: Uuid::from_u128(2).into(),
                target: Target::Client,
                worker: None,
                channel: Channel::Email,
                template: "CLIENT_DONE".to_owned(),
                locale: Language::En,
                minutes: None,
                outcome,
                error_code: (outcome == Outcome::Failed).then_some(Failure::MissingEmail),
                by: "d".to_owned(),
                at: DateTime::UNIX_EPOCH,
            }))
        };
        let sent = notice_intents(Uuid::from_u128(1), &notice(Outcome::Queued));
        let [Intent::Effect { kind, dedupe_key, .. }] = &sent[..] else { panic!("{sent:?}") };
        assert_eq!(*kind, DISPATCH_NOTICE);
        assert!(dedupe_key.ends_with("00000000-0000-0000-0000-000000000001"));
        assert_eq!(notice_intents(Uuid::from_u128(1), &notice(Outcome::Failed)), []);
    }
}
