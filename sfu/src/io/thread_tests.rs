//! A whole shard thread around a made-up core, over loopback: what goes in comes out, nothing starves, nothing is silent.

use super::*;
use crate::event::CloseReason;
use crate::ids::{Mid, PeerKey, TrackKey};
use crate::transport::dtls::DtlsIdentity;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::sync::mpsc::{Receiver as Inbox, SyncSender, sync_channel};

const MODES: [IoMode; 2] = [IoMode::Batched, IoMode::Portable];
const PATIENCE: Duration = Duration::from_secs(10);

/// Echoes datagrams; answers `ClosePeer` with an event and, to whoever wrote last, a datagram; `Tick`s on time.
#[derive(Default)]
struct Echo {
    last_from: Option<SocketAddr>,
    last_heard: Option<Instant>,
    ticks: Option<(Duration, Instant)>,
    events: Vec<Event>,
    counters: Counters,
    /// What a datagram takes.
    slowness: Duration,
    /// The longest wait that the thread has told of.
    behind: Duration,
    /// Pieces of work that are due, each of a millisecond.
    work: u8,
}

const POISON: &[u8] = b"poison";
const WORK_LEFT: &[u8] = b"how much work is left?";

impl Echo {
    fn ticking(every: Duration) -> Self {
        Self { ticks: Some((every, now() + every)), ..Self::default() }
    }

    fn say(&self, payload: &[u8], batch: &mut SendBatch) {
        if let (Some(to), Some(room)) = (self.last_from, batch.reserve(payload.len())) {
            room.copy_from_slice(payload);
            batch.commit(to, 0, payload.len());
        }
    }
}

impl Core for Echo {
    fn expect(&mut self, _datagram: Option<(SocketAddr, &[u8])>) {}

    fn handle_datagram(&mut self, now: Instant, from: SocketAddr, datagram: &mut [u8], batch: &mut SendBatch) {
        assert!(datagram != POISON, "the test asked for a panic");
        self.counters.rtp_received_packets += 1;
        std::thread::sleep(self.slowness);
        (self.last_from, self.last_heard) = (Some(from), Some(now));
        self.say(if datagram == WORK_LEFT { std::slice::from_ref(&self.work) } else { datagram }, batch);
    }

    fn handle_command(&mut self, _now: Instant, command: Command, batch: &mut SendBatch) {
        if let Command::SetForwarding { .. } = command {
            self.work = u8::MAX;
        }
        let Command::ClosePeer { peer } = command else { return };
        self.say(b"closed", batch);
        self.events.push(Event::PeerClosed { peer, reason: CloseReason::ClosedByPeer });
    }

    fn handle_timeout(&mut self, now: Instant, batch: &mut SendBatch) {
        if let Some(left) = self.work.checked_sub(1) {
            self.work = left;
            return std::thread::sleep(Duration::from_millis(1));
        }
        if let Some((every, next)) = &mut self.ticks {
            *next = now + *every;
        }
        self.say(b"tick", batch);
    }

    fn next_timeout(&self) -> Option<Instant> {
        if self.work > 0 { self.last_heard } else { self.ticks.map(|(_, next)| next) }
    }

    fn handle_load(&mut self, _now: Instant, load: &Load) {
        self.behind = self.behind.max(load.behind);
        self.counters.overload_level = u64::try_from(self.behind.as_millis()).unwrap();
    }

    fn poll_event(&mut self) -> Option<Event> {
        (!self.events.is_empty()).then(|| self.events.remove(0))
    }

    fn counters(&self) -> &Counters {
        &self.counters
    }
}

fn start(core: Echo, mode: IoMode, messages: usize) -> (RunningShard, Inbox<ShardMessage>) {
    let (sender, inbox): (SyncSender<ShardMessage>, _) = sync_channel(messages);
    let settings = ThreadSettings { index: 0, listen: "127.0.0.1:0".parse().unwrap(), pin_to: Some(0), mode };
    let shard = spawn(settings, core, move |message| sender.try_send(message).is_ok()).unwrap();
    (shard, inbox)
}

fn peer_of(shard: &RunningShard) -> UdpSocket {
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    peer.connect(shard.local_addr).unwrap();
    peer.set_read_timeout(Some(PATIENCE)).unwrap();
    peer
}

fn heard(peer: &UdpSocket) -> Vec<u8> {
    let mut buffer = [0; 2_000];
    let len = peer.recv(&mut buffer).unwrap();
    buffer[..len].to_vec()
}

fn close(peer: u64) -> Command {
    Command::ClosePeer { peer: PeerKey(peer) }
}

/// The last snapshot that the shard has published.
fn last_snapshot(inbox: &Inbox<ShardMessage>) -> Snapshot {
    let snapshots = inbox.try_iter().filter_map(|message| match message {
        ShardMessage::Counters(snapshot) => Some(*snapshot),
        ShardMessage::Event(_) => None,
    });
    snapshots.last().unwrap()
}

#[test]
fn a_datagram_is_answered_and_counted() {
    for mode in MODES {
        let (shard, inbox) = start(Echo::default(), mode, 16);
        let peer = peer_of(&shard);
        for round in 0..100_u8 {
            peer.send(&[round; 700]).unwrap();
            assert_eq!(heard(&peer), [round; 700]);
        }
        shard.shutdown().unwrap();
        let snapshot = last_snapshot(&inbox);
        assert_eq!(snapshot.shard.rtp_received_packets, 100);
        assert_eq!((snapshot.io.receive.datagrams, snapshot.io.send.datagrams), (100, 100), "{mode:?}");
        assert_eq!(snapshot.io.forward_latency.buckets().map(|(_, count)| count).sum::<u64>(), 100);
        assert!(!snapshot.io.busy.is_zero() && !snapshot.io.idle.is_zero());
    }
}

#[test]
fn a_command_wakes_a_sleeping_shard_and_its_event_comes_back() {
    for mode in MODES {
        let (shard, inbox) = start(Echo::default(), mode, 16);
        let peer = peer_of(&shard);
        peer.send(b"hello").unwrap();
        assert_eq!(heard(&peer), b"hello");
        std::thread::sleep(Duration::from_millis(30));
        let asked = now();
        shard.handle.send(close(7)).unwrap();
        assert_eq!(heard(&peer), b"closed");
        assert!(asked.elapsed() < Duration::from_millis(500), "{mode:?}: not woken, found by the once-a-second turn");
        let message = inbox.recv_timeout(PATIENCE).unwrap();
        assert!(matches!(message, ShardMessage::Event(Event::PeerClosed { peer: PeerKey(7), .. })), "{mode:?}");
        shard.shutdown().unwrap();
    }
}

#[test]
fn deadlines_are_kept_in_silence_and_in_a_flood() {
    for mode in MODES {
        let (shard, _inbox) = start(Echo::ticking(Duration::from_millis(20)), mode, 16);
        let peer = peer_of(&shard);
        peer.send(b"quiet").unwrap();
        assert_eq!([heard(&peer), heard(&peer), heard(&peer)], [&b"quiet"[..], b"tick", b"tick"], "{mode:?}");
        let flooder = peer_of(&shard);
        let mut ticks = 0;
        let until = now() + PATIENCE;
        flooder.set_nonblocking(true).unwrap();
        let mut buffer = [0; 64];
        while ticks < 5 && now() < until {
            for _ in 0..32 {
                let _ = flooder.send(b"flood");
            }
            while let Ok(len) = flooder.recv(&mut buffer) {
                ticks += usize::from(&buffer[..len] == b"tick");
            }
        }
        assert_eq!(ticks, 5, "{mode:?}");
        shard.shutdown().unwrap();
    }
}

#[test]
fn work_that_is_left_due_lets_datagrams_through_and_is_done_without_a_sleep() {
    for mode in MODES {
        let (shard, _inbox) = start(Echo::default(), mode, 16);
        let peer = peer_of(&shard);
        peer.send(b"hello").unwrap();
        assert_eq!(heard(&peer), b"hello");
        let track = TrackKey { peer: PeerKey(1), mid: Mid::new("0").unwrap() };
        shard.handle.send(Command::SetForwarding { track, forwarding: true }).unwrap();
        let mut left = Vec::new();
        while !left.iter().any(|left| *left > 0) || left.last() > Some(&0) {
            peer.send(WORK_LEFT).unwrap();
            left.push(heard(&peer)[0]);
            // The work goes on meanwhile: a sleep between its pieces would be of a second.
            std::thread::sleep(Duration::from_millis(5));
            assert!(left.len() < 1_000, "{mode:?}: the work is not done");
        }
        assert!(left.iter().filter(|left| (1..u8::MAX).contains(*left)).count() >= 3, "{mode:?}: {left:?}");
        shard.shutdown().unwrap();
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_thread_that_time_alone_wakes_does_not_read_the_socket() {
    let (shard, inbox) = start(Echo::ticking(Duration::from_millis(5)), IoMode::Batched, 16);
    std::thread::sleep(Duration::from_millis(500));
    shard.shutdown().unwrap();
    let io = last_snapshot(&inbox).io;
    assert!(io.turns >= 10 && io.receive.calls <= io.turns / 4, "{} reads in {} turns", io.receive.calls, io.turns);
}

#[test]
fn a_core_that_cannot_keep_up_hears_how_far_it_is_behind_and_one_that_can_hears_nothing() {
    let behind_ms = |slowness| {
        let (shard, inbox) = start(Echo { slowness, ..Echo::default() }, IoMode::Batched, 64);
        let peer = peer_of(&shard);
        for _ in 0..30 {
            (0..40).for_each(|_| drop(peer.send(b"one of many")));
            std::thread::sleep(Duration::from_millis(10));
        }
        std::thread::sleep(Duration::from_millis(100));
        shard.shutdown().unwrap();
        last_snapshot(&inbox).shard.overload_level
    };
    assert!(behind_ms(Duration::from_micros(500)) >= 100, "1,200 datagrams came in 300 ms and take twice as long");
    assert!(behind_ms(Duration::ZERO) < 100);
}

#[test]
fn the_turns_show_whether_the_shard_stands_still() {
    let (shard, _inbox) = start(Echo { slowness: Duration::from_secs(3), ..Echo::default() }, IoMode::Batched, 16);
    let turned_within = |patience: Duration| {
        let (before, until) = (shard.handle.turns(), now() + patience);
        while shard.handle.turns() == before && now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        shard.handle.turns() > before
    };
    assert!(turned_within(PATIENCE), "at least once a second, though nothing happens");
    let peer = peer_of(&shard);
    peer.send(b"this takes three seconds").unwrap();
    std::thread::sleep(Duration::from_millis(100));
    assert!(!turned_within(Duration::from_secs(1)));
    assert_eq!(heard(&peer), b"this takes three seconds");
    assert!(turned_within(PATIENCE));
    shard.shutdown().unwrap();
}

#[test]
fn counters_come_once_a_second() {
    let (shard, inbox) = start(Echo::default(), IoMode::Batched, 16);
    for _ in 0..2 {
        let message = inbox.recv_timeout(PATIENCE).unwrap();
        assert!(matches!(message, ShardMessage::Counters(_)));
    }
    shard.shutdown().unwrap();
}

#[test]
fn shutdown_takes_the_queued_commands_first() {
    let (shard, inbox) = start(Echo::default(), IoMode::Batched, 2_048);
    for peer in 0..500 {
        shard.handle.send(close(peer)).unwrap();
    }
    let handle = shard.handle.clone();
    shard.shutdown().unwrap();
    let events = inbox.try_iter().filter(|message| matches!(message, ShardMessage::Event(_))).count();
    assert_eq!(events, 500);
    assert!(!handle.is_alive());
}

#[test]
fn a_control_plane_that_does_not_listen_costs_messages_only() {
    let (shard, inbox) = start(Echo::default(), IoMode::Batched, 3);
    let peer = peer_of(&shard);
    for event in 0..50 {
        shard.handle.send(close(event)).unwrap();
    }
    // Each answer but the first can only come after the turn of the one before, and such a turn takes 16 commands.
    for _ in 0..6 {
        peer.send(b"still here").unwrap();
        while heard(&peer) != b"still here" {}
    }
    assert_eq!(inbox.try_iter().count(), 3);
    shard.shutdown().unwrap();
    assert_eq!(last_snapshot(&inbox).io.messages_dropped, 47);
}

#[test]
fn a_panic_in_the_shard_is_seen() {
    let (shard, _inbox) = start(Echo::default(), IoMode::Batched, 16);
    let handle = shard.handle.clone();
    peer_of(&shard).send(POISON).unwrap();
    let until = now() + PATIENCE;
    while handle.is_alive() && now() < until {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(!handle.is_alive());
    assert!(handle.send(close(1)).is_err());
    assert!(matches!(shard.shutdown(), Err(ShardFailed::Panicked)));
}

#[test]
fn each_shard_has_its_own_port() {
    let (first, _one) = start(Echo::default(), IoMode::Batched, 16);
    let (second, _two) = start(Echo::default(), IoMode::Batched, 16);
    assert_ne!(first.local_addr, second.local_addr);
    let settings = ThreadSettings { index: 2, listen: first.local_addr, pin_to: None, mode: IoMode::Batched };
    assert!(spawn(settings, Echo::default(), |_| true).is_err(), "a port is never shared");
    first.shutdown().unwrap();
    second.shutdown().unwrap();
}

#[test]
fn ten_thousand_garbage_datagrams_are_dropped_and_counted() {
    for mode in MODES {
        let (sender, inbox) = sync_channel(64);
        let settings = ThreadSettings { index: 0, listen: "127.0.0.1:0".parse().unwrap(), pin_to: None, mode };
        let config = ShardConfig { identity: DtlsIdentity::generate().unwrap(), seed: 1 };
        let shard = spawn_shard(settings, config, move |message| sender.try_send(message).is_ok()).unwrap();
        let peer = peer_of(&shard);
        let mut random = StdRng::seed_from_u64(7);
        let mut garbage = [0; 1_400];
        for number in 0..10_000_u32 {
            random.fill_bytes(&mut garbage);
            // Every first byte in turn, so that each protocol of RFC 7983 gets its share.
            garbage[0] = number.to_be_bytes()[3];
            peer.send(&garbage[..1 + usize::try_from(number).unwrap() % 1_399]).unwrap();
        }
        assert!(shard.handle.is_alive());
        shard.shutdown().unwrap();
        let snapshot = last_snapshot(&inbox);
        let dropped = &snapshot.shard.dropped;
        assert!(snapshot.io.receive.datagrams > 1_000, "{mode:?}: {:?}", snapshot.io.receive);
        assert_eq!(
            dropped.unclassified + dropped.unknown_address + dropped.stun_invalid,
            snapshot.io.receive.datagrams,
            "{mode:?}"
        );
        assert_eq!(snapshot.io.send.datagrams, 0, "{mode:?}: nobody is answered");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_burst_larger_than_the_batch_is_answered_whole() {
    let (shard, inbox) = start(Echo::default(), IoMode::Batched, 16);
    let peer = peer_of(&shard);
    let to = shard.local_addr;
    let socket = socket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let mut sender = Sender::new(socket, IoMode::Batched, 1_900).unwrap();
    // Small enough for the receive queue of an untuned system.
    let mut burst = SendBatch::with_capacity(1_900 * 100, 1_900);
    for _ in 0..1_900 {
        burst.reserve(100).unwrap().fill(7);
        burst.commit(to, 0, 100);
    }
    sender.send_batch(&burst);
    peer.send(b"after the burst").unwrap();
    assert_eq!(heard(&peer), b"after the burst");
    shard.shutdown().unwrap();
    let io = last_snapshot(&inbox).io;
    assert_eq!(io.send.datagrams + io.send.buffer_full, io.receive.datagrams);
    assert_eq!(io.receive.datagrams, 1_901);
}
