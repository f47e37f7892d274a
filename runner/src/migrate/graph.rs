//! The order of migrations: each names its parent, and together they must be one line.

use ring::digest::{SHA256, digest};

/// One file of `migrations/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// Four digits.
    pub version: String,
    /// What it is about.
    pub name: String,
    /// The version before it, none for the first.
    pub parent: Option<String>,
    /// Its text.
    pub sql: String,
}

/// Why files cannot be put in order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// Two files follow the same one.
    #[error("Multiple migration heads: {}. Give one of them the other as its parent", .0.join(", "))]
    Heads(Vec<String>),
    /// A file is not `NNNN_name.sql`, lacks `-- parent:`, or names a parent that does not exist.
    #[error(
        "migration {0} must be NNNN_name.sql, begin with `-- parent: NNNN` and follow an existing one"
    )]
    Malformed(String),
}

/// The migrations this build carries.
pub fn embedded() -> Result<Vec<Migration>, GraphError> {
    const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/migrations.rs"));
    FILES.iter().map(|(file, sql)| Migration::parse(file, sql)).collect()
}

impl Migration {
    /// Reads a file by its name without `.sql` and its text.
    pub fn parse(file: &str, sql: &str) -> Result<Self, GraphError> {
        let malformed = || GraphError::Malformed(file.to_owned());
        let (version, name) = file.split_once('_').ok_or_else(malformed)?;
        if version.len() != 4 || !version.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(malformed());
        }
        let first = sql.lines().next().unwrap_or_default();
        let parent = first.strip_prefix("-- parent:").ok_or_else(malformed)?.trim();
        Ok(Self {
            version: version.to_owned(),
            name: name.to_owned(),
            parent: (parent != "none").then(|| parent.to_owned()),
            sql: sql.to_owned(),
        })
    }

    /// SHA-256 of the text, in hexadecimal.
    pub fn checksum(&self) -> String {
        hex::encode(digest(&SHA256, self.sql.as_bytes()))
    }
}

/// The files from first to last, if they form one line.
pub(super) fn line(files: &[Migration]) -> Result<Vec<&Migration>, GraphError> {
    let heads = heads(files);
    if heads.len() > 1 {
        return Err(GraphError::Heads(heads));
    }
    let mut line: Vec<&Migration> = Vec::with_capacity(files.len());
    while line.len() < files.len() {
        let last = line.last().map(|migration| &migration.version);
        let Some(next) = files.iter().find(|file| file.parent.as_ref() == last) else {
            let unplaced = files.iter().find(|file| !line.contains(file));
            return Err(GraphError::Malformed(
                unplaced.map(|file| file.version.clone()).unwrap_or_default(),
            ));
        };
        line.push(next);
    }
    Ok(line)
}

/// Files that no other file follows.
pub(super) fn heads(files: &[Migration]) -> Vec<String> {
    let followed =
        |file: &Migration| files.iter().any(|other| other.parent.as_ref() == Some(&file.version));
    let mut heads: Vec<_> = files
        .iter()
        .filter(|file| !followed(file))
        .map(|file| format!("{}_{}", file.version, file.name))
        .collect();
    heads.sort();
    heads
}

pub(super) fn newest(files: &[Migration]) -> String {
    files.iter().map(|file| file.version.clone()).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(version: &str, parent: &str) -> Migration {
        Migration::parse(&format!("{version}_x"), &format!("-- parent: {parent}\nselect 1;"))
            .unwrap()
    }

    #[test]
    fn the_embedded_files_form_one_line() {
        let files = embedded().unwrap();
        assert_eq!(line(&files).unwrap().len(), files.len());
        assert_eq!(heads(&files).len(), 1);
    }

    #[test]
    fn two_files_with_one_parent_are_two_heads() {
        let files = [file("0001", "none"), file("0002", "0001"), file("0003", "0001")];
        let heads = vec!["0002_x".to_owned(), "0003_x".to_owned()];
        assert_eq!(line(&files), Err(GraphError::Heads(heads)));
    }

    #[test]
    fn a_file_whose_parent_is_missing_is_named() {
        let files = [file("0001", "none"), file("0003", "0002")];
        assert!(line(&files).is_err());
    }

    #[test]
    fn a_file_must_say_its_parent() {
        assert!(Migration::parse("0001_x", "select 1;").is_err());
        assert!(Migration::parse("1_x", "-- parent: none").is_err());
    }
}
