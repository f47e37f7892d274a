//! Logs: one JSON object per line, without personal data. Set up once, before anything that logs.

mod line;
mod redact;

use std::io;
use std::panic;

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Crates whose lines are ours; libraries only speak up when something is wrong.
const OURS: [&str; 8] =
    ["api", "app", "cleaning", "commands", "domain", "projections", "runner", "web"];

/// Starts logging to `out`, panics included; the first call wins.
pub fn init(level: Level, out: impl for<'a> MakeWriter<'a> + Send + Sync + 'static) {
    let libraries = level.min(Level::WARN);
    let filter =
        Targets::new().with_default(libraries).with_targets(OURS.map(|target| (target, level)));
    let subscriber = tracing_subscriber::registry().with(filter).with(line::Lines::new(out));
    if subscriber.try_init().is_ok() {
        panic::set_hook(Box::new(log_panic));
    }
}

/// Standard output, where containers are read.
pub fn stdout() -> fn() -> io::Stdout {
    io::stdout
}

fn log_panic(panic: &panic::PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string);
    let message = panic.payload_as_str().unwrap_or("panic");
    tracing::error!(target: "app.panic", severity = line::CRITICAL, place, "{message}");
}
