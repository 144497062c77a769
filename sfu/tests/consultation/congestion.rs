//! A viewer's own bad downlink: its pictures follow what it carries, and its words are not lost in the queue.

use crate::client::{Arrived, SIMULCAST};
use crate::link::Conditions;
use crate::world::World;
use kenes_link::{Capacity, Profile, Step};
use kenes_sfu::event::Event;
use std::time::{Duration, Instant};

const VIEWER: usize = 1;
/// One way; the uplinks of all have it too.
const DELAY: Duration = Duration::from_millis(40);

/// A person who talks and shows the full picture to a viewer behind this downlink.
fn consultation(link: &str, seed: u64) -> World {
    narrowed(link.parse().unwrap(), seed)
}

fn narrowed(profile: Profile, seed: u64) -> World {
    let mut world = room(2, profile, seed);
    world.listen(VIEWER, 0, 0);
    world.view(VIEWER, 0, 0, 720);
    world
}

/// So many people, of whom the viewer has this downlink.
fn room(people: usize, profile: Profile, seed: u64) -> World {
    let mut world = World::new(Conditions { delay: DELAY, ..Conditions::default() }, seed);
    for _ in 0..people {
        world.join(&SIMULCAST);
    }
    let viewer = world.clients[VIEWER].address;
    world.link.narrow(world.now, viewer, Profile { delay: DELAY, ..profile });
    world.run(Duration::from_secs(2));
    assert!(world.clients.iter().all(|client| client.connected), "everybody is connected");
    world
}

/// What a viewer saw and heard of the last seconds.
struct Seen {
    /// Of each frame.
    layers: Vec<u8>,
    frames_per_s: f64,
    words_heard: f64,
    /// Between being said and being heard, beyond the way.
    late: Vec<Duration>,
    estimate_bps: Option<u64>,
    is_paused: bool,
}

impl Seen {
    fn layer(&self) -> Option<u8> {
        self.layers.last().copied()
    }

    fn switches(&self) -> usize {
        self.layers.windows(2).filter(|pair| pair[0] != pair[1]).count()
    }

    /// The delay that 95 of 100 words stay below.
    fn usual_lateness(&self) -> Duration {
        self.late.get(self.late.len() * 95 / 100).copied().unwrap_or_default()
    }
}

fn watch(world: &mut World, seconds: u64) -> Seen {
    world.forget_arrivals();
    let said = world.clients[0].words_said();
    world.run(Duration::from_secs(seconds));
    let said = f64::from(world.clients[0].words_said() - said);
    let client = &world.clients[VIEWER];
    let (pictures, words) = (client.seen(client.video_slots[0]), client.seen(client.audio_slots[0]));
    let mut late: Vec<_> = words.iter().map(|word| lateness(world, word)).collect();
    late.sort();
    let report = world.events.iter().rev().find_map(|event| match event {
        Event::PeerReport { peer, downlink, paused, .. } if *peer == world.key(VIEWER) => {
            Some((downlink.estimate_bps, !paused.is_empty()))
        }
        _ => None,
    });
    let (estimate_bps, is_paused) = report.unwrap();
    Seen {
        layers: pictures.iter().map(|frame| frame.label.layer).collect(),
        frames_per_s: pictures.len() as f64 / seconds as f64,
        words_heard: words.len() as f64 / said,
        late,
        estimate_bps,
        is_paused,
    }
}

fn lateness(world: &World, word: &Arrived) -> Duration {
    let said: Instant = world.clients[0].said_at(word.label.number);
    (word.at - said).saturating_sub(2 * DELAY)
}

fn steps(steps: &[(u64, u64)]) -> Profile {
    let steps = steps.iter().map(|&(at_s, rate_bps)| Step { at: Duration::from_secs(at_s), rate_bps });
    let capacity = Capacity::Steps { steps: steps.collect(), period: Duration::from_secs(3_600) };
    Profile { capacity, queue: kenes_link::Queue::TailDrop { bytes: 60_000 }, ..Profile::default() }
}

#[test]
fn a_district_link_shows_the_layer_that_it_carries_and_words_are_not_late() {
    // The layers take 120, 300 and 1,000 kbit/s, a voice 50.
    for (rate, layer, seed) in [(300_000_u64, 0, 31), (600_000, 1, 32), (2_000_000, 2, 33)] {
        let mut world = consultation(&format!("rate={rate}"), seed);
        world.run(Duration::from_secs(15));
        let seen = watch(&mut world, 30);
        assert_eq!(seen.layer(), Some(layer), "{rate}");
        assert!(seen.frames_per_s > 22.0, "{rate}: {}", seen.frames_per_s);
        assert!(seen.switches() <= 2, "{rate}: {} switches in half a minute", seen.switches());
        assert!(seen.words_heard > 0.98, "{rate}: {}", seen.words_heard);
        assert!(seen.usual_lateness() < Duration::from_millis(120), "{rate}: {:?}", seen.usual_lateness());
    }
}

#[test]
fn a_link_for_words_alone_shows_no_picture_and_the_viewer_hears_why() {
    let mut world = consultation("rate=90k", 34);
    world.run(Duration::from_secs(10));
    let seen = watch(&mut world, 20);
    assert_eq!(seen.layers.len(), 0);
    assert!(seen.words_heard > 0.97, "{}", seen.words_heard);
    assert!(seen.usual_lateness() < Duration::from_millis(150), "{:?}", seen.usual_lateness());
    assert!(seen.is_paused);
    assert!(seen.estimate_bps.is_some_and(|estimate| estimate < 150_000));
}

#[test]
fn a_link_that_narrows_is_followed_down_at_once_and_up_again_when_it_widens() {
    let mut world = narrowed(steps(&[(0, 1_500_000), (20, 300_000), (50, 1_500_000)]), 35);
    world.run(Duration::from_secs(18));
    assert_eq!(watch(&mut world, 2).layer(), Some(2));
    world.run(Duration::from_secs(4));
    let narrow = watch(&mut world, 20);
    assert_eq!((narrow.layer(), narrow.switches()), (Some(0), 0), "four seconds later all has settled");
    assert!(narrow.usual_lateness() < Duration::from_millis(120), "{:?}", narrow.usual_lateness());
    assert!(narrow.words_heard > 0.98, "{}", narrow.words_heard);
    world.run(Duration::from_secs(16));
    let wide = watch(&mut world, 10);
    assert_eq!((wide.layer(), wide.switches()), (Some(2), 0), "ten seconds later it is used");
}

#[test]
fn a_lossy_radio_is_not_taken_for_a_full_link() {
    let mut world = consultation("rate=2M loss=5%/3", 36);
    world.run(Duration::from_secs(20));
    let seen = watch(&mut world, 20);
    assert!(seen.layer() >= Some(1), "{:?}", seen.estimate_bps);
    assert!(seen.frames_per_s > 20.0, "{}", seen.frames_per_s);
}

#[test]
fn what_the_viewer_marked_comes_before_the_rest() {
    let mut world = room(3, "rate=550k".parse().unwrap(), 37);
    world.view_marked(VIEWER, 0, 0, 720, 1);
    world.view_marked(VIEWER, 1, 2, 720, 3);
    world.run(Duration::from_secs(25));
    world.forget_arrivals();
    world.run(Duration::from_secs(5));
    let client = &world.clients[VIEWER];
    let layer = |slot: usize| client.seen(client.video_slots[slot]).last().map(|frame| frame.label.layer);
    assert_eq!((layer(0), layer(1)), (Some(0), Some(1)));
}

#[test]
fn an_outage_ends_with_the_picture_that_was_there_before() {
    let mut world = consultation("rate=1500k outage=20s+5s", 38);
    world.run(Duration::from_secs(23));
    let shows_all = |world: &World| {
        let client = &world.clients[VIEWER];
        let last = client.seen(client.video_slots[0]).last();
        last.is_some_and(|frame| frame.label.layer == 2 && frame.at + Duration::from_millis(100) > world.now)
    };
    assert!(!shows_all(&world));
    let back = world.run_until(Duration::from_secs(10), shows_all);
    assert!(back < Duration::from_secs(3), "{back:?}");
}
