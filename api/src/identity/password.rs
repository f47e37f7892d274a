//! Checks and makes password hashes off the threads that serve requests, a few at a time.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use domain::identity::password::LONGEST;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::problem::{Code, Problem};

/// Each check fills up to 64 MiB and one core: more at once would only slow each other down.
const AT_ONCE: usize = 2;

/// How long a turn is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Checked when nobody has the name, so that answering takes as long as for somebody.
static NOBODY: LazyLock<String> = LazyLock::new(|| {
    Argon2::default().hash_password(b"nobody").map(|hash| hash.to_string()).unwrap_or_default()
});

/// What a new hash costs whoever wants to guess it.
#[derive(Clone, Copy, Debug)]
pub struct PasswordCost {
    /// Memory, in KiB.
    pub memory: u32,
    /// Passes over it.
    pub time: u32,
    /// Threads that could share the work.
    pub parallelism: u32,
}

impl Default for PasswordCost {
    /// Source: section 1.5 of the platform specification.
    fn default() -> Self {
        Self { memory: 65_536, time: 3, parallelism: 2 }
    }
}

/// The queue in front of the checks.
pub(crate) struct Hashing {
    turns: Arc<Semaphore>,
    cost: PasswordCost,
}

impl Hashing {
    pub(crate) fn new(cost: PasswordCost) -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)), cost }
    }

    /// The right to check a password. Whoever holds it may be waiting for a database that is away: they are not waited for
    /// longer than the database itself would be.
    pub(crate) async fn turn(&self) -> Result<Turn, Problem> {
        let turn = timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned()).await;
        Ok(Turn(turn.map_err(|_| Problem::retry(Code::Overloaded, 1))?.ok()))
    }

    /// Whether a hash costs what new ones do.
    pub(crate) fn is_current(&self, hash: &str) -> bool {
        let cost = PasswordHash::new(hash).ok().and_then(|hash| {
            let params = Params::try_from(&hash).ok()?;
            let same = (params.m_cost(), params.t_cost(), params.p_cost())
                == (self.cost.memory, self.cost.time, self.cost.parallelism);
            Some(same && hash.algorithm.as_str() == "argon2id")
        });
        cost.unwrap_or(false)
    }

    /// A hash of `password` to store.
    pub(crate) async fn hash(&self, password: SecretString) -> Result<String, Problem> {
        let (cost, Turn(turn)) = (self.cost, self.turn().await?);
        let made = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let params = Params::new(cost.memory, cost.time, cost.parallelism, None).ok()?;
            let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
            let hash = argon.hash_password(password.expose_secret().as_bytes()).ok()?;
            Some(hash.to_string())
        });
        made.await.ok().flatten().ok_or_else(|| Problem::new(Code::Internal))
    }
}

/// The right to check one password.
pub(crate) struct Turn(Option<OwnedSemaphorePermit>);

impl Turn {
    /// Which of `hashes` belong to `password`.
    pub(crate) async fn verify(
        self,
        password: SecretString,
        hashes: Vec<String>,
    ) -> Result<Vec<bool>, Problem> {
        let check = move || {
            // Held until the work is done, even if the client has gone.
            let _turn = self.0;
            if hashes.is_empty() {
                is_of(&password, &NOBODY);
            }
            hashes.iter().map(|hash| is_of(&password, hash)).collect()
        };
        tokio::task::spawn_blocking(check).await.map_err(|_| Problem::new(Code::Internal))
    }
}

fn is_of(password: &SecretString, hash: &str) -> bool {
    let password = password.expose_secret().as_bytes();
    // No password of ours is longer, and hashing would be work for free.
    if password.len() > LONGEST {
        return false;
    }
    let Ok(hash) = PasswordHash::new(hash) else { return false };
    Argon2::default().verify_password(password, &hash).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_belongs_to_its_own_hash_only() {
        let secret = SecretString::from("nobody");
        assert!(is_of(&secret, &NOBODY));
        assert!(!is_of(&SecretString::from("somebody"), &NOBODY));
        assert!(!is_of(&secret, "not a hash"));
    }

    #[tokio::test]
    async fn a_new_hash_says_what_it_cost() {
        let cost = PasswordCost { memory: 16, time: 1, parallelism: 2 };
        let hash = Hashing::new(cost).hash("Correct-Horse-1".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=16,t=1,p=2$"), "{hash}");
        assert!(is_of(&"Correct-Horse-1".into(), &hash));
        assert!(Hashing::new(cost).is_current(&hash));
        let dearer = PasswordCost { time: 2, ..cost };
        assert!(!Hashing::new(dearer).is_current(&hash));
        assert!(!Hashing::new(cost).is_current("not a hash"));
    }
}
