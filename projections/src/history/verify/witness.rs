//! What is known about a log from elsewhere.

use domain::chain::Hash;
use domain::id::OrgId;
use domain::recorded::Recorded;

use super::finding::{Defect, Witness};
use crate::audit_log::Known;
use crate::history::checkpoint::{Checkpoint, PublicKey, Signature};

/// The chain at one position, as somebody knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Which position.
    pub position: i64,
    /// The chain up to and including it.
    pub hash: Hash,
    /// Who knows.
    pub witness: Witness,
}

/// Everything known about one log from elsewhere.
#[derive(Clone, Debug)]
pub struct Witnesses {
    org: OrgId,
    anchors: Vec<Anchor>,
    /// Where the chain of what was tried stood.
    attempts: Vec<(Known, Witness)>,
    defects: Vec<Defect>,
}

impl Witness {
    /// Whether it can confirm anything: whoever writes the database can also write a checkpoint, but not sign it.
    pub(super) const fn is_trusted(&self) -> bool {
        match self {
            Self::Checkpoint { is_trusted, .. } => *is_trusted,
            Self::Export | Self::Head => true,
        }
    }
}

impl Anchor {
    /// An event of an export.
    pub const fn exported(event: &Recorded) -> Self {
        Self { position: event.position, hash: event.hash, witness: Witness::Export }
    }
}

impl Witnesses {
    /// Nobody knows anything.
    pub const fn none(org: OrgId) -> Self {
        Self { org, anchors: Vec::new(), attempts: Vec::new(), defects: Vec::new() }
    }

    /// Adds a checkpoint. Without any trusted key signatures are not checked, and such a checkpoint may contradict the
    /// log but confirms nothing; with some, one that none of them signed bears no witness and is a finding itself. Checkpoints of other organisations are left out.
    pub fn add_checkpoint(&mut self, checkpoint: &Checkpoint, trusted: &[PublicKey]) {
        if checkpoint.org != self.org {
            return;
        }
        let (position, key_id) = (checkpoint.position, checkpoint.key_id.clone());
        if !trusted.is_empty() {
            match checkpoint.check(trusted) {
                Signature::Good => {}
                Signature::Bad => {
                    return self.defects.push(Defect::BadSignature { position, key_id });
                }
                Signature::UnknownKey => {
                    return self.defects.push(Defect::UnknownKey { position, key_id });
                }
            }
        }
        let witness = Witness::Checkpoint {
            key_id,
            signed_at: checkpoint.signed_at,
            is_trusted: !trusted.is_empty(),
        };
        self.attempts.extend(checkpoint.attempts.map(|known| (known, witness.clone())));
        self.anchors.push(Anchor { position, hash: checkpoint.hash, witness });
    }

    /// What is known about the chain of what was tried.
    pub(super) fn attempts(&self) -> &[(Known, Witness)] {
        &self.attempts
    }

    /// Adds what is known from elsewhere.
    pub fn add_anchors(&mut self, anchors: impl IntoIterator<Item = Anchor>) {
        self.anchors.extend(anchors);
    }

    /// Whose log it is.
    pub const fn org(&self) -> OrgId {
        self.org
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.anchors.is_empty() && self.defects.is_empty()
    }

    /// Anchors in the order of the log, each once, and what was wrong with the others.
    pub(super) fn into_parts(mut self) -> (Vec<Anchor>, Vec<Defect>) {
        self.anchors.sort_by_key(|anchor| anchor.position);
        self.anchors.dedup();
        (self.anchors, self.defects)
    }
}
