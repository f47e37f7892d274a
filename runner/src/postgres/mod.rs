//! A private PostgreSQL in a directory: no daemon, no container, no root.

mod find;
mod identity;
mod server;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use identity::Identity;
use server::{Launch, Server};

/// Longest directory whose socket still fits into a socket address.
const LONGEST_SOCKET_DIRECTORY: usize = 85;

/// How careful the server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// As in production: what is committed is on disk.
    Durable,
    /// For tests: survives a crash of the server, not of the machine.
    Test,
}

/// Where and how to run a cluster.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its directory; made if missing.
    pub directory: PathBuf,
    /// Its TCP port on 127.0.0.1; 0 is any free one.
    pub port: u16,
    /// How careful it is.
    pub profile: Profile,
}

/// Why there is no cluster.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Nothing to run.
    #[error("{}", find::MISSING)]
    NotInstalled,
    /// The cluster was made by a version that is not installed.
    #[error("the database in {directory} was made by PostgreSQL {major}, which is not installed")]
    OtherMajor {
        /// Where.
        directory: String,
        /// By which version.
        major: u32,
    },
    /// Another process runs it.
    #[error(
        "the database in {0} is in use by another process; stop that one, or use another --data-dir"
    )]
    InUse(String),
    /// The machine said no.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// What it said.
        source: io::Error,
    },
    /// The server did not come up.
    #[error("PostgreSQL did not start; the end of its log:\n{0}")]
    Died(String),
}

impl StartError {
    fn io(what: &'static str, source: io::Error) -> Self {
        Self::Io { what, source }
    }
}

/// A running cluster. Dropping it stops the server.
pub struct Cluster {
    server: Server,
    port: u16,
    password: String,
    // Held for as long as we live: nobody else may start this cluster.
    _lock: File,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cluster(port {})", self.port)
    }
}

impl Cluster {
    /// Starts the cluster in `options.directory`, making it first if there is none.
    pub fn start(options: &Options) -> Result<Self, StartError> {
        let identity = identity::unprivileged();
        let directory = place(&options.directory, identity)?;
        let lock = lock(&directory)?;
        let major = made_by(&directory);
        let Some(found) = find::server(major) else {
            let at = directory.display().to_string();
            return Err(major.map_or(StartError::NotInstalled, |major| StartError::OtherMajor {
                directory: at,
                major,
            }));
        };
        let password = password(&directory)?;
        if major.is_none() {
            initialise(&found.bin, &directory, identity, &password)?;
        }
        let sockets = socket_directory(&directory, identity)?;
        let port = match options.port {
            0 => free_port()?,
            port => port,
        };
        let mut settings =
            vec![format!("unix_socket_directories={}", sockets.display()), format!("port={port}")];
        let always = COMMON.iter().chain(profile_settings(options.profile));
        settings.extend(always.map(|&text| text.to_owned()));
        if find::has_library(&found.bin, "pg_stat_statements") {
            settings.push("shared_preload_libraries=pg_stat_statements".to_owned());
        }
        let launch = Launch { program: found.bin.join("postgres"), directory, settings, identity };
        Ok(Self { server: Server::start(launch)?, port, password, _lock: lock })
    }

    /// Address of `database` for the administrator.
    pub fn admin_url(&self, database: &str) -> String {
        self.url("postgres", &self.password, database)
    }

    /// Address of `database` for `role`.
    pub fn url(&self, role: &str, password: &str, database: &str) -> String {
        format!("postgres://{role}:{password}@127.0.0.1:{}/{database}", self.port)
    }

    /// Stops the server; everything committed is kept.
    pub fn stop(&mut self) {
        self.server.stop();
    }
}

/// What every server runs with.
const COMMON: [&str; 5] = [
    "listen_addresses=127.0.0.1",
    "jit=off",
    "timezone=UTC",
    // What a statement was refused for may quote personal data; the program logs what matters without it.
    "log_min_messages=log",
    "log_min_error_statement=panic",
];

/// Sorting by bytes is fast and the same everywhere; letters beyond ASCII still have an upper and a lower case.
const CTYPE: &str = if cfg!(target_os = "macos") { "UTF-8" } else { "C.UTF-8" };

/// How long a predecessor may take to let go of its directory: one that was killed is gone in milliseconds.
const PREDECESSOR: Duration = Duration::from_secs(2);

fn profile_settings(profile: Profile) -> &'static [&'static str] {
    match profile {
        Profile::Durable => &["max_connections=200", "shared_buffers=256MB", "max_wal_size=2GB"],
        Profile::Test => &[
            "max_connections=300",
            "shared_buffers=128MB",
            "max_wal_size=4GB",
            "fsync=off",
            "full_page_writes=off",
            "synchronous_commit=off",
            "wal_level=minimal",
            "max_wal_senders=0",
            "autovacuum=off",
        ],
    }
}

/// The directory itself, or one that the server's user can reach, noted in the one that was asked for.
fn place(wanted: &Path, identity: Option<Identity>) -> Result<PathBuf, StartError> {
    fs::create_dir_all(wanted)
        .map_err(|source| StartError::io("cannot make the directory", source))?;
    let real = fs::canonicalize(wanted)
        .map_err(|source| StartError::io("cannot read the directory", source))?;
    let Some(identity) = identity else { return Ok(real) };
    let directory = if identity::can_reach(&real, identity) {
        real
    } else {
        let name =
            uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, real.to_string_lossy().as_bytes());
        let elsewhere = PathBuf::from(format!("/var/tmp/cleaning-{}", name.simple()));
        make_private(&elsewhere, identity)
            .map_err(|source| StartError::io("cannot use a directory in /var/tmp", source))?;
        let note = elsewhere.display().to_string();
        fs::write(real.join("MOVED"), note)
            .map_err(|source| StartError::io("cannot leave a note", source))?;
        elsewhere
    };
    own(&directory, identity)?;
    Ok(directory)
}

/// Makes a directory where everybody may: one that is there already must be the server's, not somebody's trap.
fn make_private(directory: &Path, identity: Identity) -> io::Result<()> {
    match fs::DirBuilder::new().mode(0o700).create(directory) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => return made,
    }
    let found = fs::symlink_metadata(directory)?;
    let is_safe = found.is_dir() && [0, identity.uid].contains(&found.uid());
    if is_safe { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
}

fn own(path: &Path, identity: Identity) -> Result<(), StartError> {
    chown(path, Some(identity.uid), Some(identity.gid))
        .map_err(|source| StartError::io("cannot hand the directory to the server's user", source))
}

fn lock(directory: &Path) -> Result<File, StartError> {
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .custom_flags(libc::O_NOFOLLOW)
        .open(directory.join("lock"))
        .map_err(|source| StartError::io("cannot write to the directory", source))?;
    let asked = Instant::now();
    while file.try_lock().is_err() {
        if asked.elapsed() > PREDECESSOR {
            return Err(StartError::InUse(directory.display().to_string()));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(file)
}

fn made_by(directory: &Path) -> Option<u32> {
    fs::read_to_string(directory.join("data/PG_VERSION")).ok()?.trim().parse().ok()
}

/// The administrator's password, made once.
fn password(directory: &Path) -> Result<String, StartError> {
    crate::secrets::keep(&directory.join("admin-password"), || crate::secrets::random_text(16))
        .map_err(|source| StartError::io("cannot keep the administrator's password", source))
}

fn initialise(
    bin: &Path,
    directory: &Path,
    identity: Option<Identity>,
    password: &str,
) -> Result<(), StartError> {
    let unfinished = directory.join("data.unfinished");
    let _ = fs::remove_dir_all(&unfinished);
    let secret = directory.join("initdb-password");
    // One left behind by a killed start may be somebody else's to read.
    let _ = fs::remove_file(&secret);
    let written = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&secret);
    written
        .and_then(|mut file| writeln!(file, "{password}"))
        .map_err(|source| StartError::io("cannot write the initial password", source))?;
    if let Some(identity) = identity {
        own(&secret, identity)?;
    }
    let made = server::command(&bin.join("initdb"), directory, identity)
        .args(["-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"])
        .arg(format!("--lc-ctype={CTYPE}"))
        .args(["--auth-local=scram-sha-256", "--auth-host=scram-sha-256"])
        .arg("--pwfile")
        .arg(&secret)
        .arg("-D")
        .arg(&unfinished)
        .output();
    let _ = fs::remove_file(&secret);
    let made = made.map_err(|source| StartError::io("cannot run initdb", source))?;
    if !made.status.success() {
        return Err(StartError::Died(String::from_utf8_lossy(&made.stderr).into_owned()));
    }
    // Only a finished cluster gets its name: a killed initdb leaves none behind.
    fs::rename(&unfinished, directory.join("data"))
        .map_err(|source| StartError::io("cannot name the new cluster", source))
}

fn socket_directory(directory: &Path, identity: Option<Identity>) -> Result<PathBuf, StartError> {
    let mut sockets = directory.join("sockets");
    if sockets.as_os_str().len() > LONGEST_SOCKET_DIRECTORY {
        let name =
            uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, sockets.to_string_lossy().as_bytes());
        sockets = std::env::temp_dir().join(format!("cleaning-{}", name.simple()));
    }
    fs::create_dir_all(&sockets)
        .and_then(|()| fs::set_permissions(&sockets, fs::Permissions::from_mode(0o700)))
        .map_err(|source| StartError::io("cannot make the socket directory", source))?;
    if let Some(identity) = identity {
        own(&sockets, identity)?;
    }
    Ok(sockets)
}

fn free_port() -> Result<u16, StartError> {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|source| StartError::io("no free port", source))
}
