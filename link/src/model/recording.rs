//! Capacity as somebody's phone had it: a recording in the form that Mahimahi, Pantheon and Puffer keep theirs in.
//!
//! Each line is a time in milliseconds at which the link let one packet of 1,500 bytes through; a time that comes twice
//! let two through; after the last one it all begins anew (`mm-link(1)`). Pure.

use super::capacity::{Capacity, Step};
use std::time::Duration;

/// Those kept here, by name; where they come from is in `recordings/README.md`.
const KEPT: [(&str, &str); 3] = [
    ("4g-500k", include_str!("../../recordings/4g-500k.trace")),
    ("4g-600k", include_str!("../../recordings/4g-600k.trace")),
    ("4g-3m", include_str!("../../recordings/4g-3m.trace")),
];

/// What is wrong with a recording.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordingError {
    #[error("no packet ever passes")]
    NothingPasses,
    #[error("line {line}: `{text}` is no time in whole milliseconds")]
    NoTime { line: usize, text: String },
    #[error("line {line} is earlier than the line before it")]
    Backwards { line: usize },
}

/// Of one packet in one millisecond.
const PACKET_BPS: u64 = 1_500 * 8 * 1_000;

pub(crate) fn kept(name: &str) -> Option<&'static str> {
    KEPT.iter().find(|(kept, _)| *kept == name).map(|(_, text)| *text)
}

pub(crate) fn capacity(text: &str) -> Result<Capacity, RecordingError> {
    let mut steps: Vec<Step> = Vec::new();
    // The millisecond of the newest step that carries something, and what comes after it.
    let (mut newest, mut end) = (None, 0);
    for (line, word) in (1..).zip(text.lines()) {
        let word = word.trim();
        let time: u64 = word.parse().map_err(|_| RecordingError::NoTime { line, text: word.to_owned() })?;
        // A packet's millisecond is the one that ends at its time.
        let at = time.saturating_sub(1);
        match newest {
            Some(newest) if at < newest => return Err(RecordingError::Backwards { line }),
            Some(newest) if at == newest => {
                let step = steps.last_mut().into_iter();
                step.for_each(|step| step.rate_bps = step.rate_bps.saturating_add(PACKET_BPS));
                continue;
            }
            _ => {}
        }
        if at > end {
            steps.push(Step { at: Duration::from_millis(end), rate_bps: 0 });
        }
        steps.push(Step { at: Duration::from_millis(at), rate_bps: PACKET_BPS });
        (newest, end) = (Some(at), at + 1);
    }
    if end == 0 {
        return Err(RecordingError::NothingPasses);
    }
    Ok(Capacity::Steps { steps, period: Duration::from_millis(end) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn each_time_lets_one_packet_through_and_the_last_one_begins_it_anew() {
        let capacity = capacity("5\n5\n20\n").unwrap();
        let steps = vec![
            Step { at: MS(0), rate_bps: 0 },
            Step { at: MS(4), rate_bps: 24_000_000 },
            Step { at: MS(5), rate_bps: 0 },
            Step { at: MS(19), rate_bps: 12_000_000 },
        ];
        assert_eq!(capacity, Capacity::Steps { steps, period: MS(20) });
        // Three packets pass in each round.
        let mut at = Duration::ZERO;
        let mut passed = Vec::new();
        for _ in 0..6 {
            at = capacity.finish(at, 1_500);
            passed.push(at.as_micros());
        }
        assert_eq!(passed, [4_500, 5_000, 20_000, 24_500, 25_000, 40_000]);
    }

    #[test]
    fn those_that_are_kept_carry_what_their_names_say() {
        let mean = |name| {
            let text = kept(name).unwrap();
            let Capacity::Steps { period, .. } = capacity(text).unwrap() else { panic!("{name}") };
            (text.lines().count() as f64 * 12.0 / period.as_secs_f64()).round()
        };
        assert_eq!(["4g-500k", "4g-600k", "4g-3m"].map(mean), [508.0, 610.0, 2_837.0]);
        assert_eq!(kept("5g"), None);
    }

    #[test]
    fn what_is_no_recording_is_refused_by_its_line() {
        assert_eq!(capacity("1\n\n3"), Err(RecordingError::NoTime { line: 2, text: String::new() }));
        assert_eq!(capacity("1\n2.5"), Err(RecordingError::NoTime { line: 2, text: "2.5".to_owned() }));
        assert_eq!(capacity("7\n3"), Err(RecordingError::Backwards { line: 2 }));
        assert_eq!(capacity(""), Err(RecordingError::NothingPasses));
        // A recording may begin with its first millisecond, said as 0 or as 1.
        assert_eq!(capacity("0\n9"), capacity("1\n9"));
    }
}
