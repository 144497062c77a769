//! The bare forwarder (`kenes-bench bare`): the floor of a process on the same traffic. No signaling, checks or handshake: keys are
//! made here and told to both sides.
//!
//! Owns the forwarder's process, and who is in which room.

use super::{Act, Attendance, Place, Seat, ServerProcess, Sfu};
use crate::bare::table::{MATERIAL_LEN, Order};
use crate::load::sdp::{Agreement, Extensions, Kind, Publication, Remote, Section};
use crate::load::wiring::{Connection, Wiring};
use anyhow::{Context as _, Result};
use async_trait::async_trait;
use aws_lc_rs::rand;
use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::process::{ChildStdin, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

const OPUS: u8 = 111;
const VP8: u8 = 96;

pub(super) struct Bare {
    process: ServerProcess,
    address: SocketAddr,
    obeys_layers: bool,
    rooms: Arc<Mutex<Rooms>>,
}

struct Rooms {
    orders: ChildStdin,
    members: HashMap<u32, Vec<Member>>,
}

/// A person's streams go to everybody else in the room.
#[derive(Clone)]
struct Member {
    address: SocketAddr,
    ssrcs: Vec<u32>,
}

impl Bare {
    pub(super) fn start(place: &Place) -> Result<Self> {
        let listen = format!("{}:0", place.address);
        let mut process = ServerProcess::spawn(std::env::current_exe()?.as_os_str(), place, |command| {
            command.args(["bare", "--listen", &listen]).stdin(Stdio::piped()).stdout(Stdio::piped());
        })?;
        let mut line = String::new();
        BufReader::new(process.child.stdout.take().context("no standard output")?).read_line(&mut line)?;
        let address = line.trim().strip_prefix("ready ").context("the bare forwarder did not get ready")?.parse()?;
        let orders = process.child.stdin.take().context("no standard input")?;
        let rooms = Arc::new(Mutex::new(Rooms { orders, members: HashMap::new() }));
        Ok(Self { process, address, obeys_layers: place.obeys_layers, rooms })
    }
}

#[async_trait]
impl Sfu for Bare {
    fn processes(&self) -> Vec<u32> {
        vec![self.process.id()]
    }

    async fn join(&self, seat: Seat, wiring: &Wiring) -> Result<Box<dyn Attendance>> {
        let mut material = [0; MATERIAL_LEN];
        rand::fill(&mut material).ok().context("no random keys")?;
        let end = wiring.end()?;
        let first = end.description.first_ssrc;
        let layers = u32::try_from(end.description.layers)?;
        let publications = wiring.published_by(seat).into_iter().filter_map(|section| match section {
            Section::Publish(Kind::Audio) => Some(publication(Kind::Audio, vec![first])),
            Section::Publish(Kind::Video) => {
                Some(publication(Kind::Video, (1..=layers).map(|layer| first.wrapping_add(layer)).collect()))
            }
            Section::Idle(_) | Section::Receive(_) => None,
        });
        let publications: Vec<Publication> = publications.collect();
        // The largest layer is forwarded; what else is sent is received and left unopened.
        let ssrcs = publications.iter().filter_map(|publication| publication.ssrcs.last().copied()).collect();
        let member = Member { address: end.description.address, ssrcs };
        lock(&self.rooms).enter(seat.room, &member, &material)?;
        let remote = Remote { address: self.address, ufrag: String::new(), pwd: String::new(), fingerprint: [0; 32] };
        let payload_types = vec![(OPUS, Kind::Audio), (VP8, Kind::Video)];
        let agreement = Agreement { remote, publications, payload_types, mids: Vec::new() };
        let connection = wiring.connect_with_keys(seat, end, agreement, &material)?;
        if self.obeys_layers && layers > 1 {
            connection.encode([false, false, true]);
        }
        Ok(Box::new(Present { rooms: self.rooms.clone(), room: seat.room, address: member.address, connection }))
    }
}

impl Rooms {
    fn enter(&mut self, room: u32, member: &Member, material: &[u8]) -> Result<()> {
        let material = material.iter().map(|byte| format!("{byte:02x}")).collect();
        self.order(&Order::Connection { address: member.address, material })?;
        let before = self.members.entry(room).or_default();
        let others = before.clone();
        before.push(member.clone());
        for other in &others {
            for (from, to) in [(member, other), (other, member)] {
                for &ssrc in &from.ssrcs {
                    self.order(&Order::Route { from: from.address, ssrc, to: to.address })?;
                }
            }
        }
        Ok(())
    }

    fn leave(&mut self, room: u32, address: SocketAddr) -> Result<()> {
        if let Some(members) = self.members.get_mut(&room) {
            members.retain(|other| other.address != address);
        }
        self.order(&Order::Gone { address })
    }

    fn order(&mut self, order: &Order) -> Result<()> {
        let line = serde_json::to_string(order)? + "\n";
        self.orders.write_all(line.as_bytes()).context("the bare forwarder has ended")
    }
}

fn publication(kind: Kind, ssrcs: Vec<u32>) -> Publication {
    let payload_type = if kind == Kind::Audio { OPUS } else { VP8 };
    let level = (kind == Kind::Audio).then_some(1);
    let extensions = Extensions { level, transport_cc: Some(3), ..Extensions::default() };
    Publication { kind, mid: String::new(), ssrcs, payload_type, extensions }
}

struct Present {
    rooms: Arc<Mutex<Rooms>>,
    room: u32,
    address: SocketAddr,
    connection: Connection,
}

#[async_trait]
impl Attendance for Present {
    async fn leave(self: Box<Self>) -> Result<()> {
        lock(&self.rooms).leave(self.room, self.address)
    }

    async fn act(&mut self, act: Act) -> Result<()> {
        if let Act::Mute(kind, muted) = act {
            self.connection.mute(kind, muted);
        }
        Ok(())
    }
}

/// Nobody holds the lock while panicking; if they did, what it guards is still whole.
fn lock(rooms: &Mutex<Rooms>) -> std::sync::MutexGuard<'_, Rooms> {
    rooms.lock().unwrap_or_else(PoisonError::into_inner)
}
