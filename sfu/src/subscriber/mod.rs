//! What one slot of a subscriber carries: a decoder sees one stream of constant SSRC while tracks and layers change under it.
//!
//! Owns the rewriting and the memory of what was sent; knows no publisher, no key and no address.

mod evenness;
pub(crate) mod pictures;
mod receipts;
mod redundancy;
pub(crate) mod resend;
pub(crate) mod slot;
pub(crate) mod timeline;
