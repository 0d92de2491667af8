//! What a function may reach: the entries of `allow`, checked against names before they are resolved and against addresses
//! before they are connected to.

use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An allow list. The default allows nothing.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    entries: Vec<Entry>,
}

/// An entry that is none of the forms of [`Policy::parse`].
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no host, *.domain, address, network (10.0.0.0/8) or *, with :port or without")]
pub struct BadEntry(String);

#[derive(Debug, Clone)]
struct Entry {
    what: What,
    port: Option<u16>,
}

#[derive(Debug, Clone)]
enum What {
    /// `*`: every public address.
    Any,
    Name(String),
    /// `.example.org`, for all names under it.
    Under(String),
    Network(IpNet),
}

impl Policy {
    /// Entries: `host`, `*.domain`, an address, a network, or `*`; each may end with `:port`. Names, and `*`, stand for
    /// public addresses; a private one must be named as an address or a network, except `localhost`.
    ///
    /// # Errors
    /// [`BadEntry`] for anything else.
    pub fn parse<'a>(entries: impl IntoIterator<Item = &'a str>) -> Result<Self, BadEntry> {
        entries.into_iter().map(entry).collect::<Result<_, _>>().map(|entries| Self { entries })
    }

    /// Whether a name may be asked for at all; its addresses are checked by [`Self::permits_address`].
    pub fn permits_name(&self, host: &str, port: u16) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        self.on(port).any(|what| matches!(what, What::Network(_)) || names(what, &host))
    }

    /// Whether this address may be connected to for `host`, which is the address itself in a URL that has no name.
    pub fn permits_address(&self, host: &str, address: IpAddr, port: u16) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let address = canonical(address);
        self.on(port).any(|what| match what {
            What::Network(network) => network.contains(&address),
            what if address.is_loopback() => host == "localhost" && names(what, &host) && !matches!(what, What::Any),
            what => is_public(address) && names(what, &host),
        })
    }

    fn on(&self, port: u16) -> impl Iterator<Item = &What> {
        self.entries.iter().filter(move |entry| entry.port.is_none_or(|only| only == port)).map(|entry| &entry.what)
    }
}

fn names(what: &What, host: &str) -> bool {
    match what {
        What::Any => true,
        What::Name(name) => name == host,
        What::Under(suffix) => host.ends_with(suffix.as_str()),
        What::Network(_) => false,
    }
}

fn entry(text: &str) -> Result<Entry, BadEntry> {
    let bad = || BadEntry(text.to_owned());
    let whole = |what| Ok(Entry { what, port: None });
    if let Ok(network) = text.parse::<IpNet>() {
        return whole(What::Network(network));
    }
    if let Ok(address) = text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        return whole(What::Network(address.into()));
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, Some(port.parse::<u16>().ok().filter(|port| *port != 0).ok_or_else(bad)?)),
        None => (text, None),
    };
    if let Ok(address) = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        return Ok(Entry { what: What::Network(address.into()), port });
    }
    let host = host.to_ascii_lowercase();
    let what = match host.strip_prefix('*') {
        Some("") => What::Any,
        Some(suffix) if suffix.strip_prefix('.').is_some_and(is_name) => What::Under(suffix.to_owned()),
        None if is_name(&host) => What::Name(host),
        _ => return Err(bad()),
    };
    Ok(Entry { what, port })
}

fn is_name(text: &str) -> bool {
    text.len() <= 253
        && text.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        })
}

/// An IPv4 address that is written as IPv6 (mapped, NAT64, 6to4) reaches what the IPv4 address reaches.
fn canonical(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match v6.segments() {
        [0, 0, 0, 0, 0, 0xffff | 0, high, low] if !v6.is_loopback() && !v6.is_unspecified() => embedded(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low),
        [0x2002, high, low, ..] => embedded(high, low),
        _ => address,
    }
}

/// Globally reachable, after IANA's special-purpose registries (RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(a == 0
        || a == 10
        || a == 127
        || a >= 224
        || (a, b) == (169, 254)
        || (a, b) == (192, 168)
        || (a == 172 && (16..32).contains(&b))
        || (a == 100 && (64..128).contains(&b))
        || (a == 198 && (18..20).contains(&b))
        || matches!((a, b, c), (192, 0, 0 | 2) | (192, 88, 99) | (198, 51, 100) | (203, 0, 113)))
}

/// Only 2000::/3 is given out, and of that not the ranges for documentation, benchmarks, ORCHID and Teredo.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    (0x2000..0x4000).contains(&a) && !(a == 0x2001 && (b < 0x200 || b == 0xdb8)) && !(a == 0x3fff && b < 0x1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reaches(allow: &[&str], host: &str, address: &str, port: u16) -> bool {
        let policy = Policy::parse(allow.iter().copied()).unwrap();
        policy.permits_name(host, port) && policy.permits_address(host, address.parse().unwrap(), port)
    }

    #[test]
    fn allows_nothing_by_default() {
        assert!(!reaches(&[], "example.org", "93.184.216.34", 443));
    }

    #[test]
    fn a_name_stands_for_itself_a_star_for_what_is_under_it() {
        assert!(reaches(&["example.org"], "Example.org.", "93.184.216.34", 443));
        assert!(!reaches(&["example.org"], "a.example.org", "93.184.216.34", 443));
        assert!(reaches(&["*.example.org"], "a.b.example.org", "93.184.216.34", 443));
        assert!(!reaches(&["*.example.org"], "badexample.org", "93.184.216.34", 443));
        assert!(reaches(&["example.org:8443"], "example.org", "93.184.216.34", 8443));
        assert!(!reaches(&["example.org:8443"], "example.org", "93.184.216.34", 443));
    }

    #[test]
    fn no_name_reaches_an_address_that_is_not_public() {
        for address in [
            "127.0.0.1",
            "127.8.8.8",
            "0.0.0.0",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "192.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "fc00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "fec0::1",
        ] {
            assert!(
                !reaches(&["*", "rebind.example.org", "*.example.org"], "rebind.example.org", address, 80),
                "{address}"
            );
            assert!(!reaches(&["*"], address, address, 80), "{address}");
        }
        assert!(reaches(&["*"], "example.org", "172.32.0.1", 80));
        assert!(reaches(&["*"], "example.org", "2606:2800:220:1::1", 80));
    }

    #[test]
    fn private_addresses_are_reached_when_they_are_named() {
        assert!(reaches(&["127.0.0.1"], "127.0.0.1", "127.0.0.1", 80));
        assert!(reaches(&["127.0.0.1:9000"], "127.0.0.1", "127.0.0.1", 9000));
        assert!(!reaches(&["127.0.0.1:9000"], "127.0.0.1", "127.0.0.1", 9001));
        assert!(reaches(&["10.0.0.0/8"], "db.internal", "10.1.2.3", 80));
        assert!(!reaches(&["10.0.0.0/8"], "db.internal", "11.1.2.3", 80));
        assert!(reaches(&["10.0.0.0/8"], "mapped", "::ffff:10.0.0.1", 80));
        assert!(reaches(&["localhost"], "localhost", "127.0.0.1", 80));
        assert!(reaches(&["localhost"], "localhost", "::1", 80));
        assert!(reaches(&["[::1]:80"], "::1", "::1", 80));
        assert!(!reaches(&["*"], "localhost", "127.0.0.1", 80));
    }

    #[test]
    fn tells_what_is_no_entry() {
        for text in [
            "",
            "a b",
            "http://example.org",
            "example.org/path",
            "*example.org",
            "a.*.b",
            "example.org:0",
            "x:99999",
            "-:",
        ] {
            assert!(Policy::parse([text]).is_err(), "{text:?}");
        }
    }
}
