//! Socket addresses as the kernel writes them.
//!
//! Owns nothing. A dual-stack socket speaks IPv4 in mapped IPv6 addresses (RFC 4291 §2.5.5.2); outside this module they
//! are always plain IPv4, so that a peer has one address whatever the socket.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// The kernel's address in either family. `family` overlays the first field of both others.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) union RawAddress {
    family: libc::sa_family_t,
    v4: libc::sockaddr_in,
    v6: libc::sockaddr_in6,
}

const FAMILY_V4: libc::sa_family_t = 2;
const FAMILY_V6: libc::sa_family_t = 10;
const _: () = assert!(FAMILY_V4 as i32 == libc::AF_INET && FAMILY_V6 as i32 == libc::AF_INET6);

impl RawAddress {
    /// Room for any address, of no family.
    pub(super) const EMPTY: Self = Self {
        v6: libc::sockaddr_in6 {
            sin6_family: 0,
            sin6_port: 0,
            sin6_flowinfo: 0,
            sin6_addr: libc::in6_addr { s6_addr: [0; 16] },
            sin6_scope_id: 0,
        },
    };

    /// Bytes that an address of any family may take.
    pub(super) const MAX_LEN: libc::socklen_t = 28;

    /// `address` as a socket of the family wants it.
    pub(super) fn encode(address: SocketAddr, for_ipv6: bool) -> Self {
        match address {
            SocketAddr::V4(v4) if for_ipv6 => {
                Self::from_v6(SocketAddrV6::new(v4.ip().to_ipv6_mapped(), v4.port(), 0, 0))
            }
            SocketAddr::V4(v4) => Self::from_v4(v4),
            SocketAddr::V6(v6) => Self::from_v6(v6),
        }
    }

    /// The address, IPv4 when it is a mapped one; `None` for any other family.
    pub(super) fn decode(&self) -> Option<SocketAddr> {
        match self.family() {
            FAMILY_V4 => {
                // SAFETY: the family says that this field was written; besides, every bit pattern is valid for it.
                let v4 = unsafe { self.v4 };
                let ip = Ipv4Addr::from(v4.sin_addr.s_addr.to_ne_bytes());
                Some(SocketAddrV4::new(ip, u16::from_be(v4.sin_port)).into())
            }
            FAMILY_V6 => {
                // SAFETY: the family says that this field was written; besides, every bit pattern is valid for it.
                let v6 = unsafe { self.v6 };
                let (ip, port) = (Ipv6Addr::from(v6.sin6_addr.s6_addr), u16::from_be(v6.sin6_port));
                Some(match ip.to_ipv4_mapped() {
                    Some(v4) => SocketAddrV4::new(v4, port).into(),
                    None => SocketAddrV6::new(ip, port, 0, v6.sin6_scope_id).into(),
                })
            }
            _ => None,
        }
    }

    /// Bytes of this address that count.
    pub(super) fn len(&self) -> libc::socklen_t {
        if self.family() == FAMILY_V4 { 16 } else { Self::MAX_LEN }
    }

    fn family(&self) -> libc::sa_family_t {
        // SAFETY: `EMPTY` has initialised these bytes, both encodings begin with the family, and any value is valid.
        unsafe { self.family }
    }

    fn from_v4(address: SocketAddrV4) -> Self {
        let mut raw = Self::EMPTY;
        raw.v4 = libc::sockaddr_in {
            sin_family: FAMILY_V4,
            sin_port: address.port().to_be(),
            sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(address.ip().octets()) },
            sin_zero: [0; 8],
        };
        raw
    }

    fn from_v6(address: SocketAddrV6) -> Self {
        Self {
            v6: libc::sockaddr_in6 {
                sin6_family: FAMILY_V6,
                sin6_port: address.port().to_be(),
                sin6_flowinfo: 0,
                sin6_addr: libc::in6_addr { s6_addr: address.ip().octets() },
                sin6_scope_id: address.scope_id(),
            },
        }
    }
}

const _: () = assert!(size_of::<RawAddress>() == RawAddress::MAX_LEN as usize && size_of::<libc::sockaddr_in>() == 16);

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(text: &str, for_ipv6: bool) -> String {
        RawAddress::encode(text.parse().unwrap(), for_ipv6).decode().unwrap().to_string()
    }

    #[test]
    fn addresses_survive_the_kernels_form() {
        assert_eq!(round_trip("192.0.2.7:65000", false), "192.0.2.7:65000");
        assert_eq!(round_trip("[2001:db8::1]:443", true), "[2001:db8::1]:443");
        assert_eq!(round_trip("[fe80::1%3]:443", true), "[fe80::1%3]:443");
    }

    #[test]
    fn a_mapped_address_is_an_ipv4_address() {
        assert_eq!(round_trip("192.0.2.7:65000", true), "192.0.2.7:65000");
        assert_eq!(round_trip("[::ffff:192.0.2.7]:65000", true), "192.0.2.7:65000");
    }

    #[test]
    fn no_family_is_no_address() {
        assert_eq!(RawAddress::EMPTY.decode(), None);
    }
}
