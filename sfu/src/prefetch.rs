//! Asks the processor for memory before it is needed, so that a packet's waits for it pass while the packets before it are handled.
//!
//! Owns nothing, and nothing but time depends on it. With `io` the only place for `unsafe`: the hint has no safe form (ADR 0019).
//! Where we know of no such hint nothing is asked for.

#![expect(unsafe_code, reason = "the processor's hint has no safe form")]

/// What comes from memory at once, on every processor we know.
const LINE_BYTES: usize = 64;

/// All of a place.
#[inline]
pub(crate) fn request<T: ?Sized>(place: &T) {
    request_first(place, size_of_val(place));
}

/// The first so many bytes of a place, which may end before.
#[inline]
pub(crate) fn request_first<T: ?Sized>(place: &T, bytes: usize) {
    request_part(place, 0, bytes);
}

/// So many bytes of a place from one of its bytes on.
#[inline]
pub(crate) fn request_part<T: ?Sized>(place: &T, from: usize, bytes: usize) {
    let start = (&raw const *place).cast::<u8>();
    let end = from + bytes;
    let begins_a_line = align_of_val(place) >= LINE_BYTES;
    let first = if begins_a_line { from - from % LINE_BYTES } else { from };
    for offset in (first..end).step_by(LINE_BYTES) {
        hint(start.wrapping_add(offset));
    }
    if !begins_a_line {
        // The end may be in one line more.
        hint(start.wrapping_add(end.saturating_sub(1)));
    }
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn hint(address: *const u8) {
    use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: any address may be asked for: the hint reads nothing, writes nothing and faults nowhere.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) }
}

#[cfg(not(target_arch = "x86_64"))]
#[inline]
fn hint(_address: *const u8) {}
