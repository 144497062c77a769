//! The control plane's way into a shard: a bounded queue of commands and the wake-up that goes with it.
//!
//! Owns what both sides share: whether to stop, whether the thread lives, and its turns. Sending never waits.

use super::waker::Waker;
use crate::command::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Commands on their way to one shard: several for every participant of a storm of 100 joins.
pub const COMMAND_QUEUE: usize = 1_024;

/// Sends commands to one shard, from any thread.
#[derive(Clone)]
pub struct ShardHandle {
    commands: SyncSender<Command>,
    link: Arc<Link>,
}

/// The command was not taken: the queue is full, or the shard has ended ([`ShardHandle::is_alive`] tells which).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the shard takes no commands now")]
pub struct ShardBusy;

impl ShardHandle {
    /// Queues the command and wakes the shard; never waits.
    pub fn send(&self, command: Command) -> Result<(), ShardBusy> {
        self.commands.try_send(command).map_err(|_| ShardBusy)?;
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

/// The shard thread's end. Dropping it, in a panic too, says that the shard lives no more.
pub(super) struct CommandQueue {
    commands: Receiver<Command>,
    link: Arc<Link>,
}

struct Link {
    waker: Waker,
    stop: AtomicBool,
    alive: AtomicBool,
    turns: AtomicU64,
}

pub(super) fn command_queue(waker: Waker) -> (ShardHandle, CommandQueue) {
    let (sender, commands) = sync_channel(COMMAND_QUEUE);
    let (stop, alive, turns) = (AtomicBool::new(false), AtomicBool::new(true), AtomicU64::new(0));
    let link = Arc::new(Link { waker, stop, alive, turns });
    (ShardHandle { commands: sender, link: Arc::clone(&link) }, CommandQueue { commands, link })
}

impl CommandQueue {
    pub(super) fn next(&self) -> Option<Command> {
        self.commands.try_recv().ok()
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
    use crate::ids::PeerKey;
    use crate::io::{IoMode, socket, waker};

    fn queue() -> (ShardHandle, CommandQueue) {
        let socket = socket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        command_queue(waker::wake_up(socket, IoMode::Batched).unwrap().0)
    }

    fn close(peer: u64) -> Command {
        Command::ClosePeer { peer: PeerKey(peer) }
    }

    #[test]
    fn a_full_queue_refuses_and_takes_again_when_there_is_room() {
        let (handle, queue) = queue();
        for peer in 0..u64::try_from(COMMAND_QUEUE).unwrap() {
            assert_eq!(handle.send(close(peer)), Ok(()));
        }
        assert_eq!(handle.send(close(0)), Err(ShardBusy));
        assert!(matches!(queue.next(), Some(Command::ClosePeer { peer: PeerKey(0) })));
        assert_eq!(handle.send(close(0)), Ok(()));
    }

    #[test]
    fn a_full_queue_can_be_stopped() {
        let (handle, queue) = queue();
        while handle.send(close(1)).is_ok() {}
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
