//! How a person's connection was over a visit, in constant memory: sums and extremes of what was measured about once a second. Two of
//! them add up to one, so a person who came twice and a visit of many people have one as well. Knows no room and no clock.

use kenes_signaling::message::{LinkQuality, Quality as Rating, QualityCause, Rung, Stats};
use serde::{Deserialize, Serialize};

/// Speech below this score leaves many dissatisfied (ITU-T G.107 annex B, R 70).
pub const POOR_MOS: f64 = 3.6;
/// With more than this share of poor ratings a call was degraded.
pub const DEGRADED_RATIO: f64 = 0.1;

/// What was added later is missing in older records.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Quality {
    /// Ratings while media ran.
    pub ratings: u32,
    /// Of them below [`POOR_MOS`].
    pub poor: u32,
    /// Of them while the person sent a picture.
    pub with_video: u32,
    /// Mean opinion score of speech, 1 to 4.5.
    pub mos: Measured,
    pub uplink: Link,
    pub downlink: Link,
    /// Share of the time in which a picture that was to be seen stood still, as the person's page told.
    pub freeze_ratio: Measured,
    /// Share of what was heard that the page had to make up.
    pub concealed_ratio: Measured,
    /// Ratings by cause, and those below the bandwidth ladder's two rungs of video.
    pub causes: Causes,
    pub without_video_rung: u32,
}

/// How often each was to blame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Causes {
    pub uplink: u32,
    pub downlink: u32,
    pub device: u32,
    pub server: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Link {
    pub loss_ratio: Measured,
    pub rtt_ms: Measured,
    pub jitter_ms: Measured,
    pub mos: Measured,
    /// Bits a second that the link was believed to carry.
    pub estimate_bps: Measured,
}

/// One quantity, measured often. All zero before the first time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    count: u32,
    sum: f64,
    lowest: f64,
    highest: f64,
}

impl Quality {
    /// Takes in how the room rated this person.
    pub fn add_rating(&mut self, rating: &Rating, has_video: bool) {
        let Some(mos) = rating.mos else { return };
        self.ratings += 1;
        self.poor += u32::from(mos < POOR_MOS);
        self.with_video += u32::from(has_video);
        self.without_video_rung += u32::from(rating.rung.is_some_and(|rung| rung > Rung::Small));
        self.causes.count(rating.cause);
        self.mos.add(mos);
        for (sum, measured) in [(&mut self.uplink, rating.uplink), (&mut self.downlink, rating.downlink)] {
            if let Some(link) = measured {
                sum.add(&link);
            }
        }
    }

    /// Takes in what the person's page told.
    pub fn add_stats(&mut self, stats: &Stats) {
        self.freeze_ratio.add(stats.downlink.freeze_ratio.into());
        self.concealed_ratio.add(stats.downlink.concealed_ratio.into());
    }

    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self {
            ratings: self.ratings.saturating_add(other.ratings),
            poor: self.poor.saturating_add(other.poor),
            with_video: self.with_video.saturating_add(other.with_video),
            mos: self.mos.plus(other.mos),
            uplink: self.uplink.plus(&other.uplink),
            downlink: self.downlink.plus(&other.downlink),
            freeze_ratio: self.freeze_ratio.plus(other.freeze_ratio),
            concealed_ratio: self.concealed_ratio.plus(other.concealed_ratio),
            causes: self.causes.plus(other.causes),
            without_video_rung: self.without_video_rung.saturating_add(other.without_video_rung),
        }
    }

    #[must_use]
    pub fn is_degraded(&self) -> bool {
        f64::from(self.poor) > DEGRADED_RATIO * f64::from(self.ratings)
    }
}

impl Link {
    fn add(&mut self, link: &LinkQuality) {
        self.loss_ratio.add(link.loss_ratio.into());
        self.jitter_ms.add(link.jitter_ms.into());
        let known = [
            (&mut self.rtt_ms, link.rtt_ms.map(f64::from)),
            (&mut self.mos, link.mos),
            (&mut self.estimate_bps, link.estimate_bps.and_then(|bps| u32::try_from(bps).ok()).map(f64::from)),
        ];
        for (measured, value) in known {
            value.into_iter().for_each(|value| measured.add(value));
        }
    }

    fn plus(&self, other: &Self) -> Self {
        Self {
            loss_ratio: self.loss_ratio.plus(other.loss_ratio),
            rtt_ms: self.rtt_ms.plus(other.rtt_ms),
            jitter_ms: self.jitter_ms.plus(other.jitter_ms),
            mos: self.mos.plus(other.mos),
            estimate_bps: self.estimate_bps.plus(other.estimate_bps),
        }
    }
}

impl Causes {
    fn count(&mut self, cause: Option<QualityCause>) {
        match cause {
            Some(QualityCause::Uplink) => self.uplink += 1,
            Some(QualityCause::Downlink) => self.downlink += 1,
            Some(QualityCause::Device) => self.device += 1,
            Some(QualityCause::Server) => self.server += 1,
            None => {}
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            uplink: self.uplink.saturating_add(other.uplink),
            downlink: self.downlink.saturating_add(other.downlink),
            device: self.device.saturating_add(other.device),
            server: self.server.saturating_add(other.server),
        }
    }
}

impl Measured {
    fn add(&mut self, value: f64) {
        *self = self.plus(Self { count: 1, sum: value, lowest: value, highest: value });
    }

    fn plus(self, other: Self) -> Self {
        match (self.count, other.count) {
            (_, 0) => self,
            (0, _) => other,
            (ours, theirs) => Self {
                count: ours.saturating_add(theirs),
                sum: self.sum + other.sum,
                lowest: self.lowest.min(other.lowest),
                highest: self.highest.max(other.highest),
            },
        }
    }

    /// `None`: it was never measured.
    #[must_use]
    pub fn mean(self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / f64::from(self.count))
    }

    #[must_use]
    pub fn lowest(self) -> Option<f64> {
        (self.count > 0).then_some(self.lowest)
    }

    #[must_use]
    pub fn highest(self) -> Option<f64> {
        (self.count > 0).then_some(self.highest)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use kenes_signaling::ids::ParticipantId;
    use kenes_signaling::message::Ratio;

    pub(crate) fn rated(moses: &[f64], has_video: bool) -> Quality {
        let mut quality = Quality::default();
        for mos in moses {
            quality.add_rating(&rating(Some(*mos), 0.02, Some(80)), has_video);
        }
        quality
    }

    fn rating(mos: Option<f64>, loss: f64, rtt_ms: Option<u32>) -> Rating {
        let loss_ratio = Ratio::clamped(loss);
        let link = LinkQuality { loss_ratio, rtt_ms, jitter_ms: 3, rate_bps: 40_000, estimate_bps: None, mos };
        Rating {
            id: ParticipantId(1),
            uplink: Some(link),
            downlink: None,
            concealed_ratio: None,
            freeze_ratio: None,
            rung: None,
            paused: Vec::new(),
            mos,
            cause: None,
        }
    }

    #[test]
    fn means_and_extremes_come_out_as_they_were_measured() {
        let mut quality = Quality::default();
        quality.add_rating(&rating(Some(4.4), 0.0, None), true);
        quality.add_rating(&rating(Some(3.0), 0.1, Some(200)), false);
        assert_eq!((quality.ratings, quality.poor, quality.with_video), (2, 1, 1));
        assert!(quality.mos.mean().is_some_and(|mean| (mean - 3.7).abs() < 1e-9));
        assert_eq!(quality.mos.lowest(), Some(3.0));
        assert_eq!(quality.uplink.loss_ratio.highest(), Some(0.1));
        assert_eq!(quality.uplink.rtt_ms.mean(), Some(200.0), "an unknown round trip is none");
        assert_eq!(quality.downlink.loss_ratio.mean(), None);
    }

    #[test]
    fn a_rating_without_media_counts_for_nothing() {
        let mut quality = Quality::default();
        quality.add_rating(&rating(None, 0.0, None), true);
        assert_eq!(quality, Quality::default());
    }

    #[test]
    fn two_sessions_add_up_to_one() {
        let (first, second) = (rated(&[4.0, 3.0], true), rated(&[4.4], false));
        let both = first.plus(&second);
        assert_eq!((both.ratings, both.poor, both.with_video), (3, 1, 2));
        assert_eq!((both.mos.lowest(), both.mos.highest()), (Some(3.0), Some(4.4)));
        assert_eq!(both.plus(&Quality::default()), both);
    }

    #[test]
    fn more_than_a_tenth_of_poor_ratings_is_degraded() {
        let mostly_good = [&[3.0][..], &[4.2; 9]].concat();
        assert!(!rated(&mostly_good, true).is_degraded());
        assert!(rated(&mostly_good[..9], true).is_degraded());
    }

    #[test]
    fn what_was_to_blame_is_counted() {
        let mut quality = Quality::default();
        let blamed = |cause, rung| Rating { cause: Some(cause), rung: Some(rung), ..rating(Some(3.0), 0.1, None) };
        quality.add_rating(&blamed(QualityCause::Uplink, Rung::Small), true);
        quality.add_rating(&blamed(QualityCause::Uplink, Rung::Stills), false);
        quality.add_rating(&blamed(QualityCause::Server, Rung::Full), true);
        assert_eq!(quality.causes, Causes { uplink: 2, server: 1, ..Causes::default() });
        assert_eq!(quality.without_video_rung, 1);
    }

    #[test]
    fn a_record_of_an_earlier_version_is_read() {
        let none = r#"{"count":0,"sum":0,"lowest":0,"highest":0}"#;
        let link = format!(r#"{{"loss_ratio":{none},"rtt_ms":{none}}}"#);
        let old = format!(
            r#"{{"ratings":7,"poor":1,"with_video":7,"mos":{none},"uplink":{link},"downlink":{link},"freeze_ratio":{none}}}"#
        );
        assert_eq!(serde_json::from_str::<Quality>(&old).unwrap().ratings, 7);
    }

    #[test]
    fn it_is_read_as_it_is_written() {
        let quality = rated(&[4.0, 3.1], true);
        let json = serde_json::to_string(&quality).unwrap();
        assert_eq!(serde_json::from_str::<Quality>(&json).unwrap(), quality);
    }
}
