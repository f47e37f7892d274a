//! The command line.

mod events;
mod history;
mod keys;
mod migrate;
mod org;
mod progress;
mod projections;
mod routes;
mod scope;

use std::io::Write;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::Config;
use crate::roles;
use crate::telemetry;

/// Operations of cleaning companies: one program in all its roles.
#[derive(Debug, Parser)]
#[command(name = "cleaning", version, about, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// Everything on this machine: a private database, demo data, API, jobs and web. The default.
    Dev(roles::dev::Options),
    /// The HTTP API.
    Api(Box<Config>),
    /// Read models, deliveries and timers.
    Jobs(Box<Config>),
    /// The screens.
    Web(Box<Config>),
    /// The schema of the database.
    Migrate(Box<migrate::Migrate>),
    /// Read models: where they stand, making them anew, what they stopped at.
    Projections(Box<projections::Projections>),
    /// The log itself.
    Events(Box<events::Events>),
    /// Proving, signing and replaying history.
    History(Box<history::History>),
    /// Organisations.
    Org(Box<org::Org>),
    /// What the API offers, and to whom.
    Routes(routes::Routes),
    /// The master keys that wrap the keys of persons.
    Keys(Box<keys::Keys>),
}

/// How a command tells its result.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Format {
    /// One JSON document instead of text for people.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// Runs the program with the arguments of this process.
pub fn main() -> ExitCode {
    let role = Cli::parse().role;
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    let role = role.unwrap_or_else(|| Role::Dev(roles::dev::Options::default()));
    match runtime.block_on(run(role)) {
        Ok(code) => code,
        Err(error) => failed(&error),
    }
}

async fn run(role: Role) -> anyhow::Result<ExitCode> {
    match role {
        Role::Dev(options) => roles::dev::run(options).await?,
        Role::Api(config) => serve(*config, Process::Api).await?,
        Role::Jobs(config) => serve(*config, Process::Jobs).await?,
        Role::Web(config) => serve(*config, Process::Web).await?,
        Role::Migrate(command) => return command.run().await,
        Role::Projections(command) => return Ok(command.run().await),
        Role::Events(command) => return Ok(command.run().await),
        Role::History(command) => return Ok(command.run().await),
        Role::Org(command) => command.run().await?,
        Role::Routes(command) => command.run(),
        Role::Keys(command) => command.run().await?,
    }
    Ok(ExitCode::SUCCESS)
}

enum Process {
    Api,
    Jobs,
    Web,
}

async fn serve(config: Config, process: Process) -> anyhow::Result<()> {
    telemetry::init(config.log_level, telemetry::stdout());
    let stop = roles::stop_signal()?;
    let scrape = api::install_recorder()?;
    match process {
        Process::Api => {
            let listener = roles::listen(&config.api_bind).await?;
            let upkeep = roles::jobs::upkeep(scrape.clone(), stop.clone());
            // An API that cannot start must not leave the rest running.
            let ending = stop.clone().drop_guard();
            let served = async move {
                let served = roles::api::run(&config, listener, scrape, stop).await;
                drop(ending);
                served
            };
            tokio::join!(served, upkeep).0
        }
        Process::Jobs => {
            let listener = roles::listen(&config.jobs_bind).await?;
            roles::jobs::run(&config, listener, scrape, stop).await
        }
        Process::Web => {
            let listener = roles::listen(&config.web_bind).await?;
            roles::web::run(&config, listener, stop).await
        }
    }
}

fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("cleaning: {error:#}");
    ExitCode::FAILURE
}

/// Prints a result where scripts read it.
///
/// A reader that has gone away, like `head`, has read enough: the program ends.
pub(crate) fn say(text: impl std::fmt::Display) {
    if writeln!(std::io::stdout(), "{text}").is_err() {
        std::process::exit(0);
    }
}
