//! One TCP port and all that is spoken on it: HTTP, under TLS where there is a certificate, and media of clients that no UDP reaches.
//!
//! Whoever comes is told apart by the first bytes, before TLS and again behind it. Owns no connection: HTTP's are the server's tasks,
//! media's the relay's.

use crate::app::App;
use crate::endpoints::cookie::OverTls;
use crate::router;
use crate::tls::{FirstBytesAcceptor, IceTcpAcceptor, TurnAcceptor};
use axum::Router;
use axum::extract::connect_info::{ConnectInfo, IntoMakeServiceWithConnectInfo};
use axum::middleware::AddExtension;
use axum_server::Handle;
use axum_server::accept::Accept;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use kenes_relay::Relay;
use rustls::ServerConfig;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;

/// Connections that the kernel holds until they are accepted: a ward that comes back from a power cut at once.
const LISTEN_BACKLOG: u32 = 1024;
/// How long a client may take to say what it speaks, and to send a request's head.
const FIRST_WORDS_WITHIN: Duration = Duration::from_secs(10);
/// How often a quiet HTTP/2 connection is asked whether its client is still there.
const PING_EVERY: Duration = Duration::from_secs(60);
/// Requests under way on one HTTP/2 connection; a page has some fifty files.
const MAX_STREAMS: u32 = 100;

/// # Errors
/// The address is not this machine's or taken.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restart must not wait for the last process' connections to time out. Windows means something else by it.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(LISTEN_BACKLOG)
}

/// What is served on every port.
pub struct Front {
    pub app: Arc<App>,
    /// `None` = no media over TCP.
    pub relay: Option<Arc<Relay>>,
    /// Ends the listeners.
    pub handle: Handle<SocketAddr>,
}

impl Front {
    /// `over_tls` says whether browsers come by `https:`, here or to a proxy before it.
    pub fn serve(
        &self,
        servers: &mut JoinSet<()>,
        listener: TcpListener,
        tls: Option<Arc<ServerConfig>>,
        over_tls: bool,
    ) {
        let service = router::router(Arc::clone(&self.app), OverTls(over_tls))
            .into_make_service_with_connect_info::<SocketAddr>();
        let server = axum_server::Server::from_listener(listener).handle(self.handle.clone());
        let plain = IceTcpAcceptor { relay: self.relay.clone(), within: FIRST_WORDS_WITHIN };
        match tls.map(RustlsConfig::from_config) {
            Some(tls) => {
                let inner = RustlsAcceptor::new(tls).acceptor(plain);
                let acceptor = TurnAcceptor { inner, relay: self.relay.clone(), within: FIRST_WORDS_WITHIN };
                spawn(servers, server.acceptor(acceptor), service);
            }
            None => spawn(servers, server.acceptor(plain), service),
        }
    }
}

type Service = IntoMakeServiceWithConnectInfo<Router, SocketAddr>;

fn spawn<A>(servers: &mut JoinSet<()>, server: axum_server::Server<SocketAddr, A>, service: Service)
where
    A: Accept<
            TcpStream,
            AddExtension<Router, ConnectInfo<SocketAddr>>,
            Service = AddExtension<Router, ConnectInfo<SocketAddr>>,
        > + Clone
        + Send
        + Sync
        + 'static,
    A::Stream: AsyncRead + AsyncWrite + Unpin + Send,
    A::Future: Send + 'static,
{
    let mut server = server.map(|inner| FirstBytesAcceptor { inner, within: FIRST_WORDS_WITHIN });
    *server.http_builder() = http();
    servers.spawn(async move {
        if let Err(error) = server.serve(service).await {
            tracing::error!(%error, "a listener ended");
        }
    });
}

/// HTTP/1.1, and HTTP/2 for a client that begins with its preface: a browser does so where ALPN agreed on it, which is under TLS.
fn http() -> Builder<TokioExecutor> {
    let mut http = Builder::new(TokioExecutor::new());
    http.http1().timer(TokioTimer::new()).header_read_timeout(FIRST_WORDS_WITHIN);
    http.http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(FIRST_WORDS_WITHIN)
        .max_concurrent_streams(MAX_STREAMS);
    http
}
