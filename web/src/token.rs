//! Secrets that travel through the browser: session ids, tokens in forms, keys of submissions.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::hmac;
use uuid::Uuid;

/// Derives and checks tokens.
pub(crate) struct Tokens(hmac::Key);

impl Tokens {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// Under which a session is kept: looking up a digest tells nobody how much of an id was right.
    pub(crate) fn place(&self, session_id: &str) -> [u8; 32] {
        let mut place = [0; 32];
        place.copy_from_slice(hmac::sign(&self.0, &purpose("session", session_id)).as_ref());
        place
    }

    /// What every form of a session carries.
    pub(crate) fn csrf(&self, session_id: &str) -> String {
        BASE64.encode(hmac::sign(&self.0, &purpose("csrf", session_id)))
    }

    /// Whether a form came from a page of that session.
    pub(crate) fn is_csrf(&self, session_id: &str, token: &str) -> bool {
        let Ok(tag) = BASE64.decode(token) else { return false };
        hmac::verify(&self.0, &purpose("csrf", session_id), &tag).is_ok()
    }
}

fn purpose(name: &str, session_id: &str) -> Vec<u8> {
    format!("{name}\0{session_id}").into_bytes()
}

/// A session id that nobody guesses.
pub(crate) fn session_id() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

/// Names one rendering of a form: sent twice, it is carried out once.
pub(crate) fn submission_key() -> String {
    Uuid::new_v4().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_fits_its_own_session_and_no_other() {
        let tokens = Tokens::new(&[7; 32]);
        let (mine, yours) = (session_id(), session_id());
        assert!(tokens.is_csrf(&mine, &tokens.csrf(&mine)));
        assert!(!tokens.is_csrf(&yours, &tokens.csrf(&mine)));
        assert!(!tokens.is_csrf(&mine, &BASE64.encode(tokens.place(&mine))));
        assert!(!tokens.is_csrf(&mine, ""));
        assert!(!Tokens::new(&[8; 32]).is_csrf(&mine, &tokens.csrf(&mine)));
    }
}
