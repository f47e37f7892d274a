//! Brings the new tables of one organisation to a given position, in a transaction that does more than that.

use domain::id::OrgId;
use domain::recorded::Recorded;
use domain::seal::MasterKeys;
use sqlx::{Acquire, PgConnection};

use super::RebuildError;
use super::shadow::Shadow;
use crate::Batch;
use crate::engine::apply::{self, Failure};
use crate::engine::checkpoint::{self, Holder};
use crate::engine::parked::{self, Omissions};
use crate::engine::{Break, Limits, read};

/// How many events are applied at once.
const STEP: i64 = 2_000;

/// Applies what is missing up to `upto` and returns where the new tables stand: there, or beyond.
///
/// The transaction must be of `org`.
pub(super) async fn advance(
    db: &mut PgConnection,
    shadow: &Shadow,
    masters: &MasterKeys,
    org: OrgId,
    upto: i64,
) -> Result<i64, RebuildError> {
    let path = format!("set local search_path = {}, read, public", shadow.schema);
    super::shadow::run(db, &path).await?;
    let term = term(&mut *db, shadow).await?;
    let holder = Holder { name: &shadow.checkpoint, term };
    let checkpoint = checkpoint::lock(&mut *db, org, holder, shadow.reader.name).await?;
    let mut mark = checkpoint.mark;
    while mark.position < upto {
        let limits = Limits { events: STEP.min(upto - mark.position), bytes: 8 << 20 };
        let chunk = read(&mut *db, org, mark, limits).await?;
        if let Some(found) = chunk.broken {
            return Err(RebuildError::Broken { org, found });
        }
        if chunk.upto == mark {
            let found = Break::Truncated { at: mark.position, head: upto };
            return Err(RebuildError::Broken { org, found });
        }
        apply_all(&mut *db, shadow, masters, org, &chunk.events).await?;
        if !checkpoint::advance(&mut *db, org, holder, &mark, &chunk.upto).await? {
            return Err(RebuildError::Running(shadow.reader.name));
        }
        mark = chunk.upto;
    }
    Ok(mark.position)
}

async fn apply_all(
    db: &mut PgConnection,
    shadow: &Shadow,
    masters: &MasterKeys,
    org: OrgId,
    events: &[Recorded],
) -> Result<(), sqlx::Error> {
    let (Some(first), Some(last)) = (events.first(), events.last()) else { return Ok(()) };
    let mut omissions = Omissions::default();
    omissions.add_parked(&mut *db, org, &shadow.checkpoint).await?;
    let span = (first.position - 1, last.position);
    omissions.add_skipped(&mut *db, org, shadow.reader.name, span).await?;
    let events: Vec<&Recorded> = events.iter().filter(|event| !omissions.hold(event)).collect();
    let batch = Batch::new(org, &events, masters);

    let mut savepoint = db.begin().await?;
    let poison = match apply::whole(&mut savepoint, &shadow.reader, &batch).await {
        Ok(poison) => {
            savepoint.commit().await?;
            poison
        }
        Err(Failure::Unfit) => {
            savepoint.rollback().await?;
            apply::one_by_one(&mut *db, &shadow.reader, &batch).await?
        }
        Err(Failure::Fault(error)) => return Err(error),
    };
    parked::park(db, org, &shadow.checkpoint, &poison).await
}

async fn term(db: &mut PgConnection, shadow: &Shadow) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        "select term from projection_owners where projection = $1",
        shadow.checkpoint,
    )
    .fetch_one(db)
    .await
}
