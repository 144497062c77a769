//! Everything together: one shard, the people of a room, the network between them, one virtual clock, and the little of a
//! control plane that they need.
//!
//! Owns all of it. One seed is one run: everything random comes from it, and time goes from event to event.

use crate::clock;
use crate::network::{Datagram, Network, Way};
use crate::person::{Equipment, Person};
use anyhow::{Context as _, Result, anyhow};
use kenes_link::Profile;
use kenes_sfu::batch::SendBatch;
use kenes_sfu::command::Command;
use kenes_sfu::description::PeerDescription;
use kenes_sfu::event::{Event, LinkReport};
use kenes_sfu::ids::{Mid, PeerKey, RoomKey, TrackKey};
use kenes_sfu::sdp::{self, AnswerOptions};
use kenes_sfu::shard::{Shard, ShardConfig};
use kenes_sfu::transport::dtls::DtlsIdentity;
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

const ROOM: RoomKey = RoomKey(1);
/// A message over signaling takes so long, whatever the links do to media: it is TCP, and its own story. In an outage it waits.
const SIGNALING_DELAY: Duration = Duration::from_millis(60);

pub(crate) struct World {
    pub(crate) now: Duration,
    shard: Shard,
    pub(crate) people: Vec<Person>,
    descriptions: Vec<PeerDescription>,
    pub(crate) network: Network,
    server: SocketAddr,
    identity: DtlsIdentity,
    batch: SendBatch,
    rng: StdRng,
    seed: u64,
    /// Of each access, for what signaling has to wait.
    uplinks: Vec<Profile>,
    /// Messages to people, by time of arrival.
    signals: BTreeMap<(Duration, u64), Signal>,
    signalled: u64,
}

enum Signal {
    /// The layers of a person's camera that anybody displays.
    Layers { person: usize, any: bool, rids: Vec<String> },
    /// How somebody's links fare.
    Quality { person: usize, of: PeerKey, uplink: LinkReport, downlink: LinkReport },
    /// ICE did not come back by itself.
    RestartIce { person: usize },
}

impl World {
    pub(crate) fn new(accesses: &[(Profile, Profile)], seed: u64) -> Result<Self> {
        let identity = DtlsIdentity::repeatable(seed)?;
        let now = Duration::ZERO;
        Ok(Self {
            now,
            shard: Shard::new(ShardConfig { identity: identity.clone(), seed }, clock::instant(now)),
            people: Vec::new(),
            descriptions: Vec::new(),
            network: Network::new(accesses, seed),
            server: SocketAddr::from(([10, 1, 0, 1], 3_478)),
            identity,
            batch: SendBatch::with_capacity(1 << 21, 4_096),
            rng: StdRng::seed_from_u64(seed),
            seed,
            uplinks: accesses.iter().map(|(up, _)| up.clone()).collect(),
            signals: BTreeMap::new(),
            signalled: 0,
        })
    }

    /// Negotiates a new person and opens it in the shard; its index.
    pub(crate) fn join(&mut self, equipment: &Equipment) -> Result<usize> {
        let index = self.people.len();
        let number = u8::try_from(index + 1)?;
        let (mut person, offer) = Person::new(number, self.now, equipment, self.seed + u64::from(number))?;
        let candidates = [self.server];
        let options =
            AnswerOptions { fingerprint: self.identity.fingerprint(), candidates: &candidates, tcp_candidates: &[] };
        let negotiated = sdp::answer(&offer, &options, &mut self.rng)?;
        person.accept(&negotiated.answer)?;
        let description = Box::new(negotiated.description.clone());
        self.command(Command::OpenPeer { peer: person.key, room: ROOM, description });
        self.descriptions.push(negotiated.description);
        self.people.push(person);
        Ok(index)
    }

    /// Everybody hears everybody, and sees everybody at this height, as far as slots and sources go.
    pub(crate) fn bind_all(&mut self, max_height: u16) -> Result<()> {
        let mut commands = Vec::new();
        for (index, person) in self.people.iter().enumerate() {
            let others = || self.people.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, other)| other);
            let microphones = others().map(|other| (other.key, other.microphone.mid));
            for ((slot, _), (peer, source)) in person.ears.iter().zip(microphones) {
                let track = Some(TrackKey { peer, mid: mid(source)? });
                commands.push(Command::BindAudio { subscriber: person.key, mid: mid(*slot)?, track });
            }
            let cameras = others().map(|other| (other.key, other.camera.mid));
            for ((slot, _), (peer, source)) in person.screens.iter().zip(cameras) {
                let track = Some(TrackKey { peer, mid: mid(source)? });
                let subscriber = person.key;
                commands.push(Command::BindVideo { subscriber, mid: mid(*slot)?, track, max_height, priority: 1 });
            }
        }
        commands.into_iter().for_each(|command| self.command(command));
        Ok(())
    }

    /// A person's network changes: another address from now on.
    pub(crate) fn change_address(&mut self, index: usize) -> Result<()> {
        let person = self.people.get_mut(index).context("nobody there")?;
        let mut address = person.address;
        address.set_port(address.port() + 1);
        person.move_to(address)?;
        // A browser is told that its network is another one, and does not wait for the old path to be given up.
        self.signal(Signal::RestartIce { person: index });
        Ok(())
    }

    pub(crate) fn run_until(&mut self, end: Duration) -> Result<()> {
        while self.now < end {
            let next = clock::tick_after(self.next_moment());
            self.now = next.clamp(self.now + clock::TICK, end.max(self.now + clock::TICK));
            self.now = clock::tick_after(self.now);
            self.step()?;
        }
        let now = self.now;
        self.people.iter_mut().for_each(|person| person.finish(now));
        Ok(())
    }

    fn next_moment(&self) -> Duration {
        let people = self.people.iter().map(Person::next_moment);
        let shard = self.shard.next_timeout().map(clock::moment);
        let signal = self.signals.keys().next().map(|(at, _)| *at);
        let others = [shard, self.network.next_moment(), signal].into_iter().flatten();
        people.chain(others).min().unwrap_or(self.now)
    }

    fn step(&mut self) -> Result<()> {
        let (now, at) = (self.now, clock::instant(self.now));
        while let Some((way, mut datagram)) = self.network.take_arrived(now) {
            match way {
                Way::Up => self.shard.handle_datagram(at, datagram.from, &mut datagram.bytes, &mut self.batch),
                Way::Down => {
                    let Self { people, network, .. } = self;
                    let addressed = |person: &&mut Person| person.address == datagram.to;
                    if let Some(person) = people.iter_mut().find(addressed) {
                        let access = person.access;
                        person
                            .handle_datagram(now, &datagram, |datagram| network.send(now, access, Way::Up, datagram))?;
                    }
                }
            }
        }
        while let Some(entry) = self.signals.first_entry().filter(|entry| entry.key().0 <= now) {
            let signal = entry.remove();
            self.take_signal(signal)?;
        }
        if self.shard.next_timeout().is_some_and(|due| due <= at) {
            self.shard.handle_timeout(at, &mut self.batch);
        }
        for person in self.people.iter_mut().filter(|person| person.next_moment() <= now) {
            let (access, network) = (person.access, &mut self.network);
            person.run(now, |datagram| network.send(now, access, Way::Up, datagram))?;
        }
        self.drain();
        self.restart_where_needed();
        Ok(())
    }

    fn command(&mut self, command: Command) {
        self.shard.handle_command(clock::instant(self.now), command, &mut self.batch);
        self.drain();
    }

    /// What the shard wants to be sent and says.
    fn drain(&mut self) {
        for (to, bytes) in self.batch.datagrams() {
            let Some(person) = self.people.iter().find(|person| person.address == to) else { continue };
            let datagram = Datagram { from: self.server, to, bytes: bytes.to_vec() };
            self.network.send(self.now, person.access, Way::Down, datagram);
        }
        self.batch.clear();
        while let Some(event) = self.shard.poll_event() {
            self.pass_on(event);
        }
    }

    /// What a control plane tells people of an event.
    fn pass_on(&mut self, event: Event) {
        match event {
            Event::LayersWanted { track, any, rids } => {
                let Some(person) = self.people.iter().position(|person| person.key == track.peer) else { return };
                let rids = rids.iter().map(|rid| rid.as_str().to_owned()).collect();
                self.signal(Signal::Layers { person, any, rids });
            }
            Event::PeerReport { peer: of, uplink, downlink, .. } => {
                for person in 0..self.people.len() {
                    self.signal(Signal::Quality { person, of, uplink, downlink });
                }
            }
            _ => {}
        }
    }

    fn restart_where_needed(&mut self) {
        for person in 0..self.people.len() {
            let gone = self.people.get_mut(person).is_some_and(|person| std::mem::take(&mut person.disconnected));
            if gone {
                self.signal(Signal::RestartIce { person });
            }
        }
    }

    fn signal(&mut self, signal: Signal) {
        self.signalled += 1;
        let (Signal::Layers { person, .. } | Signal::Quality { person, .. } | Signal::RestartIce { person }) = signal;
        let uplink = self.people.get(person).and_then(|person| self.uplinks.get(person.access));
        let at = uplink.and_then(|uplink| uplink.outage_ends(self.now)).unwrap_or(self.now);
        self.signals.insert((at + SIGNALING_DELAY, self.signalled), signal);
    }

    fn take_signal(&mut self, signal: Signal) -> Result<()> {
        match signal {
            Signal::Layers { person, any, rids } => {
                self.people.get_mut(person).context("nobody there")?.camera.want(&rids, any);
            }
            Signal::Quality { person, of, uplink, downlink } => {
                self.people.get_mut(person).context("nobody there")?.hear_of(of, &uplink, downlink);
            }
            Signal::RestartIce { person } => self.restart_ice(person)?,
        }
        Ok(())
    }

    fn restart_ice(&mut self, index: usize) -> Result<()> {
        let person = self.people.get_mut(index).context("nobody there")?;
        let description = self.descriptions.get_mut(index).context("nobody there")?;
        let offer = person.restart_ice()?;
        let candidates = [self.server];
        let options =
            AnswerOptions { fingerprint: self.identity.fingerprint(), candidates: &candidates, tcp_candidates: &[] };
        let negotiated = sdp::restart(&offer, description, &options, &mut self.rng)?;
        person.accept(&negotiated.answer)?;
        *description = negotiated.description;
        let (peer, description) = (person.key, Box::new(description.clone()));
        self.command(Command::RestartIce { peer, description });
        Ok(())
    }
}

fn mid(mid: str0m::media::Mid) -> Result<Mid> {
    Mid::new(&mid).ok_or_else(|| anyhow!("a mid that the shard does not take"))
}
