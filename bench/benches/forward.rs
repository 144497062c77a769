//! `cargo bench -p kenes-bench`: the same as `kenes-bench forward`.

use kenes_bench::forward::{Options, run};

fn main() -> anyhow::Result<()> {
    kenes_bench::report::say(&run(&Options { only: Vec::new(), rounds: 101 })?.render());
    Ok(())
}
