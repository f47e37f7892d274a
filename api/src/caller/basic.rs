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

/// Why a header cannot belong to a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// It is not `Basic` and base64 of a name and a password.
    Malformed,
    /// There is no name before the colon.
    NoName,
}

impl Credentials {
    /// What the header says.
    pub(crate) fn parse(header: &[u8]) -> Result<Self, Unreadable> {
        let text = text(header).ok_or(Unreadable::Malformed)?;
        let (username, password) = text.split_once(':').ok_or(Unreadable::Malformed)?;
        if username.is_empty() {
            return Err(Unreadable::NoName);
        }
        Ok(Self { username: username.to_owned(), password: password.into() })
    }
}

fn text(header: &[u8]) -> Option<String> {
    let header = std::str::from_utf8(header).ok().filter(|text| text.len() <= LONGEST)?;
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let encoded = encoded.trim();
    let decoded = STANDARD.decode(encoded).or_else(|_| STANDARD_NO_PAD.decode(encoded)).ok()?;
    // PostgreSQL has no text with NUL in it.
    String::from_utf8(decoded).ok().filter(|text| !text.contains('\0'))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn basic(text: &[u8]) -> Option<(String, String)> {
        let header = format!("Basic {}", STANDARD.encode(text));
        let read = Credentials::parse(header.as_bytes()).ok()?;
        Some((read.username, read.password.expose_secret().to_owned()))
    }

    #[test]
    fn a_password_may_contain_a_colon() {
        assert_eq!(basic(b"owner:a:b"), Some(("owner".to_owned(), "a:b".to_owned())));
        assert!(Credentials::parse(b"bAsIc b3duZXI6eA").is_ok());
    }

    #[test]
    fn anything_else_belongs_to_nobody() {
        for bad in [&b"owner"[..], b":x", b"own\0er:x", b"\xff\xfe:x"] {
            assert!(basic(bad).is_none());
        }
        for bad in [&b""[..], b"Basic", b"Basic ***", b"Bearer b3duZXI6eA==", b"Basic \xff"] {
            assert_eq!(Credentials::parse(bad).err(), Some(Unreadable::Malformed));
        }
        assert!(basic(&[b'x'; 2000]).is_none());
        let nameless = format!("Basic {}", STANDARD.encode(":x"));
        assert_eq!(Credentials::parse(nameless.as_bytes()).err(), Some(Unreadable::NoName));
    }
}
