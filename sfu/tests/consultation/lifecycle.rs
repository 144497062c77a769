//! People come, move, vanish and leave.

use crate::client::SIMULCAST;
use crate::link::Conditions;
use crate::world::World;
use kenes_sfu::command::Command;
use kenes_sfu::event::{CloseReason, Event};
use std::net::SocketAddr;
use std::time::Duration;

#[test]
fn a_peer_connects_within_a_few_round_trips() {
    let mut world = World::new(Conditions { delay: Duration::from_millis(25), ..Conditions::default() }, 31);
    world.join(&SIMULCAST);
    let took = world.run_until(Duration::from_secs(2), |world| world.clients[0].connected);
    assert!(took < Duration::from_millis(500), "{took:?}");
    let connected = |event: &Event| matches!(event, Event::PeerConnected { handshake, .. } if *handshake <= took);
    assert!(world.events.iter().any(connected));
}

#[test]
fn people_of_a_room_are_looked_after_at_the_same_moments_whenever_they_came() {
    let mut world = World::new(Conditions::default(), 38);
    for _ in 0..10 {
        world.join(&SIMULCAST);
        let client = world.clients.last_mut().unwrap();
        (client.sends_audio, client.sends_video) = (false, false);
        world.run(Duration::from_millis(237));
    }
    world.run(Duration::from_secs(4));
    world.timeouts = 0;
    world.run(Duration::from_secs(2));
    assert!((8..=12).contains(&world.timeouts), "five looks a second, and reports with them: {}", world.timeouts);
}

#[test]
fn a_peer_connects_over_a_link_that_loses_a_fifth() {
    let conditions =
        Conditions { delay: Duration::from_millis(25), uplink_loss: 0.2, downlink_loss: 0.2, ..Conditions::default() };
    let mut world = World::new(conditions, 32);
    world.join(&SIMULCAST);
    world.run_until(Duration::from_secs(20), |world| world.clients[0].connected);
}

#[test]
fn a_peer_that_vanishes_is_removed_when_its_consent_expires() {
    let mut world = World::room(2, Conditions::default(), 33);
    world.view(1, 0, 0, 720);
    world.run(Duration::from_secs(1));
    world.clients[0].dead = true;
    world.run(Duration::from_secs(20));
    assert_eq!(world.shard.counters().peers, 2, "not yet");
    world.run(Duration::from_secs(15));
    let gone = Event::PeerClosed { peer: world.key(0), reason: CloseReason::ConsentExpired };
    assert!(world.events.contains(&gone));
    let counters = world.shard.counters();
    assert_eq!((counters.peers, counters.subscriptions), (1, 0), "and nothing of it is left");
}

#[test]
fn a_peer_that_never_connects_is_removed() {
    let mut world = World::new(Conditions::default(), 34);
    world.join(&SIMULCAST);
    world.clients[0].dead = true;
    world.run(Duration::from_secs(31));
    assert!(matches!(world.events[..], [Event::PeerClosed { reason: CloseReason::HandshakeTimeout, .. }]));
    assert_eq!(world.shard.counters().peers, 0);
}

#[test]
fn a_closed_peer_leaves_nothing_behind() {
    let mut world = World::room(3, Conditions::default(), 35);
    world.view(1, 0, 0, 720);
    world.view(0, 0, 1, 720);
    world.listen(2, 0, 0);
    world.run(Duration::from_secs(1));
    for client in 0..3 {
        let peer = world.key(client);
        world.command(Command::ClosePeer { peer });
    }
    let counters = world.shard.counters();
    assert_eq!((counters.peers, counters.rooms, counters.tracks, counters.subscriptions), (0, 0, 0, 0));
    world.run(Duration::from_secs(2));
    let counters = world.shard.counters();
    assert!(counters.dropped.unknown_address > 0, "what it still sends is a stranger's");
}

#[test]
fn an_ice_restart_changes_credentials_and_loses_no_word() {
    let mut world = World::room(2, Conditions { delay: Duration::from_millis(20), ..Conditions::default() }, 36);
    world.listen(1, 0, 0);
    world.run(Duration::from_secs(1));
    world.forget_arrivals();
    world.restart_ice(0);
    world.run(Duration::from_secs(3));
    let client = &world.clients[1];
    let heard = client.seen(client.audio_slots[0]);
    assert!(heard.windows(2).all(|pair| pair[1].label.number == pair[0].label.number + 1), "every word in order");
    assert!(heard.len() > 145, "{} packets in three seconds", heard.len());
}

#[test]
fn a_peer_whose_address_changes_is_followed() {
    // A NAT that forgot its mapping: the same client comes from another port.
    let mut world = World::room(2, Conditions::default(), 37);
    world.view(0, 0, 1, 180);
    world.run(Duration::from_secs(1));
    let before = world.clients[0].address;
    world.clients[0].move_to(SocketAddr::new(before.ip(), before.port() + 1));
    world.restart_ice(0);
    world.run(Duration::from_secs(2));
    world.forget_arrivals();
    world.run(Duration::from_secs(1));
    let client = &world.clients[0];
    assert!(client.seen(client.video_slots[0]).len() > 20, "media follows the new address");
}

#[test]
fn commands_for_peers_that_are_gone_are_refused_and_counted() {
    let mut world = World::room(2, Conditions::default(), 38);
    let peer = world.key(0);
    world.command(Command::ClosePeer { peer });
    world.command(Command::ClosePeer { peer });
    world.view(1, 0, 0, 720);
    assert_eq!(world.shard.counters().dropped.command_refused, 2);
}

#[test]
fn the_round_trip_is_known_within_the_first_second() {
    for (loss, most_ms) in [(0.0, 330), (0.05, 520)] {
        let conditions = Conditions {
            delay: Duration::from_millis(150),
            uplink_loss: loss,
            downlink_loss: loss,
            ..Conditions::default()
        };
        let mut world = World::new(conditions, 31);
        for _ in 0..2 {
            world.join(&SIMULCAST);
        }
        world.run(Duration::from_secs(4));
        for client in 0..2 {
            let key = world.key(client);
            let reported = |event: &Event| match event {
                Event::PeerReport { peer, downlink, .. } if *peer == key => Some(downlink.rtt),
                _ => None,
            };
            let first = world.events.iter().find_map(reported).expect("a report");
            let first_ms = first.expect("a round trip").as_millis();
            assert!((300..most_ms).contains(&first_ms), "{first_ms} ms at {loss}");
        }
    }
}
