//! Codes of a second factor: checked once each, however many ask at once.

use domain::id::{OrgId, UserId};
use domain::identity::totp_binding;
use secrecy::{ExposeSecret, SecretString};
use totp_rs::{Algorithm, Builder, Secret, Totp};

use crate::identity::attempts::Attempt;
use crate::identity::sessions::hash;
use crate::problem::Problem;
use crate::state::App;

/// Seconds in which a code is the same.
const STEP: u64 = 30;

/// Steps before and after by which a phone may be wrong.
const WINDOW: u16 = 1;

/// Bytes of a secret.
const SECRET: usize = 20;

/// Recovery codes that somebody is given.
pub(super) const RECOVERY: usize = 10;

/// Letters and digits that are not mistaken for each other; 32, so that each is five bits.
const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// As apps show it.
const ISSUER: &str = "Cleaning";

/// A new secret.
pub(super) fn new_secret() -> [u8; SECRET] {
    rand::random()
}

/// Codes that replace a lost phone, each for one use: 50 bits of chance.
pub(super) fn recovery_codes() -> Vec<String> {
    let one = || {
        let bytes: [u8; 10] = rand::random();
        let letter = |byte: &u8| char::from(LETTERS[usize::from(byte % 32)]);
        let (left, right) = bytes.split_at(5);
        let word = |part: &[u8]| part.iter().map(letter).collect::<String>();
        format!("{}-{}", word(left), word(right))
    };
    (0..RECOVERY).map(|_| one()).collect()
}

/// What is stored of a recovery code, however it was typed.
pub(super) fn recovery_hash(code: &str) -> Vec<u8> {
    let typed = code.chars().filter(char::is_ascii_alphanumeric);
    hash(&typed.map(|letter| letter.to_ascii_uppercase()).collect::<String>())
}

/// What a secret looks like to an app.
pub(super) struct Enrolment {
    /// Base32, to be typed.
    pub(super) secret: String,
    /// To be scanned.
    pub(super) uri: String,
}

pub(super) fn enrolment(secret: &[u8], email: &str) -> Option<Enrolment> {
    // A colon would end the issuer.
    let account = email.replace(':', "");
    let totp = totp(secret, &account)?;
    Some(Enrolment { secret: totp.secret().to_base32(), uri: totp.to_url().ok()? })
}

fn totp(secret: &[u8], account: &str) -> Option<Totp> {
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(WINDOW)
        .with_step_duration(STEP)
        .with_secret(Secret::from(secret))
        .with_account_name(account)
        .with_issuer(Some(ISSUER))
        .build()
        .ok()
}

/// The time step that a code belongs to, if it is one of now.
fn step(secret: &[u8], code: &str, now: i64) -> Option<i64> {
    let now = u64::try_from(now).ok()?;
    i64::try_from(totp(secret, "somebody")?.check(code, now)?).ok()
}

pub(super) fn seal(app: &App, user: UserId, secret: &[u8]) -> Result<Vec<u8>, Problem> {
    app.keys
        .seal_secret(&totp_binding(user), secret, rand::random())
        .map_err(|error| Problem::internal(&error))
}

/// Whether a code is right and was not used before. A used step stays used, for every process.
pub(super) async fn use_code(
    app: &App,
    user: UserId,
    sealed: &[u8],
    code: &str,
) -> Result<bool, Problem> {
    let secret = app.keys.open_secret(&totp_binding(user), sealed);
    let secret = secret.map_err(|error| Problem::internal(&error))?;
    let Some(step) = step(&secret, code, app.now().timestamp()) else { return Ok(false) };
    let is_used =
        sqlx::query_scalar!(r#"select identity.use_step($1, $2) as "used!""#, user.as_uuid(), step);
    Ok(is_used.fetch_one(&app.reads).await?)
}

async fn use_recovery(app: &App, user: UserId, code: &str) -> Result<bool, Problem> {
    let is_used = sqlx::query_scalar!(
        r#"select identity.use_recovery($1, $2) as "used!""#,
        user.as_uuid(),
        recovery_hash(code)
    );
    Ok(is_used.fetch_one(&app.reads).await?)
}

/// What is stored of a member's second factor.
pub(super) struct Stored {
    pub(super) sealed: Option<Vec<u8>>,
    pub(super) is_enabled: bool,
}

pub(super) async fn stored(app: &App, org: OrgId, user: UserId) -> Result<Stored, Problem> {
    let row = sqlx::query!(
        r#"select totp_secret, totp_enabled as "is_enabled!" from identity.secrets($1, $2)"#,
        org.as_uuid(),
        user.as_uuid()
    )
    .fetch_one(&app.reads)
    .await?;
    Ok(Stored { sealed: row.totp_secret, is_enabled: row.is_enabled })
}

/// Shows a code, or a recovery code in its place; refused if it is wrong, used up, or one too many.
pub(crate) async fn show(
    app: &App,
    org: OrgId,
    user: UserId,
    code: &SecretString,
) -> Result<(), Problem> {
    let attempt = Attempt::at_code(app, user).await?;
    let stored = stored(app, org, user).await?;
    let code = code.expose_secret().trim();
    let is_right = match stored.sealed.filter(|_| stored.is_enabled) {
        Some(sealed) if code.len() == 6 => use_code(app, user, &sealed, code).await?,
        Some(_) => use_recovery(app, user, code).await?,
        None => false,
    };
    if !is_right {
        attempt.was_wrong();
        return Err(wrong());
    }
    attempt.succeeded().await
}

pub(super) fn wrong() -> Problem {
    metrics::counter!("auth_failures_total", "scheme" => "mfa", "reason" => "invalid_code")
        .increment(1);
    Problem::mfa("Invalid MFA code")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test vector of RFC 6238: this secret, SHA-1, the last six of its eight digits.
    #[test]
    fn codes_are_those_of_the_standard_within_one_step() {
        let secret = b"12345678901234567890";
        assert_eq!(step(secret, "287082", 59), Some(1));
        assert_eq!(step(secret, "081804", 1_111_111_109), Some(37_037_036));
        for (seconds, step_then) in [(0, Some(1)), (89, Some(1)), (90, None)] {
            assert_eq!(step(secret, "287082", seconds), step_then, "{seconds}");
        }
        for bad in ["287083", "28708", "", "28708x", "2870822"] {
            assert_eq!(step(secret, bad, 59), None, "{bad}");
        }
    }

    #[test]
    fn an_app_is_told_whose_secret_it_is() {
        let told = enrolment(&[7; SECRET], "dana@example.org").unwrap();
        assert_eq!(told.secret.len(), 32);
        assert!(
            told.uri.starts_with("otpauth://totp/Cleaning:dana%40example.org?"),
            "{}",
            told.uri
        );
        assert!(told.uri.contains(&format!("secret={}", told.secret)));
        assert!(told.uri.contains("issuer=Cleaning"));
    }

    #[test]
    fn a_recovery_code_is_known_however_it_is_typed() {
        let codes = recovery_codes();
        assert_eq!(codes.len(), RECOVERY);
        let one = &codes[0];
        assert_eq!(one.len(), 11);
        assert_eq!(recovery_hash(one), recovery_hash(&one.to_lowercase().replace('-', " ")));
        assert_ne!(recovery_hash(one), recovery_hash(&codes[1]));
    }
}
