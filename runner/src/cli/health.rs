//! `cleaning health`: asks a process how it is, for containers without any other client.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::say;

/// Whoever runs health checks gives up after three seconds.
const PATIENCE: Duration = Duration::from_millis(2500);

/// Ask an address whether all is well. Exit code 0: it answered with 2xx; 1: it did not.
#[derive(Args, Debug)]
pub(super) struct Health {
    /// What to ask, for example `http://127.0.0.1:8000/healthz`.
    #[arg(long)]
    url: url::Url,
}

impl Health {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let http = reqwest::Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        let answer = match http.get(self.url).send().await {
            Ok(answer) => answer,
            Err(error) => {
                eprintln!("no answer: {:#}", anyhow::Error::from(error));
                return Ok(ExitCode::from(1));
            }
        };
        let is_well = answer.status().is_success();
        say(format!("{} {}", answer.status().as_u16(), answer.text().await.unwrap_or_default()));
        Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }
}
