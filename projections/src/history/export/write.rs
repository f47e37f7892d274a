//! Writes an export, and proves the log while it passes: only a log that holds, and that no checkpoint contradicts, is
//! signed.

use std::io::{self, Write};

use chrono::{DateTime, Utc};
use domain::id::OrgId;
use sqlx::{PgConnection, PgPool};

use super::{End, Header, Line};
use crate::history::checkpoint::{self, Signature, SigningKey};
use crate::history::log;
use crate::history::verify::{Report, Verifier, Witnesses};
use crate::tenant;

/// How many events are read at once.
const READ: i64 = 1_000;

/// What was exported.
#[derive(Clone, Debug)]
pub struct Exported {
    /// The last line.
    pub end: End,
    /// What was found while the log passed.
    pub report: Report,
}

/// Why nothing or not all was exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// There is no such log.
    #[error("organisation {0} has no log")]
    NoLog(OrgId),
    /// The database failed.
    #[error("database error")]
    Database(#[from] sqlx::Error),
    /// The output cannot be written.
    #[error("the export cannot be written")]
    Output(#[from] io::Error),
}

/// Writes the log of `org` as it stands, signed with `key` unless something is wrong with it.
pub async fn write(
    pool: &PgPool,
    org: OrgId,
    key: Option<&SigningKey>,
    now: DateTime<Utc>,
    out: &mut (impl Write + Send),
    mut progress: impl FnMut(i64, i64),
) -> Result<Exported, ExportError> {
    let mut tx = tenant::begin(pool, org).await?;
    // Checkpoints first: one that is signed meanwhile must not lie behind the head.
    let witnesses = witnesses(&mut tx, org, key).await?;
    let head = log::head(&mut tx, org).await?.ok_or(ExportError::NoLog(org))?;
    line(out, &Header::new(org, now))?;

    let mut verifier = Verifier::new(org, witnesses);
    let mut after = 0;
    loop {
        let page = log::between(&mut tx, org, (after, head.position), READ).await?;
        let Some(last) = page.last() else { break };
        after = last.position;
        for event in page {
            verifier.next(&event);
            line(out, &Line::from(event))?;
        }
        progress(after, head.position);
    }
    tx.rollback().await?;
    let report = verifier.finish(Some(head));

    let (position, hash) = (report.position, report.hash);
    let end = match key.filter(|_| report.is_clean()) {
        Some(key) => End::Checkpoint(key.sign(org, (position, hash), None, now)),
        None => End::Head { position, hash },
    };
    line(out, &end)?;
    out.flush()?;
    Ok(Exported { end, report })
}

/// The checkpoints stored beside the log. One of a key that has been replaced cannot be checked here; it still counts
/// against a log that it contradicts, and against no other.
async fn witnesses(
    db: &mut PgConnection,
    org: OrgId,
    key: Option<&SigningKey>,
) -> Result<Witnesses, sqlx::Error> {
    let own = key.map(SigningKey::public);
    let mut witnesses = Witnesses::none(org);
    for stored in checkpoint::all(db, org).await? {
        let signer = own.filter(|key| stored.check(&[*key]) != Signature::UnknownKey);
        let trusted: Vec<_> = signer.into_iter().collect();
        witnesses.add_checkpoint(&stored, &trusted);
    }
    Ok(witnesses)
}

fn line(out: &mut impl Write, value: &impl serde::Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}
