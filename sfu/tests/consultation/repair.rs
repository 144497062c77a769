//! Loss: what is lost on either side of the server is brought back, and a picture that cannot be mended is begun anew.

use crate::client::{Client, SIMULCAST};
use crate::frame::LARGE;
use crate::link::Conditions;
use crate::world::World;
use kenes_sfu::event::Event;
use std::time::Duration;

/// Longest time between two frames, and how many of the frames sent in between arrived.
fn watch(client: &Client) -> (Duration, f64) {
    let seen = client.seen(client.video_slots[0]);
    let pauses = seen.windows(2).map(|pair| pair[1].at - pair[0].at);
    let sent = seen.last().map_or(0, |last| last.label.number - seen[0].label.number + 1);
    (pauses.max().unwrap_or(Duration::MAX), seen.len() as f64 / f64::from(sent))
}

fn room_with_loss(uplink_loss: f64, downlink_loss: f64, seed: u64) -> World {
    room_at(Duration::from_millis(25), uplink_loss, downlink_loss, seed)
}

fn room_at(delay: Duration, uplink_loss: f64, downlink_loss: f64, seed: u64) -> World {
    let mut world = World::room(2, Conditions { delay, ..Conditions::default() }, seed);
    world.view(1, 0, 0, 720);
    world.listen(1, 0, 0);
    world.run(Duration::from_secs(2));
    world.forget_arrivals();
    world.link.conditions.uplink_loss = uplink_loss;
    world.link.conditions.downlink_loss = downlink_loss;
    world.run(Duration::from_secs(10));
    world
}

#[test]
fn packets_lost_on_the_uplink_are_asked_for_and_brought_back() {
    assert!(world_sends_frames_of_several_packets());
    let world = room_with_loss(0.05, 0.0, 21);
    let (longest, share) = watch(&world.clients[1]);
    let counters = world.shard.counters();
    assert!(counters.recovered_packets > 30, "{} recovered", counters.recovered_packets);
    assert!(share > 0.97, "{share} of the frames arrived");
    assert!(longest < Duration::from_millis(400), "longest freeze {longest:?}");
}

#[test]
fn packets_lost_on_the_downlink_are_sent_again_on_request() {
    let world = room_with_loss(0.0, 0.05, 22);
    let (longest, share) = watch(&world.clients[1]);
    let counters = world.shard.counters();
    assert!(counters.retransmitted_packets > 30, "{} retransmitted", counters.retransmitted_packets);
    assert!(share > 0.97, "{share} of the frames arrived");
    assert!(longest < Duration::from_millis(400), "longest freeze {longest:?}");
}

#[test]
fn a_far_viewer_who_loses_gets_a_small_picture_twice_and_need_not_ask() {
    let far = Duration::from_millis(150);
    let mut world = room_at(far, 0.0, 0.2, 27);
    world.view(1, 0, 0, 180);
    world.run(Duration::from_secs(5));
    world.forget_arrivals();
    let before = world.shard.counters().clone();
    world.run(Duration::from_secs(10));
    let after = world.shard.counters();
    let repeated = after.repeated_packets - before.repeated_packets;
    let asked_for = after.retransmitted_packets - before.retransmitted_packets - repeated;
    assert!(repeated > 100, "{repeated} repeated");
    assert!(asked_for < repeated / 4, "{asked_for} asked for beside {repeated}");
    let (longest, share) = watch(&world.clients[1]);
    assert!(share > 0.97, "{share} of the frames arrived");
    assert!(longest < Duration::from_millis(800), "longest freeze {longest:?}");
}

#[test]
fn where_nothing_is_lost_nothing_is_sent_twice() {
    let world = room_at(Duration::from_millis(150), 0.0, 0.01, 28);
    assert_eq!(world.shard.counters().repeated_packets, 0);
}

#[test]
fn ten_percent_on_both_sides_still_shows_a_picture() {
    let world = room_with_loss(0.10, 0.10, 23);
    let (longest, share) = watch(&world.clients[1]);
    assert!(share > 0.85, "{share} of the frames arrived");
    assert!(longest < Duration::from_secs(1), "longest freeze {longest:?}");
}

#[test]
fn a_key_frame_whose_beginning_comes_after_its_end_is_seen() {
    let mut world = World::new(Conditions::default(), 26);
    world.join(&SIMULCAST[..1]);
    world.join(&[]);
    world.run(Duration::from_secs(2));
    world.link.conditions.large_later = Duration::from_millis(50);
    world.view(1, 0, 0, 180);
    let slot = world.clients[1].video_slots[0];
    let seen =
        world.run_until(Duration::from_secs(3), |world| world.clients[1].seen(slot).iter().any(|frame| frame.keyframe));
    assert!(seen < Duration::from_millis(400), "after {seen:?}");
}

#[test]
fn an_outage_ends_with_a_key_frame() {
    let mut world = room_with_loss(0.0, 0.0, 24);
    world.link.conditions.uplink_loss = 1.0;
    world.run(Duration::from_secs(3));
    world.forget_arrivals();
    world.link.conditions.uplink_loss = 0.0;
    let slot = world.clients[1].video_slots[0];
    let back =
        world.run_until(Duration::from_secs(3), |world| world.clients[1].seen(slot).iter().any(|frame| frame.keyframe));
    assert!(back < Duration::from_secs(2), "a whole picture after {back:?}");
}

/// What the shard says of the speaker's uplink and of the listener's downlink, by second.
fn losses(world: &World) -> (Vec<f32>, Vec<f32>) {
    let (speaker, listener) = (world.key(0), world.key(1));
    let (mut uplink_losses, mut downlink_losses) = (Vec::new(), Vec::new());
    for event in &world.events {
        match event {
            Event::PeerReport { peer, uplink, .. } if *peer == speaker => uplink_losses.push(uplink.loss_ratio),
            Event::PeerReport { peer, downlink, .. } if *peer == listener => downlink_losses.push(downlink.loss_ratio),
            _ => {}
        }
    }
    (uplink_losses, downlink_losses)
}

fn mean(losses: &[f32]) -> f32 {
    losses.iter().sum::<f32>() / losses.len() as f32
}

/// How a listener tells what came.
#[derive(Clone, Copy, PartialEq)]
enum Tells {
    EachPacket,
    ReportsAlone,
}

/// The listener's downlink losses of the last seconds, while somebody speaks.
fn downlink_losses(uplink_loss: f64, downlink_loss: f64, tells: Tells, seed: u64) -> Vec<f32> {
    let mut world = World::new(Conditions { delay: Duration::from_millis(25), ..Conditions::default() }, seed);
    world.join(&SIMULCAST);
    if tells == Tells::EachPacket {
        world.join(&[])
    } else {
        world.join_unnumbered(&[])
    };
    world.run(Duration::from_secs(2));
    world.listen(1, 0, 0);
    world.run(Duration::from_secs(2));
    world.link.conditions.uplink_loss = uplink_loss;
    world.link.conditions.downlink_loss = downlink_loss;
    world.run(Duration::from_secs(45));
    let (_, downlink) = losses(&world);
    downlink[downlink.len() - 30..].to_vec()
}

#[test]
fn what_the_speakers_uplink_loses_is_lost_on_no_listeners_downlink() {
    for tells in [Tells::EachPacket, Tells::ReportsAlone] {
        let downlink = downlink_losses(0.20, 0.0, tells, 27);
        assert!(downlink.iter().all(|loss| *loss == 0.0), "{downlink:?}");
    }
    let (uplink, downlink) = losses(&room_with_loss(0.20, 0.0, 25));
    // Repair brings some back within the second; some loss must still show.
    assert!(mean(&uplink[uplink.len() - 5..]) > 0.01, "{uplink:?}");
    // Of a packet that comes twice this client says that it came once.
    assert!(downlink.iter().all(|loss| *loss == 0.0), "{downlink:?}");
}

#[test]
fn what_the_downlink_loses_is_lost_there_whatever_the_uplink_does() {
    for (uplink_loss, seed) in [(0.0, 28), (0.10, 29)] {
        for tells in [Tells::EachPacket, Tells::ReportsAlone] {
            let downlink = downlink_losses(uplink_loss, 0.10, tells, seed);
            assert!((0.06..0.14).contains(&mean(&downlink)), "{uplink_loss}: {downlink:?}");
        }
    }
    let (uplink, _) = losses(&room_with_loss(0.0, 0.10, 30));
    assert!(uplink.iter().all(|loss| *loss == 0.0), "{uplink:?}");
}

fn world_sends_frames_of_several_packets() -> bool {
    SIMULCAST[2].frame_len > LARGE
}
