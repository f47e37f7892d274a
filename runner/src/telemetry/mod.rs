//! Logs: one JSON object per line, without personal data. Traces: spans, for a collector if there is one. Set up once,
//! before anything that logs.

mod export;
mod line;
mod redact;
mod spans;

use std::io;
use std::panic;

use tracing::{Level, Metadata};
use tracing_subscriber::filter::{LevelFilter, Targets, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

pub use self::export::Export;

/// Crates whose lines are ours; libraries only speak up when something is wrong.
const OURS: [&str; 8] =
    ["api", "app", "cleaning", "commands", "domain", "projections", "runner", "web"];

/// Starts logging to `out`, panics included, and telling spans to `export`; the first call wins.
pub fn init(
    level: Level,
    out: impl for<'a> MakeWriter<'a> + Send + Sync + 'static,
    export: Option<&Export>,
) {
    export::describe();
    let libraries = level.min(Level::WARN);
    let logged =
        Targets::new().with_default(libraries).with_targets(OURS.map(|target| (target, level)));
    let is_exporting = export.is_some();
    // One filter for all. Filters of each layer would lose spans: the database library asks whether its statements are
    // logged and then logs none, and the next span is taken for what was asked about.
    let filter = filter_fn(move |metadata| {
        is_exporting && is_span_of_ours(metadata)
            || logged.would_enable(metadata.target(), metadata.level())
    });
    let least = if is_exporting { level.max(Level::DEBUG) } else { level };
    let is_first = tracing_subscriber::registry()
        .with(filter.with_max_level_hint(LevelFilter::from_level(least)))
        .with(line::Lines::new(out))
        .with(export.map(|export| spans::Spans::new(export.queue())))
        .try_init()
        .is_ok();
    if is_first {
        panic::set_hook(Box::new(log_panic));
    }
}

/// Spans are told to collectors whatever is logged, unless they are of libraries.
fn is_span_of_ours(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && OURS.iter().any(|ours| metadata.target().starts_with(ours))
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
