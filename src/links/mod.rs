//! Where people open the server: base URLs from the addresses that were bound, the demo's links, and what is printed of them.
//! Pure but for the question which addresses this machine has.

mod announcement;
mod demo;
mod tcp;

pub use announcement::{Clinic, announcement};
pub use demo::{DemoLinks, demo_grants};
pub use tcp::TcpPort;

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

/// Base URLs without a trailing slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bases {
    /// For a browser on this machine, or everybody when a public URL is configured.
    pub here: String,
    /// For a phone on the same network; `None` when there is no HTTPS or no network.
    pub phone: Option<String>,
}

#[must_use]
pub fn bases(public_url: Option<&str>, http: SocketAddr, https: Option<SocketAddr>, network: Option<IpAddr>) -> Bases {
    match public_url {
        Some(url) => Bases { here: url.to_owned(), phone: Some(url.to_owned()) },
        None => Bases { here: local_base(http), phone: https.and_then(|https| phone_base(https, network)) },
    }
}

/// A person's link. The page takes the invitation from the fragment, which no server log sees.
#[must_use]
pub fn visit(base: &str, invitation: &str) -> String {
    format!("{base}/visit#{invitation}")
}

/// Where a sign-in provider sends people back to.
#[must_use]
pub fn sign_in_callback(base: &str) -> String {
    format!("{base}/api/v1/oidc/sso/callback")
}

/// This machine's addresses as clients may reach them: IPv4 before IPv6, loopback last, link-local ones never (they need a
/// zone, which a candidate cannot carry).
#[must_use]
pub fn interface_addresses() -> Vec<IpAddr> {
    let mut addresses: Vec<IpAddr> = if_addrs::get_if_addrs()
        .unwrap_or_default()
        .iter()
        .map(if_addrs::Interface::ip)
        .filter(|address| !is_link_local(*address))
        .collect();
    addresses.sort_by_key(|address| (address.is_loopback(), address.is_ipv6()));
    addresses.dedup();
    addresses
}

/// Addresses that clients are offered for media, most preferred first: `public` where somebody has set them, else what `listen` hears.
#[must_use]
pub fn media_hosts(listen: IpAddr, public: &[IpAddr]) -> Vec<IpAddr> {
    if !public.is_empty() {
        return public.to_vec();
    }
    if !listen.is_unspecified() {
        return vec![listen];
    }
    // A socket on 0.0.0.0 hears no IPv6.
    let is_heard = |address: &IpAddr| address.is_ipv4() || listen.is_ipv6();
    interface_addresses().into_iter().filter(is_heard).collect()
}

/// The address by which other machines on the network most likely know this one: where packets to the world would leave from,
/// else the first interface.
#[must_use]
pub fn network_address() -> Option<IpAddr> {
    let interfaces = || interface_addresses().into_iter().find(|address| !address.is_loopback());
    routed_address().filter(|address| !address.is_loopback() && !address.is_unspecified()).or_else(interfaces)
}

/// Connecting a UDP socket sends nothing; it makes the system choose a source address. The destination is nobody's (RFC 5737 §3).
fn routed_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    socket.local_addr().ok().map(|address| address.ip())
}

/// Browsers give camera and microphone over plain HTTP to the name `localhost` (W3C Secure Contexts §3.1).
fn local_base(http: SocketAddr) -> String {
    if http.ip().is_loopback() || http.ip().is_unspecified() {
        format!("http://localhost:{}", http.port())
    } else {
        format!("http://{http}")
    }
}

fn phone_base(https: SocketAddr, network: Option<IpAddr>) -> Option<String> {
    let address = if https.ip().is_unspecified() { network? } else { https.ip() };
    (!address.is_loopback()).then(|| format!("https://{}", SocketAddr::new(address, https.port())))
}

fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAN: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 168, 1, 5));

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn this_machine_uses_localhost_and_the_phone_the_network_address() {
        let bases = bases(None, address("127.0.0.1:8080"), Some(address("0.0.0.0:8443")), Some(LAN));
        assert_eq!(bases.here, "http://localhost:8080");
        assert_eq!(bases.phone.as_deref(), Some("https://192.168.1.5:8443"));
    }

    #[test]
    fn without_https_or_network_there_is_no_link_for_a_phone() {
        assert_eq!(bases(None, address("127.0.0.1:80"), None, Some(LAN)).phone, None);
        assert_eq!(bases(None, address("127.0.0.1:80"), Some(address("0.0.0.0:8443")), None).phone, None);
        assert_eq!(bases(None, address("127.0.0.1:80"), Some(address("127.0.0.1:8443")), Some(LAN)).phone, None);
    }

    #[test]
    fn a_public_url_is_for_everybody() {
        let bases = bases(Some("https://kenes.example"), address("127.0.0.1:80"), None, None);
        assert_eq!(
            (bases.here.as_str(), bases.phone.as_deref()),
            ("https://kenes.example", Some("https://kenes.example"))
        );
    }

    #[test]
    fn loopback_is_the_last_resort() {
        let addresses = interface_addresses();
        let first_loopback = addresses.iter().position(IpAddr::is_loopback).unwrap_or(addresses.len());
        assert!(addresses[first_loopback..].iter().all(IpAddr::is_loopback));
    }
}
