//! The network addresses of this machine.
//!
//! Must not know: who must not be connected to.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Those of all interfaces, whether they are up or not.
pub fn own_addresses() -> io::Result<Vec<IpAddr>> {
    let mut first: *mut libc::ifaddrs = std::ptr::null_mut();
    // SAFETY: the pointer is to a live, writable local; on success it names a list of ours.
    if unsafe { libc::getifaddrs(&raw mut first) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let mut found = Vec::new();
    let mut next = first;
    while !next.is_null() {
        // SAFETY: not null, and an element of the list, which lives until it is freed below.
        let interface = unsafe { &*next };
        // SAFETY: null or the address of that interface.
        found.extend(unsafe { address(interface.ifa_addr) });
        next = interface.ifa_next;
    }
    // SAFETY: given by getifaddrs, freed once; nothing points into it any more.
    unsafe { libc::freeifaddrs(first) };
    Ok(found)
}

/// # Safety
/// `address` is null or points to a socket address of the size that its family has.
unsafe fn address(address: *const libc::sockaddr) -> Option<IpAddr> {
    if address.is_null() {
        return None;
    }
    // SAFETY: not null; the family stands at the beginning of each kind of address. What follows is
    // read as the family says, without asking for an alignment.
    unsafe {
        match i32::from((*address).sa_family) {
            libc::AF_INET => {
                let v4 = address.cast::<libc::sockaddr_in>().read_unaligned();
                Some(Ipv4Addr::from(u32::from_be(v4.sin_addr.s_addr)).into())
            }
            libc::AF_INET6 => {
                let v6 = address.cast::<libc::sockaddr_in6>().read_unaligned();
                Some(Ipv6Addr::from(v6.sin6_addr.s6_addr).into())
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;

    #[test]
    fn security_08_every_address_of_ours_can_be_bound_and_loopback_is_among_them() {
        let own = own_addresses().unwrap();
        assert!(own.contains(&Ipv4Addr::LOCALHOST.into()), "{own:?}");
        // An interface that is down has none that can be bound; its address is ours all the same.
        assert!(own.iter().any(|&ip| UdpSocket::bind((ip, 0)).is_ok()), "{own:?}");
    }
}
