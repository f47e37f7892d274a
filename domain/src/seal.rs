//! Keys per person: AES-256-GCM, wrapped by a master key from the environment.
//!
//! Sealed text is `base64(nonce ‖ ciphertext ‖ tag)`; organisation and person are authenticated with it, so a value
//! moved to another person does not open. Destroying the wrapped key is what erases a person.

use std::collections::{BTreeMap, HashMap};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde_json::{Value, json};

use crate::id::{OrgId, SubjectId};
use crate::personal::{Kind, personal_parts, subject_of};

/// Length of every key, in bytes.
pub const KEY_LEN: usize = 32;

/// Why sealing, opening or reading keys failed. Says nothing about the data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The configured master keys cannot be read.
    #[error(
        "PII_MASTER_KEY must be VERSION:BASE64[,VERSION:BASE64…], each of 32 bytes, versions above 0"
    )]
    MasterKey,
    /// A key was wrapped by a master key that is not configured.
    #[error("master key version {0} is not configured")]
    UnknownVersion(i32),
    /// The data was changed, or belongs to another person or organisation.
    #[error("sealed data does not open under its key")]
    Damaged,
    /// A value of this person was to be sealed but no key of theirs is at hand.
    #[error("no key for subject {0}")]
    NoKey(SubjectId),
}

/// The key of one person.
#[derive(Clone)]
pub struct SubjectKey {
    org: OrgId,
    subject: SubjectId,
    /// Only the bytes: a prepared cipher is seven times as large, kept with every aggregate in memory, and made in less
    /// time than it takes to seal one name.
    raw: [u8; KEY_LEN],
}

impl std::fmt::Debug for SubjectKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SubjectKey({})", self.subject)
    }
}

impl SubjectKey {
    /// A key made of `raw`, which must be random and used for no one else.
    pub const fn new(org: OrgId, subject: SubjectId, raw: [u8; KEY_LEN]) -> Self {
        Self { org, subject, raw }
    }

    /// Seals `plain`; `nonce` must be random.
    pub fn seal(&self, plain: &[u8], nonce: [u8; NONCE_LEN]) -> Result<String, SealError> {
        Ok(BASE64.encode(seal(
            &cipher(&self.raw)?,
            &binding(self.org, self.subject),
            plain,
            nonce,
        )?))
    }

    /// The plain bytes of `sealed`.
    pub fn open(&self, sealed: &str) -> Result<Vec<u8>, SealError> {
        let bytes = BASE64.decode(sealed).map_err(|_| SealError::Damaged)?;
        open(&cipher(&self.raw)?, &binding(self.org, self.subject), bytes)
    }
}

/// The master keys by version; the highest wraps, all unwrap.
#[derive(Clone)]
pub struct MasterKeys {
    keys: BTreeMap<i32, LessSafeKey>,
}

impl std::fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MasterKeys({:?})", self.keys.keys())
    }
}

impl MasterKeys {
    /// Reads `VERSION:BASE64[,VERSION:BASE64…]`.
    pub fn parse(text: &str) -> Result<Self, SealError> {
        let mut keys = BTreeMap::new();
        for part in text.split(',') {
            let (version, key) = part.trim().split_once(':').ok_or(SealError::MasterKey)?;
            let version = version.parse().map_err(|_| SealError::MasterKey)?;
            let key = BASE64.decode(key.trim_end_matches('=')).map_err(|_| SealError::MasterKey)?;
            let key = <[u8; KEY_LEN]>::try_from(key).map_err(|_| SealError::MasterKey)?;
            if version < 1 || keys.insert(version, cipher(&key)?).is_some() {
                return Err(SealError::MasterKey);
            }
        }
        Ok(Self { keys })
    }

    /// The version that wraps new keys.
    pub fn current(&self) -> i32 {
        self.keys.last_key_value().map_or(0, |(version, _)| *version)
    }

    /// The key of a person as it may be stored, with the version that wrapped it; `nonce` must be random.
    pub fn wrap(
        &self,
        key: &SubjectKey,
        nonce: [u8; NONCE_LEN],
    ) -> Result<(i32, Vec<u8>), SealError> {
        let (version, master) = self.keys.last_key_value().ok_or(SealError::MasterKey)?;
        let wrapped = seal(master, &binding(key.org, key.subject), &key.raw, nonce)?;
        Ok((*version, wrapped))
    }

    /// The key of `subject` from its stored form.
    pub fn unwrap(
        &self,
        org: OrgId,
        subject: SubjectId,
        version: i32,
        wrapped: &[u8],
    ) -> Result<SubjectKey, SealError> {
        let master = self.keys.get(&version).ok_or(SealError::UnknownVersion(version))?;
        let raw = open(master, &binding(org, subject), wrapped.to_vec())?;
        Ok(SubjectKey::new(org, subject, raw.try_into().map_err(|_| SealError::Damaged)?))
    }
}

/// What else the program keeps secret, sealed under the master key itself.
impl MasterKeys {
    /// Seals `plain`; what it is for and whose it is are authenticated with it as `binding`, and `nonce` must be random.
    /// What comes out begins with the version of the key, as four bytes.
    pub fn seal_secret(
        &self,
        binding: &[u8],
        plain: &[u8],
        nonce: [u8; NONCE_LEN],
    ) -> Result<Vec<u8>, SealError> {
        let (version, master) = self.keys.last_key_value().ok_or(SealError::MasterKey)?;
        Ok([version.to_be_bytes().to_vec(), seal(master, binding, plain, nonce)?].concat())
    }

    /// The plain bytes of what [`Self::seal_secret`] made.
    pub fn open_secret(&self, binding: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (version, sealed) = sealed.split_first_chunk().ok_or(SealError::Damaged)?;
        let version = i32::from_be_bytes(*version);
        let master = self.keys.get(&version).ok_or(SealError::UnknownVersion(version))?;
        open(master, binding, sealed.to_vec())
    }
}

/// The keys at hand while reading or writing; a person without one is erased.
pub type SubjectKeys = HashMap<SubjectId, SubjectKey>;

/// Seals every open personal value in `json`; `nonce` gives a fresh random value each time.
pub fn seal_all(
    json: &mut Value,
    keys: &SubjectKeys,
    nonce: &mut impl FnMut() -> [u8; NONCE_LEN],
) -> Result<(), SealError> {
    if let Some((kind, body)) = personal_parts(json) {
        if kind != Kind::Open {
            return Ok(());
        }
        let subject = subject_of(body).ok_or(SealError::Damaged)?;
        let key = keys.get(&subject).ok_or(SealError::NoKey(subject))?;
        let plain = body.get("value").unwrap_or(&Value::Null).to_string();
        let data = key.seal(plain.as_bytes(), nonce())?;
        *json = json!({ "$sealed": { "subject": subject, "data": data } });
        return Ok(());
    }
    match json {
        Value::Array(items) => items.iter_mut().try_for_each(|item| seal_all(item, keys, nonce)),
        Value::Object(fields) => {
            fields.values_mut().try_for_each(|item| seal_all(item, keys, nonce))
        }
        _ => Ok(()),
    }
}

/// Opens every sealed value in `json` whose key is in `keys`; the others become erased, also those that an older version of
/// their event has left open in the log.
pub fn open_all(json: &mut Value, keys: &SubjectKeys) -> Result<(), SealError> {
    if let Some((kind, body)) = personal_parts(json) {
        if kind == Kind::Erased {
            return Ok(());
        }
        let subject = subject_of(body).ok_or(SealError::Damaged)?;
        let Some(key) = keys.get(&subject) else {
            *json = json!({ "$erased": { "subject": subject } });
            return Ok(());
        };
        if kind == Kind::Open {
            return Ok(());
        }
        let data = body.get("data").and_then(Value::as_str).ok_or(SealError::Damaged)?;
        let value: Value =
            serde_json::from_slice(&key.open(data)?).map_err(|_| SealError::Damaged)?;
        *json = json!({ "$personal": { "subject": subject, "value": value } });
        return Ok(());
    }
    match json {
        Value::Array(items) => items.iter_mut().try_for_each(|item| open_all(item, keys)),
        Value::Object(fields) => fields.values_mut().try_for_each(|item| open_all(item, keys)),
        _ => Ok(()),
    }
}

fn cipher(raw: &[u8; KEY_LEN]) -> Result<LessSafeKey, SealError> {
    let key = UnboundKey::new(&AES_256_GCM, raw).map_err(|_| SealError::MasterKey)?;
    Ok(LessSafeKey::new(key))
}

fn binding(org: OrgId, subject: SubjectId) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(org.as_uuid().as_bytes());
    bytes[16..].copy_from_slice(subject.as_uuid().as_bytes());
    bytes
}

fn seal(
    key: &LessSafeKey,
    binding: &[u8],
    plain: &[u8],
    nonce: [u8; NONCE_LEN],
) -> Result<Vec<u8>, SealError> {
    let mut text = plain.to_vec();
    key.seal_in_place_append_tag(
        Nonce::assume_unique_for_key(nonce),
        Aad::from(binding),
        &mut text,
    )
    .map_err(|_| SealError::Damaged)?;
    Ok([nonce.as_slice(), &text].concat())
}

fn open(key: &LessSafeKey, binding: &[u8], mut bytes: Vec<u8>) -> Result<Vec<u8>, SealError> {
    let (nonce, text) = bytes.split_at_mut_checked(NONCE_LEN).ok_or(SealError::Damaged)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::Damaged)?;
    let plain =
        key.open_in_place(nonce, Aad::from(binding), text).map_err(|_| SealError::Damaged)?;
    Ok(plain.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_under_its_version_for_whom_it_was_sealed_and_nowhere_else() {
        let one = BASE64.encode([1; KEY_LEN]);
        let two = BASE64.encode([2; KEY_LEN]);
        let old = MasterKeys::parse(&format!("1:{one}")).unwrap();
        let both = MasterKeys::parse(&format!("1:{one},2:{two}")).unwrap();
        let sealed = old.seal_secret(b"totp of 7", b"a secret", [9; NONCE_LEN]).unwrap();
        assert_eq!(both.open_secret(b"totp of 7", &sealed), Ok(b"a secret".to_vec()));
        assert_eq!(both.open_secret(b"totp of 8", &sealed), Err(SealError::Damaged));
        assert_eq!(both.open_secret(b"totp of 7", b"x"), Err(SealError::Damaged));
        let new = both.seal_secret(b"totp of 7", b"a secret", [9; NONCE_LEN]).unwrap();
        assert_eq!(new[..4], 2_i32.to_be_bytes());
        assert_eq!(old.open_secret(b"totp of 7", &new), Err(SealError::UnknownVersion(2)));
    }
}
