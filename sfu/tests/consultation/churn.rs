//! Half an hour of people who come, go, vanish, restart, look elsewhere and mute: nothing of them stays behind.

use crate::client::SIMULCAST;
use crate::link::Conditions;
use crate::world::{World, mid};
use kenes_sfu::command::Command;
use kenes_sfu::ids::RoomKey;
use kenes_sfu::shard::Load;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::time::Duration;

const MAX_PEOPLE: usize = 8;
const ROOMS: u64 = 3;
/// Between two things that somebody does.
const STEP: Duration = Duration::from_millis(200);
/// Until the shard has given up who has vanished.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(33);
/// What may stay allocated after everybody has left, above what an earlier crowd has left: maps that grew once more.
const SLACK_BYTES: usize = 32 * 1_024;

#[test]
fn churn_leaves_nothing_behind() {
    let conditions = Conditions {
        delay: Duration::from_millis(15),
        uplink_loss: 0.01,
        downlink_loss: 0.01,
        ..Conditions::default()
    };
    let mut world = World::new(conditions, 81);
    world.slower = 10;
    let mut rng = StdRng::seed_from_u64(81);
    churn(&mut world, &mut rng, Duration::from_secs(5 * 60));
    let before = heap_after_everybody_left(&mut world);
    churn(&mut world, &mut rng, Duration::from_secs(25 * 60));
    let after = heap_after_everybody_left(&mut world);
    assert!(after < before + SLACK_BYTES, "{before} bytes grew to {after}");
    let counters = world.shard.counters();
    assert!(
        counters.handshakes_completed > 30 && counters.rtp_forwarded_packets > 1_000,
        "it was a crowd: {counters:?}"
    );
    assert!(
        counters.closed.consent_expired > 0 && counters.closed.handshake_timeout > 0 && counters.layer_switches > 10
    );
}

/// Bytes allocated while nothing but the empty shard is left.
fn heap_after_everybody_left(world: &mut World) -> usize {
    while let Some(last) = world.clients.len().checked_sub(1) {
        leave(world, last);
    }
    world.run(FORGOTTEN_AFTER);
    let counters = world.shard.counters();
    assert_eq!((counters.peers, counters.rooms, counters.tracks, counters.subscriptions), (0, 0, 0, 0));
    assert!(world.shard.is_vacant());
    world.events = Vec::new();
    let stats = crate::ALLOCATOR.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

fn churn(world: &mut World, rng: &mut StdRng, duration: Duration) {
    let end = world.now + duration;
    while world.now < end {
        somebody_acts(world, rng);
        world.run(STEP);
        world.events.clear();
        world.forget_arrivals();
    }
}

fn somebody_acts(world: &mut World, rng: &mut StdRng) {
    let people = world.clients.len();
    if people < 2 || (people < MAX_PEOPLE && rng.random_bool(0.15)) {
        let newcomer = world.join_room(&SIMULCAST, RoomKey(rng.random_range(0..ROOMS)));
        // Some never come to connect.
        world.clients[newcomer].dead = rng.random_bool(0.1);
        return;
    }
    let [one, other] = [(); 2].map(|()| rng.random_range(0..people));
    match rng.random_range(0..20) {
        0 => leave(world, one),
        1 => world.forget(one),
        2 if !world.clients[one].dead => world.restart_ice(one),
        3 | 4 => {
            let track = world.camera_of(one);
            world.command(Command::SetForwarding { track, forwarding: rng.random_bool(0.5) });
        }
        5 => {
            let behind = Duration::from_millis(rng.random_range(0..2) * 100);
            world.shard.handle_load(world.now, &Load { busy_ratio: 0.5, behind, lost: 0 });
        }
        6..10 => world.listen(one, rng.random_range(0..3), other),
        10 => {
            let (subscriber, slot) = (world.key(one), rng.random_range(0..3));
            let mid = mid(world.clients[one].video_slots[slot]);
            world.command(Command::BindVideo { subscriber, mid, track: None, max_height: 0, priority: 0 });
        }
        _ => world.view(one, rng.random_range(0..3), other, [0, 180, 360, 720][rng.random_range(0..4)]),
    }
}

fn leave(world: &mut World, client: usize) {
    let peer = world.key(client);
    world.command(Command::ClosePeer { peer });
    world.forget(client);
}
