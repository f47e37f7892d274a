//! Names and passwords of the environment, one pair per role, for the default organisation.

use domain::id::OrgId;
use ring::hmac::{HMAC_SHA256, Key, Tag, sign, verify};
use secrecy::ExposeSecret;
use uuid::Uuid;

use super::basic::Credentials;
use super::logins::Login;
use crate::identity::BasicPair;

/// Compared without saying how much of a guess was right.
pub(crate) struct Pairs {
    org: OrgId,
    /// Of this process only: what is kept is of no use elsewhere.
    key: Key,
    all: Vec<(Tag, BasicPair)>,
}

impl Pairs {
    /// Logins of `org`.
    pub(crate) fn new(org: OrgId, pairs: &[BasicPair]) -> Self {
        let key = Key::new(HMAC_SHA256, &rand::random::<[u8; 32]>());
        let tagged = |pair: &BasicPair| {
            (sign(&key, &together(&pair.username, pair.password.expose_secret())), pair.clone())
        };
        let all = pairs.iter().map(tagged).collect();
        Self { org, key, all }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The login these belong to. Every pair is looked at, whichever fits.
    pub(super) fn find(&self, given: &Credentials) -> Option<Login> {
        let given = together(&given.username, given.password.expose_secret());
        let mut found = None;
        for (tag, pair) in &self.all {
            let fits = verify(&self.key, &given, tag.as_ref()).is_ok();
            if fits && found.is_none() {
                found = Some(pair);
            }
        }
        found.map(|pair| {
            let name = format!("{}:{}", pair.role.key(), pair.username);
            let id = Uuid::new_v5(&self.org.as_uuid(), name.as_bytes());
            Login { org: self.org, id, username: pair.username.clone(), role: pair.role }
        })
    }
}

fn together(username: &str, password: &str) -> Vec<u8> {
    let mut both = (username.len() as u64).to_be_bytes().to_vec();
    both.extend(username.as_bytes());
    both.extend(password.as_bytes());
    both
}

#[cfg(test)]
mod tests {
    use domain::access::Role;

    use super::*;

    fn pair(role: Role, username: &str, password: &str) -> BasicPair {
        BasicPair { role, username: username.to_owned(), password: password.into() }
    }

    #[test]
    fn a_pair_is_found_by_both_halves_and_its_role_does_not_depend_on_its_name() {
        let org = OrgId::from(Uuid::from_u128(1));
        let all = [pair(Role::Owner, "root", "one"), pair(Role::Admin, "viewer", "two")];
        let pairs = Pairs::new(org, &all);
        let find = |username: &str, password: &str| {
            let username = username.to_owned();
            pairs.find(&Credentials { username, password: password.into() })
        };
        assert_eq!(find("viewer", "two").map(|login| login.role), Some(Role::Admin));
        assert_eq!(find("root", "one").map(|login| login.org), Some(org));
        for (username, password) in [("root", "two"), ("roo", "tone"), ("", ""), ("root", "")] {
            assert!(find(username, password).is_none(), "{username}");
        }
        let again = Pairs::new(org, &all);
        let given = Credentials { username: "root".to_owned(), password: "one".into() };
        assert_eq!(again.find(&given).unwrap().id, find("root", "one").unwrap().id);
    }
}
