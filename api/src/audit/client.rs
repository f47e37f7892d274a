//! Where a request came from and what it was sent with, as far as the audit log keeps it.

use std::net::IpAddr;

use axum::http::HeaderValue;
use domain::recorded::Via;
use ring::digest::{SHA256, digest};

use crate::request::RequestInfo;

/// How much of an address is kept. The log never forgets what it was told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientAddress {
    /// Nothing.
    None,
    /// The network: 24 bits of IPv4, 48 of IPv6; a household or an office, not a device.
    #[default]
    Network,
    /// All of it.
    Full,
}

impl ClientAddress {
    /// What is kept of `address`.
    pub(crate) fn of(self, address: IpAddr) -> Option<String> {
        let address = address.to_canonical();
        match (self, address) {
            (Self::None, _) => None,
            (Self::Full, address) => Some(address.to_string()),
            (Self::Network, IpAddr::V4(v4)) => {
                let [a, b, c, _] = v4.octets();
                Some(format!("{a}.{b}.{c}.0/24"))
            }
            (Self::Network, IpAddr::V6(v6)) => {
                let [a, b, c, ..] = v6.segments();
                Some(format!("{}/48", std::net::Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0)))
            }
        }
    }
}

/// How a request came in that is answered with `status` if all goes well.
pub(crate) fn via(info: &RequestInfo, kept: ClientAddress, status: u16) -> Via {
    Via { status, client: kept.of(info.address()), agent: info.agent.as_ref().map(agent) }
}

/// Enough of a hash to tell programs apart, too little to be anything else.
pub(super) fn agent(header: &HeaderValue) -> String {
    hex::encode(&digest(&SHA256, header.as_bytes()).as_ref()[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_address_the_network_is_kept_unless_told_otherwise() {
        let kept = |kept: ClientAddress, address: &str| kept.of(address.parse().unwrap());
        let network = ClientAddress::default();
        assert_eq!(kept(network, "203.0.113.77").as_deref(), Some("203.0.113.0/24"));
        assert_eq!(kept(network, "::ffff:203.0.113.77").as_deref(), Some("203.0.113.0/24"));
        assert_eq!(kept(network, "2001:db8:1:2:3::4").as_deref(), Some("2001:db8:1::/48"));
        assert_eq!(kept(ClientAddress::Full, "203.0.113.77").as_deref(), Some("203.0.113.77"));
        assert_eq!(kept(ClientAddress::None, "203.0.113.77"), None);
    }
}
