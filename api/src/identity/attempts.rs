//! Ends the guessing of passwords and codes, without locking out whoever knows them elsewhere.
//!
//! Counted in the database, so that guesses count wherever they are made: several processes are no several chances. An
//! attempt counts before it is looked at, and is taken back if it was right, so guesses sent all at once count all. Whoever
//! hangs up before there is a verdict has learnt nothing and has guessed nothing: that is taken back too.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use domain::id::UserId;
use ring::digest::{Context, SHA256};
use sqlx::PgPool;

use crate::problem::{Code, Problem};
use crate::state::App;

/// Wrong codes of a second factor in [`CODE_SECONDS`]: with two of a million right at any time, guessing takes decades.
const CODES: i32 = 5;

const CODE_SECONDS: i32 = 15 * 60;

/// What guesses are counted under; hashed, because names may be mistyped passwords.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Guessed([u8; 32]);

impl Guessed {
    /// The password of a name, guessed from an address.
    pub(crate) fn password(name: &str, address: IpAddr) -> Self {
        Self::of(&[b"password", address.to_string().as_bytes(), name.as_bytes()])
    }

    /// A code of somebody whose password is known.
    fn code(user: UserId) -> Self {
        Self::of(&[b"code", user.as_uuid().as_bytes()])
    }

    fn of(parts: &[&[u8]]) -> Self {
        let mut sha = Context::new(&SHA256);
        for part in parts {
            sha.update(&(part.len() as u64).to_be_bytes());
            sha.update(part);
        }
        let mut key = [0; 32];
        key.copy_from_slice(sha.finish().as_ref());
        Self(key)
    }
}

/// One attempt, which counts until somebody says otherwise. Without a verdict it was none.
#[must_use]
pub(crate) struct Attempt {
    guessed: Guessed,
    at: DateTime<Utc>,
    pool: PgPool,
    is_judged: bool,
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let runtime = tokio::runtime::Handle::try_current();
        let (false, Ok(runtime)) = (self.is_judged, runtime) else { return };
        let (pool, guessed, at) = (self.pool.clone(), self.guessed, self.at);
        runtime.spawn(async move {
            if let Err(error) = take_back(&pool, guessed, Some(at)).await {
                tracing::warn!(%error, "an attempt that came to nothing still counts");
            }
        });
    }
}

impl Attempt {
    /// At a password; refused if there were too many.
    pub(crate) async fn at_password(app: &App, guessed: Guessed) -> Result<Self, Problem> {
        let lockout = app.staff.lockout;
        Self::begin(app, guessed, lockout.attempts.into(), i32::from(lockout.minutes) * 60).await
    }

    /// At a code of a second factor; refused if there were too many.
    pub(crate) async fn at_code(app: &App, user: UserId) -> Result<Self, Problem> {
        Self::begin(app, Guessed::code(user), CODES, CODE_SECONDS).await
    }

    async fn begin(app: &App, guessed: Guessed, most: i32, seconds: i32) -> Result<Self, Problem> {
        let (at, pool) = (app.now(), app.reads.clone());
        // On a task of its own, which ends with one statement: whoever gives up meanwhile leaves an attempt behind that has no
        // verdict, and not one that nobody knows of.
        #[expect(clippy::disallowed_methods, reason = "it is waited for")]
        let counting = tokio::spawn(async move {
            let mut attempt = Self { guessed, at, pool, is_judged: false };
            let wait = sqlx::query_scalar!(
                "select identity.attempt($1, $2, $3, $4)",
                guessed.0.as_slice(),
                most,
                seconds,
                at
            )
            .fetch_one(&attempt.pool)
            .await;
            // One too many is not counted.
            attempt.is_judged = !matches!(wait, Ok(None));
            wait.map(|wait| (attempt, wait))
        });
        match counting.await.unwrap_or(Err(sqlx::Error::WorkerCrashed))? {
            (attempt, None) => Ok(attempt),
            (_, Some(until)) => {
                let seconds = u64::try_from((until - at).num_seconds() + 1).unwrap_or(1);
                metrics::counter!("auth_lockouts_total").increment(1);
                Err(Problem::retry(Code::TooManyAttempts, seconds))
            }
        }
    }

    /// It was wrong, and counts.
    pub(crate) fn was_wrong(mut self) {
        self.is_judged = true;
    }

    /// It was right: the wrong ones before it are forgiven.
    pub(crate) async fn succeeded(mut self) -> Result<(), Problem> {
        take_back(&self.pool, self.guessed, None).await?;
        self.is_judged = true;
        Ok(())
    }

    /// It was no guess: whoever made it knows, and has made another mistake.
    pub(crate) async fn was_none(mut self) -> Result<(), Problem> {
        take_back(&self.pool, self.guessed, Some(self.at)).await?;
        self.is_judged = true;
        Ok(())
    }
}

/// Forgets the attempt at that instant, or all of them.
async fn take_back(
    pool: &PgPool,
    guessed: Guessed,
    at: Option<DateTime<Utc>>,
) -> Result<(), sqlx::Error> {
    sqlx::query!("select identity.take_back($1, $2)", guessed.0.as_slice(), at)
        .execute(pool)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_together_is_one_name_at_one_address() {
        let at = |last| IpAddr::from([203, 0, 113, last]);
        let one = Guessed::password("owner", at(1));
        assert_eq!(one, Guessed::password("owner", at(1)));
        assert_ne!(one, Guessed::password("owner", at(2)));
        assert_ne!(one, Guessed::password("admin", at(1)));
        assert_ne!(one, Guessed::code(uuid::Uuid::nil().into()));
    }
}
