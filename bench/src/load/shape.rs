//! The shapes of traffic that servers are measured at: who of a room publishes what, and how a camera's frames come.
//!
//! Plain values.

use super::sdp::Kind;
use anyhow::{Result, ensure};
use clap::ValueEnum;
use serde::Serialize;

/// Most of a frame that a packet carries beside its descriptor.
pub(super) const MAX_FRAGMENT: usize = 1_100;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// A consultation: everybody publishes a microphone and a camera, and gets everybody else's.
    Meeting,
    /// One publishes a camera alone, 120 packets a second in bursts of four; everybody else only watches.
    Lecture,
}

/// One room of a load; all its rooms are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Room {
    pub shape: Shape,
    /// Those who only watch among them.
    pub people: u32,
}

impl Room {
    /// Without a number, the shape's usual one.
    ///
    /// # Errors
    /// The shape does not hold so many.
    pub(super) fn new(shape: Shape, people: Option<u32>) -> Result<Self> {
        let (usual, range) = match shape {
            Shape::Meeting => (2, 1..=7),
            Shape::Lecture => (51, 2..=64),
        };
        let people = people.unwrap_or(usual);
        let (least, most) = (range.start(), range.end());
        ensure!(range.contains(&people), "--people: rooms of this shape hold {least} to {most}, not {people}");
        Ok(Self { shape, people })
    }

    pub(super) fn publishers(self) -> u32 {
        match self.shape {
            Shape::Meeting => self.people,
            Shape::Lecture => 1,
        }
    }

    /// What a person publishes.
    pub(super) fn published_by(self, person: u32) -> &'static [Kind] {
        match self.shape {
            Shape::Meeting => &[Kind::Audio, Kind::Video],
            Shape::Lecture if person == 0 => &[Kind::Video],
            Shape::Lecture => &[],
        }
    }

    /// (Who, whom) of one room.
    pub(super) fn pairs(self) -> u32 {
        self.publishers() * self.people.saturating_sub(1)
    }

    pub(super) fn frames(self) -> Frames {
        match self.shape {
            Shape::Meeting => TALKING_HEAD,
            Shape::Lecture => STEADY,
        }
    }

    /// What `rooms of` are of.
    pub(super) fn name(self) -> String {
        match self.shape {
            Shape::Meeting => self.people.to_string(),
            Shape::Lecture => format!("1 -> {}", self.people.saturating_sub(1)),
        }
    }
}

/// How a camera's frames come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frames {
    pub interval_ns: u64,
    /// Mean of a layer, the smallest first.
    pub bytes: [usize; 3],
    /// Each within a fifth of the mean, and key frames larger; or all alike.
    pub vary: bool,
}

/// 150, 500 and 1,200 kbit/s at 25 frames a second.
pub(super) const TALKING_HEAD: Frames = Frames { interval_ns: 40_000_000, bytes: [750, 2_500, 6_000], vary: true };
/// 30 frames a second; the largest layer's in four full packets.
const STEADY: Frames =
    Frames { interval_ns: 33_333_333, bytes: [MAX_FRAGMENT, 2 * MAX_FRAGMENT, 4 * MAX_FRAGMENT], vary: false };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_a_meeting_everybody_publishes_and_in_a_lecture_one() {
        let pairs = |shape, people| Room::new(shape, people).unwrap().pairs();
        assert_eq!((pairs(Shape::Meeting, None), pairs(Shape::Meeting, Some(4))), (2, 12));
        assert_eq!((pairs(Shape::Lecture, None), pairs(Shape::Lecture, Some(11))), (50, 10));
        let lecture = Room::new(Shape::Lecture, None).unwrap();
        assert_eq!((lecture.published_by(0), lecture.published_by(1)), (&[Kind::Video][..], &[][..]));
        assert!(Room::new(Shape::Meeting, Some(8)).is_err() && Room::new(Shape::Lecture, Some(65)).is_err());
    }
}
