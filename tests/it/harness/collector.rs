//! A collector of traces that keeps what it is told (OTLP over HTTP).

use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use prost::Message;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// Listens until it is dropped.
pub(crate) struct Collector {
    pub(crate) url: String,
    kept: Kept,
    _stop: DropGuard,
}

type Kept = Arc<Mutex<Vec<Told>>>;

/// One span, as far as the tests look.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    /// Name of the program.
    pub(crate) service: String,
    pub(crate) name: String,
    pub(crate) trace: String,
    pub(crate) span: String,
    /// Empty if it has none.
    pub(crate) parent: String,
    /// `name=value`, in the order they came.
    pub(crate) attributes: Vec<String>,
}

impl Told {
    pub(crate) fn says(&self, attribute: &str) -> bool {
        self.attributes.iter().any(|one| one == attribute)
    }
}

impl Collector {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (kept, closing) = (Kept::default(), CancellationToken::new());
        let (told, until) = (Arc::clone(&kept), closing.clone());
        let connections = TaskTracker::new();
        let tracker = connections.clone();
        connections.spawn(until.clone().run_until_cancelled_owned(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let told = Arc::clone(&told);
                tracker.spawn(until.clone().run_until_cancelled_owned(async move {
                    // A client that hangs up in mid-sentence is its own affair.
                    let _ = listen(stream, &told).await;
                }));
            }
        }));
        Self { url, kept, _stop: closing.drop_guard() }
    }

    /// Everything told so far.
    pub(crate) fn told(&self) -> Vec<Told> {
        self.kept.lock().unwrap().clone()
    }

    /// Waits for a span of this trace with this name.
    pub(crate) async fn hears(&self, trace: &str, name: &str) -> Told {
        loop {
            let mut told = self.told().into_iter();
            if let Some(found) = told.find(|one| one.trace == trace && one.name == name) {
                return found;
            }
            tokio::task::yield_now().await;
        }
    }
}

async fn listen(stream: TcpStream, kept: &Kept) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    while stream.read_line(&mut head).await? > 0 {
        if !head.ends_with("\r\n\r\n") {
            continue;
        }
        let lines = head.lines().filter_map(|line| line.split_once(": "));
        let mut lengths = lines.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        let length = lengths.next().map_or(0, |(_, length)| length.parse().unwrap());
        assert!(head.starts_with("POST /v1/traces HTTP/1.1"), "{head}");
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        kept.lock().unwrap().extend(read(&body));
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await?;
        head.clear();
    }
    Ok(())
}

fn read(body: &[u8]) -> Vec<Told> {
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    let mut told = Vec::new();
    for resource in request.resource_spans {
        let of = resource.resource.unwrap_or_default().attributes;
        let service = of.iter().find(|pair| pair.key == "service.name");
        let service = service.map(|pair| shown(pair.value.clone())).unwrap_or_default();
        let spans = resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
        told.extend(spans.map(|span| {
            Told {
                service: service.clone(),
                name: span.name,
                trace: hex::encode(&span.trace_id),
                span: hex::encode(&span.span_id),
                parent: hex::encode(&span.parent_span_id),
                attributes: span
                    .attributes
                    .into_iter()
                    .map(|pair| format!("{}={}", pair.key, shown(pair.value)))
                    .collect(),
            }
        }));
    }
    told
}

fn shown(value: Option<opentelemetry_proto::tonic::common::v1::AnyValue>) -> String {
    match value.and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    }
}
