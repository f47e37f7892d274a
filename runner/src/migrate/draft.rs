//! New files of `migrations/`: with the right number, the right first line, and nothing in them yet.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

use super::MigrateError;
use super::graph::{self, GraphError, Migration};

/// Writes the next file into `directory`, after the only head there is.
pub fn write(directory: &Path, files: &[Migration], about: &str) -> anyhow::Result<PathBuf> {
    let line = graph::line(files).map_err(MigrateError::from)?;
    let parent = line.last().map_or("none", |last| last.version.as_str());
    put(directory, files, about, parent)
}

/// Writes a file that follows each of `heads`, given by number or by name.
pub fn merge(
    directory: &Path,
    files: &[Migration],
    heads: &[String],
    about: &str,
) -> anyhow::Result<PathBuf> {
    let mut parents = Vec::new();
    for head in heads {
        let named = |file: &&Migration| file.version == *head || file.file() == *head;
        let found = files.iter().find(named);
        let found = found.ok_or_else(|| MigrateError::from(GraphError::Unknown(head.clone())))?;
        parents.push(found.version.as_str());
    }
    parents.sort_unstable();
    parents.dedup();
    ensure!(parents.len() > 1, "heads with different numbers are needed; give one of them another");
    put(directory, files, about, &parents.join(", "))
}

fn put(
    directory: &Path,
    files: &[Migration],
    about: &str,
    parents: &str,
) -> anyhow::Result<PathBuf> {
    let newest = files.iter().filter_map(|file| file.version.parse::<u32>().ok()).max();
    let name = name(about);
    ensure!(!name.is_empty(), "a name needs letters or digits");
    let path = directory.join(format!("{:04}_{name}.sql", newest.map_or(1, |newest| newest + 1)));
    let text = format!("-- parent: {parents}\n-- {about}\n");
    std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

/// What may be in a file's name: `Merge heads` is `merge_heads`.
fn name(about: &str) -> String {
    let letters = about.to_lowercase();
    let words = letters.split(|letter: char| !letter.is_ascii_alphanumeric());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("_")
}
