//! What a link is like, and its short form in text: `rate=300k delay=150ms jitter=30ms loss=5%/4 queue=codel:60k outage=10s+5s`.

use super::capacity::{Capacity, Step};
use super::loss::Loss;
use super::mobile;
use super::queue::Queue;
use super::recording::{self, RecordingError};
use std::fs;
use std::str::FromStr;
use std::time::Duration;

#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    pub capacity: Capacity,
    pub queue: Queue,
    /// One way.
    pub delay: Duration,
    /// On top of the delay, 0 to this much.
    pub jitter: Duration,
    pub loss: Loss,
    /// Shares of the packets, 0..=1.
    pub duplication: f64,
    pub reordering: f64,
    /// Nothing passes.
    pub outages: Vec<Outage>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    pub at: Duration,
    pub lasts: Duration,
}

/// What is wrong with a link's text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    #[error("`{0}` is not key=value")]
    NoValue(String),
    #[error("a link has no `{0}`: it has rate, queue, delay, jitter, loss, duplicate, reorder, outage")]
    UnknownKey(String),
    #[error("`{value}` is no {wanted}")]
    BadValue { value: String, wanted: &'static str },
    #[error("cannot read the recording `{path}`: {reason}")]
    Unreadable { path: String, reason: String },
    #[error("the recording `{path}`: {error}")]
    Recording { path: String, error: RecordingError },
}

/// Of a queue that is not told its size: 200 ms of 2.4 Mbit/s.
const QUEUE_BYTES: usize = 60_000;

impl Default for Profile {
    /// A perfect link.
    fn default() -> Self {
        Self {
            capacity: Capacity::Unlimited,
            queue: Queue::TailDrop { bytes: QUEUE_BYTES },
            delay: Duration::ZERO,
            jitter: Duration::ZERO,
            loss: Loss::None,
            duplication: 0.0,
            reordering: 0.0,
            outages: Vec::new(),
        }
    }
}

impl Profile {
    pub(crate) fn is_cut(&self, now: Duration) -> bool {
        self.outage_ends(now).is_some()
    }

    /// When the outage of this moment is over; `None` when there is none.
    #[must_use]
    pub fn outage_ends(&self, now: Duration) -> Option<Duration> {
        let mut all = self.outages.iter().map(|outage| outage.at..outage.at + outage.lasts);
        all.find(|outage| outage.contains(&now)).map(|outage| outage.end)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), ProfileError> {
        match key {
            "rate" => self.capacity = capacity(value)?,
            "queue" => self.queue = queue(value)?,
            "delay" => self.delay = duration(value)?,
            "jitter" => self.jitter = duration(value)?,
            "loss" => self.loss = loss(value)?,
            "duplicate" => self.duplication = ratio(value)?,
            "reorder" => self.reordering = ratio(value)?,
            "outage" => self.outages.push(outage(value)?),
            _ => return Err(ProfileError::UnknownKey(key.to_owned())),
        }
        Ok(())
    }
}

impl FromStr for Profile {
    type Err = ProfileError;

    /// Words of key=value; an empty text is a perfect link. Bits and bytes take k and M (1,000s), times ms and s, shares %.
    /// `rate=1M/20s,300k/20s` goes from one rate to the next and round again, `rate=mobile:7` is the seventh made-up phone;
    /// `rate=recording:4g-500k` is a real one (`recordings/`), `rate=recording:verizon.down` another, read from that file ([`RecordingError`]);
    /// `loss=5%/4` comes in bursts of 4 on average; `outage=10s+5s` begins at 10 s and may be repeated.
    fn from_str(text: &str) -> Result<Self, ProfileError> {
        let mut profile = Self::default();
        for word in text.split_whitespace() {
            let (key, value) = word.split_once('=').ok_or_else(|| ProfileError::NoValue(word.to_owned()))?;
            profile.set(key, value)?;
        }
        Ok(profile)
    }
}

fn capacity(value: &str) -> Result<Capacity, ProfileError> {
    const WANTED: &str = "rate, as in 300k, 1M/20s,300k/20s, mobile:7 or recording:FILE";
    if let Some(path) = value.strip_prefix("recording:") {
        return recorded(path);
    }
    if let Some(seed) = value.strip_prefix("mobile:") {
        return Ok(mobile::capacity(number(seed, WANTED)?));
    }
    if !value.contains('/') {
        return Ok(Capacity::Constant { rate_bps: number(value, WANTED)? });
    }
    let (mut steps, mut period) = (Vec::new(), Duration::ZERO);
    for step in value.split(',') {
        let (rate, lasts) = step.split_once('/').ok_or_else(|| bad(value, WANTED))?;
        steps.push(Step { at: period, rate_bps: number(rate, WANTED)? });
        period += duration(lasts)?;
    }
    Ok(Capacity::Steps { steps, period })
}

/// By the name of one that is kept here, or by its file.
fn recorded(path: &str) -> Result<Capacity, ProfileError> {
    let text = recording::kept(path).map_or_else(|| fs::read_to_string(path), |kept| Ok(kept.to_owned()));
    let text = text.map_err(|error| ProfileError::Unreadable { path: path.to_owned(), reason: error.to_string() })?;
    recording::capacity(&text).map_err(|error| ProfileError::Recording { path: path.to_owned(), error })
}

fn queue(value: &str) -> Result<Queue, ProfileError> {
    let bytes =
        |value| usize::try_from(number(value, "queue, as in 60k or codel:60k")?).map_err(|_| bad(value, "queue"));
    match value.split_once(':') {
        None if value == "codel" => Ok(Queue::CoDel { bytes: QUEUE_BYTES }),
        None => Ok(Queue::TailDrop { bytes: bytes(value)? }),
        Some(("codel", size)) => Ok(Queue::CoDel { bytes: bytes(size)? }),
        Some(_) => Err(bad(value, "queue, as in 60k or codel:60k")),
    }
}

fn loss(value: &str) -> Result<Loss, ProfileError> {
    let Some((share, burst)) = value.split_once('/') else { return Ok(Loss::Random { ratio: ratio(value)? }) };
    let burst = burst.parse().ok().filter(|burst| *burst >= 1.0);
    Ok(Loss::Bursts { ratio: ratio(share)?, burst: burst.ok_or_else(|| bad(value, "loss, as in 5%/4"))? })
}

fn outage(value: &str) -> Result<Outage, ProfileError> {
    let (at, lasts) = value.split_once('+').ok_or_else(|| bad(value, "outage, as in 10s+5s"))?;
    Ok(Outage { at: duration(at)?, lasts: duration(lasts)? })
}

fn ratio(value: &str) -> Result<f64, ProfileError> {
    let percent = value.strip_suffix('%').and_then(|percent| percent.parse::<f64>().ok());
    let ratio = percent.map(|percent| percent / 100.0).filter(|ratio| (0.0..=1.0).contains(ratio));
    ratio.ok_or_else(|| bad(value, "share, as in 5%"))
}

fn duration(value: &str) -> Result<Duration, ProfileError> {
    let millis = match value.strip_suffix("ms") {
        Some(millis) => millis.parse::<f64>().ok(),
        None => value.strip_suffix('s').and_then(|seconds| seconds.parse::<f64>().ok()).map(|seconds| seconds * 1e3),
    };
    let duration = millis.and_then(|millis| Duration::try_from_secs_f64(millis / 1e3).ok());
    duration.ok_or_else(|| bad(value, "time, as in 150ms or 2s"))
}

fn number(value: &str, wanted: &'static str) -> Result<u64, ProfileError> {
    let (digits, factor) = match value.strip_suffix('k') {
        Some(digits) => (digits, 1_000),
        None => value.strip_suffix('M').map_or((value, 1), |digits| (digits, 1_000_000)),
    };
    let whole = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(factor));
    whole.ok_or_else(|| bad(value, wanted))
}

fn bad(value: &str, wanted: &'static str) -> ProfileError {
    ProfileError::BadValue { value: value.to_owned(), wanted }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_links_text_says_everything() {
        let text =
            "rate=300k queue=codel:30k delay=150ms jitter=30ms loss=5%/4 duplicate=1% reorder=0.5% outage=10s+5s";
        let profile: Profile = text.parse().unwrap();
        assert_eq!(profile.capacity, Capacity::Constant { rate_bps: 300_000 });
        assert_eq!(profile.queue, Queue::CoDel { bytes: 30_000 });
        assert_eq!((profile.delay, profile.jitter), (Duration::from_millis(150), Duration::from_millis(30)));
        assert_eq!(profile.loss, Loss::Bursts { ratio: 0.05, burst: 4.0 });
        assert_eq!((profile.duplication, profile.reordering), (0.01, 0.005));
        assert_eq!(profile.outages, [Outage { at: Duration::from_secs(10), lasts: Duration::from_secs(5) }]);
        assert_eq!("".parse(), Ok(Profile::default()));
    }

    #[test]
    fn a_rate_may_go_in_steps() {
        let profile: Profile = "rate=1M/20s,300k/500ms".parse().unwrap();
        let steps = vec![
            Step { at: Duration::ZERO, rate_bps: 1_000_000 },
            Step { at: Duration::from_secs(20), rate_bps: 300_000 },
        ];
        assert_eq!(profile.capacity, Capacity::Steps { steps, period: Duration::from_millis(20_500) });
        assert_eq!("rate=mobile:7".parse::<Profile>().unwrap().capacity, mobile::capacity(7));
    }

    #[test]
    fn a_wrong_text_is_refused_with_what_is_wrong() {
        let error = |text: &str| text.parse::<Profile>().unwrap_err().to_string();
        assert_eq!(error("rate"), "`rate` is not key=value");
        assert!(error("speed=1M").starts_with("a link has no `speed`"));
        assert_eq!(error("loss=140%"), "`140%` is no share, as in 5%");
        assert_eq!(error("delay=5"), "`5` is no time, as in 150ms or 2s");
        assert_eq!(error("rate=fast"), "`fast` is no rate, as in 300k, 1M/20s,300k/20s, mobile:7 or recording:FILE");
        assert!(error("rate=recording:/nowhere").starts_with("cannot read the recording `/nowhere`: No such file"));
        assert_eq!(error("rate=recording:/dev/null"), "the recording `/dev/null`: no packet ever passes");
        assert_eq!(error("outage=4s"), "`4s` is no outage, as in 10s+5s");
    }
}
