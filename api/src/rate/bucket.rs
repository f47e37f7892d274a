//! What is counted, of whom, and how much of it a minute has.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use ring::digest::{SHA256, digest};
use uuid::Uuid;

/// Queries are cheap: they may be this many times as frequent as changes.
const READS: u32 = 4;

/// One office has one address and many people; a person who is signed in may do this many times as much as an address.
const SIGNED_IN: u32 = 20;

/// What a route takes from the limits of whoever asks; declared with the route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rate {
    /// Nothing: monitors ask as often as they like, and providers deliver as often as they must.
    Free,
    /// A query.
    Read,
    /// A change.
    Write,
    /// A guess at a secret, if somebody guesses.
    SignIn,
    /// A change, and one of few under this name that an organisation has.
    Action(&'static str),
}

impl Rate {
    /// As `cleaning routes` shows it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Free => "none",
            Self::Read => "read",
            Self::Write => "write",
            Self::SignIn => "sign_in",
            Self::Action(_) => "action",
        }
    }
}

/// One sort of counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Bucket {
    /// Queries.
    Read,
    /// Changes.
    Write,
    /// Guesses at secrets, from one address.
    SignIn,
    /// Guesses at the secret of one account, from anywhere.
    Account,
    /// Requests without a login to routes that need one.
    Refused,
    /// Changes that reach many people or cost money.
    Action(&'static str),
}

impl Bucket {
    /// All sorts, as metrics name them.
    pub(super) const NAMES: [&str; 6] =
        ["read", "write", "sign_in", "account", "refused", "action"];

    /// Where its name stands.
    pub(super) const fn index(self) -> usize {
        match self {
            Self::Read => 0,
            Self::Write => 1,
            Self::SignIn => 2,
            Self::Account => 3,
            Self::Refused => 4,
            Self::Action(_) => 5,
        }
    }
}

/// Of whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    /// Whoever sits at an address.
    Address(IpAddr),
    /// Somebody who is signed in.
    User(Uuid),
    /// Whoever an address or a token names; hashed, for it may be a secret or a person.
    Account(u128),
    /// All of an organisation.
    Org(Uuid),
}

impl Subject {
    /// The account that goes by `name`, without the name.
    pub(crate) fn of_account(name: &str) -> Self {
        let digest = digest(&SHA256, name.as_bytes());
        let half = digest.as_ref().first_chunk().copied().unwrap_or_default();
        Self::Account(u128::from_be_bytes(half))
    }

    /// Whoever has one address of version 6 has 2⁶⁴ of them: they count as one.
    pub(crate) fn at(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V6(v6) => {
                let network = u128::from(v6) >> 64 << 64;
                IpAddr::V6(Ipv6Addr::from(network))
            }
            v4 @ IpAddr::V4(_) => v4,
        })
    }
}

/// Who spends what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Spender {
    pub(super) bucket: Bucket,
    pub(super) subject: Subject,
}

/// As other processes know it.
impl fmt::Display for Spender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.bucket {
            Bucket::Action(name) => write!(f, "action:{name}:")?,
            other => write!(f, "{}:", Bucket::NAMES[other.index()])?,
        }
        match self.subject {
            Subject::Address(address) => write!(f, "ip:{address}"),
            Subject::User(user) => write!(f, "user:{user}"),
            Subject::Account(account) => write!(f, "account:{account:032x}"),
            Subject::Org(org) => write!(f, "org:{org}"),
        }
    }
}

/// How much of everything a minute has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerMinute {
    /// Changes from one address without a login.
    pub changes: u32,
    /// Sign-ins from one address.
    pub sign_ins: u32,
    /// Sign-ins to one account, from anywhere.
    pub account: u32,
    /// One action of an organisation that reaches many people or costs money.
    pub actions: u32,
}

impl PerMinute {
    /// For customers.
    pub const fn new(changes: u32, actions: u32) -> Self {
        Self { changes, sign_ins: 10, account: 5, actions }
    }

    /// For a machine on which nobody but its owner asks: bounds runaway scripts, and nothing else.
    pub const fn generous() -> Self {
        Self { changes: 1_000_000, sign_ins: 10_000, account: 10_000, actions: 10_000 }
    }

    pub(super) fn of(&self, Spender { bucket, subject }: Spender) -> u32 {
        let people = if matches!(subject, Subject::User(_)) { SIGNED_IN } else { 1 };
        match bucket {
            Bucket::Read => self.changes.saturating_mul(READS).saturating_mul(people),
            Bucket::Write => self.changes.saturating_mul(people),
            Bucket::SignIn => self.sign_ins,
            Bucket::Account => self.account,
            Bucket::Refused => self.changes,
            Bucket::Action(_) => self.actions,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_people_have_more_of_a_minute_than_changes_and_addresses() {
        let limits = PerMinute::new(30, 5);
        let address = Subject::at([203, 0, 113, 9].into());
        let of = |bucket, subject| limits.of(Spender { bucket, subject });
        assert_eq!(of(Bucket::Write, address), 30);
        assert_eq!(of(Bucket::Read, address), 120);
        assert_eq!(of(Bucket::Write, Subject::User(Uuid::nil())), 600);
        assert_eq!(of(Bucket::Read, Subject::User(Uuid::nil())), 2_400);
        assert_eq!(of(Bucket::SignIn, address), 10);
        assert_eq!(of(Bucket::Account, Subject::Account(1)), 5);
        assert_eq!(of(Bucket::Action("resend"), Subject::Org(Uuid::nil())), 5);
    }

    #[test]
    fn neighbours_in_a_network_of_version_6_count_as_one() {
        let at = |text: &str| Subject::at(text.parse().unwrap());
        assert_eq!(at("2001:db8:1:2:3::4"), at("2001:db8:1:2:5::6"));
        assert_ne!(at("2001:db8:1:2::1"), at("2001:db8:1:3::1"));
        assert_eq!(at("::ffff:203.0.113.9"), at("203.0.113.9"));
        assert_ne!(at("203.0.113.9"), at("203.0.113.8"));
    }

    #[test]
    fn every_sort_has_a_name_of_its_own() {
        let subject = Subject::Org(Uuid::nil());
        let name = |bucket| Spender { bucket, subject }.to_string();
        assert_eq!(
            name(Bucket::Action("resend_email")),
            "action:resend_email:org:00000000-0000-0000-0000-000000000000"
        );
        let all = [Bucket::Read, Bucket::Write, Bucket::SignIn, Bucket::Account, Bucket::Refused];
        for bucket in all {
            assert!(name(bucket).starts_with(Bucket::NAMES[bucket.index()]));
        }
    }
}
