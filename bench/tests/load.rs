//! A small load on the `kenes` binary: the generator's figures are plausible, and nothing is lost.
//!
//! Builds nothing: the server is `KENES_BIN`, or `kenes` beside this crate's binary. Needs root for a network namespace.

#![cfg(test)]

use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// Says why it did not run, where it cannot.
fn cannot_run() -> bool {
    let bench = Path::new(env!("CARGO_BIN_EXE_kenes-bench"));
    let server = std::env::var_os("KENES_BIN").map_or_else(|| bench.with_file_name("kenes"), Into::into);
    if !server.is_file() {
        eprintln!("SKIPPED: no {}; run `cargo build -p kenes` or set KENES_BIN", server.display());
        return true;
    }
    let root = std::fs::read_to_string("/proc/self/status").is_ok_and(|status| status.contains("\nUid:\t0\t"));
    let tools = ["ip", "taskset", "setpriv"].iter().all(|tool| Command::new(tool).arg("-V").output().is_ok());
    let processors = std::thread::available_parallelism().is_ok_and(|processors| processors.get() > 1);
    if !(root && tools && processors) {
        eprintln!("SKIPPED: needs root, ip, taskset, setpriv and two processors");
        return true;
    }
    false
}

/// The report; `None`, and a word, when the generator itself was disturbed, as a small busy machine does.
fn run(arguments: &[&str]) -> Option<Value> {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("report.json");
    for _ in 0..3 {
        let output =
            Command::new(env!("CARGO_BIN_EXE_kenes-bench")).args(arguments).arg("--json").arg(&json).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.code() == Some(2) && said.contains("no figures for") {
            eprintln!("{said}");
            continue;
        }
        assert!(output.status.success(), "{said}");
        return Some(serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap());
    }
    eprintln!("SKIPPED: the generator was disturbed three times");
    None
}

#[test]
fn a_small_load_loses_nothing_and_its_figures_fit_each_other() {
    if cannot_run() {
        return;
    }
    let Some(report) = run(&["load", "--rooms", "2,3", "--people", "3", "--seconds", "3", "--warm-up-seconds", "2"])
    else {
        return;
    };
    let loads = report["loads"].as_array().unwrap();
    assert_eq!(loads.len(), 2);
    for (load, rooms) in loads.iter().zip([2.0, 3.0]) {
        let figure = |name: &str| load[name].as_f64().unwrap_or_else(|| panic!("{name} in {load:#}"));
        assert_eq!((figure("audio_loss_permille"), figure("video_loss_permille")), (0.0, 0.0), "{load:#}");
        assert_eq!((figure("visible_pairs"), figure("unauthentic")), (figure("expected_pairs"), 0.0), "{load:#}");
        // A frame is 1 + 3 + 6 packets over its layers, 25 a second; a viewer gets the largest; one of three speaks.
        let video = 3.0 * rooms * 25.0;
        assert!((video * 9.0..video * 11.0 + 300.0).contains(&figure("ingress_per_s")), "{load:#}");
        assert!((video * 2.0 * 5.0..video * 2.0 * 7.0 + 600.0).contains(&figure("forwarded_per_s")), "{load:#}");
        let latency = |quantile: &str| load["latency_us"][quantile].as_f64().unwrap();
        assert!(0.0 < latency("p50") && latency("p50") <= latency("p99") && latency("p99") <= latency("p999"));
        assert!(latency("p50") < 20_000.0, "{load:#}");
        assert!(figure("server_us_per_forwarded") > 0.5 && figure("server_resident_mib") > 5.0, "{load:#}");
        assert!(figure("server_cpu_percent") <= 100.0 && figure("generator_cpu_percent") <= 85.0, "{load:#}");
    }
    assert!(loads[0]["join_ms"]["count"].as_f64().unwrap() >= 4.0, "those who came to somebody: {:#}", loads[0]);
}
