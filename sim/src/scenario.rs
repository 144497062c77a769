//! A consultation to be simulated: who takes part, over which links, what happens when, and what may be noticed of it.
//! Holds no state; running it makes a world, and a report of what each person heard and saw.

use crate::camera::SIMULCAST;
use crate::chance;
use crate::ear::Heard;
use crate::network::Carried;
use crate::oracle::{self, Bound, Violation};
use crate::person::{Equipment, Person};
use crate::screen::Seen;
use crate::world::World;
use anyhow::{Context as _, Result};
use kenes_link::{Outage, Profile};
use std::time::Duration;

/// A room of a specialist, whose access is good, and patients behind one bad one.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub name: String,
    pub uplink: Profile,
    pub downlink: Profile,
    pub patients: usize,
    pub lasts: Duration,
    /// Nothing is sent for silence.
    pub dtx: bool,
    /// Redundant audio is agreed on.
    pub red: bool,
    /// Cameras send so much whatever the link; without it, as `str0m`'s estimate says, which gives up most of it under loss.
    pub steady_bps: Option<u64>,
    /// The first patient's network changes: another address from then on.
    pub moves: Vec<Duration>,
    pub bounds: Vec<Bound>,
}

/// What one person heard and saw: the specialist the first patient, patients the specialist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Experience {
    pub heard: Heard,
    pub seen: Seen,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Equal for equal runs.
    pub trace: u64,
    pub ended: Duration,
    /// When everybody was bound to everybody.
    pub began: Duration,
    /// The specialist, then the patients.
    pub people: Vec<Experience>,
    /// Uplink and downlink of each access, the specialist's first.
    pub carried: Vec<[Carried; 2]>,
}

/// Before it, people connect; then they are bound to each other.
const GATHERING: Duration = Duration::from_secs(2);
/// Of the specialist.
const GOOD_ACCESS: &str = "delay=10ms";
/// A whole picture, as on a screen of a laptop.
const DISPLAYED_HEIGHT: u16 = 720;
/// The patient's device that moves: the specialist is person 0.
const FIRST_PATIENT: usize = 1;

impl Scenario {
    pub fn run(&self, seed: u64) -> Result<Report> {
        chance::of_seed(seed, || self.hold(seed))
    }

    fn hold(&self, seed: u64) -> Result<Report> {
        let good: Profile = GOOD_ACCESS.parse()?;
        let accesses = [(good.clone(), good), (self.uplink.clone(), self.downlink.clone())];
        let mut world = World::new(&accesses, seed)?;
        world.join(&self.equipment(0, self.patients))?;
        for _ in 0..self.patients {
            world.join(&self.equipment(1, 1))?;
        }
        world.run_until(GATHERING)?;
        world.bind_all(DISPLAYED_HEIGHT)?;
        for &at in &self.moves {
            world.run_until(at)?;
            world.change_address(FIRST_PATIENT)?;
        }
        world.run_until(self.lasts)?;
        report(&world)
    }

    /// The links in words, as a profile is written.
    #[must_use]
    pub fn described(&self) -> String {
        format!("{:?}, {} patients, moves at {:?}", self.downlink, self.patients, self.moves)
    }

    /// What of it a person would not put up with.
    #[must_use]
    pub fn judge(&self, report: &Report) -> Vec<Violation> {
        oracle::violations(self, report, &self.bounds)
    }

    /// When something was over from which media has to come back.
    pub(crate) fn disturbances(&self) -> Vec<Duration> {
        let outages = self.outages().map(|outage| outage.at + outage.lasts);
        outages.chain(self.moves.iter().copied()).filter(|end| *end < self.lasts).collect()
    }

    /// How much of this time the links carried nothing.
    pub(crate) fn cut_off(&self, from: Duration, until: Duration) -> Duration {
        let mut outages: Vec<_> = self.outages().map(|outage| (outage.at, outage.at + outage.lasts)).collect();
        outages.sort_unstable();
        let mut seen = from;
        let fresh = outages.into_iter().map(|(begins, ends)| {
            let begins = begins.max(seen);
            seen = seen.max(ends.min(until));
            seen.saturating_sub(begins)
        });
        fresh.sum()
    }

    fn outages(&self) -> impl Iterator<Item = &Outage> {
        self.uplink.outages.iter().chain(&self.downlink.outages)
    }

    fn equipment(&self, access: usize, slots: usize) -> Equipment {
        Equipment {
            access,
            dtx: self.dtx,
            red: self.red,
            steady_bps: self.steady_bps,
            camera: SIMULCAST.to_vec(),
            slots,
        }
    }
}

fn report(world: &World) -> Result<Report> {
    let experience = |person: &Person| {
        let (_, ear) = person.ears.first().context("nobody to hear")?;
        let (_, screen) = person.screens.first().context("nobody to see")?;
        Ok(Experience { heard: ear.heard().clone(), seen: screen.seen().clone() })
    };
    Ok(Report {
        trace: world.network.trace(),
        ended: world.now,
        began: GATHERING,
        people: world.people.iter().map(experience).collect::<Result<_>>()?,
        carried: world.network.carried(),
    })
}

#[cfg(test)]
mod tests {
    use crate::catalog;
    use std::time::Duration;

    #[test]
    fn what_an_outage_takes_of_a_time_counts_once() {
        let (mut scenario, _) = catalog::named("delay=10ms outage=5s+3s").unwrap();
        scenario.downlink = "outage=6s+4s outage=20s+1s".parse().unwrap();
        let cut_off = |from, until| scenario.cut_off(Duration::from_secs(from), Duration::from_secs(until)).as_secs();
        assert_eq!([cut_off(0, 4), cut_off(4, 7), cut_off(7, 9), cut_off(0, 30)], [0, 2, 2, 6]);
    }
}
