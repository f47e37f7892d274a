//! `cleaning jobs`: the process, and single jobs of it run by hand.

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use futures::FutureExt as _;
use futures::future::{BoxFuture, join_all};
use projections::engine::CatchUpError;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{Format, say, unclaimed};
use crate::config::Config;
use crate::jobs::{export_accounting, rebuild_outdated, sign_checkpoints, sweep_photos};
use crate::roles::jobs::Work;
use crate::{delivery, roles, telemetry, timers};

/// Read models, deliveries, timers and recurring duties. Without a command: the process that does all of it.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Jobs {
    #[command(subcommand)]
    pub(super) action: Option<Action>,
    #[command(flatten)]
    pub(super) config: Config,
}

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Run single jobs, beside processes or without them. Exit code 1: one of them failed; 2: there is no such job.
    Run(Box<Run>),
    /// Messages of Stripe that belong to no organisation that is known, the latest first. Exit code 1: there are some.
    Unclaimed(Box<unclaimed::List>),
    /// List the jobs.
    List,
}

#[derive(Args, Debug)]
pub(super) struct Run {
    /// Which job; may be repeated. Default: all of them.
    #[arg(long = "job", value_enum)]
    jobs: Vec<Job>,
    /// Do what there is to do now, then end. Otherwise it goes on until it is stopped.
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    format: Format,
    #[command(flatten)]
    pub(super) config: Config,
}

/// What can be run by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Job {
    /// Read models follow the log.
    Projections,
    /// Mail and the like goes out.
    OutboxDelivery,
    /// Commands that were put off are given when their time has come.
    Timers,
    /// The heads of the logs are signed, once in each period.
    Checkpoints,
    /// Read models that older code built are made again.
    ProjectionRebuilds,
    /// Files of photos that nobody knows are removed.
    StorageJanitor,
    /// The invoices of a month that is over are written down for accountants, once.
    AccountingExport,
}

impl Job {
    fn name(self) -> &'static str {
        match self {
            Self::Projections => "projections",
            Self::OutboxDelivery => delivery::NAME,
            Self::Timers => timers::NAME,
            Self::Checkpoints => sign_checkpoints::NAME,
            Self::ProjectionRebuilds => rebuild_outdated::NAME,
            Self::StorageJanitor => sweep_photos::NAME,
            Self::AccountingExport => export_accounting::NAME,
        }
    }
}

/// What came of a job.
enum Outcome {
    Done(usize),
    /// A process does it, better than we could beside it.
    Elsewhere,
    Failed(String),
}

/// Prints the names of the jobs.
pub(super) fn list() {
    for job in Job::value_variants() {
        say(job.name());
    }
}

impl Run {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        // Standard output is for the results.
        telemetry::init(self.config.log_level, std::io::stderr, None);
        let jobs = match self.jobs.as_slice() {
            [] => Job::value_variants(),
            some => some,
        };
        let work = Work::new(&self.config)?;
        if !self.once {
            let stop = roles::stop_signal()?;
            let names: Vec<_> = jobs.iter().map(|job| job.name()).collect();
            say(format!("running {}", names.join(", ")));
            Box::pin(follow(work, jobs, &stop)).await;
            return Ok(ExitCode::SUCCESS);
        }
        let mut failed = false;
        for job in jobs {
            let outcome = once(&work, *job).await;
            failed |= matches!(outcome, Outcome::Failed(_));
            self.tell(*job, outcome);
        }
        Ok(if failed { ExitCode::from(1) } else { ExitCode::SUCCESS })
    }

    fn tell(&self, job: Job, outcome: Outcome) {
        let name = job.name();
        say(match (self.format.json, outcome) {
            (true, Outcome::Done(done)) => {
                json!({ "job": name, "ok": true, "done": done }).to_string()
            }
            (true, Outcome::Elsewhere) => {
                json!({ "job": name, "ok": true, "done": 0, "elsewhere": true }).to_string()
            }
            (true, Outcome::Failed(error)) => {
                json!({ "job": name, "ok": false, "error": error }).to_string()
            }
            (false, Outcome::Done(done)) => format!("{name}: {done} done"),
            (false, Outcome::Elsewhere) => format!("{name}: a running process does it"),
            (false, Outcome::Failed(error)) => format!("{name}: failed: {error}"),
        });
    }
}

async fn once(work: &Work, job: Job) -> Outcome {
    let done = match job {
        Job::Projections => {
            let applied = work.worker.catch_up().await;
            if let Err(error) = work.worker.release().await {
                tracing::warn!(%error, "leases not given back, they run out by themselves");
            }
            match applied {
                Err(CatchUpError::OwnedElsewhere(_)) => return Outcome::Elsewhere,
                applied => applied.map_err(Into::into),
            }
        }
        Job::OutboxDelivery => work.delivery.deliver_due().await.map_err(Into::into),
        Job::Timers => work.timers.fire_due().await,
        Job::Checkpoints => work.checkpoints.sign_due().await,
        Job::ProjectionRebuilds => {
            work.rebuilds.rebuild_due(&CancellationToken::new(), || ()).await
        }
        Job::StorageJanitor => work.photos.sweep_due().await,
        Job::AccountingExport => work.months.export_due().await,
    };
    done.map_or_else(|error: anyhow::Error| Outcome::Failed(format!("{error:#}")), Outcome::Done)
}

async fn follow(work: Work, jobs: &[Job], stop: &CancellationToken) {
    let Work { pulse, worker, delivery, timers, checkpoints, rebuilds, photos, months, .. } = work;
    let mut running: Vec<BoxFuture<'_, ()>> = Vec::new();
    for job in jobs {
        let until = stop.clone();
        running.push(match job {
            Job::OutboxDelivery => delivery.run(&pulse, until).boxed(),
            Job::Timers => timers.run(&pulse, until).boxed(),
            Job::Checkpoints => checkpoints.run(&pulse, until).boxed(),
            Job::ProjectionRebuilds => rebuilds.run(&pulse, until).boxed(),
            Job::StorageJanitor => photos.run(&pulse, until).boxed(),
            Job::AccountingExport => months.run(&pulse, until).boxed(),
            // Ends by value; there is one of it.
            Job::Projections => continue,
        });
    }
    let reading = async {
        if jobs.contains(&Job::Projections) {
            worker.run(stop.clone()).await;
        }
    };
    tokio::join!(reading, join_all(running));
}
