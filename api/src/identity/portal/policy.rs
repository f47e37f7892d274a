//! What an installation decides about its portals.

use chrono::TimeDelta;

use super::shared::SharedLogin;

/// Decided once, before anything starts.
#[derive(Clone, Debug)]
pub struct PortalPolicy {
    /// The address of the client portal without a path, into which links lead. Without it they lead to the host of the
    /// organisation through which they were asked for, and where that is not registered none is sent.
    pub address: Option<String>,
    /// How long a link works.
    pub link: TimeDelta,
    /// How long a session of a worker lasts.
    pub worker: TimeDelta,
    /// How long a session of a client lasts that is not used.
    pub client: TimeDelta,
    /// The login that a whole team shares, in the default organisation.
    pub shared: Option<SharedLogin>,
}

impl Default for PortalPolicy {
    /// Half an hour to find the mail, a working day, a week.
    fn default() -> Self {
        Self {
            address: None,
            link: TimeDelta::minutes(30),
            worker: TimeDelta::hours(12),
            client: TimeDelta::days(7),
            shared: None,
        }
    }
}
