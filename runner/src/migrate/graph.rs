//! The order of migrations: each names what it follows, and together they must have one end.

use ring::digest::{SHA256, digest};

/// One file of `migrations/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// Four digits.
    pub version: String,
    /// What it is about.
    pub name: String,
    /// The versions before it: none for the first, several for one that merges heads.
    pub parents: Vec<String>,
    /// Whether all of it is applied or nothing. Not possible for `create index concurrently`.
    pub transaction: bool,
    /// Its text.
    pub sql: String,
}

/// Why files cannot be put in order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// Two files have the same number, or follow the same one and nothing brings them together.
    #[error(
        "Multiple migration heads: {}. Create a merge migration: cleaning migrate merge {} -m '...'",
        .0.join(", "), .0.join(" ")
    )]
    Heads(Vec<String>),
    /// A file is not `NNNN_name.sql`, lacks `-- parent:`, or names a parent that does not exist.
    #[error(
        "migration {0} must be NNNN_name.sql, begin with `-- parent: NNNN` and follow an existing one"
    )]
    Malformed(String),
    /// A migration that does not exist cannot be merged or followed.
    #[error("there is no migration {0}")]
    Unknown(String),
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
        let mut lines = sql.lines();
        let first = lines.next().and_then(|line| line.strip_prefix("-- parent:"));
        let parents = first.ok_or_else(malformed)?.trim();
        let parents = if parents == "none" { "" } else { parents };
        let parents = parents.split(',').map(|parent| parent.trim().to_owned());
        Ok(Self {
            version: version.to_owned(),
            name: name.to_owned(),
            parents: parents.filter(|parent| !parent.is_empty()).collect(),
            transaction: lines.next().map(str::trim) != Some("-- no-transaction"),
            sql: sql.to_owned(),
        })
    }

    /// Its file, without `.sql`.
    pub fn file(&self) -> String {
        format!("{}_{}", self.version, self.name)
    }

    /// SHA-256 of the text, in hexadecimal.
    pub fn checksum(&self) -> String {
        hex::encode(digest(&SHA256, self.sql.as_bytes()))
    }
}

/// The files in the order in which they are applied, if there is one.
pub fn line(files: &[Migration]) -> Result<Vec<&Migration>, GraphError> {
    let heads = heads(files);
    if heads.len() > 1 {
        return Err(GraphError::Heads(heads));
    }
    let mut line: Vec<&Migration> = Vec::with_capacity(files.len());
    while line.len() < files.len() {
        let placed = |version: &String| line.iter().any(|file| file.version == *version);
        let waiting = || files.iter().filter(|file| !placed(&file.version));
        let ready = waiting().filter(|file| file.parents.iter().all(placed));
        let Some(next) = ready.min_by(|one, other| one.version.cmp(&other.version)) else {
            let stuck = waiting().next().map(|file| file.version.clone());
            return Err(GraphError::Malformed(stuck.unwrap_or_default()));
        };
        line.push(next);
    }
    Ok(line)
}

/// Files that no other file follows, and files that share their number.
pub(super) fn heads(files: &[Migration]) -> Vec<String> {
    let is_head = |file: &&Migration| {
        let mut others = files.iter().filter(|other| other != file);
        let followed = files.iter().any(|other| other.parents.contains(&file.version));
        !followed || others.any(|other| other.version == file.version)
    };
    let mut heads: Vec<_> = files.iter().filter(is_head).map(Migration::file).collect();
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
        // The health check and old runbooks take the highest number for the newest.
        assert_eq!(line(&files).unwrap().last().unwrap().version, newest(&files));
    }

    #[test]
    fn two_files_with_one_parent_are_two_heads() {
        let files = [file("0001", "none"), file("0002", "0001"), file("0003", "0001")];
        let heads = vec!["0002_x".to_owned(), "0003_x".to_owned()];
        assert_eq!(line(&files), Err(GraphError::Heads(heads)));
    }

    #[test]
    fn heads_that_a_file_merges_are_heads_no_more() {
        let mut files = vec![file("0001", "none"), file("0003", "0001"), file("0002", "0001")];
        files.push(file("0004", "0002, 0003"));
        let order: Vec<_> = line(&files).unwrap().into_iter().map(|file| &file.version).collect();
        assert_eq!(order, ["0001", "0002", "0003", "0004"]);
    }

    #[test]
    fn two_files_with_one_number_are_two_heads_even_if_something_follows() {
        let twin = Migration { name: "y".to_owned(), ..file("0002", "0001") };
        let files = [file("0001", "none"), file("0002", "0001"), twin, file("0003", "0002")];
        assert_eq!(heads(&files), ["0002_x", "0002_y", "0003_x"]);
        assert!(line(&files).is_err());
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
