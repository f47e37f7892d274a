//! The hash chain over the log of one organisation.
//!
//! `digest = SHA-256(framed fields)` binds everything in the event row that the command decided;
//! `hash = SHA-256(previous hash ‖ position ‖ time ‖ digest)` binds its place and the moment of its append.
//! Integers are big-endian, eight bytes; times are microseconds since 1970 UTC; each field is framed by its length,
//! so no two rows can be spelled by the same bytes.

use ring::digest::{Context, SHA256};

use crate::id::OrgId;

/// A SHA-256 value.
pub type Hash = [u8; 32];

/// The fields of an event that its command decided.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a> {
    /// Whose log.
    pub org: OrgId,
    /// Kind of the aggregate.
    pub aggregate_type: &'a str,
    /// Which one.
    pub aggregate_id: &'a str,
    /// Place in its stream, from 1.
    pub sequence: i32,
    /// Wire name of the event.
    pub event_type: &'a str,
    /// Version of its payload.
    pub event_version: &'a str,
    /// The exact stored text.
    pub payload: &'a str,
    /// The exact stored text.
    pub metadata: &'a str,
}

/// What the chain starts from; differs for each organisation.
pub fn genesis(org: OrgId) -> Hash {
    let mut sha = Context::new(&SHA256);
    sha.update(b"cleaning.chain.1");
    sha.update(org.as_uuid().as_bytes());
    finish(sha)
}

/// The digest of an event's own fields.
pub fn digest(fields: &Fields<'_>) -> Hash {
    let mut sha = Context::new(&SHA256);
    sha.update(fields.org.as_uuid().as_bytes());
    sha.update(&i64::from(fields.sequence).to_be_bytes());
    for text in [
        fields.aggregate_type,
        fields.aggregate_id,
        fields.event_type,
        fields.event_version,
        fields.payload,
        fields.metadata,
    ] {
        sha.update(&(text.len() as u64).to_be_bytes());
        sha.update(text.as_bytes());
    }
    finish(sha)
}

/// The hash of the event with `digest` at `position`, appended at `micros`.
pub fn link(previous: &Hash, position: i64, micros: i64, digest: &Hash) -> Hash {
    let mut sha = Context::new(&SHA256);
    sha.update(previous);
    sha.update(&position.to_be_bytes());
    sha.update(&micros.to_be_bytes());
    sha.update(digest);
    finish(sha)
}

fn finish(sha: Context) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(sha.finish().as_ref());
    hash
}
