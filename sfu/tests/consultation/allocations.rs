//! The packet path allocates nothing once it is warm.

use crate::link::Conditions;
use crate::world::World;
use std::time::Duration;

#[test]
fn a_forwarded_packet_allocates_nothing_after_warm_up() {
    let mut world = World::room(4, Conditions::default(), 51);
    for viewer in 0..4 {
        for (slot, publisher) in (0..4).filter(|other| *other != viewer).enumerate() {
            world.view(viewer, slot, publisher, 720);
            world.listen(viewer, slot, publisher);
        }
    }
    world.run(Duration::from_secs(6));
    let forwarded = world.shard.counters().rtp_forwarded_packets;
    world.only_media = true;
    (world.allocations, world.datagrams) = (0, 0);
    world.run(Duration::from_secs(2));
    let forwarded = world.shard.counters().rtp_forwarded_packets - forwarded;
    assert!(forwarded > 4_000, "{forwarded} packets forwarded");
    assert_eq!(world.allocations, 0, "in {} datagrams, {forwarded} packets forwarded", world.datagrams);
}
