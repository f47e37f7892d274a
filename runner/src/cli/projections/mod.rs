//! `cleaning projections`: the read models.

mod decide;
mod rebuild;
mod standing;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::scope::or_failed;

/// Read models: where they stand, making them anew, what they stopped at.
#[derive(Args, Debug)]
pub(super) struct Projections {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Every projection: version, tables, owner, lag, parked streams.
    List(Box<standing::List>),
    /// How far each projection is behind each log. Exit code 1: one is halted.
    Lag(Box<standing::Lag>),
    /// Make the tables of a projection anew beside the live ones, compare, and switch. Ctrl-C leaves the live ones as
    /// they are. Exit code 1: rows differ.
    Rebuild(Box<rebuild::Rebuild>),
    /// The streams that projections stopped at, and why. Exit code 1: there are some.
    Parked(Box<standing::ParkedStreams>),
    /// Try a parked stream again. The decision becomes part of history.
    Retry(Box<decide::Decide>),
    /// Let a projection go on without the event that it stopped at. The decision becomes part of history.
    Skip(Box<decide::Decide>),
    /// Let a projection follow a log again that halted it, after the log was repaired.
    Resume(Box<decide::Resume>),
}

impl Projections {
    pub(super) async fn run(self) -> ExitCode {
        or_failed(match self.action {
            Action::List(command) => command.run().await,
            Action::Lag(command) => command.run().await,
            Action::Rebuild(command) => command.run().await,
            Action::Parked(command) => command.run().await,
            Action::Retry(command) => command.run(decide::Decision::Retry).await,
            Action::Skip(command) => command.run(decide::Decision::Skip).await,
            Action::Resume(command) => command.run().await,
        })
    }
}
