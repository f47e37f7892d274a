//! `cleaning migrate`: the schema, forward only.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use secrecy::SecretString;
use serde_json::json;
use url::Url;

use super::{Format, say};
use crate::config::Config;
use crate::migrate::{self, Login, MigrateError, Migration, draft};

/// The schema of the database. Exit code 3: several heads, nothing was changed; 4: an applied file was changed.
#[derive(Args, Debug)]
pub(super) struct Migrate {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    format: Format,
    /// Read the files from here instead of those built in.
    #[arg(long, global = true)]
    directory: Option<PathBuf>,
}

#[derive(Clone, Debug, Subcommand)]
enum Action {
    /// Apply what is missing.
    Up,
    /// Tell where the database stands.
    Status,
    /// List the ends of the line of files; there must be one.
    Heads,
    /// Hold what was applied against the files.
    Verify,
    /// Write the next, empty file.
    New {
        /// What it will be about; also its name.
        #[arg(value_name = "NAME")]
        about: String,
    },
    /// Write an empty file that follows several heads, so that there is one again.
    Merge {
        /// The heads, by number or name.
        #[arg(num_args = 2.., required = true)]
        heads: Vec<String>,
        /// What it is about; also its name.
        #[arg(short, long, default_value = "merge heads")]
        message: String,
    },
}

impl Migrate {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self.act().await {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(error) => match error.downcast::<MigrateError>() {
                Ok(error) => {
                    eprintln!("cleaning: {error}");
                    Ok(ExitCode::from(error.exit_code()))
                }
                Err(error) => Err(error),
            },
        }
    }

    async fn act(&self) -> anyhow::Result<()> {
        let files = self.files()?;
        match &self.action {
            Action::Up => self.up(&files).await,
            Action::Status => self.status(&files).await,
            Action::Heads => {
                let heads = migrate::heads(&files);
                if self.format.json {
                    say(json!({ "heads": heads }));
                } else {
                    say(heads.join("\n"));
                }
                Ok(())
            }
            Action::Verify => {
                let agree = migrate::verify(&self.config.owner_database()?, &files).await?;
                if self.format.json {
                    say(json!({ "agree": agree }));
                } else {
                    say(format!("{agree} applied files are what they were"));
                }
                Ok(())
            }
            Action::New { about } => {
                self.written(&draft::write(&self.place(), &files, about)?);
                Ok(())
            }
            Action::Merge { heads, message } => {
                self.written(&draft::merge(&self.place(), &files, heads, message)?);
                Ok(())
            }
        }
    }

    /// Where files are written.
    fn place(&self) -> PathBuf {
        self.directory.clone().unwrap_or_else(|| PathBuf::from("migrations"))
    }

    fn written(&self, path: &Path) {
        let path = path.display().to_string();
        say(if self.format.json { json!({ "written": path }).to_string() } else { path });
    }

    fn files(&self) -> anyhow::Result<Vec<Migration>> {
        let place = self.place();
        let directory = match (&self.directory, &self.action) {
            (Some(directory), _) => directory,
            // What is written next to files must know them, not those that were built in.
            (None, Action::New { .. } | Action::Merge { .. }) => &place,
            (None, _) => return Ok(migrate::embedded().map_err(MigrateError::from)?),
        };
        let mut files = Vec::new();
        for entry in std::fs::read_dir(directory)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "sql") {
                let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                let text = std::fs::read_to_string(&path)?;
                files.push(Migration::parse(&name, &text).map_err(MigrateError::from)?);
            }
        }
        Ok(files)
    }

    async fn up(&self, files: &[Migration]) -> anyhow::Result<()> {
        let logins: Vec<_> = [&self.config.database_url, &self.config.database_worker_url]
            .into_iter()
            .flatten()
            .filter_map(login)
            .collect();
        let applied = migrate::up(&self.config.owner_database()?, files, &logins).await?;
        if self.format.json {
            let versions: Vec<_> = applied.iter().map(|file| &file.version).collect();
            say(json!({ "applied": versions }));
        } else if applied.is_empty() {
            say("nothing to do");
        } else {
            for file in applied {
                say(format!("{} {} {} ms", file.version, file.name, file.milliseconds));
            }
        }
        Ok(())
    }

    async fn status(&self, files: &[Migration]) -> anyhow::Result<()> {
        let status = migrate::status(&self.config.owner_database()?, files).await?;
        if self.format.json {
            say(json!({
                "current_revision": status.current,
                "expected_revision": status.expected,
                "pending": status.pending,
            }));
        } else {
            say(format!("current  {}", status.current.as_deref().unwrap_or("none")));
            say(format!("expected {}", status.expected));
            if !status.pending.is_empty() {
                say(format!("pending  {}", status.pending.join(", ")));
            }
        }
        Ok(())
    }
}

/// The login that an address carries, if it is one of the program's roles.
fn login(url: &SecretString) -> Option<Login> {
    use secrecy::ExposeSecret;
    let url = Url::parse(url.expose_secret()).ok()?;
    let known = ["cleaning_app", "cleaning_worker", "cleaning_auditor"].contains(&url.username());
    let password = url.password().filter(|_| known)?;
    Some(Login { role: url.username().to_owned(), password: password.into() })
}
