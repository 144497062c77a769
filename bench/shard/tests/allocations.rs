//! What many rooms on one shard allocate, timers and reports included. Alone in its process, because all of its allocations count.

use kenes_bench_shard::cipher::Cipher;
use kenes_bench_shard::traffic::{Loss, Traffic};
use kenes_bench_shard::world::World;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use std::time::Instant;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const ROOMS: usize = 50;
/// Everybody's first reports are out, and each timer has gone round.
const WARM_UP_SECONDS: u32 = 6;

#[test]
fn rooms_that_run_allocate_nothing() {
    #[expect(clippy::disallowed_methods, reason = "the origin of virtual time; nothing reads the clock again")]
    let mut world = World::new(Cipher::Gcm128, Instant::now()).expect("keys are made");
    for _ in 0..ROOMS {
        world.open_room(2, Traffic::PERSON).expect("two people join");
    }
    world.play(WARM_UP_SECONDS).expect("everybody gets everybody");
    let before = world.counters().rtp_forwarded_packets;
    let mut allocations = 0;
    for _ in 0..4 {
        let script = world.script(Loss::NONE).expect("packets are sealed");
        for slice in script.slices() {
            world.receive(&script, slice);
            let region = Region::new(&INSTRUMENTED_SYSTEM);
            world.run_slice(&script, slice);
            let change = region.change();
            allocations += change.allocations + change.reallocations;
        }
    }
    let forwarded = world.counters().rtp_forwarded_packets - before;
    assert!(forwarded > 80_000, "{forwarded} packets forwarded");
    assert_eq!(allocations, 0, "{forwarded} packets forwarded");
}
