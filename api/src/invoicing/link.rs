//! Addresses under which customers see an invoice without a login.
//!
//! What stands in one names the invoice and proves that it was made here. Of it only a digest under another key is kept: it
//! recognises the address and opens nothing.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::id::{InvoiceId, OrgId};
use ring::hmac;
use uuid::Uuid;

/// Organisation, invoice, and which of its addresses.
const NAMED: usize = 16 + 16 + 2;

/// With the proof.
const LENGTH: usize = NAMED + 32;

/// Makes and recognises them.
#[derive(Clone)]
pub struct InvoiceLinks {
    proof: hmac::Key,
    kept: hmac::Key,
}

impl std::fmt::Debug for InvoiceLinks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("InvoiceLinks")
    }
}

impl InvoiceLinks {
    /// Another secret voids every address.
    pub fn new(secret: &[u8]) -> Self {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let key = |purpose: &[u8]| {
            hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&secret, purpose).as_ref())
        };
        Self { proof: key(b"invoice link proof"), kept: key(b"invoice link kept") }
    }

    /// What stands in the address; the same each time.
    pub fn token(&self, org: OrgId, invoice: InvoiceId, link: u16) -> String {
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.extend(org.as_uuid().as_bytes());
        bytes.extend(invoice.as_uuid().as_bytes());
        bytes.extend(link.to_be_bytes());
        let proof = hmac::sign(&self.proof, &bytes);
        bytes.extend(proof.as_ref());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What is kept of it.
    pub fn hash(&self, token: &str) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.kept, token.as_bytes()))
    }

    /// What it names, if it was made here.
    pub fn read(&self, token: &str) -> Option<(OrgId, InvoiceId)> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok().filter(|bytes| bytes.len() == LENGTH)?;
        let (named, proof) = bytes.split_at(NAMED);
        hmac::verify(&self.proof, named, proof).ok()?;
        let id = |from: usize| Uuid::from_slice(named.get(from..from + 16)?).ok();
        Some((id(0)?.into(), id(16)?.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_recognised_and_what_is_kept_of_it_is_none() {
        let links = InvoiceLinks::new(b"secret");
        let (org, invoice) = (Uuid::from_u128(1).into(), Uuid::from_u128(2).into());
        let token = links.token(org, invoice, 1);
        assert_eq!(token, links.token(org, invoice, 1));
        assert_ne!(token, links.token(org, invoice, 2));
        assert_eq!(links.read(&token), Some((org, invoice)));
        let hash = links.hash(&token);
        assert_eq!(links.read(&hash), None);
        assert_eq!(InvoiceLinks::new(b"other").read(&token), None);
        let mut forged = token.clone().into_bytes();
        forged[30] = if forged[30] == b'A' { b'B' } else { b'A' };
        assert_eq!(links.read(std::str::from_utf8(&forged).unwrap()), None);
        assert_eq!(links.read(&token[..token.len() - 1]), None);
    }
}
