//! Providers that tests run themselves.

use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Where `router` answers until the guard is dropped.
pub(super) async fn served(router: Router) -> (String, DropGuard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let stop = CancellationToken::new();
    let until = stop.clone();
    #[expect(clippy::disallowed_methods, reason = "ends when the test does")]
    tokio::spawn(async move {
        let served = axum::serve(listener, router).with_graceful_shutdown(until.cancelled_owned());
        served.await.unwrap();
    });
    (base, stop.drop_guard())
}
