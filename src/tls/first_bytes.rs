//! A connection has to say something soon. hyper bounds the time for a request's head once it knows the protocol's version, the TLS
//! acceptor the time for a handshake; a client that connects and stays silent, or stops within HTTP/2's preface, would be held for
//! ever by either. Reads nothing of what is said.

use axum_server::accept::Accept;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// HTTP/2's preface (RFC 9113 §3.4), by whose end the version is known; no HTTP/1.1 request with its `Host` is shorter.
const ENOUGH_BYTES: usize = 24;

/// What `inner` accepts, given up when its first [`ENOUGH_BYTES`] take longer than `within`.
#[derive(Clone)]
pub struct FirstBytesAcceptor<A> {
    pub inner: A,
    pub within: Duration,
}

pub struct FirstBytes<S> {
    stream: S,
    awaited_bytes: usize,
    /// `None` once enough was read.
    patience: Option<Pin<Box<Sleep>>>,
}

impl<A, I, S> Accept<I, S> for FirstBytesAcceptor<A>
where
    A: Accept<I, S>,
    A::Future: Send + 'static,
{
    type Stream = FirstBytes<A::Stream>;
    type Service = A::Service;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let (accepting, within) = (self.inner.accept(stream, service), self.within);
        Box::pin(async move {
            let (stream, service) = accepting.await?;
            Ok((FirstBytes { stream, awaited_bytes: ENOUGH_BYTES, patience: Some(Box::pin(sleep(within))) }, service))
        })
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for FirstBytes<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let filled = buffer.filled().len();
        if let Poll::Ready(result) = Pin::new(&mut self.stream).poll_read(cx, buffer) {
            self.awaited_bytes = self.awaited_bytes.saturating_sub(buffer.filled().len() - filled);
            if self.awaited_bytes == 0 {
                self.patience = None;
            }
            return Poll::Ready(result);
        }
        let Some(patience) = &mut self.patience else { return Poll::Pending };
        ready!(patience.as_mut().poll(cx));
        Poll::Ready(Err(ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for FirstBytes<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum_server::accept::DefaultAcceptor;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    #[tokio::test]
    async fn a_stream_that_stops_within_its_first_bytes_ends_and_one_that_has_spoken_may_be_silent_later() {
        let acceptor = FirstBytesAcceptor { inner: DefaultAcceptor, within: Duration::from_millis(50) };
        for beginning in [&b""[..], b"P", b"PRI * HTTP/2.0\r\n\r\nSM\r\n"] {
            let (mut client, server) = duplex(64);
            let (mut stopped, ()) = acceptor.accept(server, ()).await.unwrap();
            client.write_all(beginning).await.unwrap();
            let mut heard = Vec::new();
            assert_eq!(stopped.read_to_end(&mut heard).await.unwrap_err().kind(), ErrorKind::TimedOut);
            assert_eq!(heard, beginning);
        }

        let (mut client, server) = duplex(64);
        let (mut talking, ()) = acceptor.accept(server, ()).await.unwrap();
        client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n").await.unwrap();
        talking.read_exact(&mut [0; 25]).await.unwrap();
        let later = tokio::time::timeout(Duration::from_millis(150), talking.read_u8()).await;
        assert!(later.is_err(), "still open");
    }
}
