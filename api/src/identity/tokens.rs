//! Access tokens: signed claims that say which session a request belongs to.
//!
//! A token only names a session; whether that still stands is looked up with every request.

use chrono::{DateTime, TimeDelta, Utc};
use domain::id::{OrgId, SessionId, UserId};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Clocks of two machines may differ by this much.
const LEEWAY: TimeDelta = TimeDelta::seconds(30);

const ISSUER: &str = "cleaning";

/// Shorter keys are guessed.
const SHORTEST_KEY: usize = 32;

/// What signs access tokens.
#[derive(Clone)]
pub struct Tokens {
    sign: EncodingKey,
    /// The current key, and the one before it while tokens signed by that are still out.
    verify: Vec<DecodingKey>,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tokens({} keys)", self.verify.len())
    }
}

/// Why a key cannot sign tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key that signs tokens has at least {SHORTEST_KEY} characters")]
pub struct TokenKeyError;

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Claims {
    iss: String,
    aud: String,
    /// The user.
    pub(super) sub: UserId,
    pub(super) org_id: OrgId,
    /// As it was then; what counts is looked up.
    pub(super) role: String,
    /// The session.
    pub(super) sid: SessionId,
    jti: Uuid,
    iat: i64,
    exp: i64,
    /// There, and true, if a second factor was shown.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) mfa: bool,
}

impl Claims {
    /// When the token is refused whatever else is true.
    pub(super) fn over(&self) -> Option<DateTime<Utc>> {
        Some(DateTime::from_timestamp(self.exp, 0)? + LEEWAY)
    }
}

impl Tokens {
    /// Signs with `key`; accepts what `previous` signed, too.
    pub fn new(key: &SecretString, previous: Option<&SecretString>) -> Result<Self, TokenKeyError> {
        let bytes = |key: &SecretString| {
            let text = key.expose_secret().trim().to_owned();
            if text.len() < SHORTEST_KEY { Err(TokenKeyError) } else { Ok(text.into_bytes()) }
        };
        let current = bytes(key)?;
        let mut verify = vec![DecodingKey::from_secret(&current)];
        if let Some(previous) = previous {
            verify.push(DecodingKey::from_secret(&bytes(previous)?));
        }
        Ok(Self { sign: EncodingKey::from_secret(&current), verify })
    }

    /// A token for a session, good for `life`.
    pub(super) fn issue(
        &self,
        (org_id, sub, sid): (OrgId, UserId, SessionId),
        role: &str,
        mfa: bool,
        (now, life): (DateTime<Utc>, TimeDelta),
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: ISSUER.to_owned(),
            sub,
            org_id,
            role: role.to_owned(),
            sid,
            jti: Uuid::new_v4(),
            iat: now.timestamp(),
            exp: (now + life).timestamp(),
            mfa,
        };
        encode(&Header::new(Algorithm::HS256), &claims, &self.sign)
    }

    /// What a token says, if it is ours and not over; `Err(true)` if it is ours and over.
    pub(super) fn read(&self, token: &str, now: DateTime<Utc>) -> Result<Claims, bool> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[ISSUER]);
        // Time is told by our clock, below.
        validation.validate_exp = false;
        let read = |key| decode::<Claims>(token, key, &validation).ok();
        let claims = self.verify.iter().find_map(read).ok_or(false)?.claims;
        if now.timestamp() >= claims.exp + LEEWAY.num_seconds() { Err(true) } else { Ok(claims) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(key: &str, previous: Option<&str>) -> Tokens {
        let previous = previous.map(SecretString::from);
        Tokens::new(&key.into(), previous.as_ref()).unwrap()
    }

    const ONE: &str = "a key of more than thirty-two characters";
    const TWO: &str = "another key of more than thirty-two characters";

    fn token(tokens: &Tokens) -> String {
        let ids = (Uuid::nil().into(), Uuid::nil().into(), Uuid::nil().into());
        let time = (DateTime::UNIX_EPOCH, TimeDelta::minutes(15));
        tokens.issue(ids, "owner", false, time).unwrap()
    }

    #[test]
    fn a_token_is_good_for_its_time_and_a_little_longer() {
        let tokens = keys(ONE, None);
        let token = token(&tokens);
        let at = |seconds| DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
        assert_eq!(tokens.read(&token, at(0)).unwrap().role, "owner");
        assert!(tokens.read(&token, at(900 + 29)).is_ok());
        assert_eq!(tokens.read(&token, at(900 + 30)), Err(true));
    }

    #[test]
    fn what_another_key_signed_is_refused_unless_it_was_ours_before() {
        let token = token(&keys(ONE, None));
        assert_eq!(keys(TWO, None).read(&token, DateTime::UNIX_EPOCH), Err(false));
        assert!(keys(TWO, Some(ONE)).read(&token, DateTime::UNIX_EPOCH).is_ok());
    }

    #[test]
    fn a_token_without_a_signature_or_with_another_algorithm_is_refused() {
        use base64::Engine;
        use base64::engine::general_purpose::URL_SAFE_NO_PAD;
        let tokens = keys(ONE, None);
        let token = token(&tokens);
        let claims = token.split('.').nth(1).unwrap();
        let none = URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"none"}"#);
        for forged in [format!("{none}.{claims}."), format!("{none}.{claims}"), String::new()] {
            assert_eq!(tokens.read(&forged, DateTime::UNIX_EPOCH), Err(false));
        }
        let other = encode(
            &Header::new(Algorithm::HS384),
            &tokens.read(&token, DateTime::UNIX_EPOCH).unwrap(),
            &EncodingKey::from_secret(ONE.as_bytes()),
        );
        assert_eq!(tokens.read(&other.unwrap(), DateTime::UNIX_EPOCH), Err(false));
    }

    #[test]
    fn a_short_key_signs_nothing() {
        assert!(Tokens::new(&"short".into(), None).is_err());
    }
}
