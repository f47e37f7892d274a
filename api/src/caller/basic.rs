//! `Authorization: Basic`, as lenient as RFC 7617 and not more.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use secrecy::SecretString;

/// Longer headers carry no password that anybody has.
const LONGEST: usize = 1024;

/// A name and a password, not checked yet.
pub(crate) struct Credentials {
    pub(crate) username: String,
    pub(crate) password: SecretString,
}

impl Credentials {
    /// `None` for whatever cannot belong to a login.
    pub(crate) fn parse(header: &[u8]) -> Option<Self> {
        let header = std::str::from_utf8(header).ok().filter(|text| text.len() <= LONGEST)?;
        let (scheme, encoded) = header.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let encoded = encoded.trim();
        let decoded = STANDARD.decode(encoded).or_else(|_| STANDARD_NO_PAD.decode(encoded)).ok()?;
        let text = String::from_utf8(decoded).ok()?;
        let (username, password) = text.split_once(':')?;
        // PostgreSQL has no text with NUL in it.
        if username.is_empty() || text.contains('\0') {
            return None;
        }
        Some(Self { username: username.to_owned(), password: password.into() })
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn basic(text: &[u8]) -> Option<(String, String)> {
        let header = format!("Basic {}", STANDARD.encode(text));
        let read = Credentials::parse(header.as_bytes())?;
        Some((read.username, read.password.expose_secret().to_owned()))
    }

    #[test]
    fn a_password_may_contain_a_colon() {
        assert_eq!(basic(b"owner:a:b"), Some(("owner".to_owned(), "a:b".to_owned())));
        assert!(Credentials::parse(b"bAsIc b3duZXI6eA").is_some());
    }

    #[test]
    fn anything_else_belongs_to_nobody() {
        for bad in [&b"owner"[..], b":x", b"own\0er:x", b"\xff\xfe:x"] {
            assert!(basic(bad).is_none());
        }
        for bad in [&b""[..], b"Basic", b"Basic ***", b"Bearer b3duZXI6eA==", b"Basic \xff"] {
            assert!(Credentials::parse(bad).is_none());
        }
        assert!(basic(&[b'x'; 2000]).is_none());
    }
}
