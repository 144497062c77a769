//! Any server that speaks WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep) at addresses of a known form: one connection a person to
//! publish, and one for each other whom they watch.
//!
//! Owns the server's process, which a command starts. No trickle ICE: every candidate is in the offer and in the answer.

use super::http;
use super::roster::{self, Encounter, Present, Roster};
use super::{Attendance, Place, Seat, ServerProcess, Sfu, listening};
use crate::load::sdp::Section;
use crate::load::wiring::{Connection, Wiring};
use anyhow::{Context as _, Result, ensure};
use async_trait::async_trait;
use hyper::{Method, StatusCode, Uri, header};
use std::net::{IpAddr, SocketAddr};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

const SDP: &str = "application/sdp";

/// How a server of this kind is started and addressed. `{address}` is the namespace's, `{room}` and `{person}` are numbers.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct WhipOptions {
    /// Command that starts the server of `--sfu whip`, by `sh -c`; `{address}` is where it should listen.
    #[arg(long, value_name = "COMMAND")]
    pub whip_command: Option<String>,
    /// Where a person publishes, with `{address}`, `{room}` and `{person}`.
    #[arg(long, value_name = "URL", default_value = "http://{address}:8080/whip/{room}/{person}")]
    pub whip_url: String,
    /// Where a person is watched, with the same.
    #[arg(long, value_name = "URL", default_value = "http://{address}:8080/whep/{room}/{person}")]
    pub whep_url: String,
}

pub(super) struct Whip {
    process: ServerProcess,
    addresses: Arc<Addresses>,
    roster: Arc<Roster<Person>>,
}

struct Addresses {
    address: IpAddr,
    whip: String,
    whep: String,
}

impl Addresses {
    fn of(&self, template: &str, seat: Seat) -> Result<Uri> {
        let url = filled(template, self.address).replace("{room}", &seat.room.to_string());
        let url = url.replace("{person}", &seat.person.to_string());
        url.parse().with_context(|| format!("{url} is no address"))
    }
}

fn filled(template: &str, address: IpAddr) -> String {
    template.replace("{address}", &address.to_string())
}

impl Whip {
    pub(super) async fn start(place: &Place) -> Result<Self> {
        let options = &place.whip;
        let command = options.whip_command.as_deref().context("--sfu whip needs --whip-command")?;
        let command_line = filled(command, place.address);
        let process = ServerProcess::spawn("sh".as_ref(), place, |command| {
            command.arg("-c").arg(format!("exec {command_line}")).stdout(Stdio::null());
        })?;
        let addresses =
            Addresses { address: place.address, whip: options.whip_url.clone(), whep: options.whep_url.clone() };
        let whip = addresses.of(&addresses.whip, Seat { room: 0, person: 0 })?;
        let port = whip.port_u16().unwrap_or(80);
        listening(SocketAddr::new(place.address, port)).await.context("the WHIP server does not listen")?;
        Ok(Self { process, addresses: Arc::new(addresses), roster: Arc::default() })
    }
}

#[async_trait]
impl Sfu for Whip {
    fn processes(&self) -> Vec<u32> {
        vec![self.process.id()]
    }

    async fn join(&self, seat: Seat, wiring: &Wiring) -> Result<Box<dyn Attendance>> {
        let addresses = Arc::clone(&self.addresses);
        let whip = addresses.of(&addresses.whip, seat)?;
        let sections = wiring.published_by(seat);
        let camera = if sections.is_empty() { None } else { Some(resource(&whip, &sections, seat, wiring).await?) };
        let person = Arc::new(Person { seat, addresses, wiring: wiring.clone(), camera, viewed: Mutex::default() });
        let Encounter { publishers, viewers } = self.roster.enter(&person);
        for publisher in publishers {
            person.watch(publisher.seat).await?;
        }
        for viewer in viewers {
            viewer.watch(seat).await?;
        }
        Ok(Box::new(Present::new(person, &self.roster)))
    }
}

/// What a POST made at the server, and the connection that goes with it.
struct Resource {
    /// `None`: the server named none, so nothing can be deleted.
    url: Option<Uri>,
    connection: Connection,
}

/// RFC 9725 §4.2: POST of an offer, 201 with the answer and the resource's address.
async fn resource(endpoint: &Uri, sections: &[Section], seat: Seat, wiring: &Wiring) -> Result<Resource> {
    let end = wiring.end()?;
    let response = http::request(Method::POST, endpoint, SDP, end.description.offer(sections)).await?;
    let status = response.status();
    ensure!(status == StatusCode::CREATED, "{endpoint}: {status} instead of 201: {}", response.body());
    let agreement = end.description.agree(sections, response.body())?;
    let location = response.headers().get(header::LOCATION).and_then(|location| location.to_str().ok());
    let url = location.map(|location| resolved(endpoint, location)).transpose()?;
    Ok(Resource { url, connection: wiring.connect(seat, end, agreement).await? })
}

/// A Location may be an address or a path of the same server.
fn resolved(endpoint: &Uri, location: &str) -> Result<Uri> {
    let url: Uri = location.parse().with_context(|| format!("Location {location} is no address"))?;
    if url.scheme().is_some() {
        return Ok(url);
    }
    ensure!(location.starts_with('/'), "Location {location} is neither an address nor a path from the root");
    let authority = endpoint.authority().context("an endpoint without a host")?;
    format!("http://{authority}{location}").parse().context("a Location that makes no address")
}

impl Resource {
    async fn delete(&self) -> Result<()> {
        if let Some(url) = &self.url {
            let status = http::request(Method::DELETE, url, SDP, String::new()).await?.status();
            ensure!(status.is_success(), "DELETE {url}: {status}");
        }
        Ok(())
    }
}

struct Person {
    seat: Seat,
    addresses: Arc<Addresses>,
    wiring: Wiring,
    camera: Option<Resource>,
    viewed: Mutex<Vec<Resource>>,
}

#[async_trait]
impl roster::Person for Person {
    fn seat(&self) -> Seat {
        self.seat
    }

    fn camera(&self) -> Option<&Connection> {
        self.camera.as_ref().map(|resource| &resource.connection)
    }

    async fn leave(&self) -> Result<()> {
        let viewed = std::mem::take(&mut *self.viewed.lock().unwrap_or_else(PoisonError::into_inner));
        for resource in viewed.iter().chain(&self.camera) {
            resource.delete().await?;
        }
        Ok(())
    }
}

impl Person {
    async fn watch(&self, publisher: Seat) -> Result<()> {
        let whep = self.addresses.of(&self.addresses.whep, publisher)?;
        let watched = self.wiring.published_by(publisher).into_iter().map(Section::watched).collect::<Vec<_>>();
        let viewed = resource(&whep, &watched, self.seat, &self.wiring).await?;
        self.viewed.lock().unwrap_or_else(PoisonError::into_inner).push(viewed);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_filled_in() {
        let addresses = Addresses { address: [10, 77, 0, 1].into(), whip: String::new(), whep: String::new() };
        let seat = Seat { room: 3, person: 1 };
        let url = addresses.of("http://{address}:8889/{room}-{person}/whip", seat).unwrap();
        assert_eq!(url, "http://10.77.0.1:8889/3-1/whip");
    }

    #[test]
    fn a_location_is_an_address_or_a_path() {
        let endpoint = "http://10.77.0.1:8889/a/whip".parse().unwrap();
        assert_eq!(resolved(&endpoint, "/a/whip/7").unwrap(), "http://10.77.0.1:8889/a/whip/7");
        assert_eq!(resolved(&endpoint, "http://10.77.0.1:9/x").unwrap(), "http://10.77.0.1:9/x");
        assert!(resolved(&endpoint, "x").is_err());
    }
}
