//! Many come at once, and those who are talking do not notice.

use crate::client::SIMULCAST;
use crate::link::Conditions;
use crate::world::World;
use kenes_sfu::demux::{Class, classify};
use kenes_sfu::ids::RoomKey;
use std::time::Duration;

#[test]
fn a_hundred_join_in_a_second_and_each_handshake_step_is_taken_alone() {
    let mut world = World::room(2, Conditions { delay: Duration::from_millis(20), ..Conditions::default() }, 61);
    world.view(1, 0, 0, 720);
    world.listen(1, 0, 0);
    world.run(Duration::from_secs(1));
    world.forget_arrivals();
    world.handshakes_at_once = 0;
    for newcomer in 0..100 {
        world.join_room(&SIMULCAST[..1], RoomKey(2 + newcomer / 2));
        let client = world.clients.last_mut().unwrap();
        (client.sends_audio, client.sends_video) = (false, false);
    }
    world.run(Duration::from_secs(1));
    assert!(world.clients.iter().all(|client| client.connected), "everybody is in");
    assert_eq!(world.handshakes_at_once, 1, "between two steps the socket can be read");
    let client = &world.clients[1];
    let (seen, heard) = (client.seen(client.video_slots[0]), client.seen(client.audio_slots[0]));
    assert!(heard.windows(2).all(|pair| pair[1].label.number == pair[0].label.number + 1), "no word is lost");
    assert!(heard.len() > 45 && seen.len() > 22 && seen.iter().all(|frame| frame.contiguous));
}

#[test]
fn a_handshake_that_waits_is_due_at_once_and_its_repeats_are_dropped() {
    let mut world = World::new(Conditions::default(), 62);
    world.link.record = Some(Vec::new());
    world.join(&SIMULCAST);
    world.run_until(Duration::from_secs(2), |world| world.clients[0].connected);
    let recorded = world.link.record.take().unwrap();
    let hello = recorded.iter().find(|datagram| classify(&datagram.bytes) == Some(Class::Dtls)).unwrap();
    for _ in 0..10 {
        world.deliver(hello.from, &mut hello.bytes.clone());
    }
    assert_eq!(world.shard.counters().dropped.handshake_repeated, 9);
    assert!(world.shard.next_timeout().is_some_and(|at| at <= world.now), "nobody sleeps while it waits");
}

#[test]
fn a_peer_that_floods_its_handshake_fills_only_its_own_queue() {
    let mut world = World::room(2, Conditions::default(), 63);
    for noise in 0..200 {
        let address = world.clients[0].address;
        world.deliver(address, &mut [22, 254, 253, noise, 0, 1, 2, 3]);
    }
    assert_eq!(world.shard.counters().dropped.handshake_queue, 200 - 16);
    world.join_room(&SIMULCAST, RoomKey(2));
    world.run_until(Duration::from_secs(1), |world| world.clients[2].connected);
    world.run(Duration::from_secs(1));
    assert_eq!(world.shard.counters().peers, 3, "noise ends nobody");
}
