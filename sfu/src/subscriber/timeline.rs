//! Sequence numbers and timestamps of one slot: one continuous stream out of several sources.
//!
//! Owns the offsets of the source that plays now and the memory of the last few, so that a NACK for an old number still finds
//! its packet.

use super::pictures::PictureOffset;
use crate::ids::RtpTimestamp;
use crate::packet::{LayerIndex, MediaPacket, SenderClock};
use crate::rtp::sequence::ExtendedSeq;
use std::mem::offset_of;
use std::time::Instant;

/// Sources remembered for retransmission: layer switches within a second.
const REMEMBERED: usize = 4;

/// A stretch of the slot's stream that came from one layer's stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    pub layer: LayerIndex,
    pub epoch: u32,
    /// First sequence number taken from the layer, and what it became.
    pub first_taken: ExtendedSeq,
    pub first_sent: ExtendedSeq,
    pub timestamp_offset: u32,
    pub pictures: PictureOffset,
}

/// What each packet touches comes first.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Timeline {
    current: Option<Source>,
    /// The highest number sent, or the one before the first.
    highest: ExtendedSeq,
    last: Option<Sent>,
    clock_rate_hz: u32,
    past: [Option<Source>; REMEMBERED],
}

#[derive(Clone, Copy, Debug)]
struct Sent {
    timestamp: RtpTimestamp,
    at: Instant,
}

impl Timeline {
    /// All before what only switches and retransmissions touch.
    pub(super) const FIRST_BYTES: usize = offset_of!(Self, past);

    /// Starts at `first` + 1, which must be well below 65,536 so that our rollover counter and the receiver's agree
    /// (RFC 3711 §3.3.1: a receiver starts with zero).
    pub(crate) fn new(clock_rate_hz: u32, first: u16) -> Self {
        let highest = ExtendedSeq(u64::from(first));
        Self { clock_rate_hz, highest, last: None, current: None, past: [None; REMEMBERED] }
    }

    pub(crate) fn playing(&self) -> Option<&Source> {
        self.current.as_ref()
    }

    /// The packet is of the stretch that plays, or of one before it from the same source.
    pub(crate) fn plays(&self, packet: &MediaPacket<'_>) -> bool {
        self.playing().is_some_and(|source| source.layer == packet.layer && source.epoch == packet.epoch)
    }

    pub(crate) fn highest(&self) -> ExtendedSeq {
        self.highest
    }

    /// Of the newest packet sent.
    pub(crate) fn last_timestamp(&self) -> Option<RtpTimestamp> {
        self.last.map(|sent| sent.timestamp)
    }

    /// The next packet of any source begins a new stretch.
    pub(crate) fn stop(&mut self) {
        self.current = None;
    }

    /// Another track is on the slot: numbers of the old one cannot be answered any more.
    pub(crate) fn forget(&mut self) {
        self.current = None;
        self.past = [None; REMEMBERED];
    }

    /// The packet begins a new stretch. `clocks` are the sender clocks of the source before and of this one: with both, the
    /// new timestamps fall where the old layer's would have; without, time passes as it did here.
    pub(crate) fn begin(
        &mut self,
        now: Instant,
        packet: &MediaPacket<'_>,
        clocks: Option<(SenderClock, SenderClock)>,
        pictures: PictureOffset,
    ) {
        let timestamp_offset = self.timestamp_offset(now, packet.timestamp, clocks);
        let source = Source {
            layer: packet.layer,
            epoch: packet.epoch,
            first_taken: packet.sequence,
            first_sent: self.highest.next(),
            timestamp_offset,
            pictures,
        };
        self.past.rotate_right(1);
        if let Some(newest) = self.past.first_mut() {
            *newest = Some(source);
        }
        self.current = Some(source);
    }

    /// What a layer's number becomes, `None` when it is older than the stretch.
    pub(crate) fn map(source: &Source, taken: ExtendedSeq) -> Option<ExtendedSeq> {
        Some(ExtendedSeq(source.first_sent.0 + taken.0.checked_sub(source.first_taken.0)?))
    }

    /// Which layer's packet was sent under this number.
    pub(crate) fn unmap(&self, sent: ExtendedSeq) -> Option<(Source, ExtendedSeq)> {
        let source = self.past.iter().flatten().find(|source| source.first_sent <= sent)?;
        Some((*source, ExtendedSeq(source.first_taken.0 + (sent.0 - source.first_sent.0))))
    }

    pub(crate) fn note_sent(&mut self, now: Instant, sent: ExtendedSeq, timestamp: RtpTimestamp) {
        if sent > self.highest {
            self.highest = sent;
            self.last = Some(Sent { timestamp, at: now });
        }
    }

    fn timestamp_offset(
        &self,
        now: Instant,
        timestamp: RtpTimestamp,
        clocks: Option<(SenderClock, SenderClock)>,
    ) -> u32 {
        let Some(last) = self.last else { return 0 };
        let by_clock = clocks.zip(self.past.first().copied().flatten()).map(|((before, this), source)| {
            let on_old_clock = convert(timestamp, this, before, self.clock_rate_hz);
            on_old_clock.wrapping_add(source.timestamp_offset)
        });
        let elapsed_ticks = self.ticks(now.saturating_duration_since(last.at).as_secs_f64());
        let by_arrival = last.timestamp.0.wrapping_add(elapsed_ticks);
        // A sender's clocks may be wrong; they are believed within a second of what we saw.
        let plausible = |wanted: u32| wanted.wrapping_sub(by_arrival).cast_signed().unsigned_abs() < self.clock_rate_hz;
        let wanted = by_clock.filter(|wanted| plausible(*wanted)).unwrap_or(by_arrival);
        // Time never stands still or runs back: a decoder would drop the frame.
        let ahead = wanted.wrapping_sub(last.timestamp.0).cast_signed() > 0;
        let next = if ahead { wanted } else { last.timestamp.0.wrapping_add(1) };
        next.wrapping_sub(timestamp.0)
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float cast saturates, seconds are >= 0"
    )]
    fn ticks(&self, seconds: f64) -> u32 {
        (seconds * f64::from(self.clock_rate_hz)) as u32
    }
}

/// The timestamp that the same moment has on another stream of the sender, by the sender's wall clock.
fn convert(timestamp: RtpTimestamp, from: SenderClock, to: SenderClock, clock_rate_hz: u32) -> u32 {
    let since_report = i64::from(timestamp.0.wrapping_sub(from.rtp.0).cast_signed());
    let between_reports = ntp_ticks(from.ntp.0, clock_rate_hz) - ntp_ticks(to.ntp.0, clock_rate_hz);
    let [.., a, b, c, d] = (since_report + between_reports).to_be_bytes();
    to.rtp.0.wrapping_add(u32::from_be_bytes([a, b, c, d]))
}

/// NTP 32.32 seconds in timestamp ticks; the differences taken of it are small.
fn ntp_ticks(ntp: u64, clock_rate_hz: u32) -> i64 {
    let ticks = (u128::from(ntp) * u128::from(clock_rate_hz)) >> 32;
    i64::try_from(ticks).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtcp::NtpTime;
    use std::time::Duration;

    fn packet(layer: u8, sequence: u64, timestamp: u32) -> MediaPacket<'static> {
        let (layer, timestamp) = (LayerIndex(layer), RtpTimestamp(timestamp));
        MediaPacket { layer, timestamp, is_entry_point: true, ..MediaPacket::of_video(sequence, &[]) }
    }

    /// Sends the packet and says which number and timestamp it got.
    fn send(timeline: &mut Timeline, now: Instant, packet: &MediaPacket<'_>) -> (u64, u32) {
        let source = timeline.playing().expect("a source plays");
        let sent = Timeline::map(source, packet.sequence).expect("not older than the source");
        let timestamp = packet.timestamp.0.wrapping_add(source.timestamp_offset);
        timeline.note_sent(now, sent, RtpTimestamp(timestamp));
        (sent.0, timestamp)
    }

    #[test]
    fn a_switch_continues_numbers_and_time() {
        let start = Instant::now();
        let mut timeline = Timeline::new(90_000, 999);
        timeline.begin(start, &packet(0, 7, 5_000), None, PictureOffset::default());
        assert_eq!(send(&mut timeline, start, &packet(0, 7, 5_000)), (1_000, 5_000));
        assert_eq!(send(&mut timeline, start, &packet(0, 9, 5_000)), (1_002, 5_000));

        let later = start + Duration::from_millis(100);
        let other = packet(2, 60_000, 4_000_000_000);
        timeline.begin(later, &other, None, PictureOffset::default());
        assert_eq!(send(&mut timeline, later, &other), (1_003, 5_000 + 9_000));
    }

    #[test]
    fn a_switch_follows_the_senders_clocks_when_both_are_known() {
        let start = Instant::now();
        let mut timeline = Timeline::new(90_000, 0);
        timeline.begin(start, &packet(0, 1, 10_000), None, PictureOffset::default());
        send(&mut timeline, start, &packet(0, 1, 10_000));
        // Both reports at one wall-clock time: 10,000 on the old stream is 77,000 on the new.
        let ntp = NtpTime(5 << 32);
        let old = SenderClock { ntp, rtp: RtpTimestamp(10_000), arrived: start };
        let new = SenderClock { ntp, rtp: RtpTimestamp(77_000), arrived: start };
        let later = start + Duration::from_millis(40);
        let other = packet(1, 5, 77_000 + 3_000);
        timeline.begin(later, &other, Some((old, new)), PictureOffset::default());
        assert_eq!(send(&mut timeline, later, &other).1, 13_000);
    }

    #[test]
    fn a_sent_number_leads_back_to_its_layer_and_packet() {
        let start = Instant::now();
        let mut timeline = Timeline::new(90_000, 99);
        timeline.begin(start, &packet(0, 7, 0), None, PictureOffset::default());
        send(&mut timeline, start, &packet(0, 8, 0));
        timeline.begin(start, &packet(1, 500, 0), None, PictureOffset::default());
        send(&mut timeline, start, &packet(1, 500, 0));
        let found = |sent| timeline.unmap(ExtendedSeq(sent)).map(|(source, taken)| (source.layer.0, taken.0));
        assert_eq!(found(101), Some((0, 8)));
        assert_eq!(found(102), Some((1, 500)));
        assert_eq!(found(99), None);
    }

    #[test]
    fn a_packet_from_before_the_switch_is_not_sent() {
        let mut timeline = Timeline::new(90_000, 99);
        timeline.begin(Instant::now(), &packet(0, 7, 0), None, PictureOffset::default());
        let source = timeline.playing().unwrap();
        assert_eq!(Timeline::map(source, ExtendedSeq(6)), None);
    }
}
