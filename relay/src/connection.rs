//! One client's connection: datagrams out of the stream into the shard's UDP port, and back.
//!
//! Owns the stream, the UDP sockets towards the shard ("legs", one per address under which the shard is spoken to) and what waits between
//! them, each bounded. What the messages mean is the [`Tunnel`]'s. Never stops reading the legs because the stream is slow: what cannot go
//! is given up here, where it is known what it is, and not in the kernel.

use crate::End;
use crate::counters::DoorCounters;
use crate::framing::{Broken, Framing, Inbound, MAX_DATAGRAM};
use crate::outbox::Outbox;
use crate::routes::AudioTypes;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::task::Poll;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::net::UdpSocket;
use tokio::time::{Instant, sleep_until};

/// Datagrams taken from the legs before the stream gets its turn.
const DATAGRAMS_PER_TURN: usize = 64;

/// How one kind of connection carries datagrams. Pure: its clock is `now`.
pub(crate) trait Tunnel {
    const FRAMING: Framing;

    /// A whole message of the client's.
    fn receive<'m>(&mut self, now: Instant, message: &'m [u8]) -> Step<'m>;

    /// A datagram that came from the shard on this leg as the stream carries it; `None` when the client may not have it.
    fn wrap(&mut self, now: Instant, leg: usize, datagram: &[u8]) -> Option<Vec<u8>>;

    /// The payload types that are sound, as far as known.
    fn audio(&self) -> AudioTypes;

    /// When the connection ends unless something is heard.
    fn deadline(&self) -> Instant;
}

pub(crate) enum Step<'m> {
    Nothing,
    Answer(Vec<u8>),
    /// To the shard, on a leg of the tunnel's own numbering, which always leads to the same shard.
    Forward {
        leg: usize,
        shard: SocketAddr,
        datagram: &'m [u8],
    },
    End(End),
}

pub(crate) async fn run<S, T>(stream: S, mut tunnel: T, counters: &DoorCounters) -> End
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: Tunnel,
{
    let (mut reader, mut writer) = tokio::io::split(stream);
    let (mut legs, mut inbound, mut outbox) = (Legs::default(), Inbound::new(), Outbox::default());
    let mut silence = pin!(sleep_until(tunnel.deadline()));
    loop {
        let ended = tokio::select! {
            read = reader.read(inbound.space()) => match read {
                Ok(0) | Err(_) => Err(End::Closed),
                Ok(count) => {
                    inbound.filled(count);
                    forward_all(&mut inbound, &mut tunnel, &mut legs, &mut outbox, counters).await
                }
            },
            datagram = legs.receive() => match datagram {
                Ok(leg) => {
                    take_back(leg, &mut legs, &mut tunnel, &mut outbox, counters);
                    Ok(())
                }
                Err(_) => Err(End::NoShard),
            },
            written = outbox.write(&mut writer), if outbox.has_work() => written.map_err(|_| End::Closed),
            () = silence.as_mut() => {
                let deadline = tunnel.deadline();
                silence.as_mut().reset(deadline);
                if deadline <= Instant::now() { Err(End::Silent) } else { Ok(()) }
            }
        };
        if let Err(end) = ended {
            return end;
        }
    }
}

/// Every whole message that has been read.
async fn forward_all(
    inbound: &mut Inbound,
    tunnel: &mut impl Tunnel,
    legs: &mut Legs,
    outbox: &mut Outbox,
    counters: &DoorCounters,
) -> Result<(), End> {
    let now = Instant::now();
    loop {
        let message = match inbound.next(framing_of(tunnel)) {
            Ok(Some(message)) => message,
            Ok(None) => return Ok(()),
            Err(Broken) => return Err(End::Malformed),
        };
        match tunnel.receive(now, message) {
            Step::Nothing => {}
            Step::Answer(answer) => outbox.push_answer(now, answer),
            Step::Forward { leg, shard, datagram } => {
                let was_taken = legs.send(leg, shard, datagram).await.map_err(|_| End::NoShard)?;
                counters.count_received(was_taken);
            }
            Step::End(end) => return Err(end),
        }
    }
}

fn framing_of<T: Tunnel>(_: &T) -> Framing {
    T::FRAMING
}

/// The datagram that was just received on `leg`, and those behind it.
fn take_back(mut leg: usize, legs: &mut Legs, tunnel: &mut impl Tunnel, outbox: &mut Outbox, counters: &DoorCounters) {
    let now = Instant::now();
    let mut datagrams = 0;
    loop {
        let datagram = legs.received();
        if let Some(message) = tunnel.wrap(now, leg, datagram) {
            outbox.push_datagram(now, datagram, tunnel.audio(), message);
        }
        datagrams += 1;
        if datagrams == DATAGRAMS_PER_TURN {
            break;
        }
        match legs.try_receive() {
            Some(next) => leg = next,
            None => break,
        }
    }
    counters.count_sent(u64::try_from(datagrams).unwrap_or_default(), outbox.take_dropped());
}

/// Sockets towards the shard, opened when first used; the tunnel bounds how many.
struct Legs {
    sockets: Vec<Option<UdpSocket>>,
    buffer: Box<[u8]>,
    /// Of the datagram in `buffer`.
    len: usize,
}

impl Default for Legs {
    fn default() -> Self {
        Self { sockets: Vec::new(), buffer: vec![0; MAX_DATAGRAM].into_boxed_slice(), len: 0 }
    }
}

impl Legs {
    /// False when the kernel had no room. Waits for nothing but a socket's opening.
    async fn send(&mut self, leg: usize, shard: SocketAddr, datagram: &[u8]) -> io::Result<bool> {
        if self.sockets.len() <= leg {
            self.sockets.resize_with(leg + 1, || None);
        }
        let Some(slot) = self.sockets.get_mut(leg) else { return Ok(false) };
        let socket = match slot {
            Some(socket) => socket,
            None => slot.insert(connect(shard).await?),
        };
        match socket.try_send(datagram) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Waits for a datagram on any leg; for ever where there is none.
    async fn receive(&mut self) -> io::Result<usize> {
        let Self { sockets, buffer, len } = self;
        poll_fn(|cx| {
            for (leg, socket) in sockets.iter().enumerate() {
                let Some(socket) = socket else { continue };
                let mut read = ReadBuf::new(buffer);
                if let Poll::Ready(result) = socket.poll_recv(cx, &mut read) {
                    *len = read.filled().len();
                    return Poll::Ready(result.map(|()| leg));
                }
            }
            Poll::Pending
        })
        .await
    }

    fn try_receive(&mut self) -> Option<usize> {
        for (leg, socket) in self.sockets.iter().enumerate() {
            if let Some(Ok(len)) = socket.as_ref().map(|socket| socket.try_recv(&mut self.buffer)) {
                self.len = len;
                return Some(leg);
            }
        }
        None
    }

    fn received(&self) -> &[u8] {
        self.buffer.get(..self.len).unwrap_or_default()
    }
}

/// From the address that the shard listens on, so that nobody beyond this machine can speak on the leg, and from a port of its own: one more
/// address of the peer's.
async fn connect(shard: SocketAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind((shard.ip(), 0)).await?;
    socket.connect(shard).await?;
    socket.writable().await?;
    Ok(socket)
}
