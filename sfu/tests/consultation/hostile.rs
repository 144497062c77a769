//! Garbage from strangers and from peers: counted and dropped, and the consultation does not notice.

use crate::link::Conditions;
use crate::world::World;
use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};
use std::net::SocketAddr;
use std::time::Duration;

/// A first byte of each protocol, then noise.
fn garbage(rng: &mut StdRng) -> Vec<u8> {
    let mut datagram = vec![0; rng.random_range(0..1_400)];
    rng.fill_bytes(&mut datagram);
    if let Some(first) = datagram.first_mut() {
        *first = [0, 1, 22, 23, 0x80, 0x90, 0xa0, 200][rng.random_range(0..8)];
    }
    datagram
}

#[test]
fn ten_thousand_garbage_datagrams_leave_a_consultation_untouched() {
    let mut world = World::room(2, Conditions::default(), 41);
    world.view(1, 0, 0, 720);
    world.listen(1, 0, 0);
    world.run(Duration::from_secs(1));
    world.forget_arrivals();
    let mut rng = StdRng::seed_from_u64(41);
    let stranger = SocketAddr::from(([10, 9, 9, 9], 9));
    for _ in 0..1_000 {
        // From a stranger, and with the addresses of both people.
        for from in [stranger, world.clients[0].address, world.clients[1].address] {
            for _ in 0..4 {
                world.deliver(from, &mut garbage(&mut rng));
            }
        }
        world.run(Duration::from_millis(3));
    }
    let client = &world.clients[1];
    let (seen, heard) = (client.seen(client.video_slots[0]), client.seen(client.audio_slots[0]));
    assert!(heard.windows(2).all(|pair| pair[1].label.number == pair[0].label.number + 1), "no word is lost");
    assert!(seen.iter().all(|frame| frame.contiguous) && seen.len() > 70, "{} frames in three seconds", seen.len());
    assert_eq!(world.shard.counters().peers, 2);
    let dropped = &world.shard.counters().dropped;
    assert!(dropped.unclassified > 0 && dropped.unknown_address > 0 && dropped.stun_invalid > 0);
    assert!(dropped.srtp_unauthentic + dropped.rtp_malformed > 0);
}

#[test]
fn a_replayed_packet_is_dropped() {
    let mut world = World::room(2, Conditions::default(), 42);
    world.listen(1, 0, 0);
    world.run(Duration::from_secs(1));
    world.link.record = Some(Vec::new());
    world.run(Duration::from_secs(1));
    let recorded = world.link.record.take().unwrap();
    world.clients.iter_mut().for_each(|client| (client.sends_audio, client.sends_video) = (false, false));
    world.run(Duration::from_millis(50));
    let before = world.shard.counters().rtp_forwarded_packets;
    for mut datagram in recorded {
        world.deliver(datagram.from, &mut datagram.bytes);
    }
    assert!(world.shard.counters().dropped.srtp_replayed > 40);
    assert_eq!(world.shard.counters().rtp_forwarded_packets, before);
}
