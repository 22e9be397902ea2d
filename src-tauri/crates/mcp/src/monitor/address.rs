//! Which addresses a WebSocket monitor may reach: none inside this machine or its network.
//!
//! Promises: judged by address after resolution, whatever the name or the spelling of a number;
//! one refused address refuses the name; what is judged is what is connected to.
//! Must not know: WebSockets.

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
    Private,
    LinkLocal,
    Metadata,
    Special,
}

impl Refused {
    pub fn word(self) -> &'static str {
        match self {
            Refused::Loopback => "this machine",
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

/// Why `address` is refused, if it is.
pub fn refused(address: IpAddr) -> Option<Refused> {
    match address {
        IpAddr::V4(v4) => refused_v4(v4),
        IpAddr::V6(v6) => refused_v6(v6),
    }
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

fn refused_v6(address: Ipv6Addr) -> Option<Refused> {
    let s = address.segments();
    if address == METADATA_V6 {
        return Some(Refused::Metadata);
    }
    let embedded = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        Ipv4Addr::new(a, b, c, d)
    };
    match s {
        [0, 0, 0, 0, 0, 0, 0, 1] => Some(Refused::Loopback),
        [0, 0, 0, 0, 0, 0, 0, 0] => Some(Refused::Special),
        // An IPv4 address in IPv6 clothes is that IPv4 address: mapped, compatible, NAT64, 6to4.
        [0, 0, 0, 0, 0, 0xffff | 0, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            refused_v4(embedded(high, low))
        }
        [0x2002, high, low, ..] => refused_v4(embedded(high, low)),
        [0xfc00..=0xfdff, ..] => Some(Refused::Private),
        [0xfe80..=0xfebf, ..] => Some(Refused::LinkLocal),
        // Site-local, multicast, local NAT64, discard, Teredo, documentation.
        [0xfec0..=0xffff, ..]
        | [0x64, 0xff9b, 1, ..]
        | [0x100, 0, 0, 0, ..]
        | [0x2001, 0 | 0xdb8, ..] => Some(Refused::Special),
        _ => None,
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
    for address in &found {
        match refused(address.ip()) {
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
            assert_eq!(refused(address.parse().unwrap()), expected, "{address}");
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
}
