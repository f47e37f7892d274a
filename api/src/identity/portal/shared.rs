//! The one login that the environment gives a whole team, for the time before its workers have passwords of their own.
//!
//! Whoever has it is of that team and nobody in particular. It is good in the default organisation only. Nothing of it is
//! stored: a session begun by it is found by a digest of its token *and* of the login, so that another password, name or team
//! ends every session of before at once.

use domain::id::OrgId;
use domain::people::worker::TeamNumber;
use ring::hmac::{HMAC_SHA256, Key, sign, verify};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::super::sessions::hash;

/// A name and a password that a team shares.
#[derive(Clone, Debug)]
pub struct SharedLogin {
    /// Sent in place of a phone.
    pub username: String,
    /// For all of them.
    pub password: SecretString,
    /// Whose.
    pub team: TeamNumber,
}

impl SharedLogin {
    /// Whether these are its two halves; compared without saying how much of a guess was right.
    pub(super) fn is_of(&self, username: &str, password: &SecretString) -> bool {
        let key = Key::new(HMAC_SHA256, &rand::random::<[u8; 32]>());
        let own = together(&self.username, &self.password);
        verify(&key, &together(username, password), sign(&key, &own).as_ref()).is_ok()
    }

    /// Under which a session with this token is kept.
    pub(super) fn digest(&self, token: &str) -> Vec<u8> {
        let own = hex::encode(together(&self.username, &self.password));
        hash(&format!("{token} {} {own}", self.team.get()))
    }

    /// What logs and limits call whoever has it.
    pub(super) fn holder(&self, org: OrgId) -> Uuid {
        Uuid::new_v5(&org.as_uuid(), format!("worker:{}", self.username).as_bytes())
    }
}

fn together(username: &str, password: &SecretString) -> Vec<u8> {
    let mut both = (username.len() as u64).to_be_bytes().to_vec();
    both.extend(username.as_bytes());
    both.extend(password.expose_secret().as_bytes());
    both
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(username: &str, password: &str, team: i32) -> SharedLogin {
        let team = TeamNumber::parse(team).unwrap();
        SharedLogin { username: username.to_owned(), password: password.into(), team }
    }

    #[test]
    fn both_halves_are_needed_and_belong_together() {
        let team = login("crew", "mop-and-pail", 1);
        assert!(team.is_of("crew", &"mop-and-pail".into()));
        for (username, password) in
            [("crew", "mop"), ("crewmop", "-and-pail"), ("", ""), ("Crew", "mop-and-pail")]
        {
            assert!(!team.is_of(username, &password.into()), "{username}");
        }
    }

    #[test]
    fn a_session_ends_with_any_part_of_the_login() {
        let digest = login("crew", "mop-and-pail", 1).digest("token");
        assert_eq!(digest, login("crew", "mop-and-pail", 1).digest("token"));
        for other in [
            login("crew", "mop-and-pail", 2),
            login("crew", "mop", 1),
            login("team", "mop-and-pail", 1),
        ] {
            assert_ne!(digest, other.digest("token"));
        }
        assert_ne!(digest, hash("token"));
    }
}
