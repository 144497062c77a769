//! The way from here to a server's URL, hop by hop: name, connection, certificate, server, clock, datagrams. A hop that is broken ends the
//! way, since what lies behind it cannot be seen.

use super::udp::reflexive_address;
use super::{Finding, Hop};
use crate::clock;
use crate::config::Config;
use crate::links;
use anyhow::Chain;
use kenes_signaling::time::UnixMillis;
use reqwest::redirect::Policy;
use reqwest::tls::TlsInfo;
use reqwest::{Client, Response};
use serde::Deserialize;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use url::{Host, Url};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

const HOP_WITHIN: Duration = Duration::from_secs(5);
/// Somebody has to renew it in office hours.
const CERTIFICATE_DAYS: u64 = 14;
/// Times of visits are shown to the minute; a join token lives for five.
const CLOCK_APART: Duration = Duration::from_secs(60);
const DAY_SECS: u64 = 24 * 3600;

/// Where to, and what this machine already knows of it.
pub struct Way {
    pub url: Url,
    /// The certificate is one that the server signed for itself.
    pub self_signed: bool,
}

#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no address of a server: give it as https://kenes.example.kz")]
pub struct NoServer(String);

impl Way {
    /// From a ward's computer.
    ///
    /// # Errors
    /// `url` is none of HTTP.
    pub fn to(url: &str) -> Result<Self, NoServer> {
        let parsed = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "https" | "http") && url.has_host());
        parsed.map(|url| Self { url, self_signed: false }).ok_or_else(|| NoServer(url.to_owned()))
    }

    /// Beside the server: as the world finds it, or on this machine's own address when nobody has named it.
    ///
    /// # Errors
    /// The address that this machine would have is none.
    pub fn to_own(config: &Config) -> Result<Self, NoServer> {
        let network = links::network_address();
        let https = config.https.as_ref().map(|https| https.listen);
        let bases = links::bases(config.http.public_url.as_deref(), config.http.listen, https, network);
        let base = bases.phone.unwrap_or(bases.here);
        // What stands at a public URL has a certificate for its name, if only a proxy's.
        let self_signed = config.http.public_url.is_none();
        Ok(Self { self_signed, ..Self::to(&base)? })
    }
}

#[derive(Deserialize)]
struct Addresses {
    udp: Vec<SocketAddr>,
}

pub async fn examine_way(way: &Way) -> Vec<Finding> {
    let mut findings = Vec::new();
    // What is broken ends the way; the finding is among the others.
    let _ = walk(way, &mut findings).await;
    findings
}

/// `None` once a hop is broken.
async fn walk(way: &Way, findings: &mut Vec<Finding>) -> Option<()> {
    let addresses = take(findings, resolve(&way.url).await)?;
    take(findings, connect(&addresses).await)?;
    let client = client(way.self_signed);
    let response = take(findings, answer(&client, way).await)?;
    findings.extend(certificate(&response, way));
    findings.push(clock(&response));
    let media = take(findings, media_addresses(&client, way).await)?;
    for address in media {
        findings.push(datagrams(address).await);
    }
    Some(())
}

/// A hop that lets the way go on, with its finding, or the finding that ends it.
type Passed<T> = Result<(T, Option<Finding>), Finding>;

fn take<T>(findings: &mut Vec<Finding>, passed: Passed<T>) -> Option<T> {
    match passed {
        Ok((value, finding)) => {
            findings.extend(finding);
            Some(value)
        }
        Err(finding) => {
            findings.push(finding);
            None
        }
    }
}

async fn resolve(url: &Url) -> Passed<Vec<SocketAddr>> {
    let nothing =
        |seen: String| Finding::broken(Hop::Dns, seen, "Correct the name, or its record at whoever keeps the domain.");
    let port = url.port_or_known_default().unwrap_or_default();
    let name = match url.host() {
        Some(Host::Domain(name)) => name,
        Some(Host::Ipv4(ip)) => return Ok((vec![(ip, port).into()], None)),
        Some(Host::Ipv6(ip)) => return Ok((vec![(ip, port).into()], None)),
        None => return Err(nothing(format!("{url} names no host"))),
    };
    let found = match timeout(HOP_WITHIN, lookup_host((name, port))).await {
        Ok(Ok(found)) => found.collect::<Vec<_>>(),
        Ok(Err(error)) => return Err(nothing(format!("{name} is not found: {error}"))),
        Err(_) => return Err(nothing(format!("no name server answered for {name} within {} s", HOP_WITHIN.as_secs()))),
    };
    if found.is_empty() {
        return Err(nothing(format!("{name} has no address")));
    }
    let seen = format!("{name} is {}", list(found.iter().map(SocketAddr::ip)));
    Ok((found, Some(Finding::ok(Hop::Dns, seen))))
}

/// One address that answers is enough for a browser, which tries them all.
async fn connect(addresses: &[SocketAddr]) -> Passed<()> {
    let (mut open, mut closed) = (Vec::new(), Vec::new());
    for address in addresses {
        match timeout(HOP_WITHIN, TcpStream::connect(address)).await {
            Ok(Ok(_)) => open.push(address),
            Ok(Err(error)) => closed.push(format!("{address}: {error}")),
            Err(_) => closed.push(format!("{address}: no answer within {} s", HOP_WITHIN.as_secs())),
        }
    }
    let remedy = "Is the server running? Does a firewall, at its end or at this one, let TCP to this port through?";
    if open.is_empty() {
        return Err(Finding::broken(Hop::Connection, list(closed), remedy));
    }
    let seen = format!("{} accepts connections", list(open));
    Ok((
        (),
        Some(if closed.is_empty() {
            Finding::ok(Hop::Connection, seen)
        } else {
            Finding::doubtful(Hop::Connection, format!("{seen}; {}", list(closed)), remedy)
        }),
    ))
}

fn client(self_signed: bool) -> Client {
    let builder = Client::builder().redirect(Policy::none()).no_proxy().timeout(HOP_WITHIN).tls_info(true);
    let builder = if self_signed { builder.tls_danger_accept_invalid_certs(true) } else { builder };
    builder.build().unwrap_or_default()
}

async fn answer(client: &Client, way: &Way) -> Passed<Response> {
    let url = endpoint(&way.url, "readyz");
    let response = client.get(url).send().await.map_err(|error| {
        let seen = causes(&error);
        if way.url.scheme() == "https" && error.is_connect() {
            let remedy = "Set https.certificate_file and https.key_file to a certificate for this name that browsers trust. If other pages \
                          fail here too, a device on this network replaces certificates: ask who keeps it to let this name through.";
            Finding::broken(Hop::Certificate, seen, remedy)
        } else {
            Finding::broken(Hop::Server, seen, "What listens there does not speak HTTP, or a proxy in between ends the connection.")
        }
    })?;
    let finding = if response.status().is_success() {
        Finding::ok(Hop::Server, "takes consultations")
    } else {
        let seen = format!("answers {}", response.status());
        let remedy = "It is stopping, or no media shard turns: see its log and /metrics. 404: this is not Kenes.";
        return Err(Finding::broken(Hop::Server, seen, remedy));
    };
    Ok((response, Some(finding)))
}

fn certificate(response: &Response, way: &Way) -> Option<Finding> {
    let der = response.extensions().get::<TlsInfo>()?.peer_certificate()?;
    let Ok(certificate) = Certificate::from_der(der) else {
        return Some(Finding::doubtful(Hop::Certificate, "cannot be read", "Look at it in a browser."));
    };
    let end = certificate.tbs_certificate().validity().not_after.to_unix_duration();
    let now = Duration::from_millis(clock::unix_ms().0);
    let days = end.saturating_sub(now).as_secs() / DAY_SECS;
    Some(if way.self_signed {
        let remedy = "Browsers ask each person once whether to go on. For production: https.certificate_file.";
        Finding::doubtful(Hop::Certificate, "signed by the server itself", remedy)
    } else if days < CERTIFICATE_DAYS {
        Finding::doubtful(Hop::Certificate, format!("ends in {days} days"), "Renew it, and restart the server.")
    } else {
        Finding::ok(Hop::Certificate, format!("trusted, for another {days} days"))
    })
}

/// The server's clock against this machine's, by the `Date` of an answer (RFC 9110 §6.6.1: to the second).
fn clock(response: &Response) -> Finding {
    let date = response.headers().get("date").and_then(|date| date.to_str().ok());
    let Some(there) = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok()) else {
        return Finding::doubtful(
            Hop::Clock,
            "the server does not say what time it is",
            "A proxy in between removes the Date header.",
        );
    };
    let there = UnixMillis(u64::try_from(there.timestamp().as_millisecond()).unwrap_or_default());
    let apart = Duration::from_millis(clock::unix_ms().0.abs_diff(there.0));
    if apart > CLOCK_APART {
        let remedy = "Set both clocks by NTP: visits begin, links end and certificates count by them.";
        return Finding::broken(
            Hop::Clock,
            format!("this machine and the server are {} s apart", apart.as_secs()),
            remedy,
        );
    }
    Finding::ok(Hop::Clock, "agrees with the server's")
}

async fn media_addresses(client: &Client, way: &Way) -> Passed<Vec<SocketAddr>> {
    let unknown = |seen: String| {
        Finding::broken(Hop::Server, seen, "A proxy in between hides /api, or this is another version of Kenes.")
    };
    let url = endpoint(&way.url, "api/v1/media-addresses");
    let response = client.get(url).send().await.map_err(|error| unknown(causes(&error)))?;
    let body = response.bytes().await.map_err(|error| unknown(causes(&error)))?;
    let addresses: Addresses =
        serde_json::from_slice(&body).map_err(|_| unknown("does not say where its media ports are".to_owned()))?;
    Ok((addresses.udp, None))
}

async fn datagrams(address: SocketAddr) -> Finding {
    match reflexive_address(address).await {
        Ok(Some(seen_from)) => {
            Finding::ok(Hop::Udp, format!("{address} answers, and sees this machine as {seen_from}"))
        }
        Ok(None) => {
            let remedy = format!(
                "Let UDP to port {} through, here and at the server; behind NAT set media.public_addresses.",
                address.port()
            );
            Finding::broken(Hop::Udp, format!("{address} is silent"), remedy)
        }
        Err(error) => {
            let remedy =
                "This machine has no way to such an address; people with the other kind of address are not concerned.";
            Finding::doubtful(Hop::Udp, format!("{address}: {error}"), remedy)
        }
    }
}

fn endpoint(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(path);
    url
}

/// The outermost says only that a request failed.
fn causes(error: &reqwest::Error) -> String {
    Chain::new(error).last().map_or_else(String::new, ToString::to_string)
}

fn list(items: impl IntoIterator<Item = impl ToString>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}
