//! What `forward` measures and does not depend on the machine. Alone in its process, because the whole process' allocations count.

#[test]
fn a_forwarded_packet_allocates_nothing() {
    let report = kenes_bench::forward::run().expect("the shard forwards");
    for row in &report.rows {
        assert!(row.allocations_per_forwarded == 0.0, "{row:?}");
    }
}
