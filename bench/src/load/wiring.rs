//! What an adapter makes connections with: ends (a socket and its description), handshakes, and handles of what the engine carries.
//!
//! Cheap to clone; an adapter may keep one for connections that it makes later, when somebody else comes. Knows no signaling.

use super::adapter::Seat;
use super::connection::handshake::{self, Identity};
use super::connection::srtp::{KEYING_MATERIAL_LEN, Keys};
use super::engine::{Command, EngineHandle, Established};
use super::sdp::{Agreement, Kind, LocalDescription, Section};
use super::shape::Room;
use crate::random_u32;
use anyhow::{Context as _, Result};
use nix::sys::socket::{setsockopt, sockopt};
use std::net::{IpAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Room for a burst of key frames from everybody in a room.
const RECEIVE_BUFFER_BYTES: usize = 1 << 20;
/// SSRCs of one end: a microphone and the layers of a camera, with room.
const SSRCS_PER_END: u32 = 8;

#[derive(Clone)]
pub struct Wiring(Arc<Shared>);

struct Shared {
    address: IpAddr,
    room: Room,
    /// Layers of a camera: 1 or 3.
    layers: usize,
    identity: Identity,
    engine: EngineHandle,
    next_ssrc: AtomicU32,
    next_key: AtomicU32,
}

/// One end of a connection to come: a bound socket, and what descriptions say of it.
pub struct End {
    pub description: LocalDescription,
    socket: UdpSocket,
}

/// A connection that carries media until this is dropped. Dropping says nothing to the server.
pub struct Connection {
    key: u32,
    engine: EngineHandle,
}

impl Wiring {
    pub(super) fn new(address: IpAddr, room: Room, layers: usize, engine: EngineHandle) -> Result<Self> {
        let next_ssrc = AtomicU32::new(random_u32());
        let identity = Identity::generate()?;
        Ok(Self(Arc::new(Shared { address, room, layers, identity, engine, next_ssrc, next_key: AtomicU32::new(0) })))
    }

    /// What this person publishes, each in a section of its own; nothing, if they only watch.
    #[must_use]
    pub fn published_by(&self, seat: Seat) -> Vec<Section> {
        self.0.room.published_by(seat.person).iter().copied().map(Section::Publish).collect()
    }

    /// # Errors
    /// No socket can be bound.
    pub fn end(&self) -> Result<End> {
        let socket = UdpSocket::bind((self.0.address, 0)).context("no UDP socket for a connection")?;
        socket.set_nonblocking(true)?;
        // The kernel grants what its limit allows.
        let _ = setsockopt(&socket, sockopt::RcvBuf, &RECEIVE_BUFFER_BYTES);
        setsockopt(&socket, sockopt::RxqOvfl, &1).context("no SO_RXQ_OVFL")?;
        setsockopt(&socket, sockopt::ReceiveTimestampns, &true).context("no SO_TIMESTAMPNS")?;
        let mut description = LocalDescription {
            address: socket.local_addr()?,
            ufrag: String::new(),
            pwd: String::new(),
            fingerprint: self.0.identity.fingerprint.clone(),
            layers: self.0.layers,
            first_ssrc: self.0.next_ssrc.fetch_add(SSRCS_PER_END, Ordering::Relaxed),
        };
        End::renew(&mut description);
        Ok(End { description, socket })
    }

    /// ICE and DTLS; media flows when this returns.
    ///
    /// # Errors
    /// The server did not answer, or is not the one that was described.
    pub async fn connect(&self, seat: Seat, end: End, agreement: Agreement) -> Result<Connection> {
        end.socket.connect(agreement.remote.address)?;
        let socket = tokio::net::UdpSocket::from_std(end.socket.try_clone()?)?;
        let (seals, opens) = handshake::connect(&socket, &self.0.identity, &end.description, &agreement.remote).await?;
        drop(socket);
        Ok(self.establish(seat, end, agreement, (seals, opens), true))
    }

    /// A connection whose SRTP keys both sides know already: no checks, no handshake.
    ///
    /// # Errors
    /// The socket cannot be connected.
    pub fn connect_with_keys(
        &self,
        seat: Seat,
        end: End,
        agreement: Agreement,
        material: &[u8; KEYING_MATERIAL_LEN],
    ) -> Result<Connection> {
        end.socket.connect(agreement.remote.address)?;
        Ok(self.establish(seat, end, agreement, Keys::of_client(material)?, false))
    }

    fn establish(
        &self,
        seat: Seat,
        end: End,
        agreement: Agreement,
        (seals, opens): (Keys, Keys),
        consents: bool,
    ) -> Connection {
        let key = self.0.next_key.fetch_add(1, Ordering::Relaxed);
        let End { description, socket } = end;
        let established = Established { key, seat, socket, description, agreement, seals, opens, consents };
        self.0.engine.send(Command::Add(Box::new(established)));
        Connection { key, engine: self.0.engine.clone() }
    }
}

impl End {
    /// New ICE credentials: at first, and for a restart.
    pub fn renew(description: &mut LocalDescription) {
        description.ufrag = format!("{:08x}", random_u32());
        description.pwd = format!("{:08x}{:08x}{:08x}", random_u32(), random_u32(), random_u32());
    }
}

impl Connection {
    /// After another offer and answer on the same transport.
    pub fn renegotiated(&self, description: &LocalDescription, agreement: Agreement) {
        self.engine.send(Command::Renegotiated(self.key, Box::new((description.clone(), agreement))));
    }

    /// Encodes these layers of the camera alone, the smallest first; of a camera with one layer, the first says whether.
    pub fn encode(&self, layers: [bool; 3]) {
        self.engine.send(Command::Encode(self.key, layers));
    }

    /// Stops or resumes sending of one kind.
    pub fn mute(&self, kind: Kind, muted: bool) {
        self.engine.send(Command::Mute(self.key, kind, muted));
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.engine.send(Command::Remove(self.key));
    }
}
