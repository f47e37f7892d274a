//! Verifies a log in a database: reads it page by page, and proves one page while the next is on its way.

use domain::recorded::Recorded;
use sqlx::PgPool;

use super::{Defect, Report, Verifier, Witnesses};
use crate::audit_log;
use crate::history::checkpoint::{self, PublicKey};
use crate::history::log;
use crate::tenant;

/// How much is read at once.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Number of events.
    pub events: i64,
    /// Bytes of payload that a page should not exceed by much.
    pub bytes: usize,
}

impl Default for Effort {
    /// Above five thousand the time per event no longer falls.
    fn default() -> Self {
        Self { events: 5_000, bytes: 16 << 20 }
    }
}

/// Verifies the whole log of `org` against its head, the checkpoints stored beside it and `witnesses` from outside, and so
/// the chain of what was tried.
///
/// Events appended meanwhile are left for the next time. Events or checkpoints without a head are a finding; `None` if
/// there are neither. `progress` is told how many positions of how many are done.
pub async fn verify(
    pool: &PgPool,
    mut witnesses: Witnesses,
    trusted: &[PublicKey],
    effort: Effort,
    mut progress: impl FnMut(i64, i64),
) -> Result<Option<Report>, sqlx::Error> {
    let org = witnesses.org();
    let mut tx = tenant::begin(pool, org).await?;
    // Checkpoints first: one that is signed meanwhile must not lie behind the head.
    for checkpoint in checkpoint::all(&mut tx, org).await? {
        witnesses.add_checkpoint(&checkpoint, trusted);
    }
    let head = log::head(&mut tx, org).await?;
    let end = match head {
        Some(head) => head.position.max(head.last.unwrap_or(0)),
        None => log::last(&mut tx, org).await?,
    };
    let is_known = head.is_some() || end > 0 || !witnesses.is_empty();

    let signed = witnesses.attempts().to_vec();
    let mut verifier = Verifier::new(org, witnesses);
    // How large events are here is not known before the first page.
    let mut place = (0, effort.events.min(500));
    let mut page = log::between(&mut tx, org, (0, end), place.1).await?;
    while let Some(last) = page.last() {
        place = (last.position, next_limit(&page, effort));
        let work = tokio::task::spawn_blocking(move || {
            for event in &page {
                verifier.next(event);
            }
            verifier
        });
        let (proved, next) =
            tokio::join!(work, log::between(&mut tx, org, (place.0, end), place.1));
        verifier = proved.unwrap_or_else(|failed| std::panic::resume_unwind(failed.into_panic()));
        page = next?;
        progress(place.0, end);
    }
    let known: Vec<_> = signed.iter().map(|(known, _)| *known).collect();
    let attempts = audit_log::verify(&mut tx, org, &known).await?;
    tx.rollback().await?;
    if !is_known {
        return Ok(None);
    }
    if head.is_none() {
        verifier.found(Defect::Headless { position: end });
    }
    let mut report = verifier.finish(head);
    report.add_attempts(attempts, &signed);
    Ok(Some(report))
}

/// As many events as fit, if they are as large as those of this page.
fn next_limit(page: &[Recorded], effort: Effort) -> i64 {
    let bytes: usize = page.iter().map(|event| event.payload.len() + event.metadata.len()).sum();
    let each = (bytes / page.len().max(1)).max(1);
    i64::try_from(effort.bytes / each).unwrap_or(effort.events).clamp(1, effort.events)
}
