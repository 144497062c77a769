//! `cargo bench -p kenes-bench`: the same as `kenes-bench forward`.

fn main() -> anyhow::Result<()> {
    kenes_bench::report::say(&kenes_bench::forward::run()?.render());
    Ok(())
}
