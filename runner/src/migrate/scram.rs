//! What a server stores of a password (RFC 5803), computed here so that the password itself never travels.

use std::num::NonZeroU32;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use ring::{hmac, pbkdf2};

/// What PostgreSQL itself uses.
const ITERATIONS: NonZeroU32 = NonZeroU32::new(4096).unwrap();

/// For `alter role … password '…'`; holds no quote. Passwords are ASCII, which needs no normalisation.
pub(super) fn verifier(password: &str, salt: [u8; 16]) -> String {
    let mut salted = [0; SHA256_OUTPUT_LEN];
    let algorithm = pbkdf2::PBKDF2_HMAC_SHA256;
    pbkdf2::derive(algorithm, ITERATIONS, &salt, password.as_bytes(), &mut salted);
    let salted = hmac::Key::new(hmac::HMAC_SHA256, &salted);
    let client = hmac::sign(&salted, b"Client Key");
    let stored = digest(&SHA256, client.as_ref());
    let server = hmac::sign(&salted, b"Server Key");
    let (salt, stored) = (BASE64.encode(salt), BASE64.encode(stored));
    format!("SCRAM-SHA-256${ITERATIONS}:{salt}${stored}:{}", BASE64.encode(server))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_the_server_computes_from_the_same_password_and_salt() {
        // RFC 7677, section 3: salt `W22ZaJ0SNY7soEsUEjb6gQ==`, password `pencil`, 4096 iterations.
        let salt = BASE64.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap().try_into().unwrap();
        assert_eq!(
            verifier("pencil", salt),
            "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==\
             $WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
        );
    }
}
