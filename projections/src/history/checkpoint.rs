//! Chain heads signed with a key that is not in the database.
//!
//! Whoever can write the whole database can also rewrite whole chains, but cannot sign them. The signed text is
//! `"cleaning.checkpoint.2" ‖ organisation ‖ position ‖ hash ‖ time ‖ number ‖ hash of the attempts`; integers big-endian, time in
//! microseconds. Version 1 ends after the time: it says nothing about attempts.

use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, SubsecRound, Utc};
use domain::chain::Hash;
use domain::id::OrgId;
use ring::digest::{SHA256, digest};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use super::log;
use crate::audit_log::{self, Known};
use crate::engine::{self, Break, Limits, Mark};

/// What one page of checkpoints holds at most.
pub const PAGE: i64 = 200;

/// How many events are proved at once before a head is signed.
const READ: i64 = 1_000;

/// That the chain of an organisation had this value at this position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Whose log.
    pub org: OrgId,
    /// Which event was the last.
    pub position: i64,
    /// The chain up to and including it.
    #[serde(with = "hex")]
    pub hash: Hash,
    /// Where the chain of the audit log about what left no event stood. Missing in version 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<Known>,
    /// When it was signed.
    pub signed_at: DateTime<Utc>,
    /// Which key signed it.
    pub key_id: String,
    /// Ed25519.
    #[serde(with = "hex")]
    pub signature: Vec<u8>,
}

/// Why a key cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The signing key.
    #[error("HISTORY_SIGNING_KEY must be 32 random bytes in base64")]
    Signing,
    /// The public key.
    #[error("a public key is 32 bytes in base64")]
    Public,
}

/// The key that signs checkpoints.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", self.public.id())
    }
}

impl SigningKey {
    /// Reads 32 random bytes in base64.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let seed = BASE64.decode(text.trim()).map_err(|_| KeyError::Signing)?;
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| KeyError::Signing)?;
        let raw = pair.public_key().as_ref().try_into().map_err(|_| KeyError::Signing)?;
        Ok(Self { pair, public: PublicKey(raw) })
    }

    /// What others need to check what it signs.
    pub const fn public(&self) -> PublicKey {
        self.public
    }

    /// States that the chain of `org` has the value `hash` at `position`, and where that of its attempts stands, if that was
    /// looked at.
    pub fn sign(
        &self,
        org: OrgId,
        (position, hash): (i64, Hash),
        attempts: Option<Known>,
        signed_at: DateTime<Utc>,
    ) -> Checkpoint {
        let (signed_at, key_id) = (signed_at.trunc_subsecs(6), self.public.id());
        let unsigned =
            Checkpoint { org, position, hash, attempts, signed_at, key_id, signature: Vec::new() };
        let signature = self.pair.sign(&unsigned.signed_text()).as_ref().to_vec();
        Checkpoint { signature, ..unsigned }
    }
}

/// The half of a signing key that may be given to anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// A short name: the first eight bytes of its SHA-256, in hexadecimal.
    pub fn id(&self) -> String {
        hex::encode(&digest(&SHA256, &self.0).as_ref()[..8])
    }
}

impl std::fmt::Display for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&BASE64.encode(self.0))
    }
}

impl FromStr for PublicKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let raw = BASE64.decode(text.trim()).map_err(|_| KeyError::Public)?;
        raw.try_into().map(Self).map_err(|_| KeyError::Public)
    }
}

/// What a signature is worth to someone who trusts certain keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature {
    /// A trusted key signed exactly this.
    Good,
    /// The key is trusted, but it did not sign this.
    Bad,
    /// It names a key that is not trusted.
    UnknownKey,
}

impl Checkpoint {
    /// Checks the signature against `trusted`.
    pub fn check(&self, trusted: &[PublicKey]) -> Signature {
        let Some(key) = trusted.iter().find(|key| key.id() == self.key_id) else {
            return Signature::UnknownKey;
        };
        match UnparsedPublicKey::new(&ED25519, key.0).verify(&self.signed_text(), &self.signature) {
            Ok(()) => Signature::Good,
            Err(_) => Signature::Bad,
        }
    }

    fn signed_text(&self) -> Vec<u8> {
        let version: &[u8] = match self.attempts {
            None => b"cleaning.checkpoint.1",
            Some(_) => b"cleaning.checkpoint.2",
        };
        let mut text = [
            version,
            self.org.as_uuid().as_bytes(),
            &self.position.to_be_bytes(),
            &self.hash,
            &self.signed_at.timestamp_micros().to_be_bytes(),
        ]
        .concat();
        if let Some(Known { number, hash }) = self.attempts {
            text.extend(number.to_be_bytes());
            text.extend(hash);
        }
        text
    }
}

/// Why a head was not signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The chain does not hold from the last checkpoint to the head, and is not to be blessed.
    #[error("not signed: {0}")]
    Broken(#[from] Break),
    /// Neither does that of the attempts.
    #[error("not signed: entry {} of what was tried is {}", .0.number, .0.found)]
    Attempts(audit_log::Finding),
    /// The database failed.
    #[error("database error")]
    Database(#[from] sqlx::Error),
}

/// Proves the log, and what was tried, from the last checkpoint of this key to their heads, signs these and keeps the
/// checkpoint.
///
/// `None` if there is no event yet. Heads that are signed already give back their checkpoint.
pub async fn sign_head(
    db: &mut PgConnection,
    org: OrgId,
    key: &SigningKey,
    now: DateTime<Utc>,
) -> Result<Option<Checkpoint>, SignError> {
    let kept = kept_of(&mut *db, org, key).await?;
    let proven = kept.iter().find_map(|kept| kept.attempts);
    let last = kept.into_iter().next();
    let Some(head) = log::head(&mut *db, org).await?.filter(|head| head.position > 0) else {
        // An empty log, or none, of which a checkpoint says otherwise was cut off.
        return match last {
            Some(last) => Err(Break::Truncated { at: 0, head: last.position }.into()),
            None => Ok(None),
        };
    };
    let attempts = attempts_behind(&mut *db, org, proven).await?;
    let mut mark = Mark::start(org);
    if let Some(last) = last {
        if last.position > head.position {
            return Err(Break::Truncated { at: head.position, head: last.position }.into());
        }
        if (last.position, last.hash) == (head.position, head.hash)
            && last.attempts == Some(attempts)
        {
            return Ok(Some(last));
        }
        mark = Mark { position: last.position, hash: last.hash };
    }
    while mark.position < head.position {
        let limits = Limits { events: READ.min(head.position - mark.position), bytes: usize::MAX };
        let chunk = engine::read(&mut *db, org, mark, limits).await?;
        if let Some(broken) = chunk.broken {
            return Err(broken.into());
        }
        if chunk.upto == mark {
            return Err(Break::Truncated { at: mark.position, head: head.position }.into());
        }
        mark = chunk.upto;
    }
    if mark.hash != head.hash {
        return Err(Break::Changed { position: head.position }.into());
    }
    let signed = key.sign(org, (head.position, head.hash), Some(attempts), now);
    keep(db, &signed).await?;
    Ok(Some(signed))
}

/// Where the chain of attempts stands, if it holds behind what was proven before.
async fn attempts_behind(
    db: &mut PgConnection,
    org: OrgId,
    proven: Option<Known>,
) -> Result<Known, SignError> {
    let audit_log::Verified { number, hash, findings, .. } =
        audit_log::verify_behind(db, org, proven).await?;
    match findings.into_iter().next() {
        Some(found) => Err(SignError::Attempts(found)),
        None => Ok(Known { number, hash }),
    }
}

async fn keep(db: &mut PgConnection, signed: &Checkpoint) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into chain_checkpoints (org_id, position, hash, signed_at, key_id, signature, attempts_number, attempts_hash)
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing",
        signed.org.as_uuid(),
        signed.position,
        &signed.hash[..],
        signed.signed_at,
        signed.key_id,
        signed.signature,
        signed.attempts.map(|attempts| attempts.number),
        signed.attempts.map(|attempts| attempts.hash.to_vec()),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The newest checkpoints that `key` really signed, newest first.
async fn kept_of(
    db: &mut PgConnection,
    org: OrgId,
    key: &SigningKey,
) -> Result<Vec<Checkpoint>, sqlx::Error> {
    let mut kept = list(db, org, None, PAGE).await?;
    let trusted = [key.public()];
    kept.retain(|kept| kept.check(&trusted) == Signature::Good);
    Ok(kept)
}

struct Row {
    position: i64,
    hash: Vec<u8>,
    signed_at: DateTime<Utc>,
    key_id: String,
    signature: Vec<u8>,
    attempts_number: Option<i64>,
    attempts_hash: Option<Vec<u8>>,
}

impl Row {
    fn checkpoint(self, org: OrgId) -> Checkpoint {
        let attempts = self.attempts_number.zip(self.attempts_hash);
        Checkpoint {
            org,
            position: self.position,
            hash: log::hash(self.hash),
            attempts: attempts.map(|(number, hash)| Known { number, hash: log::hash(hash) }),
            signed_at: self.signed_at,
            key_id: self.key_id,
            signature: self.signature,
        }
    }
}

/// Checkpoints, newest first, below position `before` if given; 1 to [`PAGE`] of them, and all of the last position.
pub async fn list(
    db: &mut PgConnection,
    org: OrgId,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Checkpoint>, sqlx::Error> {
    let mut rows = sqlx::query_as!(
        Row,
        "select position, hash, signed_at, key_id, signature, attempts_number, attempts_hash
         from chain_checkpoints
         where org_id = $1 and ($2::bigint is null or position < $2)
         order by position desc fetch first $3 rows with ties",
        org.as_uuid(),
        before,
        limit.clamp(1, PAGE),
    )
    .fetch_all(db)
    .await?;
    rows.sort_by(|one, other| {
        let age = |row: &Row| (row.position, row.attempts_number);
        age(other).cmp(&age(one)).then_with(|| one.key_id.cmp(&other.key_id))
    });
    Ok(rows.into_iter().map(|row| row.checkpoint(org)).collect())
}

/// Every checkpoint of an organisation, oldest first; for the verifier.
pub(crate) async fn all(db: &mut PgConnection, org: OrgId) -> Result<Vec<Checkpoint>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        "select position, hash, signed_at, key_id, signature, attempts_number, attempts_hash
         from chain_checkpoints
         where org_id = $1 order by position, attempts_number nulls first, key_id",
        org.as_uuid(),
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| row.checkpoint(org)).collect())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn key(byte: u8) -> SigningKey {
        SigningKey::parse(&BASE64.encode([byte; 32])).unwrap()
    }

    fn signed(by: &SigningKey) -> Checkpoint {
        let now = "2030-01-31T12:00:00.123456789Z".parse().unwrap();
        let attempts = Some(Known { number: 3, hash: [4; 32] });
        by.sign(Uuid::nil().into(), (42, [7; 32]), attempts, now)
    }

    #[test]
    fn what_a_trusted_key_signed_is_good() {
        let key = key(1);
        assert_eq!(signed(&key).check(&[key.public()]), Signature::Good);
    }

    #[test]
    fn it_stays_good_through_json_and_the_text_form_of_the_key() {
        let key = key(1);
        let text = serde_json::to_string(&signed(&key)).unwrap();
        let read: Checkpoint = serde_json::from_str(&text).unwrap();
        let public = key.public().to_string().parse().unwrap();
        assert_eq!(read.check(&[public]), Signature::Good);
    }

    #[test]
    fn every_field_is_covered_by_the_signature() {
        let key = key(1);
        let good = signed(&key);
        let others = [
            Checkpoint { org: Uuid::max().into(), ..good.clone() },
            Checkpoint { position: 43, ..good.clone() },
            Checkpoint { hash: [8; 32], ..good.clone() },
            Checkpoint { signed_at: DateTime::UNIX_EPOCH, ..good.clone() },
            Checkpoint { attempts: Some(Known { number: 4, hash: [4; 32] }), ..good.clone() },
            Checkpoint { attempts: Some(Known { number: 3, hash: [5; 32] }), ..good.clone() },
            Checkpoint { attempts: None, ..good.clone() },
            Checkpoint { signature: vec![0; 64], ..good.clone() },
            Checkpoint { signature: Vec::new(), ..good },
        ];
        for other in others {
            assert_eq!(other.check(&[key.public()]), Signature::Bad);
        }
    }

    /// As an installation has kept it that did not know of attempts yet.
    const FIRST: &str = concat!(
        r#"{"org":"00000000-0000-0000-0000-000000000000","position":42,"#,
        r#""hash":"0707070707070707070707070707070707070707070707070707070707070707","#,
        r#""signed_at":"2030-01-31T12:00:00.123456Z","key_id":"34750f98bd59fcfc","#,
        r#""signature":"d75a77527a42d8014e91ecc0570b4cf1fde698dd42ddacb59e96b6905d1a6ca0"#,
        r#"40219ade2e1df3dcd4b38642fbb4765146351badeb3d7d465d4e979cbc981707"}"#,
    );

    #[test]
    fn one_of_the_first_version_stays_good() {
        let read: Checkpoint = serde_json::from_str(FIRST).unwrap();
        assert_eq!(read.check(&[key(1).public()]), Signature::Good);
        let attempts = Some(Known { number: 0, hash: [0; 32] });
        let made_more_of = Checkpoint { attempts, ..read };
        assert_eq!(made_more_of.check(&[key(1).public()]), Signature::Bad);
    }

    #[test]
    fn another_key_is_unknown() {
        assert_eq!(signed(&key(1)).check(&[key(2).public()]), Signature::UnknownKey);
    }

    #[test]
    fn keys_of_another_length_are_refused() {
        for text in ["", "AAAA", "not base64!"] {
            assert_eq!(SigningKey::parse(text).unwrap_err(), KeyError::Signing);
            assert_eq!(text.parse::<PublicKey>().unwrap_err(), KeyError::Public);
        }
    }
}
