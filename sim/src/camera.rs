//! A camera as a simulcast VP8 encoder leaves it: 25 frames a second in up to three layers, each within its bounds of what
//! the bandwidth estimate leaves, key frames when asked, nothing for layers that nobody wants.
//!
//! Owns the numbering of its streams and the encoder's rate control; must not know who looks.

use crate::clock;
use crate::media::{self, MIN_VIDEO_FRAME_LEN, VIDEO_FRAME_MS, VIDEO_TICKS, VideoFrame};
use crate::microphone::parameters;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::time::Duration;
use str0m::Rtc;
use str0m::format::Codec;
use str0m::media::{Mid, Rid};
use str0m::rtp::RtpWrite;

const FRAME: Duration = Duration::from_millis(VIDEO_FRAME_MS);
const FRAMES_PER_SECOND: u64 = 1_000 / VIDEO_FRAME_MS;
/// An encoder is done with one layer after the other.
const ENCODING: Duration = Duration::from_millis(4);
/// A key frame is so many times as large as the others; what it takes too much is saved on the next ones.
const KEYFRAME_FACTOR: usize = 5;
/// Of a frame's bytes, this part may go towards paying that back.
const SAVED_PART: usize = 3;

/// What is sent again on request, as browsers keep it: without `str0m`'s limit of 15 % of what is sent.
const REPAIRED_PACKETS: usize = 1_024;
const REPAIRED_FOR: Duration = Duration::from_secs(3);
/// The least that a layer's encoder makes of it.
const COARSEST_BPS: u64 = 30_000;

/// One layer as its encoder may run it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layer {
    pub(crate) rid: &'static str,
    pub(crate) height: u16,
    pub(crate) min_bps: u64,
    pub(crate) max_bps: u64,
}

/// What the web client's camera offers.
pub(crate) const SIMULCAST: [Layer; 3] = [
    Layer { rid: "q", height: 180, min_bps: 60_000, max_bps: 150_000 },
    Layer { rid: "h", height: 360, min_bps: 150_000, max_bps: 500_000 },
    Layer { rid: "f", height: 720, min_bps: 500_000, max_bps: 1_500_000 },
];

pub(crate) struct Camera {
    pub(crate) mid: Mid,
    layers: Vec<Encoder>,
    rng: StdRng,
    /// When the picture was taken that is being sent, and the layer whose turn it is.
    taken: Duration,
    turn: usize,
    pub(crate) next: Duration,
    /// Of the budget, after the layers below; whether there were any.
    left_bps: u64,
    is_lowest: bool,
    /// For all layers together.
    pub(crate) budget_bps: u64,
    /// For the lowest, which is made for whoever has the worst link.
    pub(crate) room_bps: Option<u64>,
    /// The rates between which a camera of one layer changes, as a server does between the layers of another's camera.
    rungs_bps: Vec<u64>,
}

struct Encoder {
    layer: Layer,
    rid: Option<Rid>,
    number: u8,
    wanted: bool,
    keyframe_due: bool,
    /// Sent beyond the rate, in bytes.
    debt: usize,
    sent: u64,
    picture_id: u16,
}

impl Camera {
    /// One layer is sent without a rid.
    pub(crate) fn new(mid: Mid, layers: &[Layer], budget_bps: u64, seed: u64) -> Self {
        let encoder = |(number, layer): (u8, &Layer)| Encoder {
            layer: *layer,
            rid: (layers.len() > 1).then(|| layer.rid.into()),
            number,
            wanted: true,
            keyframe_due: true,
            debt: 0,
            sent: 0,
            picture_id: 0,
        };
        let layers = (0..).zip(layers).map(encoder).collect();
        let rng = StdRng::seed_from_u64(seed);
        Self {
            mid,
            layers,
            rng,
            taken: Duration::ZERO,
            turn: 0,
            next: Duration::ZERO,
            left_bps: 0,
            is_lowest: true,
            budget_bps,
            room_bps: None,
            rungs_bps: Vec::new(),
        }
    }

    /// Sends as a server forwards: the best of these rates that the budget carries, each beginning with a key frame; below
    /// the lowest, nothing.
    pub(crate) fn forward(&mut self, rungs_bps: &[u64]) {
        self.rungs_bps = rungs_bps.to_vec();
    }

    fn choose_rung(&mut self) {
        let Some(encoder) = self.layers.first_mut().filter(|_| !self.rungs_bps.is_empty()) else { return };
        let rung = self.rungs_bps.iter().rev().find(|rung| **rung <= self.budget_bps).copied();
        encoder.want_rate(rung);
    }

    /// Somebody cannot decode a layer, or any.
    pub(crate) fn owe_keyframe(&mut self, rid: Option<Rid>) {
        let asked = |encoder: &&mut Encoder| rid.is_none() || encoder.rid == rid;
        self.layers.iter_mut().filter(asked).for_each(|encoder| encoder.keyframe_due = true);
    }

    /// The layers that anybody displays; one without rids is `any`.
    pub(crate) fn want(&mut self, rids: &[String], any: bool) {
        for encoder in &mut self.layers {
            let wanted = encoder.rid.map_or(any, |rid| rids.iter().any(|wanted| **wanted == *rid));
            encoder.keyframe_due |= wanted && !encoder.wanted;
            encoder.wanted = wanted;
        }
    }

    /// What the estimator is to look for, in bits a second: the least that would be of use, and what all wanted layers
    /// together would like.
    pub(crate) fn wish_bps(&self) -> (u64, u64) {
        if let Some(highest) = self.rungs_bps.last() {
            let next = self.rungs_bps.iter().find(|rung| **rung > self.budget_bps);
            return (*next.unwrap_or(highest), *highest);
        }
        let wanted = self.layers.iter().filter(|encoder| encoder.wanted);
        (0, wanted.map(|encoder| encoder.layer.max_bps).sum())
    }

    /// The first picture is taken at `now`.
    pub(crate) fn begin(&mut self, now: Duration) {
        (self.taken, self.next) = (now, now);
    }

    /// Sends the picture last taken in the layer whose turn it is, if that is wanted and paid for.
    pub(crate) fn film(&mut self, rtc: &mut Rtc) {
        if self.turn == 0 {
            self.choose_rung();
            (self.left_bps, self.is_lowest) = (self.budget_bps, true);
        }
        let number = u32::try_from(self.taken.as_millis() / u128::from(VIDEO_FRAME_MS)).unwrap_or(u32::MAX);
        let (taken, mid) = (self.taken, self.mid);
        if let Some((encoder, rate_bps)) = self.encoder_in_turn() {
            encoder.send(rtc, mid, taken, number, rate_bps);
        }
        self.turn += 1;
        self.next += ENCODING;
        if self.turn >= self.layers.len() {
            self.turn = 0;
            self.taken += FRAME;
            self.next = self.taken;
        }
    }

    /// With what it may make of the picture.
    fn encoder_in_turn(&mut self) -> Option<(&mut Encoder, u64)> {
        let room_bps = self.room_bps.filter(|_| self.turn == 0).unwrap_or(u64::MAX);
        let encoder = self.layers.get_mut(self.turn)?;
        // The lowest that is wanted is sent whatever the estimate, as coarse as need be.
        if !encoder.wanted || !self.is_lowest && self.left_bps < encoder.layer.min_bps {
            encoder.keyframe_due = true;
            return None;
        }
        self.is_lowest = false;
        let rate_bps = self.left_bps.clamp(COARSEST_BPS, encoder.layer.max_bps.min(room_bps));
        self.left_bps = self.left_bps.saturating_sub(rate_bps);
        Some((encoder, rate_bps * self.rng.random_range(80..=120) / 100))
    }
}

impl Encoder {
    /// Another rate is another layer.
    fn want_rate(&mut self, rung_bps: Option<u64>) {
        self.wanted = rung_bps.is_some();
        if let Some(rate_bps) = rung_bps.filter(|rate_bps| *rate_bps != self.layer.max_bps) {
            self.layer.max_bps = rate_bps;
            self.keyframe_due = true;
        }
    }

    fn send(&mut self, rtc: &mut Rtc, mid: Mid, now: Duration, number: u32, rate_bps: u64) {
        let Some(pt) = parameters(rtc, Codec::Vp8).map(|params| params.pt()) else { return };
        let mut api = rtc.direct_api();
        let Some(stream) = api.stream_tx_by_mid(mid, self.rid) else { return };
        let len = self.next_len(rate_bps);
        self.picture_id = (self.picture_id + 1) & 0x7fff;
        let frame = VideoFrame {
            layer: self.number,
            number,
            keyframe: std::mem::take(&mut self.keyframe_due),
            height: self.layer.height,
            picture_id: self.picture_id,
            len,
        };
        let time = number.wrapping_mul(VIDEO_TICKS);
        let mut packets = media::vp8(&frame).into_iter().peekable();
        if self.sent == 0 {
            stream.set_rtx_cache(REPAIRED_PACKETS, REPAIRED_FOR, None);
        }
        while let Some(payload) = packets.next() {
            self.sent += 1;
            let last = packets.peek().is_none();
            let packet = RtpWrite::new(pt, self.sent.into(), time, clock::instant(now), payload);
            stream.write_rtp(packet.marker(last).nackable(true));
        }
    }

    fn next_len(&mut self, rate_bps: u64) -> usize {
        let usual = usize::try_from(rate_bps / 8 / FRAMES_PER_SECOND).unwrap_or(0);
        if self.keyframe_due {
            self.debt += usual * (KEYFRAME_FACTOR - 1);
            return usual * KEYFRAME_FACTOR;
        }
        let saved = self.debt.min(usual / SAVED_PART);
        self.debt -= saved;
        (usual - saved).max(MIN_VIDEO_FRAME_LEN)
    }
}
