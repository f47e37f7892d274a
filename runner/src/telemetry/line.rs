//! One event as one line: time, level, message and logger, then the fields of its spans and its own.

use std::error::Error;
use std::fmt::{self, Debug};
use std::io;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::{LookupSpan, Scope};

use super::redact;

/// A field with this name replaces the level: `tracing` knows none above ERROR.
const SEVERITY: &str = "severity";

/// The level of what must not happen.
pub(super) const CRITICAL: &str = "CRITICAL";

/// Names the line itself uses.
const RESERVED: [&str; 4] = ["timestamp", "level", "message", "logger"];

/// Room for a usual line, so that it does not grow bit by bit.
const LENGTH: usize = 512;

/// Writes each line with one call, so that lines of several threads do not mix.
pub(super) struct Lines<W>(W);

impl<W> Lines<W> {
    pub(super) const fn new(to: W) -> Self {
        Self(to)
    }
}

impl<S, W> Layer<S> for Lines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::of_span();
        attributes.record(&mut fields);
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::of_event();
        for span in context.event_scope(event).into_iter().flat_map(Scope::from_root) {
            if let Some(of_span) = span.extensions().get::<Fields>() {
                of_span.known.iter().for_each(|(name, value)| fields.set(name, value.clone()));
            }
        }
        event.record(&mut fields);
        let metadata = event.metadata();
        #[expect(clippy::disallowed_methods, reason = "a line tells when it was written")]
        let line = fields.line(Utc::now(), *metadata.level(), metadata.target());
        // Nobody is left to tell when the log cannot be written.
        let _ = io::Write::write_all(&mut self.0.make_writer(), &line);
    }
}

/// Names and values, in the order they came.
struct Fields {
    known: Vec<(&'static str, Value)>,
    is_of_span: bool,
}

impl Fields {
    fn of_event() -> Self {
        Self { known: Vec::with_capacity(16), is_of_span: false }
    }

    fn of_span() -> Self {
        Self { known: Vec::new(), is_of_span: true }
    }

    /// What spans say with a dot in its name is for collectors of traces.
    fn skips(&self, field: &Field) -> bool {
        self.is_of_span && field.name().contains('.')
    }

    /// Takes it over unless it is for somebody else.
    fn see(&mut self, field: &Field, value: impl Into<Value>) {
        if !self.skips(field) {
            self.set(field.name(), value.into());
        }
    }

    fn set(&mut self, name: &'static str, value: Value) {
        match self.known.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.known.push((name, value)),
        }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        let found = self.known.iter().position(|(known, _)| *known == name)?;
        Some(self.known.remove(found).1)
    }

    fn line(mut self, at: DateTime<Utc>, level: Level, target: &str) -> Vec<u8> {
        let severity = self.take(SEVERITY);
        let level = severity.as_ref().and_then(Value::as_str).unwrap_or_else(|| name_of(level));
        let message = self.take("message").unwrap_or_else(|| Value::from(""));
        let mut line = Vec::with_capacity(LENGTH);
        line.push(b'{');
        put(&mut line, "timestamp", &at.to_rfc3339_opts(SecondsFormat::Millis, true));
        put(&mut line, "level", level);
        put(&mut line, "message", &redact::value("message", message));
        put(&mut line, "logger", &target.replace("::", "."));
        for (name, value) in self.known {
            let value = redact::value(name, value);
            if RESERVED.contains(&name) {
                put(&mut line, &format!("field_{name}"), &value);
            } else {
                put(&mut line, name.strip_prefix("r#").unwrap_or(name), &value);
            }
        }
        line.extend_from_slice(b"}\n");
        line
    }
}

fn put(line: &mut Vec<u8>, name: &str, value: &(impl Serialize + ?Sized)) {
    if line.len() > 1 {
        line.push(b',');
    }
    // Memory takes everything, and texts, numbers and trees of them can all be written.
    let _ = serde_json::to_writer(&mut *line, name);
    line.push(b':');
    let _ = serde_json::to_writer(line, value);
}

/// The names operators search for.
fn name_of(level: Level) -> &'static str {
    match level {
        Level::ERROR => "ERROR",
        Level::WARN => "WARNING",
        Level::INFO => "INFO",
        _ => "DEBUG",
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if !self.skips(field) {
            self.set(field.name(), Value::from(format!("{value:?}")));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.see(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.see(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.see(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.see(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.see(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.see(field, Chain(value).to_string());
    }
}

/// An error with everything that caused it.
struct Chain<'a>(&'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    fn logged(what: impl FnOnce()) -> Vec<String> {
        let memory = Arc::new(Mutex::new(Vec::new()));
        let writer = Mutex::new(Shared(Arc::clone(&memory)));
        let subscriber = tracing_subscriber::registry().with(Lines::new(writer));
        tracing::subscriber::with_default(subscriber, what);
        let text = String::from_utf8(memory.lock().unwrap().clone()).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_begins_with_time_level_message_and_logger() {
        let lines = logged(|| {
            tracing::info!(
                target: "app.request", request_id = "abc-123", status_code = 200, "request"
            );
        });
        let (at, rest) = lines[0].split_once(r#"Z","#).unwrap();
        let at = at.strip_prefix(r#"{"timestamp":""#).unwrap();
        assert!(chrono::NaiveDateTime::parse_from_str(at, "%Y-%m-%dT%H:%M:%S%.3f").is_ok());
        assert_eq!(
            rest,
            r#""level":"INFO","message":"request","logger":"app.request","request_id":"abc-123","status_code":200}"#
        );
    }

    #[test]
    fn a_warning_has_the_name_operators_search_for() {
        assert!(logged(|| tracing::warn!("late"))[0].contains(r#""level":"WARNING""#));
    }

    #[test]
    fn a_severity_replaces_the_level_and_is_no_field() {
        let line = &logged(|| tracing::error!(severity = "CRITICAL", "panic"))[0];
        assert!(line.contains(r#""level":"CRITICAL""#) && !line.contains("severity"), "{line}");
    }

    #[test]
    fn fields_of_spans_come_first_and_those_of_the_event_win() {
        let lines = logged(|| {
            let span = tracing::info_span!("job", job = "digest", attempt = 1);
            span.in_scope(|| tracing::info!(attempt = 2, "done"));
        });
        assert!(lines[0].ends_with(r#""job":"digest","attempt":2}"#), "{}", lines[0]);
    }

    #[test]
    fn what_a_span_says_to_collectors_stands_in_no_line() {
        let lines = logged(|| {
            let span = tracing::info_span!("http.request", request_id = "r", http.route = "/v1");
            span.in_scope(|| tracing::info!(db.rows = 3, "done"));
        });
        assert!(lines[0].ends_with(r#""request_id":"r","db.rows":3}"#), "{}", lines[0]);
    }

    #[test]
    fn a_line_stays_one_line_and_shows_nobody() {
        let line = &logged(|| tracing::info!(email = "dana", "mail\nto dana@example.org"))[0];
        assert!(line.contains(r#""message":"mail\nto [REDACTED_EMAIL]""#), "{line}");
        assert!(line.contains(r#""email":"[REDACTED]""#), "{line}");
    }
}
