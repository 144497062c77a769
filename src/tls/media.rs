//! Connections that bring media instead of HTTP, found by their first byte and handed to the relay.
//!
//! An acceptor that gives a connection away answers with an error, by which HTTP's server forgets it. Reads nothing that it does not leave
//! in place.

use axum_server::accept::Accept;
use kenes_relay::Relay;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncBufReadExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;

type Accepting<I, S> = Pin<Box<dyn Future<Output = io::Result<(I, S)>> + Send>>;

/// Before TLS: ICE-TCP goes to `relay`, everything else on.
#[derive(Clone)]
pub struct IceTcpAcceptor {
    pub relay: Option<Arc<Relay>>,
    /// For the first byte.
    pub within: Duration,
}

impl<S: Send + 'static> Accept<TcpStream, S> for IceTcpAcceptor {
    type Stream = TcpStream;
    type Service = S;
    type Future = Accepting<TcpStream, S>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let Self { relay, within } = self.clone();
        Box::pin(async move {
            // Signaling is small messages that must not wait for each other.
            stream.set_nodelay(true)?;
            let Some(relay) = relay else { return Ok((stream, service)) };
            let mut first = [0];
            let count = timeout(within, stream.peek(&mut first)).await??;
            if count == 0 || !kenes_relay::begins_ice_tcp(first[0]) {
                return Ok((stream, service));
            }
            kenes_relay::tune(&stream);
            tokio::spawn(relay.serve_ice_tcp(stream));
            Err(given_away())
        })
    }
}

/// Behind TLS: TURN goes to `relay`, everything else on.
#[derive(Clone)]
pub struct TurnAcceptor<A> {
    pub inner: A,
    pub relay: Option<Arc<Relay>>,
    /// For the first byte after the handshake.
    pub within: Duration,
}

impl<A, S> Accept<TcpStream, S> for TurnAcceptor<A>
where
    A: Accept<TcpStream, S, Stream = TlsStream<TcpStream>>,
    A::Service: Send,
    A::Future: Send + 'static,
{
    type Stream = TlsStream<TcpStream>;
    type Service = A::Service;
    type Future = Accepting<TlsStream<TcpStream>, A::Service>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let accepting = self.inner.accept(stream, service);
        let (relay, within) = (self.relay.clone(), self.within);
        Box::pin(async move {
            let (mut stream, service) = accepting.await?;
            let Some(relay) = relay else { return Ok((stream, service)) };
            let first = timeout(within, stream.fill_buf()).await??.first().copied();
            if !first.is_some_and(kenes_relay::begins_turn) {
                return Ok((stream, service));
            }
            let tcp = stream.get_ref().0;
            kenes_relay::tune(tcp);
            let client = tcp.peer_addr()?;
            tokio::spawn(relay.serve_turn(stream, client));
            Err(given_away())
        })
    }
}

fn given_away() -> io::Error {
    io::Error::other("the connection is the relay's")
}
