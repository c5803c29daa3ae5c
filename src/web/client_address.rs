//! Whose address a request comes from, when proxies stand between.
//!
//! Every proxy appends the address it was called from. Reading from the right, the addresses are
//! true as long as the one who wrote them is trusted; the first that is not a trusted proxy is the
//! client. What stands left of it, anyone may have written.
//!
//! # Decision
//!
//! Only the one header that the configuration names is read. A proxy that knows only
//! `X-Forwarded-For` passes a client's own `Forwarded` on untouched, and the other way round.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::HeaderMap;

use crate::config::{ForwardingHeader, Network};

/// The address of a client, in its IPv4 form where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientAddress(IpAddr);

impl ClientAddress {
    /// Finds the client of a request that came from `peer`.
    pub fn find(
        peer: IpAddr,
        headers: &HeaderMap,
        forwarding_header: ForwardingHeader,
        trusted_proxies: &[Network],
    ) -> Self {
        let is_trusted = |address| trusted_proxies.iter().any(|proxy| proxy.contains(address));
        let mut client = peer.to_canonical();
        for hop in hops(headers, forwarding_header) {
            if !is_trusted(client) {
                break;
            }
            match hop {
                Some(address) => client = address,
                None => break,
            }
        }
        Self(client)
    }

    /// The address.
    pub fn ip(self) -> IpAddr {
        self.0
    }

    /// What throttling counts: the address, or of an IPv6 address the network that one
    /// subscriber is given whole (RFC 6177 §2).
    pub fn throttled_as(self) -> IpAddr {
        match self.0 {
            IpAddr::V4(_) => self.0,
            IpAddr::V6(address) => {
                let network = u128::from(address) & !u128::from(u64::MAX);
                IpAddr::V6(Ipv6Addr::from(network))
            }
        }
    }
}

impl fmt::Display for ClientAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The addresses that proxies have noted, the last first; none where one is not an address.
fn hops(headers: &HeaderMap, header: ForwardingHeader) -> impl Iterator<Item = Option<IpAddr>> {
    let (name, parse): (_, fn(&str) -> Option<IpAddr>) = match header {
        ForwardingHeader::Forwarded => ("forwarded", forwarded_for),
        ForwardingHeader::XForwardedFor => ("x-forwarded-for", node_address),
    };
    let lines: Vec<_> = headers.get_all(name).iter().collect();
    // Split at each comma, also within quotes: no address holds one, and an unclosed quote from
    // the client must not swallow what a proxy appended.
    lines
        .into_iter()
        .rev()
        .flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','))
        .map(move |element| std::str::from_utf8(element).ok().and_then(parse))
}

/// The `for` parameter of one element (RFC 7239 §5.2).
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut values = element
        .split(';')
        .filter_map(|pair| pair.split_once('='))
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("for"));
    let (_, value) = values.next()?;
    let value = value.trim();
    let quoted = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    node_address(quoted.unwrap_or(value))
}

/// An address with or without port; IPv6 in brackets or, as `X-Forwarded-For` has it, without.
fn node_address(node: &str) -> Option<IpAddr> {
    let node = node.trim();
    let bracketed = node
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let address = match bracketed {
        Some(address) => IpAddr::V6(address.parse().ok()?),
        None => match node.parse() {
            Ok(address) => address,
            Err(_) => node.parse::<SocketAddr>().ok()?.ip(),
        },
    };
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(peer: &str, header: ForwardingHeader, lines: &[(&'static str, &str)]) -> String {
        let proxies = [
            "10.0.0.0/8".parse().unwrap(),
            "2001:db8::/32".parse().unwrap(),
        ];
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        let peer = peer.parse().unwrap();
        ClientAddress::find(peer, &headers, header, &proxies).to_string()
    }

    #[test]
    fn x_forwarded_for_is_read_from_the_right_through_trusted_proxies() {
        const NAME: &str = "x-forwarded-for";
        for (peer, lines, client) in [
            ("192.0.2.1", &[][..], "192.0.2.1"),
            ("::ffff:192.0.2.1", &[], "192.0.2.1"),
            // A stranger's word counts for nothing.
            ("192.0.2.1", &[(NAME, "198.51.100.7")], "192.0.2.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &[(NAME, "198.51.100.7")], "198.51.100.7"),
            ("::ffff:10.0.0.1", &[(NAME, "198.51.100.7")], "198.51.100.7"),
            (
                "10.0.0.1",
                &[(NAME, "1.1.1.1, 198.51.100.7")],
                "198.51.100.7",
            ),
            (
                "10.0.0.1",
                &[(NAME, "1.1.1.1, 198.51.100.7, 10.0.0.2")],
                "198.51.100.7",
            ),
            (
                "10.0.0.1",
                &[(NAME, "1.1.1.1"), (NAME, "198.51.100.7")],
                "198.51.100.7",
            ),
            ("10.0.0.1", &[(NAME, "10.0.0.3,10.0.0.2")], "10.0.0.3"),
            ("10.0.0.1", &[(NAME, "198.51.100.7:4711")], "198.51.100.7"),
            ("10.0.0.1", &[(NAME, "2a00::7")], "2a00::7"),
            ("10.0.0.1", &[(NAME, "[2a00::7]:4711")], "2a00::7"),
            ("10.0.0.1", &[(NAME, "::ffff:198.51.100.7")], "198.51.100.7"),
            ("2001:db8::1", &[(NAME, "198.51.100.7")], "198.51.100.7"),
            // What is not an address ends the search at the proxy that passed it on.
            ("10.0.0.1", &[(NAME, "1.1.1.1, unknown")], "10.0.0.1"),
            ("10.0.0.1", &[(NAME, "1.1.1.1, , 10.0.0.2")], "10.0.0.2"),
            ("10.0.0.1", &[(NAME, "")], "10.0.0.1"),
            ("10.0.0.1", &[("forwarded", "for=198.51.100.7")], "10.0.0.1"),
        ] {
            assert_eq!(
                find(peer, ForwardingHeader::XForwardedFor, lines),
                client,
                "{peer} {lines:?}"
            );
        }
    }

    #[test]
    fn forwarded_is_read_from_the_right_through_trusted_proxies() {
        const NAME: &str = "forwarded";
        for (lines, client) in [
            (&[(NAME, "for=198.51.100.7")][..], "198.51.100.7"),
            (
                &[(NAME, "For=\"198.51.100.7:80\"; proto=https")],
                "198.51.100.7",
            ),
            (&[(NAME, "by=10.0.0.1;for=\"[2a00::7]:4711\"")], "2a00::7"),
            (
                &[(
                    NAME,
                    "for=1.1.1.1, for=198.51.100.7, for=10.0.0.2;by=10.0.0.1",
                )],
                "198.51.100.7",
            ),
            (
                &[(NAME, "for=1.1.1.1"), (NAME, "for=198.51.100.7")],
                "198.51.100.7",
            ),
            (&[(NAME, "for=\"1.1.1.1, for=198.51.100.7")], "198.51.100.7"),
            (&[(NAME, "for=_hidden")], "10.0.0.1"),
            (&[(NAME, "for=unknown, for=10.0.0.2")], "10.0.0.2"),
            (&[(NAME, "proto=https")], "10.0.0.1"),
            (&[("x-forwarded-for", "198.51.100.7")], "10.0.0.1"),
        ] {
            assert_eq!(
                find("10.0.0.1", ForwardingHeader::Forwarded, lines),
                client,
                "{lines:?}"
            );
        }
    }

    #[test]
    fn throttling_counts_an_ipv6_network_as_one() {
        for (address, counted) in [
            ("198.51.100.7", "198.51.100.7"),
            ("2a00:1:2:3:4:5:6:7", "2a00:1:2:3::"),
        ] {
            let address = ClientAddress(address.parse().unwrap());
            assert_eq!(address.throttled_as().to_string(), counted);
        }
    }
}
