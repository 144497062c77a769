//! What is published arrives, at whom it is meant for, and nowhere else.

use crate::client::{Arrived, SIMULCAST};
use crate::link::Conditions;
use crate::world::{ROOM, World};
use kenes_sfu::command::Command;
use kenes_sfu::event::Event;
use kenes_sfu::ids::RoomKey;
use std::time::Duration;

/// Frames per second that a viewer saw.
fn rate(frames: &[Arrived]) -> f64 {
    let (Some(first), Some(last)) = (frames.first(), frames.last()) else { return 0.0 };
    (frames.len() - 1) as f64 / last.at.duration_since(first.at).as_secs_f64().max(0.001)
}

#[test]
fn three_people_see_and_hear_each_other() {
    let mut world = World::room(3, Conditions { delay: Duration::from_millis(20), ..Conditions::default() }, 1);
    for viewer in 0..3 {
        for (slot, publisher) in (0..3).filter(|other| *other != viewer).enumerate() {
            world.view(viewer, slot, publisher, 720);
            world.listen(viewer, slot, publisher);
        }
    }
    world.run(Duration::from_secs(5));
    for viewer in 0..3 {
        for (slot, publisher) in (0..3).filter(|other| *other != viewer).enumerate() {
            let client = &world.clients[viewer];
            let (seen, heard) = (client.seen(client.video_slots[slot]), client.seen(client.audio_slots[slot]));
            let expected = u8::try_from(publisher + 1).unwrap();
            assert!(seen.iter().chain(heard).all(|frame| frame.label.publisher == expected), "the right person");
            assert!(rate(seen) > 24.0, "{} frames/s of video", rate(seen));
            assert!(rate(heard) > 49.0, "{} packets/s of audio", rate(heard));
            assert!(seen.first().is_some_and(|frame| frame.keyframe), "a viewer begins with a key frame");
            // A layer switch may cut a frame of the layer before; the key frame needs nothing of it.
            let follows = |frame: &Arrived| frame.contiguous || frame.keyframe;
            assert!(seen.iter().skip(1).all(follows), "and loses nothing on a good link");
        }
    }
}

#[test]
fn a_muted_microphone_is_silent_and_comes_back_without_loss() {
    let mut world = World::room(2, Conditions::default(), 2);
    world.listen(1, 0, 0);
    world.run(Duration::from_secs(1));
    let track = world.microphone_of(0);
    world.command(Command::SetForwarding { track, forwarding: false });
    world.run(Duration::from_millis(100));
    world.forget_arrivals();
    world.run(Duration::from_secs(1));
    let slot = world.clients[1].audio_slots[0];
    assert!(world.clients[1].seen(slot).is_empty(), "muted means silent");
    world.command(Command::SetForwarding { track, forwarding: true });
    world.run(Duration::from_secs(1));
    assert!(world.clients[1].seen(slot).len() > 45);
    assert_eq!(world.shard.counters().nack_received, 0, "the pause does not look like loss");
}

#[test]
fn a_slot_changes_between_cameras_without_a_new_stream() {
    let mut world = World::room(3, Conditions::default(), 3);
    world.view(2, 0, 0, 180);
    world.run(Duration::from_secs(1));
    world.view(2, 0, 1, 180);
    world.run(Duration::from_secs(2));
    let slot = world.clients[2].video_slots[0];
    let seen = world.clients[2].seen(slot);
    let switch = seen.iter().position(|frame| frame.label.publisher == 2).expect("the second camera is seen");
    assert!(seen[switch].keyframe, "a switch shows a key frame first");
    assert!(seen[switch..].iter().all(|frame| frame.label.publisher == 2), "and nothing of the first afterwards");
    assert!(seen.windows(2).all(|pair| pair[0].media_time < pair[1].media_time), "time only goes forward");
    assert!(seen.len() > 65, "{} frames in three seconds", seen.len());
}

#[test]
fn media_never_crosses_rooms() {
    let mut world = World::new(Conditions::default(), 4);
    world.join_room(&SIMULCAST, ROOM);
    world.join_room(&SIMULCAST, RoomKey(2));
    world.run(Duration::from_secs(2));
    world.view(1, 0, 0, 720);
    world.listen(1, 0, 0);
    world.run(Duration::from_secs(1));
    assert!(world.clients[1].arrived.is_empty());
    assert_eq!(world.shard.counters().dropped.command_refused, 2);
}

#[test]
fn who_speaks_is_told_and_who_stops_is_forgotten() {
    let mut world = World::room(2, Conditions::default(), 5);
    world.clients[1].sends_audio = false;
    world.run(Duration::from_secs(2));
    let microphone = world.microphone_of(0);
    let speakers = |world: &World| {
        world.events.iter().rev().find_map(|event| match event {
            Event::SpeakersChanged { speakers, .. } => Some(speakers.clone()),
            _ => None,
        })
    };
    assert_eq!(speakers(&world), Some(vec![microphone]));
    world.level = -90;
    world.run(Duration::from_secs(2));
    assert_eq!(speakers(&world), Some(Vec::new()));
}

#[test]
fn lips_stay_in_step_with_words() {
    // A sender report of ours ties each slot's timestamps to the publisher's clock; str0m's media time of audio and video of
    // one moment must differ by no more than a frame after both are mapped by the last report.
    let mut world = World::room(2, Conditions { delay: Duration::from_millis(30), ..Conditions::default() }, 6);
    world.view(1, 0, 0, 360);
    world.listen(1, 0, 0);
    world.run(Duration::from_secs(8));
    let client = &world.clients[1];
    let last_video = client.seen(client.video_slots[0]).last().unwrap().at;
    let last_audio = client.seen(client.audio_slots[0]).last().unwrap().at;
    let apart = last_video.max(last_audio) - last_video.min(last_audio);
    assert!(apart < Duration::from_millis(60), "{apart:?}");
    assert!(world.shard.counters().rtcp_sent_packets > 10, "reports are sent");
}
