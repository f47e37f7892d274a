//! The command line.

mod audit;
mod config;
mod events;
mod health;
mod history;
mod jobs;
mod keys;
mod migrate;
mod org;
mod progress;
mod projections;
mod rls;
mod routes;
mod scope;
mod unclaimed;

use std::io::Write;
use std::process::ExitCode;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use metrics_exporter_prometheus::PrometheusHandle;

use self::scope::done_or_failed;
use crate::config::environment::{Environment, Problem};
use crate::config::{AppEnv, Config, Role as Process, rules};
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
    /// Read models, deliveries and timers: the process, or single jobs by hand.
    Jobs(Box<jobs::Jobs>),
    /// The screens.
    Web(Box<Config>),
    /// Ask a process how it is.
    Health(health::Health),
    /// What is wrong with the configuration, and what each variable does.
    Config(config::Configuration),
    /// The schema of the database.
    Migrate(Box<migrate::Migrate>),
    /// Read models: where they stand, making them anew, what they stopped at.
    Projections(Box<projections::Projections>),
    /// The log itself.
    Events(Box<events::Events>),
    /// What staff did and tried.
    Audit(Box<audit::Audit>),
    /// Proving, signing and replaying history.
    History(Box<history::History>),
    /// Organisations.
    Org(Box<org::Org>),
    /// What the API offers, and to whom.
    Routes(routes::Routes),
    /// Row-level security.
    Rls(Box<rls::Rls>),
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
    let (command, problems) = Environment::of_process().hand_to(Cli::command());
    let role = match Cli::from_arg_matches(&command.get_matches()) {
        Ok(cli) => cli.role,
        Err(error) => error.exit(),
    };
    let role = role.unwrap_or_else(|| Role::Dev(roles::dev::Options::default()));
    let role = match role {
        // It tells about the problems itself.
        Role::Config(command) => return command.run(),
        role => role,
    };
    if let Some(refused) = refusal(&role, problems) {
        return refused;
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    match runtime.block_on(run(role)) {
        Ok(code) => code,
        Err(error) => failed(&error),
    }
}

async fn run(role: Role) -> anyhow::Result<ExitCode> {
    match role {
        Role::Dev(options) => Box::pin(roles::dev::run(options)).await?,
        Role::Api(config) => return Box::pin(serve(*config, Process::Api)).await,
        Role::Jobs(jobs) => match jobs.action {
            None => return Box::pin(serve(jobs.config, Process::Jobs)).await,
            Some(jobs::Action::Run(run)) => return Box::pin(run.run()).await,
            Some(jobs::Action::Unclaimed(list)) => return Ok(Box::pin(list.run()).await),
            Some(jobs::Action::List) => jobs::list(),
        },
        Role::Health(command) => return command.run().await,
        Role::Web(config) => return Box::pin(serve(*config, Process::Web)).await,
        Role::Config(command) => return Ok(command.run()),
        Role::Migrate(command) => return command.run().await,
        Role::Projections(command) => return Ok(command.run().await),
        Role::Events(command) => return Ok(command.run().await),
        Role::Audit(command) => return Ok(command.run().await),
        Role::History(command) => return Ok(command.run().await),
        Role::Org(command) => return Ok(done_or_failed(command.run().await)),
        Role::Routes(command) => command.run(),
        Role::Rls(command) => return Ok(command.run().await),
        Role::Keys(command) => return Ok(done_or_failed(command.run().await)),
    }
    Ok(ExitCode::SUCCESS)
}

/// Code 78 of `sysexits.h`: a configuration that cannot be used.
const UNUSABLE: u8 = 78;

/// Ends the program if the variables are not what `role` needs; a process of an installation also writes each reason to
/// its log.
fn refusal(role: &Role, mut problems: Vec<Problem>) -> Option<ExitCode> {
    let process = match role {
        Role::Api(config) => Some((&**config, Process::Api)),
        Role::Jobs(jobs) => match &jobs.action {
            None => Some((&jobs.config, Process::Jobs)),
            Some(jobs::Action::Run(run)) => Some((&run.config, Process::Jobs)),
            Some(jobs::Action::Unclaimed(_) | jobs::Action::List) => None,
        },
        Role::Web(config) => Some((&**config, Process::Web)),
        _ => None,
    };
    if let Some((config, process)) = process {
        config::add(&mut problems, rules::problems(config, &[process]));
    }
    if problems.is_empty() {
        return None;
    }
    let mut kind = "";
    if let Some((config, _)) = process {
        telemetry::init(config.log_level, telemetry::stdout(), None);
        kind = if config.app_env == AppEnv::Prod { "production " } else { "development " };
        for problem in &problems {
            tracing::error!(detail = %problem.message, "startup_config_error");
        }
    }
    let reasons: Vec<_> = problems.iter().map(|problem| problem.message.as_str()).collect();
    eprintln!("Invalid {kind}configuration: {}", reasons.join("; "));
    Some(ExitCode::from(UNUSABLE))
}

async fn serve(config: Config, process: Process) -> anyhow::Result<ExitCode> {
    let scrape = api::install_recorder()?;
    let export = config.export(process.name())?;
    telemetry::init(config.log_level, telemetry::stdout(), export.as_ref());
    let ended = supervised(config, process, scrape).await;
    if let Some(export) = export {
        export.finish().await;
    }
    ended
}

/// Works if the database is fit for it.
async fn supervised(
    config: Config,
    process: Process,
    scrape: PrometheusHandle,
) -> anyhow::Result<ExitCode> {
    let database = match process {
        Process::Api => Some(config.app_database()?),
        Process::Jobs => Some(config.worker_database()?),
        Process::Web | Process::Tools => None,
    };
    if let Some(database) = database.filter(|_| config.app_env == AppEnv::Prod) {
        let mut reasons = Vec::new();
        if !roles::is_held(&database).await {
            reasons.push("APP_ENV=prod requires a database role without superuser or BYPASSRLS");
        }
        let is_closed = process == Process::Api && !config.staff.has_administrator(config.app_env);
        if is_closed && !roles::has_administrator(&database).await {
            reasons.push("At least one admin credential pair must be configured outside dev");
        }
        for reason in &reasons {
            tracing::error!(detail = reason, "startup_config_error");
        }
        if !reasons.is_empty() {
            eprintln!("Invalid production configuration: {}", reasons.join("; "));
            return Ok(ExitCode::from(UNUSABLE));
        }
    }
    work(config, process, scrape).await?;
    Ok(ExitCode::SUCCESS)
}

async fn work(config: Config, process: Process, scrape: PrometheusHandle) -> anyhow::Result<()> {
    let stop = roles::stop_signal()?;
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
        Process::Tools => Ok(()),
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
