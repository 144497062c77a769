//! Layers: each viewer gets what it displays, and the publisher encodes what somebody displays.

use crate::client::SIMULCAST;
use crate::link::Conditions;
use crate::world::World;
use kenes_sfu::event::Event;
use std::time::Duration;

/// The layer that a viewer's slot showed last.
fn layer_seen(world: &World, viewer: usize) -> u8 {
    let client = &world.clients[viewer];
    client.seen(client.video_slots[0]).last().expect("frames arrive").label.layer
}

fn layers_wanted(world: &World) -> Option<Vec<String>> {
    world.events.iter().rev().find_map(|event| match event {
        Event::LayersWanted { track, rids, .. } if *track == world.camera_of(0) => {
            Some(rids.iter().map(|rid| rid.as_str().to_owned()).collect())
        }
        _ => None,
    })
}

#[test]
fn each_viewer_gets_the_layer_that_fills_its_display() {
    let mut world = World::room(3, Conditions::default(), 11);
    world.view(1, 0, 0, 720);
    world.view(2, 0, 0, 150);
    world.run(Duration::from_secs(3));
    assert_eq!((layer_seen(&world, 1), layer_seen(&world, 2)), (2, 0));
}

#[test]
fn a_viewer_changes_layers_at_key_frames_and_sees_no_seam() {
    let mut world = World::room(2, Conditions { delay: Duration::from_millis(15), ..Conditions::default() }, 12);
    for height in [180, 720, 360, 180, 720] {
        world.view(1, 0, 0, height);
        world.run(Duration::from_secs(2));
    }
    let client = &world.clients[1];
    let seen = client.seen(client.video_slots[0]);
    for pair in seen.windows(2).filter(|pair| pair[0].label.layer != pair[1].label.layer) {
        assert!(pair[1].keyframe, "another layer begins with a key frame");
    }
    assert!(seen.iter().skip(1).all(|frame| frame.contiguous), "picture and sequence numbers run on");
    assert!(seen.windows(2).all(|pair| pair[0].media_time < pair[1].media_time), "so does time");
    assert!(seen.windows(2).all(|pair| pair[1].label.number - pair[0].label.number <= 2), "no picture is missing");
    assert_eq!(layer_seen(&world, 1), 2);
}

#[test]
fn the_next_lower_layer_plays_while_the_wanted_one_does_not_flow() {
    let mut world = World::room(2, Conditions::default(), 13);
    world.clients[0].layers[2].active = false;
    world.run(Duration::from_secs(3));
    world.view(1, 0, 0, 720);
    world.run(Duration::from_secs(2));
    assert_eq!(layer_seen(&world, 1), 1, "the best that flows");
    world.clients[0].layers[2].active = true;
    world.run(Duration::from_secs(2));
    assert_eq!(layer_seen(&world, 1), 2, "and up as soon as it flows");
    world.clients[0].layers[2].active = false;
    world.run(Duration::from_secs(4));
    assert_eq!(layer_seen(&world, 1), 1, "and down again when it stops");
}

#[test]
fn layers_that_nobody_displays_are_not_wanted() {
    let mut world = World::room(2, Conditions::default(), 14);
    world.view(1, 0, 0, 150);
    world.run(Duration::from_secs(5));
    assert_eq!(layers_wanted(&world), Some(vec!["q".to_owned()]));
    world.view(1, 0, 0, 720);
    world.run(Duration::from_millis(10));
    assert!(layers_wanted(&world).is_some_and(|rids| rids.contains(&"f".to_owned())), "wanted at once");
    world.view(1, 0, 0, 0);
    world.run(Duration::from_secs(5));
    assert_eq!(layers_wanted(&world), Some(Vec::new()), "nobody looks");
}

#[test]
fn a_camera_without_simulcast_is_one_layer_for_all() {
    let mut world = World::new(Conditions::default(), 15);
    world.join(&SIMULCAST[1..2]);
    world.join(&SIMULCAST);
    world.run(Duration::from_secs(2));
    world.view(1, 0, 0, 720);
    world.run(Duration::from_secs(2));
    let client = &world.clients[1];
    assert!(client.seen(client.video_slots[0]).len() > 40);
}

#[test]
fn key_frames_are_asked_of_the_publisher_within_the_throttle() {
    let mut world = World::room(2, Conditions::default(), 16);
    world.view(1, 0, 0, 180);
    world.run(Duration::from_secs(2));
    let before = world.clients[0].keyframes_asked;
    for _ in 0..50 {
        let slot = world.clients[1].video_slots[0];
        world.clients[1].ask_keyframe(slot);
        world.run(Duration::from_millis(40));
    }
    let asked = world.clients[0].keyframes_asked - before;
    assert!((1..=5).contains(&asked), "{asked} requests in two seconds");
}
