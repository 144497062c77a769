//! One person's signaling: join, say what is published, watch the other's camera, admit whoever waits.
//!
//! Written from `signaling/PROTOCOL.md` alone and not with the server's own types: a second reading of the contract.
//! Owns the socket and what the server has said. Knows no media beyond SDP as text.

use super::link::{Link, Socket, Trust};
use super::peer::Mids;
use super::sender::Wanted;
use super::wire::{receive, send};
use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

const HEARTBEAT: Duration = Duration::from_secs(10);
/// Higher than any camera's picture: the server gives its largest layer.
const FULL_HEIGHT: u16 = 1_080;

/// A socket over which a person has not yet entered.
pub(super) struct Door {
    socket: Socket,
    pub role: String,
    pub name: String,
    token: String,
}

/// A person in the call.
pub(super) struct Session {
    pub id: String,
    pub answer: String,
    orders: mpsc::Sender<Order>,
    wanted: watch::Receiver<Wanted>,
    complaints: watch::Receiver<Vec<String>>,
    task: JoinHandle<()>,
}

/// What the person does next.
enum Order {
    /// Displays the other's picture this high, in device pixels.
    Display(u16),
    Leave,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ServerMessage {
    Waiting {
        position: u32,
        host_status: String,
    },
    Joined {
        id: String,
        answer: Option<String>,
        snapshot: Option<RoomState>,
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
    Renegotiate {
        reason: String,
    },
    Reconnect {
        tier: String,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct RoomState {
    participants: Vec<Participant>,
    tracks: Vec<Track>,
    permissions: Permissions,
}

#[derive(Deserialize)]
struct Participant {
    id: String,
    status: String,
}

#[derive(Deserialize)]
struct Track {
    id: String,
    participant: String,
    source: String,
    active: bool,
}

#[derive(Deserialize)]
struct Permissions {
    moderate: Vec<String>,
}

impl Door {
    pub(super) async fn open(link: &Link, trust: &Trust) -> Result<Self> {
        let admission = link.exchange(trust).await?;
        let socket = link.open_socket(trust).await?;
        Ok(Self { socket, role: admission.role, name: admission.name, token: admission.token })
    }

    /// Joins with the offer; returns when the person is in the call.
    pub(super) async fn join(mut self, offer: &str, mids: Mids) -> Result<Session> {
        let join = json!({ "type": "join", "proto": 1, "token": self.token, "gen": 1, "offer": offer, "resume": null });
        send(&mut self.socket, &join).await?;
        let (id, answer, snapshot) = loop {
            match receive(&mut self.socket)
                .await?
                .context("the server closed the socket instead of answering the join")?
            {
                ServerMessage::Joined { id, answer, snapshot } => {
                    break (id, answer.context("joined without an answer to the offer")?, snapshot);
                }
                ServerMessage::Waiting { position, host_status } => {
                    eprintln!("{} waits at the door, place {position}, host {host_status}", self.name);
                }
                ServerMessage::Error { code, field } => {
                    bail!(
                        "the server refuses the join: {code}{}",
                        field.map(|f| format!(" ({f})")).unwrap_or_default()
                    );
                }
                ServerMessage::Bye { reason } => bail!("the server says bye instead of joined: {reason}"),
                _ => {}
            }
        };
        let (wanted_out, wanted) = watch::channel(None);
        let (complaints_out, complaints) = watch::channel(Vec::new());
        let (orders, orders_in) = mpsc::channel(8);
        let mut attendance = Attendance {
            socket: self.socket,
            id: id.clone(),
            mids,
            rev: 0,
            watched: None,
            max_height: FULL_HEIGHT,
            admitted: Vec::new(),
            wanted: wanted_out,
            complaints: complaints_out,
        };
        let task = tokio::spawn(async move {
            if let Err(error) = attendance.run(snapshot, orders_in).await {
                attendance.complain(format!("signaling ended: {error:#}"));
            }
        });
        Ok(Session { id, answer, orders, wanted, complaints, task })
    }
}

impl Session {
    /// The layers of the camera that somebody watches, as they change.
    pub(super) fn wanted(&self) -> watch::Receiver<Wanted> {
        self.wanted.clone()
    }

    /// Errors and farewells of the server so far.
    pub(super) fn complaints(&self) -> Vec<String> {
        self.complaints.borrow().clone()
    }

    /// Displays the other's picture this high from now on.
    pub(super) async fn display(&self, max_height: u16) {
        // A session that ended by itself has said why in its complaints.
        let _ = self.orders.send(Order::Display(max_height)).await;
    }

    pub(super) async fn leave(self) {
        if self.orders.send(Order::Leave).await.is_ok() {
            // A session that ended by itself has said why in its complaints.
            let _ = self.task.await;
        }
    }
}

/// The person's end of the socket while in the call.
struct Attendance {
    socket: Socket,
    id: String,
    mids: Mids,
    rev: u32,
    /// The track on the first viewing slot.
    watched: Option<String>,
    max_height: u16,
    admitted: Vec<String>,
    wanted: watch::Sender<Wanted>,
    complaints: watch::Sender<Vec<String>>,
}

impl Attendance {
    async fn run(&mut self, snapshot: Option<RoomState>, mut orders: mpsc::Receiver<Order>) -> Result<()> {
        self.send_intent().await?;
        if let Some(snapshot) = snapshot {
            self.handle_state(snapshot).await?;
        }
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        loop {
            tokio::select! {
                order = orders.recv() => match order {
                    Some(Order::Display(max_height)) => {
                        self.max_height = max_height;
                        self.send_intent().await?;
                    }
                    Some(Order::Leave) | None => return send(&mut self.socket, &json!({ "type": "leave" })).await,
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
            ServerMessage::Layers { mid, active } if mid == self.mids.camera => {
                self.wanted.send_replace(Some(active));
            }
            ServerMessage::Error { code, field } => {
                self.complain(format!("error {code} {}", field.unwrap_or_default()));
            }
            ServerMessage::Bye { reason } => self.complain(format!("bye: {reason}")),
            ServerMessage::Renegotiate { reason } => self.complain(format!("renegotiate: {reason}")),
            ServerMessage::Reconnect { tier } => self.complain(format!("reconnect: {tier}")),
            _ => {}
        }
        Ok(())
    }

    async fn handle_state(&mut self, state: RoomState) -> Result<()> {
        if state.permissions.moderate.iter().any(|op| op == "admit") {
            for waiting in state.participants.iter().filter(|participant| participant.status == "waiting") {
                if !self.admitted.contains(&waiting.id) {
                    self.admitted.push(waiting.id.clone());
                    let admit = json!({ "type": "moderate", "op": "admit", "target": waiting.id, "req": "admit" });
                    send(&mut self.socket, &admit).await?;
                }
            }
        }
        let theirs = |track: &&Track| track.participant != self.id && track.source == "camera" && track.active;
        let camera = state.tracks.iter().find(theirs).map(|track| track.id.clone());
        if camera != self.watched {
            self.watched = camera;
            self.send_intent().await?;
        }
        Ok(())
    }

    /// The whole wish, every time.
    async fn send_intent(&mut self) -> Result<()> {
        self.rev += 1;
        let source = |mid: &str, source: &str| json!({ "mid": mid, "source": source, "active": true, "muted": false });
        let slot = self.mids.viewing.first().context("no viewing slot")?;
        let view = self
            .watched
            .as_ref()
            .map(|track| json!({ "mid": slot, "track": track, "max_height": self.max_height, "priority": 3 }));
        let intent = json!({
            "type": "intent",
            "rev": self.rev,
            "publish": [source(&self.mids.microphone, "microphone"), source(&self.mids.camera, "camera")],
            "video": view.into_iter().collect::<Vec<_>>(),
            "audio": { "auto": true, "pinned": [] },
        });
        send(&mut self.socket, &intent).await
    }

    fn complain(&self, complaint: String) {
        self.complaints.send_modify(|complaints| complaints.push(complaint));
    }
}
