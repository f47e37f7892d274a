//! Variables about watching an installation: metrics, backups, how late read models may be.

use std::path::PathBuf;
use std::time::Duration;

use api::{Backup, Scrape};
use clap::{ArgAction, Args};
use metrics_exporter_prometheus::PrometheusHandle;
use secrecy::SecretString;
use url::Url;

use super::{Config, parse_seconds};
use crate::telemetry::Export;

const HEADING: &str = "Monitoring";

/// Where `ops/backup_verify.sh` writes the time, and where older installations did.
const BACKUP_FILES: [&str; 2] =
    ["/opt/cleaning/ops/state/backup_last_ok.txt", "/opt/backups/postgres/LAST_SUCCESS.txt"];

/// What operators watch with.
#[derive(Args, Clone, Debug)]
pub struct WatchConfig {
    /// Whether there is `/metrics`.
    #[arg(long, env = "METRICS_ENABLED", default_value_t = true, action = ArgAction::Set, value_name = "BOOL",
        help_heading = HEADING)]
    pub metrics_enabled: bool,
    /// Bearer token of `/metrics`, at least 16 characters; needed in production. In `dev` and without one, everybody may ask.
    #[arg(long, env = "METRICS_TOKEN", hide_env_values = true, value_name = "TEXT", help_heading = HEADING)]
    pub metrics_token: Option<SecretString>,
    /// Whether the token may also come as `?token=`, where logs of proxies keep it.
    #[arg(long, env = "METRICS_ALLOW_QUERY_TOKEN", default_value_t = false, action = ArgAction::Set, value_name = "BOOL",
        help_heading = HEADING)]
    pub metrics_allow_query_token: bool,
    /// Whether series with newer names are told under the older ones too, for dashboards that know those.
    #[arg(long, env = "METRICS_LEGACY_NAMES", default_value_t = false, action = ArgAction::Set, value_name = "BOOL",
        help_heading = HEADING)]
    pub metrics_legacy_names: bool,
    /// File with the time of the last verified backup. Default: `/opt/cleaning/ops/state/backup_last_ok.txt`, or
    /// `/opt/backups/postgres/LAST_SUCCESS.txt` where there is none.
    #[arg(long, env = "BACKUP_HEARTBEAT_FILE", value_name = "PATH", help_heading = HEADING)]
    pub backup_heartbeat_file: Option<PathBuf>,
    /// A read model further behind than this makes `/readyz` fail.
    #[arg(long, env = "PROJECTION_LAG_MAX_SECONDS", default_value = "30", value_name = "SECONDS",
        value_parser = parse_seconds, help_heading = HEADING)]
    pub projection_lag_max: Duration,
    /// The collector that is told what requests, commands, deliveries and jobs took, by OTLP over HTTP: `/v1/traces` is
    /// added. Without it nobody is told, and lines of the log have their trace ids all the same.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL", value_parser = parse_collector,
        help_heading = HEADING)]
    pub otel_endpoint: Option<Url>,
}

/// An address without a password: it is shown.
fn parse_collector(text: &str) -> Result<Url, String> {
    let url = text.parse::<Url>().ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    url.filter(|url| url.username().is_empty() && url.password().is_none())
        .ok_or_else(|| "must be an address with http or https and without a login".to_owned())
}

impl Config {
    /// Who may read the metrics of `handle`; `None` if nobody.
    pub fn scrape(&self, handle: PrometheusHandle) -> Option<Scrape> {
        let watch = &self.watch;
        watch.metrics_enabled.then(|| Scrape {
            in_query: watch.metrics_allow_query_token,
            legacy_names: watch.metrics_legacy_names,
            ..Scrape::new(handle, watch.metrics_token.clone())
        })
    }

    /// The way to the collector of traces, if there is one; `role` is what it knows us by.
    pub fn export(&self, role: &str) -> anyhow::Result<Option<Export>> {
        self.watch.otel_endpoint.as_ref().map(|place| Export::start(place, role)).transpose()
    }

    /// Where the time of the last verified backup is looked for.
    pub fn backup(&self) -> Backup {
        let usual = || BACKUP_FILES.map(PathBuf::from).to_vec();
        Backup::new(self.watch.backup_heartbeat_file.clone().map_or_else(usual, |file| vec![file]))
    }
}
