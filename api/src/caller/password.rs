//! Checks passwords off the threads that serve requests, a few at a time.

use std::sync::{Arc, LazyLock};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::problem::{Code, Problem};

/// Each check fills 19 MiB and one core: more at once would only slow each other down.
const AT_ONCE: usize = 2;

/// Checked when nobody has the name, so that answering takes as long as for somebody.
static NOBODY: LazyLock<String> = LazyLock::new(|| {
    Argon2::default().hash_password(b"nobody").map(|hash| hash.to_string()).unwrap_or_default()
});

/// The queue in front of the checks.
pub(crate) struct Hashing(Arc<Semaphore>);

impl Default for Hashing {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Hashing {
    pub(crate) async fn turn(&self) -> Turn {
        Turn(Arc::clone(&self.0).acquire_owned().await.ok())
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
    let Ok(hash) = PasswordHash::new(hash) else { return false };
    Argon2::default().verify_password(password.expose_secret().as_bytes(), &hash).is_ok()
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
}
