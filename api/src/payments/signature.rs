//! Whether a message is from Stripe: the scheme `v1` that it documents, an HMAC over the time and the body.

use chrono::{DateTime, Utc};
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};

/// Promised by the provider's own libraries: older messages are not taken for new.
const TOLERANCE: i64 = 300;

/// No message has more signatures than secrets are being replaced.
const MOST: usize = 16;

/// The secrets that messages may be signed with.
#[derive(Clone)]
pub(crate) struct Secrets(Vec<hmac::Key>);

impl Secrets {
    /// Several, with commas between them.
    pub(crate) fn parse(text: &SecretString) -> Option<Self> {
        let each = text.expose_secret().split(',').map(str::trim).filter(|one| !one.is_empty());
        let keys: Vec<_> =
            each.map(|one| hmac::Key::new(hmac::HMAC_SHA256, one.as_bytes())).collect();
        (!keys.is_empty()).then_some(Self(keys))
    }

    /// Whether `header` signs `body` with one of them, around `now`.
    pub(super) fn recognise(&self, header: &str, body: &[u8], now: DateTime<Utc>) -> bool {
        let parts = header.split(',').filter_map(|part| part.trim().split_once('='));
        let (mut at, mut signatures) = (None, Vec::new());
        for (name, value) in parts.take(MOST * 2) {
            match name {
                "t" => at = Some(value),
                "v1" => signatures.extend(hex::decode(value).ok()),
                _ => {}
            }
        }
        let Some(at) = at else { return false };
        let Ok(seconds) = at.parse::<i64>() else { return false };
        if (now.timestamp() - seconds).abs() > TOLERANCE {
            return false;
        }
        let signed = [at.as_bytes(), b".", body].concat();
        signatures
            .iter()
            .take(MOST)
            .any(|signature| self.0.iter().any(|key| hmac::verify(key, &signed, signature).is_ok()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(secret: &str, at: i64, body: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let mac = hmac::sign(&key, format!("{at}.{body}").as_bytes());
        format!("t={at},v1={}", hex::encode(mac))
    }

    #[test]
    fn any_secret_that_is_being_replaced_signs_for_five_minutes() {
        let secrets = Secrets::parse(&"whsec_new, whsec_old".into()).unwrap();
        let at = |seconds: i64| DateTime::from_timestamp(1_000_000 + seconds, 0).unwrap();
        for secret in ["whsec_new", "whsec_old"] {
            let header = signed(secret, 1_000_000, "{}");
            for (seconds, good) in
                [(0, true), (300, true), (-300, true), (301, false), (-301, false)]
            {
                assert_eq!(secrets.recognise(&header, b"{}", at(seconds)), good, "{seconds}");
            }
            assert!(!secrets.recognise(&header, b"{ }", at(0)));
        }
        let two = format!(
            "{},v1={}",
            signed("other", 1_000_000, "{}"),
            signed("whsec_old", 1_000_000, "{}").split_once("v1=").unwrap().1
        );
        assert!(secrets.recognise(&two, b"{}", at(0)));
        for bad in ["", "t=1000000", "v1=00", "t=x,v1=00", &signed("other", 1_000_000, "{}")] {
            assert!(!secrets.recognise(bad, b"{}", at(0)), "{bad}");
        }
        assert!(Secrets::parse(&" , ".into()).is_none());
    }
}
