//! What a person hears: a jitter buffer that adapts its delay, and a player that takes 20 ms from it at a time and makes up
//! (conceals) what is not there, as NetEQ does in outline.
//!
//! Owns the frames that wait and the record of what was played. It buys time against jitter by delay, grows when it runs dry,
//! shrinks by playing faster, and treats silence that was announced (DTX) as silence.

use crate::media::{AUDIO_FRAME_MS, AUDIO_TICKS, OpusFrame};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

const FRAME: Duration = Duration::from_millis(AUDIO_FRAME_MS);
/// Bounds of the delay that is bought.
const MIN_TARGET: Duration = Duration::from_millis(40);
const MAX_TARGET: Duration = Duration::from_millis(500);
/// Arrivals that the jitter is judged by: 4 s.
const LATENESS_WINDOW: usize = 200;
/// The share of arrivals that the delay is to be enough for.
const LATENESS_PERCENT: usize = 95;
/// Frames this far behind are forgotten.
const REMEMBERED: i64 = 500;
/// So much more than the target is played faster.
const EXCESS: Duration = Duration::from_millis(60);
/// Of this many frames one is skipped while playing faster, or played twice as long while playing slower.
const CHANGED_EVERY: u32 = 4;
/// After so many made-up frames in a row the player goes on with whatever comes next.
const PATIENCE: u32 = 10;
/// More than this is not played any more: the oldest is let go.
const MAX_WAITING: Duration = Duration::from_secs(2);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// When the first frame was played.
    pub first: Option<Duration>,
    /// 20 ms each: played as they were spoken.
    pub played: u32,
    /// Silence that the speaker announced.
    pub silent: u32,
    /// Made up: moment and how long in a row.
    pub gaps: Vec<(Duration, Duration)>,
    /// From the microphone to the ear, each played frame with its moment.
    pub delays: Vec<(Duration, Duration)>,
}

impl Heard {
    /// The part of what was played in talk that was made up, 0..=1.
    #[must_use]
    pub fn concealed(&self) -> f64 {
        let made_up: Duration = self.gaps.iter().map(|(_, lasts)| *lasts).sum();
        let played = FRAME * self.played;
        made_up.as_secs_f64() / (made_up + played).as_secs_f64().max(f64::EPSILON)
    }
}

pub(crate) struct Ear {
    waiting: BTreeMap<i64, OpusFrame>,
    /// Frames that came, some of them more than once: repeated, duplicated, beside another.
    came: BTreeSet<i64>,
    first_time: Option<u64>,
    /// Moment of the next 20 ms; `None` until something came.
    next_tick: Option<Duration>,
    /// The frame that is due.
    next: i64,
    silent: bool,
    /// Made up in a row.
    made_up: u32,
    since_faster: u32,
    since_slower: u32,
    /// How much later than the earliest each came.
    transits: VecDeque<Duration>,
    target: Duration,
    heard: Heard,
}

impl Default for Ear {
    fn default() -> Self {
        Self {
            waiting: BTreeMap::new(),
            came: BTreeSet::new(),
            first_time: None,
            next_tick: None,
            next: 0,
            silent: false,
            made_up: 0,
            since_faster: 0,
            since_slower: 0,
            transits: VecDeque::new(),
            target: MIN_TARGET,
            heard: Heard::default(),
        }
    }
}

impl Ear {
    /// A packet came: its extended RTP time and what it holds.
    pub(crate) fn receive(&mut self, now: Duration, time: u64, packet: OpusFrame) {
        self.play_until(now);
        let first = *self.first_time.get_or_insert(time);
        let number =
            (i64::try_from(time).unwrap_or(0) - i64::try_from(first).unwrap_or(0)).div_euclid(i64::from(AUDIO_TICKS));
        if !packet.is_double {
            return self.take(now, number, packet);
        }
        self.take(now, number, OpusFrame { silence_follows: false, ..packet });
        self.take(now, number + 1, OpusFrame { number: packet.number + 1, ..packet });
    }

    fn take(&mut self, now: Duration, number: i64, frame: OpusFrame) {
        if !self.came.insert(number) {
            return;
        }
        self.came = self.came.split_off(&(number - REMEMBERED));
        self.note_transit(now, number);
        match self.next_tick {
            None => self.begin(now, number),
            Some(_) if self.silent && self.waiting.is_empty() && number > self.next => {
                // Talk begins again: the delay is bought anew.
                self.next = number - self.frames_of_target();
            }
            Some(_) => {}
        }
        if number >= self.next {
            self.waiting.insert(number, frame);
        }
    }

    /// Plays all that was due by `now`.
    pub(crate) fn play_until(&mut self, now: Duration) {
        while let Some(tick) = self.next_tick.filter(|tick| *tick <= now) {
            self.next_tick = Some(tick + FRAME);
            self.play(tick);
        }
    }

    pub(crate) fn heard(&self) -> &Heard {
        &self.heard
    }

    fn begin(&mut self, now: Duration, number: i64) {
        self.next = number;
        self.next_tick = Some(now + self.target);
    }

    fn play(&mut self, tick: Duration) {
        if self.stretches() {
            return;
        }
        self.shorten();
        if let Some(frame) = self.waiting.remove(&self.next) {
            return self.hear(tick, frame);
        }
        let following = self.waiting.keys().next().copied();
        if self.silent {
            self.heard.silent += 1;
            self.next += 1;
            return;
        }
        match following {
            // What was made up stands for what is missing, or it has been too long: go on.
            Some(following) if self.is_covered(following) => {
                self.next = following;
                if let Some(frame) = self.waiting.remove(&following) {
                    self.hear(tick, frame);
                }
            }
            Some(_) => {
                self.next += 1;
                self.make_up(tick);
                self.made_up = self.made_up.saturating_sub(1);
            }
            None => self.make_up(tick),
        }
    }

    fn hear(&mut self, tick: Duration, frame: OpusFrame) {
        self.next += 1;
        self.made_up = 0;
        self.silent = frame.silence_follows;
        self.heard.first.get_or_insert(tick);
        self.heard.played += 1;
        let spoken = Duration::from_millis(u64::from(frame.number) * AUDIO_FRAME_MS);
        self.heard.delays.push((tick, tick.saturating_sub(spoken)));
    }

    fn make_up(&mut self, tick: Duration) {
        self.made_up += 1;
        match self.heard.gaps.last_mut() {
            Some((at, lasts)) if *at + *lasts == tick => *lasts += FRAME,
            _ => self.heard.gaps.push((tick, FRAME)),
        }
    }

    fn is_covered(&self, following: i64) -> bool {
        let missing = following - self.next;
        i64::from(self.made_up) >= missing || self.made_up >= PATIENCE
    }

    /// Too little waits for the jitter that there is: plays slower, which is not heard.
    fn stretches(&mut self) -> bool {
        let Some(&last) = self.waiting.keys().next_back() else { return false };
        let span = FRAME * u32::try_from(last + 1 - self.next).unwrap_or(0);
        if self.silent || self.made_up > 0 || span >= self.target {
            return false;
        }
        self.since_slower = (self.since_slower + 1) % CHANGED_EVERY;
        self.since_slower == 0
    }

    /// Too much waits: plays faster, or lets go of what is too old.
    fn shorten(&mut self) {
        let Some(&last) = self.waiting.keys().next_back() else { return };
        let span = FRAME * u32::try_from(last + 1 - self.next).unwrap_or(0);
        if span > MAX_WAITING {
            self.next = last - self.frames_of_target();
            self.waiting.retain(|number, _| *number >= self.next);
        } else if span > self.target + EXCESS {
            self.since_faster += 1;
            if self.since_faster >= CHANGED_EVERY {
                self.since_faster = 0;
                self.waiting.remove(&self.next);
                self.next += 1;
            }
        }
    }

    fn note_transit(&mut self, now: Duration, number: i64) {
        // Any origin does: only differences count.
        let spoken = FRAME * u32::try_from(number + (1 << 24)).unwrap_or(0);
        let base = FRAME * (1 << 24);
        self.transits.push_back((now + base).saturating_sub(spoken));
        if self.transits.len() > LATENESS_WINDOW {
            self.transits.pop_front();
        }
        let mut sorted: Vec<Duration> = self.transits.iter().copied().collect();
        sorted.sort_unstable();
        let at = |percent: usize| sorted.get((sorted.len() - 1) * percent / 100).copied().unwrap_or_default();
        self.target = (at(LATENESS_PERCENT) - at(0) + FRAME).clamp(MIN_TARGET, MAX_TARGET);
    }

    fn frames_of_target(&self) -> i64 {
        i64::try_from(self.target.as_millis() / u128::from(AUDIO_FRAME_MS)).unwrap_or(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    /// Frames spoken each 20 ms arrive at the given moments (`None`: never); what was heard.
    fn hear(frames: impl Iterator<Item = Option<u64>>) -> Heard {
        let mut ear = Ear::default();
        let mut arrivals: Vec<(u64, u32)> = (0..).zip(frames).filter_map(|(n, at)| Some((at?, n))).collect();
        let end = arrivals.last().unwrap().0;
        arrivals.sort_unstable();
        for (at, number) in arrivals {
            ear.receive(
                MS(at),
                u64::from(number * AUDIO_TICKS),
                OpusFrame { number, silence_follows: false, is_double: false },
            );
        }
        ear.play_until(MS(end));
        ear.heard().clone()
    }

    #[test]
    fn an_even_stream_is_heard_without_a_gap() {
        let heard = hear((0..500).map(|n| Some(100 + n * 20)));
        assert_eq!(heard.gaps, []);
        assert!(heard.played > 495 && heard.delays.iter().all(|(_, delay)| *delay == MS(140)), "{heard:?}");
    }

    #[test]
    fn a_packet_of_two_frames_is_heard_whole() {
        let mut ear = Ear::default();
        for number in (0..500_u32).step_by(2) {
            let packet = OpusFrame { number, silence_follows: false, is_double: true };
            ear.receive(MS(120 + u64::from(number) * 20), u64::from(number * AUDIO_TICKS), packet);
        }
        assert_eq!(ear.heard().gaps, []);
        assert!(ear.heard().played > 490, "{}", ear.heard().played);
    }

    #[test]
    fn a_lost_frame_is_made_up_and_no_more() {
        let heard = hear((0..500).map(|n| (n != 250).then_some(100 + n * 20)));
        assert_eq!(heard.gaps.iter().map(|(_, lasts)| *lasts).collect::<Vec<_>>(), [MS(20)]);
    }

    #[test]
    fn an_outage_is_one_gap_as_long_as_it_was() {
        let heard = hear((0..500).map(|n| (!(200..300).contains(&n)).then_some(100 + n * 20)));
        let longest = heard.gaps.iter().map(|(_, lasts)| *lasts).max().unwrap();
        assert!((MS(1_900)..=MS(2_060)).contains(&longest), "{:?}", heard.gaps);
        assert!(heard.gaps.len() <= 2, "{:?}", heard.gaps);
    }

    #[test]
    fn a_spike_of_delay_is_heard_once_and_the_delay_comes_down_again() {
        // From 4 s on nothing comes for half a second, then all at once.
        let heard = hear((0..1_000).map(|n| Some((100 + n * 20).max(if (200..225).contains(&n) { 4_600 } else { 0 }))));
        let made_up: Duration = heard.gaps.iter().map(|(_, lasts)| *lasts).sum();
        assert!((MS(300)..=MS(560)).contains(&made_up), "{made_up:?}");
        assert!(heard.delays.last().unwrap().1 < MS(320), "{:?}", heard.delays.last());
    }

    #[test]
    fn jitter_costs_delay_and_not_words() {
        let heard = hear((0..1_000).map(|n| Some(100 + n * 20 + (n * 37) % 90)));
        let made_up: Duration = heard.gaps.iter().skip_while(|(at, _)| *at < MS(3_000)).map(|(_, lasts)| *lasts).sum();
        assert!(made_up < MS(400), "{made_up:?}");
        assert!(heard.delays.last().unwrap().1 > MS(140));
    }

    #[test]
    fn announced_silence_is_not_a_gap() {
        let mut ear = Ear::default();
        for number in (0..1_000_u32).filter(|n| n % 100 <= 50) {
            let frame = OpusFrame { number, silence_follows: number % 100 == 50, is_double: false };
            ear.receive(MS(100 + u64::from(number) * 20), u64::from(number * AUDIO_TICKS), frame);
        }
        assert_eq!(ear.heard().gaps, []);
        assert!(ear.heard().silent > 400 && ear.heard().played > 500, "{:?}", (ear.heard().silent, ear.heard().played));
    }
}
