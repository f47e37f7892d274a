//! What follows from what happens to a person.

use super::{Intent, client, photo};
use crate::id::SubjectId;
use crate::subject::SubjectEvent;

/// Everything that follows from what happened to a person: whoever was merged into them is erased too, and their photos go.
pub fn subject_intents(subject: SubjectId, event: &SubjectEvent) -> Vec<Intent> {
    let SubjectEvent::Erased { reason, .. } = event;
    vec![client::erases_merged(subject, reason), photo::forgets(subject)]
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::policy::{PHOTO_FORGET, TimerCommand};
    use crate::subject::ErasureReason;

    #[test]
    fn an_erasure_reaches_whoever_was_merged_for_the_same_reason_and_every_photo() {
        let subject = Uuid::from_u128(1).into();
        let erased = |reason: &str| SubjectEvent::Erased { subject, reason: reason.to_owned() };
        for (said, meant) in [("ordered", ErasureReason::Ordered), ("moved", ErasureReason::Asked)]
        {
            let follows = subject_intents(subject, &erased(said));
            assert!(
                matches!(&follows[0], Intent::SetTimer { command: TimerCommand::EraseMerged { reason }, .. }
                if *reason == meant)
            );
            assert!(matches!(follows[1], Intent::Effect { kind: PHOTO_FORGET, .. }));
        }
    }
}
