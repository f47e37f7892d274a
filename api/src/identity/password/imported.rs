//! Password hashes that people were imported with. They are understood at a login, which replaces them.
//!
//! * bcrypt, as `$2b$12$…` or `bcrypt$$2b$12$…`
//! * SHA-256 of salt and password, as `sha256$SALT$HEX` or `SALT$HEX`
//! * Argon2id with its name before it, as `argon2id$$argon2id$v=19$…` or `argon2id$v=19$…`

use std::borrow::Cow;

use ring::digest::{Context, SHA256};
use ring::hmac::{HMAC_SHA256, Key, sign, verify};

/// Checking a hash takes twice as long with every step, a second with this one.
const DEAREST: u32 = 14;

/// The hash of a password, as another program made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Imported<'a> {
    /// All of it.
    Bcrypt(&'a str),
    /// Salt and digest.
    Sha256(&'a str, [u8; 32]),
}

impl<'a> Imported<'a> {
    /// `None` if it is none of these.
    pub(super) fn read(hash: &'a str) -> Option<Self> {
        let bcrypt = hash.strip_prefix("bcrypt$").unwrap_or(hash);
        if let Some(rest) = bcrypt.strip_prefix("$2") {
            let cost = rest.get(2..4)?.parse::<u32>().ok()?;
            return (cost <= DEAREST).then_some(Self::Bcrypt(bcrypt));
        }
        let (salt, digits) = hash.strip_prefix("sha256$").unwrap_or(hash).split_once('$')?;
        let mut digest = [0; 32];
        hex::decode_to_slice(digits, &mut digest).ok()?;
        (!salt.is_empty()).then_some(Self::Sha256(salt, digest))
    }

    /// Whether it is that of `password`; takes as long either way.
    pub(super) fn is_of(self, password: &[u8]) -> bool {
        match self {
            // What bcrypt does not look at, behind the 72nd byte, was not looked at when it was made.
            Self::Bcrypt(hash) => bcrypt::verify(password, hash).unwrap_or(false),
            Self::Sha256(salt, digest) => {
                let mut sha = Context::new(&SHA256);
                sha.update(salt.as_bytes());
                sha.update(password);
                let key = Key::new(HMAC_SHA256, salt.as_bytes());
                verify(&key, sha.finish().as_ref(), sign(&key, &digest).as_ref()).is_ok()
            }
        }
    }
}

/// An Argon2 hash as the algorithm itself writes it.
pub(super) fn argon(hash: &str) -> Cow<'_, str> {
    match hash.strip_prefix("argon2id$") {
        Some(rest) if rest.starts_with('$') => Cow::Borrowed(rest),
        Some(_) => Cow::Owned(format!("${hash}")),
        None => Cow::Borrowed(hash),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_of(password: &str, hash: &str) -> bool {
        Imported::read(hash).is_some_and(|hash| hash.is_of(password.as_bytes()))
    }

    #[test]
    fn hashes_of_bcrypt_are_understood() {
        // From the test vectors of OpenBSD.
        let hash = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
        assert!(is_of("U*U", hash) && is_of("U*U", &format!("bcrypt${hash}")));
        assert!(!is_of("U*V", hash) && !is_of("", hash));
        // Whoever can write a hash must not be able to stop the process with it.
        assert_eq!(Imported::read(&hash.replace("$05$", "$31$")), None);
    }

    #[test]
    fn salted_digests_are_understood() {
        assert!(is_of("Correct-Horse-1", &format!("sha256${}", digest("5a17", "Correct-Horse-1"))));
        assert!(is_of("Correct-Horse-1", &digest("5a17", "Correct-Horse-1")));
        assert!(!is_of("Correct-Horse-2", &digest("5a17", "Correct-Horse-1")));
        assert!(!is_of("Correct-Horse-1", &digest("5a18", "Correct-Horse-2")));
    }

    fn digest(salt: &str, password: &str) -> String {
        let both = format!("{salt}{password}");
        let digest = ring::digest::digest(&SHA256, both.as_bytes());
        format!("{salt}${}", hex::encode(digest))
    }

    #[test]
    fn anything_else_is_none_of_them() {
        for hash in
            ["", "$", "x", "$2", "$2b$", "$2b$xx$", "sha256$a$zz", "a$00", "$argon2id$v=19$"]
        {
            assert_eq!(Imported::read(hash), None, "{hash}");
        }
        let unsalted = format!("${}", "0".repeat(64));
        assert_eq!(Imported::read(&unsalted), None);
    }

    #[test]
    fn a_hash_with_the_name_of_its_algorithm_before_it_is_that_hash() {
        for hash in ["$argon2id$v=19$m=8", "argon2id$$argon2id$v=19$m=8", "argon2id$v=19$m=8"] {
            assert_eq!(argon(hash), "$argon2id$v=19$m=8");
        }
    }
}
