//! How well each person hears and is heard, in one number and one word, for everybody in the call.

use super::Room;
use super::effect::MediaPeer;
use crate::message::{Limited, LinkQuality, Quality, QualityCause, ServerMessage, Stats};
use crate::time::UnixMillis;
use std::time::Duration;

/// How often a person's quality is told in a room of up to [`PEOPLE_AT_FULL_RATE`]; every N of them add as much again, so
/// that a full room is not flooded with the square of its size.
const QUALITY_INTERVAL: Duration = Duration::from_millis(900);
const PEOPLE_AT_FULL_RATE: usize = 8;
/// A page's statistics older than this say nothing about now.
const STATS_FRESH_FOR: Duration = Duration::from_secs(15);
/// Below this score people notice (ITU-T G.107 Annex B: "some users dissatisfied" begins at R = 80, MOS 4.03; speech with
/// Opus over a long path stays above 3.8 when nothing is wrong).
const MOS_WITHOUT_COMPLAINT: f64 = 3.8;

impl Room {
    pub(super) fn handle_report(
        &mut self,
        now: UnixMillis,
        peer: MediaPeer,
        uplink: LinkQuality,
        downlink: LinkQuality,
        is_limited: bool,
    ) {
        let people = self.sessions().filter(|(_, session)| session.is_in_call()).count();
        let share = u32::try_from(people.div_ceil(PEOPLE_AT_FULL_RATE)).unwrap_or(u32::MAX);
        let interval = QUALITY_INTERVAL.saturating_mul(share);
        let Some(session) = self.living(peer) else { return };
        if session.quality_sent_at.is_some_and(|sent_at| now.since(sent_at) < interval) {
            return;
        }
        session.quality_sent_at = Some(now);
        let stats = session.stats.as_ref().filter(|(at, _)| now.since(*at) <= STATS_FRESH_FOR).map(|(_, stats)| stats);
        // A direction that carries nothing has no quality.
        let runs = |link: &LinkQuality| link.rate_bps > 0;
        let quality = rate(peer, Some(uplink).filter(runs), Some(downlink).filter(runs), stats, is_limited);
        self.send_to_call(&ServerMessage::Quality(quality));
    }
}

fn rate(
    peer: MediaPeer,
    uplink: Option<LinkQuality>,
    downlink: Option<LinkQuality>,
    stats: Option<&Stats>,
    is_limited: bool,
) -> Quality {
    let uplink_mos = uplink.map(|link| mos(&link, link.loss_ratio.into()));
    // What the page had to conceal is what its listener missed, repairs counted; without statistics, what the link lost.
    let missed = |link: LinkQuality| stats.map_or(link.loss_ratio, |stats| stats.downlink.concealed_ratio).into();
    let downlink_mos = downlink.map(|link| mos(&link, missed(link)));
    let worst = [uplink_mos, downlink_mos].into_iter().flatten().reduce(f64::min);
    let is_slow_device = stats.is_some_and(|stats| stats.uplink.limited == Limited::Cpu);
    let cause = match worst {
        Some(mos) if mos < MOS_WITHOUT_COMPLAINT && uplink_mos == worst => Some(QualityCause::Uplink),
        Some(mos) if mos < MOS_WITHOUT_COMPLAINT => Some(QualityCause::Downlink),
        _ if is_limited => Some(QualityCause::Server),
        _ if is_slow_device => Some(QualityCause::Device),
        _ => None,
    };
    Quality { id: peer.participant, uplink, downlink, mos: worst.map(|mos| (mos * 10.0).round() / 10.0), cause }
}

/// Mean opinion score of speech by the E-model (ITU-T G.107) with its default R0 - Is = 93.2, Ie = 0 and Bpl = 20: Opus with
/// in-band FEC, for which no official values exist.
fn mos(link: &LinkQuality, lost_ratio: f64) -> f64 {
    const BASE: f64 = 93.2;
    const LOSS_ROBUSTNESS: f64 = 20.0;
    const CODEC_AND_DEVICE_MS: f64 = 40.0;
    let delay_ms = f64::from(link.rtt_ms.unwrap_or(0)) / 2.0 + 2.0 * f64::from(link.jitter_ms) + CODEC_AND_DEVICE_MS;
    let delay_impairment = 0.024 * delay_ms + 0.11 * (delay_ms - 177.3).max(0.0);
    let lost_percent = lost_ratio * 100.0;
    let loss_impairment = 95.0 * lost_percent / (lost_percent + LOSS_ROBUSTNESS);
    let r = (BASE - delay_impairment - loss_impairment).clamp(0.0, 100.0);
    // G.107 Annex B; the cubic dips below 1 for very small R.
    (1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6).clamp(1.0, 4.5)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Generation, ParticipantId};
    use crate::message::Ratio;

    fn link(loss: f64, rtt_ms: u32) -> LinkQuality {
        LinkQuality { loss_ratio: Ratio::clamped(loss), rtt_ms: Some(rtt_ms), jitter_ms: 5, rate_bps: 40_000 }
    }

    fn quality(uplink: LinkQuality, downlink: LinkQuality) -> Quality {
        let peer = MediaPeer { participant: ParticipantId(1), generation: Generation::FIRST };
        rate(peer, Some(uplink), Some(downlink), None, false)
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
        let peer = MediaPeer { participant: ParticipantId(1), generation: Generation::FIRST };
        let cause = |loss| rate(peer, Some(link(loss, 60)), Some(link(0.0, 60)), None, true).cause;
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
}
