//! The H.264 payload (RFC 6184 §5): which packets begin a key frame or any frame.
//!
//! Holds no state and looks no deeper than NAL unit types and the first bit of a slice header.

use std::ops::ControlFlow;

/// NAL unit types (RFC 6184 §5.2, H.264 table 7-1).
const SLICE: u8 = 1;
const PARTITION_A: u8 = 2;
const IDR_SLICE: u8 = 5;
const SEI: u8 = 6;
const SPS: u8 = 7;
const PPS: u8 = 8;
const ACCESS_UNIT_DELIMITER: u8 = 9;
const STAP_A: u8 = 24;
const FU_A: u8 = 28;

/// A decoder can begin here: the packet carries an SPS or the start of an IDR slice.
///
/// Encoders put SPS and PPS before each IDR picture, alone, in a STAP-A, or not at all when they went out of band; the
/// first packet of either kind is the seam.
#[must_use]
pub fn starts_key_frame(payload: &[u8]) -> bool {
    any_unit(payload, |kind, body| match kind {
        SPS => true,
        IDR_SLICE => first_macroblock_is_zero(body),
        _ => false,
    })
}

/// The packet begins an access unit: a delimiter, parameter sets, SEI, or a slice whose first macroblock is the picture's.
#[must_use]
pub fn starts_frame(payload: &[u8]) -> bool {
    any_unit(payload, |kind, body| match kind {
        SPS | PPS | SEI | ACCESS_UNIT_DELIMITER => true,
        SLICE | PARTITION_A | IDR_SLICE => first_macroblock_is_zero(body),
        _ => false,
    })
}

/// Whether any NAL unit that begins in the packet satisfies `found`, given its type and its bytes after the NAL header.
fn any_unit(payload: &[u8], found: impl Fn(u8, &[u8]) -> bool) -> bool {
    let Some((&head, body)) = payload.split_first() else { return false };
    match head & 0x1f {
        STAP_A => aggregated(
            body,
            |kind, body| if found(kind, body) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) },
        )
        .is_break(),
        // RFC 6184 §5.8: the FU header has the type of the fragmented unit; S marks its first fragment.
        FU_A => body.split_first().is_some_and(|(fu, body)| fu & 0x80 != 0 && found(fu & 0x1f, body)),
        kind => found(kind, body),
    }
}

/// The units of a STAP-A (RFC 6184 §5.7.1), each after its 16-bit size.
fn aggregated(mut rest: &[u8], mut visit: impl FnMut(u8, &[u8]) -> ControlFlow<()>) -> ControlFlow<()> {
    while let Some((size, after)) = rest.split_first_chunk() {
        let Some((unit, after)) = after.split_at_checked(usize::from(u16::from_be_bytes(*size))) else { break };
        if let Some((head, body)) = unit.split_first() {
            visit(head & 0x1f, body)?;
        }
        rest = after;
    }
    ControlFlow::Continue(())
}

/// `first_mb_in_slice` is the slice header's first value, Exp-Golomb coded: a leading 1 bit is zero (H.264 §7.3.3, §9.1).
fn first_macroblock_is_zero(slice: &[u8]) -> bool {
    slice.first().is_some_and(|byte| byte & 0x80 != 0)
}
