//! What the product's page makes of how everybody's links fare, once a second: how large its smallest picture may be, how much
//! speech may take and in how long packets, whether it says each frame twice (`web-client/public/js/state`: `roomOf`, `voiceFor`,
//! `listen`). So that a thin link is simulated with the cameras that it has in the product. The ladder's rungs are not here: they are
//! tested where they are.
//!
//! Owns the newest report of each listener and what the last seconds of the own uplink were like.

use kenes_sfu::event::LinkReport;
use kenes_sfu::ids::PeerKey;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// Sound with its headers, without copies.
const SOUND_BPS: u64 = 40_000;
/// Less loss than this is no reason for copies.
const LIGHT_LOSS: f32 = 0.03;
const FILLS_PERCENT: u64 = 95;
const STEP_BPS: u64 = 20_000;
/// Of a head that speaks, 180 lines high.
const LEAST_PICTURE_BPS: u64 = 40_000;

/// What is known of a downlink's room, and what speech becomes then; more room than the last leaves it as it is.
const SPEECH_BPS: [(u64, u64); 2] = [(THIN_BPS, 16_000), (250_000, 24_000)];
const FULL_SPEECH_BPS: u64 = 32_000;
/// Packets hold two frames from below the one until above the other.
const THIN_BPS: u64 = 110_000;
const WIDE_BPS: u64 = 160_000;

const REDUNDANT_FROM: f32 = 0.06;
const HEAVY_LOSS: f32 = 0.15;
const HEAVY_MEAN: f32 = 0.12;
const MEAN_LEARNS: f32 = 0.1;
const CALM_REPORTS: u32 = 30;
const REST_REPORTS: u32 = 15;
const HEAVY_REST_REPORTS: u32 = 5;
const REDUNDANT_NEEDS_BPS: u64 = 60_000;
const QUEUE: Duration = Duration::from_millis(150);
const ROUTE_REPORTS: usize = 8;

#[derive(Default)]
pub(crate) struct Page {
    listeners: BTreeMap<PeerKey, LinkReport>,
    repeats: bool,
    doubles: bool,
    /// Reports since the uplink lost much, and since a frame was last said twice, if ever.
    calm: u32,
    single: Option<u32>,
    rtts: VecDeque<Duration>,
    mean_loss: f32,
}

impl Page {
    pub(crate) fn hear_of(&mut self, listener: PeerKey, downlink: LinkReport) {
        self.listeners.insert(listener, downlink);
    }

    /// Of the own uplink, in the words of whom it leads to.
    pub(crate) fn hear_of_uplink(&mut self, uplink: &LinkReport, estimate_bps: Option<u64>) {
        self.calm = if uplink.loss_ratio < LIGHT_LOSS { self.calm + 1 } else { 0 };
        if let Some(rtt) = uplink.rtt {
            self.rtts.push_back(rtt);
        }
        while self.rtts.len() > ROUTE_REPORTS {
            self.rtts.pop_front();
        }
        let shortest = self.rtts.iter().min().copied().unwrap_or_default();
        let waits = uplink.rtt.is_some_and(|rtt| rtt >= shortest + QUEUE);
        self.mean_loss += MEAN_LEARNS * (uplink.loss_ratio - self.mean_loss);
        let carries = estimate_bps.is_none_or(|bps| bps >= REDUNDANT_NEEDS_BPS) || self.mean_loss >= HEAVY_MEAN;
        let goes_on = self.repeats && self.calm < CALM_REPORTS;
        let rest = if uplink.loss_ratio >= HEAVY_LOSS { HEAVY_REST_REPORTS } else { REST_REPORTS };
        let begins = uplink.loss_ratio >= REDUNDANT_FROM && self.single.is_none_or(|single| single >= rest);
        self.repeats = !waits && carries && (goes_on || begins);
        self.single = if self.repeats { Some(0) } else { self.single.map(|single| single + 1) };
    }

    /// What the worst of the listeners' links leaves for a picture; `None` while nothing is known.
    pub(crate) fn room_bps(&self) -> Option<u64> {
        let rooms = self.listeners.values().filter_map(|downlink| {
            let sound_bps = SOUND_BPS * if downlink.loss_ratio < LIGHT_LOSS { 1 } else { 2 };
            let left_bps = downlink.estimate_bps?.saturating_sub(sound_bps) * FILLS_PERCENT / 100;
            Some((left_bps / STEP_BPS * STEP_BPS).max(LEAST_PICTURE_BPS))
        });
        rooms.min()
    }

    /// Speech's bits a second, and whether packets hold two frames. Who hears worst decides: nobody on the way can encode speech anew.
    pub(crate) fn voice(&mut self, estimate_bps: Option<u64>) -> (u64, bool) {
        let listeners = self.listeners.values().filter_map(|downlink| downlink.estimate_bps);
        let least_bps = listeners.chain(estimate_bps).min().unwrap_or(u64::MAX);
        self.doubles = least_bps < if self.doubles { WIDE_BPS } else { THIN_BPS };
        let fits = SPEECH_BPS.iter().find(|(below, _)| least_bps < *below);
        (fits.map_or(FULL_SPEECH_BPS, |(_, speech_bps)| *speech_bps), self.doubles)
    }

    pub(crate) fn repeats(&self) -> bool {
        self.repeats
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(loss_ratio: f32, estimate_bps: u64) -> LinkReport {
        LinkReport { loss_ratio, estimate_bps: Some(estimate_bps), ..LinkReport::default() }
    }

    #[test]
    fn the_smallest_picture_and_speech_are_made_for_the_worst_listener() {
        let mut page = Page::default();
        assert_eq!((page.room_bps(), page.voice(None)), (None, (32_000, false)));
        page.hear_of(PeerKey(2), report(0.0, 300_000));
        assert_eq!((page.room_bps(), page.voice(None)), (Some(240_000), (32_000, false)));
        page.hear_of(PeerKey(3), report(0.1, 200_000));
        assert_eq!((page.room_bps(), page.voice(None)), (Some(100_000), (24_000, false)));
        page.hear_of(PeerKey(3), report(0.1, 90_000));
        assert_eq!((page.room_bps(), page.voice(None)), (Some(40_000), (16_000, true)));
        page.hear_of(PeerKey(3), report(0.1, 900_000));
        assert_eq!(page.voice(Some(100_000)), (16_000, true));
        assert_eq!(page.voice(Some(140_000)), (24_000, true), "an estimate goes up and down");
        assert_eq!(page.voice(Some(170_000)), (24_000, false));
    }

    #[test]
    fn frames_are_said_twice_while_the_uplink_loses_and_not_while_packets_wait() {
        let mut page = Page::default();
        let mut repeats = |loss_ratio, rtt| {
            let uplink = LinkReport { rtt: Some(Duration::from_millis(rtt)), ..report(loss_ratio, 0) };
            page.hear_of_uplink(&uplink, Some(300_000));
            page.repeats()
        };
        assert!(!repeats(0.05, 60));
        assert!(repeats(0.06, 60));
        assert!((1..CALM_REPORTS).all(|_| repeats(0.0, 60)));
        assert!(!repeats(0.0, 60));
        assert!(!repeats(0.1, 60), "so soon");
        assert!((0..REST_REPORTS).any(|_| repeats(0.1, 60)));
        assert!(!repeats(0.1, 260));
    }
}
