//! Media over TCP, for networks that let no UDP through: ICE-TCP (RFC 6544) and TURN (RFC 8656) in front of the shards' UDP ports.
//!
//! A client's connection is a task and a UDP socket on this machine, connected to the shard's port: the shard sees a peer at one more
//! address, which must pass the same checks as any other, and knows nothing of TCP. What is relayed goes to the shards of this process
//! and nowhere else, so this is no open relay. Owns the connections, the table of expected user names and the credentials of TURN. Knows
//! nothing of people, rooms, HTTP or TLS: it takes streams that somebody else accepted.
#![forbid(unsafe_code)]

mod connection;
mod counters;
mod credentials;

pub mod framing;
mod ice_tcp;
mod outbox;
mod places;
mod routes;
pub mod stun;
mod turn;

pub use counters::{Counters, Door, DoorSnapshot};
pub use credentials::Credential;
pub use places::{NoPlace, subscriber_line};
pub use routes::{AudioTypes, Route, Routes};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use connection::Tunnel;
use credentials::Credentials;
use ice_tcp::IceTcp;
use places::Places;
use socket2::SockRef;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::Instant;
use turn::Turn;

/// What the kernel may hold of a connection beyond what is in flight: at 300 kbit/s a tenth of a second. More would be said late.
pub(crate) const UNSENT_BYTES: u32 = 4 * 1024;

/// The relay of one server.
pub struct Relay {
    gate: Gate,
    credentials: Credentials,
    routes: Routes,
    counters: Counters,
    places: Places,
}

pub struct Settings {
    /// The shards' sockets, as they are bound.
    pub shards: Vec<SocketAddr>,
    /// Addresses under which clients know them: TURN's peers, and nobody else is.
    pub hosts: Vec<IpAddr>,
    /// What TURN's credentials are made with.
    pub secret: [u8; 32],
    pub unix_seconds: fn() -> u64,
    /// At a time, of both kinds.
    pub max_connections: usize,
    /// Of them from one address.
    pub max_connections_per_address: usize,
}

/// Who may be relayed to.
pub(crate) struct Gate {
    pub(crate) hosts: Vec<IpAddr>,
    /// Where this process reaches the shards, each by its port.
    shards: Vec<SocketAddr>,
}

impl Gate {
    pub(crate) fn shard_at(&self, peer: SocketAddr) -> Option<SocketAddr> {
        let shard = self.shards.iter().find(|shard| shard.port() == peer.port());
        shard.filter(|_| self.hosts.contains(&peer.ip())).copied()
    }
}

/// Why a connection is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The client closed it, or the network did.
    Closed,
    /// It said nothing for longer than a living client would.
    Silent,
    /// It named nobody that is expected, or could not prove what it said.
    Stranger,
    Malformed,
    /// The shard's port is closed.
    NoShard,
}

impl End {
    pub(crate) const ALL: [Self; 5] = [Self::Closed, Self::Silent, Self::Stranger, Self::Malformed, Self::NoShard];

    fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Silent => "silent",
            Self::Stranger => "stranger",
            Self::Malformed => "malformed",
            Self::NoShard => "no_shard",
        }
    }
}

impl Relay {
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let shards = settings.shards.into_iter().map(reachable).collect();
        Self {
            gate: Gate { hosts: settings.hosts, shards },
            credentials: Credentials::new(&settings.secret, settings.unix_seconds),
            routes: Routes::default(),
            counters: Counters::default(),
            places: Places::new(settings.max_connections, settings.max_connections_per_address),
        }
    }

    /// A credential of TURN, good for allocations within `life`.
    ///
    /// # Errors
    /// The system's random source failed.
    pub fn credential(&self, life: Duration) -> Result<Credential, aws_lc_rs::error::Unspecified> {
        self.credentials.issue(life)
    }

    #[must_use]
    pub fn routes(&self) -> &Routes {
        &self.routes
    }

    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Serves a connection that begins as [`begins_ice_tcp`] says, until it ends. Whoever accepted it has [`tune`]d it.
    pub async fn serve_ice_tcp(self: Arc<Self>, stream: TcpStream) {
        // One without an address is gone already.
        let Ok(client) = stream.peer_addr() else { return };
        let tunnel = IceTcp::new(&self.routes, Instant::now());
        self.serve(Door::IceTcp, stream, client, tunnel).await;
    }

    /// Serves a connection that begins as [`begins_turn`] says, until it ends. Whoever accepted it has [`tune`]d it.
    pub async fn serve_turn<S: AsyncRead + AsyncWrite + Unpin>(self: Arc<Self>, stream: S, client: SocketAddr) {
        let mut nonce = [0; 12];
        if aws_lc_rs::rand::fill(&mut nonce).is_err() {
            return;
        }
        let nonce = URL_SAFE_NO_PAD.encode(nonce);
        let tunnel = Turn::new((&self.gate, &self.credentials, &self.routes), client, nonce, Instant::now());
        self.serve(Door::Turn, stream, client, tunnel).await;
    }

    async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        door: Door,
        stream: S,
        client: SocketAddr,
        tunnel: impl Tunnel,
    ) {
        let counters = self.counters.door(door);
        let _place = match self.places.take(client.ip()) {
            Ok(place) => place,
            Err(cause) => return counters.refuse(cause),
        };
        counters.begin();
        let end = connection::run(stream, tunnel, counters).await;
        counters.end(end);
        tracing::debug!(door = door.name(), end = end.name(), "a connection for media ended");
    }
}

/// Whether a TCP connection that begins with this byte can be ICE-TCP: the high byte of the first frame's length (RFC 4571), which is a
/// connectivity check of less than 1,536 bytes. TLS begins with 0x16, HTTP with a letter.
#[must_use]
pub fn begins_ice_tcp(first_byte: u8) -> bool {
    first_byte <= 5
}

/// Whether a connection that begins with this byte, under TLS, can be TURN: the first two bits of STUN are zero, and no method of TURN
/// goes further. HTTP begins with a letter.
#[must_use]
pub fn begins_turn(first_byte: u8) -> bool {
    first_byte <= 1
}

/// Where this process reaches a socket that is bound to `local`.
#[must_use]
pub fn reachable(local: SocketAddr) -> SocketAddr {
    let ip = match local.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, local.port())
}

/// Small messages at once, and few of them in the kernel. A system without the option works, with more delay on a slow link.
pub fn tune(stream: &TcpStream) {
    let set = || -> io::Result<()> {
        stream.set_nodelay(true)?;
        #[cfg(target_os = "linux")]
        SockRef::from(stream).set_tcp_notsent_lowat(UNSENT_BYTES)?;
        Ok(())
    };
    if let Err(error) = set() {
        tracing::debug!(%error, "a TCP option was refused");
    }
}
