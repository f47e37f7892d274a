//! What an installation decides about its staff: how they come in, and what they must show.

use std::net::IpAddr;

use chrono::TimeDelta;
use domain::access::Role;
use ipnet::IpNet;
use secrecy::SecretString;

use super::PasswordCost;

/// Decided once, before anything starts.
#[derive(Clone, Debug)]
pub struct StaffPolicy {
    /// Logins of the environment.
    pub pairs: Vec<BasicPair>,
    /// Whether a name and a password with every request are accepted at all.
    pub basic: bool,
    /// Roles that must have shown a second factor; empty if none must.
    pub mfa_roles: Vec<Role>,
    /// Whether staff may only read, but for break-glass.
    pub read_only: bool,
    /// From where staff may come; `None` is from everywhere.
    pub allowed: Option<Vec<IpNet>>,
    /// When guessing ends.
    pub lockout: Lockout,
    /// How long what is given out is good.
    pub lives: Lives,
    /// What new passwords cost whoever guesses them.
    pub password_cost: PasswordCost,
    /// Whether cookies are for https only.
    pub secure_cookies: bool,
}

/// A name and a password of the environment, for the default organisation.
#[derive(Clone, Debug)]
pub struct BasicPair {
    /// What it may do.
    pub role: Role,
    /// The name.
    pub username: String,
    /// The password.
    pub password: SecretString,
}

/// So many wrong guesses under one name from one address, in so much time, and no more are looked at.
#[derive(Clone, Copy, Debug)]
pub struct Lockout {
    /// What a forgetful person may need.
    pub attempts: u16,
    /// How long a guess counts.
    pub minutes: u16,
}

/// How long what is given out is good.
#[derive(Clone, Copy, Debug)]
pub struct Lives {
    /// An access token.
    pub access: TimeDelta,
    /// A session that is never renewed.
    pub session: TimeDelta,
    /// The right to renew it.
    pub refresh: TimeDelta,
}

impl Default for StaffPolicy {
    /// Source of the numbers: section 1.5 of the platform specification.
    fn default() -> Self {
        Self {
            pairs: Vec::new(),
            basic: true,
            mfa_roles: Vec::new(),
            read_only: false,
            allowed: None,
            lockout: Lockout { attempts: 10, minutes: 15 },
            lives: Lives {
                access: TimeDelta::minutes(15),
                session: TimeDelta::hours(24),
                refresh: TimeDelta::days(14),
            },
            password_cost: PasswordCost::default(),
            secure_cookies: true,
        }
    }
}

impl StaffPolicy {
    /// Whether `role` must have shown a second factor.
    pub(crate) fn wants_mfa(&self, role: Role) -> bool {
        self.mfa_roles.contains(&role)
    }

    /// Whether staff may come from `address`. An IPv4 address inside an IPv6 one is the IPv4 address.
    pub(crate) fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.allowed.as_ref().is_none_or(|nets| nets.iter().any(|net| net.contains(&address)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn staff_come_from_where_they_may_and_from_everywhere_if_nothing_is_said() {
        let mut policy = StaffPolicy::default();
        let at = |text: &str| text.parse().unwrap();
        assert!(policy.allows(at("203.0.113.9")));
        policy.allowed =
            Some(vec!["10.0.0.0/8".parse().unwrap(), "2001:db8::/32".parse().unwrap()]);
        for inside in ["10.1.2.3", "::ffff:10.1.2.3", "2001:db8::1"] {
            assert!(policy.allows(at(inside)), "{inside}");
        }
        for outside in ["11.0.0.1", "203.0.113.9", "2001:db9::1", "0.0.0.0"] {
            assert!(!policy.allows(at(outside)), "{outside}");
        }
    }
}
