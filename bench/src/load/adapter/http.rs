//! One HTTP request to a server under test, over a connection of its own.

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Method, Request, Response, Uri, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// The answer, whatever its status.
pub(super) async fn request(method: Method, url: &Uri, content_type: &str, body: String) -> Result<Response<String>> {
    let authority = url.authority().with_context(|| format!("{url} names no host"))?;
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    let port = authority.port_u16().unwrap_or(80);
    let stream = TcpStream::connect((host, port)).await.with_context(|| format!("no server answers at {authority}"))?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let path = url.path_and_query().map_or("/", |path| path.as_str());
    let request = Request::builder()
        .method(&method)
        .uri(path)
        .header(header::HOST, authority.as_str())
        .header(header::CONTENT_TYPE, content_type)
        .body(Full::new(Bytes::from(body)))?;
    let response = sender.send_request(request).await.with_context(|| format!("{method} {url} got no answer"))?;
    let (head, body) = response.into_parts();
    let body = body.collect().await.with_context(|| format!("the answer to {method} {url} broke off"))?.to_bytes();
    let text = String::from_utf8(body.to_vec()).with_context(|| format!("{method} {url} was not answered in UTF-8"))?;
    log::debug!("{method} {url}: {text}");
    Ok(Response::from_parts(head, text))
}
