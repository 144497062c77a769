//! Where clients are told to bring media over TCP, when a network lets no UDP through: ICE-TCP candidates and the URL of TURN.

use super::media_hosts;
use std::net::{IpAddr, SocketAddr};
use url::Url;

/// The port of HTTPS where there is one, since that is the one that a hospital's firewall lets through.
pub struct TcpPort<'a> {
    pub http: SocketAddr,
    pub https: Option<SocketAddr>,
    pub public_url: Option<&'a str>,
    /// Goes before everything that follows from the rest.
    pub configured: Option<u16>,
}

impl TcpPort<'_> {
    /// `public` are the addresses that somebody has set.
    #[must_use]
    pub fn candidates(&self, public: &[IpAddr]) -> Vec<SocketAddr> {
        self.on(media_hosts(self.listened().ip(), public))
    }

    /// TURN over TLS, for a network that lets nothing else through. Browsers verify its certificate and have nobody to ask, so it is offered
    /// under the public name alone.
    #[must_use]
    pub fn turn_url(&self) -> Option<String> {
        let public_port = self.public_port()?;
        let url = Url::parse(self.public_url?).ok()?;
        Some(format!("turns:{}:{}?transport=tcp", url.host_str()?, self.configured.unwrap_or(public_port)))
    }

    /// Clients elsewhere are not sent to their own loopback: it is offered only where media has no other address either.
    fn on(&self, mut hosts: Vec<IpAddr>) -> Vec<SocketAddr> {
        let port = self.configured.or_else(|| self.public_port()).unwrap_or(self.listened().port());
        if hosts.iter().any(|host| !host.is_loopback()) {
            hosts.retain(|host| !host.is_loopback());
        }
        hosts.into_iter().map(|host| SocketAddr::new(host, port)).collect()
    }

    fn listened(&self) -> SocketAddr {
        self.https.unwrap_or(self.http)
    }

    /// Of a URL that leads here with its TLS, not to a proxy that takes the TLS off.
    fn public_port(&self) -> Option<u16> {
        self.https?;
        let url = Url::parse(self.public_url?).ok()?;
        if url.scheme() == "https" { url.port_or_known_default() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn port<'a>() -> TcpPort<'a> {
        TcpPort {
            http: address("127.0.0.1:8080"),
            https: Some(address("[::]:8443")),
            public_url: None,
            configured: None,
        }
    }

    #[test]
    fn media_over_tcp_comes_to_the_port_of_https() {
        let candidates = port().on(vec![ip("192.168.1.5"), ip("2001:db8::5"), ip("127.0.0.1")]);
        assert_eq!(candidates, [address("192.168.1.5:8443"), address("[2001:db8::5]:8443")]);
        assert_eq!(port().turn_url(), None, "nobody trusts a certificate of an address");
    }

    #[test]
    fn behind_a_router_it_comes_to_the_public_address_and_port() {
        let public = TcpPort { public_url: Some("https://kenes.example"), ..port() };
        assert_eq!(public.candidates(&[ip("203.0.113.9")]), [address("203.0.113.9:443")]);
        assert_eq!(public.turn_url().as_deref(), Some("turns:kenes.example:443?transport=tcp"));
        let configured = TcpPort { configured: Some(4443), ..public };
        assert_eq!(configured.candidates(&[ip("203.0.113.9")]), [address("203.0.113.9:4443")]);
        assert_eq!(configured.turn_url().as_deref(), Some("turns:kenes.example:4443?transport=tcp"));
    }

    #[test]
    fn behind_a_proxy_that_takes_tls_off_it_comes_to_the_plain_port() {
        let http = address("192.168.1.5:8080");
        let proxied = TcpPort { http, https: None, public_url: Some("https://kenes.example"), configured: None };
        assert_eq!(proxied.candidates(&[]), [http]);
        assert_eq!(proxied.turn_url(), None);
    }

    #[test]
    fn loopback_is_offered_where_there_is_nothing_else() {
        let plain = TcpPort { https: None, ..port() };
        assert_eq!(plain.candidates(&[]), [address("127.0.0.1:8080")]);
    }
}
