//! A host that is reached without the proxy.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
};

use url::Host;

/// A host, or many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Bypass {
    /// A name, and all below it.
    Domain(String),
    /// An address with its leading bits, of 128.
    Network { address: u128, bits: u32 },
}

impl Bypass {
    /// What is wrong comes back as the end of a sentence.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        if let Some((address, bits)) = text.split_once('/') {
            return network(address, bits)
                .ok_or("is no network; write it as `10.0.0.0/8` or `fd00::/8`");
        }
        if let Ok(address) = text.parse() {
            return Ok(Self::Network {
                address: number(address),
                bits: 128,
            });
        }
        // A leading dot means the same to most.
        match Host::parse(text.strip_prefix('.').unwrap_or(text)) {
            Ok(Host::Domain(name)) if !name.contains('*') => Ok(Self::Domain(name)),
            Ok(Host::Ipv6(address)) => Ok(Self::Network {
                address: address.into(),
                bits: 128,
            }),
            _ => Err(
                "is neither a name, an IP address nor a network; leave out schemes, ports and wildcards",
            ),
        }
    }

    pub(super) fn has(&self, host: &Host<&str>) -> bool {
        let address = match (self, host) {
            (Self::Domain(domain), Host::Domain(name)) => {
                // A dot at the end makes a name no other.
                let name = name.strip_suffix('.').unwrap_or(name);
                let rest = name.strip_suffix(domain.strip_suffix('.').unwrap_or(domain));
                return rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
            }
            (Self::Network { .. }, Host::Ipv4(address)) => number((*address).into()),
            (Self::Network { .. }, Host::Ipv6(address)) => number((*address).into()),
            _ => return false,
        };
        matches!(self, Self::Network { address: own, bits } if prefix(*own, *bits) == prefix(address, *bits))
    }
}

/// As [`Bypass::parse`] reads it.
impl fmt::Display for Bypass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (address, bits) = match self {
            Self::Domain(name) => return f.write_str(name),
            Self::Network { address, bits } => (Ipv6Addr::from(*address), *bits),
        };
        match address.to_ipv4_mapped() {
            Some(address) if bits == 128 => write!(f, "{address}"),
            Some(address) if bits >= 96 => write!(f, "{address}/{}", bits - 96),
            _ => write!(f, "{address}/{bits}"),
        }
    }
}

fn network(address: &str, bits: &str) -> Option<Bypass> {
    let address: IpAddr = address.parse().ok()?;
    let bits: u32 = bits.parse().ok()?;
    let bits = match address {
        IpAddr::V4(_) if bits <= 32 => 96 + bits,
        IpAddr::V6(_) if bits <= 128 => bits,
        _ => return None,
    };
    Some(Bypass::Network {
        address: number(address),
        bits,
    })
}

/// IPv4 addresses as IPv6 maps them (RFC 4291 §2.5.5.2), so that both spellings are one.
fn number(address: IpAddr) -> u128 {
    let address: Ipv6Addr = match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    };
    address.into()
}

fn prefix(address: u128, bits: u32) -> u128 {
    // Of no bits at all there is nothing to shift.
    address.checked_shr(128 - bits).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(bypass: &str, host: &str) -> bool {
        let host = Host::parse(host).unwrap();
        let host = match &host {
            Host::Domain(name) => Host::Domain(name.as_str()),
            Host::Ipv4(address) => Host::Ipv4(*address),
            Host::Ipv6(address) => Host::Ipv6(*address),
        };
        Bypass::parse(bypass).unwrap().has(&host)
    }

    #[test]
    fn a_name_is_for_itself_and_all_below_it() {
        for bypass in ["Intra.example", ".intra.example", "intra.example."] {
            for host in [
                "intra.example",
                "INTRA.example",
                "a.b.intra.example",
                "intra.example.",
            ] {
                assert!(has(bypass, host), "{bypass} {host}");
            }
            for host in [
                "example",
                "notintra.example",
                "intra.example.evil",
                "intra.example.com",
            ] {
                assert!(!has(bypass, host), "{bypass} {host}");
            }
        }
        assert!(!has("intra.example", "10.0.0.1"));
        assert!(has("bücher.example", "xn--bcher-kva.example"));
    }

    #[test]
    fn networks_have_their_addresses_in_any_spelling() {
        for (bypass, host) in [
            ("10.0.0.0/8", "10.255.1.2"),
            ("10.1.2.3/8", "10.255.1.2"),
            ("0.0.0.0/0", "192.0.2.1"),
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.1", "0xc0.0.2.1"),
            ("192.0.2.1/32", "[::ffff:192.0.2.1]"),
            ("fd00::/8", "[fdff::1]"),
            ("::/0", "[2001:db8::1]"),
            ("2001:db8::1", "[2001:db8:0::1]"),
            ("[2001:db8::1]", "[2001:db8::1]"),
        ] {
            assert!(has(bypass, host), "{bypass} {host}");
        }
        for (bypass, host) in [
            ("10.0.0.0/8", "11.0.0.0"),
            ("192.0.2.1", "192.0.2.2"),
            ("0.0.0.0/0", "[2001:db8::1]"),
            ("fd00::/8", "[fc00::1]"),
            ("10.0.0.0/8", "10.0.0.0.example"),
        ] {
            assert!(!has(bypass, host), "{bypass} {host}");
        }
    }

    #[test]
    fn it_is_written_as_it_is_read() {
        for (text, expected) in [
            (".Intra.example", "intra.example"),
            ("10.1.2.3/8", "10.1.2.3/8"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("192.0.2.1/32", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("::ffff:0.0.0.0/90", "::ffff:0.0.0.0/90"),
            ("fd00::/8", "fd00::/8"),
            ("[2001:db8:0::1]", "2001:db8::1/128"),
        ] {
            let bypass = Bypass::parse(text).unwrap();
            assert_eq!(bypass.to_string(), expected);
            assert_eq!(Bypass::parse(expected), Ok(bypass));
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for text in [
            "",
            ".",
            "*",
            "*.example",
            "https://a.example",
            "a.example:443",
            "a.example, b.example",
            "a b",
            "10.0.0.0/33",
            "10.0.0.0/",
            "a.example/8",
            "::/129",
        ] {
            assert!(Bypass::parse(text).is_err(), "{text}");
        }
    }
}
