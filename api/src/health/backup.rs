//! When the last backup was verified: whoever verifies one writes the time into a file.

use std::io::ErrorKind;
use std::path::PathBuf;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

/// A backup a day, and two hours to make it.
const OLDEST: TimeDelta = TimeDelta::hours(26);

/// Clocks of two machines differ by less.
const AHEAD: TimeDelta = TimeDelta::minutes(10);

/// Longer than any time; whatever else the file may be, it is not read further.
const LONGEST: usize = 256;

/// Where the time is looked for.
#[derive(Clone, Debug)]
pub struct Backup {
    files: Vec<PathBuf>,
}

/// The last backup that is known to be whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verified {
    pub(crate) at: DateTime<Utc>,
    pub(crate) age: TimeDelta,
}

/// Why there is none to rely on, in the words monitors look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BackupError {
    #[error("backup marker missing")]
    Missing,
    #[error("backup marker invalid")]
    Invalid,
    #[error("backup too old: {}s", .0.age.num_seconds())]
    TooOld(Verified),
}

impl Backup {
    /// Reads the first of `files` that is there.
    pub fn new(files: Vec<PathBuf>) -> Self {
        Self { files }
    }

    /// Looks for the last backup, as of `now`.
    pub(crate) async fn verified(&self, now: DateTime<Utc>) -> Result<Verified, BackupError> {
        for file in &self.files {
            match tokio::fs::read(file).await {
                Ok(text) => return judge(&text, now),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(_) => return Err(BackupError::Invalid),
            }
        }
        Err(BackupError::Missing)
    }
}

impl BackupError {
    /// The last backup, if there was one.
    pub(crate) const fn last(self) -> Option<Verified> {
        match self {
            Self::TooOld(last) => Some(last),
            Self::Missing | Self::Invalid => None,
        }
    }
}

fn judge(text: &[u8], now: DateTime<Utc>) -> Result<Verified, BackupError> {
    let text = text.get(..LONGEST).unwrap_or(text);
    let text = std::str::from_utf8(text).map_err(|_| BackupError::Invalid)?;
    let at = time_in(text).ok_or(BackupError::Invalid)?;
    if at - now > AHEAD {
        return Err(BackupError::Invalid);
    }
    let last = Verified { at, age: (now - at).max(TimeDelta::zero()) };
    if last.age > OLDEST { Err(BackupError::TooOld(last)) } else { Ok(last) }
}

/// The time in the first line, as `2026-01-15T02:00:00Z` or as the names of backups have it, `20260115T020000Z`.
fn time_in(text: &str) -> Option<DateTime<Utc>> {
    let text = text.lines().next()?.trim();
    let compact = || NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%SZ").map(|at| at.and_utc());
    let usual = DateTime::parse_from_rfc3339(text).map(|at| at.to_utc());
    usual.or_else(|_| compact()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Result<i64, String> {
        let now = "2026-01-16T02:00:00Z".parse().unwrap();
        let judged = judge(text.as_bytes(), now).map(|last| last.age.num_seconds());
        judged.map_err(|error| error.to_string())
    }

    #[test]
    fn a_backup_is_good_for_twenty_six_hours() {
        assert_eq!(told("2026-01-15T02:00:00Z\n"), Ok(86_400));
        assert_eq!(told("20260115T000000Z"), Ok(93_600));
        assert_eq!(told("2026-01-14T23:59:59Z").unwrap_err(), "backup too old: 93601s");
    }

    #[test]
    fn a_clock_may_differ_a_little_and_nothing_else_is_a_time() {
        assert_eq!(told("2026-01-16T02:05:00Z"), Ok(0));
        for bad in ["", "\n2026-01-15T02:00:00Z", "yesterday", "2026-02-16T02:00:00Z", "20260115"] {
            assert_eq!(told(bad).unwrap_err(), "backup marker invalid", "{bad:?}");
        }
        assert!(matches!(judge(&[0xff; 300], DateTime::UNIX_EPOCH), Err(BackupError::Invalid)));
    }

    #[tokio::test]
    async fn the_first_file_that_is_there_counts() {
        let now = "2026-01-16T02:00:00Z".parse().unwrap();
        let nowhere = PathBuf::from("/nowhere/backup_last_ok.txt");
        let missing = Backup::new(vec![nowhere.clone()]).verified(now).await;
        assert_eq!(missing, Err(BackupError::Missing));
        // A directory cannot be read, and says nothing about backups.
        let unreadable = Backup::new(vec![nowhere, PathBuf::from("/")]).verified(now).await;
        assert_eq!(unreadable, Err(BackupError::Invalid));
    }
}
