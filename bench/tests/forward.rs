//! What `forward` measures and does not depend on the machine. Alone in its process, because the whole process' allocations count.

use kenes_bench::forward::{Options, Part, memory};

#[test]
fn a_forwarded_packet_allocates_nothing_and_a_peer_holds_no_more_than_it_may() {
    let parts = vec![Part::Repair, Part::Memory];
    let report = kenes_bench::forward::run(&Options { only: parts, rounds: 5 }).expect("the shard forwards");
    for row in &report.rows {
        assert!(row.allocations_per_forwarded == 0.0, "{row:?}");
    }
    let memory = report.memory.expect("memory was asked for");
    assert!((1_000.0..memory::IDLE_LIMIT_BYTES).contains(&memory.idle_bytes), "{memory:?}");
    assert!((memory.idle_bytes..memory::SENDING_LIMIT_BYTES).contains(&memory.sending_bytes), "{memory:?}");
}
