//! The control plane's way into a shard: a bounded queue of commands and the wake-up that goes with it.
//!
//! Owns what both sides share: the queue, whether to stop, whether the thread lives, and its turns. Sending never waits for the
//! shard, and the shard never for a sender. What begins something (a peer, a restart) is refused by a full queue, and whoever asked
//! hears of it. What says how something is from now on (a slot, a mute, an end) is never refused, since nobody would say it again:
//! a lost binding is a person without a picture. In a full queue it takes the place of what it overtakes, so that there are at
//! most as many of them as there are slots, tracks and peers.

use super::waker::Waker;
use crate::command::Command;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

/// Commands on their way to one shard: several for every participant of a storm of 100 joins.
pub const COMMAND_QUEUE: usize = 1_024;

/// Sends commands to one shard, from any thread.
#[derive(Clone)]
pub struct ShardHandle {
    link: Arc<Link>,
}

/// The command was not taken: it begins something and the queue is full, or the shard has ended ([`ShardHandle::is_alive`] tells
/// which).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the shard takes no commands now")]
pub struct ShardBusy;

impl ShardHandle {
    /// Queues the command and wakes the shard; never waits.
    pub fn send(&self, command: Command) -> Result<(), ShardBusy> {
        {
            let mut waiting = self.link.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if !self.is_alive() {
                return Err(ShardBusy);
            }
            if waiting.len() >= COMMAND_QUEUE {
                if begins_something(&command) {
                    return Err(ShardBusy);
                }
                waiting.retain(|earlier| !overtakes(&command, earlier));
            }
            waiting.push_back(command);
        }
        // Behind the lock, which the shard does not wait for.
        self.link.waker.wake();
        Ok(())
    }

    /// False once the shard's thread has ended, in peace or by a panic.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.link.alive.load(Ordering::Acquire)
    }

    /// Turns of the shard's loop so far: at least one a second, unless something holds it up.
    #[must_use]
    pub fn turns(&self) -> u64 {
        self.link.turns.load(Ordering::Relaxed)
    }

    /// Lets the thread finish what is queued and end. Not a command, so that a full queue cannot refuse it.
    pub(super) fn stop(&self) {
        self.link.stop.store(true, Ordering::Release);
        self.link.waker.wake();
    }
}

fn begins_something(command: &Command) -> bool {
    matches!(command, Command::OpenPeer { .. } | Command::RestartIce { .. })
}

/// The later of two commands leaves nothing of what the earlier one would have done.
fn overtakes(later: &Command, earlier: &Command) -> bool {
    use Command::{BindAudio, BindVideo, ClosePeer, SetForwarding};
    match (later, earlier) {
        (BindAudio { subscriber, mid, .. }, BindAudio { subscriber: other, mid: slot, .. })
        | (BindVideo { subscriber, mid, .. }, BindVideo { subscriber: other, mid: slot, .. }) => {
            (subscriber, mid) == (other, slot)
        }
        (SetForwarding { track, .. }, SetForwarding { track: other, .. }) => track == other,
        (ClosePeer { peer }, ClosePeer { peer: other }) => peer == other,
        _ => false,
    }
}

/// The shard thread's end. Dropping it, in a panic too, says that the shard lives no more.
pub(super) struct CommandQueue {
    link: Arc<Link>,
}

struct Link {
    waiting: Mutex<VecDeque<Command>>,
    waker: Waker,
    stop: AtomicBool,
    alive: AtomicBool,
    turns: AtomicU64,
}

pub(super) fn command_queue(waker: Waker) -> (ShardHandle, CommandQueue) {
    let waiting = Mutex::new(VecDeque::with_capacity(COMMAND_QUEUE));
    let (stop, alive, turns) = (AtomicBool::new(false), AtomicBool::new(true), AtomicU64::new(0));
    let link = Arc::new(Link { waiting, waker, stop, alive, turns });
    (ShardHandle { link: Arc::clone(&link) }, CommandQueue { link })
}

impl CommandQueue {
    /// Nothing, too, while somebody sends: who does so wakes the shard afterwards.
    pub(super) fn next(&self) -> Option<Command> {
        let waiting = &self.link.waiting;
        if self.is_stopping() {
            return waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        }
        match waiting.try_lock() {
            Ok(mut waiting) => waiting.pop_front(),
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner().pop_front(),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    pub(super) fn note_turn(&self) {
        self.link.turns.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.link.stop.load(Ordering::Acquire)
    }
}

impl Drop for CommandQueue {
    fn drop(&mut self) {
        self.link.alive.store(false, Ordering::Release);
        if std::thread::panicking() {
            tracing::error!("a shard's thread has panicked: its consultations are down");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::description::{DtlsParameters, Fingerprint, IceParameters, PeerDescription};
    use crate::ids::{Mid, PeerKey, TrackKey};
    use crate::io::{IoMode, socket, waker};

    fn queue() -> (ShardHandle, CommandQueue) {
        let socket = socket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        command_queue(waker::wake_up(socket, IoMode::Batched).unwrap().0)
    }

    fn close(peer: u64) -> Command {
        Command::ClosePeer { peer: PeerKey(peer) }
    }

    fn restart(peer: u64) -> Command {
        let nothing = String::new;
        let description = PeerDescription {
            ice: IceParameters {
                local_ufrag: nothing(),
                local_pwd: nothing(),
                remote_ufrag: nothing(),
                remote_pwd: nothing(),
            },
            dtls: DtlsParameters { remote_fingerprint: Fingerprint([0; 32]), local_is_client: false },
            sections: Vec::new(),
            cname: nothing(),
        };
        Command::RestartIce { peer: PeerKey(peer), description: Box::new(description) }
    }

    fn bind(slot: u64, publisher: u64) -> Command {
        let mid = Mid::new("1").unwrap();
        let track = Some(TrackKey { peer: PeerKey(publisher), mid });
        Command::BindVideo { subscriber: PeerKey(slot), mid, track, max_height: 720, priority: 3 }
    }

    fn publisher(command: &Command) -> Option<u64> {
        let Command::BindVideo { track, .. } = command else { return None };
        track.map(|track| track.peer.0)
    }

    #[test]
    fn a_full_queue_refuses_what_begins_something_and_takes_it_again_when_there_is_room() {
        let (handle, queue) = queue();
        for peer in 0..u64::try_from(COMMAND_QUEUE).unwrap() {
            assert_eq!(handle.send(close(peer)), Ok(()));
        }
        assert_eq!(handle.send(restart(0)), Err(ShardBusy));
        assert!(matches!(queue.next(), Some(Command::ClosePeer { peer: PeerKey(0) })));
        assert_eq!(handle.send(restart(0)), Ok(()));
    }

    #[test]
    fn no_binding_is_lost_to_a_full_queue_and_the_last_one_of_a_slot_counts() {
        let (handle, queue) = queue();
        let slots = 2 * u64::try_from(COMMAND_QUEUE).unwrap();
        for round in 0..3 {
            for slot in 0..slots {
                assert_eq!(handle.send(bind(slot, 10 * slot + round)), Ok(()));
            }
        }
        let taken: Vec<u64> = std::iter::from_fn(|| queue.next()).filter_map(|command| publisher(&command)).collect();
        assert_eq!(taken, (0..slots).map(|slot| 10 * slot + 2).collect::<Vec<_>>());
    }

    #[test]
    fn a_binding_stays_behind_the_peer_that_it_names() {
        let (handle, queue) = queue();
        handle.send(bind(7, 1)).unwrap();
        handle.send(restart(2)).unwrap();
        while queue.link.waiting.lock().unwrap().len() < COMMAND_QUEUE {
            let peer = u64::try_from(queue.link.waiting.lock().unwrap().len()).unwrap();
            handle.send(close(100 + peer)).unwrap();
        }
        handle.send(bind(7, 2)).unwrap();
        let taken: Vec<Command> = std::iter::from_fn(|| queue.next()).collect();
        assert!(matches!(taken.first(), Some(Command::RestartIce { .. })));
        assert_eq!(taken.iter().filter_map(publisher).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn a_shard_does_not_wait_for_a_sender_unless_it_ends() {
        let (handle, queue) = queue();
        handle.send(close(1)).unwrap();
        let sending = handle.link.waiting.lock().unwrap();
        assert!(queue.next().is_none());
        drop(sending);
        assert!(queue.next().is_some());
    }

    #[test]
    fn a_full_queue_can_be_stopped() {
        let (handle, queue) = queue();
        while handle.send(restart(1)).is_ok() {}
        handle.stop();
        assert!(queue.is_stopping());
    }

    #[test]
    fn after_the_shard_has_ended_nothing_is_taken() {
        let (handle, queue) = queue();
        assert!(handle.is_alive());
        drop(queue);
        assert!(!handle.is_alive());
        assert_eq!(handle.send(close(1)), Err(ShardBusy));
    }
}
