//! `cleaning projections rebuild`.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use projections::rebuild::{Done, Progress, Switch};
use projections::{READERS, Reader, reader, rebuild};
use serde_json::json;

use super::super::progress::Bar;
use super::super::scope::{connect, verdict};
use super::super::{Format, say};
use crate::config::Config;
use crate::roles;

/// Make the tables of a projection anew beside the live ones, compare, and switch.
#[derive(Args, Debug)]
pub(super) struct Rebuild {
    /// Names of projections.
    #[arg(required_unless_present = "all")]
    names: Vec<String>,
    /// Every projection that can be rebuilt.
    #[arg(long, conflicts_with = "names")]
    all: bool,
    /// Switch only if no row differs.
    #[arg(long, conflicts_with = "compare_only")]
    if_equal: bool,
    /// Compare, and drop the new tables.
    #[arg(long)]
    compare_only: bool,
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    format: Format,
}

impl Rebuild {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let readers = self.readers()?;
        let switch = match (self.if_equal, self.compare_only) {
            (_, true) => Switch::Never,
            (true, false) => Switch::IfEqual,
            (false, false) => Switch::Always,
        };
        let stop = roles::stop_signal()?;
        let masters = self.config.master_keys()?;
        let pool = connect(self.config.worker_database()?).await?;
        let mut all = Vec::new();
        for reader in readers {
            let rebuild = rebuild::Rebuild {
                owner: self.config.owner_database()?,
                pool: &pool,
                masters: &masters,
                reader,
                switch,
            };
            let mut bar = Bar::new();
            let done = rebuild.run(&stop, &mut |progress| show(&mut bar, reader, progress)).await;
            drop(bar);
            let done = done.with_context(|| format!("{} was not rebuilt", reader.name))?;
            if !self.format.json {
                tell(&done);
            }
            all.push(done);
        }
        if self.format.json {
            say(json!({ "rebuilt": all }));
        }
        Ok(verdict(all.iter().all(|done| done.differing == 0)))
    }

    fn readers(&self) -> anyhow::Result<Vec<&'static Reader>> {
        if self.all {
            return Ok(READERS.iter().filter(|reader| reader.is_rebuildable()).collect());
        }
        let known = || READERS.iter().map(|reader| reader.name).collect::<Vec<_>>().join(", ");
        let mut found = Vec::new();
        for name in &self.names {
            let Some(reader) = reader(name) else { bail!("{name} is not one of {}", known()) };
            found.push(reader);
        }
        Ok(found)
    }
}

fn show(bar: &mut Bar, reader: &Reader, progress: Progress) {
    match progress {
        Progress::Filling { done, total } => bar.events(reader.name, done, total),
        Progress::Comparing { done, total } => {
            bar.words(&format!("{}: compared {done} of {total} organisations", reader.name));
        }
        Progress::Switching => bar.words(&format!("{}: switching", reader.name)),
    }
}

fn tell(done: &Done) {
    let switched = if done.switched { "switched" } else { "not switched" };
    let differing = match done.differing {
        0 => "no row differs".to_owned(),
        1 => "1 row differs".to_owned(),
        many => format!("{many} rows differ"),
    };
    say(format!("{}: {} events, {differing}, {switched}", done.projection, done.events));
    for found in &done.differences {
        say(format!("  {} {} {} ({:?})", found.org, found.table, found.key, found.side));
    }
}
