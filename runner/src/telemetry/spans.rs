//! Spans of ours as those of OpenTelemetry.
//!
//! Of its fields a span tells a collector those with a dot in their names, and no others: whoever writes such a field
//! writes it for collectors, and puts nothing about a person into it. Log lines keep to the fields without one.
//!
//! `trace_id` and `span_id` are the ones of the log, `trace.parent` and `trace.is_sampled` come from whoever asks. Without
//! them a span belongs to the one around it. What a command sets off later goes on in its trace, if the command came
//! in one: its `correlation_id` is the id of that trace then.

use std::borrow::Cow;
use std::fmt::Debug;
use std::time::SystemTime;

use opentelemetry::trace::{
    SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{InstrumentationScope, KeyValue, Value};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::export::Queue;
use super::is_span_of_ours;

const METHOD: &str = "http.request.method";
const ROUTE: &str = "http.route";
const FAILURE: &str = "error.type";

/// Puts every span that has ended into a queue.
pub(super) struct Spans(Queue);

impl Spans {
    pub(super) const fn new(to: Queue) -> Self {
        Self(to)
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id).filter(|span| is_span_of_ours(span.metadata())) else {
            return;
        };
        let mut open = Open::new();
        attributes.record(&mut open);
        if let Some(around) = span.parent()
            && let Some(around) = around.extensions().get::<Open>()
        {
            open.belongs_to(around);
        }
        open.complete();
        span.extensions_mut().insert(open);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(open) = span.extensions_mut().get_mut::<Open>() {
            values.record(open);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let open = span.extensions_mut().remove::<Open>();
        if let Some(open) = open.filter(|open| open.is_sampled) {
            self.0.offer(open.ended(span.metadata()));
        }
    }
}

/// A span that has not ended.
struct Open {
    trace: Option<TraceId>,
    /// Of the command that set it off, if it was part of one.
    origin: Option<TraceId>,
    span: Option<SpanId>,
    parent: SpanId,
    /// Whether its parent is in another process.
    is_remote: bool,
    is_sampled: bool,
    kind: SpanKind,
    started: SystemTime,
    attributes: Vec<KeyValue>,
}

impl Open {
    fn new() -> Self {
        Self {
            trace: None,
            origin: None,
            span: None,
            parent: SpanId::INVALID,
            is_remote: false,
            is_sampled: true,
            kind: SpanKind::Internal,
            started: SystemTime::now(),
            attributes: Vec::with_capacity(4),
        }
    }

    /// Unless it is part of a trace of its own.
    fn belongs_to(&mut self, around: &Self) {
        if self.trace.or(self.origin).is_some() {
            return;
        }
        self.trace = around.trace;
        self.parent = around.span.unwrap_or(SpanId::INVALID);
        self.is_sampled &= around.is_sampled;
    }

    fn complete(&mut self) {
        let trace = self.trace.or(self.origin);
        self.trace = Some(trace.unwrap_or_else(|| TraceId::from(rand::random::<u128>())));
        self.span.get_or_insert_with(|| SpanId::from(rand::random::<u64>()));
    }

    fn ended(self, metadata: &'static Metadata<'static>) -> SpanData {
        let name = self.name().map_or(Cow::Borrowed(metadata.name()), Cow::Owned);
        let has_failed = self.attribute(FAILURE).is_some();
        let flags = TraceFlags::SAMPLED;
        let (trace, span) = (self.trace.unwrap_or(TraceId::INVALID), self.span);
        let span = span.unwrap_or(SpanId::INVALID);
        SpanData {
            span_context: SpanContext::new(trace, span, flags, false, TraceState::NONE),
            parent_span_id: self.parent,
            parent_span_is_remote: self.is_remote,
            span_kind: self.kind,
            name,
            start_time: self.started,
            end_time: SystemTime::now(),
            attributes: self.attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: if has_failed { Status::error("") } else { Status::Unset },
            instrumentation_scope: InstrumentationScope::builder(metadata.target()).build(),
        }
    }

    /// Requests are called by method and route.
    fn name(&self) -> Option<String> {
        Some(format!("{} {}", self.attribute(METHOD)?.as_str(), self.attribute(ROUTE)?.as_str()))
    }

    fn attribute(&self, name: &str) -> Option<&Value> {
        let found = self.attributes.iter().find(|pair| pair.key.as_str() == name);
        found.map(|pair| &pair.value)
    }

    fn set(&mut self, name: &'static str, value: Value) {
        if name.contains('.') {
            self.attributes.push(KeyValue::new(name, value));
        }
    }

    fn text(&mut self, name: &'static str, value: &str) {
        match name {
            "trace_id" => self.trace = trace_id(value),
            "correlation_id" => self.origin = trace_id(value),
            "span_id" => self.span = SpanId::from_hex(value).ok(),
            "trace.parent" => {
                self.parent = SpanId::from_hex(value).unwrap_or(SpanId::INVALID);
                self.is_remote = self.parent != SpanId::INVALID;
            }
            "otel.kind" => {
                self.kind = match value {
                    "server" => SpanKind::Server,
                    "client" => SpanKind::Client,
                    "consumer" => SpanKind::Consumer,
                    _ => SpanKind::Internal,
                }
            }
            _ => self.set(name, Value::from(value.to_owned())),
        }
    }
}

/// What is one in 32 digits. A correlation may be any text.
fn trace_id(text: &str) -> Option<TraceId> {
    let is_hex = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let is_one = text.len() == 32 && text.bytes().all(is_hex);
    let id = is_one.then(|| TraceId::from_hex(text).ok()).flatten()?;
    (id != TraceId::INVALID).then_some(id)
}

impl Visit for Open {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Shown by `Display` where it is written with a percent sign.
        self.text(field.name(), &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field.name(), Value::from(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field.name(), Value::from(i64::try_from(value).unwrap_or(i64::MAX)));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        match field.name() {
            "trace.is_sampled" => self.is_sampled = value,
            name => self.set(name, Value::from(value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::Receiver;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const SPAN: &str = "b7ad6b7169203331";

    fn told(what: impl FnOnce()) -> Vec<SpanData> {
        let (queue, mut spans): (Queue, Receiver<SpanData>) = Queue::new(8);
        let subscriber = tracing_subscriber::registry().with(Spans::new(queue));
        tracing::subscriber::with_default(subscriber, what);
        std::iter::from_fn(|| spans.try_recv().ok()).collect()
    }

    #[test]
    fn a_request_has_the_ids_of_its_log_lines_and_is_called_by_method_and_route() {
        let told = told(|| {
            let parent = "00f067aa0ba902b7";
            let span = tracing::info_span!(
                "http.request", request_id = "r-1", trace_id = %TRACE, span_id = %SPAN,
                trace.parent = parent, otel.kind = "server", http.request.method = "GET",
                http.route = "/v1/leads", http.response.status_code = tracing::field::Empty,
            );
            span.in_scope(|| tracing::info_span!("command.handle", es.command = "close"));
            span.record("http.response.status_code", 200);
        });
        let [command, request] = &told[..] else { panic!("{told:?}") };
        assert_eq!(request.span_context.trace_id().to_string(), TRACE);
        assert_eq!(request.span_context.span_id().to_string(), SPAN);
        assert_eq!(request.parent_span_id.to_string(), "00f067aa0ba902b7");
        assert!(request.parent_span_is_remote && request.span_kind == SpanKind::Server);
        assert_eq!(request.name, "GET /v1/leads");
        let names: Vec<_> = request.attributes.iter().map(|pair| pair.key.as_str()).collect();
        assert_eq!(names, [METHOD, ROUTE, "http.response.status_code"]);
        assert_eq!((request.status.clone(), &*command.name), (Status::Unset, "command.handle"));
        assert_eq!(command.span_context.trace_id().to_string(), TRACE);
        assert_eq!(command.parent_span_id.to_string(), SPAN);
        assert!(!command.parent_span_is_remote);
    }

    #[test]
    fn what_is_not_sampled_is_not_told_nor_anything_in_it() {
        let told = told(|| {
            let span = tracing::info_span!("http.request", trace.is_sampled = false);
            span.in_scope(|| tracing::info_span!("command.handle"));
        });
        assert_eq!(told.len(), 0);
    }

    #[test]
    fn an_effect_goes_on_in_the_trace_of_its_command_if_there_was_one() {
        let told = told(|| {
            let job = tracing::info_span!("job.run");
            job.in_scope(|| {
                tracing::info_span!("effect.deliver", correlation_id = TRACE);
                tracing::info_span!("effect.deliver", correlation_id = "dana@example.org");
            });
        });
        let [traced, other, job] = &told[..] else { panic!("{told:?}") };
        assert_eq!(traced.span_context.trace_id().to_string(), TRACE);
        assert_eq!(traced.parent_span_id, SpanId::INVALID);
        assert_eq!(other.span_context.trace_id(), job.span_context.trace_id());
        assert_eq!(other.parent_span_id, job.span_context.span_id());
        assert!(told.iter().all(|span| span.attributes.is_empty()), "{told:?}");
    }

    #[test]
    fn a_failure_shows() {
        let told = told(|| {
            let span = tracing::info_span!("job.run", error.type = tracing::field::Empty);
            span.record("error.type", "database");
        });
        assert_eq!(told[0].status, Status::error(""));
    }
}
