//! Chain heads signed with a key that is not in the database.
//!
//! Whoever can write the whole database can also rewrite the whole chain, but cannot sign it. The signed text is
//! `"cleaning.checkpoint.1" ‖ organisation ‖ position ‖ hash ‖ time`; integers big-endian, time in microseconds.

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

    /// States that the chain of `org` has the value `hash` at `position`.
    pub fn sign(
        &self,
        org: OrgId,
        position: i64,
        hash: Hash,
        signed_at: DateTime<Utc>,
    ) -> Checkpoint {
        let signed_at = signed_at.trunc_subsecs(6);
        let text = signed_text(org, position, &hash, signed_at);
        let signature = self.pair.sign(&text).as_ref().to_vec();
        Checkpoint { org, position, hash, signed_at, key_id: self.public.id(), signature }
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
        let text = signed_text(self.org, self.position, &self.hash, self.signed_at);
        match UnparsedPublicKey::new(&ED25519, key.0).verify(&text, &self.signature) {
            Ok(()) => Signature::Good,
            Err(_) => Signature::Bad,
        }
    }
}

fn signed_text(org: OrgId, position: i64, hash: &Hash, signed_at: DateTime<Utc>) -> Vec<u8> {
    [
        b"cleaning.checkpoint.1".as_slice(),
        org.as_uuid().as_bytes(),
        &position.to_be_bytes(),
        hash,
        &signed_at.timestamp_micros().to_be_bytes(),
    ]
    .concat()
}

/// Why a head was not signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The chain does not hold from the last checkpoint to the head, and is not to be blessed.
    #[error("not signed: {0}")]
    Broken(#[from] Break),
    /// The database failed.
    #[error("database error")]
    Database(#[from] sqlx::Error),
}

/// Proves the log from the last checkpoint of this key to its head, signs the head and keeps the checkpoint.
///
/// `None` if there is no event yet. A head that is signed already gives back its checkpoint.
pub async fn sign_head(
    db: &mut PgConnection,
    org: OrgId,
    key: &SigningKey,
    now: DateTime<Utc>,
) -> Result<Option<Checkpoint>, SignError> {
    let last = last_of(&mut *db, org, key).await?;
    let Some(head) = log::head(&mut *db, org).await?.filter(|head| head.position > 0) else {
        // An empty log, or none, of which a checkpoint says otherwise was cut off.
        return match last {
            Some(last) => Err(Break::Truncated { at: 0, head: last.position }.into()),
            None => Ok(None),
        };
    };
    let mut mark = Mark::start(org);
    if let Some(last) = last {
        if last.position > head.position {
            return Err(Break::Truncated { at: head.position, head: last.position }.into());
        }
        if (last.position, last.hash) == (head.position, head.hash) {
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
    let signed = key.sign(org, head.position, head.hash, now);
    keep(db, &signed).await?;
    Ok(Some(signed))
}

async fn keep(db: &mut PgConnection, signed: &Checkpoint) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into chain_checkpoints (org_id, position, hash, signed_at, key_id, signature)
         values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
        signed.org.as_uuid(),
        signed.position,
        &signed.hash[..],
        signed.signed_at,
        signed.key_id,
        signed.signature,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The newest checkpoint that `key` really signed.
async fn last_of(
    db: &mut PgConnection,
    org: OrgId,
    key: &SigningKey,
) -> Result<Option<Checkpoint>, sqlx::Error> {
    let kept = list(db, org, None, PAGE).await?;
    let trusted = [key.public()];
    Ok(kept.into_iter().find(|kept| kept.check(&trusted) == Signature::Good))
}

/// Checkpoints, newest first, below position `before` if given; 1 to [`PAGE`] of them.
pub async fn list(
    db: &mut PgConnection,
    org: OrgId,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Checkpoint>, sqlx::Error> {
    let rows = sqlx::query!(
        "select position, hash, signed_at, key_id, signature from chain_checkpoints
         where org_id = $1 and ($2::bigint is null or position < $2)
         order by position desc, key_id limit $3",
        org.as_uuid(),
        before,
        limit.clamp(1, PAGE),
    )
    .fetch_all(db)
    .await?;
    let checkpoints = rows.into_iter().map(|row| Checkpoint {
        org,
        position: row.position,
        hash: log::hash(row.hash),
        signed_at: row.signed_at,
        key_id: row.key_id,
        signature: row.signature,
    });
    Ok(checkpoints.collect())
}

/// Every checkpoint of an organisation, oldest first; for the verifier.
pub(crate) async fn all(db: &mut PgConnection, org: OrgId) -> Result<Vec<Checkpoint>, sqlx::Error> {
    let rows = sqlx::query!(
        "select position, hash, signed_at, key_id, signature from chain_checkpoints
         where org_id = $1 order by position, key_id",
        org.as_uuid(),
    )
    .fetch_all(db)
    .await?;
    let checkpoints = rows.into_iter().map(|row| Checkpoint {
        org,
        position: row.position,
        hash: log::hash(row.hash),
        signed_at: row.signed_at,
        key_id: row.key_id,
        signature: row.signature,
    });
    Ok(checkpoints.collect())
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
        by.sign(Uuid::nil().into(), 42, [7; 32], now)
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
            Checkpoint { signature: vec![0; 64], ..good.clone() },
            Checkpoint { signature: Vec::new(), ..good },
        ];
        for other in others {
            assert_eq!(other.check(&[key.public()]), Signature::Bad);
        }
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
