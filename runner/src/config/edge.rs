//! Variables of the edge: limits, proxies, pages of other origins, the size of requests.

use std::net::IpAddr;
use std::time::Duration;

use api::{
    ClientAddress, Cors, EdgeOptions, Limits, PerMinute, Proxies, RateLimiter, RateOptions, Redis,
};
use chrono::TimeDelta;
use clap::{ArgAction, Args};
use ipnet::IpNet;
use secrecy::SecretString;

use super::{AppEnv, Config, ConfigError, LoggedAddress, parse_seconds};

const HEADING: &str = "Limits and proxies";

/// Changes from one address in a minute, unless configured otherwise.
const PER_MINUTE: u32 = 30;

/// One action of an organisation that reaches many people, in a minute, unless configured otherwise.
const ACTIONS: u32 = 5;

/// Where screens under development are.
const SCREENS: &str = "http://localhost:3000";

/// What the API needs to know about the way requests come in.
#[derive(Args, Clone, Debug)]
pub struct EdgeConfig {
    /// Where all processes count requests together, like `redis://redis:6379/0`. Without it each counts for itself.
    #[arg(long, env = "REDIS_URL", hide_env_values = true, value_name = "URL", help_heading = HEADING)]
    pub redis_url: Option<SecretString>,
    /// Changes that one address may make in a minute without a login. Queries have 4 times as much, people who are signed in
    /// 20 times; sign-ins have 10 per address and 5 per account. Default: 30; with `APP_ENV=dev` and none given, limits are
    /// too high to be met by hand.
    #[arg(long, env = "RATE_LIMIT_PER_MINUTE", value_name = "NUMBER", help_heading = HEADING,
        value_parser = clap::value_parser!(u32).range(1..))]
    pub rate_limit_per_minute: Option<u32>,
    /// How often in a minute an organisation may do one thing that reaches many people or hands out access, like setting a
    /// temporary password. Default: 5.
    #[arg(long, env = "ADMIN_ACTION_RATE_LIMIT_PER_MINUTE", value_name = "NUMBER", help_heading = HEADING,
        value_parser = clap::value_parser!(u32).range(1..))]
    pub admin_action_rate_limit_per_minute: Option<u32>,
    /// Whoever has not asked for this long is no longer remembered by the limits.
    #[arg(long, env = "RATE_LIMIT_CLEANUP_MINUTES", default_value_t = 10, value_name = "MINUTES", help_heading = HEADING,
        value_parser = clap::value_parser!(u16).range(2..))]
    pub rate_limit_cleanup_minutes: u16,
    /// While Redis is away, each process counts for itself, and the log says so again after this long.
    #[arg(long, env = "RATE_LIMIT_FAIL_OPEN_SECONDS", default_value_t = 300, value_name = "SECONDS", help_heading = HEADING,
        value_parser = clap::value_parser!(u32).range(1..))]
    pub rate_limit_fail_open_seconds: u32,
    /// While Redis is away, one request this often tries whether it is back.
    #[arg(long, env = "RATE_LIMIT_REDIS_PROBE_SECONDS", default_value = "5", value_name = "SECONDS",
        value_parser = parse_seconds, help_heading = HEADING)]
    pub rate_limit_redis_probe: Duration,
    /// Whether proxies may say for whom they ask, in `X-Forwarded-For` or `Forwarded`. Which ones the next two say; if both
    /// are empty, whoever has a loopback or private address. The process `web` is one of them.
    #[arg(long, env = "TRUST_PROXY_HEADERS", default_value_t = false, action = ArgAction::Set, value_name = "BOOL",
        help_heading = HEADING)]
    pub trust_proxy_headers: bool,
    /// Addresses or networks of proxies, as a comma list or JSON array.
    #[arg(long, env = "TRUSTED_PROXY_IPS", value_name = "LIST", value_parser = parse_networks, help_heading = HEADING)]
    pub trusted_proxy_ips: Option<Networks>,
    /// More of them.
    #[arg(long, env = "TRUSTED_PROXY_CIDRS", value_name = "LIST", value_parser = parse_networks, help_heading = HEADING)]
    pub trusted_proxy_cidrs: Option<Networks>,
    /// Origins whose pages may read answers of the API, as a comma list or JSON array; `*` is everybody. Default: none,
    /// with `APP_ENV=dev` `http://localhost:3000`.
    #[arg(long, env = "CORS_ORIGINS", value_name = "LIST", value_parser = parse_origins, help_heading = HEADING)]
    pub cors_origins: Option<Origins>,
    /// Whether no origin is welcome that `CORS_ORIGINS` does not name; in production it must name some, and not `*`.
    #[arg(long, env = "STRICT_CORS", default_value_t = false, action = ArgAction::Set, value_name = "BOOL",
        help_heading = HEADING)]
    pub strict_cors: bool,
    /// Requests in progress in one API process; more are answered with 503.
    #[arg(long, env = "HTTP_MAX_CONCURRENCY", default_value_t = 512, value_name = "NUMBER", help_heading = HEADING,
        value_parser = clap::value_parser!(u32).range(1..))]
    pub http_max_concurrency: u32,
    /// How long a request may take before it is answered with 504.
    #[arg(long, env = "HTTP_HANDLER_TIMEOUT_SECONDS", default_value = "30", value_name = "SECONDS",
        value_parser = parse_seconds, help_heading = HEADING)]
    pub http_handler_timeout: Duration,
    /// Largest body of a request; larger ones are answered with 413.
    #[arg(long, env = "HTTP_BODY_LIMIT_BYTES", default_value_t = 1_048_576, value_name = "BYTES", help_heading = HEADING,
        value_parser = clap::value_parser!(u32).range(1024..))]
    pub http_body_limit_bytes: u32,
    /// What the `type` of a problem begins with; the API explains each at `/problems/`.
    #[arg(long, env = "PROBLEM_BASE_URL", default_value = "/problems/", value_name = "URL", help_heading = HEADING)]
    pub problem_base_url: String,
}

/// Addresses and networks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Networks(Vec<IpNet>);

/// Origins of pages.
#[derive(Clone, Debug)]
pub struct Origins {
    cors: Cors,
    /// Whether everybody is welcome.
    pub is_wildcard: bool,
}

impl Config {
    /// How requests come in.
    pub fn edge(&self) -> EdgeOptions {
        let EdgeConfig {
            http_max_concurrency, http_handler_timeout, http_body_limit_bytes, ..
        } = self.edge;
        let limits = Limits {
            body: usize::try_from(http_body_limit_bytes).unwrap_or(usize::MAX),
            handler: http_handler_timeout,
            requests: usize::try_from(http_max_concurrency).unwrap_or(usize::MAX),
        };
        let mut problem_base = self.edge.problem_base_url.clone();
        if !problem_base.ends_with('/') {
            problem_base.push('/');
        }
        let logged_address = match self.log_client_ip {
            LoggedAddress::Off => ClientAddress::None,
            LoggedAddress::Truncated => ClientAddress::Network,
            LoggedAddress::Full => ClientAddress::Full,
        };
        let (proxies, cors) = (self.edge.proxies(), self.cors());
        EdgeOptions { proxies, cors, limits, problem_base, logged_address }
    }

    fn cors(&self) -> Cors {
        match &self.edge.cors_origins {
            Some(origins) => origins.cors.clone(),
            None if self.app_env == AppEnv::Dev && !self.edge.strict_cors => {
                Cors::new([SCREENS]).unwrap_or_default()
            }
            None => Cors::default(),
        }
    }

    /// How often one may ask. Needs the runtime.
    pub fn rate_limiter(&self) -> Result<RateLimiter, ConfigError> {
        let edge = &self.edge;
        let (changes, actions) =
            (edge.rate_limit_per_minute, edge.admin_action_rate_limit_per_minute);
        let per_minute = if self.app_env == AppEnv::Dev && changes.or(actions).is_none() {
            PerMinute::generous()
        } else {
            PerMinute::new(changes.unwrap_or(PER_MINUTE), actions.unwrap_or(ACTIONS))
        };
        let redis = edge.redis_url.clone().map(|url| Redis {
            url,
            deadline: Redis::DEADLINE,
            probe_every: TimeDelta::from_std(edge.rate_limit_redis_probe).unwrap_or(TimeDelta::MAX),
            warn_every: TimeDelta::seconds(edge.rate_limit_fail_open_seconds.into()),
        });
        let forget_after = Duration::from_mins(edge.rate_limit_cleanup_minutes.into());
        RateLimiter::new(RateOptions { per_minute, forget_after, redis })
            .map_err(|error| ConfigError::Unusable { name: "REDIS_URL", why: error.to_string() })
    }

    /// What is wrong with the address of Redis.
    pub(super) fn redis_error(&self) -> Option<ConfigError> {
        let error = Redis::check(self.edge.redis_url.as_ref()?).err()?;
        Some(ConfigError::Unusable { name: "REDIS_URL", why: error.to_string() })
    }
}

impl EdgeConfig {
    fn proxies(&self) -> Proxies {
        if !self.trust_proxy_headers {
            return Proxies::none();
        }
        let given = self.trusted_proxy_ips.iter().chain(&self.trusted_proxy_cidrs);
        let networks: Vec<IpNet> = given.flat_map(|Networks(networks)| networks.clone()).collect();
        if networks.is_empty() { Proxies::private() } else { Proxies::these(networks) }
    }

    /// Whether proxies are believed without being named.
    pub(super) fn trusts_private(&self) -> bool {
        self.proxies() == Proxies::private()
    }
}

/// A JSON array of texts, or a list with commas.
fn items(text: &str) -> Result<Vec<String>, String> {
    let text = text.trim();
    if text.starts_with('[') {
        return serde_json::from_str(text).map_err(|_| "not a JSON array of texts".to_owned());
    }
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    Ok(items.map(ToOwned::to_owned).collect())
}

fn parse_networks(text: &str) -> Result<Networks, String> {
    let network = |item: &String| {
        let address = item.parse::<IpAddr>().map(IpNet::from);
        address.or_else(|_| item.parse()).map_err(|_| format!("invalid CIDR {item}"))
    };
    items(text)?.iter().map(network).collect::<Result<_, _>>().map(Networks)
}

fn parse_origins(text: &str) -> Result<Origins, String> {
    let items = items(text)?;
    let cors = Cors::new(items.iter().map(String::as_str)).map_err(|error| error.to_string())?;
    Ok(Origins { cors, is_wildcard: items.iter().any(|item| item == "*") })
}

#[cfg(test)]
mod tests {
    use super::super::environment::Environment;
    use super::*;

    fn config(values: &[(&str, &str)]) -> Config {
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let (config, problems) = values.collect::<Environment>().config().unwrap();
        assert_eq!(problems, []);
        config
    }

    #[test]
    fn a_list_has_commas_or_is_json() {
        let networks = parse_networks("10.0.0.1, 172.16.0.0/12").unwrap();
        assert_eq!(networks, parse_networks(r#"["10.0.0.1/32","172.16.0.0/12"]"#).unwrap());
        assert_eq!(parse_networks("10.0.0.0/33").unwrap_err(), "invalid CIDR 10.0.0.0/33");
        assert!(parse_networks("[1]").is_err());
        assert!(parse_origins("https://a.test,b").is_err());
        assert!(parse_origins("*").unwrap().is_wildcard);
    }

    #[test]
    fn proxies_are_believed_only_when_that_is_switched_on() {
        let named = ("TRUSTED_PROXY_IPS", "10.0.0.0/24");
        assert_eq!(config(&[named]).edge.proxies(), Proxies::none());
        let on = ("TRUST_PROXY_HEADERS", "true");
        assert_eq!(config(&[on]).edge.proxies(), Proxies::private());
        let network = "10.0.0.0/24".parse().unwrap();
        assert_eq!(config(&[on, named]).edge.proxies(), Proxies::these(vec![network]));
    }

    #[test]
    fn what_a_problem_begins_with_ends_with_a_slash() {
        let base = ("PROBLEM_BASE_URL", "https://help.test/problems");
        assert_eq!(config(&[base]).edge().problem_base, "https://help.test/problems/");
    }
}
