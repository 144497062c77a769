//! Real datagrams through the emulator, between namespaces of the test's own. Needs root, TUN and `ip`; without them each test
//! says SKIPPED and passes.

#![cfg(test)]

use kenes_link::emulator::{Carried, Directions, Emulator, End, Ends, Namespaces};
use nix::sched::{CloneFlags, setns};
use std::fs::File;
use std::net::UdpSocket;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::channel;
use std::thread::spawn;
use std::time::{Duration, Instant};

const DATAGRAMS: u16 = 40;
/// The emulator outlives the questions and answers of a test, and is then asked what it carried.
const LASTS: Duration = Duration::from_secs(3);

/// Sends [`DATAGRAMS`] from the left over what a perfect link was changed to, `uplink` and `downlink`, to an echo on the right; the round trips of those that came
/// back, and what the link says.
fn echoes(name: &str, number: u8, uplink: &str, downlink: &str) -> Option<(Vec<Duration>, Carried)> {
    let root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    if !root || !Path::new("/dev/net/tun").exists() || Command::new("ip").arg("netns").output().is_err() {
        eprintln!("SKIPPED: needs root, /dev/net/tun and iproute2");
        return None;
    }
    let end = |side: &str| format!("kenes-{name}-{side}-{}", std::process::id());
    let ends = Ends { left: end("l"), right: end("r"), number };
    let namespaces = Namespaces::ensure(&ends).unwrap();
    let directions = Directions { uplink: uplink.parse().unwrap(), downlink: downlink.parse().unwrap() };
    let mut emulator = Emulator::between(&ends, Directions::default(), 5).unwrap();
    let (sender, changes) = channel();
    sender.send(directions).unwrap();
    let Ok(End::Changed(directions)) = emulator.run(Some(LASTS), None, &changes) else { panic!("no change") };
    emulator.change(*directions);
    let (address, right, left) = (ends.address_of(&ends.right), ends.right.clone(), ends.left.clone());
    let echo = spawn(move || echo(&socket_in(&right)));
    let asker = spawn(move || ask(&socket_in(&left), &address));
    emulator.run(Some(LASTS), None, &changes).unwrap();
    let (round_trips, carried) = (asker.join().unwrap(), emulator.carried());
    echo.join().unwrap();
    drop(namespaces);
    assert!(!Path::new("/run/netns").join(&ends.left).exists(), "what was made is removed");
    Some((round_trips, carried))
}

/// Until nothing comes any more.
fn echo(socket: &UdpSocket) {
    let mut datagram = [0; 1_500];
    while let Ok((len, from)) = socket.recv_from(&mut datagram) {
        socket.send_to(&datagram[..len], from).unwrap();
    }
}

/// One after the other, each 20 ms; a late one is still counted while others are awaited.
fn ask(socket: &UdpSocket, address: &str) -> Vec<Duration> {
    let mut round_trips = Vec::new();
    let started = now();
    let sent_at = |number: u16| started + Duration::from_millis(20) * u32::from(number);
    let mut answer = [0; 2];
    for number in 0..DATAGRAMS {
        socket.send_to(&number.to_be_bytes(), (address, 7_000)).unwrap();
        let next = sent_at(number + 1);
        loop {
            let left = next.saturating_duration_since(now());
            socket.set_read_timeout(Some(left.max(Duration::from_millis(1)))).unwrap();
            if socket.recv(&mut answer).is_ok() {
                round_trips.push(sent_at(u16::from_be_bytes(answer)).elapsed());
            }
            if now() >= next {
                break;
            }
        }
    }
    socket.set_read_timeout(Some(Duration::from_millis(400))).unwrap();
    while socket.recv(&mut answer).is_ok() {
        round_trips.push(sent_at(u16::from_be_bytes(answer)).elapsed());
    }
    round_trips
}

fn socket_in(namespace: &str) -> UdpSocket {
    let file = File::open(Path::new("/run/netns").join(namespace)).unwrap();
    setns(file, CloneFlags::CLONE_NEWNET).unwrap();
    let socket = UdpSocket::bind("0.0.0.0:7000").unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(1_000))).unwrap();
    socket
}

#[expect(clippy::disallowed_methods, reason = "real packets over real time")]
fn now() -> Instant {
    Instant::now()
}

#[test]
fn a_datagram_there_and_back_takes_both_delays() {
    let Some((round_trips, carried)) = echoes("delay", 211, "delay=40ms", "delay=60ms") else { return };
    assert_eq!(round_trips.len(), usize::from(DATAGRAMS));
    let (least, most) = (round_trips.iter().min().unwrap(), round_trips.iter().max().unwrap());
    assert!(*least >= Duration::from_millis(100) && *most < Duration::from_millis(250), "{least:?} {most:?}");
    assert!(carried.uplink.delivered >= u64::from(DATAGRAMS), "{carried:?}");
}

#[test]
fn what_the_link_loses_does_not_come_and_is_counted() {
    let Some((round_trips, carried)) = echoes("loss", 212, "loss=50%", "") else { return };
    assert!((8..32).contains(&round_trips.len()), "{}", round_trips.len());
    assert!(carried.uplink.lost >= 8 && carried.downlink.lost == 0, "{carried:?}");
}

#[test]
fn a_wrong_link_is_refused_before_anything_is_made() {
    let output = Command::new(env!("CARGO_BIN_EXE_kenes-link")).args(["--uplink", "rate=fast"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("`fast` is no rate, as in 300k"), "{said}");
}

#[test]
fn a_command_on_the_left_ends_the_link_with_its_own_code() {
    let names = |side: &str| format!("kenes-command-{side}-{}", std::process::id());
    let mut link = Command::new(env!("CARGO_BIN_EXE_kenes-link"));
    link.args(["--left", &names("l"), "--right", &names("r"), "--number", "213", "--", "sh", "-c", "exit 7"]);
    let output = link.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("is this root?") || said.contains("`ip`") {
        eprintln!("SKIPPED: needs root, /dev/net/tun and iproute2");
        return;
    }
    assert_eq!(output.status.code(), Some(7), "{said}");
}
