//! The real program in its release build, as a process whose processor time and memory can be read.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::processor;
use crate::stage::{MASTER_KEY, Stage};

/// A running process of the program.
pub(crate) struct Program {
    child: Child,
    pub(crate) port: u16,
}

impl Program {
    /// Starts `role` (`api` or `jobs`) and waits until it answers.
    pub(crate) fn start(stage: &Stage, role: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new(env!("CARGO_BIN_EXE_cleaning-under-test"))
            .arg(role)
            .env("APP_ENV", "dev")
            .env("DATABASE_URL", &stage.app_url)
            .env("DATABASE_WORKER_URL", &stage.worker_url)
            .env("PII_MASTER_KEY", MASTER_KEY)
            .env("AUTH_SECRET_KEY", "a key that signs tokens of benchmarks only")
            .env("HISTORY_SIGNING_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
            .env("API_BIND", format!("127.0.0.1:{port}"))
            .env("JOBS_BIND", format!("127.0.0.1:{port}"))
            // One line per request goes nowhere here; writing it is measured all the same.
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "{role} does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { child, port }
    }

    /// Seconds of processor time so far.
    pub(crate) fn cpu(&self) -> f64 {
        processor::of(self.child.id())
    }

    /// Megabytes of resident memory.
    pub(crate) fn memory(&self) -> f64 {
        processor::memory(self.child.id())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
