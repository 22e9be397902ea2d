//! Which addresses a WebSocket monitor may reach: none of this machine or inside its network.
//!
//! Promises: judged by address after resolution, whatever the name or the spelling of a number, and
//! whatever an IPv4 address is wrapped in; of IPv6 only what is given out for the internet is reached;
//! one refused address refuses the name; what is judged is what is connected to.
//! Must not know: WebSockets.

use nightshift_platform::interfaces::own_addresses;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;

/// Set to `1` for the bridge, loopback addresses are allowed. For tests only, whose servers are
/// there; nothing else sets it.
pub const LOOPBACK_VARIABLE: &str = "NIGHTSHIFT_TEST_MONITOR_LOOPBACK";

/// Why an address is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    Loopback,
    /// An address of one of this machine's interfaces.
    Own,
    Private,
    LinkLocal,
    Metadata,
    Special,
}

impl Refused {
    pub fn word(self) -> &'static str {
        match self {
            Refused::Loopback | Refused::Own => "this machine",
            Refused::Private => "a private network",
            Refused::LinkLocal => "a link-local network",
            Refused::Metadata => "a cloud's metadata service",
            Refused::Special => "a reserved range",
        }
    }
}

/// Metadata services that have addresses of their own outside the link-local range.
const METADATA_V4: [Ipv4Addr; 3] = [
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(168, 63, 129, 16),
];
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

/// Why `address` is refused, if it is. `own` are the addresses of this machine.
pub fn refused(address: IpAddr, own: &[IpAddr]) -> Option<Refused> {
    let inner = match address {
        IpAddr::V4(_) => None,
        IpAddr::V6(v6) => embedded(v6),
    };
    let public = match (address, inner) {
        (IpAddr::V4(v4), _) | (IpAddr::V6(_), Some(v4)) => refused_v4(v4),
        (IpAddr::V6(v6), None) => refused_v6(v6),
    };
    let is_own = own.contains(&address) || inner.is_some_and(|v4| own.contains(&v4.into()));
    public.or(is_own.then_some(Refused::Own))
}

fn refused_v4(address: Ipv4Addr) -> Option<Refused> {
    let [a, b, c, _] = address.octets();
    if METADATA_V4.contains(&address) {
        return Some(Refused::Metadata);
    }
    match (a, b, c) {
        (127, ..) => Some(Refused::Loopback),
        (169, 254, _) => Some(Refused::LinkLocal),
        // RFC 1918, and RFC 6598: networks of carriers and of clouds.
        (10, ..) | (172, 16..=31, _) | (192, 168, _) | (100, 64..=127, _) => Some(Refused::Private),
        // This network, protocol assignments, benchmarks, documentation, 6to4 relays, multicast,
        // reserved: RFC 6890.
        (0, ..)
        | (192, 0, 0 | 2)
        | (192, 88, 99)
        | (198, 18..=19, _)
        | (198, 51, 100)
        | (203, 0, 113)
        | (224..=255, ..) => Some(Refused::Special),
        _ => None,
    }
}

/// The IPv4 address that is reached by way of an IPv6 address.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        Some(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        // Nobody's, and this machine's: no IPv4 addresses.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        // Mapped and compatible (RFC 4291), translated (RFC 2765), NAT64 (RFC 6052).
        [0, 0, 0, 0, 0, 0xffff | 0, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => of(high, low),
        // 6to4 (RFC 3056).
        [0x2002, high, low, ..] => of(high, low),
        // ISATAP (RFC 5214), below any prefix.
        [_, _, _, _, 0 | 0x200, 0x5efe, high, low] => of(high, low),
        _ => None,
    }
}

fn refused_v6(address: Ipv6Addr) -> Option<Refused> {
    if address == METADATA_V6 {
        return Some(Refused::Metadata);
    }
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => Some(Refused::Loopback),
        [0xfc00..=0xfdff, ..] => Some(Refused::Private),
        [0xfe80..=0xfebf, ..] => Some(Refused::LinkLocal),
        // Protocol assignments, Teredo and benchmarks among them (2001::/23), and documentation.
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Some(Refused::Special),
        [0x2000..=0x3fff, ..] => None,
        // Only 2000::/3 is given out: unspecified, discard, local NAT64, segment routing, site-local,
        // multicast and what is reserved are outside of it (the registry of RFC 6890).
        _ => Some(Refused::Special),
    }
}

/// Finds a name's addresses. A trait so that tests can be a name server that changes its mind.
pub trait Resolve: Send + Sync {
    fn resolve<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> Pin<Box<dyn Future<Output = std::io::Result<Vec<SocketAddr>>> + Send + 'a>>;
}

/// The machine's own way of finding names.
pub struct System;

impl Resolve for System {
    fn resolve<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> Pin<Box<dyn Future<Output = std::io::Result<Vec<SocketAddr>>> + Send + 'a>> {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
    }
}

/// The addresses of `host`, each judged. Asked once: the caller connects to these and asks no more.
pub async fn judged(
    resolver: &dyn Resolve,
    host: &str,
    port: u16,
    loopback_allowed: bool,
) -> Result<Vec<SocketAddr>, String> {
    let found = resolver.resolve(host, port).await.map_err(|e| format!("{host}: {e}"))?;
    if found.is_empty() {
        return Err(format!("{host} has no address"));
    }
    let own = own_addresses().map_err(|e| format!("this machine's addresses: {e}"))?;
    for address in &found {
        match refused(address.ip(), &own) {
            Some(Refused::Loopback) if loopback_allowed => {}
            Some(why) => {
                let (ip, word) = (address.ip(), why.word());
                return Err(format!(
                    "{host} is at {ip}, which belongs to {word}; a monitor reaches public servers \
                     only. Watch a local one with `command`, which the user can allow"
                ));
            }
            None => {}
        }
    }
    Ok(found)
}

/// Judges a host that names an address itself, or this machine: to find those no byte leaves it, so that nobody has to
/// be asked about what is refused anyhow. Any other name is looked up only when the user allows it.
pub async fn judged_unasked(host: &str, port: u16, loopback_allowed: bool) -> Result<(), String> {
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    let here = name == "localhost" || name.ends_with(".localhost");
    // However a number is written, the last part of it begins with a digit (inet_aton(3)).
    let last = name.rsplit('.').next().unwrap_or_default();
    if !here && !name.contains(':') && !last.starts_with(|c: char| c.is_ascii_digit()) {
        return Ok(());
    }
    let host = if here { "127.0.0.1" } else { host };
    judged(&System, host, port, loopback_allowed).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn addresses_inside_are_refused_in_every_spelling() {
        for (address, expected) in [
            ("127.0.0.1", Some(Refused::Loopback)),
            ("127.255.0.9", Some(Refused::Loopback)),
            ("::1", Some(Refused::Loopback)),
            ("::ffff:127.0.0.1", Some(Refused::Loopback)),
            ("::127.0.0.1", Some(Refused::Loopback)),
            ("64:ff9b::7f00:1", Some(Refused::Loopback)),
            ("2002:7f00:1::", Some(Refused::Loopback)),
            ("10.1.2.3", Some(Refused::Private)),
            ("172.16.0.1", Some(Refused::Private)),
            ("172.31.255.255", Some(Refused::Private)),
            ("172.32.0.1", None),
            ("192.168.1.1", Some(Refused::Private)),
            ("100.64.0.1", Some(Refused::Private)),
            ("100.128.0.1", None),
            ("fd12::1", Some(Refused::Private)),
            ("::ffff:10.0.0.1", Some(Refused::Private)),
            ("169.254.0.1", Some(Refused::LinkLocal)),
            ("fe80::1", Some(Refused::LinkLocal)),
            ("169.254.169.254", Some(Refused::Metadata)),
            ("::ffff:169.254.169.254", Some(Refused::Metadata)),
            ("100.100.100.200", Some(Refused::Metadata)),
            ("168.63.129.16", Some(Refused::Metadata)),
            ("fd00:ec2::254", Some(Refused::Metadata)),
            ("0.0.0.0", Some(Refused::Special)),
            ("::", Some(Refused::Special)),
            ("192.0.0.192", Some(Refused::Special)),
            ("198.18.0.1", Some(Refused::Special)),
            ("224.0.0.1", Some(Refused::Special)),
            ("255.255.255.255", Some(Refused::Special)),
            ("ff02::1", Some(Refused::Special)),
            ("2001:db8::1", Some(Refused::Special)),
            ("2001::1", Some(Refused::Special)),
            ("64:ff9b:1::1", Some(Refused::Special)),
            ("8.8.8.8", None),
            ("2606:4700::1111", None),
            ("::ffff:8.8.8.8", None),
        ] {
            assert_eq!(refused(address.parse().unwrap(), &[]), expected, "{address}");
        }
    }

    #[test]
    fn security_08_an_inner_address_is_refused_in_whatever_it_is_wrapped() {
        let inner = [
            (Ipv4Addr::new(127, 0, 0, 1), Refused::Loopback),
            (Ipv4Addr::new(10, 0, 0, 1), Refused::Private),
            (Ipv4Addr::new(169, 254, 169, 254), Refused::Metadata),
            (Ipv4Addr::new(224, 0, 0, 1), Refused::Special),
            (Ipv4Addr::new(0, 0, 0, 0), Refused::Special),
            (Ipv4Addr::new(203, 0, 113, 9), Refused::Special),
            (Ipv4Addr::new(9, 9, 9, 9), Refused::Own),
        ];
        let own = [IpAddr::from([9, 9, 9, 9]), "2a01:4f8::7".parse().unwrap()];
        for (v4, expected) in inner {
            let [a, b, c, d] = v4.octets();
            let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
            assert_eq!(refused(v4.into(), &own), Some(expected));
            for wrapped in [
                [0, 0, 0, 0, 0, 0xffff, high, low],
                [0, 0, 0, 0, 0xffff, 0, high, low],
                [0x64, 0xff9b, 0, 0, 0, 0, high, low],
                [0x2002, high, low, 0, 0, 0, 0, 1],
                [0x2a01, 0x4f8, 0, 1, 0, 0x5efe, high, low],
                [0x2a01, 0x4f8, 0, 1, 0x200, 0x5efe, high, low],
            ] {
                let wrapped = Ipv6Addr::from(wrapped);
                assert_eq!(refused(wrapped.into(), &own), Some(expected), "{wrapped}");
            }
        }
        for (address, expected) in [
            ("9.9.9.10", None),
            ("2a01:4f8::7", Some(Refused::Own)),
            ("2a01:4f8::8", None),
            ("::ffff:0:8.8.8.8", None),
            ("64:ff9b::8.8.8.8", None),
            ("64:ff9b:1::8.8.8.8", Some(Refused::Special)),
            ("64:ff9b:1:ffff::1", Some(Refused::Special)),
            ("2001:2::1", Some(Refused::Special)),
            ("2001:20::1", Some(Refused::Special)),
            ("2001:1ff::1", Some(Refused::Special)),
            ("2001:200::1", None),
            ("3fff::1", Some(Refused::Special)),
            ("3fff:fff::1", Some(Refused::Special)),
            ("5f00::1", Some(Refused::Special)),
            ("100::1", Some(Refused::Special)),
            ("100:0:0:1::1", Some(Refused::Special)),
            ("fec0::1", Some(Refused::Special)),
            ("ff05::1", Some(Refused::Special)),
            ("1::1", Some(Refused::Special)),
            ("4000::1", Some(Refused::Special)),
        ] {
            assert_eq!(refused(address.parse().unwrap(), &own), expected, "{address}");
        }
    }

    #[test]
    fn security_08_every_address_of_this_machine_is_refused() {
        for ip in own_addresses().unwrap() {
            let there = block_on(judged(&System, &ip.to_string(), 80, true));
            assert!(there.is_err() || ip.is_loopback(), "{ip}");
            assert!(block_on(judged(&System, &ip.to_string(), 80, false)).is_err(), "{ip}");
        }
    }

    /// Says something else each time it is asked.
    struct Fickle(AtomicUsize);

    impl Resolve for Fickle {
        fn resolve<'a>(
            &'a self,
            _: &'a str,
            port: u16,
        ) -> Pin<Box<dyn Future<Output = std::io::Result<Vec<SocketAddr>>> + Send + 'a>> {
            let asked = self.0.fetch_add(1, Ordering::SeqCst);
            let answer = ["8.8.8.8", "127.0.0.1"][asked.min(1)];
            let address = SocketAddr::new(answer.parse().unwrap(), port);
            Box::pin(std::future::ready(Ok(vec![address])))
        }
    }

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
    }

    #[test]
    fn a_name_is_asked_for_once() {
        let fickle = Fickle(AtomicUsize::new(0));
        let found = block_on(judged(&fickle, "rebound.example", 80, false)).unwrap();
        assert_eq!(found, ["8.8.8.8:80".parse().unwrap()]);
        assert_eq!(fickle.0.load(Ordering::SeqCst), 1);
        let refused = block_on(judged(&fickle, "rebound.example", 80, false)).unwrap_err();
        assert!(refused.contains("127.0.0.1") && refused.contains("this machine"), "{refused}");
    }

    #[test]
    fn numbers_in_strange_spellings_are_judged_by_what_they_mean() {
        for host in ["127.1", "2130706433", "0x7f.0.0.1", "localhost"] {
            let refused = block_on(judged(&System, host, 80, false)).unwrap_err();
            assert!(refused.contains("this machine"), "{host}: {refused}");
        }
        assert!(block_on(judged(&System, "localhost", 80, true)).is_ok());
        assert!(block_on(judged(&System, "10.0.0.1", 80, true)).is_err(), "loopback only");
    }

    #[test]
    fn small_truths_what_names_this_machine_is_refused_before_anybody_is_asked() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let judged = |host: &str, allowed| runtime.block_on(judged_unasked(host, 80, allowed));
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "017700000001",
            "::1",
            "::ffff:127.0.0.1",
            "localhost",
            "LOCALHOST",
            "localhost.",
            "a.localhost",
        ] {
            let why = judged(host, false).unwrap_err();
            assert!(why.contains("this machine") && why.contains("`command`"), "{host}: {why}");
            assert_eq!(judged(host, true), Ok(()), "{host}");
        }
        assert!(judged("10.0.0.1", true).unwrap_err().contains("a private network"));
        // Of a name nothing is known before it is looked up.
        for host in ["example.org", "8.8.8.8", "localhost.example.org", "1.example.org", "feed"] {
            assert_eq!(judged(host, false), Ok(()), "{host}");
        }
    }
}
