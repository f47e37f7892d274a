//! The house rules that a machine can check. When one fails, the fix is in the code, not here.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Who may use whom. Nothing else.
const ROOMS: [(&str, &[&str]); 6] = [
    ("domain", &[]),
    ("commands", &["domain"]),
    ("projections", &["domain"]),
    ("api", &["commands", "domain", "projections"]),
    ("web", &[]),
    ("runner", &["api", "commands", "domain", "projections", "web"]),
];

/// Which rooms may know these outsiders.
const OUTSIDERS: [(&str, &[&str]); 5] = [
    ("sqlx", &["commands", "projections", "api", "runner"]),
    ("tokio", &["commands", "projections", "api", "web", "runner"]),
    ("axum", &["api", "web", "runner"]),
    // Of the API only the client of the payment provider asks anybody else.
    ("reqwest", &["api", "web", "runner"]),
    ("lettre", &["runner"]),
];

/// Where SQL may stand. `api` looks up who is calling, probes the database and keeps the inbox of the payment provider, and
/// nothing else.
const SQL: [&str; 8] = [
    "commands/src/",
    "projections/src/",
    "runner/src/",
    "api/src/caller/",
    "api/src/identity/",
    "api/src/organisation.rs",
    "api/src/health/",
    "api/src/payments/",
];

/// Longest file, tests at its end not counted.
const LINES: usize = 400;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn packages() -> Vec<Value> {
    let cargo = Command::new("cargo")
        .args(["metadata", "--no-deps", "--offline", "--format-version=1"])
        .current_dir(root())
        .output();
    let metadata: Value = serde_json::from_slice(&cargo.unwrap().stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

fn uses(packages: &[Value], room: &str) -> BTreeSet<String> {
    let package = packages.iter().find(|package| package["name"] == room).unwrap();
    let dependencies = package["dependencies"].as_array().unwrap().iter();
    dependencies
        .filter(|dependency| dependency["kind"].is_null())
        .map(|dependency| dependency["name"].as_str().unwrap().to_owned())
        .collect()
}

fn walk(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in directory.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (room, _) in ROOMS {
        walk(&root().join(room).join("src"), &mut found);
    }
    let name = |path: &Path| path.strip_prefix(root()).unwrap().display().to_string();
    found.iter().map(|path| (name(path), std::fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn dependencies_point_one_way() {
    let packages = packages();
    for (room, may_use) in ROOMS {
        let uses = uses(&packages, room);
        for (other, _) in ROOMS {
            assert!(!uses.contains(other) || may_use.contains(&other), "{room} uses {other}");
        }
        for (outsider, may_know) in OUTSIDERS {
            assert!(
                !uses.contains(outsider) || may_know.contains(&room),
                "{room} knows {outsider}"
            );
        }
    }
}

#[test]
fn every_file_is_short_and_says_what_it_is_for() {
    for (file, text) in sources() {
        let lines = text.lines().take_while(|line| *line != "#[cfg(test)]").count();
        let tests = file.ends_with("tests.rs") || file.contains("/tests/");
        assert!(lines <= LINES || tests, "{file} has {lines} lines");
        assert!(text.starts_with("//!"), "{file} does not open with a `//!` line");
    }
}

#[test]
fn sql_stays_where_it_belongs() {
    for (file, text) in sources() {
        let allowed = SQL.iter().any(|place| file.starts_with(place));
        assert!(allowed || !text.contains("sqlx::query"), "{file} holds SQL");
    }
}

#[test]
fn every_key_of_every_table_starts_with_the_organisation() {
    for entry in root().join("migrations").read_dir().unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("-- parent: "), "{} does not name its parent", path.display());
        for table in text.split("create table ").skip(1) {
            let body = table.split(");").next().unwrap();
            if body.contains("org_id ") && body.contains("primary key (") {
                assert!(body.contains("primary key (org_id"), "{}: {body}", path.display());
            }
        }
    }
}

#[test]
fn everything_that_happens_to_anything_can_be_looked_up() {
    for (file, text) in sources().iter().filter(|(file, _)| file.starts_with("domain/")) {
        for rest in text.split("const TYPE: &'static str = \"").skip(1) {
            let kind = rest.split('"').next().unwrap();
            let known = projections::history::entity::entity(kind).is_some();
            assert!(
                known,
                "{kind} of {file} is not among `ENTITIES`: it has no history and no diff in the audit log"
            );
        }
    }
}
