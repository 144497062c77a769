//! This repository's server: one connection a person, by the 17 sections of `signaling/PROTOCOL.md` and no more SDP after them.
//!
//! Owns the server's process. Rooms and people are made by sealing invitations with the key that the server was started with, as any
//! server that shares the key does; the first person of a room is its nurse, the others specialists, since those enter at once.

use super::{Act, Attendance, Place, Seat, ServerProcess, Sfu};
use crate::clock;
use crate::load::sdp::{Kind, LocalDescription, RIDS, Section};
use crate::load::wiring::{self, Connection, Wiring};
use crate::random_u32;
use crate::talk::link::{Link, Socket, Trust};
use crate::talk::wire::{receive, send};
use anyhow::{Context as _, Result, anyhow, bail, ensure};
use async_trait::async_trait;
use aws_lc_rs::aead::{AES_256_GCM, Aad, RandomizedNonceKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::json;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{ChildStdout, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

const KEY: [u8; 32] = [0x4b; 32];
const HEARTBEAT: Duration = Duration::from_secs(10);
/// Longer than the server bears it (`limits.dead_ms`).
const SILENCE: Duration = Duration::from_secs(40);
const FULL_HEIGHT: u16 = 1_080;
/// Gauges that are zero when nobody is left.
const HOLDINGS: [&str; 6] = [
    "kenes_media_peers",
    "kenes_media_tracks",
    "kenes_media_subscriptions",
    "kenes_media_rooms",
    "kenes_rooms",
    "kenes_websockets",
];

const MICROPHONE: usize = 0;
const CAMERA: usize = 1;
const FIRST_VIEWING: usize = 10;
const SECTIONS: [Section; 17] = [
    Section::Publish(Kind::Audio),
    Section::Publish(Kind::Video),
    Section::Idle(Kind::Video),
    Section::Idle(Kind::Audio),
    Section::Receive(Kind::Audio),
    Section::Receive(Kind::Audio),
    Section::Receive(Kind::Audio),
    Section::Receive(Kind::Audio),
    Section::Receive(Kind::Audio),
    Section::Receive(Kind::Audio),
    Section::Receive(Kind::Video),
    Section::Receive(Kind::Video),
    Section::Receive(Kind::Video),
    Section::Receive(Kind::Video),
    Section::Receive(Kind::Video),
    Section::Receive(Kind::Video),
    Section::Receive(Kind::Video),
];

pub(super) struct Kenes {
    process: ServerProcess,
    /// `http://host:port`
    base: String,
    key: RandomizedNonceKey,
    trust: Arc<Trust>,
    obeys_layers: bool,
    /// Held open, so that the server may write on.
    _stdout: BufReader<ChildStdout>,
    /// Gone with the server.
    _folder: TempDir,
}

impl Kenes {
    pub(super) async fn start(place: &Place) -> Result<Self> {
        let binary = binary()?;
        let folder = tempfile::tempdir()?;
        let mut process = spawn(&binary, folder.path(), place)?;
        let stdout = BufReader::new(process.child.stdout.take().context("no standard output")?);
        let (stdout, base) = tokio::task::spawn_blocking(move || ready(stdout)).await??;
        let obeys_layers = place.obeys_layers;
        let key = RandomizedNonceKey::new(&AES_256_GCM, &KEY).map_err(|_| anyhow!("no AES-256-GCM"))?;
        let trust = Arc::new(Trust::new(None)?);
        Ok(Self { process, base, key, trust, obeys_layers, _stdout: stdout, _folder: folder })
    }

    /// An invitation, as `src/tokens.rs` seals it.
    fn link(&self, seat: Seat) -> Result<Link> {
        let role = if seat.person == 0 { "nurse" } else { "specialist" };
        let grant = json!({
            "r": format!("load-{}", seat.room), "s": format!("p{}", seat.person), "o": role, "n": "Load", "t": "Load",
            "l": "en", "e": clock::unix_ms() + 12 * 3_600_000,
        });
        let mut text = serde_json::to_vec(&grant)?;
        let use_of_it = Aad::from(b"kenes invitation 1".as_slice());
        let nonce = self.key.seal_in_place_append_tag(use_of_it, &mut text).map_err(|_| anyhow!("cannot seal"))?;
        let sealed = [nonce.as_ref().as_slice(), &text].concat();
        Link::parse(&format!("{}/visit#{}", self.base, URL_SAFE_NO_PAD.encode(sealed)))
    }
}

#[async_trait]
impl Sfu for Kenes {
    fn processes(&self) -> Vec<u32> {
        vec![self.process.id()]
    }

    async fn join(&self, seat: Seat, wiring: &Wiring) -> Result<Box<dyn Attendance>> {
        let link = self.link(seat)?;
        let admission = link.exchange(&self.trust).await?;
        let mut socket = link.open_socket(&self.trust).await?;
        let end = wiring.end()?;
        let sections = sections_of(&wiring.published_by(seat));
        let offer = end.description.offer(&sections);
        let join =
            json!({ "type": "join", "proto": 1, "token": admission.token, "gen": 1, "offer": offer, "resume": null });
        send(&mut socket, &join).await?;
        let (id, answer, snapshot) = joined(&mut socket).await?;
        let agreement = end.description.agree(&sections, &answer)?;
        ensure!(agreement.mids.len() == SECTIONS.len(), "the server refused sections of the offer");
        let description = end.description.clone();
        let mids = agreement.mids.clone();
        let connection = wiring.connect(seat, end, agreement).await?;
        let (orders, orders_in) = mpsc::channel(8);
        let mut person = Person {
            socket,
            id,
            sections,
            mids,
            connection,
            description,
            obeys_layers: self.obeys_layers,
            rev: 0,
            watched: Vec::new(),
            max_height: FULL_HEIGHT,
            muted: [false; 2],
            negotiations: 0,
        };
        person.send_intent().await?;
        let task = tokio::spawn(async move {
            let ended = person.run(snapshot, orders_in).await;
            if let Err(error) = &ended {
                log::warn!("signaling of person {} in room {} ended: {error:#}", seat.person, seat.room);
            }
            let Person { socket, connection, .. } = person;
            drop(connection);
            if matches!(ended, Ok(End::OutOfReach)) {
                tokio::time::sleep(SILENCE).await;
            }
            drop(socket);
            ended.map(|_| ())
        });
        Ok(Box::new(Present { orders, task }))
    }

    async fn holds(&self) -> Result<Option<Vec<(String, u64)>>> {
        let authority = self.base.trim_start_matches("http://");
        let mut stream = TcpStream::connect(authority).await?;
        let request = format!("GET /metrics HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut metrics = String::new();
        stream.read_to_string(&mut metrics).await?;
        let sum = |name: &str| {
            let ours =
                metrics.lines().filter(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' '])));
            ours.filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok()).sum()
        };
        Ok(Some(HOLDINGS.iter().map(|name| ((*name).to_owned(), sum(name))).collect()))
    }
}

/// The same sections for everybody; what somebody does not publish lies idle.
fn sections_of(published: &[Section]) -> [Section; 17] {
    SECTIONS.map(|section| match section {
        Section::Publish(kind) if !published.contains(&section) => Section::Idle(kind),
        _ => section,
    })
}

fn binary() -> Result<PathBuf> {
    let beside = || -> Result<PathBuf> { Ok(std::env::current_exe()?.with_file_name("kenes")) };
    let binary = std::env::var_os("KENES_BIN").map_or_else(beside, |path| Ok(path.into()))?;
    ensure!(binary.is_file(), "no {}; run `cargo build --release -p kenes` or set KENES_BIN", binary.display());
    Ok(binary)
}

fn spawn(binary: &std::path::Path, data: &std::path::Path, place: &Place) -> Result<ServerProcess> {
    let key: String = KEY.iter().map(|byte| format!("{byte:02x}")).collect();
    ServerProcess::spawn(binary.as_os_str(), place, |command| {
        // Whoever runs the load may have a server of their own configured.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("KENES_")) {
            command.env_remove(name);
        }
        command
            .env("KENES_STORAGE_DATA_FOLDER", data)
            .env("KENES_HTTP_LISTEN", format!("{}:0", place.address))
            .env("KENES_HTTP_JOINS_PER_MINUTE", "100000")
            .env("KENES_HTTPS_LISTEN", "")
            .env("KENES_MEDIA_LISTEN", format!("{}:0", place.address))
            .env("KENES_MEDIA_SHARDS", "1")
            // `taskset` has said where.
            .env("KENES_MEDIA_PIN_SHARDS", "false")
            // Churn waits until nothing is remembered.
            .env("KENES_ROOMS_EMPTY_ROOM_MS", "5000")
            .env("KENES_TOKENS_KEY", key)
            .env("KENES_DEMO_SEED", "false")
            .env("KENES_LOG_FILTER", "warn")
            .stdout(Stdio::piped());
    })
}

/// Reads what the server announces up to `ready`: the base of its links.
fn ready(mut stdout: BufReader<ChildStdout>) -> Result<(BufReader<ChildStdout>, String)> {
    let mut base = None;
    loop {
        let mut line = String::new();
        ensure!(stdout.read_line(&mut line)? > 0, "the server ended before it was ready");
        match line.split_once(' ') {
            Some(("nurse", link)) => base = link.trim().split_once("/visit#").map(|(base, _)| base.to_owned()),
            None if line.trim() == "ready" => return Ok((stdout, base.context("the server printed no link")?)),
            _ => {}
        }
    }
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ServerMessage {
    Joined {
        id: String,
        answer: Option<String>,
        snapshot: Option<RoomState>,
    },
    Answer {
        sdp: String,
    },
    State(RoomState),
    Layers {
        mid: String,
        active: Vec<String>,
    },
    Error {
        code: String,
        field: Option<String>,
    },
    Bye {
        reason: String,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct RoomState {
    tracks: Vec<Track>,
}

#[derive(Deserialize)]
struct Track {
    id: String,
    participant: String,
    source: String,
    active: bool,
}

async fn joined(socket: &mut Socket) -> Result<(String, String, Option<RoomState>)> {
    loop {
        match receive(socket).await?.context("the server closed the socket instead of answering the join")? {
            ServerMessage::Joined { id, answer, snapshot } => {
                return Ok((id, answer.context("joined without an answer to the offer")?, snapshot));
            }
            ServerMessage::Error { code, field } => bail!("the server refuses the join: {code} {field:?}"),
            ServerMessage::Bye { reason } => bail!("the server says bye instead of joined: {reason}"),
            _ => {}
        }
    }
}

enum Order {
    Act(Act),
    Leave,
    /// No more packets, and a socket that stays open without a word, as of a phone without a network.
    FallSilent,
}

/// How a person's signaling ended.
enum End {
    Left,
    OutOfReach,
}

/// The handle that the load keeps.
struct Present {
    orders: mpsc::Sender<Order>,
    task: JoinHandle<Result<()>>,
}

impl Drop for Present {
    /// Half of those who vanish close their socket without a word, as a closed page does.
    fn drop(&mut self) {
        if random_u32().is_multiple_of(2) || self.orders.try_send(Order::FallSilent).is_err() {
            self.task.abort();
        }
    }
}

#[async_trait]
impl Attendance for Present {
    async fn leave(mut self: Box<Self>) -> Result<()> {
        // A person whose signaling ended says why when asked to go.
        let _ = self.orders.send(Order::Leave).await;
        (&mut self.task).await?
    }

    async fn act(&mut self, act: Act) -> Result<()> {
        self.orders.send(Order::Act(act)).await.map_err(|_| anyhow!("the person's signaling has ended"))
    }
}

/// The person's end of the socket while in the call.
struct Person {
    socket: Socket,
    id: String,
    sections: [Section; 17],
    mids: Vec<String>,
    connection: Connection,
    description: LocalDescription,
    obeys_layers: bool,
    rev: u32,
    /// Cameras of the others, in the order of the viewing slots.
    watched: Vec<String>,
    max_height: u16,
    muted: [bool; 2],
    negotiations: u32,
}

impl Person {
    async fn run(&mut self, snapshot: Option<RoomState>, mut orders: mpsc::Receiver<Order>) -> Result<End> {
        if let Some(snapshot) = snapshot {
            self.handle_state(snapshot).await?;
        }
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        loop {
            tokio::select! {
                order = orders.recv() => match order {
                    Some(Order::Act(act)) => self.act(act).await?,
                    Some(Order::FallSilent) => return Ok(End::OutOfReach),
                    Some(Order::Leave) | None => {
                        send(&mut self.socket, &json!({ "type": "leave" })).await?;
                        return Ok(End::Left);
                    }
                },
                _ = heartbeat.tick() => send(&mut self.socket, &json!({ "type": "ping", "at_ms": 0 })).await?,
                message = receive(&mut self.socket) => match message? {
                    Some(message) => self.handle_message(message).await?,
                    None => bail!("the server closed the socket"),
                },
            }
        }
    }

    async fn handle_message(&mut self, message: ServerMessage) -> Result<()> {
        match message {
            ServerMessage::State(state) => self.handle_state(state).await?,
            ServerMessage::Answer { sdp } => {
                let agreement = self.description.agree(&self.sections, &sdp)?;
                self.connection.renegotiated(&self.description, agreement);
            }
            ServerMessage::Layers { mid, active } if self.obeys_layers && self.mids.get(CAMERA) == Some(&mid) => {
                let wanted = |rid: &str| active.iter().any(|active| active == rid || active == "all");
                self.connection.encode(RIDS.map(wanted));
            }
            ServerMessage::Error { code, field } => log::warn!("the server says error {code} {field:?}"),
            ServerMessage::Bye { reason } => bail!("the server says bye: {reason}"),
            _ => {}
        }
        Ok(())
    }

    async fn handle_state(&mut self, state: RoomState) -> Result<()> {
        let theirs = |track: &Track| track.participant != self.id && track.source == "camera" && track.active;
        let slots = SECTIONS.len() - FIRST_VIEWING;
        let cameras: Vec<String> = state.tracks.into_iter().filter(theirs).map(|track| track.id).take(slots).collect();
        if cameras != self.watched {
            self.watched = cameras;
            self.send_intent().await?;
        }
        Ok(())
    }

    async fn act(&mut self, act: Act) -> Result<()> {
        match act {
            Act::Mute(kind, muted) => {
                self.connection.mute(kind, muted);
                let [audio, video] = &mut self.muted;
                *(if kind == Kind::Audio { audio } else { video }) = muted;
                self.send_intent().await
            }
            Act::Display(max_height) => {
                self.max_height = max_height;
                self.send_intent().await
            }
            Act::RestartIce => {
                self.negotiations += 1;
                wiring::End::renew(&mut self.description);
                let sdp = self.description.offer(&self.sections);
                let offer = json!({ "type": "offer", "neg_id": self.negotiations, "sdp": sdp, "ice_restart": true });
                send(&mut self.socket, &offer).await
            }
        }
    }

    /// The whole wish, every time.
    async fn send_intent(&mut self) -> Result<()> {
        self.rev += 1;
        let mid = |section: usize| self.mids.get(section).cloned().unwrap_or_default();
        let [audio_muted, video_muted] = self.muted;
        let sources = [(MICROPHONE, "microphone", audio_muted), (CAMERA, "camera", video_muted)];
        let published =
            sources.into_iter().zip(self.sections).filter(|(_, section)| matches!(section, Section::Publish(_)));
        let publish = published.map(|((section, source, muted), _)| {
            json!({ "mid": mid(section), "source": source, "active": true, "muted": muted })
        });
        let views =
            self.watched.iter().zip(self.mids.iter().skip(FIRST_VIEWING)).map(
                |(track, mid)| json!({ "mid": mid, "track": track, "max_height": self.max_height, "priority": 1 }),
            );
        let intent = json!({
            "type": "intent",
            "rev": self.rev,
            "publish": publish.collect::<Vec<_>>(),
            "video": views.collect::<Vec<_>>(),
            "audio": { "auto": true, "pinned": [] },
        });
        send(&mut self.socket, &intent).await
    }
}
