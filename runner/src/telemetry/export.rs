//! Takes spans to a collector, by OTLP over HTTP. Nobody waits for it: what does not fit into its queue, or what the
//! collector does not take, is counted and gone.

use std::time::Duration;

use metrics::Counter;
use opentelemetry_otlp::{Protocol, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use reqwest::redirect::Policy;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

/// Spans that may wait, half a kilobyte each; a burst of more than that is told in part.
const QUEUE: usize = 8192;

/// Spans of one request to the collector.
const BATCH: usize = 512;

/// How long a span waits for company.
const LINGER: Duration = Duration::from_secs(1);

/// A collector that takes longer is not waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a process that ends goes on telling.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Where spans wait.
#[derive(Clone)]
pub(super) struct Queue {
    spans: Sender<SpanData>,
    dropped: Counter,
}

impl Queue {
    pub(super) fn new(length: usize) -> (Self, Receiver<SpanData>) {
        let (spans, waiting) = channel(length);
        (Self { spans, dropped: count("dropped") }, waiting)
    }

    /// Never waits.
    pub(super) fn offer(&self, span: SpanData) {
        if let Err(TrySendError::Full(_)) = self.spans.try_send(span) {
            self.dropped.increment(1);
        }
    }
}

/// The way to a collector. Ask [`Self::finish`] for what still waits.
pub struct Export {
    queue: Queue,
    stop: CancellationToken,
    task: TaskTracker,
}

impl Export {
    /// Goes on until it is told to finish; `role` is what the collector knows us by.
    pub fn start(endpoint: &Url, role: &str) -> anyhow::Result<Self> {
        let (queue, waiting) = Queue::new(QUEUE);
        let (stop, task) = (CancellationToken::new(), TaskTracker::new());
        task.spawn(run(exporter(endpoint, role)?, waiting, stop.clone()));
        task.close();
        Ok(Self { queue, stop, task })
    }

    pub(super) fn queue(&self) -> Queue {
        self.queue.clone()
    }

    /// Tells what waits, as far as there is time.
    pub async fn finish(self) {
        self.stop.cancel();
        // What is not told by then is lost with the process.
        let _ = timeout(LAST_WORDS, self.task.wait()).await;
    }
}

/// Starts what is counted at zero, also where nothing is exported.
pub(super) fn describe() {
    metrics::describe_counter!("trace_spans_total", "Spans that ended, by what became of them.");
    for outcome in ["exported", "dropped", "failed"] {
        count(outcome).absolute(0);
    }
}

fn count(outcome: &'static str) -> Counter {
    metrics::counter!("trace_spans_total", "outcome" => outcome)
}

fn exporter(endpoint: &Url, role: &str) -> anyhow::Result<impl SpanExporter + use<>> {
    let http = reqwest::Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .connect_timeout(PATIENCE)
        .timeout(PATIENCE)
        .build()?;
    let place = format!("{}/v1/traces", endpoint.as_str().trim_end_matches('/'));
    let mut exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_http_client(http)
        .with_endpoint(place)
        .with_protocol(Protocol::HttpBinary)
        .with_timeout(PATIENCE)
        .build()?;
    let version = opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let resource = Resource::builder_empty().with_service_name(format!("cleaning-{role}"));
    exporter.set_resource(&resource.with_attribute(version).build());
    Ok(exporter)
}

async fn run(
    exporter: impl SpanExporter,
    mut waiting: Receiver<SpanData>,
    stop: CancellationToken,
) {
    let (taken, failed) = (count("exported"), count("failed"));
    let mut is_well = true;
    loop {
        let batch = next(&mut waiting, &stop).await;
        if batch.is_empty() {
            return;
        }
        let spans = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let told = timeout(PATIENCE, exporter.export(batch)).await;
        let is_told = matches!(told, Ok(Ok(())));
        if is_told { &taken } else { &failed }.increment(spans);
        // Said once, not with every batch.
        match (is_well, is_told) {
            (true, false) => tracing::warn!("the collector of traces does not take them"),
            (false, true) => tracing::info!("the collector of traces takes them again"),
            _ => {}
        }
        is_well = is_told;
    }
}

/// What waits, and what comes soon after it; nothing once all is told after a stop.
async fn next(waiting: &mut Receiver<SpanData>, stop: &CancellationToken) -> Vec<SpanData> {
    let mut batch = Vec::with_capacity(BATCH);
    let come = stop.run_until_cancelled(waiting.recv_many(&mut batch, BATCH)).await;
    let until = Instant::now() + LINGER;
    while come.is_some() && batch.len() < BATCH {
        let room = BATCH - batch.len();
        let more = timeout_at(until, waiting.recv_many(&mut batch, room));
        if !matches!(stop.run_until_cancelled(more).await, Some(Ok(1..))) {
            break;
        }
    }
    if stop.is_cancelled() {
        waiting.close();
        let room = BATCH - batch.len();
        waiting.recv_many(&mut batch, room).await;
    }
    batch
}
