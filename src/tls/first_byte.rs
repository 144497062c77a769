//! A connection has to say something soon. hyper bounds the time for a request's head from its first byte on, the TLS acceptor
//! the time for a handshake; a client that connects and stays silent would be held for ever by either. Knows nothing of TLS or HTTP.

use axum_server::accept::Accept;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// What `inner` accepts, given up when its first byte takes longer than `within`.
#[derive(Clone)]
pub struct FirstByteAcceptor<A> {
    pub inner: A,
    pub within: Duration,
}

pub struct FirstByte<S> {
    stream: S,
    /// `None` once something was read.
    patience: Option<Pin<Box<Sleep>>>,
}

impl<A, I, S> Accept<I, S> for FirstByteAcceptor<A>
where
    A: Accept<I, S>,
    A::Future: Send + 'static,
{
    type Stream = FirstByte<A::Stream>;
    type Service = A::Service;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let (accepting, within) = (self.inner.accept(stream, service), self.within);
        Box::pin(async move {
            let (stream, service) = accepting.await?;
            Ok((FirstByte { stream, patience: Some(Box::pin(sleep(within))) }, service))
        })
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for FirstByte<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if let Poll::Ready(result) = Pin::new(&mut self.stream).poll_read(cx, buffer) {
            self.patience = None;
            return Poll::Ready(result);
        }
        let Some(patience) = &mut self.patience else { return Poll::Pending };
        ready!(patience.as_mut().poll(cx));
        Poll::Ready(Err(ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for FirstByte<S> {
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
    async fn a_silent_stream_ends_and_one_that_has_spoken_may_be_silent_later() {
        let acceptor = FirstByteAcceptor { inner: DefaultAcceptor, within: Duration::from_millis(50) };
        let (_client, server) = duplex(16);
        let (mut silent, ()) = acceptor.accept(server, ()).await.unwrap();
        assert_eq!(silent.read_u8().await.unwrap_err().kind(), ErrorKind::TimedOut);

        let (mut client, server) = duplex(16);
        let (mut talking, ()) = acceptor.accept(server, ()).await.unwrap();
        client.write_all(b"G").await.unwrap();
        assert_eq!(talking.read_u8().await.unwrap(), b'G');
        let later = tokio::time::timeout(Duration::from_millis(150), talking.read_u8()).await;
        assert!(later.is_err(), "still open");
    }
}
