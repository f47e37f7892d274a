//! The user a server runs as: PostgreSQL refuses root, so root hands it to somebody else.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

/// Users that may exist for this, in order of preference.
const CANDIDATES: [&str; 2] = ["postgres", "nobody"];

/// A user and group by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// Whom to become, `None` if we are not root.
pub(super) fn unprivileged() -> Option<Identity> {
    if effective_uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let found = CANDIDATES.iter().find_map(|name| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut numbers = line.split(':').skip(2);
        Some(Identity { uid: numbers.next()?.parse().ok()?, gid: numbers.next()?.parse().ok()? })
    });
    Some(found.unwrap_or(Identity { uid: 65534, gid: 65534 }))
}

/// Whether `identity` can walk to `path`: the search bit of every directory on the way.
pub(super) fn can_reach(path: &Path, identity: Identity) -> bool {
    path.ancestors().all(|directory| {
        let Ok(metadata) = fs::metadata(directory) else { return true };
        let mode = metadata.permissions().mode();
        let bit = if metadata.uid() == identity.uid {
            0o100
        } else if metadata.gid() == identity.gid {
            0o010
        } else {
            0o001
        };
        mode & bit != 0
    })
}

#[expect(unsafe_code, reason = "geteuid has no safe form in std; it cannot fail")]
fn effective_uid() -> u32 {
    // SAFETY: takes nothing, touches nothing.
    unsafe { libc::geteuid() }
}
