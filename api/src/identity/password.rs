//! Checks and makes password hashes off the threads that serve requests, a few at a time.

mod imported;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use domain::identity::password::LONGEST;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use self::imported::Imported;
use crate::problem::{Code, Problem};

/// The dearest hash that is checked: a gibibyte, and ten passes over it.
const MOST_MEMORY: u32 = 1 << 20;
const MOST_PASSES: u32 = 10;

/// Each check fills up to 64 MiB and one core: more at once would only slow each other down.
const AT_ONCE: usize = 2;

/// How long somebody waits for a turn and for the database together. Whoever has a turn may be waiting for a database that is
/// away: nobody is kept for longer than by the database itself.
const PATIENCE: Duration = Duration::from_millis(2200);

/// The cost that imported hashes of bcrypt usually have.
const USUAL: u32 = 12;

/// Checked where a hash of bcrypt might have been.
static NOBODY_OF_BCRYPT: LazyLock<String> =
    LazyLock::new(|| bcrypt::hash("nobody", USUAL).unwrap_or_default());

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
    nobody: Arc<Nobody>,
}

impl Hashing {
    pub(crate) fn new(cost: PasswordCost) -> Self {
        let nobody =
            Nobody { cost, of_argon: OnceLock::new(), fears_bcrypt: AtomicBool::new(false) };
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)), cost, nobody: Arc::new(nobody) }
    }

    /// The right to check a password.
    pub(crate) async fn turn(&self) -> Result<Turn, Problem> {
        let until = Instant::now() + PATIENCE;
        let permit = timeout_at(until, Arc::clone(&self.turns).acquire_owned()).await;
        let permit = permit.map_err(|_| Problem::retry(Code::Overloaded, 1))?.ok();
        Ok(Turn { permit, until, nobody: Arc::clone(&self.nobody) })
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
        let (cost, Turn { permit, .. }) = (self.cost, self.turn().await?);
        let made = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            cost.hash(password.expose_secret().as_bytes())
        });
        made.await.ok().flatten().ok_or_else(|| Problem::new(Code::Internal))
    }
}

impl PasswordCost {
    fn hash(self, password: &[u8]) -> Option<String> {
        let params = Params::new(self.memory, self.time, self.parallelism, None).ok()?;
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        Some(argon.hash_password(password).ok()?.to_string())
    }
}

/// Takes the time that checking somebody's hash would have taken, so that nobody learns from it who exists.
struct Nobody {
    cost: PasswordCost,
    of_argon: OnceLock<String>,
    /// Whether anybody was seen whose hash is of bcrypt: from then on everybody's check takes as long as theirs.
    fears_bcrypt: AtomicBool,
}

impl Nobody {
    /// Does what is still missing beside the checks of `hashes`.
    fn pretend(&self, password: &SecretString, hashes: &[String]) {
        let kinds = || hashes.iter().map(|hash| Imported::read(hash));
        if !kinds().any(|kind| kind.is_none()) {
            let hash = self.of_argon.get_or_init(|| self.cost.hash(b"nobody").unwrap_or_default());
            is_of(password, hash);
        }
        if kinds().any(|kind| matches!(kind, Some(Imported::Bcrypt(_)))) {
            self.fears_bcrypt.store(true, Ordering::Relaxed);
        } else if self.fears_bcrypt.load(Ordering::Relaxed) {
            is_of(password, &NOBODY_OF_BCRYPT);
        }
    }
}

/// The right to check one password, for a while.
pub(crate) struct Turn {
    permit: Option<OwnedSemaphorePermit>,
    until: Instant,
    nobody: Arc<Nobody>,
}

impl Turn {
    /// What is asked of the database for the check, if it answers while the turn lasts.
    pub(crate) async fn within<T>(
        &self,
        ask: impl Future<Output = Result<T, Problem>>,
    ) -> Result<T, Problem> {
        let away = |_| Err(Problem::retry(Code::DatabaseUnavailable, 1));
        timeout_at(self.until, ask).await.unwrap_or_else(away)
    }

    /// Which of `hashes` belong to `password`.
    pub(crate) async fn verify(
        self,
        password: SecretString,
        hashes: Vec<String>,
    ) -> Result<Vec<bool>, Problem> {
        let check = move || {
            // Held until the work is done, even if the client has gone.
            let _permit = self.permit;
            self.nobody.pretend(&password, &hashes);
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
    if let Some(imported) = Imported::read(hash) {
        return imported.is_of(password);
    }
    let hash = imported::argon(hash);
    let Ok(hash) = PasswordHash::new(&hash) else { return false };
    // What somebody wrote into the table may ask for more than the machine has.
    let is_payable =
        |params: Params| params.m_cost() <= MOST_MEMORY && params.t_cost() <= MOST_PASSES;
    if !Params::try_from(&hash).is_ok_and(is_payable) {
        return false;
    }
    Argon2::default().verify_password(password, &hash).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_that_nobody_could_pay_for_is_nobodys() {
        let dear =
            "$argon2id$v=19$m=4294967295,t=4294967295,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA";
        assert!(!is_of(&SecretString::from("x"), dear));
    }

    #[test]
    fn a_password_belongs_to_its_own_hash_only() {
        let secret = SecretString::from("nobody");
        let hash = PasswordCost { memory: 16, time: 1, parallelism: 1 }.hash(b"nobody").unwrap();
        assert!(is_of(&secret, &hash) && is_of(&secret, &format!("argon2id${hash}")));
        assert!(!is_of(&SecretString::from("somebody"), &hash));
        assert!(!is_of(&secret, "not a hash"));
        assert!(is_of(&secret, &NOBODY_OF_BCRYPT));
    }

    #[tokio::test]
    async fn a_turn_ends_although_the_database_does_not_answer() {
        let hashing = Hashing::new(PasswordCost::default());
        let mut turn = hashing.turn().await.unwrap();
        assert_eq!(turn.within(async { Ok(1) }).await.ok(), Some(1));
        turn.until = Instant::now();
        let problem = turn.within(std::future::pending::<Result<(), _>>()).await.unwrap_err();
        assert_eq!(problem.status(), axum::http::StatusCode::SERVICE_UNAVAILABLE);
    }

    #[tokio::test]
    async fn imported_hashes_are_not_what_new_ones_are() {
        let cost = PasswordCost { memory: 16, time: 1, parallelism: 1 };
        let hashing = Hashing::new(cost);
        for hash in [&*NOBODY_OF_BCRYPT, &format!("argon2id${}", cost.hash(b"x").unwrap())] {
            assert!(!hashing.is_current(hash));
        }
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
