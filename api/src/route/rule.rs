//! What a route asks of its callers.

use domain::access::Permission;
use domain::settings::feature::Feature;

use crate::identity::Portal;
use crate::rate::Rate;

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Monitors and readers of documents; it says nothing about any organisation.
    Monitor,
    /// Anybody; the organisation is that of the host, or the one that is named.
    Public,
    /// Workers and clients, each at their own portal.
    Portal(Portal),
    /// Every login of the organisation, whatever it may do.
    SignedIn,
    /// Whoever holds one of these; a refusal names the last.
    Staff(&'static [Permission]),
    /// Owners, whatever else anybody holds.
    Owner,
}

/// A route's side of the bargain. Made by [`monitor`], [`public`], [`worker`], [`client`], [`signed_in`],
/// [`staff`] and [`owner`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a promise of its own")]
pub(crate) struct Rule {
    pub(crate) access: Access,
    /// What the audit log calls it, as `resource.verb`; `None` where nothing is changed or taken out.
    pub(crate) action: Option<&'static str>,
    pub(crate) key: Key,
    /// What it takes from the limits of whoever asks.
    pub(crate) rate: Rate,
    /// Whether somebody gets in who must choose another password first.
    pub(crate) ungated: bool,
    /// What must be on in the organisation of the caller; a part of a module needs its module too.
    pub(crate) feature: Option<Feature>,
    /// The path of the same request elsewhere: a key used there is used here.
    pub(crate) alias_of: Option<&'static str>,
    /// Whether it takes data out of the system, so that its success is noted too.
    pub(crate) leaves: bool,
    /// Status of the answer if all goes well, as described.
    pub(crate) success: u16,
    /// Whether it takes a file, as a form of several parts that is read as it comes.
    pub(crate) takes_file: bool,
    /// Whether it may change something although the installation is read-only.
    pub(crate) despite_read_only: bool,
}

/// What `Idempotency-Key` means to a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// Nothing: repeating the request is harmless.
    Ignored,
    /// A repetition under the same key is answered, not carried out.
    Optional,
    /// As optional, and a request without it is refused.
    Required,
}

impl Rule {
    /// Changes something: the audit log calls it `name`.
    pub(crate) const fn action(mut self, name: &'static str) -> Self {
        self.action = Some(name);
        self.key = Key::Optional;
        self.rate = Rate::Write;
        self
    }

    /// Reads what then leaves the system: the audit log calls it `name`.
    pub(crate) const fn leaves(mut self, name: &'static str) -> Self {
        self.action = Some(name);
        self.leaves = true;
        self
    }

    /// Lets in whoever must choose another password first.
    pub(crate) const fn ungated(mut self) -> Self {
        self.ungated = true;
        self
    }

    /// Exists only where `feature` is on; for routes with a login, which says for which organisation.
    pub(crate) const fn feature(mut self, feature: Feature) -> Self {
        self.feature = Some(feature);
        self
    }

    /// Is the same as `path`, which has no parameters.
    pub(crate) const fn alias_of(mut self, path: &'static str) -> Self {
        self.alias_of = Some(path);
        self
    }

    /// Sets what it takes from the limits, where that is not told by the action.
    pub(crate) const fn rate(mut self, rate: Rate) -> Self {
        self.rate = rate;
        self
    }

    /// May change something although the installation is read-only: what lets people write again.
    pub(crate) const fn despite_read_only(mut self) -> Self {
        self.despite_read_only = true;
        self
    }

    /// Takes a file: how large it may be is for the route to say.
    pub(crate) const fn takes_file(mut self) -> Self {
        self.takes_file = true;
        self
    }

    /// Sets what `Idempotency-Key` means, where that is not told by the action.
    pub(crate) const fn key(mut self, key: Key) -> Self {
        self.key = key;
        self
    }
}

const fn rule(access: Access) -> Rule {
    Rule {
        access,
        action: None,
        key: Key::Ignored,
        rate: Rate::Read,
        ungated: false,
        feature: None,
        alias_of: None,
        leaves: false,
        success: 200,
        takes_file: false,
        despite_read_only: false,
    }
}

/// For monitors and readers of documents, who ask as often as they like.
pub(crate) const fn monitor() -> Rule {
    rule(Access::Monitor).rate(Rate::Free)
}

/// For anybody.
pub(crate) const fn public() -> Rule {
    rule(Access::Public)
}

/// For workers, at their portal.
pub(crate) const fn worker() -> Rule {
    rule(Access::Portal(Portal::Worker))
}

/// For clients, at theirs.
pub(crate) const fn client() -> Rule {
    rule(Access::Portal(Portal::Client))
}

/// For every login.
pub(crate) const fn signed_in() -> Rule {
    rule(Access::SignedIn)
}

/// For logins that hold one of `permissions`.
pub(crate) const fn staff(permissions: &'static [Permission]) -> Rule {
    rule(Access::Staff(permissions))
}

/// For owners.
pub(crate) const fn owner() -> Rule {
    rule(Access::Owner)
}
