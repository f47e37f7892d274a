//! The variables about portals: where links lead, and how long what is given out is good.

use chrono::TimeDelta;
use clap::Args;
use domain::people::worker::TeamNumber;
use secrecy::SecretString;
use url::Url;

/// The subject of these variables.
pub(super) const PORTAL: &str = "Portals";

/// How workers and clients come in.
#[derive(Args, Clone, Debug)]
pub struct PortalConfig {
    /// The address of the screens as clients reach it: links that let them in lead there. Default: `PUBLIC_BASE_URL`; without
    /// both, the host of the organisation through which a link was asked for, and none is sent where that is not registered.
    #[arg(long, env = "CLIENT_PORTAL_BASE_URL", value_name = "URL", value_parser = parse_base, help_heading = PORTAL)]
    pub client_portal_base_url: Option<Url>,
    /// The address of the screens as everybody reaches it.
    #[arg(long, env = "PUBLIC_BASE_URL", value_name = "URL", value_parser = parse_base, help_heading = PORTAL)]
    pub public_base_url: Option<Url>,
    /// How long a link that lets a client in works. It works once.
    #[arg(long, env = "CLIENT_PORTAL_TOKEN_TTL_MINUTES", default_value_t = 30, value_name = "MINUTES",
        value_parser = clap::value_parser!(u32).range(1..=1440), help_heading = PORTAL)]
    pub client_portal_token_ttl_minutes: u32,
    /// How long a session of a client lasts that is not used.
    #[arg(long, env = "SESSION_TTL_MINUTES_CLIENT", default_value_t = 10_080, value_name = "MINUTES",
        value_parser = clap::value_parser!(u32).range(1..=525_600), help_heading = PORTAL)]
    pub session_ttl_minutes_client: u32,
    /// How long a session of a worker lasts.
    #[arg(long, env = "SESSION_TTL_MINUTES_WORKER", default_value_t = 720, value_name = "MINUTES",
        value_parser = clap::value_parser!(u32).range(1..=525_600), help_heading = PORTAL)]
    pub session_ttl_minutes_worker: u32,
    /// Name of a login that a whole team of the default organisation shares, until its workers have passwords of their own. It
    /// shows which team it is and nobody in particular. It counts once its password is set too.
    #[arg(long, env = "WORKER_BASIC_USERNAME", value_name = "TEXT", help_heading = PORTAL)]
    pub worker_basic_username: Option<String>,
    /// Its password, at least 12 characters in production. Another one ends the sessions begun by it.
    #[arg(long, env = "WORKER_BASIC_PASSWORD", hide_env_values = true, value_name = "TEXT", help_heading = PORTAL)]
    pub worker_basic_password: Option<SecretString>,
    /// The number of its team.
    #[arg(long, env = "WORKER_TEAM_ID", default_value = "1", value_name = "NUMBER", value_parser = parse_team,
        help_heading = PORTAL)]
    pub worker_team_id: TeamNumber,
}

impl PortalConfig {
    /// What the API holds portals to.
    pub fn policy(&self) -> api::PortalPolicy {
        let minutes = |minutes: u32| TimeDelta::minutes(minutes.into());
        let base = self.client_portal_base_url.as_ref().or(self.public_base_url.as_ref());
        api::PortalPolicy {
            address: base.map(|base| base.as_str().trim_end_matches('/').to_owned()),
            link: minutes(self.client_portal_token_ttl_minutes),
            worker: minutes(self.session_ttl_minutes_worker),
            client: minutes(self.session_ttl_minutes_client),
            shared: self.shared(),
        }
    }
}

impl PortalConfig {
    fn shared(&self) -> Option<api::SharedLogin> {
        let username = self.worker_basic_username.clone()?;
        let password = self.worker_basic_password.clone()?;
        Some(api::SharedLogin { username, password, team: self.worker_team_id })
    }
}

fn parse_team(text: &str) -> Result<TeamNumber, String> {
    let number = text.parse().ok().and_then(TeamNumber::parse);
    number.ok_or_else(|| "must be the number of a team".to_owned())
}

/// A page is put after it, so it ends before one.
fn parse_base(text: &str) -> Result<Url, String> {
    let url: Url =
        text.parse().map_err(|_| "must be an address like https://example.com".to_owned())?;
    let is_web = ["http", "https"].contains(&url.scheme()) && url.has_host();
    let is_bare = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if is_web && is_bare {
        Ok(url)
    } else {
        Err("must be http(s), without login, query and fragment".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_the_web_and_nowhere_else() {
        assert!(parse_base("https://clean.example/portal").is_ok());
        for bad in [
            "clean.example",
            "ftp://clean.example",
            "https://a:b@clean.example",
            "https://clean.example/?x",
        ] {
            assert!(parse_base(bad).is_err(), "{bad}");
        }
    }
}
