//! Verifies a log in an export, without a database.

use std::io::BufRead;

use domain::recorded::Recorded;

use super::{Defect, Report, Verifier, Witnesses};
use crate::history::checkpoint::{Checkpoint, PublicKey, Signature};
use crate::history::export::{End, Header, Item, ReadError, Reader};
use crate::history::log::Head;

/// Verifies an export against its last line and `checkpoints` from elsewhere.
///
/// Without trusted keys signatures are not checked; with some, an export that none of them signed is a finding.
/// `each` sees every event as it passes.
pub fn verify_export(
    input: impl BufRead,
    trusted: &[PublicKey],
    checkpoints: &[Checkpoint],
    mut each: impl FnMut(&Recorded),
) -> Result<(Header, Report), ReadError> {
    let (header, mut reader) = Reader::open(input)?;
    let mut witnesses = Witnesses::none(header.org);
    for checkpoint in checkpoints {
        witnesses.add_checkpoint(checkpoint, trusted);
    }
    let mut verifier = Verifier::new(header.org, witnesses);
    let end = loop {
        match reader.read()? {
            Item::Event(event) => {
                verifier.next(&event);
                each(&event);
            }
            Item::Damaged { line } => verifier.unreadable(line),
            Item::End(end) => break Some(end),
            Item::Cut => break None,
        }
    };
    let head = end.as_ref().map(|end| Head {
        position: end.position(),
        hash: *end.hash(),
        last: Some(verifier.upto()),
    });
    let signature = judge(end.as_ref(), &mut verifier, trusted);
    let mut report = verifier.finish(head);
    if let Some(end) = end.filter(|_| signature == Some(Signature::Good))
        && (end.position(), end.hash()) == (report.position, &report.hash)
    {
        report.confirmed_by += 1;
        report.confirmed_upto = end.position();
    }
    Ok((header, report))
}

/// What the last line is worth.
fn judge(end: Option<&End>, verifier: &mut Verifier, trusted: &[PublicKey]) -> Option<Signature> {
    let position = verifier.upto() + 1;
    let Some(end) = end else {
        verifier.found(Defect::Unfinished { position });
        return None;
    };
    if trusted.is_empty() {
        verifier.unchecked += usize::from(matches!(end, End::Checkpoint(_)));
        return None;
    }
    let End::Checkpoint(checkpoint) = end else {
        verifier.found(Defect::Unsigned { position: end.position() });
        return None;
    };
    let (position, key_id) = (checkpoint.position, checkpoint.key_id.clone());
    let is_foreign = checkpoint.org != verifier.org;
    let signature = if is_foreign { Signature::Bad } else { checkpoint.check(trusted) };
    match signature {
        Signature::Good => {}
        Signature::Bad => verifier.found(Defect::BadSignature { position, key_id }),
        Signature::UnknownKey => verifier.found(Defect::UnknownKey { position, key_id }),
    }
    Some(signature)
}
