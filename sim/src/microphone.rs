//! A microphone as an Opus encoder leaves it: 50 packets a second or half as many twice as long, or talk and announced silence
//! (DTX) by turns, of which every twentieth frame tells again; each with the packet before it (RED), where that was agreed on and is
//! asked for.
//!
//! Owns the numbering of its stream; must not know when it is asked.

use crate::clock;
use crate::media::{self, AUDIO_FRAME_MS, AUDIO_TICKS, OpusFrame};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::ops::Range;
use std::time::Duration;
use str0m::Rtc;
use str0m::format::{Codec, PayloadParams};
use str0m::media::Mid;
use str0m::rtp::{ExtensionValues, RtpWrite};

const FRAME: Duration = Duration::from_millis(AUDIO_FRAME_MS);
/// As long as nobody says that it is too much.
const FULL_BPS: u64 = 32_000;
const FRAMES_PER_SECOND: u64 = 1_000 / AUDIO_FRAME_MS;
/// Of silence one frame in so many is sent (libopus' DTX).
const SILENT_FRAMES: u32 = 20;
/// Talk and pauses last up to so many frames.
const LONGEST_TURN: u32 = 250;
const SPOKEN_DBOV: i8 = -30;

pub(crate) struct Microphone {
    pub(crate) mid: Mid,
    dtx: bool,
    rng: StdRng,
    /// Frames left of the turn, and whether it is talk.
    turn: (u32, bool),
    sent: u64,
    /// The packet sent last, and the numbers of its frames.
    last: Option<(Range<u32>, Vec<u8>)>,
    /// Frames of the packet that is due next.
    frames: u32,
    pub(crate) next: Duration,
    pub(crate) rate_bps: u64,
    /// Packets hold two frames.
    pub(crate) doubles: bool,
    pub(crate) repeats: bool,
}

impl Microphone {
    pub(crate) fn new(mid: Mid, dtx: bool, seed: u64) -> Self {
        Self {
            mid,
            dtx,
            rng: StdRng::seed_from_u64(seed),
            turn: (0, false),
            sent: 0,
            last: None,
            frames: 1,
            next: Duration::ZERO,
            rate_bps: FULL_BPS,
            doubles: false,
            repeats: false,
        }
    }

    /// Sends the packet that is due now, if there is sound in it: its last frame has just been spoken.
    pub(crate) fn speak(&mut self, rtc: &mut Rtc) {
        let number = self.next.as_millis() / u128::from(AUDIO_FRAME_MS) + 1 - u128::from(self.frames);
        let (now, frames) = (self.next, self.frames);
        self.frames = if self.doubles { 2 } else { 1 };
        self.next += FRAME * self.frames;
        let turns: Vec<_> = (0..frames).map(|_| self.take_turn()).collect();
        let is_sent = turns.iter().any(|(is_sent, _)| *is_sent);
        let silence_follows = turns.last().is_some_and(|(_, silence_follows)| *silence_follows);
        let Ok(number) = u32::try_from(number) else { return };
        if !is_sent {
            return;
        }
        let Some(params) = parameters(rtc, Codec::Opus) else { return };
        let (pt, red) = (params.pt(), params.red().filter(|_| self.repeats));
        let mut api = rtc.direct_api();
        let Some(stream) = api.stream_tx_by_mid(self.mid, None) else { return };
        self.sent += 1;
        let time = number.wrapping_mul(AUDIO_TICKS);
        let len = usize::try_from(self.rate_bps / 8 / FRAMES_PER_SECOND * u64::from(frames)).unwrap_or(0);
        let frame = media::opus(OpusFrame { number, silence_follows, is_double: frames > 1 }, len);
        let (pt, payload) = match red {
            Some(red) => (red, media::red(*pt, &self.before(number), &frame)),
            None => (pt, frame.clone()),
        };
        self.last = Some((number..number + frames, frame));
        let extensions =
            ExtensionValues { audio_level: Some(SPOKEN_DBOV), voice_activity: Some(true), ..Default::default() };
        stream.write_rtp(RtpWrite::new(pt, self.sent.into(), time, clock::instant(now), payload).ext_vals(extensions));
    }

    /// The packet before this one, if there was one, and how much older it is.
    fn before(&mut self, number: u32) -> Vec<(u32, Vec<u8>)> {
        let before = self.last.take().filter(|(frames, _)| frames.end == number);
        before.map(|(frames, packet)| (AUDIO_TICKS * (number - frames.start), packet)).into_iter().collect()
    }

    /// Whether this frame is sent, and whether silence follows it.
    fn take_turn(&mut self) -> (bool, bool) {
        if !self.dtx {
            return (true, false);
        }
        if self.turn.0 == 0 {
            self.turn = (self.rng.random_range(25..LONGEST_TURN), !self.turn.1);
        }
        self.turn.0 -= 1;
        let (left, talks) = self.turn;
        (talks || left % SILENT_FRAMES == 0, !talks || left == 0)
    }
}

/// What was agreed on for a codec.
pub(crate) fn parameters(rtc: &Rtc, codec: Codec) -> Option<PayloadParams> {
    rtc.codec_config().params().iter().find(|params| params.spec().codec == codec).copied()
}
