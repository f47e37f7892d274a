//! Applies events, and when one of them cannot be applied finds out which.

use std::panic::AssertUnwindSafe;

use domain::recorded::Recorded;
use futures::FutureExt;
use sqlx::{Acquire, PgConnection};

use crate::{Batch, Parking, Poison, Reader};

/// Why a batch as a whole was not applied.
#[derive(Debug)]
pub(crate) enum Failure {
    /// One of its events cannot be applied; the transaction is lost, and the batch must be taken event by event.
    Unfit,
    /// The database failed.
    Fault(sqlx::Error),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Fault(error)
    }
}

/// Applies the whole batch at once.
pub(crate) async fn whole(
    db: &mut PgConnection,
    reader: &Reader,
    batch: &Batch<'_>,
) -> Result<Vec<Poison>, Failure> {
    match attempt(db, reader, batch).await? {
        Ok(poison) => Ok(poison),
        Err(_) => Err(Failure::Unfit),
    }
}

/// Applies each event under a savepoint and leaves behind the streams of those that cannot be applied.
///
/// Slow, and only taken after [`whole`] has failed.
pub(crate) async fn one_by_one(
    db: &mut PgConnection,
    reader: &Reader,
    batch: &Batch<'_>,
) -> Result<Vec<Poison>, sqlx::Error> {
    let mut parking = Parking::default();
    for event in batch.events {
        if parking.holds(event) {
            continue;
        }
        let mut savepoint = db.begin().await?;
        let alone: [&Recorded; 1] = [event];
        let reason = match attempt(&mut savepoint, reader, &batch.with(&alone)).await? {
            Ok(poison) => poison.into_iter().next().map(|poison| poison.reason),
            Err(reason) => Some(reason),
        };
        if let Some(reason) = reason {
            savepoint.rollback().await?;
            parking.park(event, reason);
        } else {
            savepoint.commit().await?;
        }
    }
    Ok(parking.into_poison())
}

/// The inner error is about the data; the outer one about the database.
async fn attempt(
    db: &mut PgConnection,
    reader: &Reader,
    batch: &Batch<'_>,
) -> Result<Result<Vec<Poison>, String>, sqlx::Error> {
    match AssertUnwindSafe(reader.apply(db, batch)).catch_unwind().await {
        Ok(Ok(poison)) => Ok(Ok(poison)),
        Ok(Err(error)) => refusal_of_data(&error).map(Err).ok_or(error),
        // What a panic says may quote a value, so it is not repeated.
        Err(_) => Ok(Err("the projection panicked on it".to_owned())),
    }
}

/// Why the database refused what was to be written, if it did: data exceptions, violated constraints, limits.
///
/// The message of the database may quote a value, so only its code and the constraint are told.
fn refusal_of_data(error: &sqlx::Error) -> Option<String> {
    let error = error.as_database_error()?;
    let code = error.code()?;
    if !["22", "23", "54"].iter().any(|class| code.starts_with(class)) {
        return None;
    }
    let constraint = error.constraint().map(|name| format!(", {name}")).unwrap_or_default();
    Some(format!("the database refused what follows from it ({code}{constraint})"))
}
