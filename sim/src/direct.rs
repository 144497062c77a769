//! One who sends and one who receives, `str0m` at both ends and no server of ours: what the other estimator makes of a link.
//!
//! The sender does as a server does with somebody's simulcast: it forwards the best layer that its estimate carries.

use crate::camera::SIMULCAST;
use crate::clock;
use crate::network::{Network, Way};
use crate::person::{Equipment, Person};
use anyhow::Result;
use kenes_link::Profile;
use std::time::Duration;

pub(crate) struct Direct {
    now: Duration,
    sender: Person,
    pub(crate) receiver: Person,
    pub(crate) network: Network,
}

impl Direct {
    /// `there` carries media, `back` what is said of it.
    pub(crate) fn new(there: &Profile, back: &Profile, seed: u64) -> Result<Self> {
        let now = Duration::ZERO;
        let [.., highest] = SIMULCAST;
        let equipment = Equipment { camera: vec![highest], ..Equipment::default() };
        let (mut sender, offer) = Person::new(1, now, &equipment, seed)?;
        let (receiver, answer) = Person::answering(2, now, &offer, [sender.microphone.mid, sender.camera.mid])?;
        sender.accept(&answer)?;
        sender.camera.forward(&SIMULCAST.map(|layer| layer.max_bps));
        let network = Network::new(&[(there.clone(), back.clone())], seed);
        Ok(Self { now, sender, receiver, network })
    }

    pub(crate) fn run_until(&mut self, end: Duration) -> Result<()> {
        while self.now < end {
            let people = self.sender.next_moment().min(self.receiver.next_moment());
            let next = self.network.next_moment().map_or(people, |arrival| arrival.min(people));
            self.now = clock::tick_after(next.max(self.now + clock::TICK));
            self.step()?;
        }
        self.receiver.finish(self.now);
        Ok(())
    }

    fn step(&mut self) -> Result<()> {
        let Self { now, sender, receiver, network } = self;
        let now = *now;
        while let Some((way, datagram)) = network.take_arrived(now) {
            let (person, answers) = match way {
                Way::Up => (&mut *receiver, Way::Down),
                Way::Down => (&mut *sender, Way::Up),
            };
            person.handle_datagram(now, &datagram, |datagram| network.send(now, 0, answers, datagram))?;
        }
        for (person, way) in [(sender, Way::Up), (receiver, Way::Down)] {
            if person.next_moment() <= now {
                person.run(now, |datagram| network.send(now, 0, way, datagram))?;
            }
        }
        Ok(())
    }
}
