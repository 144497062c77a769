//! mediasoup behind the small server of `bench/peers/mediasoup/server.mjs`: one connection a person to publish (the client offers) and
//! one to watch everybody (the server offers).
//!
//! Owns the process: Node, and the worker that it starts, which carries the media.

use super::http;
use super::roster::{self, Encounter, Present, Roster};
use super::{Attendance, Place, Seat, ServerProcess, Sfu};
use crate::load::sdp::LocalDescription;
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
        let mut person =
            Person { seat, base: self.base.clone(), wiring: wiring.clone(), camera: None, viewing: Mutex::new(None) };
        person.publish().await?;
        let person = Arc::new(person);
        let Encounter { publishers, viewers } = self.roster.enter(&person);
        if !publishers.is_empty() {
            person.watch().await?;
        }
        for viewer in viewers {
            viewer.watch().await?;
        }
        Ok(Box::new(Present::new(person, &self.roster)))
    }
}

struct Person {
    seat: Seat,
    base: String,
    wiring: Wiring,
    camera: Option<Connection>,
    /// `None` until there is somebody to watch.
    viewing: Mutex<Option<(LocalDescription, Connection)>>,
}

#[async_trait]
impl roster::Person for Person {
    fn seat(&self) -> Seat {
        self.seat
    }

    fn camera(&self) -> Option<&Connection> {
        self.camera.as_ref()
    }

    async fn leave(&self) -> Result<()> {
        self.ask("leave", None).await.map(drop)
    }
}

#[derive(Deserialize)]
struct Told {
    #[serde(default)]
    sdp: String,
}

impl Person {
    async fn publish(&mut self) -> Result<()> {
        let sections = self.wiring.published_by(self.seat);
        if sections.is_empty() {
            return Ok(());
        }
        let end = self.wiring.end()?;
        let answer = self.ask("publish", Some(end.description.offer(&sections))).await?;
        let agreement = end.description.agree(&sections, &answer)?;
        self.camera = Some(self.wiring.connect(self.seat, end, agreement).await?);
        Ok(())
    }

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
