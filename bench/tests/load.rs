//! A small load on the `kenes` binary: the generator's figures are plausible, and nothing is lost.
//!
//! Builds nothing: the server is `KENES_BIN`, or `kenes` beside this crate's binary. Needs root for a network namespace.

#![cfg(test)]

use serde_json::Value;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Says why it did not run, where it cannot.
fn cannot_run() -> bool {
    let bench = Path::new(env!("CARGO_BIN_EXE_kenes-bench"));
    let server = std::env::var_os("KENES_BIN").map_or_else(|| bench.with_file_name("kenes"), Into::into);
    if !server.is_file() {
        eprintln!("SKIPPED: no {}; run `cargo build -p kenes` or set KENES_BIN", server.display());
        return true;
    }
    has_no_namespaces()
}

fn has_no_namespaces() -> bool {
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
        if output.status.code() == Some(2) && said.contains("no figures for") && said.contains("the generator") {
            eprintln!("{said}");
            continue;
        }
        assert!(output.status.success(), "{said}");
        let report: Value = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
        return Some(report["figures"].clone());
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

#[test]
fn in_a_lecture_one_is_seen_by_everybody_else_and_nobody_else_sends() {
    if cannot_run() {
        return;
    }
    let lecture = ["load", "--shape", "lecture", "--layers", "1", "--people", "9", "--rooms", "1"];
    let Some(report) = run(&[&lecture[..], &["--seconds", "3", "--warm-up-seconds", "2"]].concat()) else { return };
    let load = &report["loads"][0];
    let figure = |name: &str| load[name].as_f64().unwrap();
    assert_eq!(
        (figure("visible_pairs"), figure("audible_pairs"), figure("expected_pairs")),
        (8.0, 0.0, 8.0),
        "{load:#}"
    );
    // Thirty frames of four packets a second.
    assert!((118.0..122.0).contains(&figure("ingress_per_s")), "{load:#}");
    assert!((8.0 * 118.0..8.0 * 122.0).contains(&figure("forwarded_per_s")), "{load:#}");
    assert_eq!(figure("video_loss_permille"), 0.0, "{load:#}");
}

#[test]
fn a_load_that_is_told_to_end_leaves_no_namespace() {
    if cannot_run() {
        return;
    }
    let mut load = Command::new(env!("CARGO_BIN_EXE_kenes-bench")).args(["load", "--rooms", "1"]).spawn().unwrap();
    let namespace = format!("kenes-bench-{}", load.id());
    let exists = || {
        let list = Command::new("ip").args(["netns", "list"]).output().unwrap().stdout;
        String::from_utf8_lossy(&list).contains(&namespace)
    };
    while !exists() {
        assert!(load.try_wait().unwrap().is_none(), "ended before it made its namespace");
        std::thread::sleep(Duration::from_millis(20));
    }
    Command::new("kill").arg(load.id().to_string()).status().unwrap();
    assert!(!load.wait().unwrap().success());
    assert!(!exists());
}

/// A live round through another server, where it is installed (`kenes-bench peers --install …`): CI has the golden files instead.
fn carries_media(sfu: &str, arguments: &[&str]) {
    if has_no_namespaces() || !installed(sfu) {
        return;
    }
    let server = if arguments.is_empty() { sfu } else { "whip" };
    let load = ["load", "--sfu", server, "--layers", "1", "--rooms", "2", "--people", "3"];
    let window = ["--seconds", "2", "--warm-up-seconds", "2"];
    let Some(report) = run(&[&load[..], &window, arguments].concat()) else { return };
    let load = &report["loads"][0];
    assert_eq!(
        (&load["visible_pairs"], &load["audible_pairs"]),
        (&load["expected_pairs"], &load["expected_pairs"]),
        "{load:#}"
    );
    assert_eq!((load["video_loss_permille"].as_f64(), load["unauthentic"].as_u64()), (Some(0.0), Some(0)), "{load:#}");
}

fn installed(sfu: &str) -> bool {
    let peers = Command::new(env!("CARGO_BIN_EXE_kenes-bench")).arg("peers").output().unwrap();
    let table = String::from_utf8_lossy(&peers.stdout).into_owned();
    let row = table.lines().find(|line| line.trim_start().starts_with(sfu)).unwrap();
    let installed = !row.contains("not installed");
    if !installed {
        eprintln!("SKIPPED: `kenes-bench peers --install {sfu}` has not been run");
    }
    installed
}

#[test]
fn janus_carries_everybody_to_everybody() {
    carries_media("janus", &[]);
}

#[test]
fn mediasoup_carries_everybody_to_everybody() {
    carries_media("mediasoup", &[]);
}

#[test]
fn webrtc_rs_carries_everybody_to_everybody() {
    carries_media("webrtc-rs", &[]);
}

#[test]
fn a_server_that_speaks_whip_and_whep_carries_everybody_to_everybody() {
    let cache = std::env::var("KENES_BENCH_CACHE").unwrap_or_else(|_| "$HOME/.cache/kenes-bench".to_owned());
    let folder = format!("{cache}/mediasoup-3.27.1");
    let server = format!(
        "env MEDIASOUP_WORKER_BIN={folder}/build/mediasoup-worker node {folder}/server.mjs {{address}} 4443 4444"
    );
    let urls = ["--whip-url", "http://{address}:4443/whip/{room}/{person}"];
    let watch = ["--whep-url", "http://{address}:4443/whep/{room}/{person}"];
    carries_media("mediasoup", &[&["--whip-command", &server][..], &urls, &watch].concat());
}
