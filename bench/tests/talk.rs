//! A talk through the `kenes` binary on loopback, undisturbed and under fire.
//!
//! Builds nothing: the binary is `KENES_BIN`, or `kenes` beside this test (`cargo build -p kenes` with the same profile).

#![cfg(test)]

use kenes_bench::talk::{self, Options, TalkReport};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// Datagrams that a running consultation must not notice.
const GARBAGE: usize = 10_000;

struct Kenes {
    process: Child,
    nurse: String,
    specialist: String,
    patient: String,
    /// Held open, so that the server may write on.
    _stdout: BufReader<ChildStdout>,
    /// Gone with the test.
    _folder: TempDir,
}

impl Kenes {
    /// `None`, and a word about it, where the binary is not built.
    fn start() -> Option<Self> {
        let binary = binary();
        if !binary.is_file() {
            eprintln!("SKIPPED: no {}; run `cargo build -p kenes` or set KENES_BIN", binary.display());
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let mut process = Command::new(&binary)
            .env("KENES_STORAGE_DATA_FOLDER", folder.path())
            .env("KENES_HTTP_LISTEN", "127.0.0.1:0")
            .env("KENES_HTTPS_LISTEN", "")
            .env("KENES_MEDIA_LISTEN", "127.0.0.1:0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not start: {error}", binary.display()));
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let mut announced = Vec::new();
        loop {
            let mut line = String::new();
            assert!(stdout.read_line(&mut line).unwrap() > 0, "the server ended before it was ready: {announced:?}");
            if line.trim() == "ready" {
                break;
            }
            announced.push(line);
        }
        let link = |role: &str| {
            let words = announced.iter().filter_map(|line| line.split_once(' '));
            let mut links = words.filter(|(first, _)| *first == role).map(|(_, link)| link.trim().to_owned());
            links.next().unwrap_or_else(|| panic!("no link for {role}: {announced:?}"))
        };
        let (nurse, specialist, patient) = (link("nurse"), link("specialist"), link("patient"));
        Some(Self { process, nurse, specialist, patient, _stdout: stdout, _folder: folder })
    }

    fn media_address(&self) -> SocketAddr {
        let listening = sockets_of(self.process.id());
        assert_eq!(listening.len(), 1, "one shard has one UDP socket: {listening:?}");
        listening[0]
    }

    /// What the media shards dropped, for whatever cause, by the server's own count.
    fn dropped_packets(&self) -> usize {
        let authority = self.nurse.trim_start_matches("http://").split('/').next().unwrap();
        let mut stream = std::net::TcpStream::connect(authority).unwrap();
        write!(stream, "GET /metrics HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n").unwrap();
        let mut metrics = String::new();
        stream.read_to_string(&mut metrics).unwrap();
        let counts = metrics.lines().filter(|line| line.starts_with("kenes_media_dropped_packets_total{"));
        counts.filter_map(|line| line.rsplit_once(' ')?.1.parse::<usize>().ok()).sum()
    }
}

impl Drop for Kenes {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn binary() -> PathBuf {
    let beside = || {
        let test = std::env::current_exe().unwrap();
        test.ancestors().nth(2).unwrap().join("kenes")
    };
    std::env::var_os("KENES_BIN").map_or_else(beside, PathBuf::from)
}

/// UDP sockets of a process, from /proc: its inodes, and what the kernel says of those.
fn sockets_of(process: u32) -> Vec<SocketAddr> {
    let descriptors = std::fs::read_dir(format!("/proc/{process}/fd")).unwrap();
    let inodes: Vec<String> = descriptors
        .filter_map(|descriptor| std::fs::read_link(descriptor.ok()?.path()).ok())
        .filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    let table = std::fs::read_to_string(format!("/proc/{process}/net/udp")).unwrap();
    let sockets = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    let ours = sockets.filter(|columns| inodes.iter().any(|inode| columns[9] == inode));
    ours.map(|columns| {
        let port = columns[1].split_once(':').unwrap().1;
        SocketAddr::from(([127, 0, 0, 1], u16::from_str_radix(port, 16).unwrap()))
    })
    .collect()
}

async fn talk(link: &str, link2: &str, seconds: f64) -> TalkReport {
    talk_at(link, link2, seconds, &[]).await
}

async fn talk_at(link: &str, link2: &str, seconds: f64, heights: &[u16]) -> TalkReport {
    let (link, link2, heights) = (link.to_owned(), link2.to_owned(), heights.to_vec());
    let options = Options { link, link2, seconds, heights, cacert: None, sdp: false };
    let report = talk::run(&options).await.unwrap_or_else(|error| panic!("no talk: {error:#}"));
    eprintln!("{}", report.render());
    report
}

#[track_caller]
fn assert_passed(report: &TalkReport) {
    for direction in &report.directions {
        assert!(direction.failures.is_empty(), "{} -> {}: {:?}", direction.from, direction.to, direction.failures);
        assert!(direction.audio.correlation >= 0.9 && direction.audio.decoded_s > 3.0, "{:?}", direction.audio);
        assert!(direction.video.frames_decoded >= 60 && direction.video.frames_damaged == 0, "{:?}", direction.video);
    }
    assert!(report.passed, "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nurse_and_specialist_hear_and_see_each_other_as_they_spoke_and_looked() {
    let Some(kenes) = Kenes::start() else { return };
    assert_passed(&talk(&kenes.nurse, &kenes.specialist, 5.0).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patient_is_admitted_from_the_waiting_room_and_then_heard_and_seen() {
    let Some(kenes) = Kenes::start() else { return };
    assert_passed(&talk(&kenes.nurse, &kenes.patient, 4.0).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_who_displays_less_gets_a_smaller_layer_without_a_seam() {
    let Some(kenes) = Kenes::start() else { return };
    let report = talk_at(&kenes.nurse, &kenes.specialist, 8.0, &[360, 90, 180, 360]).await;
    assert_passed(&report);
    assert!(report.directions.iter().all(|direction| direction.video.picture_id_jumps == 0), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_garbage_datagrams_leave_a_talk_untouched() {
    let Some(kenes) = Kenes::start() else { return };
    let media = kenes.media_address();
    let throwing = tokio::task::spawn_blocking(move || {
        std::thread::sleep(Duration::from_secs(2));
        throw_garbage(media)
    });
    let report = talk(&kenes.nurse, &kenes.specialist, 6.0).await;
    assert_eq!(throwing.await.unwrap(), GARBAGE);
    assert_passed(&report);
    let dropped = kenes.dropped_packets();
    assert!(dropped >= GARBAGE * 9 / 10, "the server counted {dropped} of {GARBAGE} (the kernel may drop some before)");
}

/// Noise, and datagrams that begin as STUN, DTLS, RTP and RTCP do (RFC 7983 §7) and go on as noise; over about three seconds.
fn throw_garbage(media: SocketAddr) -> usize {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut noise = Noise(0x9e37_79b9_7f4a_7c15);
    let mut sent = 0;
    for number in 0..GARBAGE {
        let mut datagram = noise.bytes();
        let start: &[u8] = match number % 6 {
            0 => &[],
            // A binding request whose length is a lie.
            1 => &[0, 1, 0, 0x60, 0x21, 0x12, 0xa4, 0x42],
            // A binding request whose first attribute is longer than the datagram.
            2 => &[0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 6, 0xff, 0xff],
            // A DTLS record of a handshake.
            3 => &[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff],
            // RTP with an extension block beyond its end.
            4 => &[0x90, 0xe0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xbe, 0xde, 0xff, 0xff],
            // A sender report that claims 65,535 words.
            _ => &[0x81, 200, 0xff, 0xff],
        };
        let length = start.len().min(datagram.len());
        datagram[..length].copy_from_slice(&start[..length]);
        sent += usize::from(socket.send_to(&datagram, media).is_ok());
        if number % 100 == 99 {
            std::thread::sleep(Duration::from_millis(30));
        }
    }
    sent
}

/// A xorshift generator: the same garbage every time.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn bytes(&mut self) -> Vec<u8> {
        let length = usize::try_from(self.next() % 1_400).unwrap();
        (0..length).map(|_| self.next().to_le_bytes()[3]).collect()
    }
}
