//! mediasoup behind the small server of `bench/peers/mediasoup/server.mjs`: one connection a person to publish (the client offers) and
//! one to watch everybody (the server offers).
//!
//! Owns the process: Node, and the worker that it starts, which carries the media.

use super::http;
use super::roster::{Roster, Seated};
use super::{Act, Attendance, Place, Seat, ServerProcess, Sfu};
use crate::load::sdp::{Kind, LocalDescription, Section};
use crate::load::wiring::{Connection, Wiring};
use crate::peers;
use anyhow::{Context as _, Result, ensure};
use async_trait::async_trait;
use hyper::{Method, Uri};
use serde::Deserialize;
use serde_json::json;
use std::io::{BufRead as _, BufReader};
use std::process::{ChildStdout, Stdio};
use std::sync::Arc;
use tokio::sync::Mutex;

const HTTP_PORT: u16 = 4443;
const MEDIA_PORT: u16 = 4444;

pub(super) struct Mediasoup {
    process: ServerProcess,
    base: String,
    roster: Arc<Roster<Person>>,
    /// Held open, so that the server may write on.
    _stdout: BufReader<ChildStdout>,
}

impl Mediasoup {
    pub(super) async fn start(place: &Place) -> Result<Self> {
        peers::Peer::Mediasoup.ensure()?;
        let (server, worker) = (peers::mediasoup::server()?, peers::mediasoup::worker()?);
        let mut process = ServerProcess::spawn("node".as_ref(), place, |command| {
            command.arg(server).arg(place.address.to_string()).args([HTTP_PORT.to_string(), MEDIA_PORT.to_string()]);
            command.env("MEDIASOUP_WORKER_BIN", worker).stdout(Stdio::piped());
        })?;
        let stdout = process.child.stdout.take().context("no standard output")?;
        let stdout = tokio::task::spawn_blocking(move || -> Result<_> {
            let mut stdout = BufReader::new(stdout);
            ensure!(stdout.read_line(&mut String::new())? > 0, "mediasoup's server ended before it was ready");
            Ok(stdout)
        })
        .await??;
        let base = format!("http://{}:{HTTP_PORT}", place.address);
        Ok(Self { process, base, roster: Arc::default(), _stdout: stdout })
    }
}

#[async_trait]
impl Sfu for Mediasoup {
    fn processes(&self) -> Vec<u32> {
        vec![self.process.id()]
    }

    async fn join(&self, seat: Seat, wiring: &Wiring) -> Result<Box<dyn Attendance>> {
        let viewing = Mutex::new(None);
        let person = Arc::new(Person { seat, base: self.base.clone(), wiring: wiring.clone(), viewing });
        let sections = [Section::Publish(Kind::Audio), Section::Publish(Kind::Video)];
        let end = wiring.end()?;
        let answer = person.ask("publish", Some(end.description.offer(&sections))).await?;
        let agreement = end.description.agree(&sections, &answer)?;
        let camera = wiring.connect(seat, end, agreement).await?;
        let others = self.roster.enter(&person);
        if !others.is_empty() {
            person.watch().await?;
        }
        for other in others {
            other.watch().await?;
        }
        Ok(Box::new(Present { person, camera, roster: Arc::clone(&self.roster) }))
    }
}

struct Person {
    seat: Seat,
    base: String,
    wiring: Wiring,
    /// `None` until there is somebody to watch.
    viewing: Mutex<Option<(LocalDescription, Connection)>>,
}

impl Seated for Person {
    fn seat(&self) -> Seat {
        self.seat
    }
}

#[derive(Deserialize)]
struct Told {
    #[serde(default)]
    sdp: String,
}

impl Person {
    /// Everything that the others publish by now.
    async fn watch(&self) -> Result<()> {
        let mut viewing = self.viewing.lock().await;
        let offer = self.ask("subscribe", None).await?;
        if let Some((description, connection)) = &*viewing {
            let (answer, agreement) = description.answer(&offer, &[])?;
            self.ask("answer", Some(answer)).await?;
            connection.renegotiated(description, agreement);
            return Ok(());
        }
        let end = self.wiring.end()?;
        let (answer, agreement) = end.description.answer(&offer, &[])?;
        self.ask("answer", Some(answer)).await?;
        let description = end.description.clone();
        *viewing = Some((description, self.wiring.connect(self.seat, end, agreement).await?));
        Ok(())
    }

    async fn ask(&self, what: &str, sdp: Option<String>) -> Result<String> {
        let url: Uri = format!("{}/{what}", self.base).parse()?;
        let Seat { room, person } = self.seat;
        let body = json!({ "room": room, "person": person, "sdp": sdp }).to_string();
        let response = http::request(Method::POST, &url, "application/json", body).await?;
        ensure!(response.status().is_success(), "mediasoup's server refuses {what}: {}", response.body());
        let told: Told = serde_json::from_str(response.body())?;
        Ok(told.sdp)
    }
}

struct Present {
    person: Arc<Person>,
    camera: Connection,
    roster: Arc<Roster<Person>>,
}

impl Drop for Present {
    fn drop(&mut self) {
        self.roster.leave(self.person.seat);
    }
}

#[async_trait]
impl Attendance for Present {
    async fn leave(self: Box<Self>) -> Result<()> {
        self.person.ask("leave", None).await.map(drop)
    }

    async fn act(&mut self, act: Act) -> Result<()> {
        if let Act::Mute(kind, muted) = act {
            self.camera.mute(kind, muted);
        }
        Ok(())
    }
}
