//! A second of everybody's traffic: what arrives when, sealed in advance, and what forwarding it takes at the least.
//!
//! Owns the bytes. The shard's answers change nothing in it: what is lost, asked for and sent again is decided here.

use crate::client::{Client, Outgoing, video_payload};
use crate::traffic::{FRAME_INTERVAL, FRAME_TICKS, Loss, Traffic, VOICE_INTERVAL, VOICE_TICKS, Video};
use crate::world::View;
use anyhow::Result;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::Range;
use std::time::{Duration, Instant};

pub(crate) const LENGTH: Duration = Duration::from_secs(1);
/// Datagrams of a slice at most: what `sfu::io` has buffers for.
pub const SLICE_DATAGRAMS: usize = 32;
/// From a loss to the retransmission's arrival, or to the viewer's request.
const UPLINK_REPAIR: Duration = Duration::from_millis(60);
const DOWNLINK_REPAIR: Duration = Duration::from_millis(40);
/// Nothing is lost after this: what repairs it would fall into the next second.
const LAST_LOSS: Duration = Duration::from_millis(900);
/// Seconds that begin with a key frame: the first ones, until every viewer has one.
const KEY_FRAME_SECONDS: u32 = 3;
/// Seconds between two consent checks of a client (RFC 7675 §5.1).
const CHECK_SECONDS: u32 = 5;

/// Which packet of `one_in` is the lost one; different ways, different packets.
const UPLINK_LOSS_PHASE: u32 = 7;
const DOWNLINK_LOSS_PHASE: u32 = 13;

/// What the server gets in one turn: datagrams of one sender at one moment.
pub(crate) struct Turn {
    pub(crate) at: Instant,
    pub(crate) from: SocketAddr,
    pub(crate) datagrams: Range<usize>,
}

/// The least that a datagram costs: opened or not, copied and sealed so many times.
#[derive(Clone, Copy, Debug, Default)]
pub struct Work {
    pub publisher: usize,
    pub payload_bytes: usize,
    pub opens: bool,
    pub copies: usize,
}

#[derive(Default)]
pub struct Script {
    arena: Vec<u8>,
    /// End of each datagram in the arena.
    ends: Vec<usize>,
    pub(crate) turns: Vec<Turn>,
    /// By datagram.
    pub work: Vec<Work>,
    /// Of turns, so that each has at most [`SLICE_DATAGRAMS`] datagrams.
    slices: Vec<Range<usize>>,
}

enum Step {
    Frame { client: usize, number: u32 },
    Voice { client: usize, number: u32 },
    Repeat { client: usize, lost: Lost },
    Ask { viewer: usize, ssrc: u32, sequence: u16, payload_bytes: usize },
    Report { client: usize },
    Check { client: usize },
}

struct Lost {
    sequence: u16,
    timestamp: u32,
    marker: bool,
    payload: Vec<u8>,
}

/// Everything a second is made from.
pub(crate) struct Cast<'a> {
    pub(crate) clients: &'a mut [Client],
    pub(crate) traffic: &'a [Traffic],
    pub(crate) views: &'a mut [View],
    pub(crate) loss: Loss,
    pub(crate) start: Instant,
    pub(crate) second: u32,
}

impl Script {
    #[must_use]
    pub fn datagram(&self, index: usize) -> &[u8] {
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.ends.get(index).and_then(|&end| self.arena.get(start..end)).unwrap_or_default()
    }

    /// Turns that are handed over together, one after the other.
    #[must_use]
    pub fn slices(&self) -> &[Range<usize>] {
        &self.slices
    }

    /// Of a slice.
    #[must_use]
    pub fn datagrams(&self, slice: &Range<usize>) -> Range<usize> {
        let turns = self.turns.get(slice.clone()).unwrap_or_default();
        let first = turns.first().map_or(0, |turn| turn.datagrams.start);
        first..turns.last().map_or(first, |turn| turn.datagrams.end)
    }

    pub(crate) fn write(cast: Cast<'_>) -> Result<Self> {
        let mut writer = Writer { script: Self::default(), plan: BTreeMap::new(), cast };
        writer.plan_everybody();
        while let Some(((offset, _), step)) = writer.plan.pop_first() {
            writer.perform(offset, step)?;
        }
        let mut script = writer.script;
        script.cut();
        Ok(script)
    }

    fn cut(&mut self) {
        let (mut first, mut datagrams) = (0, 0);
        for (index, turn) in self.turns.iter().enumerate() {
            if datagrams + turn.datagrams.len() > SLICE_DATAGRAMS {
                self.slices.push(first..index);
                (first, datagrams) = (index, 0);
            }
            datagrams += turn.datagrams.len();
        }
        self.slices.push(first..self.turns.len());
    }
}

struct Writer<'a> {
    script: Script,
    /// By time, then by the order in which it was planned.
    plan: BTreeMap<(Duration, usize), Step>,
    cast: Cast<'a>,
}

impl Writer<'_> {
    /// People are out of step with each other, by a fixed pattern.
    fn plan_everybody(&mut self) {
        let second = self.cast.second;
        for client in 0..self.cast.clients.len() {
            let Some(traffic) = self.cast.traffic.get(client).copied() else { continue };
            let phase = |step: u64, period: Duration| {
                Duration::from_nanos(client as u64 * step % u64::try_from(period.as_nanos()).unwrap_or(1))
            };
            if traffic.video.is_some() {
                let phase = phase(7_919_003, FRAME_INTERVAL);
                self.repeat(phase, FRAME_INTERVAL, |k| Step::Frame { client, number: second * 30 + k });
            }
            if traffic.voice.is_some() {
                let phase = phase(3_967_001, VOICE_INTERVAL);
                self.repeat(phase, VOICE_INTERVAL, |k| Step::Voice { client, number: second * 50 + k });
            }
            self.add(phase(104_729_017, LENGTH), Step::Report { client });
            if second.is_multiple_of(CHECK_SECONDS) {
                self.add(phase(224_737_043, LENGTH), Step::Check { client });
            }
        }
    }

    fn repeat(&mut self, phase: Duration, interval: Duration, step: impl Fn(u32) -> Step) {
        for k in (0..).take_while(|&k| phase + interval * k < LENGTH) {
            self.add(phase + interval * k, step(k));
        }
    }

    fn add(&mut self, offset: Duration, step: Step) {
        // Nothing planned later comes before what is there: the sum grows.
        let order = self.plan.len() + self.script.ends.len();
        self.plan.insert((offset, order), step);
    }

    fn perform(&mut self, offset: Duration, step: Step) -> Result<()> {
        let first = self.script.ends.len();
        let client = match step {
            Step::Frame { client, number } => {
                self.frame(offset, client, number)?;
                client
            }
            Step::Voice { client, number } => {
                self.voice(client, number)?;
                client
            }
            Step::Repeat { client, lost } => {
                let packet = Outgoing {
                    sequence: lost.sequence,
                    timestamp: lost.timestamp,
                    marker: lost.marker,
                    payload: &lost.payload,
                };
                let datagram = self.client(client)?.seal_again(&packet)?;
                let copies = self.viewers(client, true);
                let work = Work { publisher: client, payload_bytes: lost.payload.len(), opens: true, copies };
                self.push(&datagram, work);
                client
            }
            Step::Ask { viewer, ssrc, sequence, payload_bytes } => {
                let datagram = self.client(viewer)?.seal_nack(ssrc, sequence)?;
                self.push(&datagram, Work { publisher: viewer, payload_bytes, opens: false, copies: 1 });
                viewer
            }
            Step::Report { client } => {
                let elapsed = LENGTH * self.cast.second + offset;
                let datagram = self.client(client)?.seal_report(elapsed)?;
                self.push(&datagram, Work::default());
                client
            }
            Step::Check { client } => {
                let datagram = self.client(client)?.check()?;
                self.push(&datagram, Work::default());
                client
            }
        };
        let datagrams = first..self.script.ends.len();
        let from = self.client(client)?.address;
        self.script.turns.push(Turn { at: self.cast.start + offset, from, datagrams });
        Ok(())
    }

    fn frame(&mut self, offset: Duration, client: usize, number: u32) -> Result<()> {
        let video = self.cast.traffic.get(client).and_then(|traffic| traffic.video);
        let Some(Video { packets_per_frame, payload_bytes }) = video else { return Ok(()) };
        let key_frame = number.is_multiple_of(30) && number / 30 < KEY_FRAME_SECONDS;
        let copies = self.viewers(client, true);
        for position in 0..packets_per_frame {
            let mut payload = vec![0; payload_bytes];
            video_payload(&mut payload, number, position == 0, key_frame);
            let (timestamp, marker) = (number.wrapping_mul(FRAME_TICKS), position + 1 == packets_per_frame);
            let publisher = self.client(client)?;
            let sequence = publisher.video.sequence;
            publisher.video.sequence = sequence.wrapping_add(1);
            publisher.video.timestamp = timestamp;
            let counter = number * packets_per_frame + position;
            let is_lost =
                |one_in: Option<u32>, phase| offset < LAST_LOSS && one_in.is_some_and(|n| counter % n == phase);
            self.note_sent(offset, client, payload_bytes, is_lost(self.cast.loss.downlink_one_in, DOWNLINK_LOSS_PHASE));
            if is_lost(self.cast.loss.uplink_one_in, UPLINK_LOSS_PHASE) {
                let lost = Lost { sequence, timestamp, marker, payload };
                self.add(offset + UPLINK_REPAIR, Step::Repeat { client, lost });
                continue;
            }
            let packet = Outgoing { sequence, timestamp, marker, payload: &payload };
            let datagram = self.client(client)?.seal_video(&packet)?;
            self.push(&datagram, Work { publisher: client, payload_bytes, opens: true, copies });
        }
        Ok(())
    }

    fn voice(&mut self, client: usize, number: u32) -> Result<()> {
        let Some(payload_bytes) = self.cast.traffic.get(client).and_then(|traffic| traffic.voice) else {
            return Ok(());
        };
        let copies = self.viewers(client, false);
        let publisher = self.client(client)?;
        let sequence = publisher.voice.sequence;
        publisher.voice.sequence = sequence.wrapping_add(1);
        publisher.voice.timestamp = number.wrapping_mul(VOICE_TICKS);
        let timestamp = publisher.voice.timestamp;
        let payload = vec![0x78; payload_bytes];
        let datagram = publisher.seal_voice(&Outgoing { sequence, timestamp, marker: false, payload: &payload })?;
        self.push(&datagram, Work { publisher: client, payload_bytes, opens: true, copies });
        Ok(())
    }

    /// Each viewer of the stream gets one packet more; the viewers that lose it will ask for it.
    fn note_sent(&mut self, offset: Duration, publisher: usize, payload_bytes: usize, is_lost: bool) {
        let mut asks = Vec::new();
        for view in self.cast.views.iter_mut().filter(|view| view.publisher == publisher && view.is_video) {
            let Some(sequence) = &mut view.newest else { continue };
            *sequence = sequence.wrapping_add(1);
            if is_lost {
                asks.push(Step::Ask { viewer: view.viewer, ssrc: view.ssrc, sequence: *sequence, payload_bytes });
            }
        }
        for ask in asks {
            self.add(offset + DOWNLINK_REPAIR, ask);
        }
    }

    fn viewers(&self, publisher: usize, is_video: bool) -> usize {
        self.cast.views.iter().filter(|view| view.publisher == publisher && view.is_video == is_video).count()
    }

    fn client(&mut self, index: usize) -> Result<&mut Client> {
        self.cast.clients.get_mut(index).ok_or_else(|| anyhow::anyhow!("no client {index}"))
    }

    fn push(&mut self, datagram: &[u8], work: Work) {
        self.script.arena.extend_from_slice(datagram);
        self.script.ends.push(self.script.arena.len());
        self.script.work.push(work);
    }
}
