//! How well speech is heard over a link: the E-model of ITU-T G.107 (06/2015) with every parameter but delay and loss at its default.
//!
//! Pure. R = 93.2 - Idd - Ie,eff, where
//! - 93.2 is R0 - Is with the defaults of table 2; echo is cancelled by the browsers, so of the delay impairment Id only Idd is left;
//! - Idd = 25 ((1 + X^6)^(1/6) - 3 (1 + (X/3)^6)^(1/6) + 2), X = log2(Ta / 100 ms), above 100 ms of one-way delay (equation 7-27);
//! - Ie,eff = Ie + (95 - Ie) Ppl / (Ppl / BurstR + Bpl) (equation 7-29);
//! - MOS from R by annex B.

use std::time::Duration;

/// What loss does to a codec (ITU-T G.113 appendix I).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Codec {
    /// Ie: without loss.
    pub impairment: f64,
    /// Bpl: the share of lost packets, in percent, that costs half of what is left.
    pub loss_robustness: f64,
}

/// Opus at 24 kbit/s and more with its concealment. No values are standardised for it in narrow band; those of G.711 with concealment
/// (0 and 25.1) are taken with a robustness a little below, since browsers stretch what they conceal.
pub const OPUS: Codec = Codec { impairment: 0.0, loss_robustness: 20.0 };

/// R0 - Is with all defaults.
const WITHOUT_IMPAIRMENT: f64 = 93.2;

/// The transmission rating R, 0..=93.2. `missed_ratio`: speech that had to be made up of all speech, in bursts no longer than chance
/// has it (BurstR 1).
#[must_use]
pub fn rating(codec: Codec, one_way_delay: Duration, missed_ratio: f64) -> f64 {
    let missed_percent = missed_ratio.clamp(0.0, 1.0) * 100.0;
    let loss_impairment =
        codec.impairment + (95.0 - codec.impairment) * missed_percent / (missed_percent + codec.loss_robustness);
    (WITHOUT_IMPAIRMENT - delay_impairment(one_way_delay) - loss_impairment).max(0.0)
}

/// The mean opinion score of conversation, 1.0..=4.5, of a rating (annex B).
#[must_use]
pub fn mean_opinion_score(rating: f64) -> f64 {
    let r = rating.clamp(0.0, 100.0);
    // The cubic dips below 1 for very small R.
    (1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6).clamp(1.0, 4.5)
}

fn delay_impairment(one_way_delay: Duration) -> f64 {
    let x = (one_way_delay.as_secs_f64() * 1000.0 / 100.0).log2();
    if x <= 0.0 {
        return 0.0;
    }
    let root = |term: f64| (1.0 + term.powi(6)).powf(1.0 / 6.0);
    25.0 * (root(x) - 3.0 * root(x / 3.0) + 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// G.113 appendix I, table I.4.
    const G711_WITH_CONCEALMENT: Codec = Codec { impairment: 0.0, loss_robustness: 25.1 };
    const G729A: Codec = Codec { impairment: 11.0, loss_robustness: 19.0 };

    fn near(got: f64, published: f64, by: f64) {
        assert!((got - published).abs() <= by, "{got}, published {published}");
    }

    #[test]
    fn scores_are_those_of_annex_b() {
        for (r, mos) in [(93.2, 4.41), (90.0, 4.34), (80.0, 4.03), (70.0, 3.60), (60.0, 3.10), (50.0, 2.58), (0.0, 1.0)]
        {
            near(mean_opinion_score(r), mos, 0.01);
        }
    }

    #[test]
    fn loss_impairs_as_g_113_measured() {
        let impairment = |codec, percent: f64| WITHOUT_IMPAIRMENT - rating(codec, Duration::ZERO, percent / 100.0);
        for (percent, published) in [(0.0, 0.0), (2.0, 7.0), (3.0, 10.0), (5.0, 15.0)] {
            near(impairment(G711_WITH_CONCEALMENT, percent), published, 1.0);
        }
        for (percent, published) in [(0.0, 11.0), (2.0, 19.0), (4.0, 26.0)] {
            near(impairment(G729A, percent), published, 1.0);
        }
    }

    #[test]
    fn delay_costs_nothing_up_to_100_ms_and_much_above_300() {
        // Read off the curve of G.114 (05/2003), figure 1.
        for (ms, published) in [(0, 93.2), (100, 93.2), (200, 90.0), (300, 79.0), (400, 69.0), (500, 62.0)] {
            near(rating(OPUS, Duration::from_millis(ms), 0.0), published, 1.5);
        }
    }

    #[test]
    fn nothing_heard_is_the_worst_score() {
        near(mean_opinion_score(rating(OPUS, Duration::from_secs(5), 1.0)), 1.0, 0.0);
    }
}
