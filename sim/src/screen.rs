//! What a person sees: frames put together from packets, decoded in order, shown an even time after they were taken; key
//! frames asked for when nothing can be decoded any more.
//!
//! Owns the packets that wait and the record of what was shown. A frame can be decoded when all of it is there and the frame
//! before it was, or when it is a key frame. It is shown at once if it comes late, and else with the delay that most frames
//! of the last seconds would have been in time for.

use crate::media::{FrameStart, VIDEO_FRAME_MS};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// Without a picture for so long while packets come, a key frame is asked for; before the first one, sooner.
const STALL: Duration = Duration::from_millis(1_000);
const FIRST_STALL: Duration = Duration::from_millis(200);
/// And again after this.
const ASK_AGAIN: Duration = Duration::from_millis(1_000);
/// Of the frames of the last 4 s so many are in time for the delay, if that is at most so much more than the least.
const TRANSIT_WINDOW: usize = 100;
const IN_TIME_PERCENT: usize = 95;
const MAX_DELAY: Duration = Duration::from_millis(600);
/// Packets that wait at most.
const MAX_WAITING: usize = 2_000;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Moment and layer of each frame shown.
    pub frames: Vec<(Duration, u8)>,
    pub keyframes_asked: u32,
    /// Payload that came, shown or not: moment and bytes of each packet.
    pub arrived: Vec<(Duration, usize)>,
}

impl Seen {
    /// The times in `[from, until)` for which the picture stood still; up to `until` counts.
    #[must_use]
    pub fn frozen(&self, from: Duration, until: Duration) -> Vec<Duration> {
        let within = self.frames.iter().map(|(at, _)| *at).filter(|at| (from..until).contains(at));
        let moments: Vec<Duration> = [from].into_iter().chain(within).chain([until]).collect();
        let gaps = moments.windows(2).filter_map(|pair| Some(pair.last()?.saturating_sub(*pair.first()?)));
        gaps.filter(|gap| *gap > FREEZE).collect()
    }

    /// Bytes that came from `from` on.
    #[must_use]
    pub fn bytes(&self, from: Duration) -> usize {
        self.arrived.iter().filter(|(at, _)| *at >= from).map(|(_, len)| len).sum()
    }

    /// Frames a second in `[from, until)`.
    #[must_use]
    pub fn rate(&self, from: Duration, until: Duration) -> f64 {
        let shown = self.frames.iter().filter(|(at, _)| (from..until).contains(at)).count();
        shown as f64 / until.saturating_sub(from).as_secs_f64().max(0.001)
    }
}

/// 150 ms more than a frame takes: what browsers call a freeze at 25 frames/s.
const FREEZE: Duration = Duration::from_millis(190);

#[derive(Default)]
pub(crate) struct Screen {
    waiting: BTreeMap<u64, Piece>,
    /// Number of the packet after the last frame shown.
    next: Option<u64>,
    first_packet: Option<Duration>,
    last_decoded: Option<Duration>,
    /// From the camera to the last packet, of the last frames.
    transits: VecDeque<Duration>,
    last_asked: Option<Duration>,
    seen: Seen,
}

/// What matters of a packet.
pub(crate) struct Piece {
    pub(crate) start: Option<FrameStart>,
    pub(crate) ends_frame: bool,
    /// Of the payload; 0 = padding, which counts and holds nothing.
    pub(crate) len: usize,
}

impl Screen {
    pub(crate) fn receive(&mut self, now: Duration, number: u64, piece: Piece) {
        self.first_packet.get_or_insert(now);
        self.seen.arrived.push((now, piece.len));
        if self.next.is_none_or(|next| number >= next) {
            self.waiting.insert(number, piece);
        }
        while self.waiting.len() > MAX_WAITING {
            self.waiting.pop_first();
        }
        while self.show_next(now) {}
    }

    /// Whether a key frame is to be asked for now.
    pub(crate) fn asks_keyframe(&mut self, now: Duration) -> bool {
        let Some(since) = self.last_decoded.or(self.first_packet) else { return false };
        let stall = if self.last_decoded.is_some() { STALL } else { FIRST_STALL };
        let stalled = !self.waiting.is_empty() && now.saturating_sub(since) >= stall;
        let asks = stalled && self.last_asked.is_none_or(|asked| now.saturating_sub(asked) >= ASK_AGAIN);
        if asks {
            self.last_asked = Some(now);
            self.seen.keyframes_asked += 1;
        }
        asks
    }

    pub(crate) fn seen(&self) -> &Seen {
        &self.seen
    }

    fn show_next(&mut self, now: Duration) -> bool {
        let following = self.next.and_then(|next| self.whole_frame(next));
        let Some((start, after)) = following.or_else(|| self.whole_keyframe()) else { return false };
        self.waiting = self.waiting.split_off(&after);
        self.next = Some(after);
        self.last_decoded = Some(now);
        let at = self.time_to_show(now, start.number);
        self.seen.frames.push((at, start.layer));
        true
    }

    fn time_to_show(&mut self, now: Duration, number: u32) -> Duration {
        let taken = Duration::from_millis(u64::from(number) * VIDEO_FRAME_MS);
        self.transits.push_back(now.saturating_sub(taken));
        if self.transits.len() > TRANSIT_WINDOW {
            self.transits.pop_front();
        }
        let mut sorted: Vec<Duration> = self.transits.iter().copied().collect();
        sorted.sort_unstable();
        let least = sorted.first().copied().unwrap_or_default();
        let usual = sorted.get((sorted.len() - 1) * IN_TIME_PERCENT / 100).copied().unwrap_or_default();
        let even = taken + usual.min(least + MAX_DELAY);
        let last = self.seen.frames.last().map_or(Duration::ZERO, |(at, _)| *at);
        now.max(even).max(last)
    }

    fn whole_keyframe(&self) -> Option<(FrameStart, u64)> {
        let mut starts = self.waiting.iter().rev().filter(|(_, piece)| piece.start.is_some_and(|start| start.keyframe));
        starts.find_map(|(number, _)| self.whole_frame(*number))
    }

    /// The frame that begins at `number`, and the number after it, if all of it is there.
    fn whole_frame(&self, number: u64) -> Option<(FrameStart, u64)> {
        let mut start = None;
        for (expected, (number, piece)) in (number..).zip(self.waiting.range(number..)) {
            if *number != expected {
                return None;
            }
            if piece.len == 0 {
                continue;
            }
            if start.is_none() {
                start = Some(piece.start?);
            }
            if piece.ends_frame {
                return Some((start?, number + 1));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    /// Frames of two packets each 40 ms, of which some packets do not come; key frames where told.
    fn see(frames: u64, keyframes: &[u64], lost: &[u64]) -> (Screen, Vec<u64>) {
        let (mut screen, mut asked) = (Screen::default(), Vec::new());
        for packet in (0..frames * 2).filter(|packet| !lost.contains(packet)) {
            let frame = packet / 2;
            let keyframe = keyframes.contains(&frame);
            let start = FrameStart { layer: 0, number: u32::try_from(frame).unwrap(), keyframe };
            let start = (packet % 2 == 0).then_some(start);
            screen.receive(MS(frame * 40), packet, Piece { start, ends_frame: packet % 2 == 1, len: 100 });
            if screen.asks_keyframe(MS(frame * 40)) {
                asked.push(frame);
            }
        }
        (screen, asked)
    }

    #[test]
    fn whole_frames_are_shown_from_the_first_key_frame_on() {
        let (screen, asked) = see(100, &[3], &[]);
        assert_eq!((screen.seen().frames.len(), asked), (97, vec![]));
        assert_eq!(screen.seen().frozen(MS(120), MS(3_960)), Vec::<Duration>::new());
    }

    #[test]
    fn a_lost_packet_stops_the_picture_until_a_key_frame_which_is_asked_for() {
        let (screen, asked) = see(100, &[0, 60], &[41]);
        assert_eq!(screen.seen().frames.len(), 20 + 40);
        assert_eq!(asked, [44], "after 1 s");
        assert_eq!(screen.seen().frozen(MS(0), MS(3_960)), [MS(41 * 40)]);
    }

    #[test]
    fn a_late_packet_lets_the_picture_go_on() {
        let (mut screen, _) = see(30, &[0], &[41]);
        assert_eq!(screen.seen().frames.len(), 20);
        screen.receive(MS(1_200), 41, Piece { start: None, ends_frame: true, len: 100 });
        assert_eq!(screen.seen().frames.len(), 30);
    }
}
