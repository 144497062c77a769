//! What a person would notice of a consultation, as numbers, and which numbers are too much. Pure.

use crate::scenario::{Report, Scenario};
use std::fmt;
use std::time::Duration;

/// A number with a name, a unit and a better side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Oracle {
    /// The longest time without a true word, ms.
    AudioGap,
    /// Of the audio that was played, how much was made up, %.
    Concealed,
    /// From being bound to the first word and to the first picture, ms.
    FirstWord,
    FirstFrame,
    /// Of the time after the first picture, how much it stood still, %.
    Frozen,
    /// Pictures a second after the first.
    FrameRate,
    /// From the end of an outage, or a change of network, until words and pictures came again, ms.
    AudioBack,
    VideoBack,
    /// 95 of 100 packets waited less for the bottleneck of the patients' access, ms: on the way to them, and from them.
    QueueDown,
    QueueUp,
    /// Between patients behind one access: Jain's index of what each got, 1 = the same.
    Fairness,
}

impl Oracle {
    pub const ALL: [Self; 11] = [
        Self::AudioGap,
        Self::Concealed,
        Self::FirstWord,
        Self::FirstFrame,
        Self::Frozen,
        Self::FrameRate,
        Self::AudioBack,
        Self::VideoBack,
        Self::QueueDown,
        Self::QueueUp,
        Self::Fairness,
    ];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AudioGap => "audio gap ms",
            Self::Concealed => "concealed %",
            Self::FirstWord => "first word ms",
            Self::FirstFrame => "first frame ms",
            Self::Frozen => "frozen %",
            Self::FrameRate => "frames/s",
            Self::AudioBack => "audio back ms",
            Self::VideoBack => "video back ms",
            Self::QueueDown => "queue down ms",
            Self::QueueUp => "queue up ms",
            Self::Fairness => "fairness",
        }
    }

    /// More is better.
    fn is_floor(self) -> bool {
        matches!(self, Self::FrameRate | Self::Fairness)
    }

    fn is_kept(self, value: f64, bound: f64) -> bool {
        if self.is_floor() { value >= bound } else { value <= bound }
    }
}

/// Who notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whom {
    /// All behind bad links; the worst of them counts.
    Patients,
    /// The specialist, who hears and sees the first patient.
    Specialist,
}

pub type Bound = (Whom, Oracle, f64);

/// A bound that was not kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Violation {
    pub whom: Whom,
    pub oracle: Oracle,
    pub value: f64,
    pub bound: f64,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = if self.oracle.is_floor() { "at least" } else { "at most" };
        write!(f, "{:?}: {} {:.1}, {side} {:.1}", self.whom, self.oracle.name(), self.value, self.bound)
    }
}

#[must_use]
pub fn violations(scenario: &Scenario, report: &Report, bounds: &[Bound]) -> Vec<Violation> {
    let judged = bounds.iter().map(|&(whom, oracle, bound)| {
        let value = measure(scenario, report, whom, oracle);
        Violation { whom, oracle, value, bound }
    });
    judged.filter(|judged| !judged.oracle.is_kept(judged.value, judged.bound)).collect()
}

/// The worst that anybody of `whom` noticed; infinite for what never came.
#[must_use]
pub fn measure(scenario: &Scenario, report: &Report, whom: Whom, oracle: Oracle) -> f64 {
    let people = match whom {
        Whom::Specialist => report.people.get(..1),
        Whom::Patients => report.people.get(1..),
    };
    let people = people.unwrap_or_default();
    let values = people.iter().map(|person| {
        let (heard, seen) = (&person.heard, &person.seen);
        let first_frame = seen.frames.first().map(|(at, _)| *at);
        let watched = first_frame.map(|first| (first, report.ended));
        match oracle {
            Oracle::AudioGap => heard.gaps.iter().map(|(_, lasts)| ms(*lasts)).fold(0.0, f64::max),
            Oracle::Concealed => 100.0 * heard.concealed(),
            Oracle::FirstWord => since(report.began, heard.first),
            Oracle::FirstFrame => since(report.began, first_frame),
            Oracle::Frozen => watched.map_or(100.0, |(from, until)| {
                let still: Duration = seen.frozen(from, until).iter().sum();
                100.0 * still.as_secs_f64() / (until - from).as_secs_f64().max(0.001)
            }),
            Oracle::FrameRate => watched.map_or(0.0, |(from, until)| seen.rate(from, until)),
            Oracle::AudioBack => back(scenario, &heard.delays.iter().map(|(at, _)| *at)),
            Oracle::VideoBack => back(scenario, &seen.frames.iter().map(|(at, _)| *at)),
            Oracle::QueueDown => queueing_p95(report, 1),
            Oracle::QueueUp => queueing_p95(report, 0),
            Oracle::Fairness => jain(people.iter().map(|person| person.seen.bytes(report.began) as f64)),
        }
    });
    let worst = if oracle.is_floor() { f64::min } else { f64::max };
    values.reduce(worst).unwrap_or(f64::NAN)
}

fn since(began: Duration, at: Option<Duration>) -> f64 {
    at.map_or(f64::INFINITY, |at| ms(at.saturating_sub(began)))
}

/// The longest that anything took to come again after a disturbance, of the time in which it could: an outage may follow on a move.
fn back(scenario: &Scenario, moments: &(impl Iterator<Item = Duration> + Clone)) -> f64 {
    let after = |end: Duration| {
        let at = moments.clone().find(|at| *at >= end);
        at.map_or(f64::INFINITY, |at| ms((at - end).saturating_sub(scenario.cut_off(end, at))))
    };
    scenario.disturbances().into_iter().map(after).fold(0.0, f64::max)
}

/// Over all patients' accesses, from when people were bound on.
fn queueing_p95(report: &Report, way: usize) -> f64 {
    let carried = report.carried.iter().skip(1).filter_map(|ways| ways.get(way));
    carried.map(|carried| ms(carried.queueing_p95(report.began))).fold(0.0, f64::max)
}

/// Jain's fairness index.
fn jain(shares: impl Iterator<Item = f64> + Clone) -> f64 {
    let (sum, squares): (f64, f64) = (shares.clone().sum(), shares.clone().map(|share| share * share).sum());
    if squares == 0.0 { 0.0 } else { sum * sum / (shares.count() as f64 * squares) }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog;

    #[test]
    fn equal_shares_are_fair_and_one_taking_all_is_not() {
        assert!((jain([3.0, 3.0].into_iter()) - 1.0).abs() < 1e-9);
        assert!((jain([3.0, 0.0].into_iter()) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn a_bound_is_kept_from_its_better_side() {
        assert!(Oracle::AudioGap.is_kept(80.0, 100.0) && !Oracle::AudioGap.is_kept(f64::INFINITY, 100.0));
        assert!(Oracle::FrameRate.is_kept(25.0, 20.0) && !Oracle::FrameRate.is_kept(0.0, 20.0));
        assert!(!Oracle::Frozen.is_kept(f64::NAN, 1.0));
    }

    #[test]
    fn coming_back_is_measured_from_the_end_of_the_disturbance_on_without_outages() {
        let s = Duration::from_secs;
        let (outage, _) = catalog::named("delay=10ms outage=5s+5s").unwrap();
        assert_eq!(back(&outage, &[s(9), s(12)].into_iter()), 2_000.0);
        assert_eq!(back(&outage, &[s(9)].into_iter()), f64::INFINITY);
        let moved = |at| Scenario { moves: vec![s(at)], ..outage.clone() };
        assert_eq!([4, 6, 11].map(|at| back(&moved(at), &[s(12)].into_iter())), [3_000.0, 2_000.0, 2_000.0]);
        assert_eq!(back(&catalog::named("delay=10ms").unwrap().0, &[].into_iter()), 0.0);
    }
}
