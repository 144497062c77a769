//! RTP as bytes: headers, sequence numbers and what a forwarder must know of each codec's payload.
//!
//! Pure functions over slices; the only state is what a caller holds ([`sequence::ExtendedSeq`]). Nothing here allocates,
//! knows a peer or a room, or trusts a length it has not checked: each parser takes any bytes.

#[cfg(test)]
pub(crate) mod corpus;
pub mod h264;
pub mod header;
pub(crate) mod opus;
pub mod payload;
pub mod red;
pub mod rtx;
pub mod sequence;
pub mod vp8;
pub mod vp9;

#[cfg(test)]
mod tests;
