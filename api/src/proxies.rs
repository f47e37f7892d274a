//! Whose word about the origin of a request is taken.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

/// Somebody who adds more hops than this wants us to count them.
const HOPS: usize = 32;

/// The proxies in front of us.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies(Trust);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Trust {
    #[default]
    Nobody,
    Private,
    These(Vec<IpNet>),
}

/// Where a request comes from, as far as that can be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) address: IpAddr,
    /// Whether it travelled over TLS to the first proxy.
    pub(crate) is_secure: bool,
}

impl Proxies {
    /// Requests come from whoever sends them.
    pub const fn none() -> Self {
        Self(Trust::Nobody)
    }

    /// Whoever has a loopback or private address is a proxy.
    pub const fn private() -> Self {
        Self(Trust::Private)
    }

    /// Whoever has an address in `networks` is a proxy.
    pub const fn these(networks: Vec<IpNet>) -> Self {
        Self(Trust::These(networks))
    }

    fn trusts(&self, address: IpAddr) -> bool {
        match &self.0 {
            Trust::Nobody => false,
            Trust::Private => match address.to_canonical() {
                IpAddr::V4(v4) => v4.is_loopback() || v4.is_private(),
                IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local(),
            },
            Trust::These(networks) => {
                networks.iter().any(|network| network.contains(&address.to_canonical()))
            }
        }
    }

    /// The rightmost address that is not one of ours: everything left of it is hearsay.
    pub(crate) fn origin(&self, headers: &HeaderMap, peer: IpAddr) -> Origin {
        if !self.trusts(peer) {
            return Origin { address: peer, is_secure: false };
        }
        // One header only: a proxy that writes one of the two passes the other on as the client made it up.
        let (hops, proto) = match all(headers, "x-forwarded-for") {
            hops if !hops.is_empty() => (hops, all(headers, "x-forwarded-proto")),
            _ => {
                let elements = all(headers, "forwarded");
                let of = |name| elements.iter().filter_map(move |one| parameter(one, name));
                (of("for").collect(), of("proto").collect())
            }
        };
        let mut address = peer;
        for hop in hops.into_iter().rev().take(HOPS) {
            if !self.trusts(address) {
                break;
            }
            let Some(next) = node(hop) else { break };
            address = next;
        }
        // Each proxy appends; the last word is that of our neighbour.
        let is_secure = proto.last().is_some_and(|proto| proto.eq_ignore_ascii_case("https"));
        Origin { address, is_secure }
    }
}

/// The elements of a list that may be spread over several headers.
fn all<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).collect()
}

/// `name=value` among the pairs of an element of `Forwarded`.
fn parameter<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(key, _)| key.trim().eq_ignore_ascii_case(name))?;
    Some(value.trim().trim_matches('"'))
}

/// An address, with or without a port.
fn node(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().ok();
    address.or_else(|| text.parse::<SocketAddr>().ok().map(|with_port| with_port.ip()))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn origin(proxies: &Proxies, peer: &str, pairs: &[(&'static str, &'static str)]) -> Origin {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        proxies.origin(&headers, peer.parse().unwrap())
    }

    fn address(proxies: &Proxies, peer: &str, pairs: &[(&'static str, &'static str)]) -> String {
        origin(proxies, peer, pairs).address.to_string()
    }

    const FORGED: [(&str, &str); 1] = [("x-forwarded-for", "1.2.3.4, 203.0.113.9, 10.0.0.7")];

    #[test]
    fn the_client_is_the_rightmost_address_that_is_not_ours() {
        assert_eq!(address(&Proxies::private(), "127.0.0.1", &FORGED), "203.0.113.9");
        assert_eq!(address(&Proxies::private(), "::ffff:10.1.2.3", &FORGED), "203.0.113.9");
        let split = [("x-forwarded-for", "1.2.3.4, 203.0.113.9"), ("x-forwarded-for", "10.0.0.7")];
        assert_eq!(address(&Proxies::private(), "fd00::1", &split), "203.0.113.9");
    }

    #[test]
    fn a_stranger_is_believed_nothing() {
        assert_eq!(address(&Proxies::none(), "127.0.0.1", &FORGED), "127.0.0.1");
        assert_eq!(address(&Proxies::private(), "198.51.100.1", &FORGED), "198.51.100.1");
        let secure = [("x-forwarded-proto", "https"), FORGED[0]];
        assert!(!origin(&Proxies::private(), "198.51.100.1", &secure).is_secure);
    }

    #[test]
    fn only_the_named_networks_are_ours() {
        let these = Proxies::these(vec!["10.0.0.0/24".parse().unwrap()]);
        assert_eq!(address(&these, "10.0.0.2", &FORGED), "203.0.113.9");
        assert_eq!(address(&these, "10.0.1.2", &FORGED), "10.0.1.2");
        let all = Proxies::these(vec!["0.0.0.0/0".parse().unwrap()]);
        assert_eq!(address(&all, "10.0.1.2", &FORGED), "1.2.3.4");
    }

    #[test]
    fn the_standard_header_is_understood_too() {
        let standard = [(
            "forwarded",
            r#"for=1.2.3.4, for="[2001:db8::7]:4711";proto=https;by=10.0.0.7, For=10.0.0.7"#,
        )];
        assert_eq!(address(&Proxies::private(), "127.0.0.1", &standard), "2001:db8::7");
        let one = [("forwarded", "for=203.0.113.9:80;proto=HTTPS")];
        let told = origin(&Proxies::private(), "127.0.0.1", &one);
        assert_eq!((told.address.to_string().as_str(), told.is_secure), ("203.0.113.9", true));
    }

    #[test]
    fn of_the_two_headers_the_one_that_proxies_commonly_write_counts() {
        let both = [("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=1.2.3.4")];
        assert_eq!(address(&Proxies::private(), "127.0.0.1", &both), "203.0.113.9");
    }

    #[test]
    fn what_is_no_address_ends_the_search() {
        for hop in ["unknown", "_hidden", "", "300.1.1.1", "evil\"", "[::1"] {
            let pairs = [("x-forwarded-for", "1.2.3.4"), ("x-forwarded-for", hop)];
            assert_eq!(address(&Proxies::private(), "127.0.0.1", &pairs), "127.0.0.1", "{hop}");
        }
    }

    #[test]
    fn the_last_proxy_tells_how_the_request_travelled() {
        let secure = |proto| {
            let pairs = [("x-forwarded-for", "203.0.113.9"), ("x-forwarded-proto", proto)];
            origin(&Proxies::private(), "127.0.0.1", &pairs).is_secure
        };
        assert!(secure("https") && secure("http, https"));
        assert!(!secure("http") && !secure("https, http"));
    }
}
