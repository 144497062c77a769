//! A TURN server on one TCP or TLS connection (RFC 8656 over §2.1's stream transports), whose only peers are this server's shards.
//!
//! State: one allocation with its permissions and channels, each with an end. An allocation's relayed addresses are the connection's legs,
//! one for each peer address, since the shard behind two of its addresses is one socket. Pure: its clock is `now`, and what it decides is a
//! [`Step`]. Must not forward a byte before the credential was proven, nor to any address that is not a shard's.

use crate::connection::{Step, Tunnel};
use crate::credentials::{Credentials, Held, REALM as OUR_REALM};
use crate::framing::Framing;
use crate::routes::{AudioTypes, Routes};
use crate::stun::{self, Class, Key, Message, Writer};
use crate::{End, Gate};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::time::Instant;

/// For the first allocation.
const ALLOCATE_WITHIN: Duration = Duration::from_secs(10);
/// RFC 8656 §3.2: the least that a server gives, and §7.2's recommended bound.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(600);
const MAX_LIFETIME: Duration = Duration::from_secs(3_600);
/// RFC 8656 §9 and §12.
const PERMISSION_LIFETIME: Duration = Duration::from_secs(300);
const CHANNEL_LIFETIME: Duration = Duration::from_secs(600);
/// Requests without a right credential: the first is how a client learns the realm.
const MAX_REFUSALS: u8 = 4;
/// Peer addresses that one allocation speaks to: a shard under all of a machine's addresses.
const MAX_PEERS: usize = 16;

const ALLOCATE: u16 = 0x003;
const REFRESH: u16 = 0x004;
const SEND: u16 = 0x006;
const DATA_INDICATION: u16 = 0x007;
const CREATE_PERMISSION: u16 = 0x008;
const CHANNEL_BIND: u16 = 0x009;

const CHANNEL_NUMBER: u16 = 0x000C;
const LIFETIME: u16 = 0x000D;
const XOR_PEER_ADDRESS: u16 = 0x0012;
const DATA: u16 = 0x0013;
const XOR_RELAYED_ADDRESS: u16 = 0x0016;
const REQUESTED_ADDRESS_FAMILY: u16 = 0x0017;
const REQUESTED_TRANSPORT: u16 = 0x0019;
/// Means nothing to a stream between two programs of one machine.
const DONT_FRAGMENT: u16 = 0x001A;

const UDP: u8 = 17;

pub(crate) struct Turn<'r> {
    gate: &'r Gate,
    credentials: &'r Credentials,
    routes: &'r Routes,
    client: SocketAddr,
    nonce: String,
    refusals: u8,
    allocation: Option<Allocation<'r>>,
    audio: Option<AudioTypes>,
    deadline: Instant,
}

struct Allocation<'r> {
    user: Held<'r>,
    key: Key,
    is_ipv4: bool,
    /// By leg.
    peers: Vec<Peer>,
    /// Whom the client may speak to at all: addresses with the end of their permission.
    permitted: Vec<(IpAddr, Instant)>,
}

struct Peer {
    /// As the client knows the shard.
    address: SocketAddr,
    channel: Option<(u16, Instant)>,
}

/// An error response's code and reason (RFC 8656 §18, RFC 8489 §14.8).
type Refusal = (u16, &'static str);
const BAD_REQUEST: Refusal = (400, "Bad Request");
const UNAUTHENTICATED: Refusal = (401, "Unauthenticated");
const FORBIDDEN: Refusal = (403, "Forbidden");
const MISMATCH: Refusal = (437, "Allocation Mismatch");
const STALE_NONCE: Refusal = (438, "Stale Nonce");
const FAMILY_UNSUPPORTED: Refusal = (440, "Address Family not Supported");
const WRONG_CREDENTIALS: Refusal = (441, "Wrong Credentials");
const TRANSPORT_UNSUPPORTED: Refusal = (442, "Unsupported Transport Protocol");
const FAMILY_MISMATCH: Refusal = (443, "Peer Address Family Mismatch");
const QUOTA_REACHED: Refusal = (486, "Allocation Quota Reached");
const NO_CAPACITY: Refusal = (508, "Insufficient Capacity");

impl<'r> Turn<'r> {
    /// `nonce` is random.
    pub(crate) fn new(
        (gate, credentials, routes): (&'r Gate, &'r Credentials, &'r Routes),
        client: SocketAddr,
        nonce: String,
        now: Instant,
    ) -> Self {
        let deadline = now + ALLOCATE_WITHIN;
        Self { gate, credentials, routes, client, nonce, refusals: 0, allocation: None, audio: None, deadline }
    }

    fn handle_request(&mut self, now: Instant, request: &Message<'_>) -> Step<'static> {
        if request.method == stun::BINDING {
            let answer = Writer::begin(Class::Success, stun::BINDING, request.transaction);
            return Step::Answer(answer.address(stun::XOR_MAPPED_ADDRESS, self.client).finish());
        }
        let (username, key) = match self.authenticate(request) {
            Ok(authentic) => authentic,
            Err(refusal) => return self.refuse_stranger(request, refusal),
        };
        let understood =
            [CHANNEL_NUMBER, LIFETIME, XOR_PEER_ADDRESS, REQUESTED_ADDRESS_FAMILY, REQUESTED_TRANSPORT, DONT_FRAGMENT];
        let answer = if let Some(unknown) = request.unknown_attribute(&understood) {
            let answer = refusal_to(request, (420, "Unknown Attribute"));
            answer.attribute(stun::UNKNOWN_ATTRIBUTES, &[&unknown.to_be_bytes()])
        } else {
            let answered = match request.method {
                ALLOCATE => self.allocate(now, request, username, &key),
                REFRESH => self.refresh(now, request),
                CREATE_PERMISSION => self.create_permission(now, request),
                CHANNEL_BIND => self.bind_channel(now, request),
                _ => Err(BAD_REQUEST),
            };
            answered.unwrap_or_else(|refusal| refusal_to(request, refusal))
        };
        Step::Answer(answer.integrity(&key).finish())
    }

    /// RFC 8489 §9.2.4, and RFC 8656 §5: an allocation is its user's.
    fn authenticate<'m>(&self, request: &Message<'m>) -> Result<(&'m str, Key), Refusal> {
        if !request.has_integrity() {
            return Err(UNAUTHENTICATED);
        }
        let (Some(username), Some(_), Some(nonce)) =
            (request.text(stun::USERNAME), request.text(stun::REALM), request.text(stun::NONCE))
        else {
            return Err(BAD_REQUEST);
        };
        if nonce != self.nonce {
            return Err(STALE_NONCE);
        }
        let key = match &self.allocation {
            Some(allocation) if allocation.user.username != username => return Err(WRONG_CREDENTIALS),
            // Its credential may end before the talk does.
            Some(allocation) => allocation.key.clone(),
            None => self.credentials.key(username).ok_or(UNAUTHENTICATED)?,
        };
        if request.verify(&key) { Ok((username, key)) } else { Err(UNAUTHENTICATED) }
    }

    fn refuse_stranger(&mut self, request: &Message<'_>, refusal: Refusal) -> Step<'static> {
        self.refusals += 1;
        if self.refusals > MAX_REFUSALS {
            return Step::End(End::Stranger);
        }
        let answer = refusal_to(request, refusal)
            .attribute(stun::REALM, &[OUR_REALM.as_bytes()])
            .attribute(stun::NONCE, &[self.nonce.as_bytes()]);
        Step::Answer(answer.finish())
    }

    fn allocate(&mut self, now: Instant, request: &Message<'_>, username: &str, key: &Key) -> Result<Writer, Refusal> {
        if self.allocation.is_some() {
            return Err(MISMATCH);
        }
        match request.attribute(REQUESTED_TRANSPORT) {
            Some([UDP, ..]) => {}
            Some(_) => return Err(TRANSPORT_UNSUPPORTED),
            None => return Err(BAD_REQUEST),
        }
        let is_ipv4 = match request.attribute(REQUESTED_ADDRESS_FAMILY) {
            None | Some([1, ..]) => true,
            Some([2, ..]) => false,
            Some(_) => return Err(FAMILY_UNSUPPORTED),
        };
        let host = self.gate.hosts.iter().find(|host| host.is_ipv4() == is_ipv4).ok_or(FAMILY_UNSUPPORTED)?;
        let user = self.credentials.hold(username).ok_or(QUOTA_REACHED)?;
        let lifetime = lifetime(request);
        self.deadline = now + lifetime;
        self.allocation =
            Some(Allocation { user, key: key.clone(), is_ipv4, peers: Vec::new(), permitted: Vec::new() });
        // Peers are this machine's and know the legs by other addresses; the client only needs one to name.
        let relayed = SocketAddr::new(*host, self.client.port());
        Ok(success(request)
            .address(XOR_RELAYED_ADDRESS, relayed)
            .attribute(LIFETIME, &[&seconds(lifetime)])
            .address(stun::XOR_MAPPED_ADDRESS, self.client))
    }

    fn refresh(&mut self, now: Instant, request: &Message<'_>) -> Result<Writer, Refusal> {
        self.allocation.as_ref().ok_or(MISMATCH)?;
        let asked = lifetime_asked(request);
        let lifetime = if asked == Some(Duration::ZERO) { Duration::ZERO } else { lifetime(request) };
        // Zero ends the allocation, and with it the connection, once the answer had time to go.
        self.deadline = now + lifetime.max(Duration::from_secs(1));
        if lifetime.is_zero() {
            self.allocation = None;
        }
        Ok(success(request).attribute(LIFETIME, &[&seconds(lifetime)]))
    }

    fn create_permission(&mut self, now: Instant, request: &Message<'_>) -> Result<Writer, Refusal> {
        let allocation = self.allocation.as_mut().ok_or(MISMATCH)?;
        let mut any = false;
        for peer in request.addresses(XOR_PEER_ADDRESS) {
            allocation.permit(self.gate, peer.ok_or(BAD_REQUEST)?.ip(), now)?;
            any = true;
        }
        if any { Ok(success(request)) } else { Err(BAD_REQUEST) }
    }

    fn bind_channel(&mut self, now: Instant, request: &Message<'_>) -> Result<Writer, Refusal> {
        let allocation = self.allocation.as_mut().ok_or(MISMATCH)?;
        let (Some([high, low, ..]), Some(peer)) =
            (request.attribute(CHANNEL_NUMBER), request.address(XOR_PEER_ADDRESS))
        else {
            return Err(BAD_REQUEST);
        };
        let channel = u16::from_be_bytes([*high, *low]);
        if !(0x4000..=0x4FFF).contains(&channel) {
            return Err(BAD_REQUEST);
        }
        self.gate.shard_at(peer).ok_or(FORBIDDEN)?;
        allocation.permit(self.gate, peer.ip(), now)?;
        let leg = allocation.leg(peer).ok_or(NO_CAPACITY)?;
        // RFC 8656 §12.2: neither the channel nor the peer may be bound to another.
        let is_taken = |(other, bound): (usize, &Peer)| match bound.channel {
            Some((number, _)) => (number == channel) != (other == leg),
            None => false,
        };
        if allocation.peers.iter().enumerate().any(is_taken) {
            return Err(BAD_REQUEST);
        }
        if let Some(peer) = allocation.peers.get_mut(leg) {
            peer.channel = Some((channel, now + CHANNEL_LIFETIME));
        }
        Ok(success(request))
    }

    /// RFC 8656 §11.2 and §12.4: what is not permitted is dropped in silence.
    fn forward<'m>(&mut self, now: Instant, peer: Option<SocketAddr>, datagram: &'m [u8]) -> Option<Step<'m>> {
        let peer = peer?;
        let shard = self.gate.shard_at(peer)?;
        let allocation = self.allocation.as_mut().filter(|allocation| allocation.permits(peer.ip(), now))?;
        let leg = allocation.leg(peer)?;
        if self.audio.is_none() {
            self.audio = self.routes.of_check(datagram).map(|route| route.audio);
        }
        Some(Step::Forward { leg, shard, datagram })
    }

    fn peer_on(&self, channel: u16, now: Instant) -> Option<SocketAddr> {
        let is_bound = |peer: &&Peer| peer.channel.is_some_and(|(number, end)| number == channel && end > now);
        self.allocation.as_ref()?.peers.iter().find(is_bound).map(|peer| peer.address)
    }
}

impl Tunnel for Turn<'_> {
    const FRAMING: Framing = Framing::Turn;

    fn receive<'m>(&mut self, now: Instant, message: &'m [u8]) -> Step<'m> {
        if let [0x40..=0x4F, ..] = message {
            return self.receive_channel_data(now, message).unwrap_or(Step::Nothing);
        }
        let Ok(parsed) = Message::parse(message) else { return Step::End(End::Malformed) };
        match (parsed.class, parsed.method) {
            (Class::Request, _) => self.handle_request(now, &parsed),
            (Class::Indication, SEND) => {
                let datagram = parsed.attribute(DATA).unwrap_or_default();
                self.forward(now, parsed.address(XOR_PEER_ADDRESS), datagram).unwrap_or(Step::Nothing)
            }
            _ => Step::Nothing,
        }
    }

    fn wrap(&mut self, now: Instant, leg: usize, datagram: &[u8]) -> Option<Vec<u8>> {
        let allocation = self.allocation.as_ref()?;
        let peer = allocation.peers.get(leg).filter(|peer| allocation.permits(peer.address.ip(), now))?;
        if let Some((channel, _)) = peer.channel.filter(|(_, end)| *end > now) {
            let length = u16::try_from(datagram.len()).ok()?;
            let mut message = Vec::with_capacity(4 + datagram.len().next_multiple_of(4));
            message.extend_from_slice(&channel.to_be_bytes());
            message.extend_from_slice(&length.to_be_bytes());
            message.extend_from_slice(datagram);
            message.resize(message.len().next_multiple_of(4), 0);
            return Some(message);
        }
        let mut transaction = [0; 12];
        aws_lc_rs::rand::fill(&mut transaction).ok()?;
        let indication = Writer::begin(Class::Indication, DATA_INDICATION, transaction);
        Some(indication.address(XOR_PEER_ADDRESS, peer.address).attribute(DATA, &[datagram]).finish())
    }

    fn audio(&self) -> AudioTypes {
        self.audio.unwrap_or_default()
    }

    fn deadline(&self) -> Instant {
        self.deadline
    }
}

impl Turn<'_> {
    fn receive_channel_data<'m>(&mut self, now: Instant, message: &'m [u8]) -> Option<Step<'m>> {
        let ([c0, c1, l0, l1], padded) = message.split_first_chunk::<4>()?;
        let datagram = padded.get(..usize::from(u16::from_be_bytes([*l0, *l1])))?;
        let peer = self.peer_on(u16::from_be_bytes([*c0, *c1]), now);
        self.forward(now, peer, datagram)
    }
}

impl Allocation<'_> {
    fn permit(&mut self, gate: &Gate, ip: IpAddr, now: Instant) -> Result<(), Refusal> {
        if ip.is_ipv4() != self.is_ipv4 {
            return Err(FAMILY_MISMATCH);
        }
        if !gate.hosts.contains(&ip) {
            return Err(FORBIDDEN);
        }
        self.permitted.retain(|(permitted, _)| *permitted != ip);
        self.permitted.push((ip, now + PERMISSION_LIFETIME));
        Ok(())
    }

    fn permits(&self, ip: IpAddr, now: Instant) -> bool {
        self.permitted.iter().any(|(permitted, end)| *permitted == ip && *end > now)
    }

    /// The peer's number, given at its first use.
    fn leg(&mut self, address: SocketAddr) -> Option<usize> {
        if let Some(leg) = self.peers.iter().position(|peer| peer.address == address) {
            return Some(leg);
        }
        if self.peers.len() >= MAX_PEERS {
            return None;
        }
        self.peers.push(Peer { address, channel: None });
        Some(self.peers.len() - 1)
    }
}

fn success(request: &Message<'_>) -> Writer {
    Writer::begin(Class::Success, request.method, request.transaction)
}

fn refusal_to(request: &Message<'_>, (code, reason): Refusal) -> Writer {
    let number = |value: u16| u8::try_from(value).unwrap_or_default();
    Writer::begin(Class::Error, request.method, request.transaction)
        .attribute(stun::ERROR_CODE, &[&[0, 0, number(code / 100), number(code % 100)], reason.as_bytes()])
}

fn lifetime_asked(request: &Message<'_>) -> Option<Duration> {
    let seconds: [u8; 4] = request.attribute(LIFETIME)?.try_into().ok()?;
    Some(Duration::from_secs(u32::from_be_bytes(seconds).into()))
}

fn lifetime(request: &Message<'_>) -> Duration {
    lifetime_asked(request).unwrap_or_default().clamp(DEFAULT_LIFETIME, MAX_LIFETIME)
}

fn seconds(lifetime: Duration) -> [u8; 4] {
    u32::try_from(lifetime.as_secs()).unwrap_or(u32::MAX).to_be_bytes()
}

#[cfg(test)]
#[path = "turn_tests.rs"]
mod tests;
