//! Streams that arrive: opened, read by their stamps, counted.
//!
//! Owns one SSRC's numbers. What a packet says of loss and latency goes into the engine's [`Tally`].

use super::adapter::Seat;
use super::connection::srtp::Keys;
use super::sdp::Kind;
use super::traffic::Stamp;
use super::window::Tally;

/// Between requests for a key frame that has not come.
const KEY_FRAME_PATIENCE_NS: u64 = 500_000_000;

/// The fixed header and what of it is needed (RFC 3550 §5.1).
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub payload_type: u8,
    pub sequence: u16,
    pub ssrc: u32,
    /// Where the payload begins.
    pub len: usize,
    has_padding: bool,
}

impl Header {
    #[must_use]
    pub(super) fn read(packet: &[u8]) -> Option<Self> {
        let [flags, second, s0, s1, _, _, _, _, a, b, c, d] = *packet.first_chunk::<12>()?;
        let mut len = 12 + 4 * usize::from(flags & 0x0f);
        if flags & 0x10 != 0 {
            let [_, _, high, low] = *packet.get(len..)?.first_chunk::<4>()?;
            len += 4 + 4 * usize::from(u16::from_be_bytes([high, low]));
        }
        Some(Self {
            payload_type: second & 0x7f,
            sequence: u16::from_be_bytes([s0, s1]),
            ssrc: u32::from_be_bytes([a, b, c, d]),
            len,
            has_padding: flags & 0x20 != 0,
        })
    }
}

pub(super) struct Inbound {
    pub ssrc: u32,
    pub kind: Kind,
    first_index: u64,
    highest_index: u64,
    received: u64,
    expected_at_report: u64,
    received_at_report: u64,
    /// Middle 32 bits of the last sender report, and when it came.
    pub last_report: Option<(u32, u64)>,
    source: Option<Source>,
    keyed: bool,
    asked_ns: Option<u64>,
    /// Heard in this window.
    pub heard: Option<Seat>,
}

/// Whose stream an SSRC carries now; a change of layer is another one.
#[derive(Clone, Copy)]
struct Source {
    ssrc: u32,
    next_counter: u32,
}

/// When a packet came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    pub now_ns: u64,
    /// By the kernel.
    pub unix_ns: u64,
}

impl Inbound {
    pub(super) fn new(header: Header, kind: Kind) -> Self {
        // The rollover counter of a stream's first packet is zero (RFC 3711 §3.3.1).
        let index = u64::from(header.sequence);
        Self {
            ssrc: header.ssrc,
            kind,
            first_index: index,
            highest_index: index,
            received: 0,
            expected_at_report: 0,
            received_at_report: 0,
            last_report: None,
            source: None,
            keyed: kind == Kind::Audio,
            asked_ns: None,
            heard: None,
        }
    }

    /// Whether a key frame should be asked for now.
    pub(super) fn receive(
        &mut self,
        packet: &mut [u8],
        header: Header,
        keys: &Keys,
        at: Arrival,
        tally: &mut Tally,
    ) -> bool {
        let index = self.index_of(header.sequence);
        let Some(payload) = keys.open_rtp(packet, header.len, header.ssrc, index) else {
            tally.unauthentic += 1;
            return false;
        };
        let payload = without_padding(payload, header.has_padding);
        self.highest_index = self.highest_index.max(index);
        self.received += 1;
        match Stamp::read(payload) {
            Some(stamp) => self.note(stamp, at, tally),
            None => tally.unstamped += 1,
        }
        self.keyed |= is_key_frame(payload);
        let due = self.asked_ns.is_none_or(|asked| at.now_ns >= asked + KEY_FRAME_PATIENCE_NS);
        let asks = !self.keyed && due;
        if asks {
            self.asked_ns = Some(at.now_ns);
        }
        asks
    }

    fn note(&mut self, stamp: Stamp, at: Arrival, tally: &mut Tally) {
        let flow = tally.flow(self.kind);
        flow.received += 1;
        flow.latency.record_ns(at.unix_ns.saturating_sub(stamp.departed_unix_ns));
        self.heard = Some(stamp.seat);
        let follows = |source: &Source| source.ssrc == stamp.ssrc;
        let expected = self.source.filter(follows).map_or(stamp.counter, |source| source.next_counter);
        let ahead = stamp.counter.wrapping_sub(expected);
        if ahead < u32::MAX / 2 {
            flow.lost += i64::from(ahead);
            self.source = Some(Source { ssrc: stamp.ssrc, next_counter: stamp.counter.wrapping_add(1) });
        } else {
            // Late: it was counted as lost when its place was passed.
            flow.lost -= 1;
        }
    }

    /// The packet's index with its rollovers, nearest to the highest so far (RFC 3711 §3.3.1).
    fn index_of(&self, sequence: u16) -> u64 {
        let [.., high, low] = self.highest_index.to_be_bytes();
        let ahead = sequence.wrapping_sub(u16::from_be_bytes([high, low]));
        if ahead < 0x8000 {
            self.highest_index + u64::from(ahead)
        } else {
            self.highest_index.saturating_sub(u64::from(ahead.wrapping_neg()))
        }
    }

    /// A report block (RFC 3550 §6.4.1); jitter is left at zero, since no server of ours steers by it.
    pub(super) fn report(&mut self, now_ns: u64) -> [u8; 24] {
        let expected = self.highest_index - self.first_index + 1;
        let interval = expected - self.expected_at_report;
        let lost = interval.saturating_sub(self.received - self.received_at_report);
        self.expected_at_report = expected;
        self.received_at_report = self.received;
        let fraction = u8::try_from((lost * 256).checked_div(interval).unwrap_or(0).min(255)).unwrap_or(u8::MAX);
        let cumulative = u32::try_from(expected.saturating_sub(self.received).min(0x7f_ffff)).unwrap_or(0);
        let (last, delay) = self.last_report.map_or((0, 0), |(last, came_ns)| {
            let delay = now_ns.saturating_sub(came_ns) * 65_536 / 1_000_000_000;
            (last, u32::try_from(delay).unwrap_or(0))
        });
        let highest = u32::try_from(self.highest_index & u64::from(u32::MAX)).unwrap_or(0);
        let mut block = [0; 24];
        let fields = [self.ssrc, u32::from(fraction) << 24 | cumulative, highest, 0, last, delay];
        for (place, field) in block.chunks_exact_mut(4).zip(fields) {
            place.copy_from_slice(&field.to_be_bytes());
        }
        block
    }
}

fn without_padding(payload: &[u8], has_padding: bool) -> &[u8] {
    let padding = payload.last().filter(|_| has_padding).map_or(0, |count| usize::from(*count));
    payload.get(..payload.len().saturating_sub(padding)).unwrap_or_default()
}

/// The first packet of a VP8 key frame (RFC 7741 §4.2, §4.3).
fn is_key_frame(payload: &[u8]) -> bool {
    let byte = |at: usize| payload.get(at).copied().unwrap_or(0xff);
    let first = byte(0);
    let mut len = 1;
    if first & 0x80 != 0 {
        let extension = byte(1);
        len += 1;
        if extension & 0x80 != 0 {
            len += if byte(len) & 0x80 != 0 { 2 } else { 1 };
        }
        len += usize::from(extension & 0x40 != 0) + usize::from(extension & 0x30 != 0);
    }
    first & 0x1f == 0x10 && byte(len) & 1 == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamped(ssrc: u32, counter: u32) -> Stamp {
        Stamp { seat: Seat { room: 0, person: 1 }, ssrc, counter, departed_unix_ns: 1_000 }
    }

    fn lost(stamps: &[(u32, u32)]) -> i64 {
        let packet = [0x80, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9];
        let mut inbound = Inbound::new(Header::read(&packet).unwrap(), Kind::Video);
        let mut tally = Tally::default();
        let at = Arrival { now_ns: 0, unix_ns: 2_000 };
        for (ssrc, counter) in stamps {
            inbound.note(stamped(*ssrc, *counter), at, &mut tally);
        }
        tally.video.lost
    }

    #[test]
    fn a_hole_is_loss_unless_it_is_filled_late() {
        assert_eq!(lost(&[(1, 5), (1, 6), (1, 9)]), 2);
        assert_eq!(lost(&[(1, 5), (1, 7), (1, 6), (1, 8)]), 0);
    }

    #[test]
    fn a_change_of_layer_is_no_loss() {
        assert_eq!(lost(&[(1, 5), (3, 900), (3, 901), (1, 40), (1, 41)]), 0);
    }

    #[test]
    fn a_sequence_number_that_rolled_over_is_the_next_index() {
        let packet = [0x80, 96, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 9];
        let inbound = Inbound::new(Header::read(&packet).unwrap(), Kind::Video);
        assert_eq!((inbound.index_of(0), inbound.index_of(0xfffe)), (0x1_0000, 0xfffe));
    }
}
