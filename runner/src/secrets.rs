//! Secrets that a developer's machine makes for itself, once, readable by nobody else.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::RngCore;

/// The text in `file`, made by `make` the first time.
pub fn keep(file: &Path, make: impl FnOnce() -> String) -> std::io::Result<String> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(text.trim().to_owned()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            if let Some(parent) = file.parent() {
                fs::create_dir_all(parent)?;
            }
            let text = make();
            let mut out = OpenOptions::new().create_new(true).write(true).mode(0o600).open(file)?;
            writeln!(out, "{text}")?;
            out.sync_all()?;
            Ok(text)
        }
        Err(error) => Err(error),
    }
}

/// `bytes` random bytes in hexadecimal.
pub fn random_text(bytes: usize) -> String {
    hex::encode(random(bytes))
}

/// A random 32-byte key in base64.
pub fn random_key() -> String {
    STANDARD.encode(random(32))
}

fn random(bytes: usize) -> Vec<u8> {
    let mut random = vec![0; bytes];
    rand::rng().fill_bytes(&mut random);
    random
}
