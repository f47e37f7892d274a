//! The server process: started, watched and stopped by one thread that does nothing else.
//!
//! The kernel ends the server when the thread that started it ends, however our process ends. So that thread must live
//! as long as the server should: it parks here, starts the server again if it was killed, and stops it when told.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::StartError;
use super::identity::Identity;

/// How often the watching thread looks.
const LOOK: Duration = Duration::from_millis(50);

/// Between two tries to start a server that does not: a full disk, say, may get better.
const RETRY: Duration = Duration::from_secs(1);

/// How long a server may take to get ready; recovery after a crash under load takes a few seconds.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long a fast shutdown may take before it is made an immediate one; nothing is lost either way.
const SHUTDOWN: Duration = Duration::from_secs(3);

/// How to start the server.
#[derive(Clone, Debug)]
pub(super) struct Launch {
    pub(super) program: PathBuf,
    pub(super) directory: PathBuf,
    pub(super) settings: Vec<String>,
    pub(super) identity: Option<Identity>,
}

/// A running server.
#[derive(Debug)]
pub(super) struct Server {
    stop: Sender<()>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(super) fn start(launch: Launch) -> Result<Self, StartError> {
        let (stop, stopped) = mpsc::channel();
        let (ready, report) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("postgres".to_owned())
            .spawn(move || watch(&launch, &ready, &stopped))
            .map_err(|source| StartError::io("cannot start a thread", source))?;
        report.recv().map_err(|_| StartError::Died("the watching thread ended".to_owned()))??;
        Ok(Self { stop, thread: Some(thread) })
    }

    pub(super) fn stop(&mut self) {
        let _ = self.stop.send(());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn watch(launch: &Launch, ready: &Sender<Result<(), StartError>>, stop: &Receiver<()>) {
    let mut running = match run(launch) {
        Ok(child) => {
            let _ = ready.send(Ok(()));
            Some(child)
        }
        Err(error) => {
            let _ = ready.send(Err(error));
            return;
        }
    };
    let mut pause = LOOK;
    while stop.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
        if let Some(child) = &mut running {
            let Ok(Some(status)) = child.try_wait() else { continue };
            tracing::error!(%status, "PostgreSQL ended unexpectedly; starting it again");
        }
        let again = run(launch);
        pause = if again.is_ok() { LOOK } else { RETRY };
        running = again
            .inspect_err(|error| tracing::error!(%error, "PostgreSQL cannot be started again"))
            .ok();
    }
    if let Some(child) = &mut running {
        shut_down(child);
    }
}

/// Starts the server and waits until it takes connections, trying again while a killed one still lets go of its memory.
fn run(launch: &Launch) -> Result<Child, StartError> {
    let started = Instant::now();
    loop {
        let mut child = spawn(launch)?;
        loop {
            if is_ready(&launch.directory.join("data"), child.id()) {
                return Ok(child);
            }
            match child.try_wait() {
                Ok(None) => {}
                Ok(Some(_)) | Err(_) => break,
            }
            if started.elapsed() > PATIENCE {
                let _ = child.kill();
                break;
            }
            std::thread::sleep(Duration::from_millis(3));
        }
        if started.elapsed() > PATIENCE || !still_in_use(&launch.directory) {
            return Err(StartError::Died(tail(&launch.directory.join("postgres.log"))));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn spawn(launch: &Launch) -> Result<Child, StartError> {
    let log = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .custom_flags(libc::O_NOFOLLOW)
        .open(launch.directory.join("postgres.log"))
        .map_err(|source| StartError::io("cannot write the server's log", source))?;
    let errors = log
        .try_clone()
        .map_err(|source| StartError::io("cannot write the server's log", source))?;
    let mut command = command(&launch.program, &launch.directory, launch.identity);
    command.arg("-D").arg(launch.directory.join("data"));
    for setting in &launch.settings {
        command.arg("-c").arg(setting);
    }
    // A group of its own: Ctrl-C is for us, and we stop the server when its clients are done.
    command.stdout(log).stderr(errors).process_group(0);
    end_with_us(&mut command);
    command.spawn().map_err(|source| StartError::io("cannot start postgres", source))
}

/// A command with nothing of our environment, as `identity`.
pub(super) fn command(program: &Path, directory: &Path, identity: Option<Identity>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(directory).env_clear().stdin(Stdio::null());
    command.env("PATH", "/usr/bin:/bin").env("LC_ALL", "C.UTF-8").env("TZ", "UTC");
    if !program.starts_with("/usr")
        && let Some(root) = program.ancestors().nth(2)
    {
        // Relocated packages bring libraries that their programs do not find by themselves.
        command.env("LD_LIBRARY_PATH", root.join("lib"));
        command.env("DYLD_LIBRARY_PATH", root.join("lib"));
    }
    if let Some(Identity { uid, gid }) = identity {
        command.gid(gid).uid(uid);
    }
    command
}

/// Fast shutdown of the server when the starting thread is gone, even by SIGKILL.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "pre_exec is unsafe; both calls are safe between fork and exec")]
fn end_with_us(command: &mut Command) {
    let parent = std::process::id();
    // SAFETY: prctl with these arguments and getppid are async-signal-safe and touch no memory of ours.
    unsafe {
        command.pre_exec(move || {
            if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGINT) != 0 {
                return Err(std::io::Error::last_os_error());
            }
            // Had we died before that line, nobody would send the signal any more.
            let is_ours = u32::try_from(libc::getppid()) == Ok(parent);
            if is_ours { Ok(()) } else { Err(std::io::ErrorKind::NotConnected.into()) }
        });
    }
}

/// Other systems have no such signal; a server left behind is found and used again by the next start.
#[cfg(not(target_os = "linux"))]
fn end_with_us(_: &mut Command) {}

fn shut_down(child: &mut Child) {
    signal(child.id(), libc::SIGINT);
    let asked = Instant::now();
    while asked.elapsed() < SHUTDOWN {
        if !matches!(child.try_wait(), Ok(None)) {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    signal(child.id(), libc::SIGQUIT);
    let _ = child.wait();
}

#[expect(unsafe_code, reason = "std cannot send any signal but SIGKILL")]
fn signal(pid: u32, signal: i32) {
    let Ok(pid) = i32::try_from(pid) else { return };
    // SAFETY: sends a signal to a child of ours that has not been waited for.
    unsafe {
        libc::kill(pid, signal);
    }
}

/// The eighth line of `postmaster.pid` says when the server takes connections; the first says which server.
fn is_ready(data: &Path, pid: u32) -> bool {
    let text = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
    let mut lines = text.lines();
    lines.next().is_some_and(|line| line.trim() == pid.to_string())
        && lines.nth(6).is_some_and(|line| line.trim() == "ready")
}

/// Whether the last start failed only because processes of a killed server are still there.
fn still_in_use(directory: &Path) -> bool {
    let log = tail(&directory.join("postgres.log"));
    ["still in use", "is another", "Is another", "already exists"]
        .iter()
        .any(|sign| log.contains(sign))
}

fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().rev().take(8).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}
