//! Embeds the files of `migrations/` so that the program carries its own schema.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let migrations = root.join("../migrations");
    println!("cargo::rerun-if-changed={}", migrations.display());
    let mut files: Vec<PathBuf> = fs::read_dir(&migrations)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "sql"));
    files.sort();
    let mut list = String::from("&[\n");
    for file in &files {
        let name = file.file_stem().map(|stem| stem.to_string_lossy()).unwrap_or_default();
        let path = fs::canonicalize(file).unwrap_or_else(|_| file.clone());
        let _ = writeln!(list, "    ({name:?}, include_str!({:?})),", path.display().to_string());
    }
    list.push(']');
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    write(&out.join("migrations.rs"), &list);
}

fn write(path: &Path, text: &str) {
    if let Err(error) = fs::write(path, text) {
        println!("cargo::error={error}");
    }
}
