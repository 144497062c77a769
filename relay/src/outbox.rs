//! What waits for a TCP connection that is slower than its media, and what is given up then.
//!
//! On UDP a link that carries less than it is given loses packets, and that is how a sender learns of it. TCP would keep them instead, and
//! say them seconds late. So the kernel gets little at a time ([`crate::UNSENT_BYTES`]) and the rest waits here, where pictures are
//! given up once they are late, oldest first, and sound only when it is of no use any more. To the shard it is loss, and its estimator
//! takes it for what it is. Owns the queue and the bytes that are on their way; must not know what carries them.

use crate::routes::AudioTypes;
use std::collections::VecDeque;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::time::Instant;

/// A picture that has waited so long is on its way out: the next ones would wait behind it.
const PICTURE_WAITS: Duration = Duration::from_millis(200);
/// Sound, reports and handshakes wait longer: little of them is worth more than none, up to what a listener would call a gap.
const REST_WAITS: Duration = Duration::from_secs(1);
/// Room for a key frame's burst. Whatever comes on top takes the place of the oldest picture.
const MAX_QUEUED_BYTES: usize = 256 * 1024;
/// What is put together for one write: what was begun must be ended, so it is not much.
const WRITE_BYTES: usize = 4 * 1024;

/// What a datagram is to a listener who waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Picture,
    Rest,
}

impl Kind {
    /// RFC 7983 §7: RTP begins with 128..=191, RTCP with 192..=223 behind it (RFC 5761 §4). Its header is in the clear.
    fn of(datagram: &[u8], audio: AudioTypes) -> Self {
        match *datagram {
            [128..=191, 192..=223, ..] => Self::Rest,
            [128..=191, marked_type, ..] if !audio.contains(marked_type) => Self::Picture,
            _ => Self::Rest,
        }
    }

    fn waits(self) -> Duration {
        match self {
            Self::Picture => PICTURE_WAITS,
            Self::Rest => REST_WAITS,
        }
    }
}

struct Waiting {
    since: Instant,
    kind: Kind,
    message: Vec<u8>,
}

/// Datagrams given up, by what they were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dropped {
    pub(crate) pictures: u64,
    pub(crate) rest: u64,
}

impl Dropped {
    fn count(&mut self, kind: Kind) {
        match kind {
            Kind::Picture => self.pictures += 1,
            Kind::Rest => self.rest += 1,
        }
    }
}

#[derive(Default)]
pub(crate) struct Outbox {
    queue: VecDeque<Waiting>,
    queued_bytes: usize,
    /// Whole messages, of which `written` bytes are gone.
    wire: Vec<u8>,
    written: usize,
    /// A layer below (TLS) may hold bytes of what was written.
    unflushed: bool,
    dropped: Dropped,
}

impl Outbox {
    /// `message` is the datagram as it goes over TCP.
    pub(crate) fn push_datagram(&mut self, now: Instant, datagram: &[u8], audio: AudioTypes, message: Vec<u8>) {
        self.push(Waiting { since: now, kind: Kind::of(datagram, audio), message });
    }

    /// An answer of our own.
    pub(crate) fn push_answer(&mut self, now: Instant, message: Vec<u8>) {
        self.push(Waiting { since: now, kind: Kind::Rest, message });
    }

    fn push(&mut self, waiting: Waiting) {
        while self.queued_bytes + waiting.message.len() > MAX_QUEUED_BYTES {
            let oldest_picture = self.queue.iter().position(|queued| queued.kind == Kind::Picture);
            let Some(given_up) = self.queue.remove(oldest_picture.unwrap_or(0)) else { break };
            self.give_up(&given_up);
        }
        self.queued_bytes += waiting.message.len();
        self.queue.push_back(waiting);
    }

    fn give_up(&mut self, given_up: &Waiting) {
        self.queued_bytes -= given_up.message.len();
        self.dropped.count(given_up.kind);
    }

    pub(crate) fn has_work(&self) -> bool {
        self.unflushed || self.written < self.wire.len() || !self.queue.is_empty()
    }

    pub(crate) fn take_dropped(&mut self) -> Dropped {
        std::mem::take(&mut self.dropped)
    }

    /// One step: what a layer below holds first, so that it never holds more than one write. May be dropped while it waits.
    pub(crate) async fn write(&mut self, to: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        if self.unflushed {
            to.flush().await?;
            self.unflushed = false;
            return Ok(());
        }
        if self.written == self.wire.len() {
            self.refill(Instant::now());
        }
        let left = self.wire.get(self.written..).unwrap_or_default();
        if left.is_empty() {
            return Ok(());
        }
        match to.write(left).await? {
            0 => Err(io::ErrorKind::WriteZero.into()),
            count => {
                self.written += count;
                self.unflushed = true;
                Ok(())
            }
        }
    }

    /// Puts the next few together, without those that are late.
    fn refill(&mut self, now: Instant) {
        self.wire.clear();
        self.written = 0;
        while let Some(next) = self.queue.pop_front() {
            if now.duration_since(next.since) > next.kind.waits() {
                self.give_up(&next);
                continue;
            }
            if !self.wire.is_empty() && self.wire.len() + next.message.len() > WRITE_BYTES {
                self.queue.push_front(next);
                return;
            }
            self.queued_bytes -= next.message.len();
            self.wire.extend_from_slice(&next.message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPUS: u8 = 111;
    const VP8: u8 = 96;

    fn audio() -> AudioTypes {
        [OPUS].into_iter().collect()
    }

    /// A datagram of this payload type that carries `label`.
    fn rtp(payload_type: u8, label: u8) -> Vec<u8> {
        vec![0x80, payload_type, label]
    }

    fn push(outbox: &mut Outbox, datagram: Vec<u8>) {
        outbox.push_datagram(Instant::now(), &datagram.clone(), audio(), datagram);
    }

    async fn written(outbox: &mut Outbox) -> Vec<u8> {
        let mut to = Vec::new();
        while outbox.has_work() {
            outbox.write(&mut to).await.unwrap();
        }
        to
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_fast_connection_gets_is_everything_in_order() {
        let mut outbox = Outbox::default();
        for label in 0..200 {
            push(&mut outbox, rtp(if label % 3 == 0 { OPUS } else { VP8 }, label));
        }
        let labels: Vec<u8> = written(&mut outbox).await.chunks(3).map(|datagram| datagram[2]).collect();
        assert_eq!(labels, (0..200).collect::<Vec<_>>());
        assert_eq!(outbox.take_dropped(), Dropped::default());
    }

    #[tokio::test(start_paused = true)]
    async fn late_pictures_are_given_up_and_sound_and_reports_stay() {
        let mut outbox = Outbox::default();
        push(&mut outbox, rtp(VP8, 1));
        push(&mut outbox, rtp(OPUS, 2));
        push(&mut outbox, rtp(OPUS | 0x80, 3));
        push(&mut outbox, rtp(201, 4));
        tokio::time::advance(PICTURE_WAITS + Duration::from_millis(1)).await;
        push(&mut outbox, rtp(VP8, 5));
        let labels: Vec<u8> = written(&mut outbox).await.chunks(3).map(|datagram| datagram[2]).collect();
        assert_eq!(labels, [2, 3, 4, 5]);
        assert_eq!(outbox.take_dropped(), Dropped { pictures: 1, rest: 0 });
    }

    #[tokio::test(start_paused = true)]
    async fn sound_that_nobody_would_wait_for_is_given_up_too() {
        let mut outbox = Outbox::default();
        push(&mut outbox, rtp(OPUS, 1));
        tokio::time::advance(REST_WAITS + Duration::from_millis(1)).await;
        push(&mut outbox, rtp(OPUS, 2));
        assert_eq!(written(&mut outbox).await, rtp(OPUS, 2));
        assert_eq!(outbox.take_dropped(), Dropped { pictures: 0, rest: 1 });
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_queue_gives_up_the_oldest_picture_first() {
        let mut outbox = Outbox::default();
        push(&mut outbox, rtp(OPUS, 1));
        let picture = |label| [rtp(VP8, label), vec![0; 997]].concat();
        let fits = MAX_QUEUED_BYTES / 1_000;
        for label in 0..=fits {
            push(&mut outbox, picture(u8::try_from(label % 256).unwrap()));
        }
        assert!(outbox.queued_bytes <= MAX_QUEUED_BYTES);
        let Dropped { pictures, rest } = outbox.take_dropped();
        assert!(pictures > 0 && rest == 0);
        assert_eq!(written(&mut outbox).await[..3], rtp(OPUS, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_that_was_begun_is_ended_however_late() {
        let mut outbox = Outbox::default();
        push(&mut outbox, [rtp(VP8, 1), vec![7; 997]].concat());
        let (mut near, mut far) = tokio::io::duplex(100);
        outbox.write(&mut near).await.unwrap();
        tokio::time::advance(REST_WAITS * 2).await;
        push(&mut outbox, rtp(OPUS, 2));
        let writes = async {
            while outbox.has_work() {
                outbox.write(&mut near).await.unwrap();
            }
            drop(near);
        };
        let mut got = Vec::new();
        let (_, read) = tokio::join!(writes, tokio::io::AsyncReadExt::read_to_end(&mut far, &mut got));
        assert_eq!(read.unwrap(), 1_003);
        assert_eq!(got[..3], rtp(VP8, 1));
        assert_eq!(got[1_000..], rtp(OPUS, 2));
    }
}
