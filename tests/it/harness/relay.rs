//! A way to a server that can be cut, stand still and be mended, as a network can.

use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Listens on a port of its own for whatever is at another.
pub(crate) struct Relay {
    pub(crate) port: u16,
    target: SocketAddr,
    flows: watch::Sender<bool>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Relay {
    /// To `port` of this machine.
    pub(crate) async fn to(port: u16) -> Self {
        let target = SocketAddr::from(([127, 0, 0, 1], port));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (flows, stop) = (watch::Sender::new(true), CancellationToken::new());
        let relay = Self { port, target, flows, stop, tasks: TaskTracker::new() };
        relay.accept(listener);
        relay
    }

    fn accept(&self, listener: TcpListener) {
        let (target, stop, tasks) = (self.target, self.stop.clone(), self.tasks.clone());
        let flows = self.flows.subscribe();
        self.tasks.spawn(self.stop.clone().run_until_cancelled_owned(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let flows = flows.clone();
                tasks.spawn(stop.clone().run_until_cancelled_owned(async move {
                    if let Ok(mut server) = TcpStream::connect(target).await {
                        let (asks, hears) = client.split();
                        let (answers, listens) = server.split();
                        tokio::join!(
                            pass(asks, listens, flows.clone()),
                            pass(answers, hears, flows),
                        );
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

    /// Whoever is connected stays so, and hears nothing any more.
    pub(crate) fn stand_still(&self) {
        self.flows.send_replace(false);
    }

    /// What was held back arrives.
    pub(crate) fn flow(&self) {
        self.flows.send_replace(true);
    }

    /// Everybody gets through again.
    pub(crate) async fn mend(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        self.stop = CancellationToken::new();
        self.tasks = TaskTracker::new();
        self.accept(listener);
    }
}

/// Hands on what comes in, when it may, until one side leaves; how it leaves is its own affair.
async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut flows: watch::Receiver<bool>,
) {
    let mut buffer = [0; 8192];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let open = flows.wait_for(|flows| *flows).await.is_ok();
        if !open || to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
    let _ = to.shutdown().await;
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
