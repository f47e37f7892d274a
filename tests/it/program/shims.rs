//! The commands of older runbooks reach the program with the same meaning.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

/// What a shim gives the program, or its exit code.
fn told(shim: &str, arguments: &[&str]) -> Result<String, i32> {
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("cleaning");
    std::fs::write(&program, "#!/bin/sh\nIFS='|'; printf '%s' \"$*\"\n").unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let shims = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ops/shims");
    let output =
        Command::new(shims.join(shim)).args(arguments).env("CLEANING", program).output().unwrap();
    match output.status.code().unwrap() {
        0 => Ok(String::from_utf8(output.stdout).unwrap()),
        code => Err(code),
    }
}

fn assert_told(shim: &str, line: &str, expected: Result<&str, i32>) {
    let arguments: Vec<_> = line.split(' ').collect();
    let expected = expected.map(|line| line.replace(' ', "|"));
    assert_eq!(told(shim, &arguments), expected, "{shim} {line}");
}

#[test]
fn migrations_have_their_old_names() {
    assert_told("alembic", "upgrade head", Ok("migrate up"));
    assert_told("alembic", "heads", Ok("migrate heads"));
    assert_told("alembic", "current", Ok("migrate status"));
    assert_told("alembic", "-c alembic_rls_audit.ini upgrade head", Ok("migrate up"));
    assert_told("alembic", "merge -m merge 0002 0003", Ok("migrate merge -m merge 0002 0003"));
    let new = told("alembic", &["revision", "-m", "add booking status index"]);
    assert_eq!(new.unwrap(), "migrate|new|add booking status index");
    assert_told("alembic", "downgrade -1", Err(2));
    assert_told("alembic", "upgrade 0003", Err(2));
    assert_eq!(told("alembic", &[]), Err(2));
}

#[test]
fn jobs_have_their_old_names() {
    let once = "-m app.jobs.run --job outbox-delivery --once";
    assert_told("python", once, Ok("jobs run --job outbox-delivery --once"));
    assert_told("python", "-m alembic -c any.ini upgrade head", Ok("migrate up"));
    assert_told("python", "-m http.server", Err(2));
    assert_eq!(told("python", &[]), Err(2));
}

#[test]
fn the_audit_of_row_level_security_has_its_old_name() {
    let audit = "scripts/audit_rls_coverage.py --fail-on-core-missing --output rls-audit.md";
    assert_told("python", audit, Ok("rls audit --fail-on-core-missing --output rls-audit.md"));
    let without = "backend/scripts/audit_rls_coverage.py --source metadata";
    assert_told("python", without, Ok("rls audit --source metadata"));
    assert_told("python", "-m alembic -c alembic_rls_audit.ini upgrade head", Ok("migrate up"));
    assert_told("python", "scripts/other.py", Err(2));
}
