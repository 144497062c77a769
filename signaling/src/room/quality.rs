//! How well each person hears and is heard, in one number and one word: rated once a second, told to everybody in the call when it is
//! news. A room tells everybody of everybody, so what does not change would be most of what a thin link has to carry beside the sound.

use super::Room;
use super::effect::Effect;
use super::input::Report;
use crate::emodel;
use crate::ids::ConnectionId;
use crate::message::{Limited, LinkQuality, Quality, QualityCause, Ratio, Rung, ServerMessage, Stats};
use crate::time::UnixMillis;
use std::time::Duration;

/// How often a person is rated in a room of up to [`PEOPLE_AT_FULL_RATE`]; every N of them add as much again, so
/// that a full room is not flooded with the square of its size.
const QUALITY_INTERVAL: Duration = Duration::from_millis(900);
const PEOPLE_AT_FULL_RATE: usize = 8;
/// After so many ratings that were no news the next is told all the same.
const MAX_REPEATS: u32 = 9;
/// Shares (of packets, of time) that are as good as equal.
const SAME_RATIO: f64 = 0.01;
/// Times that are as good as equal: nobody hears the difference.
const SAME_MS: u32 = 20;
/// Estimates that are as good as equal, in parts of either.
const SAME_ESTIMATE: u64 = 8;
/// A page's statistics older than this say nothing about now.
const STATS_FRESH_FOR: Duration = Duration::from_secs(15);
/// Below this score people notice (ITU-T G.107 Annex B: "some users dissatisfied" begins at R = 80, MOS 4.03; speech with
/// Opus over a long path stays above 3.8 when nothing is wrong).
const MOS_WITHOUT_COMPLAINT: f64 = 3.8;

impl Room {
    /// The rating is for the visit's record, whether or not it is told.
    pub(super) fn handle_report(&mut self, now: UnixMillis, report: &Report) {
        let people = self.sessions().filter(|(_, session)| session.is_in_call()).count();
        let share = u32::try_from(people.div_ceil(PEOPLE_AT_FULL_RATE)).unwrap_or(u32::MAX);
        let interval = QUALITY_INTERVAL.saturating_mul(share);
        let is_lost_before = self.sessions().any(|(person, other)| {
            person.id != report.peer.participant && other.told.as_ref().is_some_and(Told::loses_on_the_uplink)
        });
        let Some(session) = self.living(report.peer) else { return };
        if session.rated_at.is_some_and(|rated_at| now.since(rated_at) < interval) {
            return;
        }
        session.rated_at = Some(now);
        let stats = session.stats.as_ref().filter(|(at, _)| now.since(*at) <= STATS_FRESH_FOR).map(|(_, stats)| stats);
        let mut quality = rate(report, stats, is_lost_before);
        quality.paused = report.paused.iter().filter_map(|mid| session.wiring.viewed(mid)).collect();
        self.out.push(Effect::Rated(quality.clone()));
        self.tell_if_news(quality);
    }

    fn tell_if_news(&mut self, quality: Quality) {
        let listeners = self.greeted();
        let Some(session) = self.session_mut(quality.id) else { return };
        let connections = match &mut session.told {
            Some(told) if told.is_like(&quality) => {
                told.repeats += 1;
                let newcomers: Vec<_> = listeners.iter().copied().filter(|new| !told.listeners.contains(new)).collect();
                told.listeners = listeners;
                newcomers
            }
            told => {
                *told = Some(Told { quality: quality.clone(), listeners: listeners.clone(), repeats: 0 });
                listeners
            }
        };
        if !connections.is_empty() {
            self.out.push(Effect::SendToAll { connections, message: ServerMessage::Quality(quality) });
        }
    }
}

/// What was last told of a person, and who knows it.
pub(super) struct Told {
    quality: Quality,
    listeners: Vec<ConnectionId>,
    /// Ratings since that were like it.
    repeats: u32,
}

impl Told {
    /// What this person says is missed by everybody, whatever their links.
    fn loses_on_the_uplink(&self) -> bool {
        self.quality.uplink.is_some_and(|uplink| f64::from(uplink.loss_ratio) >= SAME_RATIO)
    }

    /// Whoever knows this needs not hear of that. What changes with every word (the rate) is never news.
    fn is_like(&self, quality: &Quality) -> bool {
        let told = &self.quality;
        let words = |quality: &Quality| (quality.rung, quality.cause, quality.mos);
        self.repeats < MAX_REPEATS
            && words(told) == words(quality)
            && told.paused == quality.paused
            && is_same(told.concealed_ratio, quality.concealed_ratio, is_same_ratio)
            && is_same(told.freeze_ratio, quality.freeze_ratio, is_same_ratio)
            && is_same(told.uplink, quality.uplink, is_same_link)
            && is_same(told.downlink, quality.downlink, is_same_link)
    }
}

/// Both unknown, or both known and as good as equal.
fn is_same<T>(one: Option<T>, other: Option<T>, is_equal: impl FnOnce(T, T) -> bool) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => is_equal(one, other),
        (one, other) => one.is_none() && other.is_none(),
    }
}

fn is_same_link(one: LinkQuality, other: LinkQuality) -> bool {
    is_same_ratio(one.loss_ratio, other.loss_ratio)
        && is_same(one.rtt_ms, other.rtt_ms, is_same_time)
        && is_same_time(one.jitter_ms, other.jitter_ms)
        && is_same(one.estimate_bps, other.estimate_bps, |one, other| {
            one.abs_diff(other) <= one.min(other) / SAME_ESTIMATE
        })
}

fn is_same_ratio(one: Ratio, other: Ratio) -> bool {
    (f64::from(one) - f64::from(other)).abs() < SAME_RATIO
}

fn is_same_time(one: u32, other: u32) -> bool {
    one.abs_diff(other) < SAME_MS
}

/// `is_lost_before`: somebody else's uplink loses some of what this person is to hear.
fn rate(report: &Report, stats: Option<&Stats>, is_lost_before: bool) -> Quality {
    // A direction that carries nothing has no quality.
    let running = |link: LinkQuality| Some(link).filter(|link| link.rate_bps > 0);
    let uplink = running(report.uplink).map(|link| LinkQuality {
        mos: Some(mos(&link, link.loss_ratio.into())),
        estimate_bps: stats.and_then(|stats| stats.uplink.estimate_bps).map(u64::from).or(link.estimate_bps),
        ..link
    });
    // What the page had to conceal is what its listener missed, repairs counted; without statistics, what the link lost. Where others'
    // uplinks lose, no more of it is this link's than that.
    let missed = |link: LinkQuality| {
        let lost = f64::from(link.loss_ratio);
        let concealed = stats.map_or(lost, |stats| stats.downlink.concealed_ratio.into());
        if is_lost_before { concealed.min(lost) } else { concealed }
    };
    let downlink = running(report.downlink).map(|link| LinkQuality { mos: Some(mos(&link, missed(link))), ..link });
    let scores = [uplink, downlink].map(|link| link.and_then(|link| link.mos));
    let worst = scores.into_iter().flatten().reduce(f64::min);
    let is_slow_device = stats.is_some_and(|stats| stats.uplink.limited == Limited::Cpu);
    let cause = match worst {
        Some(mos) if mos < MOS_WITHOUT_COMPLAINT && scores[0] == worst => Some(QualityCause::Uplink),
        Some(mos) if mos < MOS_WITHOUT_COMPLAINT => Some(QualityCause::Downlink),
        _ if report.is_limited => Some(QualityCause::Server),
        _ if is_slow_device => Some(QualityCause::Device),
        // Speech is well, and the picture had to give way for it.
        _ if stats.is_some_and(|stats| stats.uplink.rung > Rung::Full) => Some(QualityCause::Uplink),
        _ if !report.paused.is_empty() => Some(QualityCause::Downlink),
        _ => None,
    };
    Quality {
        id: report.peer.participant,
        uplink,
        downlink,
        concealed_ratio: stats.map(|stats| stats.downlink.concealed_ratio),
        freeze_ratio: stats.map(|stats| stats.downlink.freeze_ratio),
        rung: stats.map(|stats| stats.uplink.rung),
        paused: Vec::new(),
        mos: worst,
        cause,
    }
}

/// Of speech one way over this link, to a tenth.
fn mos(link: &LinkQuality, missed_ratio: f64) -> f64 {
    const CODEC_AND_DEVICE: Duration = Duration::from_millis(40);
    let millis = |count: u32| Duration::from_millis(count.into());
    let delay = millis(link.rtt_ms.unwrap_or(0)) / 2 + millis(link.jitter_ms) * 2 + CODEC_AND_DEVICE;
    let score = emodel::mean_opinion_score(emodel::rating(emodel::OPUS, delay, missed_ratio));
    (score * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Generation, Mid, ParticipantId};
    use crate::message::Ratio;
    use crate::room::MediaPeer;

    fn link(loss: f64, rtt_ms: u32) -> LinkQuality {
        let loss_ratio = Ratio::clamped(loss);
        LinkQuality { loss_ratio, rtt_ms: Some(rtt_ms), jitter_ms: 5, rate_bps: 40_000, estimate_bps: None, mos: None }
    }

    fn report(uplink: LinkQuality, downlink: LinkQuality) -> Report {
        let peer = MediaPeer { participant: ParticipantId(1), generation: Generation::FIRST };
        Report { peer, uplink, downlink, is_limited: false, paused: Vec::new() }
    }

    fn quality(uplink: LinkQuality, downlink: LinkQuality) -> Quality {
        rate(&report(uplink, downlink), None, false)
    }

    #[test]
    fn a_clean_link_has_a_high_score_and_no_cause() {
        let quality = quality(link(0.0, 20), link(0.0, 20));
        assert!(quality.mos.is_some_and(|mos| mos >= 4.3), "{quality:?}");
        assert_eq!(quality.cause, None);
    }

    #[test]
    fn the_worse_direction_is_the_cause() {
        assert_eq!(quality(link(0.2, 60), link(0.0, 60)).cause, Some(QualityCause::Uplink));
        assert_eq!(quality(link(0.0, 60), link(0.2, 60)).cause, Some(QualityCause::Downlink));
    }

    #[test]
    fn an_overloaded_server_is_the_cause_unless_the_link_is_worse() {
        let limited = |loss| Report { is_limited: true, ..report(link(loss, 60), link(0.0, 60)) };
        let cause = |loss| rate(&limited(loss), None, false).cause;
        assert_eq!(cause(0.0), Some(QualityCause::Server));
        assert_eq!(cause(0.2), Some(QualityCause::Uplink));
    }

    #[test]
    fn the_score_falls_with_loss_and_with_delay_and_stays_in_range() {
        let at = |loss, rtt_ms| quality(link(loss, rtt_ms), link(loss, rtt_ms)).mos.unwrap();
        assert!(at(0.0, 20) > at(0.02, 20) && at(0.02, 20) > at(0.1, 20));
        assert!(at(0.0, 20) > at(0.0, 600));
        assert!((1.0..=4.5).contains(&at(1.0, u32::MAX)));
    }

    #[test]
    fn each_direction_has_a_score_and_the_worse_one_counts() {
        let quality = quality(link(0.2, 60), link(0.0, 60));
        let [uplink, downlink] = [quality.uplink, quality.downlink].map(|link| link.unwrap().mos.unwrap());
        assert!(uplink < 3.0 && downlink > 4.2, "{uplink} {downlink}");
        assert_eq!(quality.mos, Some(uplink));
    }

    #[test]
    fn a_picture_that_does_not_fit_has_a_cause_although_speech_is_well() {
        let held_back = Report { paused: vec![Mid::new("9").unwrap()], ..report(link(0.0, 60), link(0.0, 60)) };
        assert_eq!(rate(&held_back, None, false).cause, Some(QualityCause::Downlink));
    }
}
