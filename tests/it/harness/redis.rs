//! A Redis of one test, on a port of its own.

use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::program::free_port;

/// It starts in a few milliseconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// Between two looks whether it is there.
const LOOK: Duration = Duration::from_millis(5);

/// Killed when dropped; it keeps nothing.
pub(crate) struct Redis {
    server: Child,
    port: u16,
}

impl Redis {
    /// `None` on a machine without the program, which is a failure where everything is checked.
    pub(crate) fn start() -> Option<Self> {
        Self::start_on(free_port())
    }

    fn start_on(port: u16) -> Option<Self> {
        let mut command = Command::new("redis-server");
        command.args(["--port", &port.to_string(), "--bind", "127.0.0.1"]);
        command.args(["--save", "", "--appendonly", "no"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let server = match command.spawn() {
            Ok(server) => server,
            Err(error) => {
                assert!(std::env::var_os("CI").is_none(), "redis-server is needed here: {error}");
                return None;
            }
        };
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "redis-server does not answer");
            std::thread::park_timeout(LOOK);
        }
        Some(Self { server, port })
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// Ends it, with all it knows.
    pub(crate) fn kill(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }

    /// Another one where this one was.
    pub(crate) fn restart(&mut self) {
        *self = Self::start_on(self.port).unwrap();
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
