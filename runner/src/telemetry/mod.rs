//! Logs: one JSON object per line, without personal data. Set up once, before anything that logs.

mod line;
mod redact;

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::panic;
use std::path::PathBuf;

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

/// Crates whose lines are ours; libraries only speak up when something is wrong.
const OURS: [&str; 8] =
    ["api", "app", "cleaning", "commands", "domain", "projections", "runner", "web"];

/// Where lines go.
#[derive(Clone, Debug)]
pub enum Output {
    /// For processes of an installation, whose output is collected.
    Stdout,
    /// For commands whose standard output is their result.
    Stderr,
    /// For a process whose terminal belongs to a person. Appended to.
    File(PathBuf),
}

/// Why nothing can be logged.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The log file cannot be opened.
    #[error("cannot write the log {path}: {source}")]
    File { path: PathBuf, source: io::Error },
    /// It was set up before.
    #[error("logging is already set up: {0}")]
    Twice(#[from] TryInitError),
}

/// Installs the global subscriber and has panics logged.
pub fn init(level: Level, output: &Output) -> Result<(), TelemetryError> {
    let libraries = level.min(Level::WARN);
    let filter =
        Targets::new().with_default(libraries).with_targets(OURS.map(|target| (target, level)));
    let lines = line::Lines::new(open(output)?);
    tracing_subscriber::registry().with(filter).with(lines).try_init()?;
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let message = panic.payload_as_str().unwrap_or("panic");
        tracing::error!(target: "app.panic", { line::SEVERITY } = "CRITICAL", place, "{message}");
    }));
    Ok(())
}

fn open(output: &Output) -> Result<Box<dyn Write + Send>, TelemetryError> {
    Ok(match output {
        Output::Stdout => Box::new(io::stdout()),
        Output::Stderr => Box::new(io::stderr()),
        Output::File(path) => {
            let opened = path
                .parent()
                .map_or(Ok(()), std::fs::create_dir_all)
                .and_then(|()| OpenOptions::new().create(true).append(true).mode(0o600).open(path));
            let file =
                opened.map_err(|source| TelemetryError::File { path: path.clone(), source })?;
            Box::new(file)
        }
    })
}
