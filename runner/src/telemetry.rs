//! Logs: one JSON object per line.

use std::io;

use tracing_subscriber::fmt::MakeWriter;

/// Starts logging to `out`; the first call wins.
pub fn init(level: tracing::Level, out: impl for<'a> MakeWriter<'a> + Send + Sync + 'static) {
    let _ = tracing_subscriber::fmt().json().with_max_level(level).with_writer(out).try_init();
}

/// Standard output, where containers are read.
pub fn stdout() -> fn() -> io::Stdout {
    io::stdout
}
