//! One stream of a published track: a simulcast layer, or the only one.
//!
//! Owns reception statistics and the picture size seen; the packets go on to the router.

use super::keyframe::KeyframeRequests;
use super::reception::Reception;
use crate::ids::{Rid, Ssrc};
use std::mem::offset_of;
use std::time::{Duration, Instant};

/// A layer that was silent for this long is not flowing: the encoder or the uplink has dropped it.
const FLOW_TIMEOUT: Duration = Duration::from_millis(1_500);
/// Of a layer's rate, in an interval of its measure.
const RATE_DECAY: f64 = 0.3;
const MIN_INTERVAL_S: f64 = 0.1;

/// What each packet touches comes first, the reception's beginning included.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct PublishedLayer {
    last_packet: Option<Instant>,
    bytes: u64,
    pub(crate) epoch: u32,
    /// Of the last key frame that told.
    pub(crate) height: Option<u16>,
    /// The decoder chain is broken until the next key frame: packets were given up.
    pub(crate) needs_keyframe: bool,
    pub(crate) ssrc: Option<Ssrc>,
    pub(crate) reception: Reception,
    pub(crate) rid: Option<Rid>,
    pub(crate) rtx: Option<Ssrc>,
    pub(crate) keyframes: KeyframeRequests,
    pub(crate) rate: LayerRate,
    clock_rate_hz: u32,
}

/// What the layer takes of a link, kept while it is silent: it may come back.
#[derive(Debug, Default)]
pub(crate) struct LayerRate {
    bps: Option<f64>,
    /// It flowed when the interval began.
    flowed: bool,
}

impl LayerRate {
    pub(crate) fn bps(&self) -> Option<f64> {
        self.bps
    }

    fn note(&mut self, bytes: u64, interval: Duration) {
        // The interval in which it began is not full.
        if bytes > 0 && self.flowed {
            let rate = bytes as f64 * 8.0 / interval.as_secs_f64().max(MIN_INTERVAL_S);
            // Up at once, for what does not fit is felt at once; down slowly, for encoders pause between slides.
            self.bps = Some(self.bps.map_or(rate, |before| rate.max(before + RATE_DECAY * (rate - before))));
        }
        self.flowed = bytes > 0;
    }
}

impl PublishedLayer {
    /// What a packet touches.
    pub(super) const FIRST_BYTES: usize = offset_of!(Self, reception) + Reception::FIRST_BYTES;

    pub(crate) fn new(rid: Option<Rid>, clock_rate_hz: u32) -> Self {
        Self {
            rid,
            ssrc: None,
            rtx: None,
            epoch: 0,
            reception: Reception::new(clock_rate_hz),
            keyframes: KeyframeRequests::default(),
            height: None,
            needs_keyframe: false,
            rate: LayerRate::default(),
            clock_rate_hz,
            last_packet: None,
            bytes: 0,
        }
    }

    /// The stream is known by this SSRC from now on; another one than before begins a new epoch.
    pub(crate) fn assign(&mut self, ssrc: Ssrc) {
        if self.ssrc.is_some_and(|known| known != ssrc) {
            self.epoch += 1;
            self.reception = Reception::new(self.clock_rate_hz);
        }
        self.ssrc = Some(ssrc);
    }

    pub(crate) fn note_packet(&mut self, now: Instant, bytes: usize) {
        self.last_packet = Some(now);
        self.bytes += bytes as u64;
    }

    pub(crate) fn is_flowing(&self, now: Instant) -> bool {
        self.last_packet.is_some_and(|last| now.saturating_duration_since(last) < FLOW_TIMEOUT)
    }

    /// Bytes since the last call, which was so long ago.
    pub(crate) fn take_bytes(&mut self, interval: Duration) -> u64 {
        let bytes = std::mem::take(&mut self.bytes);
        self.rate.note(bytes, interval);
        bytes
    }
}
