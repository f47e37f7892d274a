//! The real program as a process: started, read, stopped politely or killed.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::TestDb;
use super::client::plain;
use super::database::MASTER_KEY;

/// A start with an empty database on a busy machine; nothing waits this long otherwise.
const PATIENCE: Duration = Duration::from_mins(1);

/// Between two looks whether a process has come or gone.
const LOOK: Duration = Duration::from_millis(10);

/// 32 bytes in base64, good for tests only.
pub(crate) const SIGNING_KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

/// A running process. Killed when dropped.
pub(crate) struct Program {
    child: Child,
    lines: Receiver<String>,
    errors: Receiver<String>,
}

impl Program {
    /// Starts it with these arguments and nothing of our environment but `environment`.
    pub(crate) fn start(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut child = command(arguments, environment).spawn().unwrap();
        let lines = read(child.stdout.take().unwrap());
        let errors = read(child.stderr.take().unwrap());
        Self { child, lines, errors }
    }

    /// Starts it and waits for its end.
    pub(crate) fn output(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
        let mut program = Self::start(arguments, environment);
        let deadline = Instant::now() + PATIENCE;
        while program.child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "{arguments:?} does not end: {}", program.errors());
            std::thread::park_timeout(LOOK);
        }
        let status = program.child.wait().unwrap();
        // The readers end with the process.
        let all = |lines: &Receiver<String>| lines.iter().collect::<Vec<_>>().join("\n");
        let (stdout, stderr) = (all(&program.lines), all(&program.errors));
        Output { status, stdout: stdout.into(), stderr: stderr.into() }
    }

    /// The next line of standard output that begins like this, without the beginning.
    pub(crate) fn line(&mut self, beginning: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("no line begins with {beginning:?}; errors: {}", self.errors())
            };
            if let Some(rest) = line.strip_prefix(beginning) {
                return rest.to_owned();
            }
        }
    }

    /// What `dev` tells when everything answers.
    pub(crate) fn ready(&mut self) -> Value {
        serde_json::from_str(&self.line("ready ")).unwrap()
    }

    /// Everything written to standard error so far.
    pub(crate) fn errors(&self) -> String {
        self.errors.try_iter().collect::<Vec<_>>().join("\n")
    }

    /// Stops it, and tells what it had written to standard output and nobody has read.
    pub(crate) fn rest(&mut self) -> String {
        self.signal("TERM");
        self.child.wait().unwrap();
        self.lines.iter().collect::<Vec<_>>().join("\n")
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends `name`, as the command `kill` knows it.
    pub(crate) fn signal(&self, name: &str) {
        send(name, self.pid());
    }

    /// SIGTERM, and how it ends.
    pub(crate) fn stop(self) -> ExitStatus {
        self.end("TERM")
    }

    /// Any signal that ends it, and how it ends.
    pub(crate) fn end(mut self, name: &str) -> ExitStatus {
        self.signal(name);
        self.child.wait().unwrap()
    }

    /// SIGKILL.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Already ended is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A role that answers HTTP.
pub(crate) struct Served {
    pub(crate) program: Program,
    /// Without a slash at its end.
    pub(crate) url: String,
}

impl Served {
    /// `api`, `jobs` or `web` on a free port, over this database. Returns when it answers.
    pub(crate) async fn start(role: &str, db: &TestDb, environment: &[(&str, &str)]) -> Self {
        Self::over(role, &db.url("cleaning_app"), &db.url("cleaning_worker"), environment).await
    }

    /// As [`Self::start`], over any database.
    pub(crate) async fn over(
        role: &str,
        app: &str,
        worker: &str,
        environment: &[(&str, &str)],
    ) -> Self {
        let address = format!("127.0.0.1:{}", free_port());
        let mut all = vec![
            ("APP_ENV", "dev"),
            ("DATABASE_URL", app),
            ("DATABASE_WORKER_URL", worker),
            ("PII_MASTER_KEY", MASTER_KEY),
            ("AUTH_SECRET_KEY", "a key that signs tokens of tests only"),
            ("HISTORY_SIGNING_KEY", SIGNING_KEY),
            ("API_BIND", &address),
            ("JOBS_BIND", &address),
            ("WEB_BIND", &address),
        ];
        all.extend(environment);
        let program = Program::start(&[role], &all);
        let served = Self { program, url: format!("http://{address}") };
        served.answers().await;
        served
    }

    async fn answers(&self) {
        let http = client();
        // Every role has this route; the screens have no other.
        let url = format!("{}/healthz", self.url);
        let deadline = Instant::now() + PATIENCE;
        while !http.get(&url).send().await.is_ok_and(|answer| answer.status().is_success()) {
            assert!(Instant::now() < deadline, "no answer; errors: {}", self.program.errors());
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// A client without a pool, so that no connection outlives what it was made to.
pub(crate) fn client() -> reqwest::Client {
    plain().pool_max_idle_per_host(0).build().unwrap()
}

/// Sends a signal to a process.
pub(crate) fn send(name: &str, pid: u32) {
    let sent = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status();
    assert!(sent.unwrap().success(), "{name} to {pid}");
}

fn command(arguments: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cleaning-under-test"));
    command.args(arguments).env_clear().env("PATH", "/usr/bin:/bin").envs(environment.to_vec());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Reads to the end on a thread of its own: a process whose output nobody reads would stand still.
fn read(from: impl Read + Send + 'static) -> Receiver<String> {
    let (send, receive) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            // Nobody listening: still read on.
            let _ = send.send(line);
        }
    });
    receive
}

/// Free now; whoever asks for any port next gets another for a while.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}
