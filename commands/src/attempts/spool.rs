//! The file in which entries wait that the database did not take: one JSON object a line.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use domain::attempt::Attempt;

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// Another process writes to it.
    #[error("the audit spool is used by another process")]
    InUse,
    /// It cannot be opened, read or written.
    #[error("the audit spool cannot be used")]
    Io(#[from] std::io::Error),
}

/// An open file, ours alone.
#[derive(Debug)]
pub(super) struct Spool(File);

impl Spool {
    /// Opens or makes the file; also what was left in it. A line that ends early was never promised to anybody.
    pub(super) fn open(path: &Path) -> Result<(Self, Vec<Attempt>), SpoolError> {
        let mut file =
            File::options().create(true).read(true).append(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(SpoolError::InUse),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        let lines = text.split(|byte| *byte == b'\n');
        let left = lines.filter_map(|line| serde_json::from_slice(line).ok()).collect();
        Ok((Self(file), left))
    }

    /// Adds entries; they outlive this process and the machine's loss of power.
    pub(super) fn add(&mut self, attempts: &[Attempt]) -> std::io::Result<()> {
        let mut lines = Vec::new();
        // Ends a line that was cut short.
        lines.push(b'\n');
        for attempt in attempts {
            serde_json::to_writer(&mut lines, attempt)?;
            lines.push(b'\n');
        }
        self.0.write_all(&lines)?;
        self.0.sync_data()
    }

    /// All of it has been stored.
    pub(super) fn clear(&mut self) -> std::io::Result<()> {
        self.0.set_len(0)?;
        self.0.rewind()?;
        self.0.sync_data()
    }
}

#[cfg(test)]
mod tests {
    use domain::attempt::Outcome;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn attempt(action: &str) -> Attempt {
        let org = Uuid::nil().into();
        Attempt::of_program(Uuid::now_v7(), org, action, Outcome::Denied, &json!({ "n": 1 }))
    }

    #[test]
    fn what_waits_outlives_the_process_and_a_line_cut_short() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("spool.jsonl");
        let (first, second) = (attempt("a.b"), attempt("c.d"));
        {
            let (mut spool, left) = Spool::open(&path).unwrap();
            assert!(left.is_empty());
            assert!(matches!(Spool::open(&path), Err(SpoolError::InUse)));
            spool.add(std::slice::from_ref(&first)).unwrap();
            spool.0.write_all(b"{\"audit_id\":").unwrap();
            spool.add(std::slice::from_ref(&second)).unwrap();
        }
        let (mut spool, left) = Spool::open(&path).unwrap();
        assert_eq!(left, [first, second]);
        spool.clear().unwrap();
        drop(spool);
        assert!(Spool::open(&path).unwrap().1.is_empty());
    }
}
