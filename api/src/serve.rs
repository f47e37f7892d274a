//! Accepts connections, so that a slow or oversized request head cannot hold one, until told to stop.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::unread::Worded;

/// A head that takes longer is not meant to end.
const HEAD: Duration = Duration::from_secs(10);

/// Largest head, in bytes.
const LARGEST_HEAD: usize = 32 * 1024;

/// Told to answers that would go on for as long as somebody listens. A process that nobody stops never drains.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draining(Option<CancellationToken>);

impl Draining {
    /// Whether such an answer has to end.
    pub(crate) fn is_draining(&self) -> bool {
        self.0.as_ref().is_some_and(CancellationToken::is_cancelled)
    }

    /// Until it has to.
    pub(crate) async fn wait(&self) {
        match &self.0 {
            Some(stop) => stop.cancelled().await,
            None => std::future::pending().await,
        }
    }
}

/// Serves `router` on `listener` until `stop`, then lets the requests in progress end for as long as `drain`.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stop: CancellationToken,
    drain: Duration,
) {
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                connections.spawn(connection(stream, peer, router.clone(), stop.clone()));
            }
            Err(error) => recover(&error).await,
        }
    }
    connections.close();
    let _ = timeout(drain, connections.wait()).await;
}

/// A connection that ended before it was accepted is nobody's concern; a lack of descriptors passes.
async fn recover(error: &io::Error) {
    let gone = [io::ErrorKind::ConnectionAborted, io::ErrorKind::ConnectionReset];
    if !gone.contains(&error.kind()) {
        tracing::error!(%error, "cannot accept connections");
        sleep(Duration::from_millis(100)).await;
    }
}

async fn connection(stream: TcpStream, peer: SocketAddr, router: Router, stop: CancellationToken) {
    // Answers are one write each; waiting to fill a packet would only delay them.
    let _ = stream.set_nodelay(true);
    let draining = Draining(Some(stop.clone()));
    let service = router.map_request(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(draining.clone());
        request.map(axum::body::Body::new)
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(LARGEST_HEAD);
    let io = TokioIo::new(Worded::new(stream));
    let served = http.serve_connection(io, TowerToHyperService::new(service));
    let mut served = std::pin::pin!(served);
    // How a client leaves is its own affair.
    tokio::select! {
        _ = served.as_mut() => {}
        () = stop.cancelled() => {
            served.as_mut().graceful_shutdown();
            let _ = served.await;
        }
    }
}
