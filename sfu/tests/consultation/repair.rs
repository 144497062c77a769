//! Loss: what is lost on either side of the server is brought back, and a picture that cannot be mended is begun anew.

use crate::client::{Client, SIMULCAST};
use crate::frame::LARGE;
use crate::link::Conditions;
use crate::world::World;
use std::time::Duration;

/// Longest time between two frames, and how many of the frames sent in between arrived.
fn watch(client: &Client) -> (Duration, f64) {
    let seen = client.seen(client.video_slots[0]);
    let pauses = seen.windows(2).map(|pair| pair[1].at - pair[0].at);
    let sent = seen.last().map_or(0, |last| last.label.number - seen[0].label.number + 1);
    (pauses.max().unwrap_or(Duration::MAX), seen.len() as f64 / f64::from(sent))
}

fn room_with_loss(uplink_loss: f64, downlink_loss: f64, seed: u64) -> World {
    let mut world = World::room(2, Conditions { delay: Duration::from_millis(25), ..Conditions::default() }, seed);
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

#[test]
fn loss_is_reported_for_each_direction() {
    use kenes_sfu::event::Event;
    let world = room_with_loss(0.20, 0.0, 25);
    let key = world.key(0);
    let losses: Vec<f32> = world
        .events
        .iter()
        .filter_map(|event| match event {
            Event::PeerReport { peer, uplink, .. } if *peer == key => Some(uplink.loss_ratio),
            _ => None,
        })
        .collect();
    let recent = &losses[losses.len() - 5..];
    // Repair brings some back within the second; some loss must still show.
    assert!(recent.iter().sum::<f32>() / 5.0 > 0.01, "{recent:?}");
}

fn world_sends_frames_of_several_packets() -> bool {
    SIMULCAST[2].frame_len > LARGE
}
