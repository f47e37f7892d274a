//! The variables about staff: how they come in, and what they must show.

use std::net::IpAddr;

use chrono::TimeDelta;
use clap::{ArgAction, Args, ValueEnum};
use domain::access::Role;
use ipnet::IpNet;
use secrecy::SecretString;

use super::AppEnv;

/// The subject of these variables.
pub(super) const STAFF: &str = "Staff";

/// How passwords are hashed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum PasswordScheme {
    /// The one there is.
    #[default]
    #[value(name = "argon2id")]
    Argon2id,
}

/// How staff come in.
#[derive(Args, Clone, Debug)]
pub struct Staff {
    /// Name of the owner's Basic login for the default organisation. It counts once its password is set too.
    #[arg(long, env = "OWNER_BASIC_USERNAME", value_name = "TEXT", help_heading = STAFF)]
    pub owner_basic_username: Option<String>,
    /// Its password, at least 12 characters in production.
    #[arg(long, env = "OWNER_BASIC_PASSWORD", hide_env_values = true, value_name = "TEXT", help_heading = STAFF)]
    pub owner_basic_password: Option<SecretString>,
    /// Name of the admin's Basic login.
    #[arg(long, env = "ADMIN_BASIC_USERNAME", value_name = "TEXT", help_heading = STAFF)]
    pub admin_basic_username: Option<String>,
    /// Its password, at least 12 characters in production.
    #[arg(long, env = "ADMIN_BASIC_PASSWORD", hide_env_values = true, value_name = "TEXT", help_heading = STAFF)]
    pub admin_basic_password: Option<SecretString>,
    /// Name of the dispatcher's Basic login.
    #[arg(long, env = "DISPATCHER_BASIC_USERNAME", value_name = "TEXT", help_heading = STAFF)]
    pub dispatcher_basic_username: Option<String>,
    /// Its password, at least 12 characters in production.
    #[arg(long, env = "DISPATCHER_BASIC_PASSWORD", hide_env_values = true, value_name = "TEXT", help_heading = STAFF)]
    pub dispatcher_basic_password: Option<SecretString>,
    /// Name of the accountant's Basic login.
    #[arg(long, env = "ACCOUNTANT_BASIC_USERNAME", value_name = "TEXT", help_heading = STAFF)]
    pub accountant_basic_username: Option<String>,
    /// Its password, at least 12 characters in production.
    #[arg(long, env = "ACCOUNTANT_BASIC_PASSWORD", hide_env_values = true, value_name = "TEXT", help_heading = STAFF)]
    pub accountant_basic_password: Option<SecretString>,
    /// Name of the viewer's Basic login.
    #[arg(long, env = "VIEWER_BASIC_USERNAME", value_name = "TEXT", help_heading = STAFF)]
    pub viewer_basic_username: Option<String>,
    /// Its password, at least 12 characters in production.
    #[arg(long, env = "VIEWER_BASIC_PASSWORD", hide_env_values = true, value_name = "TEXT", help_heading = STAFF)]
    pub viewer_basic_password: Option<SecretString>,
    /// Whether names and passwords are accepted with every request. Default: yes, and production warns about it;
    /// never in production with `ADMIN_MFA_REQUIRED=true`.
    #[arg(long, env = "LEGACY_BASIC_AUTH_ENABLED", action = ArgAction::Set, value_name = "BOOL", help_heading = STAFF)]
    pub legacy_basic_auth_enabled: Option<bool>,
    /// Whether the roles in `ADMIN_MFA_REQUIRED_ROLES` must show a second factor.
    #[arg(long, env = "ADMIN_MFA_REQUIRED", default_value_t = false, action = ArgAction::Set, value_name = "BOOL",
        help_heading = STAFF)]
    pub admin_mfa_required: bool,
    /// Which roles, separated by commas or as a JSON array.
    #[arg(long, env = "ADMIN_MFA_REQUIRED_ROLES", default_value = "owner,admin", value_parser = parse_roles,
        value_name = "ROLES", help_heading = STAFF)]
    pub admin_mfa_required_roles: Roles,
    /// Whether staff may only read, but for break-glass: the switch for incidents.
    #[arg(long, env = "ADMIN_READ_ONLY", default_value_t = false, action = ArgAction::Set, value_name = "BOOL",
        help_heading = STAFF)]
    pub admin_read_only: bool,
    /// Networks from which staff may come, like `10.0.0.0/8,203.0.113.7`, or as a JSON array. Default: all.
    #[arg(long, env = "ADMIN_IP_ALLOWLIST_CIDRS", value_parser = parse_networks, value_name = "NETWORKS",
        help_heading = STAFF)]
    pub admin_ip_allowlist_cidrs: Option<Networks>,
    /// How long an access token is good.
    #[arg(long, env = "AUTH_ACCESS_TOKEN_TTL_MINUTES", default_value_t = 15, value_name = "MINUTES",
        value_parser = clap::value_parser!(u32).range(1..=1440), help_heading = STAFF)]
    pub auth_access_token_ttl_minutes: u32,
    /// How long a session can be renewed.
    #[arg(long, env = "AUTH_REFRESH_TOKEN_TTL_MINUTES", default_value_t = 20_160, value_name = "MINUTES",
        value_parser = clap::value_parser!(u32).range(1..=525_600), help_heading = STAFF)]
    pub auth_refresh_token_ttl_minutes: u32,
    /// How long a session lasts that is not renewed.
    #[arg(long, env = "AUTH_SESSION_TTL_MINUTES", default_value_t = 1440, value_name = "MINUTES",
        value_parser = clap::value_parser!(u32).range(1..=525_600), help_heading = STAFF)]
    pub auth_session_ttl_minutes: u32,
    /// Not read: it once made access tokens live for a day. Production refuses it; use
    /// `AUTH_ACCESS_TOKEN_TTL_MINUTES`.
    #[arg(long, env = "AUTH_TOKEN_TTL_MINUTES", value_name = "MINUTES", help_heading = STAFF)]
    pub auth_token_ttl_minutes: Option<String>,
    /// Wrong passwords under one name from one address before no more are looked at.
    #[arg(long, env = "AUTH_LOCKOUT_ATTEMPTS", default_value_t = 10, value_name = "NUMBER",
        value_parser = clap::value_parser!(u16).range(1..=1000), help_heading = STAFF)]
    pub auth_lockout_attempts: u16,
    /// How long a wrong password counts.
    #[arg(long, env = "AUTH_LOCKOUT_MINUTES", default_value_t = 15, value_name = "MINUTES",
        value_parser = clap::value_parser!(u16).range(1..=1440), help_heading = STAFF)]
    pub auth_lockout_minutes: u16,
    /// How passwords are hashed. Imported hashes of bcrypt and salted SHA-256 are replaced at the next login.
    #[arg(long, env = "PASSWORD_HASH_SCHEME", value_enum, default_value = "argon2id", help_heading = STAFF)]
    pub password_hash_scheme: PasswordScheme,
    /// Passes over the memory. A password is hashed anew at its next login when one of these three changes.
    #[arg(long, env = "PASSWORD_HASH_ARGON2_TIME_COST", default_value_t = 3, value_name = "NUMBER",
        value_parser = clap::value_parser!(u32).range(1..=20), help_heading = STAFF)]
    pub password_hash_argon2_time_cost: u32,
    /// Memory for one hash, in KiB.
    #[arg(long, env = "PASSWORD_HASH_ARGON2_MEMORY_COST", default_value_t = 65_536, value_name = "KIB",
        value_parser = clap::value_parser!(u32).range(8192..=1_048_576), help_heading = STAFF)]
    pub password_hash_argon2_memory_cost: u32,
    /// Lanes of one hash.
    #[arg(long, env = "PASSWORD_HASH_ARGON2_PARALLELISM", default_value_t = 2, value_name = "NUMBER",
        value_parser = clap::value_parser!(u32).range(1..=16), help_heading = STAFF)]
    pub password_hash_argon2_parallelism: u32,
}

/// Several roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roles(pub Vec<Role>);

/// Several networks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Networks(pub Vec<IpNet>);

impl Staff {
    /// What the API holds staff to.
    pub fn policy(&self, env: AppEnv) -> api::StaffPolicy {
        let minutes = |minutes: u32| TimeDelta::minutes(minutes.into());
        let mfa = &self.admin_mfa_required_roles.0;
        api::StaffPolicy {
            pairs: self.pairs(),
            basic: self.accepts_basic(env),
            mfa_roles: if self.admin_mfa_required { mfa.clone() } else { Vec::new() },
            read_only: self.admin_read_only,
            allowed: self.admin_ip_allowlist_cidrs.as_ref().map(|networks| networks.0.clone()),
            lockout: api::Lockout {
                attempts: self.auth_lockout_attempts,
                minutes: self.auth_lockout_minutes,
            },
            lives: api::Lives {
                access: minutes(self.auth_access_token_ttl_minutes),
                session: minutes(self.auth_session_ttl_minutes),
                refresh: minutes(self.auth_refresh_token_ttl_minutes),
            },
            password_cost: api::PasswordCost {
                memory: self.password_hash_argon2_memory_cost,
                time: self.password_hash_argon2_time_cost,
                parallelism: self.password_hash_argon2_parallelism,
            },
            secure_cookies: env == AppEnv::Prod,
        }
    }

    /// Whether a name and a password are enough. They are no second factor.
    pub fn accepts_basic(&self, env: AppEnv) -> bool {
        let is_too_little = env == AppEnv::Prod && self.admin_mfa_required;
        self.legacy_basic_auth_enabled.unwrap_or(true) && !is_too_little
    }

    /// Whether the environment itself names somebody who may administer.
    pub fn has_administrator(&self, env: AppEnv) -> bool {
        let may = |pair: &api::BasicPair| matches!(pair.role, Role::Owner | Role::Admin);
        self.accepts_basic(env) && self.pairs().iter().any(may)
    }

    /// Every login of the environment, whole or half.
    pub(super) fn halves(
        &self,
    ) -> [(Role, &'static str, Option<&String>, Option<&SecretString>); 5] {
        [
            (
                Role::Owner,
                "OWNER",
                self.owner_basic_username.as_ref(),
                self.owner_basic_password.as_ref(),
            ),
            (
                Role::Admin,
                "ADMIN",
                self.admin_basic_username.as_ref(),
                self.admin_basic_password.as_ref(),
            ),
            (
                Role::Dispatcher,
                "DISPATCHER",
                self.dispatcher_basic_username.as_ref(),
                self.dispatcher_basic_password.as_ref(),
            ),
            (
                Role::Accountant,
                "ACCOUNTANT",
                self.accountant_basic_username.as_ref(),
                self.accountant_basic_password.as_ref(),
            ),
            (
                Role::Viewer,
                "VIEWER",
                self.viewer_basic_username.as_ref(),
                self.viewer_basic_password.as_ref(),
            ),
        ]
    }

    /// The logins of the environment that have both halves.
    pub fn pairs(&self) -> Vec<api::BasicPair> {
        let whole =
            |(role, _, username, password): (_, _, Option<&String>, Option<&SecretString>)| {
                let (username, password) = (username?.clone(), password?.clone());
                Some(api::BasicPair { role, username, password })
            };
        self.halves().into_iter().filter_map(whole).collect()
    }
}

/// The parts of `a, b` or `["a", "b"]`.
fn list(text: &str) -> Result<Vec<String>, String> {
    if text.trim_start().starts_with('[') {
        return serde_json::from_str(text).map_err(|_| "must be a JSON array of texts".to_owned());
    }
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    Ok(parts.map(ToOwned::to_owned).collect())
}

fn parse_roles(text: &str) -> Result<Roles, String> {
    let role = |name: String| name.parse().map_err(|_| format!("{name} is not a role"));
    list(text)?.into_iter().map(role).collect::<Result<_, _>>().map(Roles)
}

fn parse_networks(text: &str) -> Result<Networks, String> {
    let network = |part: String| {
        let alone = || part.parse::<IpAddr>().map(IpNet::from);
        part.parse().or_else(|_| alone()).map_err(|_| format!("Invalid CIDR {part}"))
    };
    let networks: Vec<_> = list(text)?.into_iter().map(network).collect::<Result<_, _>>()?;
    if networks.is_empty() { Err("names no network".to_owned()) } else { Ok(Networks(networks)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_separated_by_commas_or_json() {
        let both = ["owner, dispatcher", r#"["owner", "dispatcher"]"#];
        for text in both {
            assert_eq!(parse_roles(text), Ok(Roles(vec![Role::Owner, Role::Dispatcher])), "{text}");
        }
        assert!(parse_roles("owner,boss").is_err());
        let networks = parse_networks("10.0.0.0/8, 203.0.113.7,2001:db8::/32").unwrap().0;
        assert_eq!(networks[1].to_string(), "203.0.113.7/32");
        assert_eq!(networks.len(), 3);
        for bad in ["10.0.0.0/33", "example.net", "[10.0.0.0/8]", " , "] {
            assert!(parse_networks(bad).is_err(), "{bad}");
        }
    }
}
