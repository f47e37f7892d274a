//! A way to a server that can be cut and mended, as a network can.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Listens on a port of its own for whatever is at another.
pub(crate) struct Relay {
    pub(crate) port: u16,
    target: SocketAddr,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Relay {
    /// To `port` of this machine.
    pub(crate) async fn to(port: u16) -> Self {
        let target = SocketAddr::from(([127, 0, 0, 1], port));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let relay =
            Self { port, target, stop: CancellationToken::new(), tasks: TaskTracker::new() };
        relay.accept(listener);
        relay
    }

    fn accept(&self, listener: TcpListener) {
        let (target, stop, tasks) = (self.target, self.stop.clone(), self.tasks.clone());
        self.tasks.spawn(self.stop.clone().run_until_cancelled_owned(async move {
            while let Ok((mut from, _)) = listener.accept().await {
                tasks.spawn(stop.clone().run_until_cancelled_owned(async move {
                    if let Ok(mut to) = TcpStream::connect(target).await {
                        // How either side leaves is its own affair.
                        let _ = copy_bidirectional(&mut from, &mut to).await;
                    }
                }));
            }
        }));
    }

    /// Nobody gets through any more, nor do those who had.
    pub(crate) async fn cut(&mut self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Everybody gets through again.
    pub(crate) async fn mend(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        self.stop = CancellationToken::new();
        self.tasks = TaskTracker::new();
        self.accept(listener);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
